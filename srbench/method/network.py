"""A method whose work is done by a torch module."""

from __future__ import annotations

import copy
import threading
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from srbench.method import precision
from srbench.method.base import Method, MethodContext
from srbench.weights.files import LoadAudit, load_into


class TorchMethod(Method):
    """A method whose work is done by a torch module: implement :meth:`build`, name the ``weights``.

    ``weights`` maps a scale to a file; a relative path starts from the plugin's own folder. A scale without a
    file runs with the module as it was built. Every load is audited (:mod:`srbench.weights.files`).
    """

    weights: ClassVar[dict[int, str]] = {}
    state: ClassVar[str] = ""  # of the weight files, where they hold several and the usual one is not wanted
    source: ClassVar[Path]  # the plugin's file or folder; set when the plugin is loaded

    def __init__(self) -> None:
        super().__init__()
        self.audits: dict[int, LoadAudit] = {}
        self._modules: dict[int, nn.Module] = {}
        self._lock = threading.Lock()
        self._dtype: torch.dtype | None = None  # that networks are cast to; None: as they were built

    def in_precision(self, dtype: torch.dtype) -> TorchMethod:
        own = copy.copy(self)
        own._modules, own._lock, own._dtype = {}, threading.Lock(), dtype
        return own

    def build(self, scale: int) -> nn.Module:
        """A new module for ``scale``, without weights."""
        raise NotImplementedError(f"{type(self).__name__} does not implement build(scale)")

    def weight_path(self, scale: int) -> Path | None:
        return self.source.parent / self.weights[scale] if scale in self.weights else None

    def weight_files(self) -> list[Path]:
        return sorted({self.source.parent / name for name in self.weights.values()})

    @property
    def chosen_state(self) -> str:
        return self.state

    def load_audits(self) -> list[LoadAudit]:
        return list(self.audits.values())

    def prepare(self, scale: int, context: MethodContext) -> None:
        super().prepare(scale, context)
        self.module(scale)
        with self._lock:
            for module in self._modules.values():  # those of other scales may be on the device of another context
                module.to(context.device)

    def module(self, scale: int) -> nn.Module:
        """The module for ``scale`` in eval mode on the method's device, loaded once."""
        with self._lock:
            if scale not in self._modules:
                module = self.build(scale)
                path = self.weight_path(scale)
                if path is not None:
                    partial = self.card.allow_partial_weights
                    self.audits[scale] = load_into(module, path, allow_partial=partial, state=self.state)
                if self._dtype is not None:
                    precision.cast(module, self._dtype)
                self._modules[scale] = module.eval().to(self.device)
            return self._modules[scale]

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        result: Tensor = self.module(scale)(lr)
        return result
