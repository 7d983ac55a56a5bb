"""Which plots a view has: data in, an SVG with its table out; a sentence where the data are missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from markupsafe import Markup

from srbench.records import ScoreState
from srbench.report.html import plots
from srbench.report.html.views import View
from srbench.results.facts import FolderFacts

# What a perception-distortion plane can take as its perceptual axis, the best known first.
PERCEPTUAL = ("lpips", "lpips-vgg", "lpips-squeeze", "mos", "pi", "niqe")


@dataclass(frozen=True)
class Plot:
    """A plot with its caption and its data; without ``svg`` the caption says what is missing."""

    key: str
    title: str
    caption: str
    svg: Markup | str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def plots_of(view: View, images: pd.DataFrame, facts: FolderFacts) -> list[Plot]:
    """All plots of one view, those without data last.

    Single-number plots show the dataset with the most images, whose means are the least noisy.

    Args:
        images: of this view, as :func:`srbench.results.leaderboard.per_image` gives them, with a column ``label``.
        facts: of the folder.
    """
    frame = view.frame[view.frame["mean"].notna()]
    if frame.empty:
        return []
    shown = _shown(view, frame, facts)
    found = [
        _cost(shown, "latency_ms", "PSNR against latency", "latency (ms)"),
        _cost(shown, "parameters", "PSNR against parameters", "parameters"),
        _perception(shown),
        _distribution(shown, images),
        _published(shown, facts),
        _curves(view, facts),
        _opinion(shown),
    ]
    return [plot for plot in found if plot.svg] + [plot for plot in found if not plot.svg]


@dataclass(frozen=True)
class _Shown:
    """What the plots of a view share: its means with a value in the order of its rows; ``data``, the dataset of
    single-number plots, and ``where`` its title with scale and protocol; ``psnr``, its mean PSNR by label."""

    view: View
    frame: pd.DataFrame
    data: str
    where: str
    psnr: dict[str, float]

    def means(self, metric: str) -> dict[str, float]:
        """By label, on ``data``."""
        own = self.frame[(self.frame["metric"] == metric) & (self.frame["dataset"] == self.data)]
        found: dict[str, float] = own.set_index("label")["mean"].to_dict()
        return found


def _shown(view: View, frame: pd.DataFrame, facts: FolderFacts) -> _Shown:
    order = {row.name: i for i, row in enumerate(view.rows)}
    frame = frame.sort_values("label", key=lambda labels: labels.map(order), kind="stable")
    # The dataset with the most images; of equals the one that most methods were run on.
    weight = frame.groupby("dataset").agg(methods=("label", "nunique"), images=("planned", "max"))
    data = max(weight.index, key=lambda name: (weight.loc[name, "images"], weight.loc[name, "methods"]))
    where = f"{facts.dataset(data).title} ×{view.scale}, {view.protocol}, {view.degradation}"  # noqa: RUF001
    shown = _Shown(view, frame, data, where, {})
    return replace(shown, psnr=shown.means("psnr"))


def _cost(shown: _Shown, cost: str, title: str, unit: str) -> Plot:
    key, rows = f"{shown.view.key}-{cost}", shown.view.rows
    values = {row.name: getattr(row.cost, cost) for row in rows}
    names = [name for name in shown.psnr if values.get(name)]
    if len(names) < 2:
        hint = " Measure it with srbench run --time." if cost == "latency_ms" else ""
        return Plot(key, title, f"Fewer than two methods have a PSNR and a known {unit}.{hint}")
    conditions = sorted({row.cost.conditions for row in rows if row.name in names} - {""})
    x, y = [float(values[name]) for name in names], [shown.psnr[name] for name in names]
    front = plots.pareto(x, y)
    return _plot(
        key,
        title,
        f"{shown.where}. Filled squares on the dashed line are the Pareto front: nothing is both cheaper and better. "
        + "; ".join(conditions),
        plots.plane(names, x, y, (unit, "PSNR (dB)"), log=True, front=front),
        ["method", unit, "PSNR (dB)", "Pareto front"],
        [[n, f"{a:,.6g}", f"{b:.2f}", "yes" if f else ""] for n, a, b, f in zip(names, x, y, front, strict=True)],
    )


def _perception(shown: _Shown) -> Plot:
    key, title = f"{shown.view.key}-perception", "Perception and distortion"
    measured = {metric.name for metric in shown.view.metrics}
    perceptual = next((name for name in PERCEPTUAL if name in measured), "")
    other = shown.means(perceptual)
    names = [name for name in shown.psnr if name in other]
    if len(names) < 2:
        hint = "Add one with srbench run --metrics psnr,ssim,lpips."
        return Plot(key, title, f"Fewer than two methods have both PSNR and a perceptual metric. {hint}")
    metric = shown.view.facts(perceptual)
    x, y = [other[name] for name in names], [shown.psnr[name] for name in names]
    axes = (f"{metric.title} ({metric.direction})", "PSNR (dB)")
    return _plot(
        key,
        title,
        f"{shown.where}. Up: closer to the original pixels; right: closer to it for the eye, as {metric.title} sees it "
        f"({metric.direction}). No method can reach the upper right corner (Blau and Michaeli 2018).",
        plots.plane(names, x, y, axes, flip=metric.higher_is_better is False),
        ["method", metric.title, "PSNR (dB)"],
        [[n, f"{a:.{metric.digits}f}", f"{b:.2f}"] for n, a, b in zip(names, x, y, strict=True)],
    )


def _distribution(shown: _Shown, images: pd.DataFrame) -> Plot:
    key, title = f"{shown.view.key}-distribution", "PSNR of every image"
    psnr = images[(images["metric"] == "psnr") & (images["dataset"] == shown.data)]
    by_label = {
        label: group["value"].to_numpy(float) for label, group in psnr[psnr["status"] == ScoreState.OK].groupby("label")
    }
    names = [row.name for row in shown.view.rows if len(by_label.get(row.name, ())) > 1]
    if not names:
        return Plot(key, title, "There are fewer than two images.")
    scored = [by_label[name] for name in names]
    spread = [np.percentile(own, [0, 25, 50, 75, 100]) for own in scored]
    return _plot(
        key,
        title,
        f"{shown.where}. A dot per image; the box spans the middle half of the images, its bar is the median. Images "
        "differ more than methods do, which is why ranks rest on differences image by image.",
        plots.distribution(names, scored, "PSNR (dB)"),
        ["method", "lowest", "25%", "median", "75%", "highest"],
        [[n, *(f"{value:.2f}" for value in own)] for n, own in zip(names, spread, strict=True)],
    )


def _published(shown: _Shown, facts: FolderFacts) -> Plot:
    key, title = f"{shown.view.key}-published", "Published and measured"
    known = shown.frame[(shown.frame["metric"] == "psnr") & shown.frame["published"].notna()]
    if known.empty:
        text = "No method of this table has a published value on these datasets, at this scale and degradation."
        return Plot(key, title, text)
    by_dataset = sorted(known.groupby("dataset"), key=lambda item: facts.dataset_order(item[0]))
    groups = {facts.dataset(d).title: list(zip(g["published"], g["mean"], strict=True)) for d, g in by_dataset}
    return _plot(
        key,
        title,
        "PSNR on every dataset. On the line a method gives what its paper says; below it, less. Under-trained "
        "weights lie below, and so do numbers of another protocol.",
        plots.agreement(groups, ("published PSNR (dB)", "measured PSNR (dB)")),
        ["method", "dataset", "published", "measured", "difference", "source"],
        [
            [
                *(r["label"], facts.dataset(r["dataset"]).title, f"{r['published']:.2f}", f"{r['mean']:.2f}"),
                *(f"{r['mean'] - r['published']:+.2f}", r["published_source"]),
            ]
            for r in known.to_dict("records")
        ],
    )


def _curves(view: View, facts: FolderFacts) -> Plot:
    key, title = f"{view.key}-curves", "Learning curves"
    trained = {row.name: facts.training(row.method, view.scale) for row in view.rows if row.name == row.method}
    lines = {name: training.curve for name, training in sorted(trained.items()) if training and training.curve}
    if not lines:
        return Plot(key, title, "No method of this table comes with a log of its training.")
    # Trainings differ in length by a factor of ten and more: each is shown over its own.
    relative = {name: [(100 * step / curve[-1][0], psnr) for step, psnr in curve] for name, curve in lines.items()}
    return _plot(
        key,
        title,
        "Weights that were trained here: PSNR on images held out from training, never on a test set, over the share "
        "of the steps of each (last) training.",
        plots.curves(relative, ("share of the training (%)", "validation PSNR (dB)")),
        ["method", "step", "validation PSNR (dB)"],
        [[name, f"{step:,}", f"{psnr:.2f}"] for name, curve in lines.items() for step, psnr in _thin(curve)],
    )


def _thin(curve: Sequence[tuple[int, float]], most: int = 12) -> Sequence[tuple[int, float]]:
    step = math.ceil(len(curve) / most)
    return curve[::-1][::step][::-1]


def _opinion(shown: _Shown) -> Plot:
    key, title = f"{shown.view.key}-mos", "Simulated mean opinion score"
    name = next((metric.name for metric in shown.view.metrics if metric.name.startswith("mos")), "")
    frame = shown.frame[(shown.frame["metric"] == name) & (shown.frame["dataset"] == shown.data)]
    own = frame.sort_values("mean", ascending=False)
    if own.empty:
        return Plot(
            key, title, "Not measured. Add it with srbench run --metrics psnr,ssim,mos (colour protocols only)."
        )
    metric = shown.view.facts(name)
    places = metric.digits
    return _plot(
        key,
        title,
        f"{shown.where}. {metric.title}: what a fitted model predicts that people would say. No person was asked; the "
        "method notes say what it rests on.",
        plots.means_with_intervals(own["label"].tolist(), own["mean"], own["ci_low"], own["ci_high"], metric.title),
        ["method", "mean", "95% interval"],
        [
            [r["label"], f"{r['mean']:.{places}f}", f"{r['ci_low']:.{places}f} to {r['ci_high']:.{places}f}"]
            for r in own.to_dict("records")
        ],
    )


def _plot(key: str, title: str, caption: str, svg: str, columns: list[str], rows: list[list[str]]) -> Plot:
    # Made by matplotlib, which escapes the names.
    safe = "plot-" + "".join(c if c.isascii() and c.isalnum() else "-" for c in key)
    return Plot(safe, title, caption.strip(), Markup(plots.with_own_ids(svg, safe)), columns, rows)
