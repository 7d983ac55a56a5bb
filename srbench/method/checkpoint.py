"""A checkpoint file as a method: any architecture that spandrel recognises from its tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from srbench.errors import NotSupportedError, WeightsError
from srbench.method.base import Method, MethodCard, MethodContext
from srbench.weights.files import LoadAudit, audit_adopted, load_state, require_complete


class CheckpointMethod(Method):
    """The network in one weight file, built by spandrel; one scale. Subclasses are made by :func:`method_from`."""

    source: ClassVar[Path]
    audit: ClassVar[LoadAudit]
    descriptor: ClassVar[Any]

    def weight_files(self) -> list[Path]:
        return [self.source]

    def load_audits(self) -> list[LoadAudit]:
        return [self.audit]

    def prepare(self, scale: int, context: MethodContext) -> None:
        super().prepare(scale, context)
        self.descriptor.to(context.device)

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        result: Tensor = self.descriptor(lr)
        return result


def method_from(path: Path) -> type[CheckpointMethod]:
    """The method in the file at ``path``, named by the file's stem.

    Raises:
        WeightsError: the file is unsafe or damaged, of an architecture that spandrel does not know, or its
            tensors are not exactly those of the network.
        NotSupportedError: the network does something other than super-resolution.
    """
    state, taken = load_state(path)
    # Imported late: spandrel brings torchvision, ten seconds on a cold disk.
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    try:
        model = ModelLoader(device="cpu").load_from_state_dict(dict(state))
    except UnsupportedModelError as error:
        raise WeightsError(
            f"'{path}' is of an architecture that spandrel does not recognise",
            "write a plugin for it (docs/plugins.md), 25 lines",
        ) from error
    except Exception as error:
        raise WeightsError(f"spandrel cannot build the network of '{path}' ({error})", "check the file") from error
    if not isinstance(model, ImageModelDescriptor) or model.purpose not in ("SR", "Restoration") or model.scale < 2:
        raise NotSupportedError(f"'{path}' is not a super-resolution network ({model.purpose}, x{model.scale})")
    if (model.input_channels, model.output_channels) not in ((1, 1), (3, 3)):
        raise NotSupportedError(
            f"'{path}' maps {model.input_channels} to {model.output_channels} channels", "1 or 3 work"
        )
    audit = audit_adopted(model.model, state, taken, path)
    require_complete(audit)
    model.eval()
    card = MethodCard(
        name=path.stem,
        title=f"{path.stem} ({model.architecture.name})",
        year=0,
        family="checkpoint",
        paper=f"{model.architecture.name}, recognised by spandrel",
        colour="luma" if model.input_channels == 1 else "rgb",
        scales=(model.scale,),
        min_size=model.size_requirements.minimum or 1,
    )
    fields = {"card": card, "source": path, "audit": audit, "descriptor": model}
    return type("Checkpoint", (CheckpointMethod,), fields)
