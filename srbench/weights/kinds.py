"""What a file is, by its first bytes: names do not tell, and much that is called weights is none."""

from __future__ import annotations

import re
from pathlib import Path

from srbench.errors import WeightsError

HEAD = 1024  # bytes that are looked at
PROGRAMS = {  # files of networks that hold more than weights, or other libraries' weights, by their suffix
    ".onnx": "an ONNX model",
    ".pb": "a TensorFlow graph",
    ".tflite": "a TensorFlow Lite model",
    ".h5": "a Keras model",
    ".keras": "a Keras model",
    ".engine": "a TensorRT engine",
    ".mlmodel": "a Core ML model",
}

_PAGE = re.compile(rb"\s*(<!doctype html|<html|<head|<\?xml|<!--)", re.IGNORECASE)
_POINTER = re.compile(rb"version https://git-lfs\S*\s+oid sha256:(\w+)\s+size (\d+)")
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_OTHERS = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes them",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"%PDF": "a PDF file",
    b"GGUF": "a GGUF file",
}
_PART = re.compile(r"(?P<stem>.+)-(?P<part>\d{4,6})-of-(?P<parts>\d{4,6})(?P<suffix>\.\w+)")


def kind_of(head: bytes, size: int, suffix: str) -> str:
    """'zip', 'matlab', 'npy', 'safetensors' or 'pickle' (of all that nothing tells)."""
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head.startswith(b"MATLAB ") or suffix == ".mat":
        return "matlab"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    length = int.from_bytes(head[:8], "little")
    if suffix == ".safetensors" or (head[8:9] == b"{" and 2 <= length < size):
        return "safetensors"
    return "pickle"


def require_weights(path: Path, head: bytes) -> None:
    """Raise WeightsError, saying what it is, where a file is surely none that weights are kept in."""
    if not head:
        raise WeightsError(f"'{path}' is not an intact file of weights: it is empty", "get the file again")
    if found := _POINTER.match(head):
        raise WeightsError(
            f"'{path}' is a pointer of Git LFS to {int(found.group(2)):,} bytes, which are not in it",
            "in its repository: git lfs pull; or get the file itself by its 'raw' or 'download' address",
        )
    if _PAGE.match(head):
        raise WeightsError(
            f"'{path}' is a web page, not weights: the download brought a page in their place",
            "open its address in a browser: it may want a click or a login, or the file has gone",
        )
    for start, name in _PACKED.items():
        if head.startswith(start):
            raise WeightsError(f"'{path}' is packed with {name}", "unpack it, and give the file that is in it")
    for start, what in _OTHERS.items():
        if head.startswith(start):
            raise WeightsError(
                f"'{path}' is {what}, which srbench does not read",
                "save its arrays by name: numpy.savez('weights.npz', **arrays)",
            )
    if path.suffix.lower() in PROGRAMS:
        raise WeightsError(
            f"'{path}' is {PROGRAMS[path.suffix.lower()]}, and srbench reads weights of PyTorch networks alone",
            "an ONNX model is a method by itself, --methods FILE; for others write a plugin (docs/plugins.md)",
        )
    if head[257:262] == b"ustar":
        raise WeightsError(
            f"'{path}' is a tar archive, which torch has not written since 2016", "unpack it, and give the file in it"
        )


def parts_of(path: Path) -> tuple[list[Path], list[Path]]:
    """The files that weights are split into, where ``path`` is called as model hubs call one of them
    (NAME-00001-of-00002.TYPE), and those of them that are not there; two empty lists where it is not."""
    found = _PART.fullmatch(path.name)
    if found is None or not 1 < int(found["parts"]) <= 1000:
        return [], []
    count, width = int(found["parts"]), len(found["part"])
    files = [
        path.with_name(f"{found['stem']}-{n:0{width}d}-of-{found['parts']}{found['suffix']}")
        for n in range(1, count + 1)
    ]
    return files, [file for file in files if not file.is_file()]


def whole_stem(path: Path) -> str:
    """A file's name without its type, and of a part without its number."""
    found = _PART.fullmatch(path.name)
    return found["stem"] if found else path.stem
