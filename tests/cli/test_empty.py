"""Empty arguments, such as those of an unset variable, are errors and never a default or the current folder."""

import pytest

EMPTY = [
    ["run", "--datasets", ""],
    ["run", "--datasets="],
    ["run", "--datasets", ",", "--methods", "bicubic"],
    ["run", "--methods", ""],
    ["run", "--methods", "bicubic", "--methods", " "],
    ["run", "--metrics", " , "],
    ["run", "--out", ""],
    ["run", "--out="],
    ["run", "--scales", ""],
    ["run", "--config", ""],
    ["score", "", "--dataset", "sample", "--scale", "2", "--name", "x"],
    ["score", "folder", "--dataset", "", "--scale", "2", "--name", "x"],
    ["score", "folder", "--dataset", "sample", "--scale", "2", "--name", ""],
    ["score", "folder", "--dataset", "sample", "--scale", "2", "--name", "x", "--out", "\t"],
    ["report", ""],
    ["report", "--output", ""],
    ["report", "--compare", "", ""],
    ["check", ""],
    ["upscale", "bicubic", ""],
    ["upscale", "", "a.png"],
    ["upscale", "bicubic", "a.png", "--output", ""],
    ["verify", ""],
    ["fetch", ""],
    ["time", ""],
    ["explain", "", "--expect", "28.4"],
    ["explain", "bicubic", "--dataset", "", "--expect", "28.4"],
    ["train", "", "--data", "x"],
    ["new-method", ""],
    ["list", ""],
]


@pytest.mark.parametrize("arguments", EMPTY, ids=" ".join)
def test_an_empty_argument_is_an_error_that_says_why(wrong, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    wrong(*arguments, match="empty; a variable of the shell that is not set")
    assert list(tmp_path.iterdir()) == []


def test_the_option_is_named(wrong):
    wrong("run", "--methods", "bicubic", "--out", "", match="the value of --out is empty")
    wrong("run", "--out=", match="the value of --out is empty")
    wrong("verify", "", match="an argument is empty")


@pytest.mark.parametrize("line", ['datasets = ""', 'methods = ","', "datasets = []", 'datasets = [""]', 'out = ""'])
def test_an_empty_value_of_a_campaign_is_an_error(wrong, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.toml").write_text(f"{line}\n")
    wrong("run", "--config", "campaign.toml", match="empty|not a list of names")
    assert not (tmp_path / "results").exists()


def test_a_command_after_a_refused_one_is_not_refused(srbench):
    assert srbench("verify", "").exit_code == 2
    assert srbench("verify", "sample").exit_code == 0
