"""Tables of means on the terminal."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from rich.table import Table

from srbench.cli.installed import Installed
from srbench.cli.shell import err, out, shown
from srbench.results.comparison import Comparison
from srbench.results.facts import FolderFacts
from srbench.results.leaderboard import means, methods_by_score, per_image, signed
from srbench.results.reader import Reader
from srbench.wording import printable


def print_means(folder: Path, run_id: int | None = None) -> None:
    """One table per dataset, scale, protocol and degradation; of one run, or of the whole folder."""
    with Reader(folder, fallback=Installed()) as reader:
        images, facts = per_image(reader, run_id), reader.facts
    if images.empty:
        err().print("no results yet", style="yellow")
        return
    console = out()
    table = means(images, facts)
    order = methods_by_score(table)
    keys = ["dataset", "scale", "protocol", "degradation"]
    groups = sorted(table.groupby(keys, sort=False), key=lambda item: (facts.dataset_order(item[0][0]), item[0][1:]))
    for key, group in groups:
        console.print(_table(key, group, order, facts))
    console.print("mean over images with its 95% bootstrap interval")
    if table["published"].notna().any():
        console.print("published: the literature's value and, in brackets, what was measured minus it")
    if (table["published_protocol"] != "").any() and _foreign(table).any():
        console.print("* published under the classic protocol: the difference includes that of the protocols")
    for metric in table["metric"].unique():
        if metric and (text := facts.metric(metric).footnote):
            # The whole of it stands on the page and in the docs; a table of numbers wants a line.
            console.print(f"{printable(metric)}: {printable(text.partition(';')[0])}", markup=False, soft_wrap=True)


def _foreign(table: pd.DataFrame) -> pd.Series[bool]:
    return (table["published_protocol"] != "") & (table["published_protocol"] != table["protocol"])


def _table(key: tuple[str, int, str, str], group: pd.DataFrame, order: list[str], facts: FolderFacts) -> Table:
    dataset, scale, protocol, degradation = key
    names = [metric for metric in group["metric"].unique() if metric]
    with_published = group["published"].notna().any()
    title = shown(f"{dataset} x{scale}, {protocol}, {degradation}")
    result = Table(title=title, title_justify="left")
    result.add_column("method")
    for metric in names:
        result.add_column(metric, justify="right")
        if with_published:
            result.add_column("published", justify="right")
    result.add_column("n", justify="right")
    result.add_column("note")
    for method in order:
        own = group[group["method"] == method].set_index("metric")
        if own.empty:
            continue
        cells = [shown(method)]
        for metric in names:
            row = own.loc[metric] if metric in own.index else None
            cells.append("" if row is None else _value(row, facts.metric(metric).digits))
            if with_published:
                cells.append("" if row is None else _published(row, facts.metric(metric).digits, protocol))
        result.add_row(*cells, _counts(own), _note(own))
    return result


def _counts(own: pd.DataFrame) -> str:
    """How many images are in the means of a method, of all that were planned: '5/5', 'psnr 5/5, lpips 3/5' where they
    differ."""
    found = {metric: f"{row['n']}/{row['planned']}" for metric, row in own.iterrows()}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return shown(", ".join(f"{metric} {n}" for metric, n in found.items()))


def _value(row: pd.Series, places: int) -> str:
    if math.isnan(row["mean"]):
        return "-"
    text = f"{row['mean']:.{places}f}"
    if math.isnan(row["ci_low"]):
        return text
    return f"{text} [{row['ci_low']:.{places}f}, {row['ci_high']:.{places}f}]"


def _published(row: pd.Series, places: int, protocol: str) -> str:
    if math.isnan(row["published"]):
        return ""
    mark = "" if row["published_protocol"] == protocol else "*"
    difference = signed(row["mean"] - row["published"], places)
    return f"{row['published']:.{places}f}{mark} ({difference})"


def _note(own: pd.DataFrame) -> str:
    """Why images are not in a method's means."""
    first = own.iloc[0]
    parts = [
        f"{first[column]} {text}"
        for column, text in (
            ("failed", "failed"),
            ("unsupported", "not supported"),
            ("pending", "pending"),
            ("unscored", "not scored"),
        )
        if first[column]
    ]
    left_out: dict[int, list[str]] = {}
    for metric, row in own.iterrows():
        left_out.setdefault(row["excluded"], []).append(str(metric))
    for count, metrics in left_out.items():
        of = "" if len(left_out) == 1 else f" of {' and '.join(metrics)}"
        parts += [f"{count} left out (identical, NaN or too small){of}"] if count else []
    return shown(", ".join([*parts, *(remark.short for remark in first["remarks"])]))


def print_comparison(comparison: Comparison) -> None:
    """What B changed against A: one row per mean that both have, then what only one of them has."""
    console = out()
    title = shown(f"A: {comparison.a}, B: {comparison.b}")
    table = Table(title=title, title_justify="left")
    for name in ("method", "dataset", "scale", "protocol", "degradation", "metric"):
        table.add_column(name)
    for name in ("A", "B", "B - A", "p, adjusted", "n"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for row in comparison.rows.to_dict("records"):
        places = comparison.facts.metric(row["metric"]).digits
        facts = (row["method"], row["dataset"], f"x{row['scale']}", row["protocol"], row["degradation"], row["metric"])
        values = (f"{row['mean_a']:.{places}f}", f"{row['mean_b']:.{places}f}", signed(row["difference"], places + 1))
        table.add_row(*map(shown, facts), *values, f"{row['p']:.3g}", str(row["n"]), row["verdict"])
    console.print(table)
    for side, names in (("A", comparison.only_a), ("B", comparison.only_b)):
        for name in names:
            console.print(f"only in {side}: {name}", markup=False)
