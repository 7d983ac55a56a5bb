"""Starting weights that let the image pass, so that a network begins as interpolation and learns what is missing.

Networks of the SRResNet and EDSR kind enlarge features at their end and have no image path beside them; from random
weights they spend their first thousands of steps on learning what interpolation knows. Here the first channels carry
the image itself, through the long skip connection and the sub-pixel convolutions. Nothing is added: these are values
of the ordinary weights, and training may change every one. The start of SRCNN in this project, and the identity of
DRCN's paper (section 3.2), are the same idea.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def he(network: nn.Module, slope: float = 0.25) -> None:
    """Weights by He et al. 2015 (arXiv:1502.01852) for activations of ``slope`` below zero, biases zero.

    A transposed convolution sums only every stride-th tap of its kernel in each direction; torch's own initialisers
    count them all, and through a chain of projections of kernel 8 and stride 4 the signal would fade by 4 at each.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            taps = module.in_channels * module.kernel_size[0] * module.kernel_size[1]
            if isinstance(module, nn.ConvTranspose2d):
                taps //= module.stride[0] * module.stride[1]
            nn.init.normal_(module.weight, std=(2 / ((1 + slope**2) * taps)) ** 0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def carry(conv: nn.Conv2d, channels: int, others: float = 0.0) -> None:
    """Let the first ``channels`` outputs be the first ``channels`` inputs.

    Args:
        others: standard deviation of the weights by which those outputs see everything else.
    """
    with torch.no_grad():
        conv.weight[:channels].normal_(std=others) if others else conv.weight[:channels].zero_()
        for n in range(channels):
            conv.weight[n, n, conv.kernel_size[0] // 2, conv.kernel_size[1] // 2] = 1
        if conv.bias is not None:
            conv.bias[:channels].zero_()


def silence(layer: nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d, channels: int) -> None:
    """Let the first ``channels`` outputs be zero: for a branch that is added to a skip connection."""
    with torch.no_grad():
        if isinstance(layer, nn.ConvTranspose2d):
            layer.weight[:, :channels].zero_()
        else:
            layer.weight[:channels].zero_()
        if layer.bias is not None:
            layer.bias[:channels].zero_()


def interpolate(conv: nn.Conv2d, factor: int, channels: int) -> None:
    """Let a 3x3 convolution before ``nn.PixelShuffle(factor)`` enlarge its first ``channels`` inputs.

    Every sub-pixel is read off the parabola through three neighbours (Lagrange), in both directions.
    """
    taps = [_parabola((k + 0.5) / factor - 0.5) for k in range(factor)]
    with torch.no_grad():
        for n in range(channels):
            for k in range(factor**2):
                row = n * factor**2 + k
                conv.weight[row].zero_()
                conv.weight[row, n] = torch.outer(taps[k // factor], taps[k % factor])
                if conv.bias is not None:
                    conv.bias[row].zero_()


def _parabola(x: float) -> Tensor:
    """(3,): the weights of the values at -1, 0, 1 in the value at ``x`` of the parabola through them."""
    return torch.tensor([x * (x - 1) / 2, 1 - x * x, x * (x + 1) / 2])


def stretch(deconv: nn.ConvTranspose2d, channels: int) -> None:
    """Let the first ``channels`` outputs be the first ``channels`` inputs, enlarged by bilinear interpolation.

    A kernel that is too small for the triangle (FSRCNN's 9 at stride 4, off centre) has what it lacks shared out.
    """
    size, stride, padding = deconv.kernel_size[0], deconv.stride[0], int(deconv.padding[0])
    taps = torch.arange(size)
    line = (1 - (taps - (stride - 1) / 2 - padding).abs() / stride).clamp(min=0)
    line /= torch.zeros(stride).index_add(0, taps % stride, line)[taps % stride]
    with torch.no_grad():
        deconv.weight[:, :channels].zero_()
        for n in range(channels):
            deconv.weight[n, n] = torch.outer(line, line)
        if deconv.bias is not None:
            deconv.bias[:channels].zero_()
