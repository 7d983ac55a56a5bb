// The first screen in words: what is shown, and what the tests say of it.
srb.verdict = (() => {
  const { $, el } = srb;
  const context = () => {
    const view = srb.view();
    if (!view) return;
    const datasets = view.groups.filter((group) => group !== "all");
    const chosen = srb.state.group === "all" ? datasets : [srb.state.group];
    const images = chosen.map((name, i) => {
      const count = view.images[name] ?? 0;
      return `${srb.group(name)} (${i === chosen.length - 1 ? srb.counted(count, "image") : count})`;
    });
    const parts = [images.join(" + "), `\u00d7${view.scale}`, view.degradation === "none" ? "no original" : `${view.degradation} degradation`,
      `${view.protocol} protocol`, srb.counted(view.labels.length, "method")];
    $("#context").textContent = parts.join(" \u00b7 ");
  };
  const spans = (list) => list.map((span) => {
    const text = span.strong ? el("strong", {}, span.text) : span.text;
    if (!span.label) return text;
    return el("button", { type: "button", class: "named", click: () => srb.set({ method: span.label }) }, text);
  });
  const sentences = () => {
    const place = $("#verdict");
    const said = srb.contest()?.verdict;
    if (!place) return;
    place.replaceChildren();
    if (!said) return;
    place.append(el("p", { class: "lead" }, spans(said.lead)));
    if (said.facts.length) {
      place.append(el("ul", { class: "facts-of" }, said.facts.map((fact) => el("li", {}, spans(fact)))));
    }
  };
  srb.on((state, changed) => {
    if (!["view", "group", "metric"].some((key) => changed.has(key))) return;
    context();
    sentences();
  });
  return {};
})();
