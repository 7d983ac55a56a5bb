// What a method has on each image, and where it gains most and least over bicubic: for the page of a method.
srb.values = (() => {
  const { el, svg, data } = srb;
  const BASE = "bicubic";

  // [{dataset, image, value, gain}], the best value first; gain over bicubic is positive where the method is better,
  // null where bicubic does not compete. Null where the method itself does not.
  const images = (label) => {
    const contest = srb.contest();
    const own = contest ? srb.place(contest, label) : -1;
    if (own < 0) return null;
    const base = label === BASE ? -1 : srb.place(contest, BASE);
    const sign = data.metrics[contest.metric].higher === false ? -1 : 1;
    const found = contest.images.map(([dataset, image], i) => {
      const value = contest.values[own][i];
      return { dataset, image, value, gain: base < 0 ? null : sign * (value - contest.values[base][i]) };
    });
    return found.sort((a, b) => sign * (b.value - a.value));
  };

  const WIDTH = 120, HEIGHT = 14;
  const bar = (gain, most) => {
    const zero = WIDTH * 0.3, reach = gain < 0 ? zero : WIDTH - zero;
    const length = Math.min(1, Math.abs(gain) / most) * (reach - 2);
    return svg("svg", { class: "gain", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, "aria-hidden": "true" },
      svg("line", { x1: zero, x2: zero, y1: 0, y2: HEIGHT }),
      svg("rect", { class: gain < 0 ? "fall" : "rise", x: gain < 0 ? zero - length : zero, y: 3, width: length, height: HEIGHT - 6 }));
  };
  const title = (own) => (srb.state.group === "all" ? `${srb.group(own.dataset)} / ${own.image}` : own.image);
  const heading = () => {
    const facts = data.metrics[srb.state.metric];
    return `${facts.title}${facts.unit ? `, ${facts.unit}` : ""}`;
  };

  const part = (label, section, table) => {
    const { metric } = srb.state, contest = srb.contest();
    if (!contest) return null;
    const found = images(label), name = `${data.metrics[metric].title} on each image`;
    if (!found) {
      const lacks = contest.left_out[label];
      return lacks ? section(name, el("p", {}, `It has no value on ${lacks} of the ${srb.counted(contest.images.length, "image")} that methods are compared on.`)) : null;
    }
    const gains = found[0].gain !== null;
    const most = Math.max(1e-12, ...found.map(({ gain }) => Math.abs(gain ?? 0)));
    const rows = found.map((own) => el("tr", {}, el("th", { scope: "row" }, title(own)),
      el("td", {}, srb.format(own.value, metric)),
      gains ? [el("td", {}, srb.format(own.gain, metric, { sign: true })), el("td", { class: "gained" }, bar(own.gain, most))] : null));
    const wrapped = table(name, ["Image", heading(), ...(gains ? ["over bicubic", ""] : [])], rows);
    wrapped.classList.add("values");
    return section(name, wrapped);
  };

  // -- pictures -----------------------------------------------------------------------------------------------------
  const known = (own, label) => {
    const scene = srb.pictures?.scene?.(own.dataset, own.image);
    return scene && [BASE, label].every((side) => srb.pictures.base(scene, side)) ? scene : null;
  };
  const shown = (own, label, word) => {
    const scene = known(own, label), { metric } = srb.state, { unit } = data.metrics[metric];
    const picture = (side, name) => el("figure", {}, el("img", { src: srb.pictures.base(scene, side), alt: `${own.image}: ${name}` }),
      el("figcaption", {}, name));
    return el("div", { class: "extreme" },
      el("p", {}, `${word}, ${title(own)}: ${srb.format(own.gain, metric, { sign: true })}${unit ? ` ${unit}` : ""}`),
      el("div", { class: "two" }, picture(BASE, srb.title(BASE)), picture(label, srb.title(label))),
      el("button", { type: "button", class: "button", onclick: () => srb.set({ image: `${own.dataset}/${own.image}`, frame: "", left: BASE, right: label, zoom: "1" }) },
        "See them large"));
  };
  const pictures = (label, section) => {
    const found = (images(label) ?? []).filter((own) => own.gain !== null);
    const pictured = found.filter((own) => known(own, label)).sort((a, b) => b.gain - a.gain);
    if (!pictured.length) return null;
    const extremes = pictured.length > 1 ? [[pictured[0], "Most"], [pictured.at(-1), "Least"]] : [[pictured[0], "The only one"]];
    const few = pictured.length < found.length
      ? el("p", { class: "soft" }, `Of the ${srb.counted(pictured.length, "image")} that the page shows, out of ${found.length}.`) : null;
    return section("Where it gains most and least over bicubic", few, el("div", { class: "extremes" }, extremes.map(([own, word]) => shown(own, label, word))));
  };
  return { part, pictures, images };
})();
