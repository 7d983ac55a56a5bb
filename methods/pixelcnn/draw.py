"""From the logits of a sub-pixel to its level; and the plain sampler, a full forward pass per sub-pixel."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from srbench.errors import SrbenchError
from srbench.methods.pixelcnn.expert import Condition, grid
from srbench.methods.pixelcnn.layers import Prior


def require_temperature(temperature: float) -> float:
    """``temperature``; raises SrbenchError unless it is a positive, finite number."""
    if not 0 < temperature < float("inf"):
        raise SrbenchError(
            f"a temperature of {temperature:g} is not above 0",
            "it multiplies the logits: 1 draws from the model, more draws sharper images",
        )
    return temperature


def uniform(seed: int, samples: int, size: tuple[int, int], channels: int) -> Tensor:
    """(samples, H, W, C) float32 in [0, 1): the random numbers of a drawing, the same on every device."""
    return torch.rand((samples, *size, channels), generator=torch.Generator().manual_seed(seed))


def antithetic(noise: Tensor) -> Tensor:
    """(K, ...) to (2 K, ...): the same random numbers again, mirrored at one half.

    Each sample is one of the model's as before; but where one is brighter than the mean, its partner is darker, so that
    the mean of a few pairs is as near to the mean of the model as that of many independent samples.
    """
    return torch.cat([noise, 1 - noise])


def pick(logits: Tensor, noise: Tensor | None) -> Tensor:
    """(..., levels) logits to levels (...), int64: where the cumulated probability passes ``noise`` (...), or, without
    noise, the likeliest level."""
    if noise is None:
        return logits.argmax(dim=-1)
    total = logits.softmax(dim=-1).cumsum(dim=-1)
    found = torch.searchsorted(total, (noise * total[..., -1])[..., None], right=True)
    return found[..., 0].clamp_(max=logits.shape[-1] - 1)


@torch.no_grad()
def plain(
    prior: Prior,
    condition: Condition,
    noise: Tensor | None,
    temperature: float = 1.0,
    pixels: Iterable[tuple[int, int]] | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw sub-pixel by sub-pixel in raster order, each from a forward pass over the whole image: slow, and obviously
    right. What the fast sampler is tested against.

    Args:
        noise: (N, H, W, C) in [0, 1); None takes the likeliest level.
        pixels: only these (row, column), in raster order, the others staying at zero: to time a few steps.

    Returns:
        levels (N, C, H, W) int64 and the logits that they were drawn from, (N, H, W, C, levels).
    """
    require_temperature(temperature)
    n, channels, height, width = condition.shape
    values = grid(prior.levels, condition.mean)
    index = torch.zeros((n, channels, height, width), dtype=torch.int64, device=condition.mean.device)
    y = torch.zeros_like(index, dtype=torch.float32)
    kept = torch.zeros((n, height, width, channels, prior.levels), device=y.device)
    given = condition.expert()
    every = ((i, j) for i in range(height) for j in range(width))
    for i, j in every if pixels is None else pixels:
        for c in range(channels):
            logits = (given + prior(y)).logits()[:, i, j, c]
            kept[:, i, j, c] = logits
            level = pick(temperature * logits, None if noise is None else noise[:, i, j, c])
            index[:, c, i, j], y[:, c, i, j] = level, values[level]
    return index, kept
