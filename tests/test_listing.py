"""Lists are kept: what has not changed is not imported again, what has is read anew."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import srbench
from srbench import paths

PROGRAM = """
import sys
from srbench.cli import app
try:
    app({arguments!r})
except SystemExit as end:
    assert not end.code
print("torch" in sys.modules, file=sys.stderr)
"""
PLUGIN = """
from srbench.method import Method, MethodCard
{imports}

class Mine(Method):
    card = MethodCard(name="mine", title="{title}", year=2026, family="test", paper="none", colour="any")
    def upscale(self, lr, scale):
        raise NotImplementedError
"""


def listed(kind, cache, folder, **variables):
    """``srbench list`` in a process of its own: the rows by name, and whether torch was imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SRBENCH_")}
    environment |= {"SRBENCH_CACHE": str(cache), "SRBENCH_PATH": str(folder.parent), **variables}
    command = [sys.executable, "-c", PROGRAM.format(arguments=["list", kind, "--json"])]
    home = Path(srbench.__file__).parents[1]  # from which that process imports srbench too
    result = subprocess.run(command, capture_output=True, text=True, cwd=home, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    return {row["name"]: row for row in json.loads(result.stdout)}, result.stderr.split()[-1] == "True"


@pytest.fixture
def folder(tmp_path):
    """A folder of methods of the user."""
    path = tmp_path / "root" / "methods"
    path.mkdir(parents=True)
    return path


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The first list of all, and the cache that it leaves."""
    place = tmp_path_factory.mktemp("first")
    return listed("methods", place / "cache", place / "methods"), place / "cache"


@pytest.fixture
def ask(tmp_path, folder, first):
    """Asks for another list."""
    shutil.copytree(first[1], tmp_path / "cache")
    return lambda **variables: listed("methods", tmp_path / "cache", folder, **variables)


def test_the_second_list_is_the_same_without_torch(first, ask):
    (rows, with_torch), (again, again_with_torch) = first[0], ask()
    assert rows == again
    assert set(rows) > {"bicubic", "pixelcnn-mean"}
    assert (with_torch, again_with_torch) == (True, False)


def test_so_is_that_of_metrics(tmp_path, folder):
    (rows, with_torch), (again, again_with_torch) = (listed("metrics", tmp_path / "cache", folder) for _ in range(2))
    assert rows == again
    assert set(rows) > {"psnr", "lpips"}
    assert (with_torch, again_with_torch) == (True, False)


@pytest.mark.slow
def test_an_edited_plugin_and_what_it_imports_are_read_anew(ask, folder):
    plugin, helper = folder / "mine.py", folder / "helper_of_mine.py"
    helper.write_text("TITLE = 'one'\n")
    text = PLUGIN.format(imports="from srbench.methods.helper_of_mine import TITLE", title="first")
    plugin.write_text(text.replace('"first"', "TITLE"))
    assert ask()[0]["mine"]["title"] == "one"
    assert not ask()[1]
    helper.write_text("TITLE = 'two'\n")
    assert ask()[0]["mine"]["title"] == "two"


def test_new_weights_are_listed(first, ask, tmp_path):
    assert not first[0][0]["espcn"]["weights"][-1].startswith("x4: 11.50 dB")
    weights = tmp_path / "weights"
    weights.mkdir()
    for name in ("espcn_x4.safetensors", "espcn_x4.json"):
        (weights / name).write_bytes((Path(paths.search_path("methods")[0], "weights", name)).read_bytes())
    card = json.loads((weights / "espcn_x4.json").read_text())
    card["test_psnr"]["bsd100 x4"] = 11.5
    (weights / "espcn_x4.json").write_text(json.dumps(card))
    assert ask(SRBENCH_WEIGHTS=str(weights))[0]["espcn"]["weights"][-1].startswith("x4: 11.50 dB")


@pytest.mark.slow
def test_a_broken_plugin_is_tried_again(ask, folder):
    (folder / "mine.py").write_text("import no_such_package_yet\n")
    assert ask()[0]["mine"]["title"].startswith("BROKEN: ModuleNotFoundError")
    (folder / "mine.py").write_text(PLUGIN.format(imports="", title="whole"))
    assert ask()[0]["mine"]["title"] == "whole"


@pytest.mark.slow
def test_a_damaged_or_unwritable_cache_costs_only_time(first, ask, tmp_path):
    expected = first[0][0]
    (file,) = (tmp_path / "cache" / "lists").iterdir()
    file.write_text("{'half")
    assert ask()[0] == expected
    (tmp_path / "file").write_text("")
    assert ask(SRBENCH_CACHE=str(tmp_path / "file" / "below"))[0] == expected
