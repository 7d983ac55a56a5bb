"""Losses as named pieces that recipes combine, each with its formula and source.

Images are (N, C, H, W) in [0, 1]. Every piece is a mean, not a sum, so that a weight means the same for every
patch size and batch; where a paper sums, its learning rate does not carry over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from srbench.errors import UnknownNameError
from srbench.imaging.resize import imresize


def l1(sr: Tensor, hr: Tensor) -> Tensor:
    """mean |sr - hr|: its minimiser is the conditional median. EDSR (Lim et al. 2017), section 3.

    >>> l1(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]])).item()
    1.5
    """
    return (sr - hr).abs().mean()


def l2(sr: Tensor, hr: Tensor) -> Tensor:
    """mean (sr - hr)^2: its minimiser is the conditional mean, the best in PSNR. SRCNN (Dong et al. 2014), eq. 4.

    >>> l2(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]])).item()
    2.5
    """
    return (sr - hr).square().mean()


def charbonnier(sr: Tensor, hr: Tensor, epsilon: float = 1e-3) -> Tensor:
    """mean sqrt((sr - hr)^2 + epsilon^2), a smooth L1. LapSRN (Lai et al. 2017), eq. 2, epsilon 1e-3."""
    return ((sr - hr).square() + epsilon**2).sqrt().mean()


def content(sr: Tensor, hr: Tensor, features: Callable[[Tensor], Sequence[Tensor]]) -> Tensor:
    """mean (phi(sr) - phi(hr))^2, summed over the layers phi of a frozen backbone: ||phi(sr) - phi(hr)||^2 / (C H W).

    Johnson et al. 2016, eq. 2 (VGG-16 relu2_2); SRGAN (Ledig et al. 2017), eq. 5. ``features`` maps images to one
    (N, C, h, w) a layer. The target carries no gradient.
    """
    with torch.no_grad():
        target = [layer.detach() for layer in features(hr)]
    return torch.stack([l2(a.float(), b.float()) for a, b in zip(features(sr), target, strict=True)]).sum()


def gram(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C, C): G_ij = sum over pixels of x_i x_j / (C H W). Johnson et al. 2016, eq. 3."""
    flat = x.flatten(2)
    return flat @ flat.transpose(1, 2) / (x.shape[1] * x.shape[2] * x.shape[3])


def texture(sr: Tensor, hr: Tensor, features: Callable[[Tensor], Sequence[Tensor]]) -> Tensor:
    """mean over the batch of ||G(phi(sr)) - G(phi(hr))||_F^2, summed over the layers phi of a frozen backbone.

    Gatys, Ecker, Bethge 2015; Johnson et al. 2016, eq. 4. ``features`` and the target are those of :func:`content`.
    Gram matrices tell which features occur together, not where: SR may have its texture in other places than HR.
    """
    with torch.no_grad():
        target = [gram(layer.float()) for layer in features(hr)]
    distances = [
        (gram(layer.float()) - wanted).square().sum(dim=(1, 2)).mean()
        for layer, wanted in zip(features(sr), target, strict=True)
    ]
    return torch.stack(distances).sum()


def adversarial_generator(fake: Tensor) -> Tensor:
    """mean -log sigmoid(fake): the non-saturating generator loss on a discriminator's logits.

    Goodfellow et al. 2014; SRGAN, eq. 6.
    """
    return F.softplus(-fake).mean()


def adversarial_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """mean -log sigmoid(real) + mean -log(1 - sigmoid(fake)), on logits. Goodfellow et al. 2014, eq. 1."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def cycle_consistency(sr: Tensor, lr: Tensor, scale: int) -> Tensor:
    """mean |D(sr) - lr| with D the known bicubic degradation: SR must look like the input when it is shrunk.

    CycleGAN (Zhu et al. 2017) learns D; CinCGAN (Yuan et al. 2018) uses it for SR.
    """
    return l1(imresize(sr, 1 / scale), lr)


def total_variation(sr: Tensor) -> Tensor:
    """mean |dx| + mean |dy|, anisotropic, over neighbouring pixels. Rudin, Osher, Fatemi 1992.

    >>> total_variation(torch.tensor([[[[0.0, 1.0], [0.0, 3.0]]]])).item()
    3.0
    """
    across = (sr[..., :, 1:] - sr[..., :, :-1]).abs().mean()
    down = (sr[..., 1:, :] - sr[..., :-1, :]).abs().mean()
    return across + down


def gradient_map(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C, H, W): sqrt(dx^2 + dy^2 + 1e-6) of central differences, zero outside the image.

    SPSR (Ma et al. 2020), eq. 1.
    """
    padded = F.pad(x, (1, 1, 1, 1))
    dx = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
    dy = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    return (dx.square() + dy.square() + 1e-6).sqrt()


def gradient_prior(sr: Tensor, hr: Tensor) -> Tensor:
    """mean |M(sr) - M(hr)| of the gradient maps M: a prior on edges by a frozen operator. SPSR, eq. 4."""
    return l1(gradient_map(sr), gradient_map(hr))


@dataclass(frozen=True)
class Batch:
    """What a loss may look at: sr and hr (N, C, sH, sW), lr (N, C, H, W), all in [0, 1]."""

    sr: Tensor
    hr: Tensor
    lr: Tensor
    scale: int


PIECES: dict[str, Callable[[Batch], Tensor]] = {
    "l1": lambda b: l1(b.sr, b.hr),
    "l2": lambda b: l2(b.sr, b.hr),
    "charbonnier": lambda b: charbonnier(b.sr, b.hr),
    "cycle": lambda b: cycle_consistency(b.sr, b.lr, b.scale),
    "tv": lambda b: total_variation(b.sr),
    "gradient": lambda b: gradient_prior(b.sr, b.hr),
}
"""The pieces that need nothing but the batch, by the names that recipes use. Content losses
(:mod:`srbench.training.features`) and the adversarial one (:mod:`srbench.training.adversarial`) are handed in."""


class Loss:
    """A weighted sum of pieces: ``Loss([("l1", 1.0), ("tv", 1e-3)])``; raises UnknownNameError.

    ``shave`` pixels at the border of SR and HR are not seen (nor the LR pixels that they cover): near the border of
    a patch a network sees its own padding, which in a whole image is rare. ``others`` are pieces that need more than
    the batch, by name.

    Inside of autocast the images are compared in float32: the pieces of :data:`PIECES` are computed without it. In
    ``others`` networks run, which take it as it is.
    """

    def __init__(
        self,
        pieces: Iterable[tuple[str, float]],
        shave: int = 0,
        others: Mapping[str, Callable[[Batch], Tensor]] | None = None,
    ) -> None:
        self.pieces, self.shave = tuple(pieces), shave
        self._others = dict(others or {})
        for name, _ in self.pieces:
            if name not in (known := {**PIECES, **self._others}):
                raise UnknownNameError("loss", name, known)

    def __call__(self, batch: Batch) -> Tensor:
        small = self.shave // batch.scale
        inner = Batch(
            inside(batch.sr, small * batch.scale).float(),
            inside(batch.hr, small * batch.scale).float(),
            inside(batch.lr, small).float(),
            batch.scale,
        )
        total = inner.sr.new_zeros(())
        for name, weight in self.pieces:
            if name in self._others:
                value = self._others[name](inner)
            else:
                with torch.autocast(inner.sr.device.type, enabled=False):
                    value = PIECES[name](inner)
            total = total + weight * value
        return total


def inside(x: Tensor, border: int) -> Tensor:
    """(..., H, W) without ``border`` pixels on each side."""
    return x[..., border : x.shape[-2] - border, border : x.shape[-1] - border]
