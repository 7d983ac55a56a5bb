"""A head to head on the terminal, by its width: no number and no name is cut."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from srbench.cli.shell import out, shown
from srbench.report import versus
from srbench.results import differing
from srbench.results.head_to_head import HeadToHead, Pairing
from srbench.wording import printable

BARS = "▁▂▃▄▅▆▇█"
_STYLES = {"better": "green", "worse": "red"}
_BETWEEN = 3  # columns that a table's cell takes beside its content


@dataclass(frozen=True)
class _Column:
    head: str
    cells: list[str]
    gives_way: int = 0  # the first of these is left out where the terminal is narrow; 0: never
    is_name: bool = False  # it may go on in the next line

    @property
    def width(self) -> int:
        return max(map(len, (self.head, *self.cells))) + _BETWEEN


def print_versus(found: HeadToHead) -> None:
    """For each scale, protocol and degradation: the sentence, the table, a strip of all images; then what differs."""
    console = out()
    for view in found.views():
        console.print(f"x{view.scale}, {view.protocol}, {view.degradation}", style="bold", markup=False)
        console.print(printable(versus.summary(found, view)), markup=False)
        console.print(_table(found, found.of(view), console.width))
        _print_strips(console, found, found.of(view))
    _print_differing(console, found)
    for note in found.notes:
        console.print(f"not compared: {printable(note)}", markup=False)
    a, b = map(printable, found.names)
    console.print(f"difference: {a} minus {b}; a sign for each image, those that {a} won most first", markup=False)
    console.print("tested together by sign flips of images: at most 5% that even one 'better' or 'worse' is chance")


def _table(found: HeadToHead, rows: list[Pairing], width: int) -> Table:
    lines = [versus.line(row, found) for row in rows]
    names = [printable(name) for name in found.names]
    columns = [
        _Column("metric", [own.metric for own in lines], is_name=True),
        _Column("images", [own.group for own in lines], is_name=True),
        _Column(names[0], [own.a for own in lines], gives_way=3),
        _Column(names[1], [own.b for own in lines], gives_way=3),
        _Column("difference", [own.difference for own in lines]),
        _Column("95% interval", [own.interval for own in lines], gives_way=1),
        _Column("p", [own.p for own in lines], gives_way=4),
        _Column("n", [own.n for own in lines], gives_way=2),
        _Column("won/lost/equal", [own.record.replace(" ", "") for own in lines], gives_way=5),
        _Column("", [own.verdict for own in lines]),
    ]
    leaving = 0
    while sum(column.width for column in columns) + 1 > width and leaving < 5:
        leaving += 1
        columns = [column for column in columns if column.gives_way != leaving]
    table = Table(show_edge=True)
    for column in columns:
        left = column.is_name or not column.head
        head = Text(column.head)
        table.add_column(head, justify="left" if left else "right", overflow="fold", no_wrap=not column.is_name)
    for i, own in enumerate(lines):
        table.add_row(*(escape(printable(column.cells[i])) for column in columns), style=_STYLES.get(own.verdict, ""))
    return table


def _print_strips(console: Console, found: HeadToHead, rows: list[Pairing]) -> None:
    """Of every metric on its first group: the differences of all images in order, between those of the ends."""
    leading = list({row.metric.name: row for row in reversed(rows)}.values())[::-1]
    plain = not _draws(console)
    for row in leading:
        won, lost = versus.extremes(row, found, most=1)
        left, right = (" ".join(f"{own.difference} {printable(own.image)}" for own in side) for side in (won, lost))
        title = printable(row.metric.title)
        room = console.width - len(f"{title}:  {left}  {right}")
        if room > len(row.images):
            text = f"{title}: {left} {strip(row, room, plain)} {right}"
        else:
            text = f"{title}: {left} .. {right}\n{strip(row, console.width, plain)}"
        console.print(text, markup=False)


def _draws(console: Console) -> bool:
    try:
        BARS.encode(console.encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def strip(pairing: Pairing, width: int, plain: bool = False) -> str:
    """One sign for each image in order, those won most on the left, those lost most on the right of the bar between;
    as high as the difference is large, an equal one a dot. Where the images are more than fit, a sign stands for the
    mean of neighbours.

    Args:
        plain: only ASCII: + won, - lost, = equal.
    """
    gains = [float(pairing.gains[place]) for place in pairing.in_order()]
    each = -(-len(gains) // max(1, width - 1))
    shown_gains = [sum(gains[i : i + each]) / len(gains[i : i + each]) for i in range(0, len(gains), each)]
    largest = max(map(abs, shown_gains))
    won = "".join(_sign(gain, largest, plain) for gain in shown_gains if gain > 0)
    equal = "".join(_sign(gain, largest, plain) for gain in shown_gains if gain == 0)
    lost = "".join(_sign(gain, largest, plain) for gain in shown_gains if gain < 0)
    return f"{won}{'|' if plain else '│'}{equal}{lost}"


def _sign(gain: float, largest: float, plain: bool) -> str:
    if gain == 0:
        return "=" if plain else "·"
    if plain:
        return "+" if gain > 0 else "-"
    return BARS[min(len(BARS) - 1, int(abs(gain) / largest * len(BARS)))]


def _print_differing(console: Console, found: HeadToHead) -> None:
    differ, alike = differing.split(differing.facts_of(found.a, found.b))
    table = Table(title="what differs", title_justify="left")
    for head in ("", *found.names):
        table.add_column(shown(head), overflow="fold")
    for fact in differ:
        table.add_row(fact.what, shown(fact.a), shown(fact.b))
    if differ:
        console.print(table)
    if alike:
        same = "; ".join(f"{fact.what} {printable(fact.a)}" for fact in alike)
        console.print(f"the same: {same}", markup=False)
