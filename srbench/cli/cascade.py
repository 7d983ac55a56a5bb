"""``srbench experiment cascade``: a table a question, the picture and the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.cli import names
from srbench.cli.progress import CellProgress, progress
from srbench.cli.shell import err, out
from srbench.files import writing_into

if TYPE_CHECKING:
    from srbench.experiments.cascade.study import Row, Study

_GIGA = 1e9


def run(folder: Path, datasets: Sequence[str], threads: int, hint: str) -> None:
    """Measure, write ``cascade.png``, ``cascade.json`` and a results folder into ``folder``, which is there, and
    print."""
    names.require_datasets(datasets)
    from srbench.experiments.cascade import study
    from srbench.experiments.cascade.picture import write_picture
    from srbench.experiments.cascade.record import write_record

    with progress(err()) as shown:
        measured = study.measure(datasets, folder / "results", CellProgress(shown), threads)
    picture, record = folder / "cascade.png", folder / "cascade.json"
    with writing_into(folder, hint):
        write_picture(picture, measured)
        write_record(record, measured)
    _print(measured)
    for path in (picture, record):
        out().print(str(path), markup=False, soft_wrap=True)


def _print(study: Study) -> None:
    from rich.table import Table

    from srbench.experiments.cascade.contestants import QUESTIONS, SCALE
    from srbench.experiments.cascade.study import PROTOCOL

    console = out()
    for question in QUESTIONS:
        rows = study.of(question.title)
        table = Table(title=f"{question.title}, x{SCALE}, {PROTOCOL}", title_justify="left")
        for heading in ("method", "what"):
            table.add_column(heading)
        for heading in ("parameters", "Mult-Adds", *study.datasets):
            table.add_column(heading, justify="right")
        for row in rows:
            table.add_row(
                row.spec, row.what, f"{row.parameters:,}", f"{row.mult_adds / _GIGA:.2f} G", *_cells(study, row)
            )
        console.print(table)
        console.print(
            f"in brackets: better than {question.rival} by so many dB, on so many of the images", markup=False
        )


def _cells(study: Study, row: Row) -> list[str]:
    cells = []
    for dataset in study.datasets:
        text = f"{row.mean(dataset):.2f}"
        if row.spec != study.rival(row).spec:
            difference, count = study.better(row, dataset)
            text += f" ({difference:+.2f}, {count} of {len(row.psnr[dataset])})"
        cells.append(text)
    return cells
