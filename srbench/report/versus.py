"""A head to head in words and rounded numbers, which terminal, Markdown and HTML share; and as Markdown and JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from srbench.report.markdown import escaped, folded, table
from srbench.results import differing
from srbench.results.facts import MetricFacts
from srbench.results.finite import finite
from srbench.results.head_to_head import HeadToHead, Pairing
from srbench.results.leaderboard import signed
from srbench.results.view import View
from srbench.wording import counted

_TOO_FEW = ("too few images", "too few clips")
MOST = 3  # images that are named as won, and as lost, most
HOW = (
    "Differences are means over images (over several datasets: each dataset counts the same). Tested by sign flips of "
    "whole images, all rows of a table together (step-down max-T, Westfall and Young 1993): the chance of even one "
    "false 'better' or 'worse' among them is at most 5%, and an interval leaves out zero exactly where the difference "
    "is certain. Frames of a clip are not independent: a clip's mean counts once, and its frames flip together."
)


@dataclass(frozen=True)
class Line:
    """A row of a table. ``record``: images won, lost and equal; empty where nobody knows what is better."""

    metric: str
    group: str
    a: str
    b: str
    difference: str
    interval: str
    p: str
    n: str
    record: str
    verdict: str


def line(pairing: Pairing, found: HeadToHead) -> Line:
    metric, difference = pairing.metric, pairing.difference
    a, b = (f"{mean:.{metric.digits}f}" for mean in pairing.means)
    won, lost, equal = pairing.record
    return Line(
        metric=heading(metric),
        group=group_title(pairing, found),
        a=a,
        b=b,
        difference=signed(difference.mean, metric.digits + 1),
        interval=interval(pairing),
        p=p_value(difference.p),
        n=str(difference.images),
        record="" if metric.higher_is_better is None else f"{won} / {lost} / {equal}",
        verdict=pairing.verdict,
    )


def heading(metric: MetricFacts) -> str:
    """'PSNR, dB ↑'."""
    unit = f", {metric.unit}" if metric.unit else ""
    return f"{metric.title}{unit} {metric.arrow}".strip()


def group_title(pairing: Pairing, found: HeadToHead) -> str:
    if len(pairing.datasets) == 1:
        return found.facts.dataset(pairing.group).title
    return counted(len(pairing.datasets), "dataset")


def interval(pairing: Pairing) -> str:
    """Empty where the images are too few to bound the difference on either side."""
    low, high = pairing.difference.low, pairing.difference.high
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    places = pairing.metric.digits + 1
    return f"{signed(low, places)} to {signed(high, places)}"


def p_value(p: float) -> str:
    """Three decimals, so that 0.05 stands out; smaller ones as a bound. There is none where clips are too few for a
    test."""
    if math.isnan(p):
        return "too few clips"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def summary(found: HeadToHead, view: View) -> str:
    """The first row of a view in a sentence, and what the other metrics say of the same images in another."""
    rows = found.of(view)
    first = rows[0]
    a, b = found.names
    amount = f"{signed(first.difference.mean, first.metric.digits + 1)} {first.metric.unit}".strip()
    by = f"by {first.metric.title} on {group_title(first, found)}"
    said = {
        "better": f"{a} is better than {b} {by}",
        "worse": f"{a} is worse than {b} {by}",
        "not certain": f"Whether {a} is better than {b} {by} is not certain",
        "the same": f"{a} and {b} are the same {by}",
        **dict.fromkeys(_TOO_FEW, f"{first.told} are too few to tell {a} from {b} {by}"),
        "direction unknown": f"{a} and {b} differ {by}",
    }[first.verdict]
    text = f"{said}: {amount}"
    if bounds := interval(first):
        text += f" (95%: {bounds}, p {_equals(first.difference.p)})"
    if first.metric.higher_is_better is not None:
        won, lost, equal = first.record
        parts = [f"{won} won", f"{lost} lost", *([f"{equal} equal"] if equal else [])]
        text += f"; of {counted(len(first.images), first.noun)} {', '.join(parts)}"
    others: dict[str, list[str]] = {}
    for row in rows:
        if row.group == first.group and row.metric != first.metric:
            others.setdefault(row.verdict, []).append(row.metric.title)
    rest = "; ".join(f"{verdict} by {', '.join(titles)}" for verdict, titles in others.items())
    return f"{text}. {rest[:1].upper()}{rest[1:]}." if rest else f"{text}."


def _equals(p: float) -> str:
    return p_value(p) if p < 0.001 else f"= {p_value(p)}"


@dataclass(frozen=True)
class Shown:
    """One image of a pairing, in words."""

    dataset: str
    image: str
    a: str
    b: str
    difference: str
    gain: float


def extremes(pairing: Pairing, found: HeadToHead, most: int = MOST) -> tuple[list[Shown], list[Shown]]:
    """The images that the first won most, and those that it lost most, the largest first."""
    gains, order = pairing.gains, pairing.in_order()
    won = [place for place in order[:most] if gains[place] > 0]
    lost = [place for place in order[::-1][:most] if gains[place] < 0]
    return [shown(pairing, found, place) for place in won], [shown(pairing, found, place) for place in lost]


def shown(pairing: Pairing, found: HeadToHead, place: int) -> Shown:
    digits = pairing.metric.digits
    dataset, image = pairing.images[place]
    a, b = float(pairing.a[place]), float(pairing.b[place])
    return Shown(
        found.facts.dataset(dataset).title,
        image,
        f"{a:.{digits}f}",
        f"{b:.{digits}f}",
        signed(a - b, digits + 1),
        float(pairing.gains[place]),
    )


# -- Markdown ------------------------------------------------------------------------------------------------------


def to_markdown(found: HeadToHead) -> str:
    """For a pull request: a sentence, the table, and what can be unfolded."""
    a, b = map(escaped, found.names)
    parts = [f"### {a} against {b}"]
    for view in found.views():
        rows = found.of(view)
        lines = [line(row, found) for row in rows]
        parts += [f"**{view.title}.** {escaped(summary(found, view))}", _lines(lines, a, b)]
        parts += [_images_table(rows[0], found, a, b)]
    parts += [_differing_table(found, a, b)]
    if found.notes:
        parts += ["Not compared:\n" + "".join(f"\n- {escaped(note)}" for note in found.notes)]
    parts += [f"<sub>Difference: {a} − {b}. {HOW}</sub>"]  # noqa: RUF001
    return "\n\n".join(part for part in parts if part) + "\n"


def _lines(lines: list[Line], a: str, b: str) -> str:
    heads = ("metric", "images", a, b, "difference", "95% interval", "p", "n", "won / lost / equal", "")
    rows = [
        (
            escaped(own.metric),
            escaped(own.group),
            own.a,
            own.b,
            f"**{own.difference}**" if own.verdict in ("better", "worse") else own.difference,
            own.interval,
            escaped(own.p),
            own.n,
            own.record,
            own.verdict,
        )
        for own in lines
    ]
    return table(heads, rows, right=range(2, 9))


def _images_table(pairing: Pairing, found: HeadToHead, a: str, b: str) -> str:
    won, lost = extremes(pairing, found)
    rows = [
        (word, escaped(f"{own.dataset}: {own.image}"), own.a, own.b, own.difference)
        for word, images in (("won", won), ("lost", lost))
        for own in images
    ]
    if not rows:
        return ""
    content = table(("", "image", a, b, "difference"), rows, right=range(2, 5))
    return folded(f"Images that {found.names[0]} won and lost most by {pairing.metric.title}", content)


def _differing_table(found: HeadToHead, a: str, b: str) -> str:
    differ, alike = differing.split(differing.facts_of(found.a, found.b))
    rows = [(fact.what, escaped(fact.a), escaped(fact.b)) for fact in differ]
    text = table(("", a, b), rows, right=range(0)) if rows else "Nothing that is written down."
    same = f"The same: {'; '.join(escaped(f'{fact.what} {fact.a}') for fact in alike)}."
    return folded("What differs between the two", f"{text}\n\n{same}" if alike else text)


# -- JSON ----------------------------------------------------------------------------------------------------------


def to_json(found: HeadToHead) -> str:
    """An object with ``a`` and ``b`` (label, folder), ``rows`` with their images in order, ``differ`` and ``same``,
    ``notes`` and ``how`` it was tested. Numbers in full precision; those that do not exist are null."""
    differ, alike = differing.split(differing.facts_of(found.a, found.b))
    content = {
        **{key: {"method": side.label, "results": str(side.folder)} for key, side in (("a", found.a), ("b", found.b))},
        "rows": [_record(pairing) for pairing in found.pairings],
        "differ": [asdict(fact) for fact in differ],
        "same": [{"what": fact.what, "both": fact.a} for fact in alike],
        "notes": list(found.notes),
        "how": HOW,
    }
    return json.dumps(content, indent=2) + "\n"


def _record(pairing: Pairing) -> dict[str, Any]:
    difference = pairing.difference
    won, lost, equal = pairing.record
    known = pairing.metric.higher_is_better is not None
    numbers = {
        "mean_a": pairing.means[0],
        "mean_b": pairing.means[1],
        "difference": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "p": difference.p,
    }
    images = [
        {"dataset": pairing.images[i][0], "image": pairing.images[i][1]}
        | {"a": float(pairing.a[i]), "b": float(pairing.b[i]), "difference": float(pairing.a[i] - pairing.b[i])}
        for i in pairing.in_order()
    ]
    return {
        **pairing.view._asdict(),
        "metric": pairing.metric.name,
        "group": pairing.group,
        "n": difference.images,
        **finite(numbers),
        **({"won": won, "lost": lost, "equal": equal} if known else {"won": None, "lost": None, "equal": equal}),
        "verdict": pairing.verdict,
        "images": images,
    }
