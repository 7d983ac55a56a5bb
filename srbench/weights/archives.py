"""Weight files that are zip archives, and torch's older files: where the numbers of tensors lie in them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from srbench.errors import WeightsError
from srbench.weights import inert
from srbench.weights.inert import Call, DamagedError, Name, Persistent
from srbench.weights.rebuilt import NotReadError, Rebuilder, as_tensor, storage_type

# More than this many bytes for each one in the file is a bomb, not weights: zeros, the best case, give a thousandfold.
_LARGEST_FACTOR, _SMALL = 100, 1 << 28
_MAGIC = 0x1950A86A20F9469CFC6C  # of the first of five pickles, one after another
_MARKS = 3  # of these five before the content: the number above, a version, facts of the machine


class Archive:
    """The members of a zip archive by their names without the folder that torch puts them into.

    Raises:
        WeightsError: unpacked, it is so much larger that it was made to fill a machine.
        DamagedError: it is no zip archive, or not a whole one.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DamagedError(str(error)) from error
        self.names = self._file.namelist()
        unpacked = sum(member.file_size for member in self._file.infolist())
        if unpacked > max(_LARGEST_FACTOR * path.stat().st_size, _SMALL):
            raise WeightsError(
                f"'{path}' unpacks to {unpacked / 1e9:,.1f} GB from {path.stat().st_size / 1e6:,.1f} MB: not weights",
                "get the file from its author",
            )
        pickled = next((name for name in self.names if name.rpartition("/")[2] == "data.pkl"), None)
        self.folder = pickled.removesuffix("data.pkl") if pickled is not None else ""

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return self.folder + name in self.names

    def read(self, name: str) -> bytes:
        return self._file.read(self.folder + name)

    def unpickled(self, stem: str, names: set[str]) -> tuple[Any, Rebuilder]:
        """What ``STEM.pkl`` holds, its tensors in the folder beside it.

        Raises:
            DamagedError: it is damaged.
        """
        folder = "data" if stem == "data" else stem
        if "byteorder" in self and self.read("byteorder").strip() == b"big":
            raise DamagedError("its numbers have the byte order of another machine")

        def storages(key: str, dtype: torch.dtype, count: int) -> Tensor:
            return numbers(self.read(f"{folder}/{key}"), dtype, count)

        return inert.load(io.BytesIO(self.read(f"{stem}.pkl")), names), Rebuilder(storages, _nested(names))


def numbers(data: bytes, dtype: torch.dtype, count: int) -> Tensor:
    """The first ``count`` numbers in ``data``; raises DamagedError where there are fewer."""
    if count < 0 or len(data) < count * dtype.itemsize:
        raise DamagedError(f"a storage of {count:,} numbers, of which {len(data) // dtype.itemsize:,} are there")
    return torch.frombuffer(bytearray(data), dtype=dtype, count=count) if count else torch.empty(0, dtype=dtype)


def npz(path: Path, names: set[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The arrays of a numpy archive by name, those of objects as lists; and what was dropped, by name."""
    found: dict[str, Any] = {}
    dropped: dict[str, str] = {}
    with Archive(path) as archive:
        for member in archive.names:
            if member.endswith(".npy"):
                name = member.removesuffix(".npy")
                found[name], inside = npy(archive.read(member), names)
                dropped |= {f"{name}.{place}": what for place, what in inside.items()}
                if found[name] is None:
                    dropped[name] = "an array of no numbers"
    return found, dropped


def npy(data: bytes, names: set[str]) -> tuple[Any, dict[str, str]]:
    """The content of a .npy file: a tensor, of an array of objects what was pickled, None of texts; and what of it was
    dropped.

    Raises:
        DamagedError: it is damaged.
    """
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = header(stream)
    except Exception as error:  # the header is a literal of Python, and anything can stand there
        raise DamagedError(str(error).splitlines()[0] if str(error) else "no header") from error
    if dtype.hasobject:
        rebuilder = Rebuilder(_no_storages, _nested(names))
        content = rebuilder.plain(inert.load(stream, names))
        single = shape == () and isinstance(content, list | tuple) and len(content) == 1
        return (content[0] if single else content), rebuilder.dropped
    count = int(np.prod(shape, dtype=object))
    rest = data[stream.tell() :]
    if count < 0 or dtype.itemsize == 0 or len(rest) < count * dtype.itemsize:
        raise DamagedError(f"an array of {shape}, of whose numbers {len(rest)} bytes are there")
    values = np.frombuffer(rest, dtype, count) if count else np.empty(0, dtype)
    return as_tensor(values.reshape(shape, order="F" if fortran else "C")), {}


def older(stream: IO[bytes], names: set[str]) -> tuple[Any, Rebuilder]:
    """What a file holds that is one pickle, or five as torch wrote them before it used archives, with the numbers
    behind them.

    Raises:
        DamagedError: it is neither, or damaged.
    """
    content = inert.load(stream, names)
    if content != _MAGIC:
        return content, Rebuilder(_no_storages, _nested(names))
    _, facts, content = (inert.load(stream, names) for _ in range(_MARKS))
    if isinstance(facts, dict) and facts.get("little_endian") is False:
        raise DamagedError("its numbers have the byte order of another machine")
    keys = inert.load(stream, names)
    if not isinstance(keys, list):
        raise DamagedError("no list of storages")
    sizes = _itemsizes(content)
    read: dict[str, bytes] = {}
    for key in keys:
        header = stream.read(8)
        if len(header) < 8 or key not in sizes:
            raise DamagedError(f"the storage {key!r} is not there")
        (count,) = struct.unpack("<q", header)
        read[str(key)] = stream.read(max(0, count) * sizes[key])

    def storages(key: str, dtype: torch.dtype, count: int) -> Tensor:
        return numbers(read[key], dtype, count)

    return content, Rebuilder(storages, _nested(names))


def _itemsizes(content: Any) -> dict[Any, int]:
    """The bytes of a number in each storage that an object refers to."""
    found: dict[Any, int] = {}
    seen: set[int] = set()
    stack = [content]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Persistent):
            key = node.key
            if isinstance(key, tuple) and len(key) > 2 and isinstance(key[1], Name) and isinstance(key[2], str | int):
                try:
                    found[key[2]] = storage_type(key[1]).itemsize
                except NotReadError as error:
                    raise DamagedError(str(error)) from error
        elif isinstance(node, Call):
            stack += [*node.arguments, node.state, *node.items, *node.entries.values()]
        elif isinstance(node, dict):
            stack += node.values()
        elif isinstance(node, list | tuple):
            stack += node
    return found


def _nested(names: set[str]) -> Callable[[bytes], tuple[Any, Rebuilder]]:
    """Reads the bytes that stand for a storage where Python's own pickle wrote a tensor."""

    def unpickle(data: bytes) -> tuple[Any, Rebuilder]:
        return older(io.BytesIO(data), names)

    return unpickle


def _no_storages(key: str, *_: object) -> Tensor:
    raise DamagedError(f"the storage '{key}' is not there")
