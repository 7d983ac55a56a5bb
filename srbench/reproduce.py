"""Published values as canaries: what is printed of a checkpoint or a card, measured again, value by value.

A value is reproduced where its protocol gives it, explained where another evaluation setting does
(:mod:`srbench.explain`), and otherwise it is not: other weights, other images, or a slip in print.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from srbench import dataset, zoo
from srbench.errors import SrbenchError
from srbench.explain import Answer, Target, explain
from srbench.foreign.contained import contained
from srbench.machine import resolve_device
from srbench.method import plugins
from srbench.method.base import Method, MethodContext, Published, prepare
from srbench.method.variant import Variant
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run import Observer, RunOptions, Silent, run

TOLERANCES = {"psnr": 0.005, "ssim": 0.0005}
_SHOWN = {"psnr": 3, "ssim": 4}  # decimals to which a measured mean is told and compared
_PRINTED = {"psnr": 2, "ssim": 4}  # decimals that papers print

Verdict = Literal["reproduced", "explained", "differs", "not measured"]


@dataclass(frozen=True)
class Value:
    """A published value and what became of it.

    Args:
        measured: under the protocol that the value is said to be of; None where nothing could be measured.
        explanation: the setting that gives the value, in words; or why it is 'not measured'.
    """

    method: str
    dataset: str
    scale: float
    metric: str
    protocol: str
    published: float
    source: str
    measured: float | None = None
    verdict: Verdict = "not measured"
    explanation: str = ""

    @property
    def difference(self) -> float | None:
        """Measured minus published, in the decimals that are told."""
        return None if self.measured is None else round(self.measured - self.published, _SHOWN[self.metric])

    @property
    def decimals(self) -> int:
        """To which the published value was printed."""
        return max(_PRINTED[self.metric], len(repr(self.published).partition(".")[2]))

    @property
    def good(self) -> bool:
        return self.verdict in ("reproduced", "explained")


@dataclass(frozen=True)
class Wanted:
    """Which of the published values are looked at: empty is all."""

    datasets: tuple[str, ...] = ()
    scales: tuple[float, ...] = ()

    def has(self, value: Published) -> bool:
        return (
            value.metric in TOLERANCES
            and value.dataset in (self.datasets or (value.dataset,))
            and value.scale in (self.scales or (value.scale,))
        )


def here() -> list[str]:
    """The checkpoints of the zoo that can be run on this machine and of which something is published, as 'zoo:NAME'."""
    from srbench.method import networks

    return [
        checkpoint.spec
        for checkpoint in zoo.checkpoints().values()
        if checkpoint.reported and not networks.missing(checkpoint.architecture) and zoo.find(checkpoint)
    ]


def reproduce(
    spec: str,
    out: Path,
    *,
    wanted: Wanted | None = None,
    device: str = "auto",
    threads: int = 0,
    explained: bool = True,
    observer: Observer | None = None,
    command: str = "",
) -> list[Value]:
    """Every value that the card of a method claims, measured again, in the order of the card.

    Args:
        spec: 'zoo:NAME', or any other method whose card has published values.
        out: the results folder; what is there already is not computed again.
        explained: ask :func:`srbench.explain.explain` about the values that are not reproduced.

    Raises:
        SrbenchError: as of :func:`srbench.run.run`; nothing is published of the method.
    """
    method = _one(spec)
    claimed = [value for value in method.card.published if (wanted or Wanted()).has(value)]
    if not claimed:
        which = "" if wanted in (None, Wanted()) else " on these datasets and scales"
        raise SrbenchError(f"no PSNR or SSIM of '{spec}' is published{which}", "see: srbench list zoo")
    values = [
        Value(spec, own.dataset, own.scale, own.metric, own.protocol, own.value, own.source)
        for own in dict.fromkeys(claimed)
    ]
    for group in _groups(values):
        options = RunOptions(
            methods=(spec,),
            datasets=tuple(dict.fromkeys(value.dataset for value in group if dataset.available(value.dataset))),
            scales=(group[0].scale,),
            metrics=tuple(dict.fromkeys(value.metric for value in group)),
            protocol=group[0].protocol,
            device=device,
            threads=threads,
            out=out,
            command=command,
            apart=True,
        )
        measured = _measured(options, observer or Silent()) if options.datasets else {}
        found = {value: _judged(value, measured) for value in group}
        values = [found.get(value, value) for value in values]
    return _explained(values, method, device) if explained else values


def _one(spec: str) -> Method:
    found = plugins.find(spec)
    if len(found) != 1:
        raise SrbenchError(f"'{spec}' defines {len(found)} methods", "name one")
    return plugins.instantiate(found[0])


def _groups(values: Sequence[Value]) -> list[list[Value]]:
    """Those that one run measures."""
    found: dict[tuple[str, float], list[Value]] = {}
    for value in values:
        found.setdefault((value.protocol, value.scale), []).append(value)
    return list(found.values())


def _measured(options: RunOptions, observer: Observer) -> dict[tuple[str, str], float | str]:
    """The mean of every metric on every dataset of a run; in place of it a text that says why there is none."""
    summary = run(options, observer)
    if summary.interrupted:
        raise KeyboardInterrupt
    off = {canary.dataset: canary.cause for canary in summary.canaries if canary.verdict == "off"}
    reason = next(iter([*summary.failures, *summary.unavailable, *summary.unsupported]), "images are missing")
    with Reader(options.out) as reader:
        rows = means(per_image(reader, summary.run_id))
    found: dict[tuple[str, str], float | str] = {}
    for _, row in rows.iterrows():
        whole = row["mean"] if row["n"] == row["planned"] else reason
        found[row["dataset"], row["metric"]] = off.get(row["dataset"], whole)
    return found


def _judged(value: Value, measured: dict[tuple[str, str], float | str]) -> Value:
    if not dataset.available(value.dataset):
        return replace(value, explanation=f"{value.dataset} is not on this machine (srbench fetch {value.dataset})")
    found = measured.get((value.dataset, value.metric), "nothing was measured")
    if isinstance(found, str):
        return replace(value, explanation=found)
    value = replace(value, measured=float(found))
    near = value.difference is not None and abs(value.difference) <= TOLERANCES[value.metric]
    return replace(value, verdict="reproduced" if near else "differs")


# -- what gives the others -----------------------------------------------------------------------------------------


def _explained(values: Sequence[Value], method: Method, device: str) -> list[Value]:
    """The values; those that differ with the setting that gives all of one source, else with one that gives each."""
    open_ = [value for value in values if value.verdict == "differs"]
    if not open_:
        return list(values)
    context = MethodContext(resolve_device(device))
    fed = Variant().apply(method)
    with contained():
        for scale in dict.fromkeys(value.scale for value in open_):
            prepare(fed, scale, context)
    found: dict[Value, Value] = {}
    for source in dict.fromkeys(value.source for value in open_):
        own = [value for value in open_ if value.source == source]
        together = explain(fed, method.card.name, [_target(value) for value in own])
        alone = len(own) == 1 or not together.fitting
        for value in own:
            answer = explain(fed, method.card.name, [_target(value)]) if alone and len(own) > 1 else together
            found[value] = _told(value, answer, len(own) if not alone else 1)
    return [found.get(value, value) for value in values]


def _target(value: Value) -> Target:
    text = f"{value.published:.{value.decimals}f}"
    return Target(value.dataset, value.scale, value.metric, value.published, value.decimals, text)


def _told(value: Value, answer: Answer, together: int) -> Value:
    fitting = answer.fitting
    if not fitting:
        return replace(value, explanation=f"none of {len(answer.rows)} settings gives it")
    text = answer.best.in_words
    if together > 1:
        text += f" (it gives all {together} values of that source that differ)"
    elif len(fitting) > 1:
        text += f" (so do {len(fitting) - 1} of {len(answer.rows) - 1} other settings)"
    return replace(value, verdict="explained", explanation=text)


def summary(values: Iterable[Value]) -> str:
    """How many there are of each verdict: '4 reproduced, 1 explained, 1 differs'."""
    counts: dict[str, int] = dict.fromkeys(("reproduced", "explained", "differs", "not measured"), 0)
    for value in values:
        counts[value.verdict] += 1
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
