"""Trainings that keep a part of the network: it stays as it was given, and the names of parts are checked."""

import pytest
import torch

from srbench.errors import TrainingError
from srbench.training.parts import PartRecipe, trained_parameters
from srbench.training.recipe import Recipe
from srbench.training.session import plan

SMALL = {"steps": 3, "batch": 2, "patch": 16, "rescale": (1.0,), "validation_images": 1, "warmup": 1}


def network():
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Conv2d(2, 1, 3))


def test_all_is_trained_by_an_ordinary_recipe():
    assert len(trained_parameters(network(), Recipe())) == 4


def test_what_is_frozen_asks_for_no_gradient():
    made = network()
    assert [p.shape for p in trained_parameters(made, PartRecipe(frozen=("0.",)))] == [(1, 2, 3, 3), (1,)]
    assert [p.requires_grad for p in made.parameters()] == [False, False, True, True]


@pytest.mark.parametrize(
    ("frozen", "message"),
    [(("head.",), "no part 'head.' to freeze"), (("0.", "1."), "leaves nothing to train")],
    ids=["unknown", "all"],
)
def test_wrong_parts_are_refused(frozen, message):
    with pytest.raises(TrainingError, match=message):
        trained_parameters(network(), PartRecipe(frozen=frozen))


def test_a_recipe_that_freezes_nothing_is_refused():
    with pytest.raises(TrainingError, match="frozen names no part"):
        PartRecipe()


def test_a_training_keeps_what_is_frozen_and_moves_the_rest(tiny, folder, tmp_path, observer):
    type(tiny).recipes = {"bias": PartRecipe(frozen=("conv.weight",), **SMALL)}
    (job,) = plan(tiny, [folder], (2,), "cpu", None, tmp_path, "bias")
    trainer = job.trainer(observer)
    before = {key: value.clone() for key, value in trainer.network.state_dict().items()}
    trainer.run(observer)
    after = trainer.network.state_dict()
    assert torch.equal(before["conv.weight"], after["conv.weight"])
    assert torch.equal(before["conv.weight"], trainer.average["conv.weight"])
    assert not torch.equal(before["conv.bias"], after["conv.bias"])
