"""A checkpoint's tensors as one hash: the same for a copy that was zipped again, renamed or saved as safetensors."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 (hex) over names, shapes, types and values, in the order of the names.

    Whole numbers without a shape are left out: they count batches or operations, and converters drop them.

    >>> fingerprint({"a": torch.ones(2), "b": torch.zeros(1)}) == fingerprint({"b": torch.zeros(1), "a": torch.ones(2)})
    True
    >>> fingerprint({"a": torch.ones(2)}) == fingerprint({"a": torch.ones(2), "steps": torch.tensor(7)})
    True
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu()
        if tensor.ndim == 0 and not (tensor.is_floating_point() or tensor.is_complex()):
            continue
        kind = str(tensor.dtype).removeprefix("torch.")
        digest.update(f"{name}\0{kind}\0{'x'.join(map(str, tensor.shape))}\0".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    """A tensor's numbers, row by row, the lowest byte of each first."""
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    flat = tensor.resolve_conj().resolve_neg().contiguous().reshape(-1)
    content = flat.view(torch.uint8).numpy() if flat.numel() else np.empty(0, np.uint8)
    if sys.byteorder == "big":
        content = content.reshape(-1, flat.element_size())[:, ::-1]
    return content.tobytes()
