// Plots: what each point, row and line tells, by mouse, touch and keyboard, and the way to its method.
srb.plots = (() => {
  const { $, $$, el, svg, data } = srb;

  // Markers of the kinds of methods, around (0, 0); the same as in the drawings.
  const SHAPES = {
    interpolation: "M-5 0A5 5 0 1 1 5 0A5 5 0 1 1 -5 0Z",
    model: "M-4.6 -4.6H4.6V4.6H-4.6Z",
    examples: "M0 -5.6L5.4 4.4H-5.4Z",
    network: "M0 -6L6 0L0 6L-6 0Z",
    gan: "M0 5.6L5.4 -4.4H-5.4Z",
    autoregressive: "M-2 -5.5H2V-2H5.5V2H2V5.5H-2V2H-5.5V-2H-2Z",
    own: "M-5.5 -2.8L-2.8 -5.5L0 -2.7L2.8 -5.5L5.5 -2.8L2.7 0L5.5 2.8L2.8 5.5L0 2.7L-2.8 5.5L-5.5 2.8L-2.7 0Z",
  };
  const kind = (label) => data.methods[label]?.kind ?? "own";
  const shape = (name) => svg("path", { class: "shape", d: SHAPES[name] ?? SHAPES.own, fill: `var(--f-${name in SHAPES ? name : "own"})` });
  const legend = (kinds) => kinds.map((name) => el("span", {},
    svg("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" }, shape(name)), srb.columns.kinds[name] ?? name));

  // Elements that tell their method: one of them is in the order of tabs, arrow keys go to the others. A first touch
  // shows the tip, a second one goes to the method.
  const tell = (marks) => {
    marks.forEach(({ element, label, text, helpers = [] }, i) => {
      const open = () => { if (data.methods[label]) srb.set({ method: label }); };
      for (const each of [element, ...helpers]) {
        let shown = false;
        each.setAttribute("data-mark", label);
        each.addEventListener("pointerdown", () => { shown = each.hasAttribute("aria-describedby"); });
        each.addEventListener("click", (event) => { if (event.pointerType !== "touch" || shown) open(); });
        srb.tip.bind(each, text);
      }
      element.setAttribute("role", "button");
      element.setAttribute("aria-label", text().replaceAll("\n", "; "));
      element.setAttribute("tabindex", i ? "-1" : "0");
      element.addEventListener("focus", () => marks.forEach((other) => other.element.setAttribute("tabindex", other.element === element ? "0" : "-1")));
      element.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        const goal = event.key === "Home" ? 0 : event.key === "End" ? marks.length - 1 : step ? i + step : null;
        if (event.key === "Enter" || event.key === " ") open();
        else if (goal === null || !marks[goal]) return;
        else marks[goal].element.focus({ preventScroll: true });
        event.preventDefault();
      });
    });
  };
  // A ring around the point that is under the pointer or has the focus.
  const ringed = (picture, marks) => {
    const ring = svg("circle", { class: "ring", r: 8.5, visibility: "hidden" });
    picture.append(ring);
    for (const { element, helpers = [], x, y } of marks) {
      const show = () => { ring.setAttribute("cx", x); ring.setAttribute("cy", y); ring.setAttribute("visibility", "visible"); };
      const hide = () => ring.setAttribute("visibility", "hidden");
      for (const each of [element, ...helpers]) {
        for (const name of ["pointerenter", "focus"]) each.addEventListener(name, show);
        for (const name of ["pointerleave", "blur"]) each.addEventListener(name, hide);
      }
    }
  };

  // -- the drawings ------------------------------------------------------------------------------------------------
  const points = (picture, marks) => {
    // Below the points: a larger place to touch, which never lies on another point.
    const below = svg("g", { "aria-hidden": "true" });
    for (const mark of marks) {
      const hit = svg("circle", { class: "hit", cx: mark.x, cy: mark.y, r: 12 });
      mark.helpers = [hit];
      below.append(hit);
    }
    marks[0].element.before(below);
    ringed(picture, marks);
    marks.sort((a, b) => a.x - b.x || a.y - b.y);
  };
  const lines = (marks) => {
    for (const mark of marks) {
      const over = mark.element.cloneNode(true);
      for (const each of [over, ...$$("[id]", over)]) each.removeAttribute("id");
      over.setAttribute("class", "over");
      over.setAttribute("aria-hidden", "true");
      mark.element.classList.add("line-mark");
      mark.element.before(over);
      mark.helpers = [over];
    }
  };
  // In a row of strokes: the image that is nearest to the pointer, with its difference.
  const nearest = (picture, marks, { metric, group, reference, across }, view) => {
    const contest = view.contests[metric]?.[group];
    const base = contest && srb.place(contest, reference);
    if (!across || !contest || base < 0) return;
    const [left, from, right, to] = across;
    const cursor = svg("g", { class: "nearest", visibility: "hidden" }, svg("line", {}));
    picture.append(cursor);
    const hide = () => cursor.setAttribute("visibility", "hidden");
    for (const mark of marks) {
      const place = srb.place(contest, mark.label), said = mark.text;
      if (place < 0) continue;
      const apart = contest.values[place].map((value, i) => value - contest.values[base][i]);
      const at = (value) => left + ((value - from) / (to - from)) * (right - left);
      let chosen = -1;
      mark.text = () => (chosen < 0 ? said() : `${srb.title(mark.label)} on ${contest.images[chosen][1]}: `
        + `${srb.format(apart[chosen], metric, { sign: true })} ${data.metrics[metric].unit}`.trim() + `\n${said()}`);
      mark.element.addEventListener("pointermove", (event) => {
        if (event.pointerType !== "mouse") return;
        const box = picture.getBoundingClientRect(), x = ((event.clientX - box.left) * picture.viewBox.baseVal.width) / box.width;
        const next = x < left - 6 ? -1 : apart.reduce((best, value, i) => (Math.abs(at(value) - x) < Math.abs(at(apart[best]) - x) ? i : best), 0);
        if (next === chosen) return;
        chosen = next;
        const row = mark.element.getBBox();
        const line = $("line", cursor);
        for (const [name, value] of Object.entries({ x1: at(apart[next]), x2: at(apart[next]), y1: row.y, y2: row.y + row.height })) {
          if (next >= 0) line.setAttribute(name, value);
        }
        cursor.setAttribute("visibility", next < 0 ? "hidden" : "visible");
        srb.tip.show(mark.element, mark.text);
      });
      mark.element.addEventListener("pointerleave", () => { chosen = -1; hide(); });
    }
  };
  const wake = (figure, view) => {
    const picture = $("svg", figure), content = JSON.parse($("script.marks", figure).textContent);
    const marks = content.marks.map(([label, text, x, y], i) => ({ label, text: () => text, x, y,
      element: document.getElementById(`${figure.dataset.plot}-${i}`) })).filter((mark) => mark.element);
    if (!marks.length) return;
    picture.setAttribute("role", "group"); // as an image it would hide what is in it from screen readers
    if (marks[0].x !== null) points(picture, marks);
    else if (content.lines) lines(marks);
    else for (const mark of marks) mark.element.classList.add("row-mark");
    if (content.across) nearest(picture, marks, content, view);
    tell(marks);
  };

  // The plots of the chosen view are shown; they wake when they are first seen.
  const awake = new WeakSet();
  const show = () => {
    const view = srb.view();
    for (const section of $$("#plots section.view")) {
      section.hidden = section.dataset.view !== view.key;
      if (section.hidden || awake.has(section)) continue;
      awake.add(section);
      const kinds = Object.keys(SHAPES).filter((name) => view.labels.some((label) => kind(label) === name));
      $(".kinds-of", section)?.replaceChildren(...legend(kinds));
      for (const figure of $$(".plot", section)) wake(figure, view);
    }
  };
  srb.on((state, changed) => { if (changed.has("view")) show(); });
  return { shape, kind, legend, tell, ringed };
})();
