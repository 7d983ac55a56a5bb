/* Head to head: the dialog that sets two methods against each other, opened by the state 'versus' ('a~b'). */
srb.versus = (() => {
  const MOST = 3; // images won, and lost, most
  const WIDTH = 760, HEIGHT = 190, LEFT = 84, EDGE = 14; // of the chart, in its own units
  const dialog = srb.$("#versus");
  let opener = null; // what had the focus

  /* 'a~b' and back; labels may hold a tilde of their own. */
  const encoded = (a, b) => [a, b].map(label => encodeURIComponent(label).replaceAll("~", "%7E")).join("~");

  function pairOf(state) {
    if (!state.versus) return null;
    try {
      const [a, b] = state.versus.split("~").map(decodeURIComponent);
      return a !== b && srb.data.methods[a] && srb.data.methods[b] ? [a, b] : null;
    } catch {
      return null; // an address cut in the middle of an escape
    }
  }

  function open(a, b) {
    srb.set({ versus: encoded(a, b) });
  }

  const p = value => (value < 0.001 ? "< 0.001" : value.toFixed(3));
  const higher = metric => srb.data.metrics[metric].higher;
  const groupTitle = group => (group === "all" ? "All datasets" : srb.data.datasets[group].title);

  function heading(metric) {
    const own = srb.data.metrics[metric];
    return `${own.title}${own.unit ? `, ${own.unit}` : ""} ${own.arrow}`.trim();
  }

  function interval(pair, metric) {
    if (pair.low === null || pair.high === null) return "";
    return [pair.low, pair.high].map(end => srb.format(end, metric, { sign: true })).join(" to ");
  }

  /* What is certain of the first, and what is not. */
  function verdict(pair, contest) {
    if (pair.certain) return pair.better ? "better" : "worse";
    return contest.can_tell ? "not certain" : "too few images";
  }

  /* The pair in a contest, or null where one of them does not compete there. */
  function paired(metric, group, a, b) {
    const contest = srb.contest(metric, group);
    if (!contest || !contest.labels.includes(a) || !contest.labels.includes(b)) return null;
    return { contest, pair: srb.pair(contest, a, b) };
  }

  /* {dataset, image, a, b, gain} of every image, those that the first won most before those that it lost most. */
  function images(contest, metric, a, b) {
    const [left, right] = [a, b].map(label => contest.values[contest.labels.indexOf(label)]);
    const sign = higher(metric) === false ? -1 : 1;
    return contest.images
      .map(([dataset, image], i) => ({ dataset, image, a: left[i], b: right[i], gain: sign * (left[i] - right[i]) }))
      .sort((one, other) => other.gain - one.gain);
  }

  const name = own => `${srb.data.datasets[own.dataset].title}: ${own.image}`;

  // -- the parts of the dialog ----------------------------------------------------------------------------------------

  function head(a, b) {
    const choice = (own, label, change) => {
      const select = srb.el("select", { "aria-label": label });
      for (const other of srb.view().labels) {
        const option = srb.el("option", { value: other }, srb.title(other));
        option.selected = other === own;
        select.append(option);
      }
      select.addEventListener("change", () => change(select.value));
      return select;
    };
    const page = label => {
      const link = srb.el("button", { type: "button", class: "about" }, `About ${srb.title(label)}`);
      link.addEventListener("click", () => srb.set({ versus: "", method: label }));
      return link;
    };
    const swap = srb.el("button", { type: "button", "aria-label": "Exchange the two" }, "\u21c4");
    swap.addEventListener("click", () => open(b, a));
    const close = srb.el("button", { type: "button", class: "close", "aria-label": "Close" }, "\u00d7");
    close.addEventListener("click", () => dialog.close());
    return srb.el(
      "header",
      {},
      srb.el("h2", { id: "versus-title" }, `${srb.title(a)} against ${srb.title(b)}`),
      close,
      srb.el(
        "p",
        { class: "choice" },
        choice(a, "First method", other => other !== b && open(other, b)),
        swap,
        choice(b, "Second method", other => other !== a && open(a, other)),
        page(a),
        page(b),
      ),
    );
  }

  function lead(a, b, metric, group) {
    const found = paired(metric, group, a, b);
    const on = `${srb.data.metrics[metric].title} on ${groupTitle(group)}`;
    if (!found) return srb.el("p", { class: "lead" }, `The two are not compared by ${on}: ${absence(metric, group, a, b)}`);
    const { contest, pair } = found;
    const unit = srb.data.metrics[metric].unit;
    const amount = `${srb.format(pair.mean, metric, { sign: true })}${unit ? ` ${unit}` : ""}`;
    const said = {
      better: `${srb.title(a)} is better than ${srb.title(b)} by ${on}: `,
      worse: `${srb.title(a)} is worse than ${srb.title(b)} by ${on}: `,
      "not certain": `Whether ${srb.title(a)} is better than ${srb.title(b)} by ${on} is not certain: `,
      "too few images": `${contest.images.length} images are too few to tell the two apart by ${on}: `,
    }[verdict(pair, contest)];
    const ends = interval(pair, metric);
    const how = ends ? ` (95%: ${ends}, p ${pair.p < 0.001 ? p(pair.p) : `= ${p(pair.p)}`})` : "";
    const counts = `; of ${contest.images.length} images ${pair.won} won, ${pair.lost} lost.`;
    return srb.el("p", { class: "lead" }, said, srb.el("strong", {}, amount), how + counts);
  }

  /* Why a pair has no place in a contest. */
  function absence(metric, group, a, b) {
    const contest = srb.contest(metric, group);
    if (!contest) return "there is no value to rank by.";
    const lacking = [a, b].filter(label => !contest.labels.includes(label)).map(label => {
      const count = contest.left_out[label];
      return `${srb.title(label)} lacks ${count ? `${count} of ${contest.images.length} images` : "them"}`;
    });
    return `${lacking.join(", ")}. srbench compare pairs what both have.`;
  }

  function means(label, metric, group) {
    const cell = srb.view().cells[label]?.[metric]?.[group];
    return cell && cell.mean !== null && cell.mean !== undefined ? srb.format(cell.mean, metric) : "";
  }

  function table(a, b, chosen) {
    const view = srb.view();
    const titles = ["Metric", "Images", srb.title(a), srb.title(b), "Difference", "95% interval", "p", "n"];
    const row = srb.el("tr", {});
    titles.forEach((title, i) => row.append(srb.el("th", { scope: "col", class: i < 2 ? "text" : "" }, title)));
    row.append(srb.el("th", { scope: "col" }, "Won / lost / equal"));
    row.append(srb.el("th", { scope: "col", class: "text" }, `${srb.title(a)} is`));
    const body = srb.el("tbody", {});
    const groups = [chosen, ...view.groups.filter(group => group !== chosen)];
    for (const metric of Object.keys(srb.data.metrics)) {
      for (const group of groups) {
        const line = tableRow(a, b, metric, group, group === chosen);
        if (line) body.append(line);
      }
    }
    const whole = srb.el("table", {}, srb.el("thead", {}, row), body);
    return srb.el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "By metric and dataset" }, whole);
  }

  function tableRow(a, b, metric, group, first) {
    const found = paired(metric, group, a, b);
    if (!found) return null;
    const { contest, pair } = found;
    const word = verdict(pair, contest), n = contest.images.length;
    const text = (content, kind = "") => srb.el("td", { class: kind }, content);
    return srb.el(
      "tr",
      { class: `${first ? "first" : "group"} ${word === "better" || word === "worse" ? word : ""}` },
      srb.el("th", { scope: "row" }, heading(metric)),
      text(groupTitle(group), "text"),
      text(means(a, metric, group)),
      text(means(b, metric, group)),
      text(srb.format(pair.mean, metric, { sign: true }), "sure"),
      text(interval(pair, metric)),
      text(p(pair.p)),
      text(String(n)),
      text(`${pair.won} / ${pair.lost} / ${n - pair.won - pair.lost}`),
      text(word, "text sure"),
    );
  }

  function svg(tag, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  /* A dot for each image; where lower is better, images that were won lie below zero. */
  function chart(a, b, metric, group) {
    const found = paired(metric, group, a, b);
    if (!found) return null;
    const every = images(found.contest, metric, a, b);
    const values = every.map(own => own.a - own.b);
    const low = Math.min(0, ...values), high = Math.max(0, ...values), span = high - low || 1;
    const y = value => EDGE + ((high - value) / span) * (HEIGHT - 2 * EDGE);
    const step = (WIDTH - LEFT - EDGE) / every.length;
    const label = `Differences of all images in order: ${found.pair.won} won, ${found.pair.lost} lost`;
    const drawn = svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": label });
    drawn.append(svg("line", { class: "zero", x1: LEFT, x2: WIDTH, y1: y(0), y2: y(0) }));
    for (const value of new Set([0, low, high])) {
      if (value && Math.abs(y(value) - y(0)) < 16) continue;
      const text = value ? srb.format(value, metric, { sign: true }) : "0";
      drawn.append(svg("text", { x: LEFT - 8, y: y(value) + 5, "text-anchor": "end" }, text));
    }
    every.forEach((own, i) => drawn.append(dot(own, values[i], LEFT + (i + 0.5) * step, y, [a, b, metric, every.length])));
    const title = srb.el("b", {}, `${heading(metric)}, ${groupTitle(group)}`);
    const caption = `: a dot for each image, those that ${srb.title(a)} won most on the left`;
    return srb.el("figure", {}, srb.el("figcaption", {}, title, caption), drawn);
  }

  function dot(own, value, x, y, [a, b, metric, count]) {
    const kind = own.gain > 0 ? "won" : own.gain < 0 ? "lost" : "equal";
    const said = `${name(own)}: ${srb.title(a)} ${srb.format(own.a, metric)}, ${srb.title(b)} ${srb.format(own.b, metric)}, `
      + srb.format(value, metric, { sign: true });
    const made = svg("g", { class: kind, tabindex: "0", role: "img", "aria-label": said });
    made.append(svg("line", { class: "stem", x1: x, x2: x, y1: y(0), y2: y(value) }));
    made.append(svg("circle", { cx: x, cy: y(value), r: count < 60 ? 7 : 4 }));
    srb.tip.bind(made, () => said);
    if (scene(own)) {
      made.classList.add("leads");
      made.addEventListener("click", () => look(own, a, b));
      made.addEventListener("keydown", event => event.key === "Enter" && look(own, a, b));
    }
    return made;
  }

  const scene = own => srb.pictures?.scene(own.dataset, own.image) ?? null;

  /* The two pictures of an image, large. */
  function look(own, a, b) {
    srb.set({ image: `${own.dataset}/${own.image}`, left: a, right: b, zoom: "1" });
  }

  function extremes(a, b, metric, group) {
    const found = paired(metric, group, a, b);
    if (!found) return [];
    const every = images(found.contest, metric, a, b);
    const won = every.filter(own => own.gain > 0).slice(0, MOST);
    const lost = every.filter(own => own.gain < 0).slice(-MOST).reverse();
    return [["Won most", won], ["Lost most", lost]].filter(([, own]) => own.length).flatMap(([title, own]) => [
      srb.el("h3", {}, title),
      srb.el("div", { class: "trios" }, ...own.map(image => trio(image, a, b, metric))),
    ]);
  }

  function trio(own, a, b, metric) {
    const where = scene(own);
    const said = `${name(own)} ${srb.format(own.a - own.b, metric, { sign: true })}`;
    const sides = [[a, srb.title(a), own.a, own.gain > 0], [b, srb.title(b), own.b, own.gain < 0]];
    if (where) sides.push(["original", "original", null, false]);
    const strip = srb.el("div", {});
    for (const [side, title, value, wins] of sides) {
      const source = where && srb.pictures.src(where, side);
      if (!source && value === null) continue;
      const caption = srb.el("span", { class: wins ? "winner" : "" }, title + (value === null ? "" : ` ${srb.format(value, metric)}`));
      strip.append(srb.el("span", {}, ...(source ? [srb.el("img", { src: source, alt: `${title}, ${own.image}` })] : []), caption));
    }
    const figure = srb.el("figure", { class: "trio" }, strip, srb.el("figcaption", {}, srb.el("b", {}, said)));
    if (where) {
      const larger = srb.el("button", { type: "button" }, "larger");
      larger.setAttribute("aria-label", `${name(own)}, larger`);
      larger.addEventListener("click", () => look(own, a, b));
      figure.lastChild.append(" ", larger);
    }
    return figure;
  }

  /* From the facts of the two methods; what a page does not hold, srbench compare tells. */
  function differing(a, b) {
    const [one, other] = [a, b].map(label => srb.data.methods[label]);
    const rows = [
      ["weights", own => own.weights || "none"],
      ["year", own => String(own.year || "")],
      ["family", own => own.family],
      ["parameters", own => (own.parameters ? srb.size(own.parameters) : "none")],
      ["Mult-Adds", own => (own.mult_adds ? srb.size(own.mult_adds) : "")],
      ["latency", own => (own.latency_ms ? `${Number(own.latency_ms.toPrecision(3))} ms` : "")],
      ["conditions of the latency", own => own.conditions || ""],
    ].map(([what, ask]) => [what, ask(one) ?? "", ask(other) ?? ""]).filter(([, left, right]) => left !== right);
    if (!rows.length) return srb.el("p", { class: "soft" }, "Nothing that the page holds.");
    const body = srb.el("tbody", {});
    for (const [what, left, right] of rows) {
      const cells = [left, right].map(text => srb.el("td", { class: "fold" }, text));
      body.append(srb.el("tr", {}, srb.el("th", { scope: "row" }, what), ...cells));
    }
    const heads = ["", srb.title(a), srb.title(b)].map(text => srb.el("th", { scope: "col", class: "text" }, text));
    return srb.el("div", { class: "wide" }, srb.el("table", {}, srb.el("thead", {}, srb.el("tr", {}, ...heads)), body));
  }

  function draw(a, b, { metric, group }) {
    const drawn = chart(a, b, metric, group);
    dialog.className = "versus";
    dialog.setAttribute("aria-labelledby", "versus-title");
    dialog.replaceChildren(
      head(a, b),
      lead(a, b, metric, group),
      ...(drawn ? [drawn] : []),
      table(a, b, group),
      ...extremes(a, b, metric, group),
      srb.el("h3", {}, "What differs"),
      differing(a, b),
      srb.el("p", { class: "soft" }, "Each metric and group is tested over all pairs of methods together (sign flips of "
        + "images, step-down max-T): the chance of even one false finding is at most 5%."),
    );
  }

  dialog.addEventListener("close", () => {
    srb.set({ versus: "" });
    if (opener?.isConnected) opener.focus();
    opener = null;
  });

  srb.on((state, changed) => {
    const pair = pairOf(state);
    if (!pair) {
      if (dialog.open) dialog.close();
      return;
    }
    if (["versus", "metric", "group", "view"].some(key => changed.has(key))) draw(...pair, state);
    if (!dialog.open) {
      opener = document.activeElement;
      dialog.showModal();
      dialog.scrollTop = 0;
    }
  });

  return { open };
})();
