"""Protocols on the command line: names and files, in every command that takes them."""

import csv
import io
from pathlib import Path

import pytest

MINE = """\
name = "mine"
version = 1
title = "As our code does it"
working_space = "rgb"
lr_rounded = true
luma_rounded = false
grey_as_rgb = true
shave = 2
"""


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    return tmp_path / "mine.toml"


@pytest.fixture
def run(srbench, pictures, results):
    def call(protocol, *options, methods="nearest"):
        common = ["--datasets", pictures, "--scales", "2", "--out", results, "--device", "cpu", "--threads", "1"]
        return srbench("run", "--methods", methods, *common, "--metrics", "psnr", "--protocol", protocol, *options)

    return call


def rows(srbench, results, *options):
    result = srbench("report", results, "--format", "csv", *options)
    assert result.exit_code == 0, result.output
    return {(row["method"], row["protocol"]): float(row["mean"]) for row in csv.DictReader(io.StringIO(result.stdout))}


def test_names_and_files_are_run_and_reported(run, srbench, results, mine):
    result = run(f"classic,{mine},rgb")
    assert result.exit_code == 0, result.output
    assert "9 cells computed" in result.stderr
    whole = rows(srbench, results)
    assert whole.keys() == {("nearest", name) for name in ("classic", "mine", "rgb")}
    assert rows(srbench, results, "--protocol", f"{mine},rgb").keys() == {("nearest", "mine"), ("nearest", "rgb")}
    mine.unlink()
    assert rows(srbench, results, "--protocol", "mine") == {("nearest", "mine"): whole["nearest", "mine"]}
    assert "9 already there" not in run("classic,rgb").stderr
    assert "6 already there" in run("rgb,classic").stderr


def test_a_file_beside_where_one_is_and_at_home(run, srbench, results, mine, monkeypatch):
    monkeypatch.chdir(mine.parent)
    monkeypatch.setenv("HOME", str(mine.parent))
    for spec in ("./mine.toml", "mine.toml", "~/mine.toml"):
        result = run(spec)
        assert result.exit_code == 0, result.output
    assert "3 already there" in result.stderr


def test_a_campaign_names_several(srbench, pictures, results, mine, tmp_path):
    (tmp_path / "campaign.toml").write_text(
        f'methods = ["nearest"]\ndatasets = ["{pictures}"]\nscales = 2\nout = "{results}"\nthreads = 1\n'
        f'metrics = "psnr"\n[[run]]\nprotocol = ["classic", "{mine}"]\n[[run]]\nprotocol = "rgb"\n'
    )
    result = srbench("run", "--config", tmp_path / "campaign.toml")
    assert result.exit_code == 0, result.output
    assert rows(srbench, results).keys() == {("nearest", name) for name in ("classic", "mine", "rgb")}


def test_images_made_elsewhere_under_several(run, srbench, results, pictures, mine, tmp_path):
    run(f"{mine},rgb")
    made = next(results.glob("images/rgb/*/x2/*"))
    options = ["--dataset", pictures, "--scale", "2", "--name", "theirs", "--metrics", "psnr", "--out", results]
    result = srbench("score", made, *options, "--protocol", f"rgb,{mine}")
    assert result.exit_code == 0, result.output
    found = rows(srbench, results)
    assert {found["theirs", name] for name in ("rgb", "mine")} == {found["nearest", name] for name in ("rgb", "mine")}


def test_thresholds_under_a_protocol_of_ones_own(run, srbench, results, mine, wrong):
    run(f"{mine},rgb")
    thresholds = mine.with_name("thresholds.toml")
    baseline = mine.with_name("baseline.toml")
    assert srbench("check", results, "--write-baseline", baseline).exit_code == 0
    limit = '[[threshold]]\nmethod = "nearest"\ndataset = "pictures"\nscale = 2\nmetric = "psnr"\nmin = {}\n'
    for spec in ("mine", "./mine.toml"):
        thresholds.write_text(limit.format(5) + f'protocol = "{spec}"\n')
        assert srbench("check", results, "--thresholds", thresholds).exit_code == 0
    mine.unlink()
    thresholds.write_text(limit.format(90) + 'protocol = "mine"\n')
    assert srbench("check", results, "--thresholds", thresholds).exit_code == 1
    assert srbench("check", results, "--thresholds", baseline).exit_code == 0
    thresholds.write_text(limit.format(5) + 'protocol = "mines"\n')
    wrong("check", results, "--thresholds", thresholds, match="unknown protocol 'mines'; did you mean mine")


def test_explain_looks_for_a_protocol_of_ones_own(run, srbench, results, pictures, mine):
    run(str(mine))
    (value,) = rows(srbench, results).values()
    asked = ["explain", "nearest", "--dataset", pictures, "--scale", "2", "--expect", f"{value:.6f}", "--device", "cpu"]
    assert f"{value:.6f} is mine\n" in srbench(*asked, "--protocol", mine).stderr
    assert "is mine" not in srbench(*asked).stderr


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (MINE + "shaves = 3\n", r"mine\.toml', line 9: unknown key 'shaves'; did you mean shave\?"),
        (MINE + 'space = "rgb"\n' + "luma_rounded = true\n", r"mine\.toml' is not valid TOML"),
        (MINE.replace("false", "true") + 'space = "rgb"\n', r"line 6: luma_rounded = true contradicts space = \"rgb\""),
        (MINE.replace("mine", "rgb"), r"line 1: there is another protocol 'rgb'; give it a name of its own"),
        (MINE.replace("shave = 2", "shave = 99"), r"line 8: shave = 99 is not from 0 to 16"),
        ("no TOML", r"mine\.toml' is not valid TOML"),
        (None, r"cannot read protocol '.*mine\.toml'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_anything_runs(wrong, results, pictures, mine, text, match):
    mine.unlink() if text is None else mine.write_text(text)
    for command in (
        ("run", "--methods", "nearest", "--datasets", pictures, "--out", results, "--protocol", f"rgb,{mine}"),
        ("score", pictures, "--dataset", pictures, "--scale", "2", "--name", "x", "--out", results, "--protocol", mine),
        ("explain", "nearest", "--dataset", pictures, "--scale", "2", "--expect", "20.00", "--protocol", mine),
    ):
        wrong(*command, match=match)
    assert not results.exists()


@pytest.mark.parametrize(
    ("protocol", "match"),
    [
        ("clasic", "unknown protocol 'clasic'; did you mean classic"),
        ("basicsr,ntire", "unknown protocol 'ntire'; did you mean ntire-esr"),
        (",", "the value of --protocol is empty"),
    ],
)
def test_names_that_there_are_not(wrong, results, pictures, protocol, match):
    wrong("run", "--methods", "nearest", "--datasets", pictures, "--out", results, "--protocol", protocol, match=match)
    assert not results.exists()


def test_a_name_is_kept_for_one_protocol(run, mine, results):
    assert run(str(mine)).exit_code == 0
    mine.write_text(MINE.replace("shave = 2", "shave = 3"))
    result = run(str(mine))
    assert result.exit_code == 2
    assert "error: 'mine' is another protocol in these results" in result.stderr
    assert Path(results).is_dir()
