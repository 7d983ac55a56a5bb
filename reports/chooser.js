// What the table shows: images, scale, protocol, degradation, the reference, rows and columns.
srb.chooser = (() => {
  const { $, $$, el, data, columns } = srb;
  if (!$("#groups")) return {};

  const segment = (place, choices, chosen, pick) => {
    place.hidden = choices.length < 2;
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.value : null;
    place.replaceChildren(...choices.map(([value, text]) => el("button", { type: "button", "data-value": value,
      "aria-pressed": String(value === chosen), click: () => pick(value) }, text)));
    if (focused !== null) $$("button", place).find((button) => button.dataset.value === focused)?.focus();
  };
  const select = (element, choices, chosen) => {
    element.replaceChildren(...choices.map(([value, text]) => el("option", { value }, text)));
    element.value = chosen;
  };
  const unique = (axis) => [...new Set(data.views.map((view) => view[axis]))];

  // Protocols and degradations are never mixed: of the views with the one that was picked that which is nearest to
  // the present one in all else.
  const AXES = ["scale", "protocol", "degradation"];
  const pick = (axis, value) => {
    const now = srb.view();
    const alike = (view) => AXES.filter((name) => view[name] === now[name]).length;
    const found = data.views.filter((view) => String(view[axis]) === String(value)).sort((a, b) => alike(b) - alike(a));
    srb.set({ view: found[0].key });
  };
  const axes = () => {
    const view = srb.view();
    const scales = unique("scale").sort((a, b) => a - b).map((scale) => [String(scale), `\u00d7${scale}`]);
    segment($("#scales"), scales, String(view.scale), (value) => pick("scale", value));
    for (const [axis, place] of [["protocol", $("#protocols")], ["degradation", $("#degradations")]]) {
      const values = unique(axis).sort();
      place.hidden = values.length < 2;
      select($("select", place), values.map((value) => [value, value]), view[axis]);
    }
  };
  for (const [axis, place] of [["protocol", $("#protocols")], ["degradation", $("#degradations")]]) {
    $("select", place).addEventListener("change", (event) => pick(axis, event.target.value));
  }
  const groups = () => {
    const many = srb.view().groups;
    segment($("#groups"), many.map((name) => [name, srb.group(name)]), srb.state.group, (group) => srb.set({ group }));
  };

  const reference = () => {
    const contest = srb.contest(), labels = contest && contest.labels.length > 1 ? contest.labels : [];
    $("#reference").parentNode.hidden = !labels.length;
    const known = srb.state.ref !== "best" && labels.includes(srb.state.ref);
    select($("#reference"), [["best", labels.length ? `the best (${srb.title(labels[0])})` : "the best"],
      ...labels.map((label) => [`label:${label}`, srb.title(label)])], known ? `label:${srb.state.ref}` : "best");
  };
  $("#reference").addEventListener("change", (event) => srb.set({ ref: event.target.value.replace(/^label:/, "") }));
  $("#filter").addEventListener("input", (event) => srb.set({ q: event.target.value.trim() }));

  const families = () => {
    const present = new Set(srb.view().labels.map((label) => data.methods[label].kind));
    const kinds = Object.keys(columns.kinds).filter((kind) => present.has(kind));
    $("#families").replaceChildren(...(kinds.length < 2 ? [] : kinds).map((kind) => el("button", { type: "button",
      "aria-pressed": String(srb.state.family === kind), "data-kind": kind,
      click: () => {
        srb.set({ family: srb.state.family === kind ? "" : kind });
        $(`#families [data-kind="${kind}"]`)?.focus();
      } }, el("span", { class: "dot", style: `background:var(--f-${kind})`, "aria-hidden": "true" }), columns.kinds[kind])));
  };

  const sheet = $("#columns .sheet");
  const list = () => {
    const ids = new Set(columns.shown().map((column) => column.id));
    const focused = sheet.contains(document.activeElement) ? document.activeElement.value : null;
    sheet.replaceChildren(...columns.all().map((column) => el("label", {}, el("input", { type: "checkbox", value: column.id,
      checked: ids.has(column.id), disabled: column.metric === srb.state.metric,
      change: (event) => columns.choose(column.id, event.target.checked) }), column.name)),
    el("button", { type: "button", class: "item", click: () => srb.set({ columns: "" }) }, "The usual columns"));
    if (focused !== null) ($$("input", sheet).find((box) => box.value === focused) ?? sheet.lastChild).focus();
  };
  $("#columns").addEventListener("toggle", list); // which columns there is room for may have changed

  // Menus close on Escape and on a click elsewhere.
  addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && $(".menu[open]");
    if (!menu) return;
    menu.open = false;
    $("summary", menu).focus();
  });
  addEventListener("pointerdown", (event) => {
    for (const menu of $$(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  srb.on((state, changed) => {
    const any = (...keys) => keys.some((key) => changed.has(key));
    if (any("view")) axes();
    if (any("view", "group")) groups();
    if (any("view", "group", "metric", "ref")) reference();
    if (any("view", "family")) families();
    if (any("view", "group", "metric", "columns")) list();
    if (any("q") && $("#filter").value.trim() !== state.q) $("#filter").value = state.q;
  });
  return {};
})();
