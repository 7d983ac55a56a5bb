"""A method whose work is done by a torch module."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from srbench.errors import MethodError, NotSupportedError, WeightsError
from srbench.method import precision
from srbench.method.base import Method, MethodContext
from srbench.method.feeding import Feeding
from srbench.scale import ScaleRange
from srbench.weights.files import LoadAudit, fits, load_into
from srbench.weights.matching import by_order

PADDINGS = ("zeros", "replicate", "reflect", "circular")
_ANY_SCALE = (2, 3, 4, 8)  # those that a method without a list of scales is built for


@dataclass(frozen=True)
class Sized:
    """What the tensors of a file say of the network that they belong to.

    Args:
        scales: that the file serves.
        build: a new module for a scale, to be filled with the file's tensors.
        size: in words, such as '16 blocks, 64 channels'.
    """

    scales: tuple[int, ...] | ScaleRange
    build: Callable[[int], nn.Module]
    size: str = ""

    @property
    def example(self) -> nn.Module:
        """A module for one of the scales."""
        return self.build(math.ceil(self.scales.low) if isinstance(self.scales, ScaleRange) else self.scales[0])


def filled_from(path: Path, scales: tuple[float, ...] | ScaleRange) -> dict[str, Any]:
    """What the class of a method is given whose weights for all of ``scales`` are in one file."""
    if not isinstance(scales, ScaleRange):
        return {"weights": {scale: str(path.absolute()) for scale in scales}}
    own = path.absolute()
    return {"weight_path": lambda self, scale: own, "weight_files": lambda self: [own]}


class TorchMethod(Method):
    """A method whose work is done by a torch module: implement :meth:`build`, name the ``weights``.

    ``weights`` maps a scale to a file; a relative path starts from the plugin's own folder. A scale without a
    file runs with the module as it was built. Every load is audited (:mod:`srbench.weights.files`).

    What a weight file does not say is declared here: ``input_range``, ``channel_order`` and ``mean`` are how the module
    is fed (:class:`srbench.method.feeding.Feeding`), ``padding`` is how its convolutions fill the border, ``rename``
    what files call its tensors.
    """

    weights: ClassVar[dict[float, str]] = {}
    state: ClassVar[str] = ""  # of the weight files, where they hold several and the usual one is not wanted
    input_range: ClassVar[float] = 1.0
    """255.0: the module is fed 0..255, and answers in 0..255."""
    channel_order: ClassVar[str] = "RGB"
    """Or 'BGR'."""
    mean: ClassVar[tuple[float, ...]] = ()
    """Of R, G and B (or Y) in [0, 1]: subtracted before the module, added after it. A network that has it in its weight
    file keeps it in the module."""
    padding: ClassVar[str] = ""
    """How convolutions fill the border where the module as it is built does otherwise: 'zeros', 'replicate', 'reflect'
    or 'circular'."""
    rename: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Regular expressions for names of tensors in files, each with the module's name (:func:`re.sub`)."""
    needs_weights: ClassVar[bool] = False
    """No weights come with the method: it is left out of ``all``, and runs as ``NAME=FILE``."""
    channels_last: ClassVar[bool] = False
    """On a processor, keep the channels of a pixel side by side in memory, where that is faster: it changes the last
    digits of what comes out, so it is declared and not measured at the start. No part of the module may need the other
    order (``view`` of a feature map)."""
    takes_enlarged: ClassVar[bool] = False
    """The module begins by enlarging the LR image, and ``module(image, enlarged=True)`` takes one that something else
    has enlarged, of the size that comes out: the method refines images (:meth:`refine`)."""
    source: ClassVar[Path]  # the plugin's file or folder; set when the plugin is loaded

    def __init__(self) -> None:
        super().__init__()
        self.audits: dict[float, LoadAudit] = {}
        self.feeding = Feeding(self.input_range, self.channel_order, self.mean)
        """How the module is fed."""
        self._modules: dict[float, nn.Module] = {}
        self._lock = threading.Lock()
        self._dtype: torch.dtype | None = None  # that networks are cast to; None: as they were built

    def in_precision(self, dtype: torch.dtype) -> TorchMethod:
        own = copy.copy(self)
        own._modules, own._lock, own._dtype = {}, threading.Lock(), dtype
        return own

    def build(self, scale: int) -> nn.Module:
        """A new module for ``scale``, without weights."""
        raise NotImplementedError(f"{type(self).__name__} does not implement build(scale)")

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        """The network that the tensors of a file belong to: its size is read from names and shapes.

        By default the size is the one of :meth:`build`, and the scales are those of the card's at which its tensors
        have these names and shapes, or else these shapes.

        Args:
            state: of the file, without the prefixes that all names have, under the module's names where
                ``rename`` knows them, without counters.

        Raises:
            WeightsError: they are no such network's, or its size cannot be read.
        """
        method = cls()
        built = {scale: method.build(scale).state_dict() for scale in cls.scales_of_build()}
        for fitting in (fits, lambda tensors, own: by_order(tensors, own) is not None):
            scales = tuple(scale for scale, own in built.items() if fitting(state, own))
            if scales:
                return Sized(scales, method.build, cls.card.size)
        raise WeightsError(
            f"these are not the tensors of {cls.card.name}" + (f" ({cls.card.size})" if cls.card.size else ""),
            "use a file of that network and size",
        )

    @classmethod
    def scales_of_build(cls) -> tuple[int, ...]:
        """Those for which there may be modules: the card's, or a few where it has no list."""
        return tuple(int(scale) for scale in cls.card.listed_scales if scale == int(scale)) or _ANY_SCALE

    def weight_path(self, scale: float) -> Path | None:
        return self.source.parent / self.weights[scale] if scale in self.weights else None

    def weight_files(self) -> list[Path]:
        return sorted({self.source.parent / name for name in self.weights.values()})

    @property
    def chosen_state(self) -> str:
        return self.state

    @property
    def configuration(self) -> str:
        parts = [] if self.feeding == Feeding() else [self.feeding.words]
        return "; ".join([*parts, f"padding {self.padding}"] if self.padding else parts)

    def load_audits(self) -> list[LoadAudit]:
        return list(self.audits.values())

    def supports(self, scale: float) -> bool:
        return super().supports(scale) and not (self.needs_weights and self.weight_path(scale) is None)

    def require_scale(self, scale: float) -> None:
        if self.needs_weights and super().supports(scale) and self.weight_path(scale) is None:
            name = self.card.name
            raise NotSupportedError(
                f"{name} comes without weights", f"bring some: --methods {name}=FILE (docs/checkpoints.md)"
            )
        super().require_scale(scale)

    def prepare(self, scale: float, context: MethodContext) -> None:
        super().prepare(scale, context)
        self.module(scale)
        with self._lock:
            for module in self._modules.values():  # those of other scales may be on the device of another context
                self._placed(module)

    def module(self, scale: float) -> nn.Module:
        """The module for ``scale`` in eval mode on the method's device, loaded once."""
        with self._lock:
            if scale not in self._modules:
                module = self.build(cast("int", scale))  # one that is none is for a network whose card says so
                path = self.weight_path(scale)
                if path is not None:
                    self.audits[scale] = self.load(module, path)
                if self.padding:
                    pad(module, self.padding)
                if self._dtype is not None:
                    precision.cast(module, self._dtype)
                self._modules[scale] = self._placed(module.eval())
            return self._modules[scale]

    def _placed(self, module: nn.Module) -> nn.Module:
        """On the method's device, in the order of memory that it is declared to have there."""
        if self.channels_last:
            on_cpu = self.device.type == "cpu"
            module.to(memory_format=torch.channels_last if on_cpu else torch.contiguous_format)
        return module.to(self.device)

    def load(self, module: nn.Module, path: Path) -> LoadAudit:
        """Fill ``module`` with the weights at ``path``; raises WeightsError."""
        partial = self.card.allow_partial_weights
        return load_into(module, path, allow_partial=partial, state=self.state, rename=self.rename)

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        return self.fed(self.module(scale), lr)

    def refines(self, scale: float) -> bool:
        return self.takes_enlarged and self.supports(scale)

    def refine(self, image: Tensor, scale: float) -> Tensor:
        return self.fed(self.module(scale), image, enlarged=True)

    def fed(self, module: nn.Module, lr: Tensor, **options: bool) -> Tensor:
        """What ``module`` makes of LR images in [0, 1], fed as :attr:`feeding` says and called with ``options``."""
        feeding = self.feeding
        result: Tensor = module(feeding.before(lr), **options)
        return feeding.after(result)


def pad(module: nn.Module, mode: str) -> None:
    """Have the convolutions in ``module`` fill the border in another way; raises MethodError if there is none such."""
    if mode not in PADDINGS:
        raise MethodError(f"padding = '{mode}' is not one of {', '.join(PADDINGS)}", "see docs/plugins.md")
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.padding_mode = mode  # type: ignore[assignment]
