"""``srbench fetch``: bring datasets and weights to this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.shell import err, handled, out, split
from srbench.errors import SrbenchError, UnknownNameError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from srbench import dataset

WEIGHTS = "weights"
PLAIN_EVERY = 10.0  # seconds between lines where there is no terminal


@handled
def command(
    names: Annotated[list[str], typer.Argument(help="Names of datasets (srbench list datasets), or: weights.")],
) -> None:
    """Download datasets, or the weights of perceptual metrics, into the user's cache.

    A download that was cut goes on where it was. Images are compared with their manifest before they are installed;
    what is on this machine already is only checked.

    Examples:

      srbench fetch set5,set14,bsd100

      srbench fetch weights
    """
    from srbench import dataset

    known = dataset.manifests()
    wanted = split(names)
    for name in wanted:
        if name.lower() not in (*known, WEIGHTS):
            raise UnknownNameError("dataset", name, [*known, WEIGHTS])
    failed: list[SrbenchError] = []
    with _shown(err()) as observer:
        for name in wanted:
            try:
                if name.lower() == WEIGHTS:
                    _fetch_weights(observer)
                else:
                    _fetch_dataset(known[name.lower()], observer)
            except SrbenchError as error:  # the others may still come
                failed.append(error)
                if name != wanted[-1]:
                    observer.note(f"{name}: {error}")
    if failed:
        raise failed[-1]


def _fetch_weights(observer: _Shown) -> None:
    from srbench.fetch import weights

    for backbone in weights.BACKBONES:
        path, new = weights.fetch(backbone, observer)
        out().print(
            f"{backbone.name}: {'fetched to' if new else 'is here already,'} {path}", markup=False, soft_wrap=True
        )


def _fetch_dataset(manifest: dataset.Manifest, observer: _Shown) -> None:
    if manifest.embedded:
        out().print(f"{manifest.title}: ships inside a package, nothing to fetch", markup=False, soft_wrap=True)
        return
    from srbench.fetch import datasets

    fetched = datasets.fetch(manifest, observer)
    where = f"fetched to {fetched.folder}" if fetched.new else f"is here already, {fetched.folder}"
    out().print(f"{manifest.title}: {manifest.count} images, {where}; {fetched.remark}", markup=False, soft_wrap=True)
    if fetched.new:
        out().print(f"licence: {manifest.licence}", markup=False, soft_wrap=True)


class _Shown:
    """Shows downloads: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, progress: Progress | None) -> None:
        self._console, self._progress = console, progress

    def note(self, text: str) -> None:
        self._console.print(f"note: {text}", style="yellow", markup=False, soft_wrap=True)

    def bar(self, label: str, already: int) -> _Bar:
        return _Bar(self._console, self._progress, label, already)


class _Bar:
    """One connection's progress as pooch reports it."""

    def __init__(self, console: Console, progress: Progress | None, label: str, already: int) -> None:
        self._console, self._progress, self._label, self._already = console, progress, label, already
        self._total = self._done = 0
        self._last = time.monotonic()
        self._task = None if progress is None else progress.add_task(label, total=None, completed=already)
        if already:
            console.print(f"{label}: going on after {already / 1e6:.1f} MB", markup=False, soft_wrap=True)

    @property
    def total(self) -> int:
        return self._total

    @total.setter
    def total(self, value: int) -> None:
        self._total = value
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, total=self._already + value)

    def update(self, count: int) -> None:
        self._done += count
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._already + min(self._done, self._total or self._done))
        elif time.monotonic() - self._last >= PLAIN_EVERY:
            self._last = time.monotonic()
            parts = f"{(self._already + self._done) / 1e6:.0f} of {(self._already + self._total) / 1e6:.0f} MB"
            self._console.print(f"{self._label}: {parts}", markup=False, soft_wrap=True)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.remove_task(self._task)


@contextmanager
def _shown(console: Console) -> Iterator[_Shown]:
    if not console.is_terminal:
        yield _Shown(console, None)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        yield _Shown(console, progress)
