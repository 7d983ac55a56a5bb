import pytest
import torch

from srbench.methods.pixelcnn import Prior
from srbench.methods.pixelcnn.expert import ConditionHead


@pytest.fixture
def model():
    """(prior, condition) of a tiny network with weights of a size that makes every part matter."""

    def make(images, height, columns, channels=3, levels=16, seed=0, **sizes):
        torch.manual_seed(seed)
        sizes = {"width": 8, "layers": 2, "hidden": 8, **sizes}
        # Low precisions keep all logits small, so that an absolute tolerance is a strict one.
        prior = Prior(channels=channels, levels=levels, precision=0.0, **sizes)
        head = ConditionHead(5, channels, levels, precision=0.0)
        with torch.no_grad():
            for parameter in [*prior.parameters(), *head.parameters()]:
                parameter.add_(0.15 * torch.randn_like(parameter))
            features, start = (
                torch.randn(images, height, columns, 5),
                torch.rand(images, height, columns, channels) * 2 - 1,
            )
            return prior, head(features, start)

    return make
