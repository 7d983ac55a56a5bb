"""The pictures of the page: of each image one window of all methods, where the best keeps what bicubic loses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from srbench.records import GIVEN, CellState, ScoreState
from srbench.report.html.clips import one_a_clip
from srbench.report.html.embedding import WHOLE, WINDOWS, data_uri
from srbench.report.html.originals import Originals
from srbench.report.html.scenes import LR, Cutter, Methods, Scene
from srbench.results.clips import clip_of, mean
from srbench.results.facts import FolderFacts
from srbench.results.reader import Run
from srbench.results.view import VIEW, View

PER_DATASET = 5
_NO_YEAR = 9999  # a user's own come last
_TOGETHER = 3  # whole images of a scene: left, right, the original
_CAUTION = 0.9  # the weight of a scene is known beforehand to about a tenth


@dataclass(frozen=True)
class Gallery:
    """All scenes, of one scale, protocol and degradation; ``notes`` says what is not shown and why. ``view`` says also
    whether there are ``originals``."""

    title: str
    view: dict[str, Any] = field(default_factory=dict)
    scenes: list[Scene] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def hero(self) -> int:
        """The place of the scene that shows most, for the first screen."""
        return max(range(len(self.scenes)), key=lambda place: self.scenes[place].shows, default=0)

    def data(self) -> dict[str, Any]:
        """For the page's script."""
        return {
            **{"title": self.title, **self.view, "hero": self.hero, "notes": self.notes},
            "scenes": [scene.data() for scene in self.scenes],
        }


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
        titles: of methods, by label.
        facts: of the folder.
        full: a folder to write the whole images into, as neighbours of the page; None to write none.
    """
    kept = images[(images["sr_path"] != "") & images["status"].isin([ScoreState.OK.value, CellState.NOT_SCORED.value])]
    if kept.empty:
        return Gallery("", notes=["No SR images were kept in this folder (--no-images), so there is nothing to see."])
    view = _view(kept)
    kept = view.rows(kept)
    metrics = set(kept["metric"]) - {""} or {""}  # "": nothing was measured
    first = kept[kept["metric"] == min(metrics, key=facts.metric_order)]
    are_lr = not view.has_originals
    originals = Originals(runs, facts, "LR image" if are_lr else "original")
    given = view.degradation == GIVEN
    cutter = Cutter(folder, originals, _methods(kept, first, titles, facts), facts, view.scale, full, are_lr, given)
    scenes, notes = _scenes(cutter, kept, _choice(first, facts), facts)
    _embed(scenes)
    scenes.sort(key=lambda scene: (facts.dataset_order(scene.dataset), scene.image))
    notes += originals.notes + ([] if are_lr else _about_lr(scenes))
    return Gallery(view.title, view._asdict() | {"originals": not are_lr}, scenes, notes)


def _view(kept: pd.DataFrame) -> View:
    """The scale, protocol and degradation with the most pictures; of equals the largest scale, where most is seen."""
    counts = kept.groupby(VIEW)["sr_path"].nunique()
    best = max(counts.index, key=lambda key: (counts[key], key[0], key[1:]))
    return View.of(best)


def _methods(kept: pd.DataFrame, first: pd.DataFrame, titles: dict[str, str], facts: FolderFacts) -> Methods:
    own = kept.drop_duplicates("label")
    plugins: dict[str, str] = dict(zip(own["label"], own["plugin"], strict=True))
    years = {label: getattr(facts.method(plugin), "year", 0) or _NO_YEAR for label, plugin in plugins.items()}
    order = sorted(plugins, key=lambda label: (years[label], titles[label]))
    higher = facts.metric(first["metric"].iloc[0]).higher_is_better
    # Those that lack images are not ranked among the others.
    means = _means(first).groupby("label", sort=False).mean()
    ranks = pd.DataFrame({"n": first.groupby("label")["value"].count(), "mean": -means if higher is False else means})
    ranking = [str(label) for label in ranks.sort_values(["n", "mean"], ascending=False, kind="stable").index]
    return Methods(titles, plugins, order, [*ranking, *(label for label in order if label not in ranking)])


def _means(first: pd.DataFrame) -> pd.Series:
    """By label and dataset: over the images, of clips over each clip's frames first, as in the tables."""
    found: dict[tuple[str, str], float] = {}
    for (label, data), own in first.dropna(subset=["value"]).groupby(["label", "dataset"], sort=False):
        found[str(label), str(data)] = float(mean(own["value"].to_numpy(float), own["image"].tolist()))
    index = pd.MultiIndex.from_tuples(list(found), names=["label", "dataset"])
    return pd.Series([*found.values()], index=index, dtype=float)


def _choice(first: pd.DataFrame, facts: FolderFacts) -> list[tuple[str, str]]:
    """(dataset, image), the first of each dataset before the second of any: the PER_DATASET images of each dataset
    whose PSNR (or first metric) varies most from method to method, one frame of each clip among them."""
    spread = one_a_clip(first.groupby(["dataset", "image"])["value"].std().fillna(0))
    chosen = []
    for data, group in spread.groupby(level="dataset"):
        order = group.sort_values(ascending=False, kind="stable").index[:PER_DATASET]
        chosen += [(place, data, image) for place, (_, image) in enumerate(order)]
    chosen.sort(key=lambda item: (item[0], facts.dataset_order(item[1])))
    return [(data, image) for _, data, image in chosen]


def _scenes(
    cutter: Cutter, kept: pd.DataFrame, chosen: list[tuple[str, str]], facts: FolderFacts
) -> tuple[list[Scene], list[str]]:
    """The scenes for which there is room, and notes on the others."""
    scenes, notes = [], []
    left = WINDOWS
    rows = dict(iter(kept.groupby(["dataset", "image"], sort=False)))
    for place, (data, name) in enumerate(chosen):
        room = _CAUTION * left / (len(chosen) - place)
        if clip := clip_of(name):
            own = kept[(kept["dataset"] == data) & (kept["image"].map(clip_of) == clip)]
            scene = cutter.cut_clip(own, data, name, room)
        else:
            scene = cutter.cut(rows[data, name], data, name, room)
        where = f"{facts.dataset(data).title}/{name}"
        if scene is None:
            notes.append(f"{where} is left out: its SR images are no longer on disk.")
        elif scene.weight > left:
            notes.append(f"{where} is left out, to keep the page small enough to be mailed.")
        else:
            left -= scene.weight
            scenes.append(scene)
    return scenes, notes


def _embed(scenes: list[Scene]) -> None:
    """Whole images, of the scenes that show most first, as far as there is room: both sides to begin with and the
    original of a scene together, then others one by one."""
    left = WHOLE
    order = sorted(scenes, key=lambda scene: -scene.shows)
    groups = [(scene, list(scene.candidates)[:_TOGETHER]) for scene in order]
    groups += [(scene, [side]) for scene in order for side in list(scene.candidates)[_TOGETHER:]]
    for scene, sides in groups:
        if len(sides) * scene.size[0] * scene.size[1] > left:
            continue  # photographs take more than a byte a pixel
        texts = {side: data_uri(scene.candidates[side]) for side in sides}
        weight = sum(map(len, texts.values()))
        if weight <= left:
            left -= weight
            scene.whole.update(texts)


def _about_lr(scenes: list[Scene]) -> list[str]:
    if all(LR in scene.windows for scene in scenes):
        return []
    return [
        "LR images are shown where nearest neighbour was run too: its pictures hold their pixels. A results folder "
        "does not keep the LR images themselves."
    ]
