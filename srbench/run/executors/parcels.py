"""Tasks made ready to be computed where nothing of theirs may be: which files they need, by what hash."""

from __future__ import annotations

import hashlib
import os
import sysconfig
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch

import srbench
from srbench import degradation, paths
from srbench.errors import ImageError, SrbenchError
from srbench.foreign import opened
from srbench.foreign.contained import contained
from srbench.foreign.loading import package_root, private_name
from srbench.foreign.named_files import named_files
from srbench.imaging.images import below
from srbench.method import naming, plugins
from srbench.method.base import Method
from srbench.metrics import Metric
from srbench.run.executors.messages import File, Parcel, Source
from srbench.run.plan import CellTask, MethodSpec, MetricSpec
from srbench.run.worker import CellWorker
from srbench.sources import source_files
from srbench.weights.files import file_hash


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
        if file := degradation.file_of(name):
            path = Path(file).resolve() if file.endswith(".py") else Path(file)
            others = opened.files_of(private_name(path)) if path.suffix == ".py" else set()
            files = [*(source_files(path) if path.suffix == ".py" else [path]), *others]
            prefix = degradation.KERNEL if name.startswith(degradation.KERNEL) else ""
            found[name] = self._bundle(path, files, before=prefix)
        return {name: source for name, source in found.items() if source != Source()}

    def pack(self, task: CellTask) -> Parcel:
        """A task with the hashes of the images that it needs."""
        kept = ""
        if task.kept is not None and task.kept.sr_path:
            with suppress(ImageError, SrbenchError):  # it is computed again
                kept = self._named(below(self._worker.context.folder, task.kept.sr_path))
        return Parcel(task, self._named(task.sample.path), kept)

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
        name, path = naming.split_name(spec.source, plugins.FILES)
        file, state = naming.split_file(path, plugins.FILES)
        weights = _asked(method)
        loose = self._loose(weights)
        if file is None:
            return Source(weights=loose)
        # A plugin is what a link points to, with the files beside that; a checkpoint is named by the link.
        file = file.resolve() if file.suffix == ".py" else Path(os.path.abspath(file))  # noqa: PTH100
        files = [file, *weights]
        if file.suffix == ".py":
            files += source_files(file, type(method).__mro__)
            files += opened.files_of(type(method).__module__)
        else:
            files += [path.with_suffix(".json") for path in files]  # what srbench train says of them
        before = f"{name}=" if name else ""
        return self._bundle(file, files, before, f"#{state}" if state else "", loose)

    def _metric(self, spec: MetricSpec, metric: Metric) -> Source:
        weights: list[Path] = []
        with suppress(SrbenchError):
            weights = named_files(metric.files, spec.name)
        if not spec.source.endswith(".py"):
            return Source(weights=self._loose(weights))
        file = Path(spec.source).resolve()
        files = [file, *source_files(file), *opened.files_of(private_name(file)), *weights]
        return self._bundle(file, files, weights=self._loose(weights))

    def _bundle(
        self,
        main: Path,
        files: Iterable[Path],
        before: str = "",
        after: str = "",
        weights: tuple[File, ...] = (),
    ) -> Source:
        wanted: dict[str, Path] = {}
        for path in files:
            for own in (path.absolute(), *_packages_around(path)):
                if own.is_file() and not _is_installed(own):
                    wanted[_place(own)] = own
        laid_out = tuple(File(place, self._named(path)) for place, path in sorted(wanted.items()))
        return Source(laid_out, _place(main.absolute()), before, after, weights)

    def _loose(self, files: Iterable[Path]) -> tuple[File, ...]:
        """Those that were found in a folder of weights, by their places in it."""
        folders = [folder.absolute() for folder in paths.weights()]
        caches = [Path(torch.hub.get_dir()) / "checkpoints"]
        found = []
        for path in map(Path.absolute, files):
            folder = next((own for own in (*folders, *caches) if path.is_relative_to(own)), None)
            if folder is not None and path.is_file():
                found.append(File(path.relative_to(folder).as_posix(), self._named(path)))
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
