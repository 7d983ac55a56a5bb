"""Reading results needs neither torch nor the code that made them."""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from srbench.cli.installed import Installed
from srbench.report import export, html, paper_latex, paper_markdown
from srbench.results.folder import SCHEMA_VERSION
from srbench.results.reader import Reader

GOLDEN = Path(__file__).parents[1] / "golden"
NO_CODE = "torch", "srbench.method", "srbench.methods", "srbench.metrics.catalog", "srbench.training", "srbench.run"
MADE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
LIMITS = """\
[[threshold]]
method = "*"
dataset = "set5"
scale = 4
metric = "psnr"
protocol = "*"
min = 20
image_max = 40
"""


def python(code, *arguments):
    """Runs code in an interpreter of its own; returns what it printed."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


LOADED = f"print([name for name in {NO_CODE} if name in sys.modules])"
GONE = f"""
import sys
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name in {NO_CODE}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
"""
COMMANDS = """
import shlex, sys
from srbench.cli import main
for line in sys.argv[1:]:
    sys.argv = ["srbench", *shlex.split(line)]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (line, end.code)
"""


@pytest.mark.parametrize(
    "module", ["srbench.report.html", "srbench.report.paper_latex", "srbench.gate", "srbench.results"]
)
def test_importing_what_reads_results_imports_no_torch(module):
    code = f"import sys, pkgutil, importlib, {module} as top\n"
    code += "for m in pkgutil.walk_packages(getattr(top, '__path__', []), top.__name__ + '.'):\n"
    code += "    importlib.import_module(m.name)\n"
    assert python(code + LOADED) == "[]\n"


def test_what_draws_nothing_imports_no_matplotlib(tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(GOLDEN / f"results-v{SCHEMA_VERSION}", folder)
    commands = [f"report {folder} --format {name}" for name in ("table", "csv", "json", "markdown", "latex")]
    commands += [f"report {folder} --compare 1 1 --format {name}" for name in ("table", "markdown")]
    commands += [f"report {folder} --compare 1 1 --output {tmp_path}/c.html"]
    printed = python(f"{COMMANDS}\nprint(['matplotlib' in sys.modules])", *commands)
    assert printed.splitlines()[-1] == "[False]"


def test_reports_and_gates_of_a_folder_of_today_import_no_torch(tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(GOLDEN / f"results-v{SCHEMA_VERSION}", folder)
    (tmp_path / "limits.toml").write_text(LIMITS)
    commands = [f"report {folder} --format {name} --output {tmp_path}/r.{name}" for name in ("csv", "json", "html")]
    commands += [f"report {folder} --format {name} --output {tmp_path}/r.{name}" for name in ("markdown", "latex")]
    commands += [f"report {folder} --format table", f"report {folder} --compare 6 6 --output {tmp_path}/compared.html"]
    compared = [f"--format {name} --output {tmp_path}/versus.{name}" for name in ("markdown", "json", "html")]
    commands += [f"compare bicubic nearest --results {folder} {options}" for options in ("", *compared)]
    commands += [f"check {folder} --thresholds {tmp_path}/limits.toml"]
    printed = python(COMMANDS + LOADED, *commands)
    assert printed.splitlines()[-1] == "[]"
    assert "thresholds hold" in printed
    with (tmp_path / "r.csv").open() as now, (GOLDEN / f"results-v{SCHEMA_VERSION}.csv").open() as then:
        rows, before = list(csv.reader(now)), list(csv.reader(then))
    assert [row[: len(before[0])] for row in rows] == before  # columns that came later stand behind


METRIC = """\
from srbench.metrics import Metric

MINE = Metric(name="mean-error", title="Mean error", version=3, higher_is_better=False, unit="grey levels",
              bounds=(0, float("inf")), digits=3, needs=("sr_luma", "hr_luma"), footnote="Of Y alone.",
              compute=lambda pair: float((pair.sr_luma - pair.hr_luma).abs().mean()))
"""


def reports(folder):
    with Reader(folder, fallback=Installed()) as reader:
        texts = [html.render(reader).text, export.to_csv(reader), export.to_json(reader)]
        texts += [paper_markdown.to_markdown(reader), paper_latex.to_latex(reader)]
    return [MADE.sub("", text) for text in texts]


def test_a_report_is_the_same_where_all_methods_and_metrics_are_gone(go, results, write_plugin, tmp_path, pictures):
    """The same to the byte: titles, directions, digits, published values, training and protocols."""
    (tmp_path / "my_metric.py").write_text(METRIC)
    metrics = ("psnr", "ssim", str(tmp_path / "my_metric.py"))
    plugin = write_plugin("return imresize(lr, scale, kernel='nearest')", title="My own <method>")
    go("bicubic", "srcnn", "espcn", plugin, metrics=metrics, scales=(4,))
    go("bicubic", "nearest", metrics=metrics, protocol="classic")
    before = reports(results)
    assert "Mean error ↓" in before[0]
    assert "My own &lt;method&gt;" in before[0]
    assert "validation PSNR" in before[0]
    assert "fed the LR image of RGB" in before[0]
    for path in tmp_path.glob("*.py"):
        path.unlink()
    names = ("html", "csv", "json", "markdown", "latex")
    python(GONE + COMMANDS, *(f"report {results} --format {name} --output {tmp_path}/out.{name}" for name in names))
    after = [MADE.sub("", (tmp_path / f"out.{name}").read_text(encoding="utf-8")) for name in names]
    assert after == before
