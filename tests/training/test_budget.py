"""What a time budget makes of a recipe."""

import json

import pytest
import safetensors.torch
import torch

from srbench.errors import TrainingError
from srbench.training.budget import FEWEST, Speed, measure, planned
from srbench.training.recipe import Recipe
from srbench.training.session import plan
from srbench.training.trainer import FORMS

LONG = Recipe(steps=100_000, validate_every=1000, warmup=500)


@pytest.mark.parametrize("seconds", [1, 10, 60, 180, 3600, 360_000])
@pytest.mark.parametrize(("step", "validation"), [(0.001, 0.01), (0.05, 0.5), (2.0, 0.5), (2.0, 30.0)])
def test_steps_and_validations_fit_into_the_time(seconds, step, validation):
    made = planned(LONG, Speed(step, validation), seconds)
    assert 1 <= made.steps <= LONG.steps
    assert 1 <= made.validate_every <= LONG.validate_every
    assert made.warmup <= max(made.steps // 10, 0)
    takes = made.steps * step + (made.steps // made.validate_every + 1 + FORMS) * validation
    assert takes <= seconds or made.steps == 1
    if made.steps < LONG.steps and seconds > 60 * validation:
        assert takes > 0.75 * seconds  # and the time is used


def test_all_parts_of_the_schedule_are_measured(tiny, folder, tmp_path, observer, monkeypatch):
    (job,) = plan(tiny, [folder], (2,), "cpu", {"steps": 1000}, tmp_path)
    trainer, seen = job.trainer(observer), []
    step = trainer.single_step
    monkeypatch.setattr(trainer, "single_step", lambda number: (seen.append(number), step(number)))
    speed = measure(trainer, 0.2)
    assert speed.step > 0
    assert speed.validation > 0
    assert len(seen) > FEWEST
    quarters = {number // 250 for number in seen}
    assert quarters == {0, 1, 2, 3} or len(seen) < 8
    assert not (tmp_path / "tiny_x2").exists()


def test_a_fitted_training_is_that_of_its_number_of_steps(tiny, folder, tmp_path, observer):
    (job,) = plan(tiny, [folder], (2,), "cpu", {"steps": 1_000_000}, tmp_path / "fitted")
    trainer = job.trainer(observer, minutes=0.02)
    assert trainer.step == 0
    weights = trainer.run(observer).weights
    recipe = json.loads(weights.with_suffix(".json").read_text())["recipe"]
    assert recipe["steps"] < 1_000_000
    changes = {key: recipe[key] for key in ("steps", "validate_every", "warmup")}
    (job,) = plan(tiny, [folder], (2,), "cpu", changes, tmp_path / "stated")
    stated = job.trainer(observer).run(observer).weights
    for key, value in safetensors.torch.load_file(weights).items():
        assert torch.equal(value, safetensors.torch.load_file(stated)[key]), key


def test_a_fitted_training_goes_on_by_its_own_schedule(tiny, folder, tmp_path, observer):
    (job,) = plan(tiny, [folder], (2,), "cpu", {"steps": 1_000_000}, tmp_path)
    trainer = job.trainer(observer, minutes=0.02)
    trainer.step = 1
    trainer.save()
    again = job.trainer(observer)
    again.resume()
    assert again.recipe == trainer.recipe
    assert again.precision == trainer.precision
    assert again.fitted
    again.resume()
    (other,) = plan(tiny, [folder], (2,), "cpu", {"steps": 1_000_000, "ema": 0.5}, tmp_path)
    with pytest.raises(TrainingError, match="of another recipe"):
        other.trainer(observer).resume()


@pytest.mark.slow
def test_a_schedule_is_shortened_where_steps_are_slower_than_foreseen(tiny, folder, tmp_path, observer, monkeypatch):
    (job,) = plan(tiny, [folder], (2,), "cpu", {"steps": 1_000_000}, tmp_path)
    trainer = job.trainer(observer, minutes=1)
    foreseen = trainer.recipe.steps
    outcome = trainer.run(observer, max_minutes=0.05)
    assert outcome.finished
    card = json.loads(outcome.weights.with_suffix(".json").read_text())
    assert card["steps"] == card["recipe"]["steps"] == outcome.step < foreseen
    last = (tmp_path / "tiny_x2/log.csv").read_text().splitlines()[-1].split(",")
    assert int(last[0]) == outcome.step
    again = job.trainer(observer)
    again.resume()
    assert again.recipe.steps == outcome.step
