"""Which plots a view has: data in, an SVG with its table out; a sentence where the data are missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from srbench.report.html import plots
from srbench.report.html.tables import View, dataset_title
from srbench.results.leaderboard import dataset_order

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


def plots_of(view: View, images: pd.DataFrame, training: Mapping[tuple[str, int], dict[str, Any]]) -> list[Plot]:
    """All plots of one view, those without data last.

    Single-number plots show the dataset with the most images, whose means are the least noisy.
    """
    found = list(_plots(view, images, training))
    return [plot for plot in found if plot.svg] + [plot for plot in found if not plot.svg]


def _plots(view: View, images: pd.DataFrame, training: Mapping[tuple[str, int], dict[str, Any]]) -> Iterator[Plot]:
    frame = view.frame[view.frame["mean"].notna()]
    order = {row.name: i for i, row in enumerate(view.rows)}
    frame = frame.sort_values("label", key=lambda labels: labels.map(order), kind="stable")
    names = [metric.name for metric in view.metrics]
    if frame.empty:
        return
    # The dataset that most methods were run on; of equals the one with the most images.
    psnr = frame[frame["metric"] == "psnr"]
    weight = frame.groupby("dataset").agg(methods=("label", "nunique"), images=("planned", "max"))
    data = max(weight.index, key=lambda name: (weight.loc[name, "images"], weight.loc[name, "methods"]))
    where = f"{dataset_title(data)} ×{view.scale}, {view.protocol}, {view.degradation}"  # noqa: RUF001
    here = psnr[psnr["dataset"] == data].set_index("label")["mean"].to_dict()
    key = view.key

    for cost, title, unit in (
        ("latency_ms", "PSNR against latency", "latency (ms)"),
        ("parameters", "PSNR against parameters", "parameters"),
    ):
        values = {row.name: getattr(row.cost, cost) for row in view.rows}
        shown = [name for name in here if values.get(name)]
        conditions = sorted({row.cost.conditions for row in view.rows if row.name in shown} - {""})
        if len(shown) < 2:
            hint = " Measure it with srbench run --time." if cost == "latency_ms" else ""
            yield Plot(f"{key}-{cost}", title, f"Fewer than two methods have a PSNR and a known {unit}.{hint}")
            continue
        x, y = [float(values[name]) for name in shown], [here[name] for name in shown]
        front = plots.pareto(x, y)
        yield _plot(
            f"{key}-{cost}",
            title,
            f"{where}. Filled squares on the dashed line are the Pareto front: nothing is both cheaper and better. "
            + "; ".join(conditions),
            plots.plane(shown, x, y, (unit, "PSNR (dB)"), log=True, front=front),
            ["method", unit, "PSNR (dB)", "Pareto front"],
            [[n, f"{a:,.6g}", f"{b:.2f}", "yes" if f else ""] for n, a, b, f in zip(shown, x, y, front, strict=True)],
        )

    perceptual = next((name for name in PERCEPTUAL if name in names), "")
    other = frame[(frame["metric"] == perceptual) & (frame["dataset"] == data)].set_index("label")["mean"].to_dict()
    shown = [name for name in here if name in other]
    if len(shown) < 2:
        hint = "Add one with srbench run --metrics psnr,ssim,lpips."
        text = f"Fewer than two methods have both PSNR and a perceptual metric. {hint}"
        yield Plot(f"{key}-perception", "Perception and distortion", text)
    else:
        facts = view.facts(perceptual)
        x, y = [other[name] for name in shown], [here[name] for name in shown]
        places = facts.digits
        yield _plot(
            f"{key}-perception",
            "Perception and distortion",
            f"{where}. Up: closer to the original pixels; right: closer to it for the eye, as {facts.title} sees it "
            f"({facts.direction}). No method can reach the upper right corner (Blau and Michaeli 2018).",
            plots.plane(
                shown, x, y, (f"{facts.title} ({facts.direction})", "PSNR (dB)"), flip=facts.higher_is_better is False
            ),
            ["method", facts.title, "PSNR (dB)"],
            [[n, f"{a:.{places}f}", f"{b:.2f}"] for n, a, b in zip(shown, x, y, strict=True)],
        )

    scores = images[(images["metric"] == "psnr") & (images["status"] == "ok") & (images["dataset"] == data)]
    by_label = {label: group["value"].to_numpy(float) for label, group in scores.groupby("label")}
    shown = [row.name for row in view.rows if len(by_label.get(row.name, ())) > 1]
    if not shown:
        yield Plot(f"{key}-distribution", "PSNR of every image", "There are fewer than two images.")
    else:
        scored = [by_label[name] for name in shown]
        spread = [np.percentile(own, [0, 25, 50, 75, 100]) for own in scored]
        yield _plot(
            f"{key}-distribution",
            "PSNR of every image",
            f"{where}. A dot per image; the box spans the middle half of the images, its bar is the median. Images "
            "differ more than methods do, which is why ranks rest on differences image by image.",
            plots.distribution(shown, scored, "PSNR (dB)"),
            ["method", "lowest", "25%", "median", "75%", "highest"],
            [[n, *(f"{value:.2f}" for value in own)] for n, own in zip(shown, spread, strict=True)],
        )

    known = psnr[psnr["published"].notna()]
    if known.empty:
        text = "No method of this table has a published value on these datasets, at this scale and degradation."
        yield Plot(f"{key}-published", "Published and measured", text)
    else:
        by_dataset = sorted(known.groupby("dataset"), key=lambda item: dataset_order(item[0]))
        groups = {dataset_title(d): list(zip(g["published"], g["mean"], strict=True)) for d, g in by_dataset}
        yield _plot(
            f"{key}-published",
            "Published and measured",
            "PSNR on every dataset. On the line a method gives what its paper says; below it, less. Under-trained "
            "weights lie below, and so do numbers of another protocol.",
            plots.agreement(groups, ("published PSNR (dB)", "measured PSNR (dB)")),
            ["method", "dataset", "published", "measured", "difference", "source"],
            [
                [
                    *(r["label"], dataset_title(r["dataset"]), f"{r['published']:.2f}", f"{r['mean']:.2f}"),
                    *(f"{r['mean'] - r['published']:+.2f}", r["published_source"]),
                ]
                for r in known.to_dict("records")
            ],
        )

    yield _curves(view, training)
    yield _opinion(view, frame, data, where)


def _curves(view: View, training: Mapping[tuple[str, int], dict[str, Any]]) -> Plot:
    key, title = f"{view.key}-curves", "Learning curves"
    lines = {
        name: card["curve"]
        for (name, scale), card in training.items()
        if scale == view.scale and card["curve"] and name in {row.name for row in view.rows}
    }
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


def _thin(curve: list[tuple[int, float]], most: int = 12) -> list[tuple[int, float]]:
    step = math.ceil(len(curve) / most)
    return curve[::-1][::step][::-1]


def _opinion(view: View, frame: pd.DataFrame, data: str, where: str) -> Plot:
    key, title = f"{view.key}-mos", "Simulated mean opinion score"
    name = next((metric.name for metric in view.metrics if metric.name.startswith("mos")), "")
    own = frame[(frame["metric"] == name) & (frame["dataset"] == data)].sort_values("mean", ascending=False)
    if own.empty:
        return Plot(
            key, title, "Not measured. Add it with srbench run --metrics psnr,ssim,mos (colour protocols only)."
        )
    facts = view.facts(name)
    places = facts.digits
    return _plot(
        key,
        title,
        f"{where}. {facts.title}: what a fitted model predicts that people would say. No person was asked; the method "
        "notes say what it rests on.",
        plots.means_with_intervals(own["label"].tolist(), own["mean"], own["ci_low"], own["ci_high"], facts.title),
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
