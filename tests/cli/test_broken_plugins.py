"""A plugin that is broken in any way hides no other and breaks no command; what it prints is in nobody's data."""

import csv
import io
import json
import shutil
import sys
from pathlib import Path

import pytest

import srbench.methods
from srbench import paths
from srbench.method import plugins
from srbench.run.selection import select_methods

GOLDEN = Path(__file__).parents[1] / "golden"
PLUGIN = """
import sys
from srbench.method import Method, MethodCard

class UnshownError(Exception):
    def __str__(self):
        raise RuntimeError("no text")
    __repr__ = __str__

{top}
class Bad(Method):
    card = MethodCard(name={name}, title="", year=2026, family="t", paper="none", colour="any")
    {body}
    def upscale(self, lr, scale):
        return lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
"""
RAISED = [
    "sys.exit(0)",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "raise BrokenPipeError",
    "raise UnshownError",
    "raise ValueError('two\\nlines')",
    "[].x",
]
# Where it raises, and what of the plugin is then broken.
WHERE = {
    "import": ({"top": "{raised}"}, "load"),
    "constructor": ({"body": "def __init__(self): {raised}"}, "make"),
    "weight_files": ({"body": "def weight_files(self): {raised}"}, "make"),
    "supports": ({"body": "def supports(self, scale): {raised}"}, "all"),
    "prepare": ({"body": "def prepare(self, scale, context): {raised}"}, "cells"),
    "upscale": ({"body": "def upscale(self, lr, scale): {raised}\n    def other(self):\n        pass"}, "cells"),
    "load_audits": ({"body": "def load_audits(self): {raised}"}, ""),
    "training_facts": ({"body": "def training_facts(self): {raised}"}, ""),
    "aims_at_pixels": ({"body": "@property\n    def aims_at_pixels(self): {raised}"}, ""),
}


@pytest.fixture
def run(srbench, pictures, results):
    """``srbench run`` at x2 on three small pictures."""

    def call(*arguments):
        given = ["--datasets", pictures, "--scales", "2", "--device", "cpu", "--threads", "1", "--metrics", "psnr"]
        out = [] if "--out" in arguments else ["--out", results]
        return srbench("run", *given, *out, *arguments)

    return call


@pytest.fixture
def bad(tmp_path, monkeypatch):
    """A plugin in a folder of $SRBENCH_PATH, 'zz-bad'."""

    def make(name="'zz-bad'", top="", body=""):
        folder = tmp_path / "root" / "methods"
        folder.mkdir(parents=True, exist_ok=True)
        text = PLUGIN.format(name=name, top=top, body=body)
        if body.startswith("def upscale"):
            text = text.replace(
                "def upscale(self, lr, scale):\n        return", "def last(self, lr, scale):\n        return"
            )
        (folder / "zz_bad.py").write_text(text)
        monkeypatch.setenv("SRBENCH_PATH", str(tmp_path / "root"))
        monkeypatch.setattr(srbench.methods, "__path__", paths.search_path("methods"))
        monkeypatch.delitem(sys.modules, "srbench.methods.zz_bad", raising=False)

    yield make
    sys.modules.pop("srbench.methods.zz_bad", None)


def listed(srbench):
    result = srbench("list", "methods", "--json")
    assert result.exit_code == 0, result.output
    return {row["name"]: row["title"] for row in json.loads(result.stdout)}


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("where", "raised"),
    [
        *(("import", raised) for raised in RAISED),
        *((where, RAISED[(number + step) % len(RAISED)]) for number, where in enumerate(WHERE) for step in (0, 3)),
    ],
)
def test_a_plugin_that_raises_anywhere_hides_no_other(bad, srbench, run, where, raised):
    parts, broken = WHERE[where]
    bad(**{name: text.format(raised=raised) for name, text in parts.items()})
    rows = listed(srbench)
    assert rows["bicubic"].startswith("Bicubic")
    assert rows["zz-bad"].startswith("BROKEN") is (where in ("import", "constructor"))
    if broken == "all":
        return
    result = run("--methods", "nearest,zz-bad")
    assert result.exit_code == {"load": 2, "make": 2, "cells": 1, "": 0}[broken], result.output
    assert "Traceback" not in result.output
    if broken in ("load", "make"):
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("error")]
        assert "zz-bad" in line
    assert run("--methods", "nearest").exit_code == 0


