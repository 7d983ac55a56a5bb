"""The precision that a network computes in: its weights and its input are cast, nothing is left to autocast."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

from srbench.errors import UnknownNameError

FULL = "fp32"
PRECISIONS = {FULL: torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def dtype_of(precision: str) -> torch.dtype:
    """The type of 'fp32', 'fp16' or 'bf16'; raises UnknownNameError."""
    if precision not in PRECISIONS:
        raise UnknownNameError("precision", precision, PRECISIONS)
    return PRECISIONS[precision]


def cast(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """``network`` itself, with weights and buffers of ``dtype``. What it is called with is cast on the way in, and what
    it returns is float32, so that whoever calls it has nothing to do with the type."""
    network.to(dtype)
    network.register_forward_pre_hook(functools.partial(_on_the_way_in, dtype), with_kwargs=True)
    network.register_forward_hook(_on_the_way_out)
    return network


def _on_the_way_in(
    dtype: torch.dtype, _: nn.Module, given: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return _as(given, dtype), _as(named, dtype)


def _on_the_way_out(_: nn.Module, __: tuple[Any, ...], result: Any) -> Any:
    return _as(result, torch.float32)


def _as(value: Any, dtype: torch.dtype) -> Any:
    """Floating tensors as ``dtype``, in tuples, lists and dictionaries too; all else as it is."""
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _as(own, dtype) for key, own in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_as(own, dtype) for own in value)
    return value


def lacks_type(error: Exception) -> bool:
    """Whether an operation was called with a type that it does not have, as torch words it, or with two of them."""
    if isinstance(error, NotImplementedError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError | TypeError) and any(words in text for words in _WORDS)


_WORDS = (
    "not implemented for '",  # "slow_conv2d_cpu" not implemented for 'Half'
    "dtype",  # expected m1 and m2 to have the same dtype
    "scalar type",  # expected scalar type Half but found Float
    "should be the same",  # Input type (float) and bias type (c10::Half) should be the same
    "low precision",  # linalg.inv: Low precision dtypes not supported
    "unsupported type",
)
