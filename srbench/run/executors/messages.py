"""What a run and a worker of a cluster say to each other. A file is named by the SHA-256 of its bytes: whoever lacks
one asks for it. Nothing here is code: a plugin travels as the text of its files."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from srbench.dataset.locate import ImageFile
from srbench.run.plan import CellResult, CellTask, RunContext
from srbench.version import __version__

HELLO, BLOB, GROUP = "hello", "blob", "group"  # kinds of messages to a worker
CHUNK = 4 << 20  # bytes of a file that are sent at a time


@dataclass(frozen=True)
class File:
    """``place`` is where it lies below some folder, with ``/``."""

    place: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """The files of a method, a metric or a degradation that the worker cannot be expected to have.

    Args:
        files: laid out as they are where the run was planned, for they name each other.
        name: by which it is loaded, as texts and places of files by turns; empty where the worker knows it by its own.
        found: files that are looked for in ``$SRBENCH_WEIGHTS`` and ``$SRBENCH_CHECKPOINTS``, below ``weights`` and
            ``checkpoints``.
    """

    files: tuple[File, ...] = ()
    name: tuple[str, ...] = ()
    found: tuple[File, ...] = ()

    def named(self, root: Path) -> str:
        """What names it where its files are laid out below ``root``."""
        return "".join(str(root / PurePosixPath(part)) if i % 2 else part for i, part in enumerate(self.name))


@dataclass(frozen=True)
class Hello:
    """What a run is, so that any srbench can read whether it is of the same kind. ``protocol`` and ``protocol_hash``
    are names and hashes, with commas between; ``content`` are a RunContext, and a Source for whatever is named in
    tasks, by that name."""

    version: str
    protocol: str
    protocol_hash: str
    content: bytes

    @classmethod
    def of(cls, context: RunContext, sources: dict[str, Source]) -> Hello:
        content = pickle.dumps((context, sources))
        named = ",".join(rules.name for rules in context.protocols)
        return cls(__version__, named, ",".join(rules.hash for rules in context.protocols), content)

    def pack(self) -> bytes:
        return pickle.dumps(vars(self))  # nothing of srbench's


@dataclass(frozen=True)
class Parcel:
    """A task, whose paths mean nothing to the worker; ``image`` is the HR image's file, ``kept`` that of an earlier SR
    image, ``lr`` that of a given LR image, each empty where there is none; ``beside`` are those of other frames of its
    clip, by what the task calls them."""

    task: CellTask
    image: str
    kept: str = ""
    lr: str = ""
    beside: Mapping[ImageFile, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Product:
    """A result with the files that the worker wrote for it, by their paths below the results folder: of each its bytes
    and their hash."""

    result: CellResult
    files: Mapping[str, tuple[bytes, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Met:
    """A worker's answer to a run that it can compute for; ``machine`` is :func:`srbench.machine.computes_on`."""

    machine: dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """Why a worker cannot compute for a run."""

    reason: str


@dataclass(frozen=True)
class Missing:
    """Hashes of files that a worker lacks to do what it was asked."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """The first of a group's products, and the seconds that they took."""

    products: tuple[Product, ...]
    seconds: float
