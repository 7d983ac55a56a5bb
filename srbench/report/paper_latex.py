r"""The tables of papers in LaTeX, with booktabs and the keys of the papers that they cite."""

from __future__ import annotations

from collections.abc import Sequence

from srbench.report.paper import Cell, PaperTable, Row, heading, size, tables
from srbench.results.choice import EVERYTHING, Choice
from srbench.results.literature import Entry
from srbench.results.reader import Reader
from srbench.wording import printable

_SPECIAL = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''"},
    **{"↑": r"$\uparrow$", "↓": r"$\downarrow$", "\u00d7": r"$\times$", "\u2212": "$-$", "∞": r"$\infty$"},
}


def to_latex(reader: Reader, choice: Choice = EVERYTHING, literature: Sequence[Entry] = ()) -> str:
    r"""Tables, one for each scale, protocol and degradation, marked as in Markdown
    (:func:`srbench.report.paper_markdown.to_markdown`): ``tabular`` with the rules of booktabs, names escaped, papers
    of methods cited by the keys of :func:`srbench.report.bib.to_bib`. Sources and remarks are comments below.

    Raises:
        SrbenchError: nothing is left of what was chosen.
    """
    return "\n".join(_one(table) for table in tables(reader, choice, literature))


def _one(table: PaperTable) -> str:
    first = ["Method", *(["Parameters"] if table.with_parameters else [])]
    start = len(first) + 1
    groups, rules = [], []
    for dataset, metrics in table.datasets:
        groups.append(rf"\multicolumn{{{len(metrics)}}}{{c}}{{{_escaped(dataset)}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + len(metrics) - 1}}}")
        start += len(metrics)
    heads = [_escaped(f"{heading(metric)} {metric.arrow}".strip()) for _, metric in table.columns]
    lines = [
        _comment(f"{table.title}; needs \\usepackage{{booktabs}}"),
        rf"\begin{{tabular}}{{l{'r' * (len(table.columns) + len(first) - 1)}}}",
        r"\toprule",
        rf"{' & ' * len(first)}{' & '.join(groups)} \\",
        " ".join(rules),
        rf"{' & '.join([*first, *heads])} \\",
        r"\midrule",
    ]
    for above, row in zip([None, *table.rows], table.rows, strict=False):
        if above is not None and (above.own, above.reported) != (row.own, row.reported):
            lines.append(r"\midrule")
        lines.append(rf"{' & '.join(_cells(row, table))} \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.partial:
        lines.append("% * over fewer images than the dataset has")
    lines += [_comment(f"dagger: {remark}") for remark in table.remarks]
    lines += [_comment(source) for source in table.sources]
    return "\n".join(lines) + "\n"


def _cells(row: Row, table: PaperTable) -> list[str]:
    title = _escaped(row.title)
    if row.reported:
        title = rf"\textit{{{title}}} (as reported)"
    elif row.own:
        title += " (own)"
    if row.cite:
        title += rf"~\cite{{{row.cite}}}"
    parameters = [size(row.parameters).replace(" ", r"\,")] if table.with_parameters else []
    values = [rf"\textit{{{cell.text}}}" if row.reported else _value(cell) for cell in row.cells]
    return [title, *parameters, *values]


def _value(cell: Cell) -> str:
    text = cell.text + ("*" if cell.partial else "") + (r"$^\dagger$" if cell.remarked else "")
    return rf"\textbf{{{text}}}" if cell.rank == 1 else rf"\underline{{{text}}}" if cell.rank == 2 else text


def _comment(text: str) -> str:
    return f"% {printable(' '.join(text.split()))}"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(char, char) for char in printable(" ".join(text.split())))
