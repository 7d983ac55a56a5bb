"""Plots with a row or a line for each method: image by image, against print, while training, by opinion."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from srbench.report.html import charts
from srbench.report.html.charts import Course, Row
from srbench.report.html.plots import WIDTH, Axis
from srbench.report.html.shown import Plot, Shown, oriented, value_of
from srbench.results.leaderboard import signed
from srbench.wording import counted

MOST = 60  # rows; more are not read from a picture
REFERENCE = "bicubic"


def differences(shown: Shown) -> Plot:
    """Of every image: how far each method is from the reference."""
    contest, metric = shown.contest(), shown.metric
    labels = contest.labels if contest else ()
    if contest is None or len(labels) < 2:
        return shown.missing("differences", "Differences, image by image", "Fewer than two methods have values.")
    # Where there is no bicubic, the last by the mean stands in for it.
    reference = REFERENCE if REFERENCE in labels else labels[-1]
    title = f"{metric.title} of every image against {shown.name(reference)}"
    base = contest.values[labels.index(reference)]
    images = [name for _, name in contest.images]
    digits, unit = metric.digits, f" {metric.unit}".rstrip()
    lines, table = [], []
    for label, values in list(zip(labels, contest.values, strict=True))[:MOST]:
        if label == reference:
            continue
        apart = values - base
        # Of the datasets' means, as everywhere; the mean over images where there is one dataset.
        centre = contest.mean[label] - contest.mean[reference]
        won, lost, _ = contest.wins(label, reference)
        low, high = int(apart.argmin()), int(apart.argmax())
        text = (
            f"{shown.name(label)}: {signed(centre, digits)}{unit} against {shown.name(reference)}\n"
            f"from {signed(apart[low], digits)} ({images[low]}) to {signed(apart[high], digits)} ({images[high]})\n"
            f"better on {won} of {counted(len(images), contest.noun)}"
        )
        lines.append(Row(label, shown.name(label), shown.kind(label), centre, text, apart.tolist()))
        spread = (signed(apart[low], digits), signed(centre, digits), signed(apart[high], digits))
        table.append([shown.name(label), *spread, f"{won}", f"{lost}"])
    axis = Axis(f"difference{f' ({metric.unit})' if metric.unit else ''}", flip=metric.higher_is_better is False)
    caption = (
        f"{shown.where()}. A stroke per image, a marker for the mean. Right of the line a method is better than "
        f"{shown.name(reference)} on that image. Images differ more than methods do: this is why ranks rest on "
        "differences image by image."
    )
    if len(labels) > MOST:
        caption += f" The best {MOST} of {len(labels)} methods."
    drawing = charts.rows(lines, axis, zero=True)
    columns = ["method", "least", "mean", "most", "images won", "images lost"]
    more = {"metric": metric.name, "group": shown.group, "reference": reference, "across": _across(lines, axis)}
    return shown.plot("differences", title, caption, drawing, columns, table, more)


def _across(lines: Sequence[Row], axis: Axis) -> list[float]:
    """[SVG units, value] twice: where the two ends of the x axis are, for the page's script."""
    left, (start, end) = charts.rows_area(lines, axis, zero=True)
    return [round(left, 2), start, round(WIDTH - charts.RIGHT, 2), end]


def published(shown: Shown) -> Plot:
    """Measured minus published PSNR, by method and dataset."""
    title, frame = "Measured against published", shown.view.frame
    metric = shown.facts.metric("psnr")
    known = frame[(frame["metric"] == "psnr") & frame["published"].notna() & frame["mean"].notna()]
    place = {label: i for i, label in enumerate(shown.by_label)}
    order = {name: i for i, name in enumerate(shown.view.datasets)}
    records = sorted(known.to_dict("records"), key=lambda r: (place[r["label"]], order[r["dataset"]]))
    if len(records) < 2:
        text = "Fewer than two values of this table are published, at this scale and degradation."
        return shown.missing("published", title, text)
    by_label: dict[str, list[tuple[str, float, str]]] = {}
    table = []
    for r in records:
        data, gap = shown.view.datasets[r["dataset"]], r["mean"] - r["published"]
        by_label.setdefault(r["label"], []).append((data, gap, r["published_unlike"]))
        value = f"{r['published']:.2f}", f"{r['mean']:.2f}", signed(gap, 2)
        table.append([shown.name(r["label"]), data, *value, r["published_unlike"], r["published_source"]])
    lines = []
    for label, gaps in list(by_label.items())[:MOST]:
        centre = math.fsum(gap for _, gap, _ in gaps) / len(gaps)
        apart = [f"{signed(gap, 2)} dB on {data}" for data, gap, _ in gaps]
        reasons = list(dict.fromkeys(f"not like with like: {reason}" for *_, reason in gaps if reason))
        several = [gap for _, gap, _ in gaps] if len(gaps) > 1 else []
        text = "\n".join([shown.name(label), *apart, *reasons])
        lines.append(Row(label, shown.name(label), shown.kind(label), centre, text, several, faint=bool(reasons)))
    caption = (
        f"{metric.title}: on the line a method gives what is printed, left of it less. A marker for the mean over "
        "datasets, a stroke for each. In grey: what is not like with like, being printed of another size, of weights "
        "trained on other images, under another protocol, or over images or clips that are not all measured here."
    )
    drawing = charts.rows(lines, Axis("measured minus published (dB)"), zero=True)
    columns = ["method", "dataset", "published", "measured", "difference", "not like with like", "source"]
    return shown.plot("published", title, caption, drawing, columns, table)


