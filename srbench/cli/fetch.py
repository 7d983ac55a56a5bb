"""``srbench fetch``: bring datasets, checkpoints and weights to this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.progress import BYTES, Bar, Progress, progress
from srbench.cli.shell import err, handled, out, split
from srbench.errors import SrbenchError
from srbench.wording import counted

if TYPE_CHECKING:
    from srbench import dataset
    from srbench.zoo import Checkpoint

WEIGHTS = "weights"


@handled
def command(
    names: Annotated[
        list[str],
        typer.Argument(help="Datasets (srbench list datasets), zoo:NAME (srbench list zoo), omdb:NAME, or: weights."),
    ],
    file: Annotated[
        Path | None,
        typer.Option(help="Of one zoo:NAME or omdb:NAME: the file that was got by hand, to be checked and installed."),
    ] = None,
) -> None:
    """Download datasets, checkpoints of the zoo, or the weights of perceptual metrics, into the user's cache.

    A download that was cut goes on where it was. Images and checkpoints are compared with their manifest before they
    are installed; what is on this machine already is only checked. The licence of a checkpoint is shown first.

    Examples:

      srbench fetch set5,set14,bsd100

      srbench fetch weights

      srbench fetch zoo:bsrn-x4

      srbench fetch zoo:hat-s-x4 --file ~/Downloads/HAT-S_SRx4.pth

      srbench fetch omdb:4x-NAME
    """
    from srbench import dataset, zoo
    from srbench.fetch import zoo as fetch_zoo
    from srbench.zoo import openmodeldb

    wanted = split(names)
    checkpoints = {name: zoo.known_as(name) for name in wanted if name.startswith(zoo.PREFIX)}
    models = [name for name in wanted if name.startswith(openmodeldb.PREFIX)]
    others = [name for name in wanted if name not in (*checkpoints, *models) and name.lower() != WEIGHTS]
    known = {name: dataset.known_as(name, [WEIGHTS]) for name in others}
    if file is not None and (len(wanted), len(checkpoints) + len(models)) != (1, 1):
        raise SrbenchError("--file is the file of one checkpoint", "srbench fetch zoo:NAME --file FILE")
    failed: list[SrbenchError] = []
    with progress(err()) as shown:
        observer = _Downloads(shown)
        for name in wanted:
            try:
                if name.lower() == WEIGHTS:
                    _fetch_weights(observer)
                elif name in checkpoints:
                    _fetch_checkpoint(checkpoints[name], file, observer)
                elif name in models:
                    _fetch_checkpoint(fetch_zoo.of_openmodeldb(name, observer), file, observer)
                else:
                    _fetch_dataset(known[name], observer)
            except SrbenchError as error:  # the others may still come
                failed.append(error)
                if name != wanted[-1]:
                    observer.note(f"{name}: {error}")
    if failed:
        raise failed[-1]


def _fetch_weights(observer: _Downloads) -> None:
    from srbench.fetch import weights

    for backbone in weights.BACKBONES:
        _tell_of_weights(backbone.name, *weights.fetch(backbone, observer))
    for file in weights.FILES:
        _tell_of_weights(file.name, *weights.fetch_file(file, observer))


def _tell_of_weights(name: str, path: Path, new: bool) -> None:
    out().print(f"{name}: {'fetched to' if new else 'is here already,'} {path}", markup=False, soft_wrap=True)


def _fetch_dataset(manifest: dataset.Manifest, observer: _Downloads) -> None:
    if manifest.embedded:
        out().print(f"{manifest.title}: ships inside a package, nothing to fetch", markup=False, soft_wrap=True)
        return
    from srbench.fetch import datasets

    fetched = datasets.fetch(manifest, observer)
    where = f"fetched to {fetched.folder}" if fetched.new else f"is here already, {fetched.folder}"
    out().print(
        f"{manifest.title}: {counted(manifest.count, 'image')}, {where}; {fetched.remark}", markup=False, soft_wrap=True
    )
    if fetched.new:
        out().print(f"licence: {manifest.licence}", markup=False, soft_wrap=True)


def _fetch_checkpoint(checkpoint: Checkpoint, file: Path | None, observer: _Downloads) -> None:
    from srbench.fetch import zoo

    fetched = zoo.fetch(checkpoint, observer, file)
    where = f"fetched to {fetched.path}" if fetched.new else f"is here already, {fetched.path}"
    remark = f"; {fetched.remark}" if fetched.remark else ""
    out().print(f"{checkpoint.title}: {where}{remark}", markup=False, soft_wrap=True)
    out().print(f"run it with: srbench run --methods {checkpoint.spec}", markup=False, soft_wrap=True)


class _Downloads:
    """Shows downloads; an :class:`srbench.fetch.download.Observer`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def note(self, text: str) -> None:
        self._progress.note(text)

    def bar(self, label: str, already: int) -> _Connection:
        if already:
            self._progress.say(f"{label}: going on after {already / 1e6:.1f} MB")
        return _Connection(self._progress.bar(label, None, already, BYTES, _line), already)


class _Connection:
    """One connection's progress as pooch tells it: what came of what is to come, without what was here before."""

    def __init__(self, bar: Bar, already: int) -> None:
        self._bar, self._already = bar, already
        self._total = self._done = 0

    @property
    def total(self) -> int:
        return self._total

    @total.setter
    def total(self, value: int) -> None:
        self._total = value
        self._bar.total = self._already + value

    def update(self, count: int) -> None:
        self._done += count  # pooch counts the last piece whole
        self._bar.update(self._already + min(self._done, self._total or self._done))

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        self._bar.close()


def _line(bar: Bar) -> str:
    return f"{bar.title}: {bar.done / 1e6:.0f} of {(bar.total or 0) / 1e6:.0f} MB"
