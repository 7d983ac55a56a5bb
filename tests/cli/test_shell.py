"""Standard streams of every condition, files that the system refuses: one line and an exit code, no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from srbench.cli.shell import _plain_width, split
from srbench.errors import SrbenchError


def started(tail, variables=None, command="list protocols"):
    """A process of its own; ``tail`` is what a shell does with its streams."""
    line = f'"{sys.executable}" -m srbench {command} {tail}'
    environment = {**os.environ, **(variables or {})}
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=environment, check=False)


CONDITIONS = [
    (">&-", {}, 0),
    (">&- 2>&-", {}, 0),
    ("2>&-", {}, 0),
    ("<&-", {}, 0),
    (">/dev/full", {}, 2),
    (">/dev/full 2>/dev/full", {}, 2),
    ("", {"PYTHONIOENCODING": "ascii"}, 0),
    ("", {"PYTHONIOENCODING": "latin-1", "COLUMNS": "abc"}, 0),
    ("", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, 0),
    ("| true", {}, 0),
]


@pytest.mark.parametrize(("tail", "variables", "code"), CONDITIONS)
def test_streams_of_every_condition(tail, variables, code):
    done = started(tail, variables)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if code and "2>" not in tail:
        assert done.stderr.startswith("error: ")
        assert "No space left on device" in done.stderr


def test_letters_that_an_encoding_lacks_are_shown_by_number(tmp_path):
    (tmp_path / "日本").mkdir()
    done = started("", {"PYTHONIOENCODING": "ascii"}, f"report {tmp_path}/日本")
    assert done.returncode == 2
    assert "\\u65e5\\u672c" in done.stderr


@pytest.mark.parametrize(
    ("given", "width"), [("abc", 200), ("", 200), ("0", 200), ("-5", 200), ("\u0665", 200), ("90", 90)]
)
def test_a_width_that_is_none_is_left_aside(monkeypatch, given, width):
    monkeypatch.setenv("COLUMNS", given)
    assert _plain_width() == width


def test_a_width_has_an_end(monkeypatch):
    monkeypatch.setenv("COLUMNS", "9" * 20)
    assert _plain_width() == 10_000


FILES = ["report {}", "check {} --thresholds {}", "run --config {}", "score {} --dataset sample --scale 4 --name x"]
FILES += ["run --methods nearest --datasets {}", "verify {}", "upscale bicubic {} --scale 2 --output {}", "convert {}"]
FILES += ["score sample --dataset {} --scale 4 --name x", "explain bicubic --dataset {} --scale 4 --expect 30"]


@pytest.mark.parametrize("command", FILES)
@pytest.mark.parametrize("name", ["x" * 300, "a/" * 2500, "~no-such-user/x", "no\udcff", "/proc/self/mem/x"])
def test_paths_that_lead_nowhere(wrong, command, name):
    wrong(*command.format(name, name).split(), match="")


def test_a_broken_pipe_of_a_plugin_is_no_closed_terminal(srbench, write_plugin, pictures):
    plugin = write_plugin("raise BrokenPipeError")
    result = srbench("explain", plugin, "--dataset", pictures, "--scale", "2", "--expect", "30.00")
    assert result.exit_code != 0


NOISE = """
import ctypes, os, sys

def shout(when):
    os.write(1, f"descriptor {when}\\n".encode())
    ctypes.CDLL(None).puts(f"C {when}".encode())  # into a buffer of C's, written at its end
    os.system(f"echo child {when}")
    print("print", when)

shout("at import")
"""


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "command",
    ["list methods --json", "run --methods {plugin} --datasets {data} --scales 2 --metrics psnr --out {out}",
     "explain {plugin} --dataset {data} --scale 2 --expect 30", "upscale {plugin} {data} --scale 2 --output {out}"],
)  # fmt: skip
def test_what_a_plugin_writes_past_python_is_no_output(tmp_path, write_plugin, pictures, command):
    folder = tmp_path / "own" / "methods"
    folder.mkdir(parents=True)
    plugin = Path(write_plugin("shout('at work'); return imresize(lr, scale)"))
    plugin.write_text(NOISE + plugin.read_text())
    if command.startswith("list"):
        plugin = plugin.rename(folder / "mine.py")
    values = {"plugin": plugin, "data": pictures, "out": tmp_path / "results"}
    done = started("", {"SRBENCH_PATH": str(folder.parent)}, command.format(**values))
    assert done.returncode == 0, done.stderr
    for way in ("descriptor", "C", "child", "print"):
        assert f"{way} at import" in done.stderr
        assert f"{way} at" not in done.stdout
    if command.startswith("list"):
        assert "mine" in {row["name"] for row in json.loads(done.stdout)}


def test_null_bytes_and_long_lists_are_split_as_text():
    assert split(["a,b", "x" * 5000]) == ("a", "b", "x" * 5000)


@pytest.mark.parametrize("scale", ["257", "1000000", "9" * 25])
def test_scales_have_an_end(wrong, srbench, pictures, scale):
    wrong("run", "--methods", "nearest", "--datasets", pictures, "--scales", scale, match="the largest scale, 256")
    for command in (["upscale", "nearest", pictures], ["explain", "nearest", "--expect", "30"]):
        result = srbench(*command, "--scale", scale)
        assert result.exit_code == 2
        assert "256" in result.stderr


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64, 10**30])
def test_seeds_have_an_end(wrong, pictures, seed):
    wrong("run", "--methods", "nearest", "--datasets", pictures, "--seed", seed, match="is not a seed")
    wrong("upscale", "nearest", pictures, "--seed", seed, match="is not a seed")


def test_an_error_is_one_line(srbench):
    result = srbench("report", "x" * 300)
    assert result.exit_code == SrbenchError.exit_code
    assert len(result.stderr.splitlines()) == 1
