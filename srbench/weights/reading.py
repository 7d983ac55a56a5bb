"""The content of a weight file, read without running code from it.

What a file is, its first bytes say. torch's own files are read by torch's ``weights_only`` loader; what that refuses
(whole modules, TorchScript, objects beside the weights, newer protocols), and files that torch does not know, are read
as data (:mod:`srbench.weights.inert`).
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from srbench.errors import WeightsError, first_few
from srbench.weights import archives, kinds, matlab
from srbench.weights.packing import unpack
from srbench.weights.rebuilt import Rebuilder, require_there

# Names by which a pickle would act on the machine. Nothing is run here: they tell what a file was made for.
_HARM = re.compile(
    r"(os|posix|nt|subprocess|sys|shutil|socket|runpy|pty|ctypes|importlib|webbrowser|marshal|pdb|bdb|pydoc|pip|timeit)\..*"
    r"|builtins\.(eval|exec|execfile|compile|open|__import__|input|breakpoint|globals|vars|delattr|setattr)"
    r"|(_?io\.(open|open_code|FileIO)|_?pickle\.(loads?|Unpickler)|types\.(CodeType|FunctionType)|commands\.get\w+)"
    r"|(code\.(interact|Interactive\w+)|(cP|p)rofile\.run\w*|asyncio\.\w*(run|subprocess)\w*|numpy\..*\.runstring)"
    r"|(requests\.\w+|urllib\.request\..*|http\.client\..*|torch\.(hub|load|utils\.cpp_extension)(\..*)?)"
)


@dataclass(frozen=True)
class WeightFile:
    """What a file holds, and what is to be known of it.

    ``refusal``: why it is not used where a method's weights are asked for; ``srbench convert`` says it and goes on.
    """

    content: Any
    format: str  # in words: 'PyTorch', 'a pickled Net', 'TorchScript'
    notes: tuple[str, ...] = ()
    dropped: dict[str, str] = field(default_factory=dict)  # by place in the file: what was not taken
    layers: tuple[dict[str, Any], ...] = ()  # what a file says of its layers beside their weights
    refusal: WeightsError | None = None


def read(path: Path) -> object:
    """What a weight file holds: mappings, lists, numbers, texts, and tensors in them.

    Raises:
        WeightsError: there is no such file; it is damaged, or no weight file; it was made to run something when it is
            unpickled; it is a part of several; or its tensors may not be what torch means.
    """
    files, missing = kinds.parts_of(path)
    if files:
        raise _is_part(path, files, missing)
    found = read_whole(path)
    if found.refusal is not None:
        raise found.refusal
    return found.content


def read_whole(path: Path) -> WeightFile:
    """As :func:`read`, with all that is known of the file; what :func:`read` refuses for its content, and not for
    damage, is handed over.

    Raises:
        WeightsError: there is no such file; it is damaged, or no weight file.
    """
    head = _head(path)
    kinds.require_weights(path, head)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on protocols and on Python 2; what matters is raised
            return _READERS[kinds.kind_of(head, path.stat().st_size, path.suffix.lower())](path)
    except WeightsError:
        raise
    except Exception as error:  # a damaged file, or one made to do harm, can raise anything
        reason = _first_line(error)
        raise WeightsError(f"'{path}' is not an intact checkpoint ({reason})", "get the file again") from error


def trained_for(path: Path) -> str | None:
    """The method whose weights ``srbench train`` wrote into a file, from the file's own header; None for others."""
    if path.suffix.lower() != ".safetensors":
        return None
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
    except Exception:  # reading the tensors will say what is wrong with the file
        return None
    return facts["method"] if {"method", "recipe"} <= facts.keys() else None


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise WeightsError(f"'{path}' is a folder, not a weight file", "name a file in it")
        if not path.is_file():
            raise WeightsError(f"no weights at '{path}'", "check the path")
        with path.open("rb") as stream:
            return stream.read(kinds.HEAD)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(
            f"cannot read weights '{path}' ({reason})", "check the path and your rights to it"
        ) from error


def _is_part(path: Path, files: Sequence[Path], missing: Sequence[Path]) -> WeightsError:
    what = f"'{path}' is one of {len(files)} files that hold weights together"
    if missing:
        names = first_few([file.name for file in missing])
        return WeightsError(f"{what}, of which {len(missing)} are not there ({names})", "put them beside it")
    return WeightsError(what, f"make one of them: srbench convert {path}")


# -- one kind of file each -----------------------------------------------------------------------------------------


def _safetensors(path: Path) -> WeightFile:
    try:
        return WeightFile(unpack(safetensors.torch.load_file(path)), "safetensors")
    except Exception as error:  # of a damaged file: not only SafetensorError
        raise WeightsError(
            f"'{path}' is not an intact safetensors file ({_first_line(error)})", "get it again"
        ) from error


def _matlab(path: Path) -> WeightFile:
    found = matlab.read(path)
    if not found.tensors:
        raise WeightsError(
            f"'{path}' holds no arrays of numbers", "a DagNN object is saved as: net = net.saveobj(); save FILE net"
        )
    return WeightFile(
        found.tensors,
        found.kind,
        tuple(found.notes),
        found.dropped,
        tuple(found.layers),
        _unsure(path, found.doubt) if found.doubt else None,
    )


def _unsure(path: Path, why: str) -> WeightsError:
    return WeightsError(f"'{path}' cannot be used as it is: {why}", f"see what is in it: srbench convert {path}")


