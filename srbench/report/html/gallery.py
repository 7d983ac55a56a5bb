"""The pictures of the page: per image one small region, where methods differ most, of every method."""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from srbench import dataset
from srbench.errors import SrbenchError, SrbenchWarning
from srbench.files import safe_name
from srbench.imaging.images import Pixels, below, pixel_hash, read_image, write_image
from srbench.records import ENTROPY_BITS, ScoreState
from srbench.report.html.views import VIEW
from srbench.results.facts import FolderFacts
from srbench.results.reader import Run

SIDE = 96  # of the region, in pixels
PER_DATASET = 5
BUDGET = 7_500_000  # bytes of all pictures together as they stand in the page, so that it stays below 12 MB
ORIGINAL = "original"


@dataclass(frozen=True)
class Picture:
    """One method's region of one image."""

    label: str
    title: str
    source: str  # data URI
    scores: list[str]
    file: str = ""  # the whole image, if it was written beside the page


@dataclass(frozen=True)
class Scene:
    """One image: the same region of all methods. ``missing`` says of which methods there is no picture, and why."""

    dataset: str
    dataset_title: str
    image: str
    key: str
    left: int
    top: int
    width: int
    height: int
    of: tuple[int, int]  # width and height of the whole image
    grey: bool
    pictures: list[Picture]
    missing: list[str]


@dataclass(frozen=True)
class Gallery:
    """All scenes, of one scale, protocol and degradation. ``notes`` says what is not shown and why."""

    title: str
    scenes: list[Scene] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def gallery(
    images: pd.DataFrame,
    folder: Path,
    runs: list[Run],
    titles: dict[str, str],
    facts: FolderFacts,
    full: Path | None = None,
) -> Gallery:
    """Choose and cut the pictures.

    Args:
        images: :func:`srbench.results.leaderboard.per_image` with a column ``label``.
        folder: the results folder.
        runs: of the folder, oldest first; they say where the images of a user's folder are.
        titles: of methods, by label, in the order in which they are shown.
        facts: of the folder.
        full: a folder to write the whole images into, as neighbours of the page; None to write none.
    """
    kept = images[(images["sr_path"] != "") & (images["status"] == ScoreState.OK)]
    if kept.empty:
        return Gallery("", notes=["No SR images were kept in this folder (--no-images), so there is nothing to see."])
    view = _view(kept)
    for column, value in view.items():
        kept = kept[kept[column] == value]
    finder = _Originals(runs, facts)
    notes: list[str] = []
    scenes: list[Scene] = []
    spent = 0
    for data, name in _choice(kept, facts):
        own = kept[(kept["dataset"] == data) & (kept["image"] == name)]
        scene = _scene(own, data, name, folder, finder, titles, facts, full)
        if scene is None:
            notes.append(f"{facts.dataset(data).title}/{name} is left out: its SR images are no longer on disk.")
            continue
        size = sum(len(picture.source) for picture in scene.pictures)
        if spent + size > BUDGET:
            notes.append(f"{facts.dataset(data).title}/{name} is left out, to keep the page small enough to be mailed.")
            continue
        spent += size
        scenes.append(scene)
    scenes.sort(key=lambda scene: (facts.dataset_order(scene.dataset), scene.image))
    title = f"×{view['scale']}, protocol {view['protocol']}, degradation {view['degradation']}"  # noqa: RUF001
    return Gallery(title, scenes, notes + finder.notes)


def _view(kept: pd.DataFrame) -> dict[str, Any]:
    """The scale, protocol and degradation with the most pictures; of equals the largest scale, where most is seen."""
    counts = kept.groupby(VIEW)["sr_path"].nunique()
    best = max(counts.index, key=lambda key: (counts[key], key[0], key[1:]))
    return dict(zip(VIEW, best, strict=True))


def _choice(kept: pd.DataFrame, facts: FolderFacts) -> Iterator[tuple[str, str]]:
    """(dataset, image), the first of each dataset before the second of any: the PER_DATASET images of each dataset
    whose PSNR (or first metric) varies most from method to method."""
    metric = min(kept["metric"].unique(), key=facts.metric_order)
    spread = kept[kept["metric"] == metric].groupby(["dataset", "image"])["value"].std().fillna(0)
    chosen = []
    for data, group in spread.groupby(level="dataset"):
        order = group.sort_values(ascending=False, kind="stable").index[:PER_DATASET]
        chosen += [(place, data, image) for place, (_, image) in enumerate(order)]
    chosen.sort(key=lambda item: (item[0], facts.dataset_order(item[1])))
    return ((data, image) for _, data, image in chosen)


