"""``srbench runs`` and ``srbench drop``."""

import pytest
from typer.testing import CliRunner

from srbench.cli import app
from srbench.results.reader import Reader
from srbench.results.store import Store


@pytest.fixture
def folder(made_up):
    return made_up(methods=2, datasets={"set5": 5})


def methods(folder):
    with Reader(folder) as reader:
        return {row.method for row in reader.cells()}


def test_runs_are_listed_with_what_they_hold(srbench, folder):
    result = srbench("runs", folder)
    assert result.exit_code == 0, result.output
    row = " ".join(result.stdout.split())
    assert "1 │" in row
    assert "finished" in row
    assert "10 cells: made-up-0, made-up-1 on set5 x4" in row
    assert "made up by a test" in row


def test_what_goes_is_said_and_nothing_goes_unless_it_is_confirmed(folder):
    for answer, gone in (("n\n", False), ("", False), ("y\n", True)):
        result = CliRunner().invoke(app, ["drop", "method", "made-up-0", str(folder)], input=answer)
        assert "5 cells, 10 scores, 0 images" in result.stdout
        assert result.exit_code == (0 if gone else 1), result.output
        assert methods(folder) == ({"made-up-1"} if gone else {"made-up-0", "made-up-1"})


def test_yes_does_not_ask(srbench, folder):
    result = srbench("drop", "run", 1, folder, "--yes")
    assert result.exit_code == 0, result.output
    assert "run 1 with its manifest" in result.stdout
    assert srbench("runs", folder).stderr == "no runs\n"


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("methods", "a"), "unknown kind 'methods'; did you mean method"),
        (("method", "made-up-9"), "unknown method 'made-up-9'; did you mean made-up"),
        (("run", "7"), "no run '7' in this folder; its runs: 1"),
        (("plan", "1"), "run 1 has computed all that it planned"),
    ],
)
def test_what_is_not_there_is_one_line(wrong, folder, arguments, match):
    wrong("drop", *arguments, folder, match=match)


def test_nothing_is_taken_from_under_a_run_that_goes_on(wrong, folder):
    with Store(folder) as store:
        store.start_run({"command": "this test"})
        wrong("drop", "method", "made-up-0", folder, match="run 2 goes on")
