"""Kernels in 8 bits: a kernel of K x K taps as K * K signed bytes and one scale in half precision.

Projections of 8x8 taps (DBPN, SRFBN) are nearly all of a network's weights, and half the size of half precision is
what lets them ship. One scale for each kernel, not for each filter: the filters that pass the image hold one weight of
about 1 beside many of 0.01, which a common scale would round away.

Kernels of 3x3 taps become 11 bytes in place of 18; those of one tap would grow and stay as they are. Where a layer
hands the image itself on, 8 bits are too few for them (all layers of EDSR: 0.05 to 0.07 dB less; the first and the last
of SRResNet, of 9x9 taps: 0.13 dB); inside of residual blocks they cost 0.0006 dB. So a method names the parts that are
packed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

MARK = ".kernel_scale"  # beside a tensor of bytes: its scales, of shape (A, B, 1, 1)
SMALLEST = 2.0**-24  # positive number in half precision


def pack(weights: Mapping[str, Tensor], parts: Sequence[str]) -> dict[str, Tensor]:
    """Replace every (A, B, K, K) tensor whose name begins as one of ``parts``, unless it would grow, by signed bytes
    and their scales; the other floating tensors go to half precision.

    >>> kernel = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
    >>> packed = pack({"weight": kernel, "bias": torch.ones(1)}, ["weight"])
    >>> {key: value.dtype for key, value in packed.items()}
    {'weight': torch.int8, 'weight.kernel_scale': torch.float16, 'bias': torch.float16}
    >>> bool((unpack(packed)["weight"] - kernel).abs().max() < 1 / 127)
    True
    """
    packed: dict[str, Tensor] = {}
    for key, value in weights.items():
        kernels = value.is_floating_point() and value.ndim == 4 and value[0, 0].numel() > 2
        if kernels and key.startswith(tuple(parts)):
            scale = (value.float().abs().amax(dim=(2, 3), keepdim=True) / 127).half()
            whole = value.float() / scale.float().clamp(min=SMALLEST)
            packed[key] = whole.round().clamp(-127, 127).to(torch.int8)
            packed[key + MARK] = scale
        else:
            packed[key] = value.half() if value.is_floating_point() else value
    return packed


def unpack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse; a state that was not packed is returned as it is."""
    return {
        key: value.float() * state[key + MARK].float() if key + MARK in state else value
        for key, value in state.items()
        if not key.endswith(MARK)
    }
