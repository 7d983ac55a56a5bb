"""Parts of a network that are computed in single precision whatever the training around them computes in."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def in_single_precision(device: str) -> AbstractContextManager[object]:
    """Without autocast, where devices of that type know of it: shapes alone, on which networks are counted, do not."""
    known = torch.amp.is_autocast_available(device)
    return torch.autocast(device, enabled=False) if known else nullcontext()
