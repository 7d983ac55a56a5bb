// What the literature reports: rows below the table's own, in italics, never ranked, sorted by the metric that orders.
srb.reported = (() => {
  const { $, el, columns, data } = srb;
  const place = $("#board");
  const entries = data.literature ?? [];
  if (!place || !entries.length) return {};

  const cell = (entry, metric) => entry.cells[srb.view().key]?.[metric]?.[srb.state.group];
  const rows = () => {
    const { metric, q } = srb.state;
    const sign = data.metrics[metric]?.higher === false ? 1 : -1;
    const place = (entry) => (cell(entry, metric) ? sign * cell(entry, metric).value : Infinity);
    return entries
      .filter((entry) => srb.view().metrics.some((name) => cell(entry, name)))
      .filter((entry) => q.toLowerCase().split(/\s+/).every((word) => `${entry.title} as reported`.toLowerCase().includes(word)))
      .sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
  };
  const value = (entry, metric) => {
    const own = cell(entry, metric);
    if (!own) return null;
    const other = own.protocol === srb.view().protocol ? "" : `, protocol ${own.protocol}`;
    return srb.tip.bind(el("span", { tabindex: "0" }, srb.format(own.value, metric)), () => `As reported${other}: ${own.source}`);
  };
  const line = (entry) => el("tr", { class: "reported", "data-reported": entry.name },
    el("th", { scope: "row", class: "method" }, el("div", { class: "who" }, el("em", {}, entry.title), el("small", {}, "as reported"))),
    columns.shown().map((column) => el("td", { class: `c-${column.id}` },
      column.metric ? value(entry, column.metric) : column.id === "year" ? `${entry.year}` : "")));
  const draw = () => {
    const body = $("tbody", place);
    for (const old of srb.$$(".reported", body)) old.remove();
    body.append(...rows().map(line));
  };

  srb.table.add(draw);
  return { rows };
})();
