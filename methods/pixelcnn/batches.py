"""Several samples of several images at once, as many as memory holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from srbench.imaging.memory import out_of_memory
from srbench.methods.pixelcnn.expert import Condition
from srbench.methods.pixelcnn.layers import Prior
from srbench.methods.pixelcnn.sampler import Sampler

SHARE = 0.5  # of the free memory that caches may take


def draw(
    prior: Prior,
    condition: Condition,
    noise: Tensor | None,
    temperature: float = 1.0,
    say: Callable[[str], None] = lambda _: None,
) -> Tensor:
    """Samples of every image of ``condition``; all advance together where their caches fit memory.

    Args:
        noise: (K, H, W, C) in [0, 1), the random numbers of K samples, the same for every image, so that a sample does
            not depend on what is drawn beside it; None takes the likeliest levels, once.
        temperature: see :meth:`Sampler.draw`.
        say: told once if smaller batches are taken.

    Returns:
        (B, K, C, H, W) int16 levels.

    Raises:
        SrbenchError: a temperature that is not above 0.
        RuntimeError, MemoryError: there is no memory even for one.
    """
    images, channels, height, width = condition.shape
    samples = 1 if noise is None else len(noise)
    levels = torch.empty((images, samples, channels, height, width), dtype=torch.int16)
    group, told = images * samples, False
    while group * footprint(prior, condition) > SHARE * free_memory(condition.mean.device) and group > 1:
        group = -(-group // 2)
    done = 0
    while done < images * samples:
        if group < images * samples and not told:
            say(f"the caches of {images * samples} samples do not fit memory at once; drawn {group} at a time")
            told = True
        # Whole images while a group holds all their samples, else samples of one image.
        image, sample = divmod(done, samples)
        whole = group // samples if sample == 0 else 0
        of = slice(image, min(images, image + max(1, whole)))
        which = slice(sample, samples if whole else min(samples, sample + group))
        try:
            levels[of, which] = _together(prior, condition.part(of), noise, which, temperature).cpu()
        except (RuntimeError, MemoryError) as error:
            if group == 1 or not out_of_memory(error):
                raise
            group = -(-group // 2)
            continue
        done += (of.stop - of.start) * (which.stop - which.start)
    return levels


def _together(prior: Prior, condition: Condition, noise: Tensor | None, which: slice, temperature: float) -> Tensor:
    images, samples = len(condition.mean), which.stop - which.start
    numbers = None if noise is None else noise[which].repeat(images, 1, 1, 1)
    drawn = Sampler(prior, condition, samples).draw(numbers, temperature)
    return drawn.levels.to(torch.int16).view(images, samples, *drawn.levels.shape[1:])


def footprint(prior: Prior, condition: Condition) -> int:
    """Bytes that one sample of one image needs, roughly: rings, buffers of the rows under way, numbers and levels."""
    _, channels, height, width = condition.shape
    rings = 2 * len(prior.layers) * 2 * (2 * prior.lag + 2) * prior.width
    buffers = (3 * prior.levels + 10 * prior.width) * min(1.0, width / prior.lag / height)
    numbers = (condition.features.shape[-1] + 8 * channels) * width
    return int(4 * height * (rings + buffers + numbers))


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had; a terabyte where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    info = Path("/proc/meminfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")), 1 << 40)