def _scene(
    own: pd.DataFrame,
    data: str,
    name: str,
    folder: Path,
    finder: _Originals,
    titles: dict[str, str],
    facts: FolderFacts,
    full: Path | None,
) -> Scene | None:
    pixels: dict[str, Pixels] = {}
    missing = []
    paths = own.groupby("label", sort=False)["sr_path"].first()
    for label in (label for label in titles if label in paths.index):
        try:
            pixels[label] = read_image(below(folder, paths[label]))
        except SrbenchError:
            missing.append(f"{titles[label]}: its image is no longer on disk")
    if not pixels:
        return None
    # Images of one scene have one size unless a file was exchanged by hand.
    shapes = [image.shape[:2] for image in pixels.values()]
    size = max(set(shapes), key=shapes.count)
    for label in [label for label, image in pixels.items() if image.shape[:2] != size]:
        missing.append(f"{titles[label]}: the image on disk has another size")
        del pixels[label]
    grey = all(image.ndim == 2 for image in pixels.values())
    top, left, height, width = region([_grey(image) for image in pixels.values()])
    original = finder.find(data, name, own["image_sha256"].iloc[0])
    shown = dict(pixels)
    if original is not None and original.shape[0] >= size[0] and original.shape[1] >= size[1]:
        original = original[: size[0], : size[1]]
        shown = {ORIGINAL: _as_measured(original) if grey else original, **pixels}
    scores = _scores(own, facts)
    pictures = []
    for label, image in shown.items():
        file = "" if full is None else _write_whole(full, data, name, label, image)
        pictures.append(
            Picture(
                label=label,
                title="Original" if label == ORIGINAL else titles[label],
                source=_data_uri(image[top : top + height, left : left + width]),
                scores=scores.get(label, []),
                file=file,
            )
        )
    for label, path in _entropies(own):
        try:
            image = read_image(below(folder, path))
        except SrbenchError:
            continue
        if image.shape[:2] == size:
            part = image[top : top + height, left : left + width]
            title = f"Entropy of {titles[label]}: black 0, white {ENTROPY_BITS:g} bits per sub-pixel"
            pictures.append(Picture(f"{label}-entropy", title, _data_uri(part), []))
    key = f"scene-{data}-{name}"
    of = (size[1], size[0])
    return Scene(data, facts.dataset(data).title, name, key, left, top, width, height, of, grey, pictures, missing)


def _entropies(own: pd.DataFrame) -> list[tuple[str, str]]:
    """(label, path) of the maps of the entropy, one for methods of equal bits: they share a network."""
    rows = own[own["metric"] == "bits"].drop_duplicates("value")
    found = (
        (label, json.loads(extra or "{}").get("entropy"))
        for label, extra in zip(rows["label"], rows["extra"], strict=True)
    )
    return [(label, path) for label, path in found if path]


def region(planes: list[NDArray[np.float64]]) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the region of at most SIDE x SIDE pixels in which images differ most.

    Args:
        planes: (H, W) each. With a single image, the region in which it varies most.
    """
    from scipy.ndimage import uniform_filter  # late: many folders hold no pictures

    stack = np.stack(planes)
    height, width = min(SIDE, stack.shape[1]), min(SIDE, stack.shape[2])
    if len(stack) > 1:
        spread = stack.var(axis=0)
    else:
        spread = np.hypot(*np.gradient(stack[0])) if min(stack.shape[1:]) > 1 else np.zeros(stack.shape[1:])
    mean = uniform_filter(spread, (height, width), mode="constant", origin=(-(height // 2), -(width // 2)))
    # With this origin, element (i, j) is the mean of the window that starts there.
    mean = mean[: stack.shape[1] - height + 1, : stack.shape[2] - width + 1]
    top, left = np.unravel_index(int(np.argmax(mean)), mean.shape)
    return int(top), int(left), height, width


def _grey(image: Pixels) -> NDArray[np.float64]:
    return image.astype(float) if image.ndim == 2 else image.mean(axis=2)


def _as_measured(image: Pixels) -> Pixels:
    """Y of an original, rounded, to stand beside SR images that are Y; a grey image as it is.

    This is :func:`srbench.imaging.color.luma` for whole numbers, without torch.
    """
    if image.ndim == 2:
        return image
    luma = 16 + (image.astype(np.int64) @ np.array([299, 587, 114])) * (73 / 85000)
    y: Pixels = np.rint(luma).astype(np.uint8)
    return y


def _scores(own: pd.DataFrame, facts: FolderFacts) -> dict[str, list[str]]:
    """Of one image, by label: 'PSNR 30.12', in the order of the tables."""
    found: dict[str, list[str]] = {}
    rows = zip(own["label"], own["metric"], own["value"], strict=True)
    for label, metric, value in sorted(rows, key=lambda row: facts.metric_order(row[1])):
        found.setdefault(label, []).append(f"{facts.metric(metric).title} {value:.{facts.metric(metric).digits}f}")
    return found


def _data_uri(pixels: Pixels) -> str:
    stream = io.BytesIO()
    # Lossless WebP is about a third smaller than PNG, and every browser of the last years reads it.
    Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB").save(stream, "WEBP", lossless=True, method=2)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()


def _write_whole(full: Path, data: str, name: str, label: str, image: Pixels) -> str:
    safe = [safe_name(part) for part in (data, name, label)]
    path = full.joinpath(*safe[:2], f"{safe[2]}.png")
    write_image(path, image)
    return "/".join((full.name, *safe[:2], f"{safe[2]}.png"))


class _Originals:
    """HR images on this machine, checked by their pixels."""

    def __init__(self, runs: list[Run], facts: FolderFacts) -> None:
        self._facts = facts
        self._files: dict[tuple[str, str], Path] = {}
        self._known: dict[str, dict[str, dataset.ImageFile]] = {}
        self.notes: list[str] = []
        for run in runs:
            for data in run.manifest.get("datasets", []):
                self._files.update({(data["name"], name): Path(path) for name, path in data.get("files", {}).items()})

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
        why = "is not on this machine" if pixels is None else "has other pixels than those that were scored"
        self.notes.append(f"The original of {self._facts.dataset(data).title}/{name} {why}, so it is not shown.")
        return None

    def _read(self, data: str, name: str) -> Pixels | None:
        if (data, name) in self._files:
            return read_image(self._files[data, name])
        if data not in self._known:
            self._known[data] = {}
            if data in dataset.manifests():
                self._known[data] = {image.name: image for image in dataset.find(data).images}
        return self._known[data][name].read() if name in self._known[data] else None
