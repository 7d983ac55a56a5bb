"""What the zoo knows of checkpoints: its manifests.

A manifest (``methods/zoo/FAMILY.toml``, or ``methods/zoo/`` below a folder of ``$SRBENCH_PATH``) holds what the files
of one origin have in common (title, network, paper, licence) and one ``[[file]]`` each: its name, scales, address, size
and hashes, the values that are published of it, and what srbench measured. Nothing of the files themselves is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse

from srbench import paths, protocol, tomlfile
from srbench.errors import MethodError, SrbenchError, UnknownNameError
from srbench.foreign.contained import told

PREFIX = "zoo:"
NO_LICENCE = "none stated"
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_HASH = re.compile(r"[0-9a-f]{64}")
_BY_HAND = ("drive.google.com", "pan.baidu.com", "1drv.ms", "onedrive.live.com")  # hosts that answer with pages


@dataclass(frozen=True)
class Claim:
    """What is published of a checkpoint: means over a dataset's images (dB, SSIM), and where they are printed."""

    dataset: str
    scale: int
    protocol: str
    source: str
    psnr: float | None = None
    ssim: float | None = None

    @property
    def values(self) -> dict[str, float]:
        """By the name of the metric."""
        return {name: value for name in ("psnr", "ssim") if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Measurement:
    """What a version of srbench measured of a checkpoint."""

    dataset: str
    scale: int
    protocol: str
    srbench: str
    psnr: float | None = None
    ssim: float | None = None


@dataclass(frozen=True)
class Checkpoint:
    """One file of the zoo.

    ``architecture`` is a method's name, whose network the file fills; 'spandrel:ID' is one that spandrel recognises,
    'spandrel-extra:ID' one of its package with restrictive licences. ``tensors`` is
    :func:`srbench.weights.fingerprint.fingerprint` of the state that is run, empty where no file was here yet.
    ``forbids`` is what its licence forbids, where that is to be fetched at all. ``known_as`` is its name on a command
    line where that is not 'zoo:NAME'.
    """

    name: str
    title: str
    architecture: str
    paper: str
    licence: str
    homepage: str
    scales: tuple[int, ...]
    address: str
    size: int  # bytes
    sha256: str
    tensors: str = ""
    range: float = 1.0
    order: Literal["RGB", "BGR"] = "RGB"
    note: str = ""
    forbids: str = ""
    reported: tuple[Claim, ...] = ()
    measured: tuple[Measurement, ...] = ()
    known_as: str = ""

    @property
    def spec(self) -> str:
        """As it is named on a command line."""
        return self.known_as or f"{PREFIX}{self.name}"

    @property
    def file(self) -> str:
        """The file's own name, as far as its address tells; that of an address without one is the checkpoint's."""
        own = Path(urlparse(self.address).path).name
        return own if "." in own else f"{self.name}.pth"

    @property
    def by_hand(self) -> bool:
        """Whether its host hands files to browsers alone."""
        return urlparse(self.address).hostname in _BY_HAND

    @property
    def licensed(self) -> bool:
        """Whether any licence is stated; without one nothing may be passed on."""
        return self.licence != NO_LICENCE

    def published(self, dataset: str = "set5") -> str:
        """The PSNR that is published on a dataset, by scale where it has several: '32.35', or 'x2 37.53, x3 33.66'."""
        found = {claim.scale: claim.psnr for claim in self.reported if claim.dataset == dataset and claim.psnr}
        several = len(self.scales) > 1
        return ", ".join(f"x{scale} {value:.2f}" if several else f"{value:.2f}" for scale, value in found.items())


def checkpoints() -> dict[str, Checkpoint]:
    """Every known checkpoint by name; those whose manifest cannot be used are left out."""
    return dict(_manifests(tuple(paths.search_path("methods/zoo")))[0])


def broken() -> dict[str, SrbenchError]:
    """Why a manifest cannot be used, by the name of its file, or why a name of two checkpoints cannot."""
    return dict(_manifests(tuple(paths.search_path("methods/zoo")))[1])


def known_as(name: str) -> Checkpoint:
    """The checkpoint of a name, in any case, with or without 'zoo:'.

    Raises:
        MethodError: its manifest cannot be used, or two have it.
        UnknownNameError: there is none; with the nearest, and the files of the manifest of that name.
    """
    name = name.removeprefix(PREFIX).lower()
    found, bad = checkpoints(), broken()
    if name in found:
        return found[name]
    # Which names a manifest has that cannot be read is not known: most begin as its file is called.
    culprit = next((key for key in sorted(bad, key=len, reverse=True) if name.startswith(key.replace("_", "-"))), None)
    if culprit is not None:
        raise bad[culprit]
    if family := [own for own in found if own.startswith(f"{name}-")]:
        raise UnknownNameError("checkpoint of the zoo", name, [f"{PREFIX}{own}" for own in family])
    raise UnknownNameError("checkpoint of the zoo", name, found)


@dataclass(frozen=True)
class _File:
    """A ``[[file]]`` of a manifest."""

    name: str
    scales: list[int]
    address: str
    size: int
    sha256: str
    tensors: str = ""
    title: str = ""
    architecture: str = ""
    note: str = ""
    reported: list[Claim] = field(default_factory=list)
    measured: list[Measurement] = field(default_factory=list)


@dataclass(frozen=True)
class _Manifest:
    title: str
    architecture: str
    paper: str
    licence: str
    file: list[_File]
    homepage: str = ""
    range: float = 1.0
    order: Literal["RGB", "BGR"] = "RGB"
    forbids: str = ""


@cache
def _manifests(folders: tuple[str, ...]) -> tuple[dict[str, Checkpoint], dict[str, SrbenchError]]:
    found: dict[str, tuple[Checkpoint, Path]] = {}
    bad: dict[str, SrbenchError] = {}
    for path in (path for folder in folders for path in sorted(Path(folder).glob("*.toml"))):
        try:
            own = list(_parse(path))
        except SrbenchError as error:
            bad[path.stem] = error
            continue
        except Exception as error:  # whatever is in it, it is that manifest's alone
            bad[path.stem] = MethodError(f"cannot use zoo manifest '{path}' ({told(error)})", "fix the file")
            continue
        for checkpoint in own:
            if checkpoint.name in found:
                others = f"'{found[checkpoint.name][1]}', '{path}'"
                bad[checkpoint.name] = MethodError(
                    f"two zoos have a checkpoint '{checkpoint.name}' ({others})", "rename one of the two"
                )
            found[checkpoint.name] = checkpoint, path
    return {name: checkpoint for name, (checkpoint, _) in found.items() if name not in bad}, bad


def _parse(path: Path) -> Iterator[Checkpoint]:
    manifest = tomlfile.load(path, "zoo manifest", _Manifest, MethodError)
    for file in manifest.file:
        _check(file, path)
        yield Checkpoint(
            name=file.name,
            title=file.title or manifest.title,
            architecture=file.architecture or manifest.architecture,
            paper=manifest.paper,
            licence=manifest.licence,
            homepage=manifest.homepage,
            scales=tuple(file.scales),
            address=file.address,
            size=file.size,
            sha256=file.sha256,
            tensors=file.tensors,
            range=manifest.range,
            order=manifest.order,
            note=file.note,
            forbids=manifest.forbids,
            reported=tuple(file.reported),
            measured=tuple(file.measured),
        )


def _check(file: _File, path: Path) -> None:
    """Raise MethodError for a value that has the right type and yet cannot be."""
    wrong = next(_wrong(file), None)
    if wrong is not None:
        raise MethodError(f"'{path}', file '{file.name}': {wrong[0]}", wrong[1])


def _wrong(file: _File) -> Iterator[tuple[str, str]]:
    """What is wrong, and what to do."""
    if not _NAME.fullmatch(file.name):
        yield f"name = '{file.name[:60]}' is no name", "write it with small letters, digits, '.', '+' and '-'"
    if urlparse(file.address).scheme not in ("http", "https"):
        yield f"address = '{file.address[:60]}' is none of the web", "begin it with https://"
    for key in ("sha256", "tensors"):
        value = getattr(file, key)
        if not _HASH.fullmatch(value) and (key == "sha256" or value):
            yield f"{key} = '{value[:70]}' is no SHA-256", "write its 64 small hexadecimal digits"
    if file.size < 1:
        yield f"size = {file.size} is no number of bytes", "write how many the file has"
    if not file.scales or any(not 1 <= scale <= 64 for scale in file.scales):
        yield f"scales = {file.scales} are no scales", "write whole numbers such as [2, 3, 4]"
    yield from _wrong_claims((*file.reported, *file.measured), file.scales)


def _wrong_claims(claims: Iterable[Claim | Measurement], scales: list[int]) -> Iterator[tuple[str, str]]:
    for claim in claims:
        if claim.scale not in scales:
            yield f"a value at x{claim.scale}, which is none of its scales", f"it has {scales}"
        if claim.protocol not in protocol.names():
            known = ", ".join(protocol.names())
            yield f"a value under the protocol '{claim.protocol[:60]}', which there is not", f"known: {known}"
        if claim.psnr is None and claim.ssim is None:
            yield f"a value of {claim.dataset} without a number", "add psnr = ... or ssim = ..."
