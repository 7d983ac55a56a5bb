// The rows of the table: which methods, in which order, and what stands in the cells of each.
srb.rows = (() => {
  const { el, columns, data } = srb;
  const KINDS = ["bad", "warn", "soft"];
  const SIGNS = { bad: "\u00d7", warn: "!", soft: "i" };
  const DASH = "\u2013";

  // -- which methods, in which order ------------------------------------------------------------------------------
  const matches = (label) => {
    const facts = data.methods[label], { q, family } = srb.state;
    if (family && facts.kind !== family) return false;
    const text = `${label} ${facts.title} ${facts.year ?? ""} ${facts.family}`.toLowerCase();
    return q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  };
  const NAME = { id: "name", key: (label) => srb.title(label).toLowerCase() };
  const sortColumn = () => {
    const { sort, metric } = srb.state;
    if (sort === "name") return NAME;
    const all = columns.all(), find = (id) => all.find((column) => column.id === id);
    return find(sort || metric) ?? find(metric) ?? NAME;
  };
  // The state says ascending or descending; if not, numbers that are better when higher, and years, descend.
  const descending = (column) => (srb.state.desc ? srb.state.desc === "1" : Boolean(column.down));
  const compare = (column) => {
    const turned = descending(column) ? -1 : 1;
    // A key that is a pair has the best first as it is, and those that are not compared last in both directions.
    const usual = descending(column) === Boolean(column.down) ? 1 : -1;
    return (a, b) => {
      const [x, y] = [column.key(a), column.key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      if (Array.isArray(x)) return x[0] - y[0] || usual * (x[1] - y[1]);
      return turned * (typeof x === "string" ? x.localeCompare(y) : x - y);
    };
  };
  const labels = () => {
    const standing = new Map((srb.contest()?.labels ?? []).map((label, i) => [label, i]));
    const place = (label) => standing.get(label) ?? standing.size;
    const ranked = [...srb.view().labels].sort((a, b) => place(a) - place(b));
    return ranked.sort(compare(sortColumn())).filter(matches);
  };

  // -- cells --------------------------------------------------------------------------------------------------------
  const reasons = (label) => {
    const contest = srb.contest(), missing = contest?.left_out[label];
    const said = srb.marks(label).map((mark) => `${mark.word}: ${mark.reason}`);
    if (!missing) return said;
    const images = srb.counted(contest.images.length, "image");
    return [`not ranked: lacks ${missing} of the ${images} that are compared`, ...said];
  };
  const sign = (label) => {
    const said = reasons(label);
    if (!said.length) return null;
    const missing = srb.contest()?.left_out[label];
    const found = new Set([...srb.marks(label).map((mark) => mark.kind), missing ? "warn" : "soft"]);
    const kind = KINDS.find((name) => found.has(name));
    const words = [...new Set(said.map((text) => text.split(":")[0]))].join(", ");
    const attributes = { type: "button", class: `mark ${kind}`, "aria-label": `${srb.title(label)}: ${words}` };
    return srb.tip.bind(el("button", attributes, SIGNS[kind]), () => said.join("\n"));
  };
  const named = (label, tick) => {
    const may = columns.rank(label)?.[2], { title } = data.methods[label];
    const open = () => srb.set({ method: label });
    const name = el("button", { type: "button", class: "named", click: open }, srb.title(label));
    if (title !== srb.title(label)) srb.tip.bind(name, () => title);
    const words = may ? el("span", { class: "vh" }, ", may be the best") : null;
    return el("th", { scope: "row", class: may ? "method may" : "method" },
      el("div", { class: "who" }, tick, srb.dot(label), name, words, sign(label)));
  };
  const value = (label, column) => {
    const own = columns.cell(label, column.metric), text = column.text(label);
    if (text === "") {
      const reason = el("span", { class: "vh" }, `: ${own.reason}`);
      return srb.tip.bind(el("span", { class: "none" }, own.word ?? DASH, reason), () => own.reason);
    }
    const part = own.n === own.planned ? [] : [el("small", { class: "part" }, `${own.n}/${own.planned}`), " "];
    return [...part, column.best(label) ? el("strong", {}, text) : text];
  };
  const against = (label, scale) => {
    const pair = columns.gap(label), { metric } = srb.state, { higher } = data.metrics[metric];
    if (!pair) return null;
    const reference = columns.reference();
    if (label === reference) return [el("span", { class: "gap soft" }, "reference"), srb.bars.draw(null, scale, higher)];
    const said = srb.bars.words(pair, metric, reference);
    const attributes = { class: "against", tabindex: "0", role: "img", "aria-label": said.replaceAll("\n", "; ") };
    const number = el("span", { class: "gap" }, srb.format(pair.mean, metric, { sign: true }));
    return srb.tip.bind(el("span", attributes, number, srb.bars.draw(pair, scale, higher)), () => said);
  };
  const cell = (label, column, scale) => {
    const classes = [`c-${column.id}`];
    if (column.words) classes.push("words");
    if (column.metric) classes.push(column.metric === srb.state.metric ? "orders" : "other");
    const inside = column.metric ? value(label, column) : column.id === "gap" ? against(label, scale) : column.text(label);
    const faint = column.faint?.(label);
    if (faint) classes.push("unlike");
    const td = el("td", { class: classes.join(" ") }, inside, faint ? el("span", { class: "vh" }, ` not like with like: ${faint}`) : null);
    const source = column.source?.(label);
    return source ? srb.tip.bind(td, () => source) : td;
  };
  const row = (label, shown, scale, tick) => {
    const reference = label === columns.reference() && columns.gap(label);
    return el("tr", { "data-label": label, class: reference ? "ref" : null }, named(label, tick),
      shown.map((column) => cell(label, column, scale)));
  };
  // In place of rows, where no method matches: what there is.
  const nothing = (width) => {
    const all = srb.view().labels, { q, family } = srb.state;
    const kind = columns.kinds[family] ?? family;
    const what = [q && `\u2018${q}\u2019`, family && `the family \u2018${kind}\u2019`].filter(Boolean).join(" in ");
    const names = all.slice(0, 12).map(srb.title);
    if (all.length > 12) names.push(`${all.length - 12} more`);
    const reset = el("button", { type: "button", class: "button", click: () => srb.set({ q: "", family: "" }) }, "Show all");
    return el("tr", {}, el("td", { class: "nothing", colspan: width },
      `No method matches ${what}. There are ${srb.list(names)}. `, reset));
  };
  return { labels, row, nothing, reasons, sortColumn, descending };
})();
