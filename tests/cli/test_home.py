"""``~`` is the user's folder in every option that is a path, also where a shell leaves it."""

from pathlib import Path

import pytest

from srbench import paths
from srbench.cli.shell import expanded, split


@pytest.fixture
def home(monkeypatch, tmp_path, made_up):
    folder = tmp_path / "home"
    folder.mkdir()
    made_up(methods=1, datasets={"set5": 5}).rename(folder / "results")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (("report", "~/results", "--format", "csv", "--output=~/out.csv"), "out.csv"),
        (("report", "~/results"), "results/report.html"),
        (("report", "--compare", "~/results", "~/results", "--output=~/c.html"), "c.html"),
        (("check", "~/results", "--write-baseline=~/b.toml"), "b.toml"),
    ],
)
def test_paths_of_commands(srbench, home, arguments, file):
    result = srbench(*arguments)
    assert result.exit_code == 0, result.output
    assert (home / file).is_file()


def test_every_path_of_a_run(srbench, home, pictures, write_plugin):
    pictures.rename(home / "pictures")
    Path(write_plugin()).rename(home / "mine.py")
    (home / "run.toml").write_text('out = "~/out"\nmethods = "bicubic,~/mine.py"\n')
    result = srbench("run", "--config=~/run.toml", "--datasets=~/pictures", "--scales", "2", "--metrics", "psnr")
    assert result.exit_code == 0, result.output
    assert (home / "out" / "results.sqlite").is_file()
    assert "mine" in result.stdout


def test_what_is_no_path_stays(home, tmp_path):
    assert expanded({"name": "~", "metric": "~x", "n": 3, "none": None}) == {
        "name": "~",
        "metric": "~x",
        "n": 3,
        "none": None,
    }
    assert expanded("~nobody-of-that-name/x") == "~nobody-of-that-name/x"
    assert split(["a,~/b.py"]) == ("a", f"{home}/b.py")


@pytest.mark.parametrize(("variable", "read"), [("SRBENCH_DATA", paths.data), ("SRBENCH_WEIGHTS", paths.weights)])
def test_variables_of_the_environment(home, monkeypatch, variable, read):
    monkeypatch.setenv(variable, "~/there")
    monkeypatch.setenv("SRBENCH_CACHE", "~/cache")
    assert read()[0] == home / "there"
    assert read()[-1].parent == home / "cache"
