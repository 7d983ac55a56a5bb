// Ranks as intervals: each method from the first to the last place that the tests leave open, at its mean.
srb.diagram = (() => {
  const { $, el, svg, columns } = srb;
  const place = $("#diagram");
  if (!place) return {};
  const MOST = 60; // methods; more are not read from a picture
  const WIDTH = 760, VALUE = 70, ROW = 15, TOP = 20;

  const draw = () => {
    const contest = srb.contest(), count = contest?.labels.length ?? 0;
    if (!contest?.can_tell || count < 3 || count > MOST) {
      place.replaceChildren();
      return;
    }
    const { metric, group } = srb.state;
    const start = Math.min(320, 24 + 7 * Math.max(...contest.labels.map((label) => srb.title(label).length)));
    const x = (rank) => start + ((rank - 0.5) / count) * (WIDTH - start - VALUE);
    const height = TOP + ROW * count + 4;
    const step = count > 30 ? 5 : count > 12 ? 2 : 1;
    const frame = { viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": "Ranks as intervals" };
    const picture = svg("svg", frame);
    for (let rank = 1; rank <= count; rank += rank === 1 && step > 1 ? step - 1 : step) {
      picture.append(svg("line", { class: "tick-line", x1: x(rank), x2: x(rank), y1: TOP - 4, y2: height }),
        svg("text", { class: "axis", x: x(rank), y: TOP - 8, "text-anchor": "middle" }, `${rank}`));
    }
    contest.labels.forEach((label, i) => picture.append(row(contest, label, i, x, metric, start)));
    const where = group === "all" ? "all datasets, each counting the same" : srb.group(group);
    const caption = "A bar holds every place that the tests leave open to a method (95% for all together); the dot is its "
      + `place by the mean over ${where}.`;
    const title = `Ranks by ${srb.data.metrics[metric].title}`;
    place.replaceChildren(el("h3", {}, title), picture, el("figcaption", {}, caption));
  };
  const row = (contest, label, i, x, metric, start) => {
    const [first, last, may] = contest.standing[i];
    const y = TOP + ROW * (i + 0.5), colour = `var(${srb.family(label)})`, reach = 7;
    const value = srb.format(columns.mean(label, metric), metric);
    const ranks = columns.rankText([first, last]);
    const said = `${srb.title(label)}: ${value}, rank ${ranks}${may ? ", may be the best" : ""}`;
    const open = () => srb.set({ method: label });
    return srb.tip.bind(svg("g", { tabindex: "0", role: "button", "aria-label": said, click: open,
      keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(); } } },
    svg("rect", { x: 0, y: y - ROW / 2, width: WIDTH, height: ROW, fill: "transparent" }),
    svg("text", { x: start - 14, y: y + 4, "text-anchor": "end", "font-weight": may ? 700 : 400 }, srb.title(label)),
    svg("rect", { x: x(first) - reach, y: y - 4, width: x(last) - x(first) + 2 * reach, height: 8, rx: 4, fill: colour,
      opacity: 0.32 }),
    svg("circle", { cx: x(i + 1), cy: y, r: 4, fill: colour }),
    svg("text", { class: "number", x: WIDTH - 2, y: y + 4, "text-anchor": "end" }, value)), () => said);
  };
  srb.on((state, changed) => {
    if (["view", "group", "metric"].some((key) => changed.has(key))) draw();
  });
  return {};
})();
