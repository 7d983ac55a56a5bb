"""Tasks made ready to be computed where nothing of theirs may be: which files they need, by what hash."""

from __future__ import annotations

import hashlib
import sysconfig
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import srbench
from srbench import degradation, paths, zoo
from srbench.errors import ImageError, SrbenchError
from srbench.foreign import opened
from srbench.foreign.contained import contained
from srbench.foreign.loading import package_root, private_name
from srbench.foreign.named_files import named_files
from srbench.imaging.images import below
from srbench.method import naming, plugins
from srbench.method.base import Method
from srbench.method.cascade import working
from srbench.metrics import Metric
from srbench.run.executors.messages import File, Parcel, Source
from srbench.run.plan import CellTask, MethodSpec, MetricSpec
from srbench.run.worker import CellWorker
from srbench.sources import source_files
from srbench.weights import backbones
from srbench.weights.files import file_hash
from srbench.weights.kinds import parts_of
from srbench.zoo import openmodeldb


class Packer:
    """Packs the tasks of a run, whose methods and metrics ``worker`` holds; knows the files that it has named."""

    def __init__(self, worker: CellWorker) -> None:
        self._worker = worker
        self._paths: dict[str, Path] = {}  # by hash
        self._hashes: dict[Path, str] = {}

    def sources(self) -> dict[str, Source]:
        """What the names in the run's tasks stand for, where a name alone is not enough.

        Raises:
            WeightsError: a file cannot be read.
        """
        found = {spec.source: self._method(spec, method) for spec, method in self._worker.held_methods()}
        found |= {spec.source: self._metric(spec, metric) for spec, metric in self._worker.held_metrics()}
        name = self._worker.context.degradation
        parts = degradation.spelled(name)
        if files := [Path(part) for part in parts[1::2]]:
            found[name] = self._bundle(parts, [own for file in files for own in _files_of_degradation(file)])
        return {name: source for name, source in found.items() if source != Source()}

    def pack(self, task: CellTask) -> Parcel:
        """A task with the hashes of the images that it needs."""
        kept = ""
        if task.kept is not None and task.kept.sr_path:
            with suppress(ImageError, SrbenchError):  # it is computed again
                kept = self._named(below(self._worker.context.folder, task.kept.sr_path))
        lr = "" if task.lr is None else self._named(task.lr.path)
        return Parcel(task, self._named(task.sample.path), kept, lr)

    def content(self, sha256: str) -> bytes:
        """The bytes of a file that was named.

        Raises:
            SrbenchError: it has changed, or is gone.
        """
        path = self._paths[sha256]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SrbenchError(f"'{path}' cannot be read any more", "run again") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise SrbenchError(f"'{path}' has changed while the run goes on", "run again")
        return content

    # -- what is in a bundle ------------------------------------------------------------------------------------

    def _method(self, spec: MethodSpec, method: Method) -> Source:
        parsed = plugins.parse(spec.source) if spec.source else None
        named = [] if parsed is None else [part for part, _ in parsed.parts] or [parsed]
        codes = [naming.split_file(own.network, (".py",))[0] for own in named]
        weights = _asked(method)
        mains = [path for own, code in zip(named, codes, strict=True) for path in (code, own.file) if path is not None]
        if not mains:
            of_the_zoo = any(own.text.startswith((zoo.PREFIX, openmodeldb.PREFIX)) for own in named)
            return Source(found=self._found(weights, of_the_zoo))
        classes = [type(own) for own in working(method)]
        files = list(weights)
        for path in mains:
            if path.suffix == ".py":
                files += [file for cls in classes for file in _files_of_code(path, cls)]
            else:
                files += [path, *parts_of(path)[0]]
        files += [path.with_suffix(".json") for path in files if path.suffix != ".py"]  # what srbench train says
        return self._bundle(_cut(spec.source, mains), files, self._found(weights))

    def _metric(self, spec: MetricSpec, metric: Metric) -> Source:
        weights: list[Path] = []
        with suppress(SrbenchError):
            weights = named_files(metric.files, spec.name)
        if not spec.source.endswith(".py"):
            return Source(found=self._found(weights))
        files = [*_files_of_code(Path(spec.source)), *weights]
        return self._bundle(("", spec.source), files, self._found(weights))

    def _bundle(self, name: Sequence[str], files: Iterable[Path], found: tuple[File, ...] = ()) -> Source:
        wanted: dict[str, Path] = {}
        for path in files:
            for own in (path.absolute(), *_packages_around(path)):
                if own.is_file() and not _is_installed(own):
                    wanted[_place(own)] = own
        laid_out = tuple(File(place, self._named(path)) for place, path in sorted(wanted.items()))
        placed = tuple(_place(_real(Path(part))) if i % 2 else part for i, part in enumerate(name))
        return Source(laid_out, placed, found)

    def _found(self, files: Iterable[Path], of_the_zoo: bool = False) -> tuple[File, ...]:
        """Those that were found in a folder of weights, by their places in it."""
        folders = [folder.absolute() for folder in backbones.folders()]
        found = []
        for path in map(Path.absolute, files):
            folder = next((own for own in folders if path.is_relative_to(own)), None)
            if of_the_zoo:
                found.append(File(f"checkpoints/{path.name}", self._named(path)))
            elif folder is not None and path.is_file():
                found.append(File(f"weights/{path.relative_to(folder).as_posix()}", self._named(path)))
        return tuple(found)

    def _named(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes[path] = file_hash(path)
            self._paths[self._hashes[path]] = path
        return self._hashes[path]


def _asked(method: Method) -> list[Path]:
    with suppress(SrbenchError), contained():
        return named_files(method.weight_files, method.card.name)
    return []


def _files_of_code(path: Path, cls: type | None = None) -> list[Path]:
    """A plugin's file, the files that it imports, and what it has read so far."""
    path = _real(path)
    own = source_files(path, () if cls is None else cls.__mro__)
    read = opened.files_of(private_name(path) if cls is None else cls.__module__)
    return [path, *own, *sorted(read)]


def _files_of_degradation(path: Path) -> list[Path]:
    """A degradation's file, or a kernel, with the files that it needs."""
    if path.suffix == ".py":
        return _files_of_code(path)
    return [path, *degradation.kernels_of(path)] if path.suffix == ".toml" else [path]


def _cut(text: str, files: Sequence[Path]) -> tuple[str, ...]:
    """``text`` as texts and paths by turns, where it names ``files``."""
    parts = [text]
    for path in files:
        before, _, after = parts[-1].partition(str(path))
        parts[-1:] = [before, str(path), after]
    return tuple(parts)


def _real(path: Path) -> Path:
    """A plugin is what a link points to, with the files beside that; a checkpoint is named by the link."""
    return path.resolve() if path.suffix == ".py" else path.absolute()


def _place(path: Path) -> str:
    """Where a file lies below a folder that stands for the root of the file system."""
    return path.relative_to(path.anchor).as_posix()


def _packages_around(path: Path) -> Sequence[Path]:
    """The ``__init__.py`` that make a Python file part of packages."""
    if path.suffix != ".py":
        return ()
    root = package_root(path.absolute())
    return [folder / "__init__.py" for folder in path.absolute().parents if folder != root and root in folder.parents]


def _is_installed(path: Path) -> bool:
    """Whether a file comes with srbench or another package, which the worker has to have itself."""
    return any(path.resolve().is_relative_to(folder) for folder in _installed_folders())


@cache
def _installed_folders() -> list[Path]:
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [str(Path(srbench.__file__).parent), paths.search_path("methods")[0]]
    return [Path(folder).resolve() for folder in folders]
