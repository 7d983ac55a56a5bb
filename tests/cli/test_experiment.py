"""``srbench experiment``, on few digits and for few steps."""

import io
import json
import os

import pytest
import torch
from PIL import Image
from rich.console import Console

from srbench.cli import experiment
from srbench.cli.progress import progress
from srbench.experiments.corners import study, task

NAMES = ["mse", "independent", "gan", "vae", "prior"]
FEW = ["--steps", "2", "--threads", "1"]


@pytest.fixture
def few_digits(monkeypatch):
    all_digits = task.load_digits()
    few = task.Digits(all_digits.train[:40], all_digits.held_out[:6])
    monkeypatch.setattr(task, "load_digits", lambda: few)


@pytest.mark.usefixtures("few_digits")
def test_corners_prints_a_table_and_writes_a_picture_and_the_numbers(srbench, tmp_path):
    folder = tmp_path / "new" / "corners"
    result = srbench("experiment", "corners", "--out", folder, *FEW)
    assert result.exit_code == 0, result.output
    assert "corners: 6 held-out digits, 2 training steps, seed 0" in result.stdout
    for text in ("MSE regression", "independent pixels", "GAN", "VAE", "PixelCNN prior", "by arithmetic"):
        assert text in result.stdout
    assert "PixelCNN prior: step 2/2" in result.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["corners.json", "corners.png"]
    assert result.stdout.splitlines()[-2:] == [str(folder / "corners.png"), str(folder / "corners.json")]
    with Image.open(folder / "corners.png") as image:
        image.load()
        assert image.size[0] > image.size[1] > 300

    content = json.loads((folder / "corners.json").read_text())
    assert content["settings"] == {"seeds": [0], "steps": 2, "batch": 32, "inputs": 6, "draws": 4, "tolerance": 0.1}
    assert content["best"]["joint_bits"] == 1
    assert [row["name"] for row in content["networks"]] == NAMES
    for row in content["networks"]:
        clean, top_left, bits = (row["numbers"][name] for name in ("clean", "top_left", "bits"))
        assert 0 <= clean["mean"] == clean["low"] == clean["high"] <= 1
        assert clean["seeds"] == [clean["mean"]]
        assert (top_left["mean"] is None) == (clean["mean"] == 0)
        assert (bits["mean"] is None) == (row["name"] in ("mse", "gan"))
        assert row["bound"] == (row["name"] == "vae")


@pytest.mark.usefixtures("few_digits")
def test_a_seed_repeats_everything_and_another_does_not(srbench, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert srbench("experiment", "corners", "--out", tmp_path / name, "--seed", seed, *FEW).exit_code == 0
    a, b, c = ((tmp_path / name / "corners.json").read_bytes() for name in "abc")
    assert a == b
    assert json.loads(a)["networks"] != json.loads(c)["networks"]
    pictures = [(tmp_path / name / "corners.png").read_bytes() for name in "abc"]
    assert pictures[0] == pictures[1] != pictures[2]


@pytest.mark.usefixtures("few_digits")
@pytest.mark.slow
def test_several_seeds_are_those_of_single_runs_side_by_side(srbench, tmp_path):
    for name, options in (("all", ("--seed", 3, "--seeds", 2)), ("a", ("--seed", 3)), ("b", ("--seed", 4))):
        result = srbench("experiment", "corners", "--out", tmp_path / name, *options, *FEW)
        assert result.exit_code == 0, result.output
        if name == "all":
            assert "seeds 3 to 4" in result.stdout
            assert "below it the least and the greatest" in result.stdout
            assert "GAN, seed 3: step 4/4" in result.stderr
            assert "GAN, seed 4: step 4/4" in result.stderr
    both, a, b = (json.loads((tmp_path / name / "corners.json").read_text()) for name in ("all", "a", "b"))
    assert both["settings"]["seeds"] == [3, 4]
    for row, first, second in zip(both["networks"], a["networks"], b["networks"], strict=True):
        for name, number in row["numbers"].items():
            alone = [one["numbers"][name]["mean"] for one in (first, second)]
            assert number["seeds"] == alone
            if None not in alone:
                assert (number["low"], number["high"]) == (min(alone), max(alone))
                assert number["mean"] == pytest.approx(sum(alone) / 2)
    assert (tmp_path / "all" / "corners.png").read_bytes() == (tmp_path / "a" / "corners.png").read_bytes()


def test_a_seed_or_number_of_seeds_that_cannot_be(srbench, wrong, tmp_path):
    wrong("experiment", "corners", "--out", tmp_path, "--seed", 2**63 - 1, "--seeds", 2, match="is not a seed")
    result = srbench("experiment", "corners", "--seeds", "0")
    assert result.exit_code == 2
    assert "--seeds" in result.stderr


def test_an_unknown_experiment_is_answered_with_the_nearest_name(wrong):
    wrong("experiment", "cornres", match="unknown experiment 'cornres'; did you mean corners?")
    wrong("experiment", "edges", match="unknown experiment 'edges'; known: |did you mean")


def test_a_folder_that_cannot_be_is_found_before_the_training(wrong, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "run", None)  # calling it would be another error
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        wrong("experiment", "corners", "--out", folder, match="cannot write into '.*file.*'.*choose another --out")
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    wrong("experiment", "corners", "--out", tmp_path, match="read-only.*choose another --out")


@pytest.mark.parametrize("steps", [0, -5])
def test_steps_must_be_positive(wrong, tmp_path, steps):
    wrong("experiment", "corners", "--out", tmp_path, "--steps", steps, match=f"{steps} steps train nothing; give")


@pytest.mark.parametrize("option", [("--steps", "many"), ("--threads", "0"), ("--seed", "x")])
def test_options_that_are_no_numbers_are_usage_errors(srbench, option):
    result = srbench("experiment", "corners", *option)
    assert result.exit_code == 2
    assert option[0] in result.stderr


def test_the_name_is_required(srbench):
    assert srbench("experiment").exit_code == 2


def test_ctrl_c_ends_it_without_files(srbench, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "train", interrupted)
    result = srbench("experiment", "corners", "--out", tmp_path, *FEW)
    assert result.exit_code == 130
    assert "interrupted" in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_each_network_has_a_bar():
    stream = io.StringIO()
    with progress(Console(file=stream, force_terminal=True, width=120), transient=False) as shown:
        observer = experiment._Networks(shown)
        for title in ("one", "another"):
            observer.begin(title, 4)
            observer.step(4, 0.25)
    text = stream.getvalue()
    assert all(part in text for part in ("one", "another", "4/4", "loss 0.250"))


def test_a_full_disk_is_one_line(wrong, tmp_path, monkeypatch, few_digits):
    def full(*_):
        raise OSError(28, "No space left on device")

    row = study.Row("mse", "MSE", 1, 0.0, None, 0.0, 0.5, 1.0, 0.03, None, False)
    made = study.Study(1, 0, (row,), {}, {"mse": torch.zeros(6, study.DRAWS, 16, 16)})
    monkeypatch.setattr(study, "run", lambda *_: made)
    monkeypatch.setattr("srbench.experiments.corners.picture.write_picture", full)
    wrong("experiment", "corners", "--out", tmp_path, match="cannot write into .*No space left.*choose another --out")
