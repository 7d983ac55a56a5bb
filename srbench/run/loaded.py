"""Which weight files a run's methods loaded, and whose they are: for the manifest, and in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from srbench import paths, zoo
from srbench.errors import SrbenchError
from srbench.foreign.contained import contained
from srbench.foreign.named_files import named_files
from srbench.method.base import Method
from srbench.method.cascade import working
from srbench.method.wrappers import bare
from srbench.weights import backbones
from srbench.weights import known as published
from srbench.weights.files import LoadAudit, file_hash
from srbench.weights.matching import BY_NAME, BY_ORDER
from srbench.weights.states import TOP

# Files in a folder of weights that metrics load, and methods do not.
_OF_METRICS = (
    *(file.name for file in published.ALL),
    *(pattern for backbone in backbones.ALL for pattern in backbone.files),
)


@dataclass(frozen=True)
class LoadedFile:
    """A weight file.

    Args:
        state: what was taken of it, and ``others`` what there was too; empty where the method does not tell.
        how: its tensors were matched with the network's.
        shipped: it is srbench's own.
        known: which checkpoint of the zoo it is, by its tensors, and what is published of that; empty for any other.
        images: training images by folder, and ``validation_psnr`` in dB by scale ('x4'), from the card beside it; empty
            where there is none.
    """

    path: str
    sha256: str
    state: str = ""
    others: tuple[str, ...] = ()
    how: str = BY_NAME
    shipped: bool = False
    known: str = ""
    images: Mapping[str, int] = field(default_factory=dict)
    validation_psnr: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def words(self) -> str:
        """The file, and what is known of it."""
        known = [f"this is {self.known}"] if self.known else []
        if self.images:
            known.append("trained on " + ", ".join(f"{count} images of {name}" for name, count in self.images.items()))
        known += [f"validation {value:.2f} dB at {scale}" for scale, value in self.validation_psnr.items()]
        if self.others:
            known.append(f"state '{self.state}' of those in it (too: {', '.join(self.others)}; --state NAME chooses)")
        elif self.state not in ("", TOP):
            known.append(f"state '{self.state}'")
        if self.how == BY_ORDER:
            known.append(
                f"matched {self.how}, which tells neither layers of one shape apart nor how borders are filled"
            )
        elif self.how != BY_NAME:
            known.append(f"matched {self.how}")
        return self.path + (f" ({'; '.join(known)})" if known else "")


def files(method: Method) -> list[LoadedFile]:
    """What a method has loaded, or the parts of a cascade; where it does not tell, all that may decide its output; []
    where a plugin raises."""
    own = [file for part in working(bare(method)) for file in _files(part)]
    return list({(file.path, file.state): file for file in own}.values())


def _files(method: Method) -> list[LoadedFile]:
    try:
        with contained():
            audits = {audit.path.resolve(): audit for audit in method.load_audits()}
            found = list(audits) or list(dict.fromkeys(path.resolve() for path in named_files(method.weight_files, "")))
            return [_file(path, audits.get(path), method.chosen_state) for path in found]
    except SrbenchError:  # of what it computes, its cells tell
        return []


def _file(path: Path, audit: LoadAudit | None, state: str) -> LoadedFile:
    card = _card(path)
    shipped = path.is_relative_to(Path(paths.search_path("methods")[0]).resolve())
    known = LoadedFile(
        str(path),
        file_hash(path) if audit is None else audit.sha256,
        shipped=shipped,
        known="" if shipped else _in_the_zoo(path, state),
        images=_numbers(card.get("images"), int),
        validation_psnr=_numbers(card.get("validation_psnr"), float),
    )
    return known if audit is None else replace(known, state=audit.state, others=audit.others, how=audit.how)


def _in_the_zoo(path: Path, state: str) -> str:
    """'BSRN, published 32.35 on Set5 (zoo:bsrn-x4)'."""
    checkpoint = zoo.recognised(path, state)
    if checkpoint is None:
        return ""
    values = checkpoint.published()
    return f"{checkpoint.title}, {f'published {values} on Set5 ' if values else ''}({checkpoint.spec})"


def _card(path: Path) -> dict[str, Any]:
    """What ``srbench train`` wrote beside its weights; nothing where something else stands there."""
    try:
        content = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _numbers(value: object, kind: type[int] | type[float]) -> dict[str, Any]:
    own = value.items() if isinstance(value, dict) else ()
    return {str(name): kind(number) for name, number in own if isinstance(number, int | float)}


# -- in words ------------------------------------------------------------------------------------------------------


def notes(methods: Sequence[Method]) -> list[str]:
    """Which weights the methods of a run have: those that srbench ships in one line, every other file in its own; and
    folders of ``$SRBENCH_WEIGHTS`` of which nothing is used."""
    loaded = {method.card.name: files(method) for method in methods}
    shipped = [name for name, own in loaded.items() if any(file.shipped for file in own)]
    lines = [f"weights that srbench ships: {', '.join(shipped)}"] if shipped else []
    lines += _yours(loaded)
    if any(loaded.values()):
        used = [Path(file.path) for own in loaded.values() for file in own]
        lines += [line for folder in paths.weights()[:-1] if (line := _unused(folder, used))]
    return lines


def yours(methods: Sequence[Method]) -> list[str]:
    """Of :func:`notes` the lines on files that srbench does not ship."""
    return _yours({method.card.name: files(method) for method in methods})


def _yours(loaded: Mapping[str, Sequence[LoadedFile]]) -> list[str]:
    return [f"{name}: your weights {file.words}" for name, own in loaded.items() for file in own if not file.shipped]


def _unused(folder: Path, used: Sequence[Path]) -> str:
    """What to say of a folder of the user's from which no method took anything; empty if one did, or if it holds
    weights of metrics."""
    if not folder.is_dir():
        return f"SRBENCH_WEIGHTS names '{folder}', which is no folder"
    if any(path.is_relative_to(folder.resolve()) for path in used):
        return ""
    if any(any(folder.glob(pattern)) for pattern in _OF_METRICS):
        return ""
    inside = sorted(path for pattern in ("*.safetensors", "*/*.safetensors") for path in folder.glob(pattern))
    unfinished = sorted(folder.glob("*/checkpoint.pt"))
    what = f"it holds {inside[0].relative_to(folder)}" if inside else "it holds no .safetensors"
    if unfinished and not inside:
        what = f"the training in {unfinished[0].parent.relative_to(folder)} has no weights yet"
    return (
        f"nothing in '{folder}' (SRBENCH_WEIGHTS) is used by these methods: {what}; give a file of weights as a method"
    )
