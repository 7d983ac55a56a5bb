"""One run over all contestants, and of each its cost and its PSNR on every image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from srbench.errors import SrbenchError
from srbench.experiments.cascade.contestants import QUESTIONS, SCALE, SPECS
from srbench.method import MethodContext, plugins
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.run import Observer, RunOptions, run
from srbench.timing import cost

PROTOCOL = "classic"


@dataclass(frozen=True)
class Row:
    """One contestant.

    Args:
        parameters: of its networks, each counted once.
        mult_adds: for an SR image of 1280x720, without activations and interpolation.
        psnr: dB, by dataset and image.
    """

    question: str
    spec: str
    what: str
    parameters: int
    mult_adds: int
    psnr: Mapping[str, Mapping[str, float]]

    def mean(self, dataset: str) -> float:
        return sum(self.psnr[dataset].values()) / len(self.psnr[dataset])


@dataclass(frozen=True)
class Study:
    """The rows in the order of the questions, and the datasets that they were measured on."""

    datasets: tuple[str, ...]
    rows: tuple[Row, ...]

    def of(self, question: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.question == question)

    def rival(self, row: Row) -> Row:
        """The network that costs as much as those in series, of the row's question."""
        spec = next(question.rival for question in QUESTIONS if question.title == row.question)
        return next(other for other in self.of(row.question) if other.spec == spec)

    def better(self, row: Row, dataset: str) -> tuple[float, int]:
        """By how many dB, on the mean, and on how many images a row is better than its rival."""
        own, other = row.psnr[dataset], self.rival(row).psnr[dataset]
        return row.mean(dataset) - self.rival(row).mean(dataset), sum(own[name] > other[name] for name in own)


def measure(datasets: Sequence[str], folder: Path, observer: Observer, threads: int = 0) -> Study:
    """Run the contestants on ``datasets``; what the results folder ``folder`` has already is not computed again.

    Args:
        datasets: names or folders; empty: 'sample'.
        threads: cells that are computed side by side; 0: one per processor.

    Raises:
        SrbenchError: what a run ends with; an image of a contestant has no PSNR.
    """
    chosen = tuple(datasets) or ("sample",)
    options = RunOptions(
        methods=SPECS,
        datasets=chosen,
        scales=(SCALE,),
        metrics=("psnr",),
        protocol=PROTOCOL,
        threads=threads,
        out=folder,
        keep_images=False,
        command="srbench experiment cascade",
    )
    summary = run(options, observer)
    with Reader(folder) as reader:
        rows = per_image(reader, summary.run_id)
    values: dict[str, dict[str, dict[str, float]]] = {}
    for own in rows.itertuples():
        if own.status != "ok":
            raise SrbenchError(
                f"{own.method} has no PSNR on '{own.image}' of {own.dataset}: {own.message or own.status}",
                f"see: srbench report {folder}",
            )
        values.setdefault(own.method, {}).setdefault(own.dataset, {})[own.image] = float(own.value)
    names = tuple(next(iter(values.values())))
    found = []
    for question in QUESTIONS:
        for one in question.contestants:
            parameters, mult_adds = _cost(one.spec)
            found.append(Row(question.title, one.spec, one.what, parameters, mult_adds, values[one.spec]))
    return Study(names, tuple(found))


def _cost(spec: str) -> tuple[int, int]:
    """Parameters and multiply-adds of a method all of whose parts are networks."""
    method = plugins.instantiate(plugins.find(spec)[0])
    method.prepare(SCALE, MethodContext())
    parameters, mult_adds = cost.parameters(method, SCALE), cost.mult_adds(method, SCALE)
    assert parameters is not None
    assert mult_adds is not None
    return parameters, mult_adds
