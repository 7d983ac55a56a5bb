"""How likely a model holds a given image: all its sub-pixels at once, since nothing has to be drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from srbench.methods.pixelcnn.draw import require_temperature
from srbench.methods.pixelcnn.expert import Condition, Expert, to_unit
from srbench.methods.pixelcnn.layers import Prior

ROWS = 16  # whose logits are made at once: 3 kB a pixel


@dataclass(frozen=True)
class CodeLength:
    """In bits. ``bits`` (N, H, W, C): -log2 p of every sub-pixel given the input and the sub-pixels before it;
    ``entropy`` (N, H, W, C): what was to be expected of it."""

    bits: Tensor
    entropy: Tensor


@torch.no_grad()
def code_length(prior: Prior | None, condition: Condition, index: Tensor, temperature: float = 1.0) -> CodeLength:
    """Of the levels ``index`` (N, C, H, W), under the distribution that samples are drawn from at ``temperature``.
    Without a prior, of the conditioning alone.

    Raises:
        SrbenchError: a temperature that is not above 0.
    """
    require_temperature(temperature)
    target = index.permute(0, 2, 3, 1)
    y = to_unit(index, condition.levels)
    features = None if prior is None else prior.features(y)
    bits, entropy = [], []
    for part, given in bands(condition):
        expert = given
        if prior is not None and features is not None:
            expert = given + prior.experts(features[:, part], y.permute(0, 2, 3, 1)[:, part])
        logs = F.log_softmax(temperature * expert.logits(), dim=-1) / math.log(2)
        bits.append(-logs.gather(-1, target[:, part, :, :, None])[..., 0])
        entropy.append(-(logs.exp2() * logs).sum(dim=-1))
    return CodeLength(torch.cat(bits, dim=1), torch.cat(entropy, dim=1))


@torch.no_grad()
def expectation(condition: Condition) -> Tensor:
    """(N, C, H, W) in [0, 1]: the mean of every sub-pixel under the conditioning alone."""
    values = torch.linspace(0, 1, condition.levels, device=condition.mean.device)
    rows = [given.logits().softmax(dim=-1) @ values for _, given in bands(condition)]
    return torch.cat(rows, dim=1).permute(0, 3, 1, 2)


def bands(condition: Condition) -> Iterator[tuple[slice, Expert]]:
    """The condition's expert, a few rows of the image at a time."""
    for top in range(0, condition.mean.shape[1], ROWS):
        part = slice(top, top + ROWS)
        yield part, condition.part(rows=part).expert()
