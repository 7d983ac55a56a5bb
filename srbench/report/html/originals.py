"""The HR images that were scored, found again on this machine, with LR images that were given, or whose pixels the
folder holds."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from srbench import dataset
from srbench.errors import SrbenchError, SrbenchWarning
from srbench.imaging.images import Pixels, pixel_hash, read_image
from srbench.results.facts import FolderFacts
from srbench.results.reader import Run


class Originals:
    """HR images on this machine, checked by their pixels. ``notes`` says which are not shown, and why.

    Args:
        runs: of the folder, oldest first; they say where the images of a user's folder are.
        facts: of the folder.
        what: they are called so in ``notes``; images without an original are LR images.
    """

    def __init__(self, runs: list[Run], facts: FolderFacts, what: str = "original") -> None:
        self._facts, self._what = facts, what
        self._files: dict[tuple[str, str], Path] = {}
        self._known: dict[str, dict[str, dataset.ImageFile]] = {}
        self._given: dict[tuple[str, str, str], tuple[Path, str]] = {}
        self._absent: list[str] = []
        self._other: list[str] = []
        for run in runs:
            for data in run.manifest.get("datasets", []):
                self._files.update({(data["name"], name): Path(path) for name, path in data.get("files", {}).items()})
                for scale, low in data.get("lr", {}).items():
                    for name, path in low["files"].items():
                        self._given[data["name"], name, scale] = Path(path), low["images"].get(name, "")

    def find(self, data: str, name: str, sha256: str) -> Pixels | None:
        """The original of an image, or None with a note."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SrbenchWarning)  # of alpha channels the run has already told
                pixels = self._read(data, name)
        except SrbenchError:
            pixels = None
        if pixels is not None and pixel_hash(pixels) == sha256:
            return pixels
        where = f"{self._facts.dataset(data).title}/{name}"
        (self._absent if pixels is None else self._other).append(where)
        return None

    def given(self, data: str, name: str, scale: float) -> Pixels | None:
        """The LR image that the newest run was given of an image; None where it is not here any more."""
        path, sha256 = self._given.get((data, name, f"x{scale}"), (None, ""))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SrbenchWarning)
                pixels = None if path is None else read_image(path)
        except SrbenchError:
            return None
        return pixels if pixels is not None and pixel_hash(pixels) == sha256 else None

    @property
    def notes(self) -> list[str]:
        """Of which images it is not shown, and why, a line for each reason."""
        notes = []
        for names, one, several in (
            (self._absent, "is not on this machine, so it is", "are not on this machine, so they are"),
            (
                self._other,
                "has other pixels than those that were scored, so it is",
                "have other pixels than those that were scored, so they are",
            ),
        ):
            if len(names) == 1:
                notes.append(f"The {self._what} of {names[0]} {one} not shown.")
            elif names:
                notes.append(f"The {self._what}s of {', '.join(names[:-1])} and {names[-1]} {several} not shown.")
        return notes

    def _read(self, data: str, name: str) -> Pixels | None:
        if (data, name) in self._files:
            return read_image(self._files[data, name])
        if data not in self._known:
            self._known[data] = {}
            if data in dataset.manifests():
                self._known[data] = {image.name: image for image in dataset.find(data).images}
        return self._known[data][name].read() if name in self._known[data] else None


def as_measured(image: Pixels) -> Pixels:
    """Y of an original, rounded, to stand beside SR images that are Y; a grey image as it is.

    This is :func:`srbench.imaging.color.luma` for whole numbers, without torch.
    """
    if image.ndim == 2:
        return image
    luma = 16 + (image.astype(np.int64) @ np.array([299, 587, 114])) * (73 / 85000)
    y: Pixels = np.rint(luma).astype(np.uint8)
    return y


def magnified(image: Pixels, height: int, width: int) -> Pixels:
    """An LR image at the size of its SR images, every pixel as it is."""
    rows, columns = (
        np.minimum((np.arange(to) + 0.5) * own / to, own - 1).astype(np.int64)
        for own, to in zip(image.shape[:2], (height, width), strict=True)
    )
    large: Pixels = image[rows[:, None], columns]
    return large


def is_magnified(image: Pixels, scale: float) -> bool:
    """Whether an SR image is its LR image with every pixel magnified to scale x scale.

    A report cannot make LR images, which needs torch; the picture by nearest neighbour holds their pixels.
    """
    side = int(scale)
    if side != scale or image.shape[0] % side or image.shape[1] % side:
        return False
    low = image[::side, ::side]
    return bool((low.repeat(side, axis=0).repeat(side, axis=1) == image).all())
