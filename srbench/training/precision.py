"""The precision that a training computes in: single, or mixed by autocast, where weights stay in single."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from srbench.errors import TrainingError

_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_CPU_FLAGS = {"avx512_bf16", "amx_bf16"}  # products of bfloat16, as Linux names them
_AMPERE = (8, 0)  # the first GPUs with products of bfloat16


@dataclass(frozen=True)
class Precision:
    """What the steps of a training run in. The loss, the weights and the validation are float32 whatever it is.

    Args:
        name: 'float32', 'bfloat16' or 'float16'.
        full_from: the first step that runs in float32 though the ones before did not.
    """

    name: str
    device: torch.device
    full_from: int

    def autocast(self, step: int) -> AbstractContextManager[object]:
        """For the forward passes of ``step``."""
        if self.name not in _TYPES or step >= self.full_from:
            return nullcontext()
        return torch.autocast(self.device.type, _TYPES[self.name])

    def scaler(self) -> torch.amp.GradScaler:
        """What keeps small gradients above the least number of float16; it does nothing in other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.name == "float16")


def resolved(name: str, device: torch.device) -> str:
    """The precision for a recipe's ``precision``: 'auto' is bfloat16 where ``device`` has products of it, else float32.

    Raises:
        TrainingError: float16 elsewhere than on CUDA.
    """
    if name == "auto":
        return "bfloat16" if _multiplies_bfloat16(device) else "float32"
    if name == "float16" and device.type != "cuda":
        raise TrainingError(f"precision float16 needs CUDA, not {device}", "use bfloat16, float32 or auto")
    return name


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        # torch.cuda.is_bf16_supported() is also true of older GPUs, which emulate it.
        return torch.cuda.get_device_capability(device) >= _AMPERE
    if device.type != "cpu":
        return False
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # not in every version of torch
    return bool(known is not None and known()) or bool(_CPU_FLAGS & cpu_flags())


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> set[str]:
    """What Linux says that the processor can do; nothing elsewhere."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in text.splitlines() if line.startswith("flags")), set())


def channels_last(network: nn.Module) -> None:
    """Let the channels of a pixel lie side by side in memory, as convolutions read them; networks with tensors of more
    than four dimensions stay as they are."""
    if all(tensor.ndim <= 4 for tensor in [*network.parameters(), *network.buffers()]):
        network.to(memory_format=torch.channels_last)
