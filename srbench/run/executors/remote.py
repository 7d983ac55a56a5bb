"""The process beside a dask worker (:mod:`srbench.run.executors.beside`): computes the cells of one run that was
planned elsewhere, with files that it has itself or is sent."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath
from typing import Any

import threadpoolctl

from srbench import dataset, paths, randomness
from srbench.dataset.locate import ImageFile
from srbench.errors import SrbenchError, SrbenchWarning
from srbench.files import copy_file
from srbench.foreign.contained import told
from srbench.imaging.images import pixel_hash
from srbench.machine import computes_on
from srbench.protocol import get as get_protocol
from srbench.run.executors.base import compute
from srbench.run.executors.blobs import Blobs
from srbench.run.executors.messages import (
    BLOB,
    GROUP,
    HELLO,
    Done,
    File,
    Hello,
    Met,
    Missing,
    Parcel,
    Product,
    Refusal,
    Source,
)
from srbench.run.executors.processes import settle
from srbench.run.kept import entropy_path
from srbench.run.plan import CellResult, CellTask, RunContext
from srbench.run.windows import Window
from srbench.run.worker import CellWorker
from srbench.version import __version__
from srbench.weights.backbones import folders
from srbench.weights.files import file_hash
from srbench.zoo.places import folder as zoo_folder

IDLE = 3600.0  # seconds without a message after which nobody is expected to ask any more


def main() -> None:
    """Answer messages until nobody asks. Command line: the descriptor of the pipe, the folder to write to."""
    end, scratch = Connection(int(sys.argv[1])), Path(sys.argv[2])
    settle()
    threadpoolctl.threadpool_limits(1)
    warnings.simplefilter("ignore", SrbenchWarning)  # said where the run was planned
    remote = Remote(scratch)
    end.send_bytes(b"")
    with suppress(EOFError, OSError):
        while end.poll(IDLE):
            kind, body = end.recv_bytes().decode(), end.recv_bytes()
            end.send_bytes(pickle.dumps(remote.answer(kind, body, lambda: end.send_bytes(b""))))


class _LackingError(Exception):
    """Files are missing; the argument is their hashes."""


class Remote:
    """Answers the messages of one run; ``scratch`` is its folder."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._blobs = Blobs(paths.cache() / "blobs")
        self._parts: dict[str, bytearray] = {}
        self._hello: bytes | None = None
        self._run: _Run | None = None

    def answer(self, kind: str, body: bytes, begin: Callable[[], object]) -> Any:
        """The answer to a message; ``begin`` is called when a group's time starts."""
        begun = False

        def start() -> None:
            nonlocal begun
            if not begun:
                begun = True
                begin()

        try:
            if kind == BLOB:
                return self._keep(*pickle.loads(body))
            if kind == HELLO:
                self._hello, self._run = body, None
                return self._open()
            opened = self._open()
            if self._run is None:
                return opened
            return self._run.compute(pickle.loads(body), start)
        except _LackingError as lacking:
            return Missing(tuple(lacking.args[0]))
        except Exception as error:  # a plugin's are results
            return Refusal(told(error))
        finally:
            if kind == GROUP:
                start()

    def _keep(self, sha256: str, chunk: bytes, last: bool) -> None:
        part = self._parts.setdefault(sha256, bytearray())
        part += chunk
        if last:
            self._blobs.add(sha256, bytes(self._parts.pop(sha256)))

    def _open(self) -> Met | Refusal:
        if self._run is None:
            assert self._hello is not None
            hello = Hello(**pickle.loads(self._hello))
            if hello.version != __version__:
                return Refusal(f"it has srbench {__version__}, and this is {hello.version}")
            for name, own in zip(hello.protocol.split(","), hello.protocol_hash.split(","), strict=True):
                if _protocol_hash(name, own) != own:
                    return Refusal(f"its protocol '{name}' is another one")
            context, sources = pickle.loads(hello.content)
            self._run = _Run(context, sources, self._scratch, self._blobs)
        return Met(self._run.machine)


