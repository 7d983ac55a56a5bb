"""Code lengths: they are those of the logits, sum to a probability, and are what samples cost."""

import pytest
import torch

from srbench.methods.pixelcnn.batches import draw
from srbench.methods.pixelcnn.draw import uniform
from srbench.methods.pixelcnn.likelihood import code_length, expectation


def test_bits_are_those_of_the_whole_logits(model):
    prior, condition = model(2, 37, 6, photographs=True)
    index = torch.randint(16, (2, 3, 37, 6))
    found = code_length(prior, condition, index)
    logs = (condition.expert() + prior(index * (2 / 15) - 1)).logits().log_softmax(-1)
    wanted = -logs.gather(-1, index.permute(0, 2, 3, 1)[..., None])[..., 0] / torch.log(torch.tensor(2.0))
    assert torch.allclose(found.bits, wanted, atol=1e-4)
    alone = code_length(None, condition, index).bits
    own = -condition.expert().logits().log_softmax(-1).gather(-1, index.permute(0, 2, 3, 1)[..., None])[..., 0]
    assert torch.allclose(alone * 0.6931472, own, atol=1e-4)


def test_probabilities_of_all_images_sum_to_one(model):
    prior, condition = model(1, 2, 2, channels=1, levels=3)
    every = torch.cartesian_prod(*[torch.arange(3)] * 4).view(81, 1, 2, 2)
    same = type(condition)(
        *(t.expand(81, -1, -1, -1) for t in (condition.features, condition.mean, condition.precision)),
        condition.weight,
        condition.bias,
    )
    total = code_length(prior, same, every).bits.sum(dim=(1, 2, 3))
    assert abs(float(torch.exp2(-total).sum()) - 1) < 1e-4


@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_samples_cost_their_entropy(model, temperature):
    """Only if they are drawn from the very distribution that the likelihood is of."""
    prior, condition = model(1, 12, 12, photographs=True)
    levels = draw(prior, condition, uniform(0, 40, (12, 12), 3), temperature)[0].long()
    same = type(condition)(
        *(t.expand(40, -1, -1, -1) for t in (condition.features, condition.mean, condition.precision)),
        condition.weight,
        condition.bias,
    )
    found = code_length(prior, same, levels, temperature)
    assert abs(float(found.bits.mean() - found.entropy.mean())) < 0.03
    other = code_length(prior, same, levels, 2.7 - temperature)
    assert abs(float(other.bits.mean() - other.entropy.mean())) > 0.1


def test_the_expectation_is_that_of_the_conditioning(model):
    _, condition = model(1, 20, 5)
    wanted = condition.expert().logits().softmax(-1) @ torch.linspace(0, 1, 16)
    assert torch.allclose(expectation(condition), wanted.permute(0, 3, 1, 2), atol=1e-6)
