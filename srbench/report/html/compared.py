"""The page that says what one set of results changed against another."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from srbench.report.html.page import environment
from srbench.results.comparison import Comparison
from srbench.results.contest import ALL
from srbench.results.facts import FolderFacts
from srbench.results.leaderboard import signed
from srbench.version import __version__


def render_comparison(comparison: Comparison) -> str:
    """The page as a string; every text that comes from a user is escaped."""
    keys = ["scale", "protocol", "degradation"]
    groups, facts = [], comparison.facts
    for (scale, protocol, degradation), rows in comparison.rows.groupby(keys, sort=False):
        own = comparison.images
        own = own[(own["scale"] == scale) & (own["protocol"] == protocol) & (own["degradation"] == degradation)]
        title = f"×{scale}, protocol {protocol}, degradation {degradation}"  # noqa: RUF001
        groups.append(
            (
                title,
                [_row(row, facts) for row in rows.to_dict("records")],
                [_image(row, facts) for row in own.to_dict("records")],
            )
        )
    counts = comparison.rows["verdict"].value_counts().to_dict()
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            groups=groups,
            counts={verdict: counts.get(verdict, 0) for verdict in ("better", "worse", "undecided", "same")},
            version=__version__,
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )


def _row(row: dict[str, Any], facts: FolderFacts) -> dict[str, str]:
    metric = facts.metric(row["metric"])
    places = metric.digits
    unbounded = math.isnan(row["ci_low"])
    interval = "" if unbounded else f"{signed(row['ci_low'], places + 1)} to {signed(row['ci_high'], places + 1)}"
    return {
        "method": row["method"] + (f" {row['options']}" if row["options"] else ""),
        "dataset": "all datasets" if row["dataset"] == ALL else facts.dataset(row["dataset"]).title,
        "metric": metric.title,
        "a": f"{row['mean_a']:.{places}f}",
        "b": f"{row['mean_b']:.{places}f}",
        "difference": signed(row["difference"], places + 1),
        "interval": interval,
        "p": f"{row['p']:.3g}",
        "n": str(row["n"]),
        "verdict": row["verdict"],
    }


def _image(row: dict[str, Any], facts: FolderFacts) -> dict[str, str]:
    metric = facts.metric(row["metric"])
    places = metric.digits
    return {
        "method": row["method"],
        "dataset": facts.dataset(row["dataset"]).title,
        "image": row["image"],
        "metric": metric.title,
        "a": f"{row['a']:.{places}f}",
        "b": f"{row['b']:.{places}f}",
        "difference": signed(row["difference"], places + 1),
    }
