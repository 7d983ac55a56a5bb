"""One image of the page's pictures: the same window of all methods, and whole images where there is room."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from srbench.errors import SrbenchError
from srbench.files import safe_name
from srbench.imaging.images import Pixels, below, read_image, write_image
from srbench.records import ENTROPY_BITS
from srbench.report.html import clips
from srbench.report.html.embedding import CANDIDATES, SIDES, data_uri, may_embed, side_for
from srbench.report.html.originals import Originals, as_measured, is_magnified, magnified
from srbench.report.html.windows import Window, densest, differing, grey, lost
from srbench.results.facts import FolderFacts

FOCUS = 64  # side of the part of a window that the first screen shows, in pixels
ORIGINAL, LR, BICUBIC, NEAREST = "original", "lr", "bicubic", "nearest"


@dataclass(frozen=True)
class Methods:
    """The methods of one view, by label: ``plugins`` their names without options, ``order`` as they are shown, oldest
    first, ``ranking`` best first."""

    titles: Mapping[str, str]
    plugins: Mapping[str, str]
    order: Sequence[str]
    ranking: Sequence[str]


@dataclass(frozen=True)
class Images:
    """Whole images of one size, by side: a method's label, ``original`` or ``lr``, which are left out where they are
    not at hand. ``missing`` says of which methods there is no image, and why."""

    sides: Mapping[str, Pixels]
    labels: Sequence[str]
    missing: Sequence[str]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.sides[self.labels[0]].shape[:2]
        return height, width

    @property
    def only_luma(self) -> bool:
        return all(self.sides[label].ndim == 2 for label in self.labels)


@dataclass(frozen=True)
class Scene:
    """One image of the page.

    ``focus`` is the part of the window in which most is to be seen, in pixels of the window; ``shows`` is how much.
    ``left`` and ``right`` are the sides to begin with. ``windows`` and ``whole`` hold by side what the page loads:
    data, or the addresses of files beside the page. ``candidates`` are whole images that could be embedded, those that
    are shown first first. ``values`` are scores by label and metric. ``maps`` are maps of the entropy.
    """

    dataset: str
    image: str
    title: str  # of the dataset
    window: Window
    focus: Window
    shows: float
    size: tuple[int, int]  # height and width of the whole image
    only_luma: bool
    left: str
    right: str
    labels: Sequence[str]
    windows: Mapping[str, str]
    maps: Sequence[Mapping[str, str]]
    whole: dict[str, str]
    candidates: Mapping[str, Pixels]
    values: Mapping[str, Mapping[str, float]]
    missing: Sequence[str]
    clip: clips.Clip | None = None

    @property
    def weight(self) -> int:
        """Bytes of its windows as they stand in the page."""
        own = sum(map(len, self.windows.values())) + sum(len(own["src"]) for own in self.maps)
        return own + (self.clip.weight if self.clip else 0)

    def data(self) -> dict[str, Any]:
        """For the page's script; ``pictures`` are in the order in which they are shown."""
        window, focus = self.window, self.focus
        return {
            **{"dataset": self.dataset, "image": self.image, "title": self.title},
            **{"left": window.left, "top": window.top, "width": window.width, "height": window.height},
            **{"focus": [focus.left, focus.top, focus.width, focus.height], "of": self.size[::-1]},
            **{"grey": self.only_luma, "sides": [self.left, self.right]},
            **{side: self.windows.get(side, "") for side in (ORIGINAL, LR)},
            "pictures": {label: {"src": self.windows[label], "values": self.values[label]} for label in self.labels},
            **{"maps": self.maps, "whole": self.whole, "missing": self.missing},
            "clip": self.clip and self.clip.data(),
        }


