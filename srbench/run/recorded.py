"""What the runs of a results folder called their methods and datasets.

A name in a results folder stands for one thing: what came first keeps it, and what comes later and would be called
the same is told apart by the folders that it lies in. A user's folder of images is the same dataset where it is the
same folder (its images may have changed) or holds the same images; a checkpoint is the same method where it is the
same file (it may have been trained further) or has the same identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from srbench.errors import SrbenchError
from srbench.protocol.base import Protocol
from srbench.records import labels
from srbench.results.facts import protocols_of
from srbench.results.folder import FILE
from srbench.results.reader import Reader

_Known = TypeVar("_Known")
_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class RecordedDataset:
    """A user's folder of images as a run recorded it. ``folder`` is None where the run did not say where it lies;
    ``images`` are pixel hashes by image name; ``not_chosen`` are clips that it did not measure."""

    name: str
    folder: Path | None
    images: Mapping[str, str]
    not_chosen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RecordedMethod:
    """A method as a run recorded it.

    Args:
        source: the file that it came from, FILE or FILE#STATE; empty where it is built in, or the run did not say.
        checkpoint: it may have been one.
        foreign: its images were made elsewhere.
    """

    name: str
    identity: str
    source: str = ""
    checkpoint: bool = False
    foreign: bool = False


@dataclass(frozen=True)
class Recorded:
    """By name, of the newest run that had something of the name.

    Args:
        known_datasets: names of datasets that are no users' folders.
        variants: what the rows of methods with options are called, with the names of their methods.
        degradations: their keys.
        degradation_files: those that degradations came from, by name.
        protocols: their hashes.
        newest: the number of the newest run; 0 where there is none.
    """

    datasets: Mapping[str, RecordedDataset] = field(default_factory=dict)
    known_datasets: frozenset[str] = frozenset()
    methods: Mapping[str, RecordedMethod] = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)
    degradations: Mapping[str, str] = field(default_factory=dict)
    degradation_files: Mapping[str, str] = field(default_factory=dict)
    protocols: Mapping[str, str] = field(default_factory=dict)
    newest: int = 0

    @classmethod
    def of(cls, folder: Path) -> Recorded:
        """Of a results folder; empty where there is none.

        Raises:
            StoreError: the folder cannot be read.
        """
        if not (folder / FILE).is_file():
            return cls()
        with Reader(folder) as reader:
            runs = reader.runs()
            recorded = cls.of_runs((run.manifest for run in runs), reader.variants(), reader.degradations())
        return replace(recorded, newest=max((run.id for run in runs), default=0))

    @classmethod
    def of_runs(
        cls,
        manifests: Iterable[Mapping[str, Any]],
        variants: Iterable[tuple[str, str]] = (),
        degradations: Iterable[str] = (),
    ) -> Recorded:
        """Of the manifests of runs, oldest first, of their methods with options, and of their degradations, that of the
        newest run last."""
        datasets: dict[str, RecordedDataset] = {}
        known: set[str] = set()
        methods: dict[str, RecordedMethod] = {}
        files: dict[str, str] = {}
        protocols: dict[str, str] = {}
        for manifest in manifests:
            protocols |= {str(own["name"]): str(own["hash"]) for own in protocols_of(manifest)}
            files |= manifest.get("degradation_file", {})
            for entry in manifest.get("datasets", ()):
                if entry.get("version") == 0:
                    datasets[entry["name"]] = _dataset(entry)
                else:
                    known.add(entry["name"])
            sources = manifest.get("sources", {})
            for entry in manifest.get("methods", ()):
                name = entry["name"]
                checkpoint = entry.get("family", "checkpoint") == "checkpoint"
                foreign = "scored_from" in manifest
                methods[name] = RecordedMethod(name, entry.get("hash", ""), sources.get(name, ""), checkpoint, foreign)
        called = {text: method for (method, options), text in labels(variants).items() if options}
        newest = {key.partition("/")[0]: key for key in degradations}
        return cls(datasets, frozenset(known), methods, called, newest, files, protocols)

    def is_another_degradation(self, key: str) -> bool:
        """Whether the newest run with a degradation of this name had another one: another kernel, file or seed."""
        return self.degradations.get(key.partition("/")[0], key) != key

    def require_own_degradation(self, key: str, file: str) -> None:
        """Raise SrbenchError where the name of a degradation is that of another one, from a file elsewhere."""
        name = key.partition("/")[0]
        other = self.degradation_files.get(name, file)
        if file and other != file and self.is_another_degradation(key):
            raise SrbenchError(
                f"'{name}' is the degradation of '{other}' in these results, and '{file}' is another",
                "give the file (or what is in it) another name, or choose another --out",
            )

    def require_own_protocols(self, protocols: Iterable[Protocol]) -> None:
        """Raise SrbenchError where the name of a protocol is that of one which decides otherwise: values of two are
        never shown as those of one."""
        for rules in protocols:
            if self.protocols.get(rules.name, rules.hash) != rules.hash:
                raise SrbenchError(
                    f"'{rules.name}' is another protocol in these results ({self.protocols[rules.name]}) than here "
                    f"({rules.hash})",
                    "give it another name, or choose another --out",
                )


def use_names_otherwise(manifest: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a name of ``manifest``, of a user's folder of images, a method or a protocol, is another thing's in the
    manifests of other runs."""
    return bool(name_used_otherwise(manifest, others))


def name_used_otherwise(manifest: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """The first name of which :func:`use_names_otherwise` holds; empty where there is none."""
    there = Recorded.of_runs(others)
    for entry in manifest.get("datasets", ()):
        if entry.get("version") == 0:
            own, other = _dataset(entry), there.datasets.get(entry["name"])
            if own.name in there.known_datasets:
                return own.name
            if other is not None and own.folder != other.folder and own.images != other.images:
                return own.name
    for entry in protocols_of(manifest):
        if there.protocols.get(entry["name"], entry["hash"]) != entry["hash"]:
            return str(entry["name"])
    sources = manifest.get("sources", {})
    for entry in manifest.get("methods", ()):
        name = str(entry["name"])
        known = there.methods.get(name)
        if known is not None and known.identity != entry.get("hash", "") and known.source != sources.get(name, ""):
            return name
    return ""


def recognise(
    things: Sequence[_Thing], known: Mapping[str, _Known], witnesses: Sequence[Callable[[_Known, _Thing], bool]]
) -> list[str | None]:
    """The names that things have in a results folder; None of those that it does not know.

    Args:
        known: what the folder holds, by name; a name is that of one thing at most.
        witnesses: whether what is known and a thing are the same, the most reliable one first.
    """
    names: list[str | None] = [None] * len(things)
    for same in witnesses:
        for i, thing in enumerate(things):
            if names[i] is None:
                free = (name for name in known if name not in names)
                names[i] = next((name for name in free if same(known[name], thing)), None)
    return names


def _dataset(entry: Mapping[str, Any]) -> RecordedDataset:
    files = [Path(file) for file in entry.get("files", {}).values()]
    # A relative path says nothing here: it was written by hand.
    folder = Path(entry["folder"]) if "folder" in entry else files[0].parent if files else None
    folder = folder if folder and folder.is_absolute() else None
    not_chosen = frozenset(clip for clip, own in entry.get("clips", {}).items() if not own.get("chosen", True))
    return RecordedDataset(entry["name"], folder, entry.get("images", {}), not_chosen)
