"""What a method costs whatever the machine: parameters and Mult-Adds."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from srbench.method.base import Method
from srbench.method.cascade import Cascade
from srbench.method.checkpoint import CheckpointMethod
from srbench.method.frames import called, repeated
from srbench.method.network import TorchMethod
from srbench.method.wrappers import bare
from srbench.scale import exact

OUTPUT = (720, 1280)  # height and width at which the field counts Mult-Adds (CARN, IMDN, SwinIR)


def channels(method: Method) -> int:
    """Channels that a method is fed when it is timed or counted: 1 for luma methods, else 3."""
    return 1 if method.card.fed("rgb") == "luma" else 3


def parameters(method: Method, scale: float) -> int | None:
    """Number of parameters of the network for ``scale``; None if the method is no network. A cascade has those of its
    networks, each counted once, however often it works; parts that are no networks have none."""
    method = bare(method)
    if isinstance(method, Cascade):
        networks = [network_of(part.method, part.asked) for part in method.parts]
    else:
        networks = [network_of(method, scale)]
    found = {id(network): network for network in networks if network is not None}
    return sum(p.numel() for network in found.values() for p in network.parameters()) if found else None


def network_of(method: Method, scale: float) -> nn.Module | None:
    """The network that computes for ``method`` at a scale; None if none does."""
    method = bare(method)
    if isinstance(method, TorchMethod):
        return method.module(scale)
    if isinstance(method, CheckpointMethod):
        network: nn.Module = method.descriptor.model
        return network
    return None


def mult_adds(method: Method, scale: float, lr_size: tuple[int, int] | None = None) -> int | None:
    """Multiply-adds of the network's convolutions and matrix products, by torch's own counter (2 FLOPs each).

    Activations, additions and interpolation are not counted, as papers do not count them. A transposed convolution is
    counted at its input's size, where it multiplies; papers that count it at its output's print more. Of a cascade, the
    sum over its parts, each at the size of its input.

    Args:
        lr_size: (height, width) of the LR image; by default that of an output of 1280x720, rounded up if the scale
            does not divide it.

    Returns:
        None if the method is no network, or its network cannot be run on shapes alone; if that holds of a part.
    """
    method = bare(method)
    height, width = lr_size or (math.ceil(OUTPUT[0] / exact(scale)), math.ceil(OUTPUT[1] / exact(scale)))
    if isinstance(method, Cascade):
        return _of_parts(method, height, width)
    module = network_of(method, scale)
    if module is None:
        return None
    # What the method feeds its network at this size, found at a small one: some upsample before it.
    small = 24
    seen = _input_size(method, module, scale, small)
    if seen is None:
        return None
    factor = seen[-1] / small
    if factor != int(factor) or seen[-2] != seen[-1]:
        return None
    shape = (1, *seen[1:-2], height * int(factor), width * int(factor))
    counter = FlopCounterMode(display=False)
    try:
        abstract = copy.deepcopy(module).to("meta")
        with torch.no_grad(), counter:
            abstract(torch.empty(shape, device="meta"))
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return int(counter.get_total_flops()) // 2


def _of_parts(cascade: Cascade, height: int, width: int) -> int | None:
    """Of a cascade on an LR image of that size."""
    counts = []
    for part in cascade.parts:
        # What refines is counted as it works alone, from the size before all enlarging.
        factor = 1 if part.refines else part.before
        counts.append(mult_adds(part.method, part.asked, (height * factor, width * factor)))
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


class _SeenError(Exception):
    """Ends a call as soon as the network's input is known."""


def _input_size(method: Method, module: nn.Module, scale: float, size: int) -> tuple[int, ...] | None:
    shapes: list[tuple[int, ...]] = []

    def look(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(inputs[0], Tensor):
            shapes.append(tuple(inputs[0].shape))
        raise _SeenError

    handle = module.register_forward_pre_hook(look)
    try:
        with torch.no_grad():
            frames, target = repeated(method, torch.zeros(1, channels(method), size, size, device=method.device))
            called(method, frames, scale, target)
    except _SeenError:
        pass
    finally:
        handle.remove()
    return shapes[0] if shapes else None
