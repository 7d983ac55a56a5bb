"""Random numbers of the process: seeded for a while, and the caller's own afterwards."""

from __future__ import annotations

import operator
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from srbench.errors import SrbenchError

LARGEST_SEED = 2**63 - 1  # what NumPy, torch on every device and a results folder all take


def checked_seed(value: object) -> int:
    """A seed that a user gave; raises SrbenchError unless it is a whole number from 0 to :data:`LARGEST_SEED`."""
    try:
        seed = -1 if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        seed = -1
    if not 0 <= seed <= LARGEST_SEED:
        raise SrbenchError(f"{str(value)[:40]!r} is not a seed", "give a whole number from 0 to 2**63 - 1")
    return seed


@contextmanager
def kept(device: torch.device) -> Iterator[None]:
    """Whatever is drawn or seeded inside, the next numbers of torch (on the CPU, and on every GPU once CUDA is in use),
    of NumPy's global generator and of Python's ``random`` are those that would have come without it.

    Args:
        device: what is computed on inside; a GPU is initialised here, so that its state can be kept.
    """
    if device.type == "cuda":
        torch.cuda.init()  # type: ignore[no-untyped-call]
    in_use = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if in_use else []):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def seed(value: int, device: torch.device) -> None:
    """Seed what torch draws on the CPU and on ``device``.

    Not by ``torch.manual_seed``: before CUDA is initialised that leaves its seed behind for the caller's GPU.
    """
    torch.default_generator.manual_seed(value)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(value)
