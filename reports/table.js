// The table: a line for each method, sorted by any column; the metric that orders sets ranks, differences and verdict.
srb.table = (() => {
  const { $, $$, el, columns, rows, data } = srb;
  const place = $("#board");
  if (!place) return {};
  const ticked = new Set();

  // -- header -----------------------------------------------------------------------------------------------------
  const sortBy = (column) => {
    const now = rows.sortColumn();
    // Rank and difference are sorted by as the metric is that orders.
    const target = column.id === "rank" || column.id === "gap" ? { ...column, ...metricColumn() } : column;
    const turned = rows.descending(now) ? "0" : "1";
    const desc = now.id === target.id && turned !== (target.down ? "1" : "0") ? turned : "";
    srb.set(target.metric ? { metric: target.metric, sort: "", desc } : { sort: target.id, desc });
  };
  const metricColumn = () => columns.all().find((column) => column.metric === srb.state.metric);
  const refocus = (id) => {
    $$(".sort", place).find((button) => button.dataset.column === id)?.focus({ preventScroll: true });
  };
  const heading = (column, now) => {
    const first = column.id === "name";
    const classes = [first ? "method" : `c-${column.id}`, column.words ? "words" : "number"];
    if (column.metric && column.metric === srb.state.metric) classes.push("orders");
    const click = () => {
      sortBy(column);
      refocus(column.id);
    };
    const button = el("button", { type: "button", class: "sort", "data-column": column.id, click },
      column.head, el("span", { class: "arrow", "aria-hidden": "true" }));
    if (column.tip) srb.tip.bind(button, () => column.tip);
    const sorted = now.id === column.id ? (rows.descending(column) ? "descending" : "ascending") : null;
    return el("th", { scope: "col", class: classes.join(" "), "aria-sort": sorted }, button);
  };

  // -- two ticked methods are set against each other ------------------------------------------------------------------
  const tick = (label) => el("input", { type: "checkbox", class: "tick", "aria-label": `Compare ${srb.title(label)}`,
    checked: ticked.has(label), change: (event) => {
      if (event.target.checked) ticked.add(label);
      else ticked.delete(label);
      if (ticked.size === 2) srb.set({ versus: srb.pairKey(...ticked) });
      hint();
    } });

  // -- what there is to know of the table -----------------------------------------------------------------------------
  const ranking = (contest, metric) => {
    if (!contest) {
      return data.metrics[metric]?.higher === null
        ? "Which direction is better is not known for this metric, so there are no ranks." : "No values to rank.";
    }
    if (contest.labels.length < 2) return "One method with values on all images: there is nothing to rank.";
    if (!contest.can_tell) {
      const images = srb.told(contest), least = Number(contest.smallest_p.toPrecision(3));
      if (contest.clips) return `${images}: too few clips for a test. Sorted by the mean, without ranks.`;
      return `${images}: no p-value below ${least} is possible, so nothing is certain. Sorted by the mean, without ranks.`;
    }
    const said = "Full colour: certain at 5%, all pairs together. Green edge: may be the best.";
    const whole = contest.pairs.length > contest.labels.length - 1 || contest.labels.length === 2;
    return whole ? said : `${said} Of so many methods only differences to the best are tested here, without intervals.`;
  };
  const hint = () => {
    const { ref, metric } = srb.state, said = [];
    if (ref !== "best" && columns.reference() !== ref) {
      said.push(`\u2018${srb.title(ref)}\u2019 is not among the methods compared here; differences are to the best.`);
    }
    said.push(ranking(srb.contest(), metric));
    if (ticked.size === 1) said.push(`Tick another method to set it against ${srb.title([...ticked][0])}.`);
    $("#hint").textContent = said.join(" ");
  };
  // What signs and published values are about, for those who read rather than point.
  const list = (title, items) => {
    if (!items.length) return [];
    return [el("details", {}, el("summary", {}, title), el("ul", {}, items.map((item) => el("li", {}, item))))];
  };
  const under = (labels, shown) => {
    const signs = labels.flatMap((label) => rows.reasons(label).map((text) => `${srb.title(label)}: ${text}`));
    const printed = shown.some((column) => column.faint) ? labels : [];
    const published = printed.filter((label) => columns.cell(label).published !== undefined);
    const sources = published.map((label) => `${srb.title(label)}: ${columns.cell(label).published_source}`);
    const apart = printed.filter(columns.unlike).map((label) => `${srb.title(label)}: ${columns.unlike(label)}`);
    const star = "* in grey: not like with like. The printed value is of another size, other training images or another protocol.";
    return [...(apart.length ? [el("p", {}, star)] : []), ...list("What the signs beside names say", signs),
      ...list("Where the published values are from", sources), ...list("What is not like with like", apart)];
  };

  // What others add to the table each time it is drawn.
  const more = [];

  // -- all together -----------------------------------------------------------------------------------------------
  // With the usual columns as many of them as there is room for.
  const draw = () => {
    columns.restore();
    do fill(); while (!fits() && columns.drop());
    hint();
    // A table wider than its place scrolls in a box of its own, in which the header stays too.
    const wide = !fits();
    place.classList.toggle("wide", wide);
    if (wide) place.setAttribute("tabindex", "0");
    else place.removeAttribute("tabindex");
  };
  const fits = () => {
    place.classList.remove("wide");
    return $("table", place).scrollWidth <= place.clientWidth;
  };
  const fill = () => {
    const shown = columns.shown(), labels = rows.labels(), now = rows.sortColumn(), all = srb.view().labels;
    const pairs = all.map(columns.gap).filter(Boolean);
    const scale = srb.bars.scale(pairs, data.metrics[srb.state.metric]?.higher !== false);
    const head = [{ id: "name", head: "Method", words: true }, ...shown].map((column) => heading(column, now));
    const body = labels.map((label) => rows.row(label, shown, scale, tick(label)));
    $("thead", place).replaceChildren(el("tr", {}, head));
    $("tbody", place).replaceChildren(...(body.length ? body : [rows.nothing(shown.length + 1)]));
    const where = `${srb.group(srb.state.group)}, ${srb.view().title}`;
    $("caption", place).textContent = `Means by method: ${where}. The buttons in the header sort.`;
    $("#count").textContent = labels.length === all.length ? "" : `${labels.length} of ${srb.counted(all.length, "method")}`;
    $("#under").replaceChildren(...under(labels, shown));
    for (const add of more) add();
  };
  // Up and down go to the same thing in the next row.
  place.addEventListener("keydown", (event) => {
    const sibling = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = sibling && event.target.closest("tbody tr")?.[sibling];
    const kind = ["tick", "named", "mark", "against"].find((name) => event.target.classList.contains(name));
    const target = next && kind && $(`.${kind}`, next);
    if (!target) return;
    target.focus();
    event.preventDefault();
  });
  const KEYS = ["view", "group", "metric", "sort", "desc", "ref", "q", "family", "columns"];
  srb.on((state, changed) => {
    if (changed.has("versus") && !state.versus && ticked.size === 2) {
      ticked.clear();
      for (const box of $$(".tick", place)) box.checked = false;
    }
    if (KEYS.some((key) => changed.has(key))) draw();
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) draw(); // on a phone the height changes with every scroll
    width = innerWidth;
  });
  return { add: (rows) => more.push(rows) };
})();
