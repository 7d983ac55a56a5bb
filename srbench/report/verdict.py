"""The verdict on a contest in a few plain sentences: who leads, who else may be the best, by how much, at what cost.

No sentence says more than the tests do. A difference that is not certain is called so; where the images are too few for
any, the number of images is said.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from srbench.results.contest import Contest
from srbench.results.facts import MetricFacts
from srbench.wording import counted, significant

REFERENCE = "bicubic"
PIXELS = "psnr"  # by which it is said what a method gives up for what people see
PERCEPTUAL = ("lpips", "mos")
SLACK = {"psnr": 0.3, "ssim": 0.01, "lpips": 0.02, "mos": 0.1}  # what a cheaper method may be behind the best
_NAMED = 3  # names in one sentence
_EQUAL = 1e-9  # relative; means that differ by less do so by rounding


class CostLike(Protocol):
    """None is what was not measured."""

    @property
    def parameters(self) -> int | None: ...

    @property
    def latency_ms(self) -> float | None: ...


@dataclass(frozen=True)
class Span:
    """A piece of a sentence. ``label`` is the method that it names."""

    text: str
    strong: bool = False
    label: str = ""


Sentence = list[Span]


@dataclass(frozen=True)
class Verdict:
    """``lead`` says who is ahead and how certainly; each of ``facts`` is a sentence of its own."""

    lead: Sentence
    facts: list[Sentence]

    @property
    def text(self) -> str:
        """Plain text, a line for the lead and one for each fact."""
        return "\n".join("".join(span.text for span in sentence) for sentence in [self.lead, *self.facts])


def verdict(
    contest: Contest, others: Mapping[str, Contest], titles: Mapping[str, str], costs: Mapping[str, CostLike]
) -> Verdict:
    """The verdict on one contest.

    Args:
        others: contests on the same group of images by other metrics, by name; its own may be among them.
        titles: what to call each method; its label where there is none. The sentences use :func:`short`.
        costs: of methods, as far as they are known.
    """
    teller = _Teller(contest, others, titles, costs)
    facts = [teller.margins(), teller.looks(), teller.price(), *teller.cheapest(), teller.not_ranked(), teller.unused()]
    return Verdict(teller.lead(), [fact for fact in facts if fact])


def short(titles: Mapping[str, str]) -> dict[str, str]:
    """Titles without what follows a comma or a parenthesis, where that leaves no two methods with one title.

    >>> short({"edsr": "EDSR baseline, 16 blocks", "a": "SRCNN (9-1-5)", "b": "SRCNN (9-5-5)"})
    {'edsr': 'EDSR baseline', 'a': 'SRCNN (9-1-5)', 'b': 'SRCNN (9-5-5)'}
    """
    cut = {label: re.split(r", | \(", title)[0] for label, title in titles.items()}
    often = Counter(cut.values())
    return {label: cut[label] if often[cut[label]] == 1 else title for label, title in titles.items()}


class _Teller:
    """What the sentences are made of. Every method returns one, which is empty where there is nothing to say."""

    def __init__(
        self,
        contest: Contest,
        others: Mapping[str, Contest],
        titles: Mapping[str, str],
        costs: Mapping[str, CostLike],
    ) -> None:
        self._contest, self._titles, self._costs = contest, short(titles), costs
        self._others = {name: own for name, own in others.items() if name != contest.metric.name}
        best = contest.mean[contest.labels[0]]
        self._leaders = [m for m in contest.labels if math.isclose(contest.mean[m], best, rel_tol=_EQUAL, abs_tol=0)]
        self._best = self._leaders[0]

    def lead(self) -> Sentence:
        contest, metric = self._contest, self._contest.metric
        value = _value(contest.mean[self._best], metric)
        if metric.higher_is_better is False:
            value += " (lower is better)"
        if len(contest.labels) == 1:
            one = len(contest.images) == 1
            where = f"the one {contest.noun}" if one else f"all {len(contest.images)} {contest.noun}s"
            return [
                self._name(self._best),
                Span(f" is the only method with a value on {where}: {metric.title} {value}."),
            ]
        verb = "leads" if len(self._leaders) == 1 else "lead"
        return [
            *self._names(self._leaders, strong=True),
            Span(f" {verb} on {metric.title}: {value}. "),
            *self._certainty(),
        ]

    def _certainty(self) -> Sentence:
        contest = self._contest
        if not contest.can_tell:
            few = f"{contest.told} {'is' if contest.told == '1 image' else 'are'} too few"
            return [Span(f"{few} to be certain of more.")]
        behind = [label for label in contest.labels if label not in self._leaders]
        may = [label for label in behind if contest.standings[label].may_be_best]
        if len(self._leaders) == 1 and not may:
            certain = all(contest.better(self._best, label) for label in behind)
            return [Span("It is the best, certainly." if certain else "No other may be the best.")]
        if not may:
            return [Span("No other may be the best.")] if behind else [Span("They are equal.")]
        if len(may) == len(behind) and len(may) > 1:
            return [Span(f"Each of the {len(may)} others may be the best as well.")]
        if len(may) > _NAMED:
            return [Span(f"{len(may)} others may be the best as well.")]
        start = [Span("Of the others only ")] if len(may) < len(behind) else []
        return [*start, *self._names(may), Span(" may be the best as well.")]

    def margins(self) -> Sentence:
        """By how much the best is ahead of the next and of bicubic."""
        contest = self._contest
        behind = [label for label in contest.labels if label not in self._leaders]
        rivals = [*behind[:1], *(label for label in behind[1:] if label == REFERENCE)]
        found = _joined([self._margin(rival) for rival in rivals], ", ")
        return [*found, Span(".")] if found else []

    def _margin(self, rival: str) -> Sentence:
        contest, metric = self._contest, self._contest.metric
        won = contest.wins(self._best, rival)[0]
        # Bicubic is the reference whatever the values are; the next is chosen by them.
        fixed = rival == REFERENCE
        certain = contest.against(rival)[self._best].certain() if fixed else contest.certain(self._best, rival)
        doubt = "" if certain or not contest.can_tell else ", not certain"
        size = _size(contest.mean[self._best] - contest.mean[rival], metric)
        images = f"{won} of {counted(len(contest.images), contest.noun)}"
        return [
            Span(size, strong=True),
            Span(" better than "),
            self._name(rival, strong=False),
            Span(f" (on {images}{doubt})"),
        ]

    def looks(self) -> Sentence:
        """Who looks best by perceptual metrics, where that is another, and what it gives up."""
        found: dict[str, list[Contest]] = {}
        for name in PERCEPTUAL if len(self._contest.labels) > 1 else ():
            if name in self._others:
                contest = self._others[name]
                found.setdefault(contest.labels[0], []).append(contest)
        return _joined([self._looks(label, own) for label, own in found.items() if label not in self._leaders], " ")

    def _looks(self, label: str, contests: list[Contest]) -> Sentence:
        first, *more = contests
        against = ", ".join([self._against(label, first), *(self._against(label, own, named=False) for own in more)])
        return [self._name(label), Span(f" looks best: {against}{self._given_up(label)}.")]

    def _against(self, label: str, contest: Contest, named: bool = True) -> str:
        """'LPIPS 0.131 against 0.250 of EDSR', and whether that is certain."""
        metric = contest.metric
        text = f"{metric.title} {_value(contest.mean[label], metric)}"
        if self._best not in contest.labels:
            return text
        text += f" against {_value(contest.mean[self._best], metric)}"
        text += f" of {self._title(self._best)}" if named else ""
        doubt = "not certain" if contest.can_tell and not contest.certain(label, self._best) else ""
        last = contest.labels[-1] == self._best and len(contest.labels) > 2
        said = ", ".join(filter(None, [f"the last of {len(contest.labels)}" if last else "", doubt]))
        return f"{text} ({said})" if said else text

    def _given_up(self, label: str) -> str:
        contest, metric = self._contest, self._contest.metric
        if metric.name in PERCEPTUAL or label not in contest.labels:
            return ""
        return f"; it gives up {_size(contest.mean[self._best] - contest.mean[label], metric)} {metric.title}"

    def price(self) -> Sentence:
        """Of the best by a perceptual metric: what it gives up in PSNR."""
        pixels = self._others.get(PIXELS)
        if self._contest.metric.name not in PERCEPTUAL or pixels is None or self._best not in pixels.labels:
            return []
        if (first := pixels.labels[0]) in self._leaders:
            return []
        size = _size(pixels.mean[first] - pixels.mean[self._best], pixels.metric)
        start = [self._name(self._best, strong=False), Span(" gives up "), Span(size, strong=True)]
        return [*start, Span(f" {pixels.metric.title} against "), self._name(first), Span(", which leads there.")]

    def cheapest(self) -> Iterator[Sentence]:
        """The smallest and the fastest method close to the best, where they are cheaper than it."""
        near, slack = self._near()
        within = f" within {slack} of the best: "
        parameters = {label: cost.parameters for label, cost in self._costs.items() if cost.parameters}
        if small := self._cheaper(near, parameters):
            times = _times(parameters[self._best] / parameters[small])
            size = _count(parameters[small])
            tail = Span(f", {size} parameters, {times} fewer than {self._title(self._best)}.")
            yield [Span(f"Smallest network{within}"), self._name(small), tail]
        latency = {label: cost.latency_ms for label, cost in self._costs.items() if cost.latency_ms}
        if fast := self._cheaper(near, latency):
            times = _times(latency[self._best] / latency[fast])
            every = all(label in latency for label in near)
            start = f"Fastest{'' if every else ' of those timed'}{within}"
            tail = Span(f", {significant(latency[fast])} ms, {times} faster than {self._title(self._best)}.")
            yield [Span(start), self._name(fast), tail]

    def _near(self) -> tuple[list[str], str]:
        """The methods close to the best, and how close in words: for a metric without a slack of its own, a tenth of
        what the best has over bicubic, or over the last."""
        contest, metric = self._contest, self._contest.metric
        best = contest.mean[self._best]
        rest = contest.mean.get(REFERENCE, contest.mean[contest.labels[-1]])
        slack = SLACK.get(metric.name) or float(f"{abs(best - rest) / 10:.1g}")
        near = [label for label in contest.labels if abs(contest.mean[label] - best) <= slack]
        return near, significant(slack) + (f" {metric.unit}" if metric.unit else "")

    def _cheaper(self, near: list[str], costs: Mapping[str, float]) -> str:
        """The method that costs the least of those near the best, if that is less than the best costs."""
        known = [label for label in near if label in costs]
        if self._best not in known:
            return ""
        cheapest = min(known, key=lambda label: costs[label])
        return cheapest if costs[self._best] >= 1.1 * costs[cheapest] else ""

    def not_ranked(self) -> Sentence:
        """Who lacks images."""
        lacks = self._contest.left_out
        if not lacks:
            return []
        images = counted(len(self._contest.images), self._contest.noun)
        if len(lacks) > _NAMED:
            return [Span(f"Not ranked: {len(lacks)} methods that lack some of the {images}.")]
        of = f" of {images}"
        parts = [[self._name(label, strong=False), Span(f" lacks {n}{of}")] for label, n in lacks.items()]
        return [Span("Not ranked: "), *_joined(parts, "; "), Span(".")]

    def unused(self) -> Sentence:
        """How many images do not count."""
        if not (unused := len(self._contest.unused)):
            return []
        have = "have" if unused > 1 else "has"
        every = counted(len(self._contest.images) + unused, self._contest.noun)
        return [Span(f"Compared on {len(self._contest.images)} of {every}: {unused} {have} values of too few methods.")]

    def _title(self, label: str) -> str:
        return self._titles.get(label, label)

    def _name(self, label: str, strong: bool = True) -> Span:
        return Span(self._title(label), strong, label)

    def _names(self, labels: list[str], strong: bool = False) -> Sentence:
        *first, last = ([self._name(label, strong)] for label in labels)
        return [*_joined(first, ", "), Span(" and "), *last] if first else last


def _joined(parts: list[Sentence], between: str) -> Sentence:
    found = list(parts[0]) if parts else []
    for part in parts[1:]:
        found += [Span(between), *part]
    return found


def _value(value: float, metric: MetricFacts) -> str:
    return f"{value:.{metric.digits}f}" + (f" {metric.unit}" if metric.unit else "")


def _size(difference: float, metric: MetricFacts) -> str:
    """Of a difference; one that is too small for the metric's digits is said to be less than the last of them."""
    if round(abs(difference), metric.digits) == 0:
        return "< " + _value(10.0**-metric.digits, metric)
    return _value(abs(difference), metric)


def _count(n: float) -> str:
    """'12.8 k', '1.5 M'."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if n >= size:
            return significant(n / size) + letter
    return f"{n:.0f}"


def _times(ratio: float) -> str:
    return f"{significant(ratio, 2)} times"
