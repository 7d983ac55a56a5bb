"""The HTML leaderboard: one self-contained page from whatever a results folder holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

import srbench
from srbench import dataset, plots, protocol, roots
from srbench.leaderboard import dataset_order, digits, means, method_cards, methods_by_score, per_image, signed
from srbench.method import MethodCard
from srbench.store import Store


@dataclass(frozen=True)
class Entry:
    """One mean as it is shown; empty strings where there is nothing."""

    mean: str
    interval: str
    best: bool
    published: str
    difference: str
    source: str
    other_protocol: str


@dataclass(frozen=True)
class Row:
    """One method in one table."""

    name: str
    title: str
    year: str
    family: str
    url: str
    entries: list[Entry | None]
    n: str
    note: str


@dataclass(frozen=True)
class Section:
    """One table: a dataset at a scale under a protocol and degradation."""

    title: str
    protocol: str
    metrics: list[str]
    rows: list[Row]
    plot: Markup
    has_published: bool


def render(store: Store) -> str:
    """The page as a string.

    Every text that comes from a user (method, dataset and image names, commands) is escaped.
    """
    images = per_image(store)
    table = means(images)
    cards = method_cards()
    runs = store.runs()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(roots.search_path("reports")[::-1]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("leaderboard.html.j2").render(
        sections=_sections(table, cards),
        runs=runs[::-1],
        off=[(run, canary) for run in runs for canary in run["canaries"] if canary["verdict"] == "off"],
        failures=_failures(images),
        pending=int((images["status"] == "pending").sum()),
        version=srbench.__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        protocols=[p for p in protocol.PROTOCOLS.values() if p.name in set(table["protocol"])],
    )


def _sections(table: pd.DataFrame, cards: dict[str, MethodCard]) -> list[Section]:
    order = methods_by_score(table)
    keys = ["dataset", "scale", "protocol", "degradation"]
    groups = sorted(table.groupby(keys, sort=False), key=lambda item: (dataset_order(item[0][0]), item[0][1:]))
    return [_section(key, group, order, cards) for key, group in groups]


def _section(
    key: tuple[str, int, str, str], group: pd.DataFrame, order: list[str], cards: dict[str, MethodCard]
) -> Section:
    name, scale, protocol_name, degradation = key
    metrics = [name for name in group["metric"].unique() if name]
    best = {metric: group.loc[group["metric"] == metric, "mean"].max() for metric in metrics}
    rows = []
    for method in order:
        own = group[group["method"] == method]
        if own.empty:
            continue
        by_metric = {row["metric"]: row for row in own.to_dict("records")}
        first = own.iloc[0]
        card = cards.get(method)
        rows.append(
            Row(
                name=method,
                title=card.title if card else method,
                year=str(card.year or "") if card else "",
                family=card.family if card else "user's own",
                url=card.url if card else "",
                entries=[_entry(by_metric.get(m), best[m], protocol_name) for m in metrics],
                n=f"{first['n']}/{first['planned']}",
                note=_note(first),
            )
        )
    return Section(
        title=f"{_title(name)} ×{scale}: protocol {protocol_name}, degradation {degradation}",  # noqa: RUF001
        protocol=protocol_name,
        metrics=metrics,
        rows=rows,
        plot=_plot(group, order),
        has_published=bool(group["published"].notna().any()),
    )


def _title(name: str) -> str:
    manifest = dataset.manifests().get(name)
    return manifest.title if manifest else name


def _entry(row: dict[str, Any] | None, best: float, protocol_name: str) -> Entry | None:
    if row is None or math.isnan(row["mean"]):
        return None
    places = digits(row["metric"])
    known = not math.isnan(row["published"])
    return Entry(
        mean=f"{row['mean']:.{places}f}",
        interval="" if math.isnan(row["ci_low"]) else f"{row['ci_low']:.{places}f} to {row['ci_high']:.{places}f}",
        best=row["mean"] == best,
        published=f"{row['published']:.{places}f}" if known else "",
        difference=signed(row["mean"] - row["published"], places) if known else "",
        source=row["published_source"],
        other_protocol=row["published_protocol"] if row["published_protocol"] != protocol_name else "",
    )


def _note(row: pd.Series) -> str:
    kinds = (
        ("failed", "failed"),
        ("unsupported", "not supported"),
        ("pending", "pending"),
        ("excluded", "without a finite value"),
    )
    return ", ".join(f"{row[column]} {text}" for column, text in kinds if row[column])


def _plot(group: pd.DataFrame, order: list[str]) -> Markup:
    psnr = group[(group["metric"] == "psnr") & group["mean"].notna()].set_index("method")
    names = [method for method in order if method in psnr.index]
    if len(names) < 2:
        return Markup()
    rows = psnr.loc[names]
    svg = plots.means_with_intervals(names, rows["mean"], rows["ci_low"], rows["ci_high"], "PSNR (dB)")
    return Markup(svg)  # made by matplotlib, which escapes the names


def _failures(images: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ["method", "dataset", "image", "scale", "message"]
    failed = images.loc[images["status"] == "failed", columns]
    rows: list[dict[str, Any]] = failed.drop_duplicates().to_dict("records")
    return rows
