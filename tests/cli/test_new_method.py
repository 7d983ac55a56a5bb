"""``srbench new-method``, and the page 'add a method' run as it stands."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

FILES = {
    "class Sharpened": "sharpened.py",
    "class Mine": "mine.py",
    "class MeanOfFrames": "mean_of_frames.py",
    "MEAN_ERROR = ": "my_metric.py",
}
PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_tests(path):
    """Names of the tests in a file that fail; in this process, since another one would import torch again."""
    module = runpy.run_path(str(Path(path).resolve()))
    failed = []
    tests = {name: test for name, test in module.items() if name.startswith("test_")}
    assert len(tests) == 3
    for name, test in tests.items():
        try:
            test()
        except AssertionError:
            failed.append(name)
    return failed


def test_the_plugin_works_and_its_test_passes_until_it_is_broken(srbench, here):
    result = srbench("new-method", "two-words")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in here.iterdir()) == ["test_two_words.py", "two_words.py"]
    (command,) = re.findall(r"  srbench (run .*)", result.stdout)
    run = srbench(*command.split(), "--device", "cpu", "--scales", "2", "--metrics", "psnr", "--no-images")
    assert run.exit_code == 0, run.output
    assert re.search(r"two-words +│.* \d\d\.\d\d", run.stdout)
    assert run_tests("test_two_words.py") == []
    plugin = here / "two_words.py"
    plugin.write_text(plugin.read_text().replace("sr + 0.3 * detail", "0.9 * sr"))
    assert run_tests("test_two_words.py") == ["test_a_flat_picture_stays_flat", "test_it_beats_bicubic"]


@pytest.mark.parametrize("name", ["Two", "two_words", "two--words", "2words", "../two", "two words", "class", "zwölf"])
def test_a_name_that_cannot_be_is_one_line(wrong, here, name):
    wrong("new-method", name, match=f"'{re.escape(name)}' cannot be a method's name; use small letters")
    assert list(here.iterdir()) == []


def test_nothing_is_overwritten(wrong, here):
    (here / "test_mine.py").write_text("mine")
    wrong("new-method", "mine", match=r"'test_mine\.py' is there already")
    assert [path.name for path in here.iterdir()] == ["test_mine.py"]
    assert (here / "test_mine.py").read_text() == "mine"


def test_the_name_of_a_method_is_taken(wrong):
    wrong("new-method", "tv-map", match="there is a method 'tv-map' already")


def test_the_page_add_a_method_runs_as_it_stands(srbench, here):
    """Every code block of the page, in its order: Python becomes the file that the page names, commands are run."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"```(python|sh)\n(.*?)```", text, re.S)
    blocks = [(kind, content) for kind, content in found if "fsrcnn@4 > vdsr@1" not in content]  # in test_cascades.py
    assert [kind for kind, _ in blocks] == ["sh", "python", "sh", "python", "python", "sh", "python", "sh"]
    ran = 0
    for kind, content in blocks:
        if kind == "python":
            (name,) = (file for mark, file in FILES.items() if mark in content)
            (here / name).write_text(content)
            continue
        for line in content.splitlines():
            program, *arguments = shlex.split(line)
            if program == "pytest":
                assert run_tests(*arguments) == []
            else:
                result = srbench(*arguments, *(["--device", "cpu"] if arguments[0] == "run" else []))
                assert result.exit_code == 0, f"{line}: {result.output}"
            ran += 1
    assert ran == 6
    # The network of the page has no weight file: what is missing is said.
    result = srbench("run", "--methods", "./mine.py", "--datasets", "sample", "--scales", "2", "--device", "cpu")
    assert result.exit_code in (1, 2)
    assert "mine_x2.safetensors" in result.stderr
