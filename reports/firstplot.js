// Quality against cost on the first screen, by the chosen metric and images. It is drawn anew when its place changes.
srb.firstplot = (() => {
  const { $, el, svg, data } = srb;
  const place = $("#first-plot");
  if (!place) return {};
  // Kinds of methods that may have nothing to be learnt; a network whose parameters are not known has some.
  const WITHOUT = ["interpolation", "model", "examples"];
  const LEFT = 48, RIGHT = 14, TOP = 18, BOTTOM = 36, NONE = 34;
  const MINUS = "\u2212";

  // -- what is shown -------------------------------------------------------------------------------------------------
  const costs = {
    parameters: {
      name: "parameters", axis: "parameters",
      of: (label) => srb.cost(label).parameters || (WITHOUT.includes(srb.plots.kind(label)) ? 0 : null),
      text: (value) => (value ? `${srb.size(value)} parameters` : "no parameters"),
    },
    latency: {
      name: "latency", axis: "latency, ms",
      of: (label) => srb.cost(label).latency_ms || null,
      text: (value, label) => {
        const { latency_low: low, latency_high: high } = srb.cost(label);
        const digits = (number) => Number(number.toPrecision(3));
        return `${digits(value)} ms${low ? `, quartiles ${digits(low)} to ${digits(high)} ms` : ""}`;
      },
    },
  };
  const timed = () => srb.view().labels.filter((label) => srb.cost(label).latency_ms);
  // Latencies are of one image of a dataset: the quality beside them is of that dataset.
  const groupOf = (cost) => {
    if (cost !== costs.latency) return srb.state.group;
    const subject = timed().map((label) => srb.cost(label).subject).find((name) => srb.contest(srb.state.metric, name));
    return subject ?? srb.state.group;
  };
  const front = (points, higher) => {
    const sign = higher ? 1 : -1;
    const sorted = [...points].sort((a, b) => a.cost - b.cost || sign * (b.value - a.value));
    let best = -Infinity;
    return sorted.filter(({ value }) => { const better = sign * value > best; if (better) best = sign * value; return better; });
  };

  // -- scales ----------------------------------------------------------------------------------------------------------
  const nice = (low, high, most) => {
    const raw = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= raw * (1 - 1e-9));
    const values = [];
    for (let i = Math.ceil(low / step - 1e-9); i <= high / step + 1e-9; i += 1) values.push(i * step);
    return { values, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
  };
  const decades = (low, high) => {
    const factors = high - low > 1.6 ? [1] : high - low > 0.5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
    const found = [];
    for (let power = Math.floor(low); power <= high; power += 1) {
      for (const factor of factors) found.push(factor * 10 ** power);
    }
    return found.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  };
  const tick = (value) => (value >= 1000 ? srb.size(value).replace(/\.0/, "") : `${Number(value.toPrecision(3))}`);

  // -- names where they lie on nothing else ------------------------------------------------------------------------------
  const pen = document.createElement("canvas").getContext("2d");
  const widthOf = (text) => {
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    return pen.measureText(text).width;
  };
  const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  const named = (point, taken, within) => {
    const text = srb.title(point.label), wide = widthOf(text);
    const sides = [[10, 4, "start", 0], [-10, 4, "end", wide], [0, -10, "middle", wide / 2], [0, 19, "middle", wide / 2],
      [7, -7, "start", 0], [7, 16, "start", 0], [-7, -7, "end", wide], [-7, 16, "end", wide]];
    for (const [dx, dy, anchor, back] of sides) {
      const x = point.x + dx, y = point.y + dy, box = [x - back - 2, y - 10, x - back + wide + 2, y + 3];
      const inside = box[0] >= within[0] && box[1] >= within[1] && box[2] <= within[2] && box[3] <= within[3];
      if (!inside || taken.some((other) => overlap(box, other))) continue;
      return { box, element: svg("text", { class: "name", x, y, "text-anchor": anchor }, text) };
    }
    return null;
  };

  // -- drawing -----------------------------------------------------------------------------------------------------------
  const axes = (metric, x, y, ticks, low, high, width, height, emptyColumn, unit) => {
    const found = [];
    const { values, digits } = nice(low, high, 5);
    for (const value of values) {
      found.push(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
        svg("text", { x: LEFT - 7, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(digits).replace("-", MINUS)));
    }
    const foot = height - BOTTOM + 17;
    for (const value of ticks) {
      found.push(svg("line", { class: "grid", x1: x(value), x2: x(value), y1: TOP, y2: height - BOTTOM }),
        svg("text", { x: x(value), y: foot, "text-anchor": "middle" }, tick(value)));
    }
    if (emptyColumn) found.push(svg("text", { x: x(0), y: foot, "text-anchor": "middle" }, "none"));
    found.push(svg("text", { x: (LEFT + width - RIGHT) / 2, y: height - 3, "text-anchor": "middle" }, unit));
    return found;
  };
  const tipOf = (point, metric, cost, inFront) => {
    const facts = data.metrics[metric], unit = facts.unit ? ` ${facts.unit}` : "";
    const lines = [srb.title(point.label), `${facts.title} ${srb.format(point.value, metric)}${unit}`, cost.text(point.cost, point.label)];
    if (inFront) lines.push("Nothing is both cheaper and better.");
    return lines.join("\n");
  };
  const room = () => {
    const narrow = innerWidth <= 860;
    if (narrow) return 250;
    // With the sentences above it, it is as high as the picture beside it; without one, the table still begins on the
    // first screen.
    const says = $(".says")?.offsetHeight ?? 100, beside = $("#hero")?.offsetHeight ?? 0;
    return Math.max(190, Math.min(320, (beside > 250 ? beside - 38 : 350) - says));
  };
  const picture = (points, cost, metric) => {
    const facts = data.metrics[metric], higher = facts.higher !== false;
    const width = Math.max(300, place.clientWidth), height = room();
    const paid = points.filter((point) => point.cost > 0), emptyColumn = paid.length < points.length;
    const logs = paid.flatMap(({ cost: value, low, high }) => [value, low, high]).filter(Boolean).map(Math.log10);
    const spare = Math.max(0.05 * (Math.max(...logs) - Math.min(...logs)), 0.12);
    const [from, to] = [Math.min(...logs) - spare, Math.max(...logs) + spare];
    const start = LEFT + (emptyColumn ? NONE + 22 : 0);
    const x = (value) => (value > 0 ? start + ((Math.log10(value) - from) / (to - from)) * (width - RIGHT - start) : LEFT + NONE / 2);
    const values = points.map((point) => point.value);
    const pad = 0.07 * (Math.max(...values) - Math.min(...values)) || Math.abs(values[0]) * 0.01 || 1;
    const [low, high] = [Math.min(...values) - pad, Math.max(...values) + pad];
    const y = (value) => {
      const share = (value - low) / (high - low);
      return TOP + (higher ? 1 - share : share) * (height - BOTTOM - TOP);
    };
    for (const point of points) Object.assign(point, { x: x(point.cost), y: y(point.value) });

    const title = `${facts.title} against ${cost.name}`;
    const unit = cost === costs.latency ? `${cost.axis} (${srb.cost(points[0].label).conditions})` : cost.axis;
    const drawing = svg("svg", { class: "cost-plot", viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": title },
      axes(metric, x, y, decades(from, to), low, high, width, height, emptyColumn, unit));
    const best = front(points, higher);
    drawing.append(svg("path", { class: "front", d: `M${best.map((point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("L")}` }));
    const below = svg("g", { "aria-hidden": "true" });
    drawing.append(below);
    const marks = [...points].sort((a, b) => a.x - b.x || a.y - b.y).map((point) => {
      const colour = `var(${srb.family(point.label)})`;
      if (point.low) below.append(svg("line", { class: "quartiles", x1: x(point.low), x2: x(point.high), y1: point.y, y2: point.y, stroke: colour }));
      const hit = svg("circle", { class: "hit", cx: point.x, cy: point.y, r: 13 });
      below.append(hit);
      const element = svg("g", { transform: `translate(${point.x.toFixed(1)} ${point.y.toFixed(1)})` }, srb.plots.shape(srb.plots.kind(point.label)));
      drawing.append(element);
      return { element, helpers: [hit], label: point.label, x: point.x, y: point.y, text: () => tipOf(point, metric, cost, best.includes(point)) };
    });
    const taken = points.map((point) => [point.x - 6, point.y - 6, point.x + 6, point.y + 6]);
    const bars = points.filter((point) => point.low).map((point) => [x(point.low), point.y - 2, x(point.high), point.y + 2]);
    const line = [...segments(best), ...bars];
    const within = [LEFT - 6, 0, width, height - BOTTOM + 2];
    for (const point of [...best.slice().reverse(), ...points.filter((other) => !best.includes(other))]) {
      const own = taken[points.indexOf(point)], others = taken.filter((box) => box !== own);
      const found = named(point, [...others, ...line], within) ?? (best.includes(point) ? named(point, others, within) : null);
      if (!found) continue;
      drawing.append(found.element);
      taken.push(found.box);
    }
    srb.plots.ringed(drawing, marks);
    srb.plots.tell(marks);
    return drawing;
  };
  // Small boxes along the front, so that names keep off it.
  const segments = (best) => best.slice(1).flatMap((point, i) => {
    const before = best[i], steps = Math.ceil(Math.hypot(point.x - before.x, point.y - before.y) / 8);
    return [...Array(Math.max(0, steps - 1)).keys()].map((k) => {
      const share = (k + 1) / steps, x = before.x + share * (point.x - before.x), y = before.y + share * (point.y - before.y);
      return [x - 2, y - 2, x + 2, y + 2];
    });
  });

  const choice = (chosen) => {
    if (timed().length < 2) return null;
    return el("span", { class: "seg", role: "group", "aria-label": "Cost" }, Object.entries(costs).map(([key, cost]) =>
      el("button", { type: "button", "aria-pressed": String(cost === chosen), "data-cost": key, click: () => {
        srb.set({ cost: key === "parameters" ? "" : key });
        $(`[data-cost="${key}"]`, place).focus();
      } }, cost.name)));
  };
  let size = ""; // for which it is drawn
  const placeSize = () => `${place.clientWidth} ${room()}`;
  const draw = () => {
    const { metric, cost: wanted } = srb.state;
    const cost = wanted === "latency" && timed().length > 1 ? costs.latency : costs.parameters;
    const group = groupOf(cost), contest = srb.contest(metric, group), facts = data.metrics[metric];
    const points = (contest?.labels ?? []).map((label, i) => {
      const known = srb.cost(label);
      return { label, value: contest.mean[i], cost: cost.of(label),
        low: cost === costs.latency ? known.latency_low : null, high: cost === costs.latency ? known.latency_high : null };
    }).filter((point) => point.cost !== null);
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.mark : undefined;
    if (points.length < 2 || !points.some((point) => point.cost > 0)) {
      const why = facts ? `No plot of ${facts.title} against cost: fewer than two methods have both, or none has parameters that are known.` : "";
      size = "";
      place.replaceChildren(...(why ? [el("p", { class: "soft absent" }, why)] : []));
      return;
    }
    const unit = facts.unit ? `, ${facts.unit}` : "", turned = facts.higher === false ? " (up is better)" : "";
    const noisy = cost === costs.latency ? srb.view().labels.filter((label) => srb.cost(label).noisy) : [];
    const head = el("div", { class: "cost-head" }, el("h2", {}, `${facts.title}${unit}${turned} against ${cost.name}`),
      el("span", {}, srb.view().groups.length > 1 ? srb.group(group) : "", noisy.length ? ` \u00b7 too noisy: ${srb.list(noisy.map(srb.title))}` : ""), choice(cost));
    place.replaceChildren(head); // its place has a width only when it is not empty
    place.append(picture(points, cost, metric));
    size = placeSize();
    if (focused !== undefined) [...place.querySelectorAll("g[data-mark]")].find((mark) => mark.dataset.mark === focused)?.focus({ preventScroll: true });
  };
  srb.on((state, changed) => { if (["view", "group", "metric", "cost"].some((key) => changed.has(key))) draw(); });
  new ResizeObserver(() => { if (size && placeSize() !== size) draw(); }).observe(place);
  return { draw };
})();
