"""The leaderboard as the tables of papers: Markdown and LaTeX, best bold, second underlined."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from srbench.results.facts import MetricFacts
from srbench.results.leaderboard import means, methods_by_score, per_image
from srbench.results.reader import Reader

REMARKED = "†"  # behind a mean of which there is something to be known
_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
}


@dataclass(frozen=True)
class _Table:
    """One table: methods down, datasets and metrics across. Cells are texts, with rank 1, 2 or 0 for the others."""

    scale: int
    protocol: str
    degradation: str
    columns: list[tuple[str, str]]  # dataset, metric
    rows: dict[str, list[tuple[str, int]]]
    partial: bool  # some means are over fewer images than the dataset has
    remarks: list[str]  # on how the images behind marked means were computed

    @property
    def title(self) -> str:
        return f"x{self.scale}, protocol {self.protocol}, degradation {self.degradation}"


def to_markdown(reader: Reader) -> str:
    """Tables in GitHub's Markdown, one for each scale, protocol and degradation; a method's best value in a column
    is bold, the second underlined. A mean over fewer images than planned has a star and no rank; one of which there is
    something to be known has a dagger, and a line below the table."""
    parts = []
    for table in _tables(reader):
        heads = [f"{dataset} {metric}" for dataset, metric in table.columns]
        lines = [f"### {_markdown(table.title)}", "", _row(["method", *map(_markdown, heads)])]
        lines.append("|---|" + "---:|" * len(heads))
        for method, cells in table.rows.items():
            lines.append(_row([_markdown(method), *(_marked(cell, "**{}**", "<u>{}</u>") for cell in cells)]))
        if table.partial:
            lines += ["", r"\* over fewer images than the dataset has"]
        for remark in table.remarks:
            lines += ["", f"{REMARKED} {_markdown(remark)}"]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def to_latex(reader: Reader) -> str:
    """The same tables for LaTeX with booktabs (``\\usepackage{booktabs}``)."""
    parts = []
    for table in _tables(reader):
        groups = [
            (name, [m for d, m in table.columns if d == name]) for name in dict.fromkeys(d for d, _ in table.columns)
        ]
        heads = " & ".join(rf"\multicolumn{{{len(own)}}}{{c}}{{{_latex(name)}}}" for name, own in groups)
        rules, start = [], 2
        for _, own in groups:
            rules.append(rf"\cmidrule(lr){{{start}-{start + len(own) - 1}}}")
            start += len(own)
        lines = [
            f"% {table.title}; needs \\usepackage{{booktabs}}",
            rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
            r"\toprule",
            rf" & {heads} \\",
            " ".join(rules),
            rf"Method & {' & '.join(_latex(_heading(metric)) for _, metric in table.columns)} \\",
            r"\midrule",
        ]
        for method, cells in table.rows.items():
            texts = [_marked(cell, r"\textbf{{{}}}", r"\underline{{{}}}") for cell in cells]
            texts = [text.replace(REMARKED, r"$^\dagger$") for text in texts]
            lines.append(rf"{_latex(method)} & {' & '.join(texts)} \\")
        lines += [r"\bottomrule", r"\end{tabular}"]
        if table.partial:
            lines.append("% * over fewer images than the dataset has")
        lines += [f"% dagger: {' '.join(remark.split())}" for remark in table.remarks]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _tables(reader: Reader) -> Iterator[_Table]:
    facts = reader.facts
    everything = means(per_image(reader), facts)
    everything = everything[everything["metric"] != ""]
    order = methods_by_score(everything) if len(everything) else []
    for (scale, protocol, degradation), group in everything.groupby(["scale", "protocol", "degradation"]):
        names = sorted(group["dataset"].unique(), key=facts.dataset_order)
        columns = [(d, m) for d in names for m in group.loc[group["dataset"] == d, "metric"].unique()]
        values = {(row["method"], row["dataset"], row["metric"]): row for _, row in group.iterrows()}
        ranks = {
            (data, metric): _ranks(
                group[(group["dataset"] == data) & (group["metric"] == metric)], facts.metric(metric)
            )
            for data, metric in columns
        }
        rows, partial, said = {}, False, dict[str, None]()
        for method in [name for name in order if name in set(group["method"])]:
            cells = []
            for column in columns:
                row = values.get((method, *column))
                cells.append((_text(row, facts.metric(column[1])), ranks[column].get(method, 0)))
                partial = partial or (row is not None and _partial(row))
                if row is not None:
                    said |= {f"{method} on {column[0]}, {r.short}: {r.reason}": None for r in row["remarks"]}
            rows[method] = cells
        yield _Table(int(scale), protocol, degradation, columns, rows, partial, list(said))


def _ranks(column: pd.DataFrame, metric: MetricFacts) -> dict[str, int]:
    """1 for the best methods and 2 for the second, as the table prints them: what looks equal has one rank. Nobody has
    one where the metric's direction is unknown."""
    whole = column[column["mean"].notna() & (column["n"] == column["planned"])]
    shown = {row["method"]: round(row["mean"], metric.digits) for _, row in whole.iterrows()}
    if len(shown) < 2 or metric.higher_is_better is None:
        return {}
    best = sorted(set(shown.values()), reverse=metric.higher_is_better)
    return {method: best.index(value) + 1 for method, value in shown.items() if value in best[:2]}


def _partial(row: pd.Series) -> bool:
    return bool(row["n"] < row["planned"] and not math.isnan(row["mean"]))


def _text(row: pd.Series | None, metric: MetricFacts) -> str:
    if row is None or math.isnan(row["mean"]):
        return "--"
    return f"{row['mean']:.{metric.digits}f}" + ("*" if _partial(row) else "") + (REMARKED if row["remarks"] else "")


def _heading(metric: str) -> str:
    return metric.upper() if metric in ("psnr", "ssim", "lpips") else metric


def _marked(cell: tuple[str, int], first: str, second: str) -> str:
    text, rank = cell
    return first.format(text) if rank == 1 else second.format(text) if rank == 2 else text


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(special: dict[str, str]) -> Callable[[str], str]:
    return lambda text: "".join(special.get(char, char) for char in " ".join(text.split()))


_latex = _escaped(_LATEX)
_markdown = _escaped({char: f"\\{char}" for char in "\\`*_[]<>|"})
