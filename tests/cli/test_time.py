"""``srbench time``."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import srbench as package
from srbench import methods, paths
from srbench.cli import app
from srbench.run.selection import load_methods
from srbench.timing import measure as timing

CHECKOUT = Path(package.__file__).parent.parent


def test_time_runs_from_a_bare_checkout(bare_checkout, tmp_path):
    arguments = ["bicubic", "fsrcnn", "--size", "24x16", "--threads", 1, "--output", tmp_path / "t.json"]
    present = ("torch", "numpy", "scipy", "pillow", "safetensors", "typer", "rich")  # as docs/timing.md promises
    result = bare_checkout("time", *arguments, present=present)
    assert result.returncode == 0, result.stderr
    assert "LR 24x16 to 96x64" in result.stdout
    assert "0.72 G" in result.stdout
    assert [entry["method"] for entry in json.loads((tmp_path / "t.json").read_text())] == ["bicubic", "fsrcnn"]


def test_a_spread_too_wide_is_said_and_a_failure_is_exit_code_one(monkeypatch, write_plugin, record):
    def noisy(methods, subject, device, threads):
        machine = {"processor": "p", "processors": 2, "torch": "2", "load_before": 9.0}
        return [record([0.1, 0.9, 1.7], machine=machine), record([], status="failed", message="boom", machine=machine)]

    monkeypatch.setattr(timing, "measure", noisy)
    result = CliRunner().invoke(app, ["time", "bicubic"])
    assert result.exit_code == 1
    row = next(line for line in result.stdout.splitlines() if "too noisy" in line)
    assert re.findall(r"[^\s│]+", row) == ["m", "fp32", "too", "noisy", "3"]  # no digit but the number of calls
    assert "other load before it began: 9.0 processes on 2 processors" in result.stdout
    assert "failed: m on 8x8 x2 (cpu, fp32): boom" in result.stderr


@pytest.fixture
def timed(monkeypatch, record):
    """Names of the methods that ``srbench time`` would time, and what it says on stderr."""

    def call(*arguments):
        names = []

        def none(methods, subject, device, threads):
            names[:] = [method.card.name for method, _ in methods]
            return [record([0.1], machine={"processor": "p", "processors": 2, "torch": "2", "load_before": 0.0})]

        with monkeypatch.context() as patch:
            patch.setattr(timing, "measure", none)
            result = CliRunner().invoke(app, ["time", *arguments])
        return names, result

    return call


def test_all_are_the_methods_of_a_run_with_its_notes(timed, monkeypatch, tmp_path):
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "broken_one.py").write_text("1 / 0\n")
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    monkeypatch.setattr(methods, "__path__", paths.search_path("methods"))
    for scales in ((4,), (2, 3)):
        notes = []
        of_run = load_methods(["all"], scales, notes.append)
        names, result = timed("all", "--scale", ",".join(map(str, scales)))
        assert names == [method.card.name for method, _ in of_run]
        assert [line.removeprefix("note: ") for line in result.stderr.splitlines() if "note: " in line] == notes
        assert any("broken-one" in line and "is broken and left out: ZeroDivisionError" in line for line in notes)
    assert "pixelcnn-mean" not in names


def test_a_method_that_all_leaves_out_is_timed_by_name(timed):
    assert timed("pixelcnn-mean", "bicubic")[0] == ["pixelcnn-mean", "bicubic"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bicubik"], "did you mean bicubic"),
        (["bicubic", "--size", "big"], "'big' is not a size"),
        (["bicubic", "--device", "cuda:77"], "no device 'cuda:77'"),
        (["bicubic", "--size", "8x8", "--output", "/dev/null/t.json"], "cannot write"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments, message):
    result = CliRunner().invoke(app, ["time", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_numbers_and_names_are_whole_whatever_the_width(monkeypatch, record, capsys, width):
    from srbench.cli.time_ import print_timings

    monkeypatch.setenv("COLUMNS", str(width))
    machine = {"processor": "p", "processors": 2, "torch": "2", "load_before": 0.0}
    cost = {"machine": machine, "parameters": 1_517_571, "mult_adds": 114.04e9, "peak_memory": 2**30}
    print_timings(
        [record([0.15, 0.151, 0.149], method="srgan-mse-of-ones-own", **cost), record([0.1], machine=machine)]
    )
    text = capsys.readouterr().out
    assert "…" not in text
    assert max(len(line) for line in text.splitlines() if line[0] in "┏┃┡│└") <= width
    first = "".join(line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│"))
    assert first.replace("srgan-mse-of-ones-own", "") == "m"  # folded where there is no room
    for whole in ("150", "1,517,571", "114.04 G", "median ms"):
        assert whole in text
    assert ("left out for want of room: " in text) == (width < 120)
