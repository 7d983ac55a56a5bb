"""The tables of papers in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from srbench.report.paper import REMARKED, Cell, PaperTable, Row, heading, size, tables
from srbench.results.choice import EVERYTHING, Choice
from srbench.results.literature import Entry
from srbench.results.reader import Reader
from srbench.wording import printable

_SPECIAL = {char: f"\\{char}" for char in "\\`*_[]<>|"}


def to_markdown(reader: Reader, choice: Choice = EVERYTHING, literature: Sequence[Entry] = ()) -> str:
    """Tables, one for each scale, protocol and degradation; a method's best value in a column is bold, the second
    underlined. A mean over fewer images than planned has a star and no rank; one of which there is something to be
    known has a dagger, and a line below the table. What the literature reports is in italics, its sources below; a
    user's own methods come last.

    Raises:
        SrbenchError: nothing is left of what was chosen.
    """
    return "\n".join(_one(table) for table in tables(reader, choice, literature))


def _one(table: PaperTable) -> str:
    heads = [f"{dataset} {heading(metric)} {metric.arrow}".strip() for dataset, metric in table.columns]
    first = ["Method", *(["Parameters"] if table.with_parameters else [])]
    lines = [f"### {_escaped(table.title)}", "", _row([*first, *map(_escaped, heads)])]
    lines.append("|---|" + "---:|" * (len(heads) + len(first) - 1))
    lines += [_row(_cells(row, table)) for row in table.rows]
    if table.partial:
        lines += ["", r"\* over fewer images than the dataset has"]
    for remark in table.remarks:
        lines += ["", f"{REMARKED} {_escaped(remark)}"]
    for source in table.sources:
        lines += ["", f"*{_escaped(source)}*"]
    return "\n".join(lines) + "\n"


def _cells(row: Row, table: PaperTable) -> list[str]:
    title = _escaped(row.title) + (" (own)" if row.own else "")
    cells = [title, *([size(row.parameters)] if table.with_parameters else []), *map(_value, row.cells)]
    return [f"*{cell}*" if cell else "" for cell in cells] if row.reported else cells


def _value(cell: Cell) -> str:
    text = cell.text + (r"\*" if cell.partial else "") + (REMARKED if cell.remarked else "")
    return f"**{text}**" if cell.rank == 1 else f"<u>{text}</u>" if cell.rank == 2 else text


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(char, char) for char in printable(" ".join(text.split())))
