// The table: a line for each method, sorted by any column; the metric that orders sets ranks, differences and verdict.
srb.table = (() => {
  const { $, $$, el, columns, data } = srb;
  const place = $("#board");
  if (!place) return {};
  const ticked = new Set();
  const KINDS = ["bad", "warn", "soft"];
  const SIGNS = { bad: "\u00d7", warn: "!", soft: "i" };

  // -- which methods, in which order ------------------------------------------------------------------------------
  const matches = (label) => {
    const facts = data.methods[label], { q, family } = srb.state;
    if (family && facts.kind !== family) return false;
    const text = `${label} ${facts.title} ${facts.year ?? ""} ${facts.family}`.toLowerCase();
    return q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  };
  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "string") return a.localeCompare(b);
    if (Array.isArray(a)) return a[0] - b[0] || a[1] - b[1];
    return a - b;
  };
  const sortColumn = () => {
    const { sort, metric } = srb.state;
    if (sort === "name") return { id: "name", key: (label) => srb.title(label).toLowerCase() };
    return columns.all().find((column) => column.id === (sort || metric)) ?? columns.all().find((c) => c.metric === metric);
  };
  // The state says ascending or descending; without a word numbers that are better when higher, and years, descend.
  const descending = (column) => (srb.state.desc ? srb.state.desc === "1" : Boolean(column.down));
  const rows = () => {
    const { labels } = srb.view();
    const column = sortColumn();
    // A key that is a pair already has the best first, whatever the direction of its numbers.
    const ordered = (a, b) => {
      const [x, y] = [column.key(a), column.key(b)];
      if (x === null || y === null) return compare(x, y);
      if (Array.isArray(x)) return x[0] - y[0] || (descending(column) === Boolean(column.down) ? 1 : -1) * (x[1] - y[1]);
      return (descending(column) ? -1 : 1) * compare(x, y);
    };
    const contest = srb.contest();
    const standing = new Map((contest?.labels ?? []).map((label, i) => [label, i]));
    const start = [...labels].sort((a, b) => (standing.get(a) ?? Infinity) - (standing.get(b) ?? Infinity) || 0);
    return start.sort(ordered).filter(matches);
  };

  // -- header -----------------------------------------------------------------------------------------------------
  const sortBy = (column) => {
    const now = sortColumn();
    const same = now.id === column.id;
    const turned = descending(now) ? "0" : "1";
    const desc = same && turned !== (column.down ? "1" : "0") ? turned : "";
    if (column.metric) srb.set({ metric: column.metric, sort: "", desc });
    else srb.set({ sort: column.id === "rank" || column.id === "gap" ? "" : column.id, desc: column.id === "rank" || column.id === "gap" ? "" : desc });
  };
  const heading = (column, now) => {
    const classes = [column.words || column.id === "name" ? "words" : "number", column.id === "name" ? "method" : `c-${column.id}`,
      column.metric === srb.state.metric ? "orders" : ""].filter(Boolean);
    const button = el("button", { type: "button", class: "sort", click: () => { sortBy(column); refocus(column.id); }, "data-column": column.id },
      column.head, el("span", { class: "arrow", "aria-hidden": "true" }));
    if (column.tip) srb.tip.bind(button, () => column.tip);
    const sorted = now.id === column.id ? (descending(column) ? "descending" : "ascending") : null;
    return el("th", { scope: "col", class: classes.join(" "), "aria-sort": sorted }, button);
  };
  const refocus = (id) => $$(".sort", place).find((button) => button.dataset.column === id)?.focus({ preventScroll: true });

  // -- rows -------------------------------------------------------------------------------------------------------
  const reasons = (label) => {
    const contest = srb.contest(), missing = contest?.left_out[label];
    const said = srb.marks(label).map((mark) => `${mark.word}: ${mark.reason}`);
    if (missing) said.unshift(`not ranked: lacks ${missing} of the ${srb.counted(contest.images.length, "image")} that are compared`);
    return said;
  };
  const sign = (label) => {
    const said = reasons(label);
    if (!said.length) return null;
    const found = new Set([...srb.marks(label).map((mark) => mark.kind), srb.contest()?.left_out[label] ? "warn" : "soft"]);
    const kind = KINDS.find((name) => found.has(name));
    const words = [...new Set(said.map((text) => text.split(":")[0]))].join(", ");
    return srb.tip.bind(el("button", { type: "button", class: `mark ${kind}`, "aria-label": `${srb.title(label)}: ${words}` },
      SIGNS[kind]), () => said.join("\n"));
  };
  const tick = (label) => el("input", { type: "checkbox", class: "tick", "aria-label": `Compare ${srb.title(label)}`,
    checked: ticked.has(label), change: (event) => {
      if (event.target.checked) ticked.add(label);
      else ticked.delete(label);
      if (ticked.size === 2) srb.set({ versus: srb.pairKey(...ticked) });
      hint();
    } });
  const named = (label) => {
    const standing = columns.rank(label), { title } = data.methods[label];
    const name = el("button", { type: "button", class: "named", click: () => srb.set({ method: label }) }, srb.title(label));
    if (title !== srb.title(label)) srb.tip.bind(name, () => title);
    return el("th", { scope: "row", class: `method${standing?.[2] ? " may" : ""}` }, el("div", { class: "who" }, tick(label), srb.dot(label),
      name, standing?.[2] ? el("span", { class: "vh" }, ", may be the best") : null, sign(label)));
  };
  const value = (label, column) => {
    const own = columns.cell(label, column.metric);
    const text = column.text(label);
    if (text === "") return srb.tip.bind(el("span", { class: "none" }, own.word ?? "\u2013", el("span", { class: "vh" }, `: ${own.reason}`)), () => own.reason);
    const part = own.n !== own.planned ? el("small", { class: "part" }, `${own.n}/${own.planned}`) : null;
    return [part, part ? " " : null, column.best(label) ? el("strong", {}, text) : text];
  };
  const against = (label, scale) => {
    const pair = columns.gap(label), { metric } = srb.state;
    if (!pair) return null;
    const { higher } = data.metrics[metric];
    if (label === columns.reference()) return [el("span", { class: "gap soft" }, "reference"), srb.bars.draw(null, scale, higher)];
    const said = srb.bars.words(pair, metric, columns.reference());
    return srb.tip.bind(el("span", { class: "against", tabindex: "0", role: "img", "aria-label": said.replaceAll("\n", "; ") },
      el("span", { class: "gap" }, srb.format(pair.mean, metric, { sign: true })), srb.bars.draw(pair, scale, higher)), () => said);
  };
  const line = (label, shown, scale) => {
    const cells = shown.map((column) => {
      const inside = column.id === "gap" ? against(label, scale) : column.metric ? value(label, column) : column.text(label);
      const classes = [`c-${column.id}`, column.words ? "words" : "", column.metric === srb.state.metric ? "orders" : column.metric ? "other" : ""];
      const td = el("td", { class: classes.filter(Boolean).join(" ") }, inside);
      const source = column.source?.(label) || (column.id === "latency_ms" && srb.cost(label).conditions);
      return source ? srb.tip.bind(td, () => source) : td;
    });
    const reference = label === columns.reference() && columns.gap(label);
    return el("tr", { "data-label": label, class: reference ? "ref" : null }, named(label), cells);
  };

  // -- all together -----------------------------------------------------------------------------------------------
  const nothing = (width) => {
    const { labels } = srb.view(), { q, family } = srb.state;
    const what = [q && `\u2018${q}\u2019`, family && `the family \u2018${columns.kinds[family] ?? family}\u2019`].filter(Boolean).join(" in ");
    const names = labels.slice(0, 12).map(srb.title);
    if (labels.length > 12) names.push(`${labels.length - 12} more`);
    return el("tr", {}, el("td", { class: "nothing", colspan: width }, `No method matches ${what}. There are ${srb.list(names)}. `,
      el("button", { type: "button", class: "button", click: () => srb.set({ q: "", family: "" }) }, "Show all")));
  };
  const hint = () => {
    const contest = srb.contest(), { ref, metric } = srb.state, said = [];
    if (ref !== "best" && columns.reference() !== ref) said.push(`\u2018${srb.title(ref)}\u2019 is not among the methods compared here; differences are to the best.`);
    if (!contest) said.push(data.metrics[metric]?.higher === null ? "Which direction is better is not known for this metric, so there are no ranks." : "No values to rank.");
    else if (contest.labels.length < 2) said.push("One method with values on all images: there is nothing to rank.");
    else if (!contest.can_tell) {
      said.push(`${srb.counted(contest.images.length, "image")}: no p-value below ${Number(contest.smallest_p.toPrecision(3))} is possible, so nothing is certain. Sorted by the mean, without ranks.`);
    } else {
      said.push("Full colour: certain at 5%, all pairs together. Green edge: may be the best.");
      if (!contest.pairs[contest.labels.length]) said.push("Of so many methods the page holds intervals to the best only.");
    }
    if (ticked.size === 1) said.push(`Tick another method to set it against ${srb.title([...ticked][0])}.`);
    $("#hint").textContent = said.join(" ");
  };
  // What signs and published values are about, for those who read rather than point.
  const under = (labels, shown) => {
    const list = (title, items) => (items.length ? el("details", {}, el("summary", {}, title), el("ul", {}, items.map((item) => el("li", {}, item)))) : null);
    const signs = labels.flatMap((label) => reasons(label).map((text) => `${srb.title(label)}: ${text}`));
    const published = shown.some((column) => column.id === "published") ? labels.filter((label) => columns.cell(label).published !== undefined) : [];
    const star = published.some(columns.foreign) ? el("p", {}, "* published under another protocol, whose numbers differ by 0.01 to 0.09 dB on the same images.") : null;
    return [star, list("What the signs beside names say", signs),
      list("Where the published values are from", published.map((label) => `${srb.title(label)}: ${columns.cell(label).published_source}`))].filter(Boolean);
  };
  const draw = () => {
    const shown = columns.shown(), labels = rows(), now = sortColumn();
    const pairs = srb.view().labels.map(columns.gap).filter(Boolean);
    const scale = srb.bars.scale(pairs, data.metrics[srb.state.metric]?.higher !== false);
    const head = [{ id: "name", head: "Method", words: true }, ...shown].map((column) => heading(column, now));
    $("thead", place).replaceChildren(el("tr", {}, head));
    $("tbody", place).replaceChildren(...(labels.length ? labels.map((label) => line(label, shown, scale)) : [nothing(shown.length + 1)]));
    $("caption", place).textContent = `Means by method: ${srb.group(srb.state.group)}, ${srb.view().title}. The buttons in the header sort.`;
    $("#count").textContent = labels.length === srb.view().labels.length ? "" : `${labels.length} of ${srb.counted(srb.view().labels.length, "method")}`;
    $("#under").replaceChildren(...under(labels, shown));
    hint();
    fit();
  };
  // A table wider than its place scrolls in a box of its own, in which the header stays too.
  const fit = () => {
    place.classList.remove("wide");
    const wide = $("table", place).scrollWidth > place.clientWidth;
    place.classList.toggle("wide", wide);
    if (wide) place.setAttribute("tabindex", "0");
    else place.removeAttribute("tabindex");
  };
  // Up and down go to the same thing in the next row.
  place.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = event.target.closest("tbody tr"), next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
    const kind = ["tick", "named", "mark", "against"].find((name) => event.target.classList.contains(name));
    const target = next && kind && $(`.${kind}`, next);
    if (!target) return;
    target.focus();
    event.preventDefault();
  });
  srb.on((state, changed) => {
    if (changed.has("versus") && !state.versus && ticked.size === 2) {
      ticked.clear();
      for (const box of $$(".tick", place)) box.checked = false;
    }
    if (["view", "group", "metric", "sort", "desc", "ref", "q", "family", "columns"].some((key) => changed.has(key))) draw();
  });
  addEventListener("resize", fit);
  columns.narrow.addEventListener("change", draw);
  return { rows, sortColumn };
})();
