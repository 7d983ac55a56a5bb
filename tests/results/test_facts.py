"""What a results folder says of its metrics, also of those whose code is gone."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from srbench.metrics import get
from srbench.report import paper
from srbench.report.html import render, render_comparison
from srbench.results import comparison
from srbench.results.facts import FolderMetrics
from srbench.results.store import Store
from srbench.run.runner import Silent

PLUGIN = """\
from srbench.metrics import Metric

MINE = Metric(name="mean-error", title="Mean error", version=3, higher_is_better={higher}, unit="grey levels",
              bounds=(0, float("inf")), digits=3, needs=("sr_luma", "hr_luma"), footnote="Of Y alone.",
              compute=lambda pair: float((pair.sr_luma - pair.hr_luma).abs().mean()))
"""
METHODS = ("nearest", "bicubic")


@pytest.fixture
def metric(tmp_path):
    """A metric in a file, of which nothing is known once a run has ended."""

    def write(higher=False):
        path = tmp_path / "my_metric.py"
        path.write_text(PLUGIN.format(higher=higher))
        return str(path)

    return write


def best_of(results):
    """The methods that each kind of report marks as the best by the metric."""
    with Store(results) as store:
        markdown, latex, page = paper.to_markdown(store), paper.to_latex(store), render(store).text
    rows = re.findall(r'<tr data-name="([^"]*)".*?</tr>', page, re.DOTALL)
    assert set(rows) == set(METHODS)
    cell = r'<td data-d="[^"]*" data-m="mean-error"[^>]*><span class="value best">'
    html = [name for name in rows if re.search(cell, re.search(rf'<tr data-name="{name}".*?</tr>', page, re.DOTALL)[0])]
    return {
        "markdown": re.findall(r"^\| (\S+) \| \*\*[0-9.]+\*\* \|$", markdown, re.MULTILINE),
        "latex": re.findall(r"^(\S+) & \\textbf\{[0-9.]+\} \\\\$", latex, re.MULTILINE),
        "html": html,
    }


def verdicts(first, second):
    found = comparison.compare(comparison.load(first, str(first)), comparison.load(second, str(second)))
    assert render_comparison(found)
    return dict(zip(found.rows["method"], found.rows["verdict"], strict=True))


@pytest.mark.parametrize(("higher", "best"), [(False, "bicubic"), (True, "nearest")])
def test_all_reports_mark_the_same_method_by_the_direction_that_the_run_wrote(go, metric, results, higher, best):
    go(*METHODS, metrics=(metric(higher),))
    Path(metric()).unlink()
    assert best_of(results) == {kind: [best] for kind in ("markdown", "latex", "html")}


def test_where_nobody_knows_the_direction_nobody_is_best(go, metric, results):
    go(*METHODS, metrics=(metric(),))
    forget(results)
    assert best_of(results) == {kind: [] for kind in ("markdown", "latex", "html")}
    with Store(results) as store:
        assert "direction unknown" in render(store).text


def forget(results):
    """As old folders are: their runs say nothing of metrics."""
    with sqlite3.connect(results / "results.sqlite") as connection:
        for number, text in connection.execute("SELECT id, manifest FROM runs").fetchall():
            manifest = {key: value for key, value in json.loads(text).items() if key != "metrics"}
            connection.execute("UPDATE runs SET manifest = ? WHERE id = ?", (json.dumps(manifest), number))
    connection.close()


def test_a_comparison_knows_the_direction(go, metric, results, tmp_path, pictures, write_plugin, make_picture):
    from srbench.imaging.images import write_image

    for i in range(8):  # enough to decide
        write_image(pictures / f"more-{i}.png", make_picture(28, 28, 20 + i))
    go(write_plugin("return imresize(lr, scale, kernel='nearest')"), metrics=(metric(),))
    go(write_plugin(), metrics=(metric(),), out=tmp_path / "other")
    assert verdicts(results, tmp_path / "other") == {"mine": "better"}
    assert verdicts(tmp_path / "other", results) == {"mine": "worse"}
    forget(results)
    assert verdicts(results, tmp_path / "other") == {"mine": "better"}  # the other folder says it
    forget(tmp_path / "other")
    assert verdicts(results, tmp_path / "other") == {"mine": "undecided"}


def test_title_unit_digits_and_footnote_are_those_of_the_run(go, metric, results, srbench_table):
    go(*METHODS, metrics=(metric(),))
    with Store(results) as store:
        facts, page, markdown = FolderMetrics(store.runs())["mean-error"], render(store).text, paper.to_markdown(store)
    assert (facts.title, facts.unit, facts.digits, facts.version) == ("Mean error", "grey levels", 3, 3)
    assert "Mean error ↓" in page
    assert "Lower is better; range 0 to ∞, in grey levels; version 3." in page
    assert "Of Y alone." in page
    assert re.search(r"\*\*\d+\.\d{3}\*\*", markdown)
    assert "mean-error: Of Y alone." in srbench_table(results)


@pytest.fixture
def srbench_table(capsys):
    from srbench.cli.tables import print_means

    def show(folder):
        print_means(folder)
        return capsys.readouterr().out

    return show


def test_a_killed_run_has_told_its_metrics(go, metric, results):
    class Killed(Silent):
        def done(self, cell, outcome):
            raise SystemExit(9)

    with pytest.raises(SystemExit):
        go("nearest", metrics=(metric(),), observer=Killed())
    with Store(results) as store:
        runs = store.runs()
    assert runs[0]["status"] == "running"
    assert FolderMetrics(runs)["mean-error"].higher_is_better is False


def test_the_newest_run_counts_and_installed_metrics_fill_in():
    runs = [{"manifest": {"metrics": [{"name": "mine", "title": title, "digits": 1}]}} for title in ("Old", "New")]
    facts = FolderMetrics([*runs, {"manifest": {}}])
    assert (facts["mine"].title, facts["mine"].digits, facts["mine"].higher_is_better) == ("New", 1, None)
    psnr = get("psnr")
    assert (facts["psnr"].title, facts["psnr"].higher_is_better, facts["psnr"].digits) == (psnr.title, True, 2)
    assert (facts["unheard-of"].title, facts["unheard-of"].direction) == ("unheard-of", "direction unknown")
