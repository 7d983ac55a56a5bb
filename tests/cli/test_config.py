"""``srbench run --config``: a campaign in a file."""

import inspect
from dataclasses import fields

import pytest

from srbench.cli import run
from srbench.cli.campaign import Options
from srbench.imaging.images import write_image


@pytest.fixture
def campaign(srbench, pictures, results, tmp_path):
    def call(text, *arguments):
        path = tmp_path / "campaign.toml"
        path.write_text(text.replace("PICTURES", str(pictures)).replace("RESULTS", str(results)))
        return srbench("run", "--config", path, *arguments)

    return call


SHARED = 'datasets = ["PICTURES"]\nout = "RESULTS"\nthreads = 1\ndevice = "cpu"\nno-images = true\n'


def rows(srbench, results):
    lines = srbench("report", results, "--format", "csv").stdout.splitlines()[1:]
    return {(method, scale, protocol) for method, _, scale, protocol, *_ in (line.split(",") for line in lines)}


def test_a_file_is_a_run(campaign, srbench, results):
    result = campaign(SHARED + 'methods = ["nearest", "bilinear"]\nscales = [2, 3]\nprotocol = "classic"\n')
    assert result.exit_code == 0, result.output
    assert rows(srbench, results) == {(m, s, "classic") for m in ("nearest", "bilinear") for s in "23"}
    assert not (results / "images").exists()


def test_a_file_is_several_runs_that_share_options(campaign, srbench, results):
    text = SHARED + 'methods = "nearest"\nscales = 2\n[[run]]\nprotocol = "classic"\n[[run]]\nmethods = ["bilinear"]\n'
    result = campaign(text)
    assert result.exit_code == 0, result.output
    assert rows(srbench, results) == {("nearest", "2", "classic"), ("bilinear", "2", "basicsr")}


def test_the_command_line_overrides_the_file(campaign, srbench, results):
    result = campaign(SHARED + 'methods = ["bilinear"]\nscales = [2]\n', "--methods", "nearest", "--scales", "3")
    assert result.exit_code == 0, result.output
    assert rows(srbench, results) == {("nearest", "3", "basicsr")}


def test_clips_are_chosen_in_a_file_and_on_the_command_line(campaign, srbench, wrong, results, tmp_path, make_picture):
    for place in ("fox/1", "fox/2", "owl/1", "owl/2"):
        write_image(tmp_path / "mine" / f"{place}.png", make_picture(24, 24, 1))
    shared = SHARED.replace("PICTURES", str(tmp_path / "mine")) + 'methods = ["nearest"]\nscales = 2\n'
    for text, more in (('clips = "fox"\n', ()), ('clips = ["owl", "fox"]\n', ("--clips", "fox"))):
        assert campaign(shared + text, *more).exit_code == 0
        lines = srbench("report", results, "--format", "csv", "--per-image").stdout.splitlines()[1:]
        assert {line.split(",")[5] for line in lines} == {"fox/1", "fox/2"}
    wrong("run", "--config", tmp_path / "campaign.toml", "--clips", "cat", match="there is no clip 'cat'.*fox, owl")


def test_a_failure_in_one_run_leaves_the_others(campaign, srbench, results, write_plugin):
    bad = write_plugin("1 / 0")
    result = campaign(SHARED + f'scales = [2]\n[[run]]\nmethods = ["{bad}"]\n[[run]]\nmethods = ["nearest"]\n')
    assert result.exit_code == 1
    assert rows(srbench, results) == {("nearest", "2", "basicsr")}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (
            'methods = ["nearest"]\n\nscals = [2]\n',
            r"campaign\.toml', line 3: unknown key 'scals'; did you mean scales",
        ),
        (
            "seed = 1\n[[run]]\nseed = 2\n[[run]]\n  protocl = 'x'\n",
            r"line 5: unknown key 'protocl'; did you mean protocol",
        ),
        ("zzz = 1\n", "line 1: unknown key 'zzz'; known: batch, cell-timeout, clips, cluster"),
        ("debug = true\n", "line 1: unknown key 'debug'"),
        ("\nthreads = 'two'\n", r"line 2: threads = 'two' is not a whole number"),
        ("threads = true\n", "threads = True is not a whole number"),
        ('scales = ["2.5"]\n', "is not a list of numbers"),
        ("scales = [0.5]\n", "'0.5' is a scale below 1"),
        ("scales = 1.00001\n", "a denominator of more than 1,000"),
        ("methods = [1]\n", r"methods = \[1\] is not a list of names"),
        ("force = 1\n", "force = 1 is not true or false"),
        ("methods = \n", "not valid TOML.*line 1"),
        ("run = 3\n", r"'run' is no table; write each run as \[\[run\]\]"),
        ("methods = ['bicubik']\n", "unknown method 'bicubik'; did you mean bicubic"),
    ],
)
def test_what_is_wrong_is_one_line(wrong, tmp_path, text, match):
    (tmp_path / "campaign.toml").write_text(text)
    wrong("run", "--config", tmp_path / "campaign.toml", match=match)


def test_a_missing_file_is_one_line(wrong, tmp_path):
    wrong("run", "--config", tmp_path / "gone.toml", match=r"cannot read config '.*gone\.toml' \(No such file")


def test_a_campaign_knows_every_option_of_run_and_no_other():
    options = set(inspect.signature(run.command).parameters) - {"context", "config", "debug"}
    assert {field.name for field in fields(Options)} == options
