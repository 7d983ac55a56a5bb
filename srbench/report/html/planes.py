"""Plots of quality against something else: what it costs, how it looks, when it was published."""

from __future__ import annotations

from srbench.report.html import charts
from srbench.report.html.charts import Point
from srbench.report.html.costs import Cost
from srbench.report.html.plots import Axis, pareto, size
from srbench.report.html.shown import PERCEPTUAL, Plot, Shown, axis_label, oriented, value_of

# Kinds of methods that may have nothing to be learnt; a network whose parameters are not known has some.
WITHOUT_PARAMETERS = ("interpolation", "model", "examples")
_HINT = "Measure it with srbench run --time."


def parameters(shown: Shown) -> Plot:
    title = f"{shown.metric.title} against parameters"
    known = {
        label: float(row.cost.parameters or 0)
        for label, row in shown.by_label.items()
        if row.cost.parameters or shown.kind(label) in WITHOUT_PARAMETERS
    }
    if not any(known.get(label) for label in shown.means()):
        return shown.missing("parameters", title, f"No method with a value has a known number of parameters. {_HINT}")
    texts = {label: f"{size(value)} parameters" if value else "no parameters" for label, value in known.items()}
    return _cost(shown, "parameters", title, Axis("parameters", log=True, none=True), known, texts)


def mult_adds(shown: Shown) -> Plot:
    title = f"{shown.metric.title} against Mult-Adds"
    known = {name: float(row.cost.mult_adds) for name, row in shown.by_label.items() if row.cost.mult_adds}
    texts = {label: f"{size(value)} Mult-Adds" for label, value in known.items()}
    axis = Axis("Mult-Adds, output of 1280\N{MULTIPLICATION SIGN}720", log=True)
    return _cost(shown, "mult-adds", title, axis, known, texts)


def latency(shown: Shown) -> Plot:
    """On the dataset whose image was timed, where it is one of the view's."""
    title = f"{shown.metric.title} against latency"
    costs = {label: row.cost for label, row in shown.by_label.items()}
    known = {label: cost.latency_ms for label, cost in costs.items() if cost.latency_ms}
    subjects = {costs[label].subject for label in known}
    group = next((name for name in subjects if (shown.metric.name, name) in shown.view.contests), shown.group)
    texts = {label: _latency(costs[label]) for label in known}
    noisy = [label for label, cost in costs.items() if cost.noisy]
    note = "; ".join(sorted({costs[label].conditions for label in known} - {""}))
    note = f"Timed: {note}. Bars: quartiles." if note else ""
    if noisy:
        note += f" Too noisy to have a point: {shown.names(noisy)}."
    return _cost(shown, "latency", title, Axis("latency (ms)", log=True), known, texts, note, group, costs)


def _latency(cost: Cost) -> str:
    text = f"{cost.latency_ms:.3g} ms"
    if cost.latency_low is not None and cost.latency_high is not None:
        text += f", quartiles {cost.latency_low:.3g} to {cost.latency_high:.3g} ms"
    return text


def _cost(
    shown: Shown,
    name: str,
    title: str,
    axis: Axis,
    known: dict[str, float],
    texts: dict[str, str],
    note: str = "",
    group: str = "",
    costs: dict[str, Cost] | None = None,
) -> Plot:
    means, metric = shown.means(group=group), shown.metric
    labels = [label for label in means if label in known]
    if len(labels) < 2:
        return shown.missing(
            name, title, f"Fewer than two methods have a {metric.title} and a known value. {note} {_HINT}"
        )
    front = pareto([known[label] for label in labels], [oriented(means[label], metric) for label in labels])
    points = [
        Point(
            label,
            shown.name(label),
            shown.kind(label),
            known[label],
            means[label],
            f"{shown.name(label)}\n{metric.title} {value_of(means[label], metric)}\n{texts[label]}"
            + ("\nNothing is both cheaper and better." if first else ""),
            costs[label].latency_low if costs else None,
            costs[label].latency_high if costs else None,
        )
        for label, first in zip(labels, front, strict=True)
    ]
    drawing = charts.plane(points, axis, Axis(axis_label(metric), flip=metric.higher_is_better is False), front)
    caption = f"{shown.where(group)}. Dashed: the Pareto front, where nothing is both cheaper and better. {note}"
    rows = [
        [p.name, f"{known[p.label]:,.6g}", value_of(p.y, metric), "yes" if first else ""]
        for p, first in zip(points, front, strict=True)
    ]
    return shown.plot(name, title, caption, drawing, ["method", axis.label, metric.title, "Pareto front"], rows)


