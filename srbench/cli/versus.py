"""A head to head, and what two sets of results changed, on the terminal by its width: no number and no name is cut."""

from __future__ import annotations

from rich.console import Console

from srbench.cli.shell import out
from srbench.cli.widths import Column, fit, show
from srbench.report import changes, versus
from srbench.results import differing
from srbench.results.clips import clips_of
from srbench.results.comparison import Comparison
from srbench.results.head_to_head import HeadToHead, Pairing
from srbench.wording import printable

BARS = "▁▂▃▄▅▆▇█"
_STYLES = {"better": "green", "worse": "red"}


def print_versus(found: HeadToHead) -> None:
    """For each scale, protocol and degradation: the sentence, the table, a strip of all images; then what differs."""
    console = out()
    for view in found.views():
        console.print(str(view), style="bold", markup=False)
        console.print(printable(versus.summary(found, view)), markup=False)
        show(console, fit(_columns(found, found.of(view)), console.width))
        _print_strips(console, found, found.of(view))
    _print_differing(console, found)
    for note in found.notes:
        console.print(f"not compared: {printable(note)}", markup=False)
    a, b = map(printable, found.names)
    console.print(f"difference: {a} minus {b}; a sign for each image, those that {a} won most first", markup=False)
    flipped = "images (of clips: whole clips)" if any(clips_of(_names(row)) for row in found.pairings) else "images"
    console.print(f"tested together by sign flips of {flipped}: at most 5% that even one 'better' or 'worse' is chance")


def _names(row: Pairing) -> list[str]:
    return [name for _, name in row.images]


def _columns(found: HeadToHead, rows: list[Pairing]) -> list[Column]:
    lines = [versus.line(row, found) for row in rows]
    styles = _styles([own.verdict for own in lines])
    return [
        Column("metric", [own.metric for own in lines]),
        Column("images", [own.group for own in lines]),
        Column(found.names[0], [own.a for own in lines], gives_way=3, number=True),
        Column(found.names[1], [own.b for own in lines], gives_way=3, number=True),
        Column("difference", [own.difference for own in lines], number=True, styles=styles),
        Column("95% interval", [own.interval for own in lines], gives_way=1, number=True),
        Column("p", [own.p for own in lines], gives_way=4, number=True),
        Column("n", [own.n for own in lines], gives_way=2, number=True),
        Column("won/lost/equal", [own.record.replace(" ", "") for own in lines], gives_way=5, number=True),
        Column("", [own.verdict for own in lines], styles=styles),
    ]


def _styles(verdicts: list[str]) -> dict[int, str]:
    return {i: _STYLES[verdict] for i, verdict in enumerate(verdicts) if verdict in _STYLES}


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
    means = [sum(gains[i : i + each]) / len(gains[i : i + each]) for i in range(0, len(gains), each)]
    largest = max(map(abs, means))
    signs = [_sign(gain, largest, plain) for gain in means]
    won = sum(gain > 0 for gain in means)
    return f"{''.join(signs[:won])}{'|' if plain else '│'}{''.join(signs[won:])}"


def _sign(gain: float, largest: float, plain: bool) -> str:
    if gain == 0:
        return "=" if plain else "·"
    if plain:
        return "+" if gain > 0 else "-"
    return BARS[min(len(BARS) - 1, int(abs(gain) / largest * len(BARS)))]


def _print_differing(console: Console, found: HeadToHead) -> None:
    differ, alike = differing.split(differing.facts_of(found.a, found.b))
    if differ:
        columns = [
            Column("what differs", [fact.what for fact in differ]),
            Column(found.names[0], [fact.a for fact in differ]),
            Column(found.names[1], [fact.b for fact in differ]),
        ]
        show(console, fit(columns, console.width))
    if alike:
        same = "; ".join(f"{fact.what} {printable(fact.a)}" for fact in alike)
        console.print(f"the same: {same}", markup=False)


def print_comparison(comparison: Comparison) -> None:
    """What B changed against A: the rows of means that both have, those that changed first, then what only one has."""
    console = out()
    console.print(f"A: {printable(comparison.a)}, B: {printable(comparison.b)}", style="italic", markup=False)
    for group in changes.groups(comparison):
        console.print(printable(group.title), style="bold", markup=False)
        rows = group.changed + group.same
        styles = _styles([row.verdict for row in rows])
        columns = [
            Column("method", [row.method for row in rows]),
            Column("images", [row.dataset for row in rows]),
            Column("metric", [row.metric for row in rows]),
            Column("A", [row.a for row in rows], gives_way=3, number=True),
            Column("B", [row.b for row in rows], gives_way=3, number=True),
            Column("B - A", [row.difference for row in rows], number=True, styles=styles),
            Column("95% interval", [row.interval for row in rows], gives_way=1, number=True),
            Column("p", [row.p for row in rows], gives_way=4, number=True),
            Column("n", [row.n for row in rows], gives_way=2, number=True),
            Column("B is", [row.verdict for row in rows], styles=styles),
        ]
        show(console, fit(columns, console.width))
    console.print(changes.summary(comparison))
    for side, names in (("A", comparison.only_a), ("B", comparison.only_b)):
        for name in names:
            console.print(f"only in {side}: {name}", markup=False)
    for note in comparison.left_out:
        console.print(f"not compared: {note}", markup=False)
