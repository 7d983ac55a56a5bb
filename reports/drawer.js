// The page of a method: a dialog at the side that the state 'method' opens. What it measured on each image is in
// values.js.
srb.drawer = (() => {
  const { $, el, svg, data } = srb;
  const dialog = $("#drawer");
  let opener = null; // what had the focus

  // A section with its heading; none where there is nothing in it.
  const part = (title, ...inside) => {
    const content = inside.flat(Infinity).filter(Boolean);
    return content.length ? el("section", {}, el("h3", {}, title), content) : null;
  };
  const pairs = (list) => {
    const known = list.filter(([, value]) => value);
    return known.length ? el("dl", {}, known.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])) : null;
  };
  // A table that may be wider than the drawer, by itself and not with it.
  const table = (name, head, rows) => el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name },
    el("table", {}, el("thead", {}, el("tr", {}, head.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, rows)));

  // -- what it is -------------------------------------------------------------------------------------------------
  const safe = (url) => (/^https?:\/\//i.test(url) ? url : ""); // a card may hold anything
  const paper = ({ paper: text, url }) => {
    if (!text) return null;
    return el("p", { class: "paper" }, safe(url) ? el("a", { href: url, rel: "noreferrer", target: "_blank" }, text) : text);
  };
  const head = (label) => {
    const own = data.methods[label];
    const said = [own.family, own.year].filter(Boolean).join(", ");
    return el("header", {},
      el("p", { class: "family" }, srb.dot(label), said, own.name === own.title ? null : [" \u00b7 ", el("code", {}, own.name)]),
      el("h2", { id: "drawer-title" }, own.title), paper(own));
  };
  const standing = (label) => {
    const contest = srb.contest(), { metric, group } = srb.state;
    const facts = data.metrics[metric], view = srb.view();
    if (!facts) return null;
    const own = view.cells[label]?.[metric]?.[group];
    const where = `${group === "all" ? "all datasets" : srb.group(group)} at \u00d7${view.scale}`;
    if (!own || own.mean === undefined) return el("p", { class: "standing" }, `No ${facts.title} on ${where}: ${own?.reason ?? "not run"}.`);
    const place = contest ? srb.place(contest, label) : -1;
    const value = [srb.format(place < 0 ? own.mean : contest.mean[place], metric), facts.unit].filter(Boolean).join(" ");
    const rank = contest?.can_tell && place >= 0 ? contest.standing[place] : null;
    const said = rank && `, rank ${rank[0] === rank[1] ? rank[0] : `${rank[0]} to ${rank[1]}`} of ${contest.labels.length}${rank[2] ? "; it may be the best" : ""}`;
    return el("p", { class: "standing" }, el("strong", {}, `${value} ${facts.unit ? facts.title : ""}`.trim()),
      facts.unit ? null : ` ${facts.title}`, ` on ${where}${said ?? ""}. `, rival(label, contest));
  };
  const rival = (label, contest) => {
    const other = srb.columns.reference();
    if (!contest || !other || other === label || srb.place(contest, label) < 0) return null;
    return el("button", { type: "button", class: "named", onclick: () => srb.set({ versus: srb.pairKey(label, other) }) },
      `Head to head with ${srb.title(other)}`);
  };
  const marks = (label) => {
    const own = srb.marks(label);
    return own.length ? el("ul", { class: "marks" }, own.map((mark) =>
      el("li", { class: mark.kind }, el("strong", {}, mark.word), ` \u2013 ${mark.reason}`))) : null;
  };

  // -- against print ----------------------------------------------------------------------------------------------
  const printed = (label) => {
    const view = srb.view(), found = [];
    for (const metric of view.metrics) {
      for (const group of view.groups) {
        const own = view.cells[label]?.[metric]?.[group];
        if (own?.published !== undefined && own.published !== null) {
          found.push(...[own, ...(own.published_also ?? [])].map((value) => ({ metric, group, ...own, ...value })));
        }
      }
    }
    return found;
  };
  const print = (label) => {
    const found = printed(label);
    if (!found.length) return null;
    const rows = found.map((own) => {
      const { metric, group, mean, published, n, planned } = own, { unit, title } = data.metrics[metric];
      const apart = `${srb.format(mean - published, metric, { sign: true })}${unit ? ` ${unit}` : ""}`;
      const few = n === planned ? null : el("small", {}, ` ${n} of ${srb.counted(planned, "image")}`);
      const why = own.published_unlike && `Not like with like: ${own.published_unlike}`;
      const distance = el("td", { class: why ? "apart unlike" : "apart" }, apart,
        why ? el("span", { class: "vh" }, " not like with like") : null);
      if (why) srb.tip.bind(distance, () => why);
      return el("tr", {}, el("th", { scope: "row" }, `${srb.group(group)}, ${title}`, few),
        [srb.format(mean, metric), srb.format(published, metric)].map((text) => el("td", {}, text)), distance);
    });
    const sources = Map.groupBy ? Map.groupBy(found, sourceOf) : grouped(found);
    const said = [...sources].map(([source, own]) =>
      el("li", {}, sources.size > 1 ? `${srb.list([...new Set(own.map(({ group }) => srb.group(group)))])}: ` : null, source));
    const reasons = [...new Set(found.map((own) => own.published_unlike).filter(Boolean))];
    const caution = reasons.map((text) => el("li", { class: "why" }, `In grey, for it is not like with like: ${text}.`));
    return [table("Distance to print", ["", "here", "in print", "here \u2212 print"], rows),
      el("ul", { class: "sources" }, said, caution)];
  };
  const sourceOf = (own) => own.published_source.replace(/ \[protocol [^\]]*\]$/, ""); // that is said once for all
  const grouped = (found) => {
    const by = new Map();
    for (const own of found) by.set(sourceOf(own), [...(by.get(sourceOf(own)) ?? []), own]);
    return by;
  };

  // -- training ---------------------------------------------------------------------------------------------------
  const time = (minutes) => {
    if (!minutes) return "";
    return minutes < 90 ? `${minutes < 10 ? minutes : Math.round(minutes)} minutes` : `${(minutes / 60).toFixed(1)} hours`;
  };
  const training = (own) => pairs([
    ["Images", own.data],
    ["From", own.start],
    ["Length", [own.steps ? `${own.steps.toLocaleString("en")} steps` : "", time(own.minutes)].filter(Boolean).join(", ")],
    ["On", own.device],
    ["Features in its loss", own.features.join(" and ")],
  ]);
  const TOP = 12, BOTTOM = 26, LEFT = 46, RIGHT = 12, HEIGHT = 170;
  const curve = ({ curve: points, reference }, width) => {
    if (points.length < 2) return null;
    const values = [...points.map(([, value]) => value), ...(reference === null ? [] : [reference])];
    const [least, most] = [Math.min(...values), Math.max(...values)], room = 0.06 * (most - least) || 0.1;
    const last = points.at(-1)[0];
    const x = (step) => LEFT + (step / last) * (width - LEFT - RIGHT);
    const y = (value) => TOP + ((most + room - value) / (most - least + 2 * room)) * (HEIGHT - TOP - BOTTOM);
    const text = (place, words, more) => svg("text", { ...place, ...more }, words);
    const levels = [least, (least + most) / 2, most].map((value) => [
      svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
      text({ x: LEFT - 6, y: y(value) + 4 }, value.toFixed(2), { "text-anchor": "end" })]);
    const bicubic = reference === null ? null : [
      svg("line", { class: "reference", x1: LEFT, x2: width - RIGHT, y1: y(reference), y2: y(reference) }),
      text({ x: width - RIGHT, y: y(reference) + (reference === least ? -5 : 14) }, "bicubic", { "text-anchor": "end" })];
    const said = `Validation PSNR from ${points[0][1].toFixed(2)} dB after ${points[0][0]} steps to ${points.at(-1)[1].toFixed(2)} dB after ${last}`
      + (reference === null ? "" : `; bicubic has ${reference.toFixed(2)} dB on the same images`);
    return el("figure", { class: "curve" },
      svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": said }, levels, bicubic,
        svg("polyline", { points: points.map(([step, value]) => `${x(step)},${y(value)}`).join(" ") }),
        points.map(([step, value]) => svg("circle", { cx: x(step), cy: y(value), r: 2.5 })),
        [0, last].map((step) => text({ x: x(step), y: HEIGHT - 8 }, step.toLocaleString("en"), { "text-anchor": step ? "end" : "middle" }))),
      el("figcaption", {}, "PSNR in dB on validation photographs, over the steps of this training."));
  };

  // -- cost, weights, citation ------------------------------------------------------------------------------------
  const cost = (label) => {
    const own = srb.cost(label);
    const has = (name) => own[name] !== undefined && own[name] !== null;
    const range = has("latency_low") && has("latency_high") ? `, quartiles ${own.latency_low.toFixed(1)} to ${own.latency_high.toFixed(1)}` : "";
    const latency = own.noisy ? "too noisy to say" : has("latency_ms") ? `${own.latency_ms.toFixed(1)} ms${range}` : "";
    return pairs([
      ["Parameters", has("parameters") ? own.parameters.toLocaleString("en") : ""],
      ["Mult-Adds", has("mult_adds") ? `${(own.mult_adds / 1e9).toFixed(1)} G for an output of 1280\u00d7720` : ""],
      ["Latency", latency],
      ["Peak memory", has("memory_mib") ? `${own.memory_mib.toFixed(0)} MiB` : ""],
      ["Measured", latency ? own.conditions : ""],
    ]);
  };
  const WHOSE = { shipped: "shipped with srbench", yours: "the user\u2019s own", "": "" };
  const weights = (files) => (files.length ? el("ul", { class: "files" }, files.map((file) => el("li", {}, el("code", {}, file.name),
    [WHOSE[file.whose], file.state && file.state !== "top level" && `state \u2018${file.state}\u2019`].filter(Boolean).map((text) => ` \u00b7 ${text}`),
    el("div", { class: "hash" }, `sha256 ${file.sha256}`)))) : null);
  const citation = ({ bibtex }) => {
    if (!bibtex) return null;
    const entry = el("pre", { tabindex: "0" }, bibtex), status = el("span", { role: "status", class: "soft" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(`${bibtex}\n`);
        status.textContent = "copied";
      } catch { // without the right to write to the clipboard it is there to be copied by hand
        getSelection().selectAllChildren(entry);
        status.textContent = "selected: copy it by Ctrl+C";
      }
    };
    return [entry, el("p", { class: "copy" }, el("button", { type: "button", class: "button", onclick: copy }, "Copy"), " ", status)];
  };

  const formula = ({ equation }) => (equation
    ? el("div", { class: "equation" }, equation.split("\n").map((line) => el("div", {}, line))) : null);

  // -- the dialog -------------------------------------------------------------------------------------------------
  const show = (label) => {
    const own = data.methods[label], trained = own.trained[srb.view()?.scale];
    const width = Math.min(640, innerWidth - 40);
    dialog.replaceChildren(
      el("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "\u00d7"), head(label),
      standing(label) ?? "", marks(label) ?? "",
      ...[
        part("The idea", own.idea && el("p", {}, own.idea), formula(own)),
        part("What differs here", own.differs && el("p", {}, own.differs)),
        part("Distance to print", print(label)),
        srb.values.part(label, part, table),
        srb.values.pictures(label, part),
        trained ? part(`Training, \u00d7${srb.view().scale}`, training(trained), curve(trained, width)) : null,
        part("Cost", cost(label)),
        part("Weights", weights(own.files)),
        part("Cite", citation(own)),
      ].filter(Boolean));
  };
  const open = (label) => {
    show(label);
    if (!dialog.open) {
      opener = document.activeElement;
      dialog.showModal(); // after it has content: the first button in it gets the focus
    }
    dialog.scrollTop = 0;
  };
  dialog.removeAttribute("aria-label");
  dialog.setAttribute("aria-labelledby", "drawer-title");
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }); // the backdrop
  dialog.addEventListener("close", () => {
    srb.set({ method: "" });
    const row = opener?.isConnected ? null : srb.$$("tr[data-label]").find((line) => line.dataset.label === last);
    (row ? $(".named", row) : opener)?.focus();
    opener = null;
  });
  let last = ""; // the method that was shown
  srb.on((state, changed) => {
    if (state.method && !data.methods[state.method]) return srb.set({ method: "" });
    if (!state.method) return dialog.open ? dialog.close() : null;
    last = state.method;
    if (changed.has("method") || !dialog.open) open(state.method);
    else if (["view", "group", "metric"].some((key) => changed.has(key))) show(state.method);
  });
  return { show };
})();
