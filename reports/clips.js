// Of a clip: a slider over its frames, one row of pixels over time, and scores frame by frame.
srb.clips = (() => {
  const { el, svg } = srb;
  const { pictures } = srb;
  const WIDTH = 640, HEIGHT = 190, LEFT = 46, RIGHT = 628, TOP = 10, BOTTOM = 160;

  // -- the slider: arrow keys, Home and End move it ---------------------------------------------------------------
  const slider = el("input", { type: "range", class: "frames", min: "0", step: "1", "aria-label": "Frame of the clip" });
  const told = el("output", {});
  const step = (by) => el("button", { type: "button", class: "button", "aria-label": by < 0 ? "Frame before" : "Next frame",
    onclick: () => go(Number(slider.value) + by) }, by < 0 ? "\u2039" : "\u203a");
  const row = el("div", { class: "frame-slider" }, el("span", {}, "Frame"), step(-1), slider, step(1), told);
  let scene = null;
  const go = (at) => {
    const { shown } = scene.clip;
    srb.set({ frame: shown[Math.min(Math.max(at, 0), shown.length - 1)] });
  };
  slider.addEventListener("input", () => go(Number(slider.value)));

  // -- the profile ------------------------------------------------------------------------------------------------
  const profile = el("figure", { class: "profile" });
  const sidesOf = () => pictures.sides(scene).filter((side) => side in scene.clip.profile.sides);
  const drawProfile = () => {
    const own = scene.clip.profile;
    profile.hidden = !own;
    if (!own) return;
    const last = scene.clip.frames[own.first + own.count - 1];
    profile.replaceChildren(
      el("div", { class: "rows" }, sidesOf().map((side) => el("div", {},
        el("img", { src: own.sides[side], alt: `Row ${own.row} over time: ${pictures.title(scene, side)}`, draggable: "false" }),
        el("small", {}, side in srb.data.methods ? srb.dot(side) : null, pictures.title(scene, side))))),
      el("figcaption", {}, `Over time: ${own.width} pixels of row ${own.row}, from column ${own.left}, of the frames from `
        + `${scene.clip.frames[own.first]} (top) to ${last} (bottom). Smooth lines are steady; a ragged one flickers.`));
  };

  // -- scores frame by frame --------------------------------------------------------------------------------------
  const curves = el("figure", { class: "curves" });
  const finite = (value) => value !== null && value !== undefined;
  const drawCurves = (sides) => {
    const { values, frames } = scene.clip;
    const metric = srb.state.metric, facts = srb.data.metrics[metric];
    const lines = Object.keys(values).filter((label) => values[label][metric]?.some(finite));
    curves.hidden = !lines.length || frames.length < 2;
    if (curves.hidden) return;
    const all = lines.flatMap((label) => values[label][metric]).filter(finite);
    const low = Math.min(...all), high = Math.max(...all), span = high - low || 1;
    const x = (i) => LEFT + ((RIGHT - LEFT) * i) / (frames.length - 1);
    const y = (value) => BOTTOM - ((BOTTOM - TOP) * (value - low)) / span;
    const at = pictures.placeOf(scene);
    const path = (line) => line.map((value, i) =>
      (finite(value) ? `${i && finite(line[i - 1]) ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}` : "")).join("");
    const name = `${facts?.title ?? metric}${facts?.unit ? ` in ${facts.unit}` : ""}`;
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
      "aria-label": `${name} of each frame: ${lines.map((label) => srb.title(label)).join(", ")}` },
      [low, (low + high) / 2, high].map((value) => [
        svg("line", { class: "grid", x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }),
        svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, srb.format(value, metric))]),
      [0, frames.length - 1].map((i) => svg("text", { x: x(i), y: BOTTOM + 18, "text-anchor": i ? "end" : "start" },
        frames[i])),
      lines.map((label) => svg("path", { class: sides.includes(label) ? "curve chosen" : "curve", d: path(values[label][metric]),
        stroke: `var(${srb.family(label)})`, "stroke-dasharray": sides[0] === label ? "5 3" : null },
        svg("title", {}, srb.title(label)))),
      svg("line", { class: "now", x1: x(at), x2: x(at), y1: TOP, y2: BOTTOM }));
    drawing.addEventListener("click", (event) => {
      const box = drawing.getBoundingClientRect();
      const place = (((event.clientX - box.left) * WIDTH) / box.width - LEFT) / ((RIGHT - LEFT) / (frames.length - 1));
      const { shown } = scene.clip;
      go(shown.reduce((best, own, i) => (Math.abs(own - place) < Math.abs(shown[best] - place) ? i : best), 0));
    });
    const keys = lines.map((label) => el("span", { class: sides.includes(label) ? "key chosen" : "key" }, srb.dot(label),
      pictures.short(scene, label), " ", el("b", {}, srb.format(values[label][metric][at], metric))));
    curves.replaceChildren(drawing, el("div", { class: "keys" }, keys), el("figcaption", {},
      `${name} frame by frame; the chosen two are drawn thick, the left one dashed. A click goes to the nearest frame that is shown.`),
      el("details", {}, el("summary", {}, "Data", el("span", { class: "vh" }, ` of ${name}`)), table(lines, metric)));
  };
  const table = (lines, metric) => el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Scores by frame" },
    el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Frame"),
      lines.map((label) => el("th", { scope: "col" }, srb.title(label))))),
    el("tbody", {}, scene.clip.frames.map((frame, i) => el("tr", {}, el("th", { scope: "row" }, frame),
      lines.map((label) => el("td", {}, srb.format(scene.clip.values[label][metric][i], metric))))))));

  const box = el("div", { class: "clip", hidden: true }, row, el("div", { class: "over-time" }, profile, curves));
  const show = (next, sides, isOther) => {
    scene = next;
    box.hidden = !scene.clip;
    if (!scene.clip) return;
    const { shown, frames } = scene.clip, at = shown.indexOf(pictures.placeOf(scene));
    slider.max = shown.length - 1;
    slider.value = at;
    row.hidden = shown.length < 2;
    const text = `${frames[shown[at]].split("/").at(-1)}, ${shown[at] + 1} of ${frames.length}`;
    told.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    if (isOther) drawProfile();
    drawCurves(sides);
  };
  return { box, show };
})();