@pytest.mark.parametrize("where", ["import", "constructor", "weight_files", "supports"])
def test_all_leaves_it_out_with_a_note(bad, where):
    parts, _ = WHERE[where]
    bad(**{name: text.format(raised="sys.exit(0)") for name, text in parts.items()})
    notes = []
    names = {selected.method.card.name for selected in select_methods(["all"], [4], notes.append)}
    assert {"bicubic", "tv-map"} < names
    assert "zz-bad" not in names
    assert any("zz-bad" in note and "SystemExit" in note for note in notes)


@pytest.mark.parametrize("name", ["3", "None", "b'x'", "''", "'two\\nlines'", "['x']", "'all'"])
def test_a_card_that_is_not_valid_is_listed_as_broken(bad, srbench, name):
    bad(name=name)
    rows = listed(srbench)
    assert "name = " in rows["zz-bad"]
    assert rows["bicubic"].startswith("Bicubic")
    assert {plugin.name for plugin in plugins.discover() if plugin.error} == {"zz-bad"}


PRINTS = {
    "import": {"top": "print('STRAY'); sys.stdout.write('STRAY')"},
    "constructor": {"body": "def __init__(self): print('STRAY')"},
    "training_facts": {"body": "def training_facts(self): print('STRAY'); return {}"},
    "weight_files": {"body": "def weight_files(self): print('STRAY'); return []"},
    "prepare": {"body": "def prepare(self, scale, context): print('STRAY'); super().prepare(scale, context)"},
}


@pytest.mark.parametrize("where", PRINTS)
@pytest.mark.sampled(3)
def test_what_a_plugin_prints_is_in_nobodys_data(bad, srbench, run, results, where):
    bad(**PRINTS[where])
    listing = srbench("list", "methods", "--json")
    assert "zz-bad" in {row["name"] for row in json.loads(listing.stdout)}
    result = run("--methods", "zz-bad")
    assert result.exit_code == 0, result.output
    assert "STRAY" not in result.stdout
    assert "STRAY" in listing.stderr + result.stderr
    report = srbench("report", results, "--format", "csv")
    assert "STRAY" not in report.stdout


def test_a_report_of_old_results_is_data_alone(bad, srbench, tmp_path):
    """Folders of the first schema ask the methods that are installed here for their facts."""
    shutil.copytree(GOLDEN / "results-v1", tmp_path / "old")
    plain = srbench("report", tmp_path / "old", "--format", "csv")
    bad(top="print('STRAY')", body="def __init__(self): print('STRAY')")
    stray = srbench("report", tmp_path / "old", "--format", "csv")
    assert plain.exit_code == stray.exit_code == 0, plain.output
    assert stray.stdout == plain.stdout
    assert len(list(csv.reader(io.StringIO(stray.stdout)))) > 5


def test_a_plugin_that_changes_the_current_folder_moves_nothing(bad, run, results, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    move = f"__import__('os').chdir({str(tmp_path / 'elsewhere')!r})"
    monkeypatch.chdir(tmp_path)
    for top, body in (
        (move, ""),
        ("", f"def __init__(self): {move}"),
        ("", f"def weight_files(self): {move}; return []"),
    ):
        bad(top=top, body=body)
        result = run("--methods", "zz-bad", "--out", "here", "--force")
        assert result.exit_code == 0, result.output
        assert Path.cwd() == tmp_path
    assert (tmp_path / "here" / "results.sqlite").is_file()
    assert not list((tmp_path / "elsewhere").iterdir())
