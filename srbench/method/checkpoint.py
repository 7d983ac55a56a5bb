"""A checkpoint file as a method: any architecture that spandrel recognises from its tensors, and what ``srbench train``
wrote, which says whose weights it holds."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from srbench.errors import NotSupportedError, WeightsError
from srbench.method import precision
from srbench.method.base import Method, MethodCard, MethodContext
from srbench.method.network import TorchMethod
from srbench.weights.files import LoadAudit, audit_adopted, load_states, require_complete, require_numbers
from srbench.weights.states import State

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor

_MOST_STATES = 50  # of a file, that are tried


class CheckpointMethod(Method):
    """The network in one weight file, built by spandrel; one scale. Subclasses are made by :func:`method_from`."""

    source: ClassVar[Path]
    audit: ClassVar[LoadAudit]
    descriptor: ClassVar[Any]
    state: ClassVar[str] = ""

    @property
    def chosen_state(self) -> str:
        return self.state

    def weight_files(self) -> list[Path]:
        return [self.source]

    def load_audits(self) -> list[LoadAudit]:
        return [self.audit]

    def in_precision(self, dtype: torch.dtype) -> CheckpointMethod:
        own = copy.copy(self)
        vars(own)["descriptor"] = copy.deepcopy(self.descriptor)
        precision.cast(own.descriptor.model, dtype)
        return own

    def prepare(self, scale: int, context: MethodContext) -> None:
        super().prepare(scale, context)
        self.descriptor.to(context.device)

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        result: Tensor = self.descriptor(lr)
        return result


def method_from(path: Path, state: str = "") -> type[CheckpointMethod]:
    """The method in the file at ``path``, named by the file's stem; of several states the first whose network spandrel
    recognises and fills.

    Args:
        state: the name of the state that is wanted; it stands behind the method's name.

    Raises:
        WeightsError: the file is unsafe or damaged, of an architecture that spandrel does not know, or its
            tensors are not exactly those of the network.
        NotSupportedError: the network does something other than super-resolution.
    """
    model, audit = _recognised(path, load_states(path, state))
    if model.purpose not in ("SR", "Restoration") or model.scale < 2:
        raise NotSupportedError(f"'{path}' is not a super-resolution network ({model.purpose}, x{model.scale})")
    if (model.input_channels, model.output_channels) not in ((1, 1), (3, 3)):
        raise NotSupportedError(
            f"'{path}' maps {model.input_channels} to {model.output_channels} channels", "1 or 3 work"
        )
    model.eval()
    name = _name(path.stem, state)
    card = MethodCard(
        name=name,
        title=f"{name} ({model.architecture.name})",
        year=0,
        family="checkpoint",
        paper=f"{model.architecture.name}, recognised by spandrel",
        colour="luma" if model.input_channels == 1 else "rgb",
        scales=(model.scale,),
        min_size=model.size_requirements.minimum or 1,
    )
    fields = {"card": card, "source": path, "audit": audit, "descriptor": model, "state": state}
    return type("Checkpoint", (CheckpointMethod,), fields)


def _recognised(path: Path, found: Sequence[State]) -> tuple[ImageModelDescriptor[Any], LoadAudit]:
    """The network of the first state that makes one, whole; raises as :func:`method_from`."""
    # Imported late: spandrel brings torchvision, ten seconds on a cold disk.
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    incomplete: LoadAudit | None = None
    broken: Exception | None = None
    other: Any = None
    for state in found[:_MOST_STATES]:
        try:
            model = ModelLoader(device="cpu").load_from_state_dict(dict(state.tensors))
        except UnsupportedModelError:
            continue
        except Exception as error:
            broken = broken or error
            continue
        if not isinstance(model, ImageModelDescriptor):
            other = other or model
            continue
        require_numbers(state.tensors, path)
        audit = audit_adopted(model.model, state, found, path)
        if audit.complete:
            return model, audit
        incomplete = incomplete or audit
    if incomplete is not None:
        require_complete(incomplete)
    if broken is not None:
        raise WeightsError(f"spandrel cannot build the network of '{path}' ({broken})", "check the file") from broken
    if other is not None:
        raise NotSupportedError(f"'{path}' is not a super-resolution network ({other.purpose}, x{other.scale})")
    raise WeightsError(
        f"'{path}' is of an architecture that spandrel does not recognise",
        "write a plugin for it (docs/plugins.md), 25 lines",
    )


def _name(stem: str, state: str) -> str:
    return f"{stem}#{state}" if state else stem


# -- what srbench train wrote --------------------------------------------------------------------------------------


def trained(path: Path, cls: type[Method], state: str = "") -> type[Method]:
    """The method ``cls`` with the weights at ``path``, which ``srbench train`` wrote for it, named by the file's stem.
    Published values are not of these weights, and stay with ``cls``.

    Raises:
        WeightsError: it is not known for which scales the weights are; ``cls`` has no weights.
    """
    if not issubclass(cls, TorchMethod):
        raise WeightsError(f"'{path}' holds weights of '{cls.card.name}', which takes none", "name another file")
    scales = _scales(path)
    if not scales:
        raise WeightsError(
            f"nothing says for which scale the weights in '{path}' are",
            f"leave '{path.with_suffix('.json').name}' beside them, or call the file NAME_xSCALE.safetensors",
        )
    stem = path.stem if re.search(r"_x\d+$", path.stem) else "_".join([path.stem, *(f"x{scale}" for scale in scales)])
    name = _name(stem, state)
    card = replace(cls.card, name=name, title=f"{cls.card.title}, {name}", scales=scales, published=())
    fields = {
        "card": card,
        "weights": {scale: str(path.absolute()) for scale in scales},
        "state": state,
        "__module__": cls.__module__,  # its source is that of the method
    }
    return type(cls.__name__, (cls,), fields)


def _scales(path: Path) -> tuple[int, ...]:
    """For which a trained file is: as its card says, else its name."""
    try:
        scales = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["scales"]
        return tuple(int(scale) for scale in scales)
    except (OSError, ValueError, TypeError, KeyError):
        return tuple(int(number) for number in re.findall(r"_x(\d{1,2})(?=_|$)", path.stem))