def _npy(path: Path) -> WeightFile:
    names: set[str] = set()
    content, dropped = archives.npy(path.read_bytes(), names)
    return _of_data(path, _named(content), "NumPy", dropped, names)


def _zip(path: Path) -> WeightFile:
    with archives.Archive(path) as archive:
        if "constants.pkl" in archive:
            return _torchscript(path, archive)
        if "data.pkl" in archive:
            return _pickle(path, archive)
        members = archive.names
    if any(name.endswith(".npy") for name in members):
        names: set[str] = set()
        content, dropped = archives.npz(path, names)
        return _of_data(path, _named(content), "NumPy", dropped, names)
    raise WeightsError(
        f"'{path}' is a zip archive that torch did not write ({first_few(members) or 'empty'})",
        "unpack it, and give the file that is in it",
    )


def _torchscript(path: Path, archive: archives.Archive) -> WeightFile:
    """The module's attributes by name; where there are none, as in a frozen program, its constants by number."""
    names: set[str] = set()
    tree, rebuilder = archive.unpickled("data", names)
    content = rebuilder.plain(tree)
    other, constants = archive.unpickled("constants", names)
    fixed = _tensors(_numbered(constants.plain(other), "c"))
    dropped = {f"constants.{place}": what for place, what in constants.dropped.items()} | rebuilder.dropped
    if _tensors(content):
        dropped |= {f"constants.{name}": f"{_shape(value)}, a constant of the program" for name, value in fixed.items()}
        return _of_data(path, content, "TorchScript", dropped, names)
    notes = ("it is a frozen program: its tensors have numbers in place of names",) if fixed else ()
    return _of_data(path, fixed, "TorchScript, frozen", dropped, names, notes)


def _pickle(path: Path, archive: archives.Archive | None = None) -> WeightFile:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        refused = error
    else:
        for tensor in _tensors(content).values():
            if tensor.layout is torch.strided and tensor.device.type == "cpu":
                require_there(tensor.numel(), tensor.untyped_storage().nbytes() // tensor.element_size())
        return WeightFile(_named(content), "PyTorch")
    names: set[str] = set()
    content, reason = None, "it holds no tensors"
    try:
        tree, rebuilder = archive.unpickled("data", names) if archive is not None else _older(path, names)
        content = rebuilder.plain(tree)
    except Exception as damage:  # whatever a damaged file leads to
        reason = _first_line(damage if names else refused)
    if content is None or not _tensors(content):
        if (harm := _harm(path, names)) is not None:
            raise harm
        if isinstance(refused, pickle.UnpicklingError) and not names:
            raise WeightsError(f"'{path}' is not a checkpoint, or a damaged one", "get the file again")
        raise WeightsError(f"'{path}' is not an intact checkpoint ({reason})", "get the file again")
    module = f"PyTorch, a pickled {rebuilder.modules[0]}" if rebuilder.modules else "PyTorch, read as data"
    return _of_data(path, _named(content), module, rebuilder.dropped, names)


def _older(path: Path, names: set[str]) -> tuple[Any, Rebuilder]:
    with path.open("rb") as stream:
        return archives.older(stream, names)


_READERS = {"zip": _zip, "matlab": _matlab, "npy": _npy, "safetensors": _safetensors, "pickle": _pickle}


# -- what was read as data -----------------------------------------------------------------------------------------


def _of_data(
    path: Path, content: Any, kind: str, dropped: dict[str, str], names: set[str], notes: tuple[str, ...] = ()
) -> WeightFile:
    harm = _harm(path, names)
    if harm is not None:
        notes = (*notes, f"it would run {first_few(_harmful(names))} where it is unpickled: nothing was run")
    return WeightFile(content, kind, notes, dropped, (), harm)


def _harmful(names: set[str]) -> list[str]:
    return sorted(name for name in names if _HARM.fullmatch(name))


def _harm(path: Path, names: set[str]) -> WeightsError | None:
    found = _harmful(names)
    if not found:
        return None
    return WeightsError(
        f"'{path}' is refused: it would run code when it is unpickled (GLOBAL {first_few(found)})",
        f"srbench convert {path} takes the tensors that are in it, and runs nothing",
    )


def _tensors(content: Any) -> dict[str, Tensor]:
    """The tensors in mappings and lists, at any depth, by place."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", content)]
    while stack:
        place, value = stack.pop()
        if isinstance(value, Tensor):
            found[place] = value
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            items = list(value.items() if isinstance(value, dict) else enumerate(value))
            stack += [(f"{place}.{key}".lstrip("."), inner) for key, inner in reversed(items)]
    return found


def _named(content: Any) -> Any:
    """A list of tensors alone, or alone under one name, with their places as names."""
    if isinstance(content, dict) and len(content) == 1:
        ((name, inner),) = content.items()
        return {name: _numbered(inner)} if isinstance(inner, list | tuple) else content
    return {"0": content} if isinstance(content, Tensor) else _numbered(content)


def _numbered(content: Any, prefix: str = "") -> Any:
    if isinstance(content, list | tuple) and any(isinstance(value, Tensor) for value in content):
        return {f"{prefix}{place}": value for place, value in enumerate(content) if isinstance(value, Tensor)}
    return content


def _shape(tensor: Tensor) -> str:
    return f"a tensor of {' x '.join(map(str, tensor.shape)) or 'one number'}"


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
