"""The content of a weight file, read without running code from it."""

from __future__ import annotations

import io
import itertools
import pickle
import pickletools
import re
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import safetensors
import safetensors.torch
import torch

from srbench.errors import WeightsError
from srbench.weights.packing import unpack

# What torch's weights_only loader says of a pickle that needs code: mostly the name that it refers to.
_NEEDS_CODE = re.compile(r"(GLOBAL \S+|(Unsupported (class|callable)|Trying to (call|instantiate))[^.;\n]*)", re.I)
# What pickled tensors and containers of them refer to.
_OF_TENSORS = re.compile(
    r"torch\._utils\._rebuild_\w+|torch\.(storage\.)?\w*Storage|torch\.\w+|torch\.nn\.parameter\.Parameter"
    r"|torch\._tensor\._rebuild_from_type_v2|torch\.serialization\._get_layout|torch\.Size"
    r"|collections\.(OrderedDict|defaultdict|Counter)|numpy\..*|_codecs\.encode|(builtins|__builtin__)\.(set|bytearray|dict|list)"
)
_MOST_OPERATIONS = 1_000_000  # of a pickle that are looked at for a message
_PICKLES = 5  # that torch wrote one after another into a file before it used zip archives
_lock = threading.Lock()


def read(path: Path) -> object:
    """What a weight file holds: of a safetensors file a mapping of tensors, of others whatever was saved.

    Pickles are read with torch's ``weights_only`` loader, which builds tensors, plain containers and numpy's numbers
    and arrays, and refuses everything else.

    Raises:
        WeightsError: there is no such file, it is damaged, or it needs code to be read.
    """
    try:
        if path.is_dir():
            raise WeightsError(f"'{path}' is a folder, not a weight file", "name a file in it")
        if not path.is_file():
            raise WeightsError(f"no weights at '{path}'", "check the path")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(
            f"cannot read weights '{path}' ({reason})", "check the path and your rights to it"
        ) from error
    if path.suffix.lower() == ".safetensors":
        try:
            return unpack(safetensors.torch.load_file(path))
        except Exception as error:  # of a damaged file: not only SafetensorError
            raise WeightsError(
                f"'{path}' is not an intact safetensors file ({_first_line(error)})", "get it again"
            ) from error
    try:
        return _load_pickle(path)
    except Exception as error:  # a damaged pickle, or one made to do harm, can raise anything
        raise _refusal(path, error) from error


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


def _load_pickle(path: Path) -> object:
    try:
        return _torch_load(path)
    except pickle.UnpicklingError as error:
        if "numpy" not in str(error):
            raise
    with _lock, torch.serialization.safe_globals(_numpy_values()):
        return _torch_load(path)


def _torch_load(path: Path) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's remarks on pickle protocols; what matters is raised
        return torch.load(path, map_location="cpu", weights_only=True)


def _numpy_values() -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    """What numpy's numbers and arrays are unpickled by, under the names of all its versions."""
    makers = [cast("Callable[..., Any]", value.__reduce__()[0]) for value in (np.float64(0), np.zeros(0))]
    modules = ("numpy.core.multiarray", "numpy._core.multiarray")
    names = [(maker, f"{module}.{maker.__name__}") for maker in makers for module in modules]
    kinds = list({type(np.dtype(code)) for code in "?bBhHiIlLqQefdgFDSU"})
    return [*names, np.ndarray, np.dtype, *kinds]


# -- why a file is refused -----------------------------------------------------------------------------------------


def _refusal(path: Path, error: Exception) -> WeightsError:
    members = _members(path)
    if any(name.rpartition("/")[2] == "constants.pkl" for name in members):
        return WeightsError(
            f"'{path}' is TorchScript, a program, and srbench reads weights alone",
            "where you trust it, save its weights: torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')",
        )
    found = _NEEDS_CODE.search(str(error)) if isinstance(error, pickle.UnpicklingError) else None
    code, protocol = (found.group().strip(), 0) if found else _look(path, members)
    if code:
        return WeightsError(
            f"'{path}' is refused: it would run code when it is unpickled ({code})",
            "ask its author for a state_dict, or convert it to safetensors where you trust it",
        )
    if protocol > 3:
        return WeightsError(
            f"'{path}' is a pickle of protocol {protocol}, which cannot be read without the risk of running code",
            "save the weights again with torch.save as it is by default (protocol 2), or as safetensors",
        )
    if isinstance(error, pickle.UnpicklingError):
        return WeightsError(f"'{path}' is not a checkpoint, or a damaged one", "get the file again")
    return WeightsError(f"'{path}' is not an intact checkpoint ({_first_line(error)})", "get the file again")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def _members(path: Path) -> list[str]:
    """The names in a zip archive; none of another file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []


def _look(path: Path, members: list[str]) -> tuple[str, int]:
    """The first name that a pickle refers to and that no tensor needs (empty if there is none), and its protocol.
    Nothing is executed."""
    try:
        if members:
            name = next(name for name in members if name.rpartition("/")[2] == "data.pkl")
            with zipfile.ZipFile(path) as archive:
                return _look_into(io.BytesIO(archive.read(name)))
        with path.open("rb") as stream:
            return _look_into(stream)
    except Exception:  # a damaged file: there is nothing to be told of it
        return "", 0


def _look_into(stream: IO[bytes]) -> tuple[str, int]:
    protocol = 0
    for _ in range(_PICKLES):
        operations = itertools.islice(pickletools.genops(stream), _MOST_OPERATIONS)
        strings: list[str] = []
        memo: dict[object, str] = {}
        try:
            for operation, argument, _ in operations:
                if operation.name == "PROTO":
                    protocol = max(protocol, int(argument))  # type: ignore[arg-type]
                for name in _names(operation.name, argument, strings, memo):
                    if not _OF_TENSORS.fullmatch(name):
                        return f"GLOBAL {name}", protocol
        except Exception:  # not a pickle from here on
            return "", protocol if protocol <= pickle.HIGHEST_PROTOCOL else 0
    return "", protocol


def _names(operation: str, argument: object, strings: list[str], memo: dict[object, str]) -> Iterator[str]:
    """The dotted name that an operation refers to, if it does. ``strings`` and ``memo`` follow the stack as far as a
    name needs it: it is the last two strings."""
    last = strings[-1] if strings else ""
    if operation in ("GLOBAL", "INST"):
        yield str(argument).replace(" ", ".")
    elif operation == "STACK_GLOBAL":
        yield ".".join(strings[-2:])
    elif operation in ("EXT1", "EXT2", "EXT4"):
        yield f"extension {argument}"
    elif "UNICODE" in operation or "STRING" in operation:
        strings.append(str(argument))
    elif operation == "MEMOIZE":
        memo[len(memo)] = last
    elif operation.endswith("PUT"):
        memo[argument] = last
    elif operation.endswith("GET"):
        strings.append(memo.get(argument, ""))