class Cutter:
    """Makes scenes from a results folder.

    Args:
        folder: the results folder.
        originals: where HR images are.
        methods: of the view.
        scale: of the view.
        full: a folder beside the page into which whole images are written; None to embed what there is room for.
        are_lr: the ``originals`` are LR images, of which there is no HR image.
        given: LR images came with the HR images.
    """

    def __init__(
        self,
        folder: Path,
        originals: Originals,
        methods: Methods,
        facts: FolderFacts,
        scale: float,
        full: Path | None,
        are_lr: bool = False,
        given: bool = False,
    ) -> None:
        self._folder, self._originals, self._methods = folder, originals, methods
        self._facts, self._scale, self._full = facts, scale, full
        self._are_lr, self._given = are_lr, given

    def cut_clip(self, rows: pd.DataFrame, data: str, name: str, room: float) -> Scene | None:
        """The scene of a clip, which begins with one of its frames; None where none of its SR images is on disk.

        Args:
            rows: of all frames of the clip.
        """
        best = [label for label in self._methods.ranking if label in set(rows["label"])]
        chosen = best[: clips.METHODS]
        if BICUBIC in best and BICUBIC not in chosen:
            chosen[-1] = BICUBIC
        own = rows[rows["label"].isin(chosen)]
        scene = self.cut(own[own["image"] == name], data, name, room / clips.FRAMES, maps=False)
        if scene is None:
            return None

        with_original = ORIGINAL in scene.windows  # else the notes would name every frame that has none

        def read(frame: str) -> clips.Sides | None:
            images = self._read(own[own["image"] == frame], data, frame, with_original)
            return None if images is None else images.sides

        sides = read(name)
        assert sides is not None
        left_out = [self._methods.titles[label] for label in best if label not in chosen]
        missing = [*scene.missing, *(f"{title}: a clip shows {clips.METHODS} methods" for title in left_out)]
        found = clips.clip(name, own, self._facts, read, scene.window, sides, room - scene.weight)
        return replace(scene, clip=found, missing=missing)

    def cut(self, own: pd.DataFrame, data: str, name: str, room: float, *, maps: bool = True) -> Scene | None:
        """The scene of one image; None where none of its SR images is on disk.

        Args:
            own: its rows of :func:`srbench.results.leaderboard.per_image`.
            room: bytes that its windows should take at most, which sets their size.
            maps: whether maps of the entropy belong to it.
        """
        images = self._read(own, data, name)
        if images is None:
            return None
        bits = own[own["metric"] == "bits"].drop_duplicates("value") if maps else own[:0]
        left, right = self._begin_with(images)
        window, focus, shows = self._look(images, left, right, room, copies=len(images.sides) + len(bits))
        order = [side for side in (left, right, ORIGINAL, LR, *self._methods.ranking) if side in images.sides]
        order = list(dict.fromkeys(order))
        embeds = self._full is None and may_embed(images.size)
        return Scene(
            dataset=data,
            image=name,
            title=self._facts.dataset(data).title,
            window=window,
            focus=focus,
            shows=shows,
            size=images.size,
            only_luma=images.only_luma,
            left=left,
            right=right,
            labels=images.labels,
            windows={side: data_uri(window.of(pixels)) for side, pixels in images.sides.items()},
            maps=list(self._maps(bits, images.size, window)),
            whole=self._written(images, order, data, name),
            candidates={side: images.sides[side] for side in order[:CANDIDATES]} if embeds else {},
            values=self._values(own),
            missing=images.missing,
        )

    def _read(self, own: pd.DataFrame, data: str, name: str, with_original: bool = True) -> Images | None:
        titles = self._methods.titles
        found: dict[str, Pixels] = {}
        missing = []
        paths = own.groupby("label", sort=False)["sr_path"].first()
        for label in (label for label in self._methods.order if label in paths.index):
            if label in (ORIGINAL, LR):
                missing.append(f"{titles[label]}: the name '{label}' is that of another picture here")
                continue
            try:
                found[label] = read_image(below(self._folder, paths[label]))
            except SrbenchError:
                missing.append(f"{titles[label]}: its image is no longer on disk")
        if not found:
            return None
        # Images of one scene have one size unless a file was exchanged by hand.
        shapes = [image.shape[:2] for image in found.values()]
        size = max(set(shapes), key=shapes.count)
        for label in [label for label, image in found.items() if image.shape[:2] != size]:
            missing.append(f"{titles[label]}: the image on disk has another size")
            del found[label]
        labels = list(found)
        original = self._originals.find(data, name, own["image_sha256"].iloc[0]) if with_original else None
        if original is not None and self._are_lr:
            original = magnified(original, *size)
        if original is not None and original.shape[0] >= size[0] and original.shape[1] >= size[1]:
            original = original[: size[0], : size[1]]
            side = LR if self._are_lr else ORIGINAL
            found[side] = as_measured(original) if all(found[label].ndim == 2 for label in labels) else original
        low = self._originals.given(data, name, self._scale) if self._given else None
        if low is not None:
            low = magnified(low, *size)
            found[LR] = as_measured(low) if all(found[label].ndim == 2 for label in labels) else low
        for label in labels:
            if LR not in found and self._methods.plugins[label] == NEAREST and is_magnified(found[label], self._scale):
                found[LR] = found[label]
        return Images(found, labels, missing)

    def _begin_with(self, images: Images) -> tuple[str, str]:
        """Left and right: bicubic, else what else is known to be poor or right, and the best method."""
        best = [label for label in self._methods.ranking if label in images.labels]
        right = next((label for label in best if label != BICUBIC), best[0])
        for left in (BICUBIC, LR, ORIGINAL, best[-1]):
            if left in images.sides and left != right:
                return left, right
        return right, right

    def _look(self, images: Images, left: str, right: str, room: float, copies: int) -> tuple[Window, Window, float]:
        """The window, its focus, and how much that shows: the mean of what bicubic loses; 0 or less where that is not
        known, and the place is where methods differ most."""
        planes = {label: grey(images.sides[label]) for label in {left, right, ORIGINAL} & set(images.sides)}
        known = left == BICUBIC and right != left and ORIGINAL in planes
        plane = lost(planes[ORIGINAL], planes[left], planes[right]) if known else None
        if plane is None or densest(plane, FOCUS)[1] <= 0:
            plane = differing([grey(images.sides[label]) for label in images.labels])
            known = False
        focus, shows = densest(plane, FOCUS, math.ceil(self._scale))
        window, _ = densest(plane, SIDES[0], math.ceil(self._scale), focus)
        some = [images.sides[label] for label in images.labels[:: max(1, len(images.labels) // 3)]]
        side = side_for(some, window, copies, room)
        if side < SIDES[0]:
            window, _ = densest(plane, side, math.ceil(self._scale), focus)
        return window, focus.within(window), shows if known else 0.0

    def _values(self, own: pd.DataFrame) -> dict[str, dict[str, float]]:
        """Scores of one image by label and metric, in the order of the tables."""
        values: dict[str, dict[str, float]] = {}
        rows = zip(own["label"], own["metric"], own["value"], strict=True)
        for label, metric, value in sorted(rows, key=lambda row: self._facts.metric_order(row[1])):
            if not metric:  # nothing was measured
                values.setdefault(label, {})
                continue
            values.setdefault(label, {})[metric] = float(f"{value:.6g}")
        return values

    def _maps(self, bits: pd.DataFrame, size: tuple[int, int], window: Window) -> Iterator[dict[str, str]]:
        """Maps of the entropy, one for methods of equal bits: they share a network."""
        for label, extra in zip(bits["label"], bits["extra"], strict=True):
            path = json.loads(extra or "{}").get("entropy")
            try:
                image = read_image(below(self._folder, path)) if path else None
            except SrbenchError:
                continue
            if image is not None and image.shape[:2] == size:
                title = f"Entropy of {self._methods.titles[label]}"
                about = f"black 0, white {ENTROPY_BITS:g} bits per sub-pixel"
                yield {"side": f"{label}-entropy", "title": title, "about": about, "src": data_uri(window.of(image))}

    def _written(self, images: Images, order: Sequence[str], data: str, name: str) -> dict[str, str]:
        """Write whole images beside the page; their addresses, by side."""
        if self._full is None:
            return {}
        found = {side: _write(self._full, (data, name, side), images.sides[side]) for side in order if side != LR}
        low = images.sides.get(LR)
        for label in images.labels:
            if images.sides[label] is low:
                found[LR] = found[label]
        if low is not None and LR not in found:
            found[LR] = _write(self._full, (data, name, LR), low)
        return found


def _write(full: Path, names: Sequence[str], image: Pixels) -> str:
    """Write an image beside the page; its address, for the page."""
    *folders, stem = (safe_name(part) for part in names)
    write_image(full.joinpath(*folders, f"{stem}.png"), image)
    return quote("/".join((full.name, *folders, f"{stem}.png")))