def perception(shown: Shown) -> Plot:
    """PSNR, or what stands in its place, against a metric that is closer to what people see."""
    title, metric = "Perception against distortion", shown.metric
    other = next((name for name in PERCEPTUAL if name != metric.name and shown.means(name)), "")
    means, seen = shown.means(), shown.means(other) if other else {}
    labels = [label for label in means if label in seen]
    if len(labels) < 2:
        hint = "Add one with srbench run --metrics psnr,ssim,lpips."
        why = f"Fewer than two methods have both {metric.title} and a perceptual metric. {hint}"
        return shown.missing("perception", title, why)
    eye = shown.facts.metric(other)
    front = pareto([-oriented(seen[m], eye) for m in labels], [oriented(means[m], metric) for m in labels])
    points = [
        Point(
            label,
            shown.name(label),
            shown.kind(label),
            seen[label],
            means[label],
            f"{shown.name(label)}\n{metric.title} {value_of(means[label], metric)}\n{eye.title} "
            f"{value_of(seen[label], eye)}",
        )
        for label in labels
    ]
    x = Axis(axis_label(eye), flip=eye.higher_is_better is False)
    y = Axis(axis_label(metric), flip=metric.higher_is_better is False)
    caption = f"{shown.where()}. Up: closer to the original's pixels; right: better by {eye.title}. Dashed: nothing is "
    caption += "better by both."
    if other.startswith("lpips"):
        caption += (
            " LPIPS is itself a full-reference distance. The bound of Blau and Michaeli (2018) is about another axis: "
            "how far the SR images' distribution is from that of natural images. It rules out no corner of this plane."
        )
    rows = [[p.name, value_of(p.x, eye), value_of(p.y, metric)] for p in points]
    drawing = charts.plane(points, x, y, front)
    return shown.plot("perception", title, caption, drawing, ["method", eye.title, metric.title], rows)


def years(shown: Shown) -> list[Plot]:
    """Quality, and what people see, by the year in which a method was published."""
    other = next((name for name in PERCEPTUAL if name != shown.metric.name and shown.means(name)), "")
    return [_years(shown, name) for name in (shown.metric.name, other) if name]


def _years(shown: Shown, name: str) -> Plot:
    metric = shown.facts.metric(name)
    means = shown.means(name)
    when = {label: shown.by_label[label].year for label in means if shown.by_label[label].year}
    title = f"{metric.title} over the years"
    if len(set(when.values())) < 2:
        return shown.missing(f"years-{name}", title, "Fewer than two methods with a value have different years.")
    title = f"{metric.title} over {max(when.values()) - min(when.values())} years"
    labels = list(when)
    record = pareto([when[label] for label in labels], [oriented(means[label], metric) for label in labels])
    points = [
        Point(
            label,
            shown.name(label),
            shown.kind(label),
            when[label],
            means[label],
            f"{shown.name(label)}, {when[label]}\n{metric.title} {value_of(means[label], metric)}"
            + ("\nThe best of its time here." if first else ""),
        )
        for label, first in zip(labels, record, strict=True)
    ]
    y = Axis(axis_label(metric), flip=metric.higher_is_better is False)
    drawing = charts.plane(points, Axis("year of publication", whole=True), y, record, steps=True)
    caption = f"{shown.where()}. Dashed: the best so far, as measured here."
    rows = [[p.name, f"{when[p.label]}", value_of(p.y, metric)] for p in sorted(points, key=lambda p: (p.x, p.name))]
    return shown.plot(f"years-{name}", title, caption, drawing, ["method", "year", metric.title], rows)
