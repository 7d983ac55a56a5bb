// The difference to the reference in a row: a bar from zero, over it the simultaneous interval.
srb.bars = (() => {
  const { svg } = srb;
  const WIDTH = 180, HEIGHT = 20, EDGE = 4;

  // A place for every difference, right is better, on one linear scale that holds all means. What is far outside the
  // others is cut; intervals may reach to the edge.
  const scale = (pairs, higher) => {
    const sign = higher ? 1 : -1;
    const means = pairs.map(({ mean }) => sign * mean);
    const size = means.map(Math.abs).filter(Boolean).sort((a, b) => a - b);
    const most = Math.min(size.at(-1) ?? 1, 3 * (size[Math.floor(0.75 * (size.length - 1))] ?? 1));
    const widest = Math.max(...pairs.map(({ low, high }) => high - low).filter(Number.isFinite), 0) / 2;
    const spare = Math.min(widest, 0.12 * most);
    const left = Math.min(Math.max(0, ...means.map((value) => -value)), most) + spare;
    const right = Math.min(Math.max(0, ...means), most) + spare;
    const whole = left + right || 1;
    const room = WIDTH - 2 * EDGE;
    return (value) => {
      const oriented = sign * value;
      const inside = Math.min(Math.max(oriented, -left), right);
      return { x: EDGE + ((inside + left) / whole) * room, cut: inside !== oriented };
    };
  };

  const draw = (pair, place, higher) => {
    const zero = place(0).x, middle = HEIGHT / 2;
    const frame = { class: "bar", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none",
      "aria-hidden": "true" };
    const picture = svg("svg", frame, svg("line", { class: "zero", x1: zero, x2: zero, y1: 0, y2: HEIGHT }));
    if (!pair) return picture;
    const better = pair.mean > 0 === higher;
    picture.classList.add(better ? "more" : "less");
    if (pair.certain) picture.classList.add("certain");
    const end = place(pair.mean);
    const width = Math.max(Math.abs(end.x - zero), 0.5);
    picture.append(svg("rect", { x: Math.min(zero, end.x), y: middle - 5, width, height: 10, rx: 1.5 }));
    if (Number.isFinite(pair.low) || Number.isFinite(pair.high)) {
      const [from, to] = [place(pair.low), place(pair.high)];
      picture.append(svg("line", { class: "reach", x1: from.x, x2: to.x, y1: middle, y2: middle }));
      for (const [at, bounded] of [[from, Number.isFinite(pair.low)], [to, Number.isFinite(pair.high)]]) {
        if (!bounded || at.cut) continue;
        picture.append(svg("line", { class: "reach", x1: at.x, x2: at.x, y1: middle - 3.5, y2: middle + 3.5 }));
      }
    }
    if (end.cut) {
      const inwards = end.x < zero ? 5 : -5, stroke = `l${-inwards / 2} 14`;
      const start = `M${end.x + inwards} ${middle - 7}`;
      picture.append(svg("path", { class: "cut", d: `${start}${stroke}m${inwards} -14${stroke}` }));
    }
    return picture;
  };

  const chance = (p) => (p < 0.001 ? "p < 0.001" : `p = ${Number(p.toPrecision(2))}`);
  const words = (pair, metric, reference) => {
    const facts = srb.data.metrics[metric], unit = facts.unit ? ` ${facts.unit}` : "";
    const number = (value) => srb.format(value, metric, { sign: true });
    const lines = [`${number(pair.mean) || "0"}${unit} against ${srb.title(reference)}`];
    if (Number.isFinite(pair.low) && Number.isFinite(pair.high)) {
      lines.push(`95% interval ${number(pair.low)} to ${number(pair.high)}, of all pairs together`);
    }
    lines.push(`better on ${pair.won} of ${srb.counted(pair.images, "image")}`);
    const verdict = pair.certain ? "certain" : "not certain";
    if (!Number.isNaN(pair.p)) lines.push(`${chance(pair.p)}: ${verdict}`);
    else lines.push(Number.isNaN(pair.low) ? "not tested: too many methods" : verdict);
    return lines.join("\n");
  };
  return { scale, draw, words, chance };
})();
