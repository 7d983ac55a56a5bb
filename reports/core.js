"use strict";
// What all parts of the page share: the data, the state and its address, elements, tooltips, numbers as text.
const srb = {};

(() => {
  srb.$ = (selector, root = document) => root.querySelector(selector);
  srb.$$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  srb.data = JSON.parse(srb.$("#data").textContent);
  const { data } = srb;

  // -- elements: a text is a text, never markup ------------------------------------------------------------------
  const build = (element, attributes, children) => {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return element;
  };
  srb.el = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
  srb.svg = (tag, attributes, ...children) =>
    build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  // -- state ------------------------------------------------------------------------------------------------------
  const KEYS = ["view", "group", "metric", "sort", "desc", "ref", "q", "family", "columns", "method", "versus", "image",
    "frame", "left", "right", "zoom", "cost"];
  const listeners = [];
  const viewOf = (key) => data.views.find((view) => view.key === key) ?? data.views[0] ?? null;
  srb.view = () => viewOf(srb.state.view);

  // What a key is when the address does not say; that of group and metric depends on the view.
  const usual = (key, state) => {
    const view = viewOf(state.view);
    if (key === "view") return data.views[0]?.key ?? "";
    if (key === "group") return view?.groups[0] ?? "";
    if (key === "metric") return view?.metrics[0] ?? "";
    if (key === "sort") return data.sort === "value" ? "" : data.sort ?? "";
    return key === "ref" ? "best" : "";
  };
  const complete = (given) => {
    const state = {};
    for (const key of KEYS) state[key] = given[key] ?? usual(key, state);
    if (state.zoom) state.frame = ""; // a clip has the whole images of one frame
    if (viewOf(state.view)?.key !== state.view) state.view = usual("view", state);
    const view = viewOf(state.view);
    if (view && !view.groups.includes(state.group)) state.group = usual("group", state);
    if (view && !view.metrics.includes(state.metric)) state.metric = usual("metric", state);
    return state;
  };
  srb.state = complete({});

  const write = () => {
    const said = new URLSearchParams();
    for (const key of KEYS) if (srb.state[key] !== usual(key, srb.state)) said.set(key, srb.state[key]);
    const hash = `#${said}`;
    // An address that leads to a section stays until the state has something to say.
    if (hash === location.hash || (hash === "#" && !location.hash.includes("="))) return;
    history.replaceState(null, "", hash === "#" ? location.pathname + location.search : hash);
  };
  const apply = (next) => {
    const changed = new Set(KEYS.filter((key) => next[key] !== srb.state[key]));
    srb.state = next;
    return changed;
  };
  const tell = (changed) => { for (const listener of listeners) listener(srb.state, changed); };

  srb.on = (listener) => { listeners.push(listener); };
  srb.set = (changes) => {
    const texts = Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, String(value ?? "")]));
    const changed = apply(complete({ ...srb.state, ...texts }));
    write();
    if (changed.size) tell(changed);
  };
  const read = () => complete(Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
  srb.start = () => {
    srb.state = read();
    tell(new Set(KEYS));
    addEventListener("hashchange", () => {
      if (location.hash && !location.hash.includes("=")) return; // a link to a section
      const changed = apply(read());
      if (changed.size) tell(changed);
    });
  };
  // The address of the page with other values of some keys, for links that can be copied.
  srb.link = (changes) => {
    const state = complete({ ...srb.state, ...changes });
    return `#${new URLSearchParams(KEYS.filter((k) => state[k] !== usual(k, state)).map((k) => [k, state[k]]))}`;
  };
  // A pair of labels as one text, and back; labels may hold anything.
  srb.pairKey = (...pair) => pair.map((label) => encodeURIComponent(label).replaceAll("~", "%7E")).join("~");
  srb.pairOf = (text) => {
    const parts = text.split("~");
    try {
      return parts.length === 2 ? parts.map(decodeURIComponent) : null;
    } catch {
      return null;
    }
  };

  // -- contests -----------------------------------------------------------------------------------------------------
  const LEVEL = 0.05;
  const places = new WeakMap();
  srb.place = (contest, label) => {
    if (!places.has(contest)) places.set(contest, new Map(contest.labels.map((name, i) => [name, i])));
    return places.get(contest).get(label) ?? -1;
  };
  srb.contest = (metric = srb.state.metric, group = srb.state.group, view = srb.view()) =>
    view?.contests[metric]?.[group] ?? null;

  // a minus b in the metric's own unit; null if one of the two does not compete. ``low`` and ``high`` are infinite
  // where the images do not bound them, NaN where the page holds no test of this pair; of very many methods it holds
  // what is certain against the best, without intervals.
  srb.pair = (contest, a, b) => {
    const i = srb.place(contest, a), j = srb.place(contest, b);
    if (i < 0 || j < 0) return null;
    const images = contest.images.length;
    if (i === j) return { mean: 0, low: 0, high: 0, p: 1, won: 0, lost: 0, images, certain: false, better: false };
    const [low, high] = [Math.min(i, j), Math.max(i, j)];
    const found = contest.pairs[low * contest.labels.length - (low * (low + 1)) / 2 + high - low - 1];
    if (!found) return untested(contest, i, j);
    const [mean, from, to, chance, won, lost, known] = found;
    const bounds = [from ?? -Infinity, to ?? Infinity];
    const turned = i > j, p = chance ?? NaN, certain = known ?? p <= LEVEL;
    const pair = turned
      ? { mean: -mean, low: -bounds[1], high: -bounds[0], p, won: lost, lost: won, images, certain }
      : { mean, low: bounds[0], high: bounds[1], p, won, lost, images, certain };
    pair.better = certain && !turned; // labels stand best first
    return pair;
  };
  const untested = (contest, i, j) => {
    const sign = data.metrics[contest.metric].higher ? 1 : -1;
    const apart = contest.values[i].map((value, k) => sign * (value - contest.values[j][k]));
    const won = apart.filter((value) => value > 0).length, lost = apart.filter((value) => value < 0).length;
    return { mean: contest.mean[i] - contest.mean[j], low: NaN, high: NaN, p: NaN, won, lost,
      images: apart.length, certain: false, better: false };
  };

  // -- numbers and names ------------------------------------------------------------------------------------------
  const MINUS = "\u2212";
  srb.format = (value, metric, { sign = false, more = 0 } = {}) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "";
    if (!Number.isFinite(value)) return value > 0 ? "\u221e" : `${MINUS}\u221e`;
    const text = Math.abs(value).toFixed((data.metrics[metric]?.digits ?? 2) + more);
    if (value < 0 && Number(text) !== 0) return MINUS + text;
    return sign && Number(text) !== 0 ? `+${text}` : text;
  };
  srb.size = (n) => {
    if (n === null || n === undefined) return "";
    for (const [unit, name] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (n >= 0.9995 * unit) return `${(n / unit).toFixed(n < 9.95 * unit ? 1 : 0)}\u2009${name}`;
    }
    return String(Math.round(n));
  };
  srb.title = (label) => data.methods[label]?.short ?? label; // the full one is data.methods[label].title
  // Costs and marks are those of the view: at another scale a method is another network.
  srb.cost = (label) => srb.view()?.costs[label] ?? {};
  srb.marks = (label) => srb.view()?.marks[label] ?? [];
  srb.family = (label) => `--f-${data.methods[label]?.kind ?? "own"}`;
  srb.dot = (label) =>
    srb.el("span", { class: "dot", style: `background:var(${srb.family(label)})`, "aria-hidden": "true" });
  srb.group = (group) => (group === "all" ? "All" : data.datasets[group]?.title ?? group);
  srb.told = (contest) => contest.told ?? srb.counted(contest.images.length, "image");
  srb.counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  srb.list = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);

  // -- tooltips: by mouse, by keyboard and by touch ------------------------------------------------------------------
  const box = srb.el("div", { id: "tip", role: "tooltip", hidden: true });
  let owner = null;
  const hide = () => {
    owner?.removeAttribute("aria-describedby");
    owner = null;
    box.hidden = true;
  };
  const show = (element, content) => {
    const said = content();
    if (!said) return;
    hide();
    // In a dialog that is open, only what is inside it can be seen.
    (element.closest("dialog") ?? document.body).append(box);
    box.replaceChildren(said);
    box.hidden = false;
    owner = element;
    element.setAttribute("aria-describedby", "tip");
    const at = element.getBoundingClientRect(), own = box.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - own.width / 2), innerWidth - own.width - 8);
    const above = at.top - own.height - 8;
    Object.assign(box.style, { left: `${left}px`, top: `${above > 4 ? above : at.bottom + 8}px` });
  };
  srb.tip = {
    hide,
    show,
    bind: (element, content) => {
      const mouse = (event) => event.pointerType === "mouse";
      element.addEventListener("pointerenter", (event) => { if (mouse(event)) show(element, content); });
      element.addEventListener("pointerleave", (event) => { if (mouse(event)) hide(); });
      element.addEventListener("focus", () => show(element, content));
      element.addEventListener("blur", hide);
      element.addEventListener("click", (event) => {
        if (event.pointerType === "touch" && owner !== element) show(element, content);
      });
      return element;
    },
  };
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", hide, { passive: true, capture: true });
})();
