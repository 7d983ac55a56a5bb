// The table as it is shown, as text for papers, pull requests and spreadsheets.
srb.copy = (() => {
  const { $, el, columns, data } = srb;
  const place = $("#copy .sheet");
  if (!place) return {};

  // Names and texts as on the screen; best of which column they are.
  const content = () => {
    const shown = columns.shown();
    return {
      shown,
      labels: srb.rows.labels(),
      head: ["Method", ...shown.map((column) => column.head)],
      rows: srb.rows.labels().map((label) => [srb.title(label), ...shown.map((column) => column.text(label))]),
      best: srb.rows.labels().map((label) => [false, ...shown.map((column) => Boolean(column.best?.(label)))]),
    };
  };
  // Of published values beside rows that they are not like with like with.
  const unlike = () => {
    const { shown, labels } = content();
    if (!shown.some((column) => column.faint)) return [];
    return labels.filter(columns.unlike).map((label) => `* ${srb.title(label)}: ${columns.unlike(label)}`);
  };
  const caption = () => `${srb.group(srb.state.group)}, ${srb.view().title}`;
  const plain = (text) => text.replaceAll("\u2212", "-").replaceAll("\u2009", " ");

  const csv = () => {
    const { shown, labels } = content();
    const quoted = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    // A sheet takes a text that starts so for a formula.
    const safe = (value) => (/^[=+\-@\t]/.test(value) && !/^[+-]?[\d.]+$/.test(value) ? `'${value}` : value);
    const number = (column, label) => {
      const pair = column.id === "gap" ? columns.gap(label) : null;
      const value = pair ? pair.mean : column.value ? column.value(label) : null;
      return value === null || value === undefined ? plain(column.text(label)) : String(value);
    };
    const printed = shown.some((column) => column.faint);
    const lines = [["method", "title", ...shown.map((column) => plain(column.name)), ...(printed ? ["Unlike print"] : [])],
      ...labels.map((label) => [label, srb.title(label), ...shown.map((column) => number(column, label)),
        ...(printed ? [columns.unlike(label)] : [])])];
    return lines.map((line) => line.map((value) => quoted(safe(value))).join(",")).join("\r\n") + "\r\n";
  };

  const markdown = () => {
    const { shown, head, rows, best } = content();
    const escaped = (text) => text.replace(/[\\`*_|<>[\]]/g, "\\$&");
    const line = (cells) => `| ${cells.join(" | ")} |`;
    const rule = line(["---", ...shown.map((column) => (column.words ? "---" : "---:"))]);
    const strong = (text, i, j) => (best[i][j] ? `**${escaped(text)}**` : escaped(text));
    const body = rows.map((row, i) => line(row.map((text, j) => strong(text, i, j))));
    return [escaped(caption()), "", line(head.map(escaped)), rule, ...body, "",
      ...unlike().map((text) => `${escaped(text)}\n`)].join("\n");
  };

  const SPECIAL = { "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", "%": "\\%",
    _: "\\_", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}",
    ">": "\\textgreater{}", "|": "\\textbar{}",
    "\u2191": "$\\uparrow$", "\u2193": "$\\downarrow$", "\u2212": "$-$",
    "\u2013": "--", "\u00d7": "$\\times$", "\u2009": "\\,", "\u221e": "$\\infty$" };
  const tex = (text) => [...text].map((character) => SPECIAL[character] ?? character).join("");
  const latex = () => {
    const { shown, labels, head, rows, best } = content();
    const cited = (label, text) => (data.methods[label].cite ? `${text}~\\cite{${data.methods[label].cite}}` : text);
    return [`% ${plain(caption())}. Needs \\usepackage{booktabs}`,
      `\\begin{tabular}{l${shown.map((column) => (column.words ? "l" : "r")).join("")}}`, "\\toprule",
      `${head.map(tex).join(" & ")} \\\\`, "\\midrule",
      ...rows.map((row, i) => `${row.map((text, j) => {
        const own = best[i][j] ? `\\textbf{${tex(text)}}` : tex(text);
        return j ? own : cited(labels[i], own);
      }).join(" & ")} \\\\`),
      "\\bottomrule", "\\end{tabular}", ...unlike().map((text) => `% ${plain(text)}`), ""].join("\n");
  };

  // Without the right to write to the clipboard the text is shown, selected, to be copied by hand.
  const give = async (name, text) => {
    $(".given", place)?.remove();
    const given = el("div", { class: "given" });
    place.append(given);
    try {
      await navigator.clipboard.writeText(text);
      const count = srb.counted(srb.rows.labels().length, "method");
      given.append(el("p", { class: "status", role: "status" }, `Copied as ${name}: ${count}.`));
    } catch {
      const area = el("textarea", { readonly: true, "aria-label": `The table as ${name}, to be copied` });
      area.value = text;
      given.append(area);
      area.focus();
      area.select();
    }
  };
  const FORMATS = { LaTeX: latex, Markdown: markdown, CSV: csv };
  place.append(...Object.entries(FORMATS).map(([name, make]) =>
    el("button", { type: "button", class: "item", click: () => give(name, make()) }, `Copy as ${name}`)));
  return { latex, markdown, csv };
})();
