"""Bring a checkpoint of the zoo to the user's cache: its licence is shown first, its bytes are checked.

Nothing is ever fetched that was not asked for by name, and nothing is passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srbench.errors import FetchError
from srbench.fetch.download import Observer, download, forget, is_html
from srbench.files import copy_file, writing
from srbench.zoo import openmodeldb, places
from srbench.zoo.manifest import Checkpoint

_SLACK = 1 << 20  # bytes that another version of a file may have more, to be told apart by its hash
_SAME_TENSORS = "other bytes than the recorded ones, the same tensors"


@dataclass(frozen=True)
class Fetched:
    """Where a checkpoint is now. ``remark`` says how it differs from the recorded file, empty if in nothing."""

    checkpoint: Checkpoint
    path: Path
    new: bool
    remark: str = ""


def fetch(checkpoint: Checkpoint, observer: Observer, file: Path | None = None) -> Fetched:
    """Bring the file of ``checkpoint`` to the user's cache unless it is on this machine.

    Args:
        observer: is told the licence before anything is downloaded.
        file: what the user got by hand; it is copied after it was checked.

    Raises:
        FetchError: the licence forbids it; its host hands it to browsers alone (with what to do); the download failed,
            or brought an HTML page or another file (with both hashes). Nothing is installed then.
        WeightsError: ``file`` cannot be read.
    """
    here = places.find(checkpoint)
    if here is not None and file is None:
        return Fetched(checkpoint, here, False)
    if checkpoint.forbids:
        raise FetchError(
            f"the licence of {checkpoint.title} ({checkpoint.licence}) forbids {checkpoint.forbids}",
            f"ask its authors ({checkpoint.homepage}); a copy of your own runs as NAME=FILE",
        )
    observer.note(licence(checkpoint))
    if file is not None:
        remark = _checked(checkpoint, file, f"'{file}'")
        return Fetched(checkpoint, _installed(checkpoint, file), True, remark)
    if checkpoint.by_hand:
        raise FetchError(
            f"{checkpoint.title} is where only a browser gets it: {checkpoint.address}",
            f"get it by hand, then: srbench fetch {checkpoint.spec} --file FILE",
        )
    return _from_address(checkpoint, observer)


def of_openmodeldb(name: str, observer: Observer) -> Checkpoint:
    """What OpenModelDB's catalogue says now of a model; raises FetchError."""
    source = download(openmodeldb.CATALOGUE, observer, openmodeldb.MOST)
    try:
        return openmodeldb.checkpoint_of(source.read_text(encoding="utf-8", errors="replace"), name)
    finally:
        forget(openmodeldb.CATALOGUE)


def licence(checkpoint: Checkpoint) -> str:
    """What may be done with a checkpoint, in one line."""
    where = f" ({checkpoint.homepage})" if checkpoint.homepage else ""
    if not checkpoint.licensed:
        return f"{checkpoint.title}: no licence is stated{where}; it is for your own use, do not pass it on"
    return f"{checkpoint.title}: licence {checkpoint.licence}{where}"


def _from_address(checkpoint: Checkpoint, observer: Observer) -> Fetched:
    source = download(checkpoint.address, observer, checkpoint.size + _SLACK)
    try:
        remark = _checked(checkpoint, source, checkpoint.address)
        path = _installed(checkpoint, source)
    except FetchError:
        forget(checkpoint.address)
        raise
    forget(checkpoint.address)
    return Fetched(checkpoint, path, True, remark)


def _checked(checkpoint: Checkpoint, file: Path, what: str) -> str:
    """A remark on how the file differs from the recorded one; raises FetchError if it is another."""
    found = places.sha256(file)
    if found == checkpoint.sha256:
        return ""
    if is_html(file):
        raise FetchError(f"{what} is an HTML page in place of the file", "open it in a browser: a login, or a quota?")
    if checkpoint.tensors and places.tensors_of(file) == checkpoint.tensors:
        return _SAME_TENSORS
    raise FetchError(
        f"{what} has sha256 {found}, {checkpoint.spec} has {checkpoint.sha256}",
        "another version of the file? Nothing was installed; it runs as NAME=FILE, under a name of its own",
    )


def _installed(checkpoint: Checkpoint, file: Path) -> Path:
    """The checked file's copy in the cache."""
    target = places.folder() / f"{checkpoint.name}{_suffix(checkpoint)}"
    with writing(target, "free space or set SRBENCH_CACHE", FetchError):
        copy_file(file, target)
        places.remember(checkpoint, target)
    return target


def _suffix(checkpoint: Checkpoint) -> str:
    """The type of its file: '.pth' for 'x.pth.tar'."""
    suffixes = [suffix.lower() for suffix in Path(checkpoint.file).suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix != ".tar"), ".pth")
