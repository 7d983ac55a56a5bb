"""MATLAB's files of version 5 to 7, read without trust: SciPy's reader ends the process on some damaged ones.

The format is MathWorks' "MAT-File Format": a header of 128 bytes, then one element for each variable, which may be
compressed; an element has a type and a length, and a matrix consists of elements.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from srbench.errors import WeightsError
from srbench.weights.inert import DamagedError

_MATRIX, _COMPRESSED = 14, 15
# Types of elements that hold numbers, and classes of matrices.
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _OBJECT, _CHAR = 1, 2, 3, 4
_CLASSES = {
    **{6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2"},
    **{11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"},
}
_COMPLEX = 0x0800
_DEEPEST = 30  # structs in structs
_LARGEST = 1 << 31  # bytes that a compressed variable may unpack to


def read(path: Path) -> dict[str, Any]:
    """The variables by name: structs as dictionaries, arrays of structs and cells as lists, texts, arrays of numbers,
    and None for all else (sparse arrays, functions, objects of classes).

    Raises:
        WeightsError: the file is of version 7.3, or unpacks to more than any network.
        DamagedError: it is damaged.
    """
    data = path.read_bytes()
    if data.startswith(b"MATLAB 7.3") or data[1:4] == b"HDF":
        raise WeightsError(
            f"'{path}' is a MATLAB file of version 7.3, which is HDF5",
            "save it in MATLAB with -v7: net = load('FILE'); save('FILE7.mat', '-struct', 'net', '-v7')",
        )
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if not data.startswith(b"MATLAB ") or order is None:
        raise DamagedError("no file of MATLAB, version 5 to 7")
    found: dict[str, Any] = {}
    for kind, content in _elements(data[128:], order):
        if kind == _COMPRESSED:
            ((kind, content),) = list(_elements(_unpacked(content, path), order))[:1] or [(0, b"")]
        if kind == _MATRIX:
            name, value = _matrix(content, order, 0)
            found[name] = value
    return found


def _unpacked(data: bytes, path: Path) -> bytes:
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(data, _LARGEST)
    except zlib.error as error:
        raise DamagedError(str(error)) from error
    if inflate.unconsumed_tail:
        raise WeightsError(f"'{path}' unpacks to more than 2 GB: not weights", "get the file from its author")
    return content


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Types and contents, one after another; raises DamagedError where one ends behind the end."""
    place = 0
    while len(data) - place >= 8:
        kind, length = (int(number) for number in np.frombuffer(data, f"{order}u4", 2, place))
        if kind >> 16:  # a short one, in the tag itself
            length, kind, begin = kind >> 16, kind & 0xFFFF, place + 4
            after = place + 8
        else:
            begin = place + 8
            # What is compressed is not filled up to a multiple of 8 bytes.
            after = begin + length if kind == _COMPRESSED else begin + -(-length // 8) * 8
        if begin + length > len(data) or (after == place + 8 and length > 4 and kind != _COMPRESSED):
            raise DamagedError("an element that ends behind the file's end")
        yield kind, data[begin : begin + length]
        place = after


def _matrix(data: bytes, order: str, depth: int) -> tuple[str, Any]:
    """A variable's name and value."""
    if not data:
        return "", np.zeros((0, 0))
    if depth > _DEEPEST:
        raise DamagedError("structs in structs without end")
    parts = _elements(data, order)
    flags = _whole(next(parts, None), order)
    matrix_class, is_complex = (int(flags[0]) & 0xFF, bool(int(flags[0]) & _COMPLEX)) if flags else (0, False)
    if matrix_class not in (_CELL, _STRUCT, _OBJECT, _CHAR, *_CLASSES):
        return _opaque_name(parts), None
    size = _whole(next(parts, None), order)
    _, name = _required(parts)
    count = math.prod(size)
    if not size or min(size) < 0:
        raise DamagedError("an array of no size")
    return _text(name, 1), _value(parts, matrix_class, is_complex, size, count, order, depth, len(data))


def _value(
    parts: Iterator[tuple[int, bytes]],
    matrix_class: int,
    is_complex: bool,
    size: list[int],
    count: int,
    order: str,
    depth: int,
    length: int,
) -> Any:
    if matrix_class in _CLASSES:
        values = _numbers(_required(parts), _CLASSES[matrix_class], size, order)
        return values + 1j * _numbers(_required(parts), _CLASSES[matrix_class], size, order) if is_complex else values
    if matrix_class == _CHAR:
        kind, content = next(parts, (1, b""))
        return _text(content, kind, order)
    if count * 8 > length:  # each is an element at least
        raise DamagedError(f"{count:,} cells in {length:,} bytes")
    if matrix_class == _CELL:
        return [_matrix(_of_matrix(parts), order, depth + 1)[1] for _ in range(count)]
    if matrix_class == _OBJECT:
        _required(parts)  # the name of its class
    ((width, *_), (_, names)) = _whole(_required(parts), order) or [0], _required(parts)
    if width < 1:
        raise DamagedError("a struct whose fields have no names")
    fields = [_text(names[place : place + width], 1) for place in range(0, len(names), width)]
    structs = [
        {field: _matrix(_of_matrix(parts), order, depth + 1)[1] for field in fields}
        for _ in range(count if fields else 0)
    ]
    return structs[0] if len(structs) == 1 else structs


def _required(parts: Iterator[tuple[int, bytes]]) -> tuple[int, bytes]:
    found = next(parts, None)
    if found is None:
        raise DamagedError("a matrix that ends too early")
    return found


def _of_matrix(parts: Iterator[tuple[int, bytes]]) -> bytes:
    kind, content = _required(parts)
    if kind != _MATRIX:
        raise DamagedError("a cell that is no matrix")
    return content


def _whole(part: tuple[int, bytes] | None, order: str) -> list[int]:
    """The whole numbers in an element."""
    if part is None or part[0] not in (5, 6):
        raise DamagedError("a matrix without flags or size")
    values = np.frombuffer(part[1][: len(part[1]) // 4 * 4], f"{order}{_NUMBERS[part[0]]}")
    return [int(value) for value in values]


def _numbers(part: tuple[int, bytes], kind: str, size: list[int], order: str) -> np.ndarray[Any, Any]:
    """An array of a class, whose numbers may be kept in a smaller type."""
    stored, content = part
    if stored not in _NUMBERS:
        raise DamagedError("an array of no numbers")
    dtype = np.dtype(f"{order}{_NUMBERS[stored]}")
    count = math.prod(size)
    if len(content) < count * dtype.itemsize:
        raise DamagedError(f"an array of {count:,} numbers, of which {len(content) // dtype.itemsize:,} are there")
    return np.frombuffer(content, dtype, count).reshape(size, order="F").astype(kind)


def _text(content: bytes, kind: int, order: str = "<") -> str:
    encoding = _TEXTS.get(kind, "latin-1")
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if order == "<" else "-be"
    return content.decode(encoding, "replace").rstrip("\0")


def _opaque_name(parts: Iterator[tuple[int, bytes]]) -> str:
    """The first text of an element of a class that is not read; that of a sparse array is behind its size."""
    return next((_text(content, 1) for kind, content in parts if kind == 1), "")