def learning(shown: Shown) -> Plot:
    """Gain above bicubic while training, of the methods that were validated on the same images."""
    title, scale = "Learning curves", shown.view.scale
    trained = {
        label: training
        for label, row in shown.by_label.items()
        if row.name == row.method and (training := shown.facts.training(row.method, scale, row.identity))
    }
    trained = {label: training for label, training in trained.items() if len(training.curve) > 1}
    unknown = [label for label, training in trained.items() if training.bicubic is None]
    # Bicubic's PSNR tells sets of validation images apart: no two of them have the same to a thousandth of a dB.
    sets = Counter(round(training.bicubic, 3) for training in trained.values() if training.bicubic is not None)
    usual = max(sets, key=lambda value: (sets[value], -value), default=None)
    others = [label for label, t in trained.items() if t.bicubic is not None and round(t.bicubic, 3) != usual]
    labels = [label for label in trained if label not in unknown and label not in others]
    notes = []
    if others:
        notes.append(f"Validated on other images, and left out: {shown.names(others)}.")
    if unknown:
        notes.append(
            f"Left out, since bicubic's value on their validation images is not known: {shown.names(unknown)}."
        )
    if len(labels) < 2:
        why = "Fewer than two methods of this table come with a log of their training on the same validation images."
        return shown.missing("learning", title, " ".join([why, *notes]))
    lines, table = [], []
    for label in sorted(labels, key=lambda label: -trained[label].curve[-1][1]):
        curve, base = trained[label].curve, trained[label].bicubic or 0.0
        last = curve[-1][0]
        text = f"{shown.name(label)}: {signed(curve[-1][1] - base, 2)} dB above bicubic\nafter {last:,} steps"
        # Trainings differ in length by a factor of ten and more: each is shown over its own.
        points = [(100 * step / last, psnr - base) for step, psnr in curve]
        lines.append(Course(label, shown.name(label), shown.kind(label), points, text))
        table += [
            [shown.name(label), f"{step:,}", f"{psnr:.2f}", signed(psnr - base, 2)] for step, psnr in _thin(curve)
        ]
    caption = (
        "Weights that were trained here: PSNR above that of bicubic on the same images, which were held out from "
        f"training and are of no test set (bicubic: {usual:.2f} dB), over each one's last training. {' '.join(notes)}"
    )
    drawing = charts.courses(lines, Axis("share of the training (%)"), Axis("PSNR above bicubic (dB)"))
    columns = ["method", "step", "validation PSNR (dB)", "above bicubic (dB)"]
    return shown.plot("learning", title, caption, drawing, columns, table, {"lines": True})


def _thin(curve: Sequence[tuple[int, float]], most: int = 12) -> Sequence[tuple[int, float]]:
    step = math.ceil(len(curve) / most)
    return curve[::-1][::step][::-1]


def opinion(shown: Shown) -> Plot:
    """The simulated mean opinion score with its interval."""
    title = "Simulated mean opinion score"
    name = next((metric.name for metric in shown.view.metrics if metric.name.startswith("mos")), "")
    data = next((g for g in shown.view.groups if g in shown.view.datasets and shown.means(name, g)), "") if name else ""
    frame = shown.view.frame
    own = frame[(frame["metric"] == name) & (frame["dataset"] == data) & frame["mean"].notna()]
    if len(own) < 2:
        why = (
            "Fewer than two methods have one. Add it with srbench run --metrics psnr,ssim,mos (colour protocols only)."
        )
        return shown.missing("mos", title, why)
    metric = shown.facts.metric(name)
    records = sorted(own.to_dict("records"), key=lambda r: -oriented(r["mean"], metric))[:MOST]
    lines, table = [], []
    for r in records:
        label, mean = r["label"], value_of(r["mean"], metric)
        bounds = None if math.isnan(r["ci_low"]) else (r["ci_low"], r["ci_high"])
        digits = metric.digits
        interval = "" if bounds is None else f"{bounds[0]:.{digits}f} to {bounds[1]:.{digits}f}"
        text = f"{shown.name(label)}: {mean}" + (f"\n95% interval {interval}" if interval else "")
        low, high = bounds or (None, None)
        lines.append(Row(label, shown.name(label), shown.kind(label), r["mean"], text, (), low, high))
        table.append([shown.name(label), mean, interval])
    caption = (
        f"{shown.where(data)}. {metric.title}: what a fitted model predicts that people would say. No person was "
        "asked; the method notes say what it rests on and how far off it was. Bars: 95% intervals of the mean over "
        "images."
    )
    axis = Axis(metric.title, flip=metric.higher_is_better is False)
    return shown.plot("mos", title, caption, charts.rows(lines, axis), ["method", "mean", "95% interval"], table)
