"""Verdicts for CI servers: JUnit XML, a Markdown summary, GitHub annotations."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from srbench.gate.thresholds import LATENCY, PIXELS
from srbench.gate.verdict import Verdict
from srbench.wording import counted, printable, significant


def value(verdict: Verdict) -> str:
    """The measured value as tables show it."""
    if math.isnan(verdict.measured):
        return "-"
    if verdict.metric == PIXELS:
        return f"{verdict.measured:.0f} moved"
    return f"{significant(verdict.measured)}x" if verdict.metric == LATENCY else f"{verdict.measured:.4f}"


def difference(verdict: Verdict) -> str:
    """How far the measured value lies from the baseline's; empty without a baseline."""
    if math.isnan(verdict.threshold.value) or math.isnan(verdict.measured):
        return ""
    return f"{round(verdict.measured - verdict.threshold.value, 4) + 0.0:+.4f}"


def tally(verdicts: Sequence[Verdict]) -> str:
    """One line: how many hold, fall short, are inconclusive."""
    counts = {name: sum(v.outcome == name for v in verdicts) for name in ("pass", "fail", "inconclusive")}
    holds, lacks = ("holds", "does not") if len(verdicts) == 1 else ("hold", "do not")
    text = f"{counts['pass']} of {counted(len(verdicts), 'threshold')} {holds}, {counts['fail']} {lacks}"
    return text + (f", {counts['inconclusive']} inconclusive" if counts["inconclusive"] else "")


def junit(verdicts: Sequence[Verdict], *, allow_inconclusive: bool = False) -> str:
    """JUnit XML: one test case per method, dataset (with scale) and metric; several thresholds on one are one case.

    What is inconclusive is an error, or skipped where it is allowed.
    """
    cases: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        where = "" if verdict.metric == LATENCY else f" {verdict.protocol} {verdict.threshold.degradation}"
        key = (verdict.method, f"{verdict.dataset} x{verdict.scale or '*'}{where}", verdict.metric)
        cases.setdefault(key, []).append(verdict)
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", name="srbench check", tests=str(len(cases)))
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for (method, dataset, metric), own in cases.items():
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=printable(f"{method}.{dataset.replace('.', '_')}"),
            name=printable(metric),
            time="0",
        )
        failed = [v for v in own if v.outcome == "fail"]
        unclear = [v for v in own if v.outcome == "inconclusive"]
        tag = "failure" if failed else "skipped" if allow_inconclusive else "error"
        for group in (failed or unclear,):
            if group:
                counts[tag] += 1
                element = ElementTree.SubElement(case, tag, message=printable("; ".join(v.reason for v in group)))
                if tag != "skipped":
                    element.set("type", "threshold" if failed else "inconclusive")
                lines = (f"{v}: measured {value(v)}, limit {v.limit}: {v.reason}" for v in group)
                element.text = "\n".join(map(printable, lines))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def markdown(verdicts: Sequence[Verdict]) -> str:
    """A job summary: the tally, what does not hold, and below a fold everything with its difference to the baseline."""
    bad = [v for v in verdicts if not v.holds]
    lines = [f"## srbench: {tally(verdicts)}", ""]
    if bad:
        lines += [*_table(bad), ""]
    lines += ["<details><summary>All thresholds</summary>", "", *_table(verdicts), "", "</details>", ""]
    return "\n".join(lines)


_MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}


def _table(verdicts: Sequence[Verdict]) -> list[str]:
    rows = ["| | method | data | metric | measured | limit | difference | why |", "|---|---|---|---|---:|---|---:|---|"]
    for v in verdicts:
        data = f"{v.dataset} x{v.scale or '*'}" + ("" if v.metric == LATENCY else f" ({v.protocol})")
        cells = (_MARKS[v.outcome], v.method, data, v.metric, value(v), v.limit, difference(v), v.reason)
        rows.append("| " + " | ".join(_cell(text) for text in cells) + " |")
    return rows


def github(verdicts: Sequence[Verdict], path: Path, *, allow_inconclusive: bool = False) -> str:
    """Workflow commands that annotate the lines of the thresholds that do not hold."""
    lines = []
    file = _below_workspace(path)
    for v in verdicts:
        if not v.holds:
            level = "error" if v.outcome == "fail" or not allow_inconclusive else "warning"
            place = f"file={_property(file)},line={max(v.threshold.line, 1)},title={_property(printable(str(v)))}"
            lines.append(f"::{level} {place}::{_data(printable(f'{v}: {v.reason}'))}")
    return "".join(f"{line}\n" for line in lines)


def _below_workspace(path: Path) -> str:
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    full = path.resolve()
    return (full.relative_to(root) if full.is_relative_to(root) else full).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _cell(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
