"""What happens to an image between a sensor and a file: photon noise, JPEG, clipping."""

from __future__ import annotations

import io

import numpy as np
import PIL
import torch
from PIL import Image
from torch import Tensor

from srbench.degradation.grammar import Sampling, number
from srbench.degradation.step import Step, as_type_of
from srbench.imaging.color import to_uint8

_SAMPLINGS = {"420": "4:2:0", "444": "4:4:4"}


class PoissonNoise(Step):
    """Photon noise: a pixel of value v is drawn from Poisson(v / 255 * peak), over peak, times 255."""

    random = True

    def __init__(self, peak: float) -> None:
        self.peak = peak
        self.key = f"poisson={number(peak)}"

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        photons = (x.to(torch.float64).clamp(0, 255) * (self.peak / 255)).cpu().numpy()
        drawn = torch.from_numpy(rng.poisson(photons).astype(np.float64)).to(x.device)
        return as_type_of(drawn * (255 / self.peak), x)

    def symmetric(self, scale: float) -> bool:
        return True  # its mean, which is all that methods can know


class Jpeg(Step):
    """What comes back from a JPEG file as Pillow writes it.

    Of images of three channels (..., 3, H, W) that are RGB; of any other every plane is a grey file. Floating images
    are rounded to 8 bits first.

    Args:
        quality: 1 to 100.
        sampling: '420': chroma at half the size, Pillow's own choice; '444': whole.
    """

    on_rgb = True

    def __init__(self, quality: int, sampling: Sampling = "420") -> None:
        self.quality, self.sampling = quality, sampling
        self.key = f"jpeg={quality},{sampling},pillow-{PIL.__version__}"

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        return through_jpeg(x, self.quality, self.sampling)

    def noise_sigma(self) -> None:
        """What is lost is no white noise."""
        return None

    def symmetric(self, scale: float) -> bool:
        return True  # but for where the blocks of 8 x 8 pixels begin


class Clip(Step):
    """To 0..255."""

    key = "clip"
    keeps_noise = True

    def __call__(self, x: Tensor, scale: float, rng: np.random.Generator) -> Tensor:
        return x if x.dtype == torch.uint8 else x.clamp(0, 255)

    def symmetric(self, scale: float) -> bool:
        return True


def through_jpeg(x: Tensor, quality: int, sampling: Sampling) -> Tensor:
    """(..., H, W), of its type, as :class:`Jpeg` has it."""
    colour = x.ndim > 2 and x.shape[-3] == 3
    levels = (x if x.dtype == torch.uint8 else to_uint8(x)).cpu()
    images = levels.reshape(-1, *levels.shape[-3 if colour else -2 :])
    made = []
    for image in images:
        pixels = image.permute(1, 2, 0) if colour else image
        with io.BytesIO() as file:
            written = Image.fromarray(np.ascontiguousarray(pixels.numpy()))
            written.save(file, format="JPEG", quality=quality, subsampling=_SAMPLINGS[sampling])
            with Image.open(file) as read:
                decoded = torch.from_numpy(np.array(read))
        made.append(decoded.permute(2, 0, 1) if colour else decoded)
    return torch.stack(made).reshape(x.shape).to(device=x.device, dtype=x.dtype)
