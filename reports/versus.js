// Head to head: the dialog that sets two methods against each other, opened by the state 'versus'.
srb.versus = (() => {
  const { $, el, svg } = srb;
  const MOST = 3; // images won, and lost, most
  const HEIGHT = 190, LEFT = 70, EDGE = 12; // of the chart, in pixels
  const dialog = $("#versus");
  let opener = null; // what had the focus

  const wanted = (text) => {
    const pair = text ? srb.pairOf(text) : null;
    return pair && pair[0] !== pair[1] && pair.every((label) => srb.data.methods[label]) ? pair : null;
  };
  const open = (a, b) => srb.set({ versus: srb.pairKey(a, b) });

  // -- words ----------------------------------------------------------------------------------------------------------
  const p = (value) => (Number.isNaN(value) ? "" : value < 0.001 ? "< 0.001" : value.toFixed(3));
  const signed = (value, metric) => srb.format(value, metric, { sign: true, more: 1 });
  const name = (own) => `${srb.data.datasets[own.dataset].title}: ${own.image}`;
  const together = (group) => (group === "all" ? `${srb.view().groups.length - 1} datasets` : srb.group(group));

  const heading = (metric) => {
    const own = srb.data.metrics[metric];
    return `${own.title}${own.unit ? `, ${own.unit}` : ""} ${own.arrow}`.trim();
  };
  const interval = ({ low, high }, metric) =>
    Number.isFinite(low) && Number.isFinite(high) ? `${signed(low, metric)} to ${signed(high, metric)}` : "";

  const verdict = (pair, contest) => {
    if (pair.certain) return pair.better ? "better" : "worse";
    return contest.can_tell ? "not certain" : contest.clips ? "too few clips" : "too few images";
  };

  // The contest and the pair; null where one of the two does not compete.
  const paired = (metric, group, a, b) => {
    const contest = srb.contest(metric, group), pair = contest && srb.pair(contest, a, b);
    return pair ? { contest, pair, word: verdict(pair, contest) } : null;
  };

  const absence = (metric, group, a, b) => {
    const contest = srb.contest(metric, group);
    if (!contest) return "no two methods have values there.";
    const lacking = [a, b].filter((label) => srb.place(contest, label) < 0).map((label) => {
      const count = contest.left_out[label];
      return `${srb.title(label)} lacks ${count ? `${count} of ` : "the "}${srb.counted(contest.images.length, "image")}`;
    });
    return `${lacking.join(", ")}. The command srbench compare pairs the images that both have.`;
  };

  // {dataset, image, a, b, gain} of every image, those that the first won most before those that it lost most.
  const images = (contest, metric, a, b) => {
    const [left, right] = [a, b].map((label) => contest.values[srb.place(contest, label)]);
    const sign = srb.data.metrics[metric].higher === false ? -1 : 1;
    return contest.images
      .map(([dataset, image], i) => ({ dataset, image, a: left[i], b: right[i], gain: sign * (left[i] - right[i]) }))
      .sort((one, other) => other.gain - one.gain);
  };

  // -- the parts of the dialog ----------------------------------------------------------------------------------------
  const choice = (label, says, change) => {
    const options = srb.view().labels.map((other) => el("option", { value: other, selected: other === label }, srb.title(other)));
    return el("select", { "aria-label": says, onchange: (event) => change(event.target.value) }, options);
  };
  const about = (label) => {
    const open = (event) => { event.preventDefault(); srb.set({ versus: "", method: label }); };
    return el("a", { href: srb.link({ versus: "", method: label }), onclick: open }, `About ${srb.title(label)}`);
  };
  const head = (a, b) => el("header", {},
    el("h2", { id: "versus-title" }, srb.dot(a), ` ${srb.title(a)} against `, srb.dot(b), ` ${srb.title(b)}`),
    el("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "\u00d7"),
    el("p", { class: "choice" },
      choice(a, "First method", (other) => (other === b ? open(b, a) : open(other, b))),
      el("button", { type: "button", class: "button", "aria-label": "Exchange the two", onclick: () => open(b, a) }, "\u21c4"),
      choice(b, "Second method", (other) => (other === a ? open(b, a) : open(a, other))),
      el("span", { class: "about" }, about(a), about(b))));

  const lead = (a, b, metric, group) => {
    const on = `by ${srb.data.metrics[metric].title} on ${together(group)}`;
    const found = paired(metric, group, a, b);
    if (!found) return el("p", { class: "lead" }, `The two are not compared ${on}: ${absence(metric, group, a, b)}`);
    const { contest, pair, word } = found, n = srb.told(contest);
    const said = {
      better: `${srb.title(a)} is better than ${srb.title(b)} ${on}: `,
      worse: `${srb.title(a)} is worse than ${srb.title(b)} ${on}: `,
      "not certain": `Whether ${srb.title(a)} is better than ${srb.title(b)} ${on} is not certain: `,
      "too few images": `${n} are too few to tell ${srb.title(a)} from ${srb.title(b)} ${on}: `,
      "too few clips": `${n} are too few to tell ${srb.title(a)} from ${srb.title(b)} ${on}: `,
    }[word];
    const unit = srb.data.metrics[metric].unit, ends = interval(pair, metric);
    const how = ends ? ` (95%: ${ends}, p ${pair.p < 0.001 ? p(pair.p) : `= ${p(pair.p)}`})` : "";
    const amount = el("strong", { class: word }, `${signed(pair.mean, metric)}${unit ? ` ${unit}` : ""}`);
    return el("p", { class: "lead" }, said, amount, `${how}; of ${n} ${pair.won} won, ${pair.lost} lost.`);
  };

  // A table that may be wider than the dialog.
  const scrolling = (label, heads, rows) => el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": label },
    el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)));

  const table = (a, b, chosen) => {
    const view = srb.view();
    const texts = ["Metric", "Images"].map((text) => el("th", { scope: "col", class: "text" }, text));
    const means = [a, b].map((label) => el("th", { scope: "col", class: "mean" }, srb.title(label)));
    const numbers = ["Difference", "95% interval", "p", "n", "Won / lost / equal"].map((text) => el("th", { scope: "col" }, text));
    const last = el("th", { scope: "col", class: "text" }, "Verdict");
    const groups = [chosen, ...view.groups.filter((group) => group !== chosen)];
    const rows = view.metrics.flatMap((metric) => groups.map((group) => line(a, b, metric, group, group === chosen)));
    return scrolling("By metric and dataset", [...texts, ...means, ...numbers, last], rows);
  };

  const line = (a, b, metric, group, first) => {
    const found = paired(metric, group, a, b);
    if (!found) return null;
    const { contest, pair, word } = found, n = contest.images.length;
    const mean = (label) => srb.format(contest.mean[srb.place(contest, label)], metric);
    const record = `${pair.won} / ${pair.lost} / ${n - pair.won - pair.lost}`;
    return el("tr", { class: `${first ? "first" : "group"} ${word}` },
      el("th", { scope: "row" }, heading(metric)),
      el("td", { class: "text" }, together(group)),
      [a, b].map((label) => el("td", { class: "mean" }, mean(label))),
      el("td", { class: "sure" }, signed(pair.mean, metric)),
      [interval(pair, metric), p(pair.p), String(n), record].map((text) => el("td", {}, text)),
      el("td", { class: "text sure" }, word));
  };

  // A dot for each image; where lower is better, the images that were won lie below zero.
  const chart = (a, b, metric, group) => {
    const found = paired(metric, group, a, b);
    if (!found) return null;
    const every = images(found.contest, metric, a, b), values = every.map((own) => own.a - own.b);
    const low = Math.min(0, ...values), high = Math.max(0, ...values), span = high - low || 1;
    const y = (value) => EDGE + ((high - value) / span) * (HEIGHT - 2 * EDGE);
    const width = Math.max(300, Math.min(1050, innerWidth - 56)), step = (width - LEFT - EDGE) / every.length;
    const ticks = [...new Set([0, low, high])].filter((value) => !value || Math.abs(y(value) - y(0)) > 16);
    const drawn = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "group",
      "aria-label": `Differences of all images in order: ${found.pair.won} won, ${found.pair.lost} lost` },
    svg("line", { class: "zero", x1: LEFT, x2: width, y1: y(0), y2: y(0) }),
    ticks.map((value) => svg("text", { x: LEFT - 8, y: y(value) + 5, "text-anchor": "end" }, value ? signed(value, metric) : "0")),
    every.map((own, i) => dot(own, LEFT + (i + 0.5) * step, [y(0), y(values[i])], every.length < 60 ? 5 : 3, { a, b, metric })));
    const caption = `: a dot for each image, those that ${srb.title(a)} won most on the left`;
    return el("figure", {}, el("figcaption", {}, el("b", {}, `${heading(metric)}, ${together(group)}`), caption), drawn);
  };

  const dot = (own, x, [zero, y], radius, { a, b, metric }) => {
    const kind = own.gain > 0 ? "won" : own.gain < 0 ? "lost" : "equal";
    const values = [[a, own.a], [b, own.b]].map(([label, value]) => `${srb.title(label)} ${srb.format(value, metric)}`);
    const said = `${name(own)}: ${values.join(", ")}, ${signed(own.a - own.b, metric)}`;
    const leads = scene(own) !== null;
    const made = svg("g", { class: kind, tabindex: "0", role: leads ? "button" : "img", "aria-label": said },
      svg("line", { class: "stem", x1: x, x2: x, y1: zero, y2: y }), svg("circle", { cx: x, cy: y, r: radius }));
    if (leads) {
      made.classList.add("leads");
      made.addEventListener("click", () => look(own, a, b));
      made.addEventListener("keydown", (event) => { if (event.key === "Enter") look(own, a, b); });
    }
    return srb.tip.bind(made, () => said);
  };

  // -- pictures ---------------------------------------------------------------------------------------------------------
  // Pictures are of one scale, protocol and degradation.
  const scene = (own) => {
    const { data, scene: find } = srb.pictures, view = srb.view();
    const same = ["scale", "protocol", "degradation"].every((key) => data[key] === view[key]);
    return same ? find(own.dataset, own.image) : null;
  };
  const look = (own, a, b) => srb.set({ image: `${own.dataset}/${own.image}`, frame: "", left: a, right: b, zoom: "1" });

  const extremes = (a, b, metric, group) => {
    const found = paired(metric, group, a, b);
    if (!found) return null;
    const every = images(found.contest, metric, a, b);
    const lists = [
      ["Won most", every.filter((own) => own.gain > 0).slice(0, MOST)],
      ["Lost most", every.filter((own) => own.gain < 0).slice(-MOST).reverse()],
    ];
    return lists.filter(([, own]) => own.length).map(([title, own]) =>
      [el("h3", {}, title), el("div", { class: "trios" }, own.map((image) => trio(image, a, b, metric)))]);
  };

  const trio = (own, a, b, metric) => {
    const where = scene(own);
    const side = (label, value, wins) => {
      const source = where && srb.pictures.base(where, label), title = value === null ? "original" : srb.title(label);
      if (!source && value === null) return null;
      return el("span", {},
        source && el("img", { src: source, alt: `${title}, ${own.image}` }),
        el("span", { class: wins && "winner" }, value === null ? title : `${title} ${srb.format(value, metric)}`));
    };
    const larger = where && el("button", { type: "button", class: "button", "aria-label": `${name(own)}, larger`,
      onclick: () => look(own, a, b) }, "larger");
    return el("figure", { class: "trio" },
      el("div", {}, side(a, own.a, own.gain > 0), side(b, own.b, own.gain < 0), where && side("original", null, false)),
      el("figcaption", {}, el("b", {}, name(own)), ` ${signed(own.a - own.b, metric)} `, larger));
  };

  // -- what differs: what the page holds; srbench compare tells more -----------------------------------------------------
  const differing = (a, b) => {
    const facts = [a, b].map((label) => ({ ...srb.data.methods[label], ...srb.cost(label) }));
    const weights = ({ files }) => files?.map((file) => `${file.name} ${file.sha256.slice(0, 12)}`).join(", ");
    const trained = (own) => {
      const known = own.trained?.[srb.view().scale];
      return known && [`${known.steps} steps`, `${Math.round(known.minutes)} minutes`, known.device].filter(Boolean).join(", ");
    };
    const questions = [
      ["weights", weights], ["training", trained], ["year", (own) => own.year], ["family", (own) => own.family],
      ["parameters", (own) => srb.size(own.parameters)], ["Mult-Adds", (own) => srb.size(own.mult_adds)],
      ["latency", (own) => own.latency_ms && `${Number(own.latency_ms.toPrecision(3))} ms`],
      ["latency measured", (own) => own.conditions],
    ];
    const rows = questions.map(([what, ask]) => [what, ...facts.map((own) => String(ask(own) || "\u2013"))])
      .filter(([, left, right]) => left !== right)
      .map(([what, ...sides]) =>
        el("tr", {}, el("th", { scope: "row" }, what), sides.map((text) => el("td", { class: "fold" }, text))));
    if (!rows.length) return el("p", { class: "soft" }, "Nothing that the page holds.");
    const heads = [a, b].map((label) => el("th", { scope: "col", class: "text" }, srb.title(label)));
    return scrolling("What differs", [el("td"), ...heads], rows);
  };

  const HOW = "Of each metric and each group of images all pairs of methods are tested together, by sign flips of whole "
    + "images (step-down max-T): the chance of even one false 'better' or 'worse' among them is at most 5%.";

  const draw = (a, b, { metric, group }) => {
    dialog.className = "versus";
    dialog.setAttribute("aria-labelledby", "versus-title");
    dialog.replaceChildren(...[
      head(a, b), lead(a, b, metric, group), chart(a, b, metric, group), table(a, b, group), extremes(a, b, metric, group),
      el("h3", {}, "What differs"), differing(a, b), el("p", { class: "soft" }, HOW),
    ].flat(Infinity).filter(Boolean));
  };

  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }); // the backdrop
  dialog.addEventListener("close", () => {
    srb.set({ versus: "" });
    if (opener?.isConnected) opener.focus();
    opener = null;
  });
  srb.on((state, changed) => {
    const pair = wanted(state.versus);
    if (!pair) {
      if (dialog.open) dialog.close();
      return;
    }
    if (["versus", "metric", "group", "view"].some((key) => changed.has(key))) draw(...pair, state);
    if (dialog.open) return;
    opener = document.activeElement;
    dialog.showModal();
    dialog.scrollTop = 0;
  });

  return { open };
})();
