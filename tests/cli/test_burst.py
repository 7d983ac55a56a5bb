"""``srbench experiment burst``, on one small image."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from srbench.experiments.burst import study

USUAL = study.Settings()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Two methods, one image, few points."""
    few = replace(USUAL, images=1, frames=(1, 2), errors=(0.0, 0.5), at=2, side=32)
    monkeypatch.setattr(study, "Settings", lambda: few)
    monkeypatch.setattr(study, "CLASSICAL", ("frame-average", "multi-frame-back-projection"))
    monkeypatch.setattr(study, "LEARNT", ())


def test_it_prints_both_curves_writes_them_and_goes_on_from_them(srbench, tmp_path, monkeypatch):
    folder = tmp_path / "new" / "burst"
    result = srbench("experiment", "burst", "--out", folder)
    assert result.exit_code == 0, result.output
    for text in (
        "by frames, shifts known",
        "by error of the shifts",
        "Mean of registered frames",
        "target frame alone",
    ):
        assert text in result.stdout
    assert "points: 7/7" in result.stderr
    assert result.stdout.splitlines()[-2:] == [str(folder / "burst.png"), str(folder / "burst.json")]
    with Image.open(folder / "burst.png") as image:
        image.load()
    content = json.loads((folder / "burst.json").read_text())
    assert len(content["points"]) == 7
    assert content["settings"]["data"] == "sample"

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(study, "_upscaled", None)  # calling it would be another error
    assert srbench("experiment", "burst", "--out", folder).exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_was_measured_outlives_an_interruption(srbench, tmp_path, monkeypatch):
    upscaled, calls = study._upscaled, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return upscaled(*arguments)

    monkeypatch.setattr(study, "_upscaled", interrupted)
    assert srbench("experiment", "burst", "--out", tmp_path).exit_code == 130
    assert len(json.loads((tmp_path / "burst.json").read_text())["points"]) == 3
    assert not (tmp_path / "burst.png").exists()


def test_options_of_the_other_experiment_are_refused(wrong, tmp_path):
    wrong("experiment", "burst", "--out", tmp_path, "--steps", 3, match="'burst' has no --steps; leave it out")
    wrong("experiment", "corners", "--out", tmp_path, "--data", "sample", match="'corners' has no --data; leave it out")


def test_a_chain_or_dataset_that_cannot_be(wrong, tmp_path):
    wrong("experiment", "burst", "--out", tmp_path, "--images", 500, match="has .* images, not 500; take fewer")
    wrong("experiment", "burst", "--out", tmp_path, "--degradation", "down > sideways", match="sideways")
    wrong("experiment", "burst", "--out", tmp_path, "--data", "no-such-set", match="no-such-set")
