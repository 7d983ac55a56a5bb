"""Whatever a method or a metric raises while a run goes on is a failure of its cells: the others go on, and the exit
code is 1."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from srbench.results.reader import Reader

DEFINED = """
class UnshownError(Exception):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__
"""
RAISED = {
    "raise SystemExit(0)": "SystemExit: 0",
    "import sys; sys.exit()": "SystemExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise GeneratorExit": "GeneratorExit",
    "raise StopIteration": "StopIteration",
    "raise BrokenPipeError": "BrokenPipeError",
    "raise BaseExceptionGroup('all', [SystemExit(0)])": "BaseExceptionGroup: all",
    "raise UnshownError": "UnshownError: (its text cannot be shown)",
    "raise ValueError(chr(0xd800))": "ValueError: ?",
}
MAIN = "import sys; from srbench.cli import main; sys.argv = ['srbench', *sys.argv[1:]]; main()"
METRIC = """
from srbench.metrics import Metric

def act(pair=None):
    {body}

METRIC = Metric(
    name="mine", title="Mine", version=1, higher_is_better=True, unit="", bounds=(0, 1), digits=2, needs=("sr_luma",),
    {where}=act{more}
)
"""
ANYTHING = pytest.mark.parametrize(("body", "said"), RAISED.items(), ids=RAISED)


@pytest.fixture
def run(srbench, pictures, results):
    def call(*arguments, threads=1):
        fixed = ["--datasets", pictures, "--scales", "2", "--out", results, "--threads", threads, "--device", "cpu"]
        return srbench("run", *fixed, *arguments)

    return call


@pytest.fixture
def method(write_plugin):
    def write(body):
        path = write_plugin(body)
        Path(path).write_text(Path(path).read_text() + DEFINED)
        return path

    return write


@pytest.fixture
def metric(tmp_path):
    def write(where, body, more=""):
        path = tmp_path / "metric.py"
        path.write_text(DEFINED + METRIC.format(where=where, body=body, more=more))
        return path

    return write


def failed_alone(result, results, said):
    """The plugin's three cells failed, saying so, and those of another method are stored."""
    assert result.exit_code == 1, result.output
    assert "3 cells computed, 0 already there, 3 failed" in result.stderr
    assert re.search(rf"failed: mine on pictures/a x2: {re.escape(said)}", result.stderr), result.stderr
    with Reader(results) as reader:
        assert [run.status for run in reader.runs()] == ["finished"]
        assert sorted(row.outcome.status for row in reader.outcomes()) == ["failed"] * 3 + ["ok"] * 3


@pytest.mark.sampled(6)
@ANYTHING
@pytest.mark.parametrize("threads", [1, 2])
def test_of_upscale_it_is_the_cells_failure(run, method, results, body, said, threads):
    failed_alone(run("--methods", f"{method(body)},nearest", threads=threads), results, said)


@pytest.mark.sampled(3)
@ANYTHING
def test_of_prepare_it_is_the_cells_failure(run, method, results, body, said):
    plugin = method(f"return lr\n    def prepare(self, scale, context):\n        {body}")
    failed_alone(run("--methods", f"{plugin},nearest"), results, said)


@pytest.mark.sampled(3)
@ANYTHING
@pytest.mark.parametrize("threads", [1, 2])
def test_of_a_metric_it_is_the_scores_failure(run, metric, scores, body, said, threads):
    result = run("--methods", "nearest", "--metrics", f"psnr,{metric('compute', body)}", threads=threads)
    assert result.exit_code == 1, result.output
    assert re.search(rf"failed: nearest on pictures/[abc] x2: mine is error: {re.escape(said)}", result.stderr)
    assert [scores()["nearest", image, "psnr"] > 0 for image in "abc"] == [True] * 3


@pytest.mark.sampled(3)
@ANYTHING
def test_of_a_metrics_prepare_it_is_unavailable(run, metric, scores, body, said):
    plugin = metric("prepare", body, ", compute=lambda pair: 1.0")
    result = run("--methods", "nearest", "--metrics", f"psnr,{plugin}")
    assert result.exit_code == 1, result.output
    assert f"unavailable: mine: {said}" in result.stderr
    assert [scores()["nearest", image, "psnr"] > 0 for image in "abc"] == [True] * 3


def test_what_would_end_the_program_where_it_is_only_asked_is_said(run, method):
    plugin = method("return imresize(lr, scale)\n    def load_audits(self): raise SystemExit(0)")
    result = run("--methods", plugin)
    assert result.exit_code == 0, result.output
    assert "load_audits() of mine: SystemExit: 0" in result.stderr
    assert "3 cells computed" in result.stderr


@pytest.mark.sampled(3)
@pytest.mark.parametrize("body", [*RAISED, "return 3", "return [None]", "return [object()]", "return ['nowhere']"])
def test_of_a_metrics_files_it_leaves_the_values(run, metric, scores, body):
    result = run("--methods", "nearest", "--metrics", f"psnr,{metric('files', body, ', compute=lambda pair: 1.0')}")
    assert result.exit_code == (2 if "nowhere" in body else 0), result.output
    assert "Traceback" not in result.output
    if result.exit_code == 0:
        assert [scores()["nearest", image, "mine"] for image in "abc"] == [1.0] * 3


@pytest.mark.parametrize("value", ["3", "[3]", "{2: None}", "[None]", "'nowhere'"])
def test_weight_files_that_are_no_paths_are_said(run, method, value):
    result = run("--methods", method(f"return imresize(lr, scale)\n    def weight_files(self): return {value}"))
    assert result.exit_code == 2, result.output
    assert re.match(r"error: (weight_files\(\) of mine: TypeError|cannot read weights)", result.stderr), result.stderr


@pytest.mark.sampled(4)
@pytest.mark.parametrize("stream", ["stdout", "stderr", "stdout.buffer", "__stdout__"])
def test_a_plugin_cannot_close_what_srbench_writes_to(tmp_path, pictures, stream):
    (tmp_path / "mine.py").write_text(f"import sys; sys.{stream}.close()")
    words = ["upscale", "mine.py", str(pictures / "a.png"), "--scale", "2"]
    ended = subprocess.run([sys.executable, "-c", MAIN, *words], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("error: "), ended.stderr
