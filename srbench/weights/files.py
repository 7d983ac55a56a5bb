"""Load weight files without running code from them, and account for every tensor.

Half-loaded weights are a classic silent failure of SR repositories: a checkpoint whose keys do not match runs
all the same and scores badly. Here every load yields a :class:`LoadAudit`, and anything under a full match is
an error unless the method declares it.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from srbench.errors import WeightsError, first_few
from srbench.weights.packing import unpack

# The wrappers under which training code keeps a state; the first that is there is taken. The average of the
# weights comes first: it is what papers evaluate.
STATES = ("params_ema", "params", "state_dict", "model_state_dict", "model", "net", "network", "generator")


# What torch's weights_only loader says of a pickle that needs code; anything else it says means a damaged file.
_NEEDS_CODE = re.compile(r"(GLOBAL|Unsupported (global|class|callable)|Trying to (call|instantiate))[^.;\n]*", re.I)


@dataclass(frozen=True)
class LoadAudit:
    """What happened when ``path`` was loaded into a network."""

    path: Path
    state: str  # which wrapper was taken; 'top level' if none
    sha256: str  # of the file
    parameters: int  # of the network
    matched: int
    missing: tuple[str, ...]  # the network has them, the file does not
    unexpected: tuple[str, ...]  # the file has them, the network does not (or in another shape)

    @property
    def complete(self) -> bool:
        return not self.missing and not self.unexpected

    def __str__(self) -> str:
        return (
            f"{self.path.name}: {self.matched} tensors matched, {len(self.missing)} missing, "
            f"{len(self.unexpected)} unexpected; state '{self.state}', {self.parameters:,} parameters, "
            f"sha256 {self.sha256[:16]}"
        )


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes; raises WeightsError if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"cannot read weights '{path}' ({error.strerror})", "check the path") from error


def load_state(path: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors of a .safetensors, .pth, .pt or .ckpt file, and the name of the state that was taken.

    Pickles are read with torch's ``weights_only`` loader, which builds tensors and plain containers and refuses
    everything else.

    Raises:
        WeightsError: the file is missing, damaged, holds no tensors, or needs code to be unpickled.
    """
    if not path.is_file():
        raise WeightsError(f"no weights at '{path}'", "check the path")
    if path.suffix == ".safetensors":
        try:
            return _select(unpack(safetensors.torch.load_file(path)), path)
        except (safetensors.SafetensorError, OSError) as error:
            raise WeightsError(f"'{path}' is not an intact safetensors file ({error})", "get it again") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's remarks on pickle protocols; what matters is raised
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = _NEEDS_CODE.search(str(error))
        if code is None:
            raise WeightsError(f"'{path}' is not a checkpoint, or a damaged one", "get the file again") from error
        raise WeightsError(
            f"'{path}' is refused: it would run code when it is unpickled ({code.group().strip()})",
            "ask its author for a state_dict, or convert it to safetensors where you trust it",
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"'{path}' is not an intact checkpoint ({reason})", "get the file again") from error
    return _select(content, path)


def _select(content: object, path: Path) -> tuple[dict[str, Tensor], str]:
    taken = "top level"
    if isinstance(content, Mapping):
        for name in STATES:
            if isinstance(content.get(name), Mapping):
                content, taken = content[name], name
                break
    if not isinstance(content, Mapping) or not all(isinstance(v, Tensor) for v in content.values()) or not content:
        raise WeightsError(
            f"'{path}' holds no state of tensors",
            f"expected tensors at the top level or under {', '.join(STATES)}",
        )
    state = {str(key): value for key, value in content.items()}
    if all(key.startswith("module.") for key in state):  # saved from DataParallel
        state, taken = (
            {key.removeprefix("module."): value for key, value in state.items()},
            f"{taken}, module.",
        )
    return state, taken


def load_into(module: nn.Module, path: Path, *, allow_partial: bool = False, ignore: str | None = None) -> LoadAudit:
    """Load ``path`` into ``module`` (half precision is widened to the module's own type) and account for it.

    Args:
        ignore: tensors whose names start like this are not asked for (a classifier, where features are wanted).

    Raises:
        WeightsError: as :func:`load_state`; or tensors are missing, unexpected or of another shape and
            ``allow_partial`` is false.
    """
    state, taken = load_state(path)
    if ignore is not None:
        state = {key: value for key, value in state.items() if not key.startswith(ignore)}
    own = module.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    audit = LoadAudit(
        path=path,
        state=taken,
        sha256=file_hash(path),
        parameters=sum(p.numel() for p in module.parameters()),
        matched=len(fitting),
        missing=tuple(key for key in own if key not in state),
        unexpected=tuple(_describe(key, value, own) for key, value in state.items() if key not in fitting),
    )
    require_complete(audit, allow_partial)
    module.load_state_dict(fitting, strict=False)
    return audit


def _describe(key: str, value: Tensor, own: Mapping[str, Tensor]) -> str:
    return f"{key} is {tuple(value.shape)}, not {tuple(own[key].shape)}" if key in own else key


def audit_adopted(module: nn.Module, state: Mapping[str, Tensor], taken: str, path: Path) -> LoadAudit:
    """Account for a state that a library loaded and may have renamed: tensors are matched by name, else by value."""
    own = module.state_dict()
    by_name = {k for k, v in state.items() if k in own and _same(own[k], v)}
    renamed_to = {k for k in own if k not in by_name}
    unexpected = []
    for key, value in state.items():
        if key in by_name:
            continue
        twin = next((k for k in renamed_to if _same(own[k], value)), None)
        if twin is None:
            unexpected.append(key)
        else:
            renamed_to.discard(twin)
    return LoadAudit(
        path=path,
        state=taken,
        sha256=file_hash(path),
        parameters=sum(p.numel() for p in module.parameters()),
        matched=len(state) - len(unexpected),
        missing=tuple(sorted(renamed_to)),
        unexpected=tuple(unexpected),
    )


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.equal(a.cpu().to(torch.float64), b.cpu().to(torch.float64))


def require_complete(audit: LoadAudit, allow_partial: bool = False) -> None:
    """Raise WeightsError, naming the tensors, unless the audit is complete or partial loads are declared."""
    if audit.complete or (allow_partial and audit.matched):
        return
    lines = [f"{audit.matched} tensors match"]
    for label, names in (("missing", audit.missing), ("unexpected", audit.unexpected)):
        if names:
            lines.append(f"{len(names)} {label} ({first_few(names)})")
    raise WeightsError(
        f"'{audit.path}' does not fit the network: {', '.join(lines)}",
        "use the file that belongs to this method and scale",
    )
