"""Recipes: unknown keys and senseless values are errors; the rate is what the docstring says."""

import pytest

from srbench.errors import TrainingError
from srbench.training.recipe import Recipe, parse_changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lerning_rate": 1}, "no key 'lerning_rate'; did you mean 'learning_rate'"),
        ({"steps": 0}, "steps must be positive"),
        ({"steps": "many"}, "steps is int"),
        ({"ema": 1.0}, "ema is in"),
        ({"rescale": [2.0]}, "rescale"),
        ({"shave": 48}, "nothing left"),
        ({"optimiser": "soap", "weight_decay": 0.01}, "soap has no weight_decay"),
    ],
)
def test_bad_recipes(changes, message):
    with pytest.raises(TrainingError, match=message):
        Recipe(patch=96).changed(changes)


def test_changes_from_the_command_line():
    changes = parse_changes(
        ["steps=7", "loss=l2", 'loss={"l1": 1, "tv": 0.001}', "rescale=[1.0, 0.5]", "learning_rate=1"]
    )
    recipe = Recipe().changed(changes)
    assert (recipe.steps, recipe.rescale, recipe.learning_rate) == (7, (1.0, 0.5), 1.0)
    assert recipe.loss == (("l1", 1.0), ("tv", 0.001))
    assert recipe.hash != Recipe().hash
    with pytest.raises(TrainingError, match="key=value"):
        parse_changes(["steps"])


def test_the_rate_rises_and_falls():
    recipe = Recipe(steps=101, warmup=10, learning_rate=1.0, final_rate=0.1)
    assert recipe.rate(0) == pytest.approx(0.1)
    assert recipe.rate(9) == recipe.rate(10) == pytest.approx(1.0)
    assert recipe.rate(55) == pytest.approx(0.55)
    assert recipe.rate(100) == pytest.approx(0.1)
