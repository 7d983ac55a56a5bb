"""Tables that fit the terminal: columns give way one after the other, and no number and no name is ever cut."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from srbench.wording import printable

_BESIDE = 3  # columns of the terminal that a cell takes beside its content: two spaces and a line
_EDGE = 1
NARROWEST = 12  # columns to which a name may be folded so that the rest fits
_SENTENCE = 24  # columns to which sentences are folded before any column gives way


@dataclass(frozen=True)
class Column:
    """A column of texts, one for each row; they are no markup, and what cannot be seen in them is shown escaped.

    Attributes:
        gives_way: columns with 1 are left out first where the terminal is narrow, then those with 2; 0: never.
        number: set to the right, never broken. All others are names or words: they may go on in the next line, at a
            space or behind a hyphen where there is one.
        sentences: words that are folded before any column gives way.
        styles: of cells that have one, by row: 'bold', 'green'.
        folded: to so many columns of the terminal; 0: every text is one line.
    """

    head: str
    cells: Sequence[str]
    gives_way: int = 0
    number: bool = False
    sentences: bool = False
    styles: Mapping[int, str] = field(default_factory=dict)
    folded: int = 0

    @property
    def width(self) -> int:
        """Of its widest line, in columns of the terminal."""
        return max(cell_len(line) for text in (self.head, *self.cells) for line in self.shown(text).split("\n"))

    def shown(self, text: str) -> str:
        """A text as it stands in the table, perhaps of several lines."""
        text = printable(text)
        return "\n".join(textwrap.wrap(text, self.folded, break_on_hyphens=True)) if self.folded else text


def width_of(columns: Sequence[Column]) -> int:
    """Columns of the terminal that a table takes."""
    return sum(column.width + _BESIDE for column in columns) + _EDGE


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """Those columns that fit: all, or without the ones that give way, as few as needed. If it is too wide even so,
    names are folded to what is left for them, but to no less than NARROWEST; the result may still be too wide.

    Args:
        width: of the terminal.
    """
    kept = [_folded(column, _SENTENCE) if column.sentences else column for column in columns]
    for level in sorted({column.gives_way for column in columns} - {0}):
        if width_of(kept) > width:
            kept = [column for column in kept if column.gives_way != level]
    for place in reversed(range(len(kept))):  # sentences stand on the right
        over = width_of(kept) - width
        if over > 0 and not kept[place].number:
            kept[place] = _folded(kept[place], max(NARROWEST, kept[place].width - over))
    whole = {column.head: column for column in columns if column.sentences}
    for place, own in enumerate(kept):  # what is left goes to the sentences
        if own.head in whole and (room := width - width_of(kept)) > 0:
            kept[place] = _folded(whole[own.head], own.width + room)
    return kept


def _folded(column: Column, width: int) -> Column:
    return column if column.width <= width else replace(column, folded=width)


def show(console: Console, columns: Sequence[Column], *, title: str = "", apart: int = 0) -> None:
    """Print a table. What is wider than the terminal is not cut: the terminal itself goes on in the next line.

    Args:
        columns: as :func:`fit` gives them.
        apart: so many rows, the last ones, stand below a line.
    """
    if title:
        console.print(printable(title), style="italic", markup=False)
    table = Table()
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.number else "left"
        table.add_column(
            Text(column.shown(column.head)), justify=justify, no_wrap=True, min_width=column.width, overflow="fold"
        )
    rows = len(columns[0].cells)
    for row in range(rows):
        cells = [Text(column.shown(column.cells[row]), column.styles.get(row, "")) for column in columns]
        table.add_row(*cells, end_section=row == rows - apart - 1)
    console.width = max(console.width, width_of(columns))
    console.print(table)