def _protocol_hash(name: str, unknown: str) -> str:
    """That of the protocol here; ``unknown`` where there is none of the name: the run sends a user's own."""
    try:
        return get_protocol(name).hash
    except SrbenchError:
        return unknown


class _Run:
    """A run's worker, with what its tasks name as it is here.

    Raises:
        _LackingError: a file of the degradation is missing.
        SrbenchError: the device or the degradation is not here.
    """

    def __init__(self, context: RunContext, sources: dict[str, Source], scratch: Path, blobs: Blobs) -> None:
        self._sources, self._scratch, self._blobs = sources, scratch, blobs
        self._own_folders = {"weights": folders(), "checkpoints": [zoo_folder(), *paths.checkpoints()]}
        for name, own in self._own_folders.items():
            places = dict.fromkeys((scratch / name, *own))  # what the run was planned with comes first
            os.environ[f"SRBENCH_{name.upper()}"] = os.pathsep.join(map(str, places))
        self._folder = scratch / "results"
        self._here: dict[str, str] = {}
        self._images: dict[tuple[str, str, str, bool], ImageFile] = {}
        self._datasets: dict[str, dict[str, ImageFile]] = {}
        context = replace(context, folder=self._folder, degradation=self._local(context.degradation))
        self._worker = CellWorker(context)
        randomness.seed(context.seed, self._worker.device)
        self.machine = computes_on(self._worker.device)

    def compute(self, parcels: Sequence[Parcel], begin: Callable[[], object]) -> Done:
        """The products of the first of some parcels; raises _LackingError before anything is computed."""
        tasks, lacking = [], set[str]()
        for parcel in parcels:
            try:
                tasks.append(self._task(parcel))
            except _LackingError as error:
                lacking.update(error.args[0])
        if lacking:
            raise _LackingError(sorted(lacking))
        for task in tasks:
            self._worker.load(task)
        begin()
        done, seconds = compute(self._worker.begin, tasks, lambda finish: finish())
        return Done(tuple(self._product(task, result) for task, result in zip(tasks, done, strict=False)), seconds)

    # -- from elsewhere to here ---------------------------------------------------------------------------------

    def _task(self, parcel: Parcel) -> CellTask:
        task = parcel.task
        lacking = set[str]()
        names = [task.method.source, *(spec.source for spec in task.metrics)]
        asked: list[Callable[[], Any]] = [partial(self._local, name) for name in names]
        found: list[Any] = []
        asked += [partial(self._image, parcel), partial(self._given, parcel), partial(self._beside, parcel)]
        for ask in asked:
            try:
                found.append(ask())
            except _LackingError as error:
                lacking.update(error.args[0])
        if lacking:
            raise _LackingError(sorted(lacking))
        self._put_kept(parcel)
        method, *metrics, sample, lr, beside = found
        specs = [replace(spec, source=source) for spec, source in zip(task.metrics, metrics, strict=True)]
        own = replace(task.method, source=method)
        task = replace(
            task, method=own, sample=sample, metrics=tuple(specs), lr=lr, window=_placed(task.window, beside)
        )
        before = task.before
        if before is None:
            return task
        low = None if before.lr is None else beside[before.lr]
        # What is kept of the frame before does not come along: it is made again where it is not at hand.
        before = replace(before, method=own, sample=beside[before.sample], lr=low, kept=None)
        return replace(task, before=replace(before, window=_placed(before.window, beside)))

    def _local(self, name: str) -> str:
        """What a name of the run's stands for here, with its files in their places."""
        if name not in self._here:
            source = self._sources.get(name, Source())
            wanted = [(file, self._scratch) for file in source.found]
            root = self._scratch / "sources" / hashlib.sha256(repr(source.files).encode()).hexdigest()[:16]
            wanted += [(file, root) for file in source.files]
            self._lay_out(wanted)
            self._here[name] = source.named(root) if source.name else name
        return self._here[name]

    def _lay_out(self, wanted: Sequence[tuple[File, Path]]) -> None:
        found = {file.sha256: self._blobs.path(file.sha256) or self._own_weights(file) for file, _ in wanted}
        lacking = [sha256 for sha256, path in found.items() if path is None]
        if lacking:
            raise _LackingError(lacking)
        for file, root in wanted:
            source, target = found[file.sha256], root / PurePosixPath(file.place)
            if source is not None and not target.exists():
                copy_file(source, target)

    def _own_weights(self, file: File) -> Path | None:
        """A file of this machine's own folders of weights that is the one that is wanted."""
        kind, _, place = file.place.partition("/")
        for path in (folder / place for folder in self._own_folders.get(kind, ())):
            with suppress(SrbenchError):
                if path.is_file() and file_hash(path) == file.sha256:
                    return path
        return None

    def _image(self, parcel: Parcel) -> ImageFile:
        facts, sample = parcel.task.facts, parcel.task.sample
        key = (facts.dataset, facts.image, facts.image_sha256, sample.reference)
        known = self._images.get(key)
        if known is not None and known.path.is_file():
            if known.path.parent == self._blobs.folder:
                self._blobs.path(parcel.image)  # it is in use
            return known
        own = self._own(facts.dataset).get(facts.image)
        with suppress(SrbenchError):
            if own is not None and pixel_hash(own.read()) == facts.image_sha256:
                self._images[key] = replace(own, reference=sample.reference)
                return self._images[key]
        path = self._blobs.path(parcel.image)
        if path is None:
            raise _LackingError([parcel.image])
        self._images[key] = replace(sample, path=path)
        return self._images[key]

    def _given(self, parcel: Parcel) -> ImageFile | None:
        """The LR image that is given of the HR image."""
        if parcel.task.lr is None:
            return None
        path = self._blobs.path(parcel.lr)
        if path is None:
            raise _LackingError([parcel.lr])
        return replace(parcel.task.lr, path=path)

    def _beside(self, parcel: Parcel) -> dict[ImageFile, ImageFile]:
        """Other frames of the clip, where they are here."""
        paths = {file: self._blobs.path(sha256) for file, sha256 in parcel.beside.items()}
        if lacking := [parcel.beside[file] for file, path in paths.items() if path is None]:
            raise _LackingError(lacking)
        return {file: replace(file, path=path) for file, path in paths.items() if path is not None}

    def _own(self, name: str) -> dict[str, ImageFile]:
        """Images of a known dataset that are on this machine."""
        if name not in self._datasets:
            manifest = dataset.manifests().get(name)
            found = {} if manifest is None else dataset.image_paths(manifest)
            crops = {} if manifest is None else {image.name: image.crop for image in manifest.images}
            self._datasets[name] = {image: ImageFile(image, path, crops.get(image)) for image, path in found.items()}
        return self._datasets[name]

    def _put_kept(self, parcel: Parcel) -> None:
        """Put an earlier SR image where the worker looks for it."""
        kept = parcel.task.kept
        if kept is not None and parcel.kept:
            self._lay_out([(File(kept.sr_path, parcel.kept), self._folder)])

    # -- from here to elsewhere ---------------------------------------------------------------------------------

    def _product(self, task: CellTask, result: CellResult) -> Product:
        files = {}
        for place in _written(task, result):
            path = self._folder / place
            with suppress(OSError):
                content = path.read_bytes()
                files[place] = content, hashlib.sha256(content).hexdigest()
                path.unlink()
        if task.kept is not None and task.kept.sr_path:
            (self._folder / task.kept.sr_path).unlink(missing_ok=True)
        return Product(result, files)


def _placed(window: Window | None, beside: Mapping[ImageFile, ImageFile]) -> Window | None:
    """A window of files that are here."""
    if window is None:
        return None
    files, lr = (tuple(beside[file] for file in own) for own in (window.files, window.lr))
    return replace(window, files=files, lr=lr)


def _written(task: CellTask, result: CellResult) -> Iterator[str]:
    """Paths of the files that a worker may have written for a result."""
    if task.canary:
        return
    if result.outcome is not None and result.outcome.sr_path:
        yield result.outcome.sr_path
    if any('"entropy"' in score.extra for score in result.scores):
        yield entropy_path(task.facts).as_posix()


if __name__ == "__main__":
    main()
