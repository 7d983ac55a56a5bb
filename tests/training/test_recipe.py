"""Recipes: unknown keys and senseless values are errors; the rate is what the docstring says."""

import pytest

from srbench.errors import TrainingError
from srbench.training.recipe import Recipe, parse_changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lerning_rate": 1}, "no key 'lerning_rate'; did you mean 'learning_rate'"),
        ({"steps": 0}, "steps must be positive"),
        ({"steps": "many"}, "steps is a whole number, not 'many'"),
        ({"ema": 1.0}, "ema is in"),
        ({"rescale": [2.0]}, "rescale"),
        ({"shave": 48}, "nothing left"),
        ({"feature_shift": -1}, "feature_shift must not be negative"),
        ({"feature_shift": 80, "shave": 8}, "feature_shift of 80 leaves nothing of 80 pixels"),
        ({"feature_doubled": 1.5}, r"feature_doubled is in \[0, 1\], not 1.5"),
        ({"optimiser": "soap", "weight_decay": 0.01}, "soap has no weight_decay"),
    ],
)
def test_bad_recipes(changes, message):
    with pytest.raises(TrainingError, match=message):
        Recipe(patch=96).changed(changes)


WRONG = [
    *("seed=null", "seed=-1", "seed=x", "steps=null", "steps=1.5", "steps=true", "steps=[1]", "steps=" + "9" * 30),
    *("rescale=[[2]]", "rescale=[]", "rescale=null", "rescale=0.5", "rescale=[true]", "rescale=[NaN]", "loss=[]"),
    *("loss={}", 'loss=[["l1"]]', 'loss=[["l1", "x"]]', 'loss={"l1": null}', "loss=3", "loss=[1, 2]", "loss=null"),
    *("learning_rate=NaN", "learning_rate=Infinity", "learning_rate=1e400", "learning_rate=null", "optimiser=x"),
    *("optimiser=3", "optimiser=[]", "precision={}", "by_folder=1", "clip_norm=[1]", "shave=-1"),
    *("joint_scales=2", "joint_scales=[2.5]", "joint_scales=[]", "warmup=-1", "weight_decay=-1", "patch={}"),
    *("steps=" + "[" * 3000, "steps=" + "9" * 5000, "final_rate=" + "[" * 3000 + "]" * 3000, "validation_images=0"),
]


@pytest.mark.parametrize("change", WRONG, ids=lambda change: change[:24])
def test_values_of_another_type_are_refused(change):
    with pytest.raises(TrainingError, match=r"^recipe: ") as caught:
        Recipe().changed(parse_changes([change]))
    assert change.partition("=")[0] in str(caught.value)
    assert len(str(caught.value)) < 250


RIGHT = [
    *(("seed=9223372036854775807", "seed", 2**63 - 1), ("clip_norm=null", "clip_norm", None)),
    *(
        ("clip_norm=1", "clip_norm", 1.0),
        ("joint_scales=[2, 4]", "joint_scales", (2, 4)),
        ("by_folder=false", "by_folder", False),
    ),
    *(
        ("loss=tv", "loss", (("tv", 1.0),)),
        ('loss=[["l1", 2]]', "loss", (("l1", 2.0),)),
        ("rescale=[1]", "rescale", (1.0,)),
    ),
]


@pytest.mark.parametrize(("change", "field", "value"), RIGHT)
def test_values_take_the_type_of_their_field(change, field, value):
    found = getattr(Recipe().changed(parse_changes([change])), field)
    assert found == value
    assert type(found) is type(value)


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
