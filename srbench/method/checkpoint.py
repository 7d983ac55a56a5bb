"""A checkpoint file as a method: any architecture that spandrel recognises from its tensors, and what ``srbench train``
wrote, which says whose weights it holds."""

from __future__ import annotations

import copy
import functools
import importlib
import importlib.util
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from srbench.errors import NotSupportedError, WeightsError
from srbench.foreign.contained import contained
from srbench.method import known, precision
from srbench.method.base import Method, MethodCard, MethodContext
from srbench.method.brought import contents, stem
from srbench.method.feeding import Feeding
from srbench.method.network import TorchMethod, filled_from
from srbench.scale import ScaleRange
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

    def __init__(self) -> None:
        super().__init__()
        self.feeding = Feeding()  # spandrel's networks do what else is to be done themselves

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

    def prepare(self, scale: float, context: MethodContext) -> None:
        super().prepare(scale, context)
        self.descriptor.to(context.device)

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        result: Tensor = self.descriptor(self.feeding.before(lr))
        return self.feeding.after(result)


def method_from(
    path: Path, state: str = "", networks: Callable[[], known.Networks] = list
) -> type[CheckpointMethod] | type[TorchMethod]:
    """The method in the file at ``path``, named by the file's stem; of several states the first whose network spandrel
    recognises and fills, else the first that fills one of ``networks``.

    Args:
        state: the name of the state that is wanted; it stands behind the method's name.

    Raises:
        WeightsError: the file is unsafe or damaged, of an architecture that nobody knows, or its tensors are not
            exactly those of the network.
        NotSupportedError: the network does something other than super-resolution.
    """
    found = load_states(path, state)
    try:
        model, audit = _recognised(path, found)
        return _adopted(path, state, model, audit)
    except (WeightsError, NotSupportedError) as error:  # spandrel takes some networks for others
        own = networks()
        if (method := known.belonging(path, found, own, state)) is not None:
            return method
        if not isinstance(error, _UnknownError):
            raise
        tensors = found[0].tensors
        like = known.nearest(tensors, own)
        raise WeightsError(
            f"{error.message}: {contents(tensors)}" + (f"; nearest is {like}" if like else ""),
            "say whose it is (--methods NETWORK=FILE; srbench list methods), or write a plugin for it, 25 lines "
            f"(docs/checkpoints.md){_further()}",
        ) from error


class _UnknownError(WeightsError):
    """Of a file of an architecture that spandrel does not recognise."""


def _adopted(path: Path, state: str, model: ImageModelDescriptor[Any], audit: LoadAudit) -> type[CheckpointMethod]:
    """The network that spandrel built, as a method."""
    if model.purpose not in ("SR", "Restoration") or model.scale < 2:
        raise NotSupportedError(f"'{path}' is not a super-resolution network ({model.purpose}, x{model.scale})")
    if (model.input_channels, model.output_channels) not in ((1, 1), (3, 3)):
        raise NotSupportedError(
            f"'{path}' maps {model.input_channels} to {model.output_channels} channels", "1 or 3 work"
        )
    model.eval()
    name = stem(path, state)
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

    _more_architectures()

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
    raise _UnknownError(f"'{path}' is of an architecture that spandrel does not recognise, nor srbench")


@functools.cache
def _more_architectures() -> bool:
    """Let spandrel know those of the package ``spandrel_extra_arches``, whose licences are not free; False where it is
    not installed."""
    if importlib.util.find_spec("spandrel_extra_arches") is None:
        return False
    with contained("spandrel_extra_arches"):
        importlib.import_module("spandrel_extra_arches").install()
    return True


def _further() -> str:
    return "" if _more_architectures() else "; pip install spandrel_extra_arches knows more architectures"


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
    own = path.stem if re.search(r"_x\d+$", path.stem) else "_".join([path.stem, *(f"x{scale}" for scale in scales)])
    name = f"{own}#{state}" if state else own
    served = cls.card.scales if isinstance(cls.card.scales, ScaleRange) else scales
    card = replace(cls.card, name=name, title=f"{cls.card.title}, {name}", scales=served, published=())
    fields = {
        "card": card,
        **filled_from(path, served),
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
