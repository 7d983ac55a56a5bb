"""Weights of any kind that can be read, as a safetensors file, with a manifest of what was read and what was not.

``srbench convert`` is for what is not used as it is: files that would run something elsewhere, that are several parts,
or whose layout is not torch's. Nothing of a file is run, and nothing that is in it goes without being said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from srbench.errors import WeightsError, first_few
from srbench.files import replace_file, write_text, writing
from srbench.version import __version__
from srbench.weights import kinds, states
from srbench.weights.files import file_hash, require_numbers
from srbench.weights.fingerprint import fingerprint
from srbench.weights.matching import is_counter
from srbench.weights.reading import WeightFile, read_whole
from srbench.weights.states import State

SUFFIX = ".safetensors"
_KEPT = frozenset(
    [
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    ]
)
_LONGEST = 60  # characters of a text that are shown


@dataclass(frozen=True)
class Conversion:
    """Tensors as they are to be saved, and what is to be said of them."""

    tensors: dict[str, Tensor]
    manifest: dict[str, Any]


def convert(path: Path, state: str = "") -> Conversion:
    """The tensors of one state of a weight file, or of several files that are parts of one.

    Args:
        state: its name; by default the one that a run would take, an average before others.

    Raises:
        WeightsError: a file is missing, damaged or holds no tensors, or NaN in some; there is no such state; it is a
            safetensors file already.
    """
    files, missing = kinds.parts_of(path)
    if missing:
        raise WeightsError(
            f"'{path}' is one of {len(files)} files that hold weights together, of which {len(missing)} are not there "
            f"({first_few([file.name for file in missing])})",
            "put them beside it",
        )
    read = [read_whole(file) for file in files or [path]]
    if len(read) == 1 and read[0].format == "safetensors" and not state:
        raise WeightsError(f"'{path}' is a safetensors file already", f"give it as it is: --methods NAME={path}")
    content = read[0].content if len(read) == 1 else _joined(read, files)
    found = states.find(content, state)
    if not found:
        known = states.names(states.find(content))
        what = f"no state '{state}'" if state and known else "no tensors"
        raise WeightsError(f"'{path}' holds {what}", f"it has: {', '.join(known)}" if known else "name another file")
    taken = found[0]
    tensors, dropped = _saveable(taken)
    if not tensors:
        raise WeightsError(f"'{path}' holds no tensors that safetensors can keep ({first_few([*dropped.values()])})")
    require_numbers(tensors, path)
    for part in read:
        dropped |= part.dropped
    return Conversion(
        tensors, _manifest(files or [path], read, taken, content, tensors, _left(content, taken) | dropped)
    )


def write(conversion: Conversion, output: Path) -> Path:
    """Write the tensors to ``output``, and the manifest beside it, whose path is returned.

    Raises:
        WeightsError: a file cannot be written.
    """
    source = conversion.manifest["sources"][0]
    metadata = {"format": "pt", "source": source["file"], "source_sha256": source["sha256"]}
    beside = manifest_path(output)
    with writing(output, "choose another --output", WeightsError), replace_file(output) as stream:
        stream.write(safetensors.torch.save(conversion.tensors, metadata))
    with writing(beside, "choose another --output", WeightsError):
        write_text(beside, json.dumps(conversion.manifest, indent=1, ensure_ascii=False) + "\n")
    return beside


def manifest_path(output: Path) -> Path:
    return output.with_suffix(".manifest.json")


def default_output(path: Path) -> Path:
    """Beside the file: ``net.pth.tar`` becomes ``net.safetensors``, and parts the file that they are together."""
    stem = kinds.whole_stem(path)
    return path.with_name(stem.removesuffix(".pth") + SUFFIX)


def is_from(output: Path, path: Path) -> bool:
    """Whether ``output`` was made by a conversion of a file called as ``path`` is."""
    try:
        with safetensors.safe_open(output, framework="pt") as file:
            facts = file.metadata() or {}
    except Exception:  # whatever it is, it was not made here
        return False
    return "source_sha256" in facts and facts.get("source") == path.name


def _joined(read: Sequence[WeightFile], files: Sequence[Path]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for part, file in zip(read, files, strict=True):
        if not isinstance(part.content, Mapping):
            raise WeightsError(f"'{file}' holds no tensors by name", "it is no part of several files")
        twice = joined.keys() & part.content.keys()
        if twice:
            raise WeightsError(f"'{file}' holds {first_few(sorted(map(str, twice)))} a second time", "get it again")
        joined |= part.content
    return joined


def _saveable(state: State) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Copies of the tensors that safetensors can keep; and what the others are."""
    tensors: dict[str, Tensor] = {}
    dropped: dict[str, str] = {}
    for key, value in state.tensors.items():
        name = key.encode("utf-8", "backslashreplace").decode()
        if is_counter(name) and name.endswith(("total_ops", "total_params")):
            dropped[name] = "a counter of a profiler"
        elif value.layout is not torch.strided or value.is_quantized or value.device.type == "meta":
            dropped[name] = "a tensor that holds no plain numbers"
        elif value.dtype not in _KEPT:
            dropped[name] = f"a tensor of {_kind(value)}"
        else:
            tensors[name] = value.detach().clone(memory_format=torch.contiguous_format)
    return tensors, dropped


def _manifest(
    files: Sequence[Path],
    read: Sequence[WeightFile],
    taken: State,
    content: Any,
    tensors: Mapping[str, Tensor],
    dropped: Mapping[str, str],
) -> dict[str, Any]:
    others = states.others(taken, states.find(content))
    return {
        "srbench": __version__,
        "sources": [
            {"file": file.name, "sha256": file_hash(file), "bytes": file.stat().st_size, "format": part.format}
            for file, part in zip(files, read, strict=True)
        ],
        "state": taken.name,
        "other_states": states.names(others),
        "parameters": sum(value.numel() for value in tensors.values() if value.is_floating_point()),
        "fingerprint": fingerprint(tensors),
        "tensors": [
            {"name": name, "shape": list(value.shape), "type": _kind(value)} for name, value in tensors.items()
        ],
        "layers": [layer for part in read for layer in part.layers],
        "notes": [note for part in read for note in part.notes],
        "dropped": dict(dropped),
    }


def _left(content: Any, taken: State) -> dict[str, str]:
    """What lies beside a state, by place."""
    left: dict[str, str] = {}
    inner = _items(content)
    for depth, part in enumerate(taken.path):
        above = taken.path[:depth]
        if part not in inner:  # from here on prefixes of names
            prefix = ".".join(taken.path[depth:]) + "."
            return left | _described(above, {key: v for key, v in inner.items() if not key.startswith(prefix)})
        left |= _described(above, {key: value for key, value in inner.items() if key != part})
        inner = _items(inner[part])
    return left | _described(taken.path, {key: value for key, value in inner.items() if key not in taken.tensors})


def _items(content: Any) -> dict[str, Any]:
    if isinstance(content, Mapping):
        return {str(key): value for key, value in content.items()}
    return {str(place): value for place, value in enumerate(content)} if isinstance(content, list | tuple) else {}


def _described(above: Sequence[str], items: Mapping[str, Any]) -> dict[str, str]:
    return {".".join((*above, key)): _called(value) for key, value in items.items()}


def _called(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of {' x '.join(map(str, value.shape)) or 'one number'}"
    if isinstance(value, Mapping | list | tuple):
        return f"{'a mapping' if isinstance(value, Mapping) else 'a list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
