"""Load weight files without running code from them, and account for every tensor.

Half-loaded weights are a classic silent failure of SR repositories: a checkpoint whose keys do not match runs
all the same and scores badly. Here every load yields a :class:`LoadAudit`, and anything under a full match is
an error unless the method declares it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from srbench.errors import WeightsError, first_few, reason_of
from srbench.weights import states
from srbench.weights.matching import BY_NAME, Reading, Table, by_order, is_counter, readings, without_counters
from srbench.weights.reading import read
from srbench.weights.states import State


@dataclass(frozen=True)
class LoadAudit:
    """What happened when ``path`` was loaded into a network."""

    path: Path
    state: str  # which one was taken, by where it lies in the file; 'top level' if nowhere
    sha256: str  # of the file
    parameters: int  # of the network
    matched: int
    missing: tuple[str, ...]  # the network has them, the file does not
    unexpected: tuple[str, ...]  # the file has them, the network does not (or in another shape or type)
    others: tuple[str, ...] = ()  # states that were there too
    how: str = BY_NAME  # tensors of the file were matched with those of the network

    @property
    def complete(self) -> bool:
        return not self.missing and not self.unexpected

    def __str__(self) -> str:
        there = f" (there too: {', '.join(self.others)})" if self.others else ""
        return (
            f"{self.path.name}: {self.matched} tensors matched {self.how}, {len(self.missing)} missing, "
            f"{len(self.unexpected)} unexpected; state '{self.state}'{there}, {self.parameters:,} parameters, "
            f"sha256 {self.sha256[:16]}"
        )


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes; raises WeightsError if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError) as error:  # ValueError: a character that no path has
        raise WeightsError(f"cannot read weights '{path}' ({reason_of(error)})", "check the path") from error


def load_state(path: Path, state: str = "") -> tuple[dict[str, Tensor], str]:
    """The tensors of a .safetensors, .pth, .pt or .ckpt file, and the name of the state that was taken: the first of
    :func:`load_states`.

    Raises:
        WeightsError: as :func:`load_states`.
    """
    taken = load_states(path, state)[0]
    return taken.tensors, taken.name


def load_states(path: Path, state: str = "") -> list[State]:
    """All states of a file, in the order in which they are to be tried (:mod:`srbench.weights.states`).

    Args:
        state: the name of the one that is wanted; all by default.

    Raises:
        WeightsError: the file is missing, damaged, a part of one, needs code to be read, or holds no tensors or no
            such state.
    """
    content = read(path)
    found = states.find(content, state)
    if not found and state and (known := states.find(content)):
        raise WeightsError(f"'{path}' has no state '{state}'", f"it has: {', '.join(states.names(known))}")
    if not found:
        raise WeightsError(
            f"'{path}' holds no state of tensors",
            f"expected tensors at the top level or under {', '.join(states.ORDER)}",
        )
    return found


def load_into(
    module: nn.Module,
    path: Path,
    *,
    allow_partial: bool = False,
    ignore: str | None = None,
    state: str = "",
    rename: Table = (),
    ordered: bool = False,
) -> LoadAudit:
    """Load ``path`` into ``module`` (half precision is widened to the module's own type) and account for it.

    Of the states in the file, and the names that their tensors may have (:mod:`srbench.weights.matching`), the first
    is taken that the module fits; if it fits none, that with the most tensors in common. Counters of batches or
    operations need not be there, and may be.

    Args:
        ignore: tensors whose names start like this are not asked for (a classifier, where features are wanted).
        state: the name of the state that is wanted.
        rename: what tensors may be called in files: regular expressions, and the module's names for them.
        ordered: where no name fits, tensors are taken by order and shape.

    Raises:
        WeightsError: as :func:`load_states`; or tensors are missing, unexpected, or of another shape or kind of
            number, and ``allow_partial`` is false; or some are NaN.
    """
    found = load_states(path, state)
    best, reading = _best(found, module.state_dict(), ignore, rename, ordered)
    return fill(module, path, best, reading, found, allow_partial=allow_partial)


def fill(
    module: nn.Module,
    path: Path,
    taken: State,
    reading: Reading,
    found: Sequence[State],
    *,
    allow_partial: bool = False,
) -> LoadAudit:
    """Load a ``reading`` of the state ``taken`` into ``module``; as :func:`load_into`.

    Args:
        path: of the file, and ``found`` all states in it.
    """
    own, asked = module.state_dict(), reading.tensors
    misfits = {key: text for key, value in asked.items() if (text := _misfit(key, value, own))}
    audit = LoadAudit(
        path=path,
        state=taken.name,
        sha256=file_hash(path),
        parameters=sum(p.numel() for p in module.parameters()),
        matched=len(asked) - len(misfits),
        missing=_missing(asked, own),
        unexpected=tuple(misfits.values()),
        others=others(taken, found),
        how=reading.how,
    )
    require_complete(audit, allow_partial)
    loaded = {key: value for key, value in asked.items() if key not in misfits}
    require_numbers(loaded, path)
    module.load_state_dict(loaded, strict=False)
    return audit


def _best(
    found: Sequence[State], own: Mapping[str, Tensor], ignore: str | None, rename: Table, ordered: bool
) -> tuple[State, Reading]:
    """The first state and reading that fit whole; else those with the most tensors in common."""
    best, fitting = (found[0], Reading({})), -1
    for candidate in found:
        for reading in readings(_asked(candidate, ignore), rename):
            matched = matching(reading.tensors, own)
            if matched > fitting:
                best, fitting = (candidate, reading), matched
            if fits(reading.tensors, own):
                return candidate, reading
    for candidate in found if ordered else ():
        in_order = by_order(candidate.tensors, own)
        if in_order is not None:
            return candidate, in_order
    return best


def matching(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> int:
    """How many tensors can be loaded under their names into a network with the tensors ``own``."""
    return sum(not _misfit(key, value, own) for key, value in tensors.items())


def fits(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> bool:
    """Whether ``tensors`` fill a network with the tensors ``own``, counters aside, and none is left over."""
    return matching(tensors, own) == len(tensors) and not _missing(tensors, own)


def _asked(state: State, ignore: str | None) -> dict[str, Tensor]:
    if ignore is None:
        return state.tensors
    return {key: value for key, value in state.tensors.items() if not key.startswith(ignore)}


def others(taken: State, found: Sequence[State]) -> tuple[str, ...]:
    """For :attr:`LoadAudit.others`. An average that was there and not taken did not fit, which is said."""
    beside = states.others(taken, found)
    return tuple(
        f"{state.name} (does not fit)" if state.average and not taken.average else state.name for state in beside
    )


def _misfit(key: str, value: Tensor, own: Mapping[str, Tensor]) -> str:
    """Why a tensor cannot be loaded, its name first; empty if it can."""
    if key not in own:
        return key
    if own[key].shape != value.shape:
        return f"{key} is {tuple(value.shape)}, not {tuple(own[key].shape)}"
    if not _castable(own[key], value):
        return f"{key} is {_kind(value)}, not {_kind(own[key])}"
    return ""


def _castable(own: Tensor, value: Tensor) -> bool:
    """Whether ``value`` is a number of the kind that ``own`` holds: torch casts anything, and says nothing."""
    if own.is_complex() or own.is_floating_point():
        return value.is_complex() == own.is_complex() and (value.is_floating_point() or value.is_complex())
    if value.is_complex() or value.is_quantized:
        return False
    return not value.is_floating_point() or torch.equal(value, value.round())  # a counter that a converter cast


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def require_numbers(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raise WeightsError, naming the tensors, where some hold NaN."""
    bad = [key for key, value in tensors.items() if value.is_floating_point() and bool(value.isnan().any())]
    if bad:
        raise WeightsError(
            f"'{path}' holds NaN in {len(bad)} of {len(tensors)} tensors ({first_few(bad)})",
            "its training has diverged: use an earlier checkpoint",
        )


def audit_adopted(module: nn.Module, taken: State, found: Sequence[State], path: Path) -> LoadAudit:
    """Account for a state that a library loaded and may have renamed: tensors are matched by name, else by value.

    Args:
        found: all states of the file.
    """
    own, state = module.state_dict(), without_counters(taken.tensors)
    by_name = {k for k, v in state.items() if k in own and _same(own[k], v)}
    renamed_to = {k for k in own if k not in by_name and not is_counter(k)}
    unexpected = []
    for key, value in state.items():
        if key in by_name:
            continue
        twin = next((k for k in renamed_to if _same(own[k], value)), None)
        if twin is None:
            unexpected.append(_misfit(key, value, own) or key)
        else:
            renamed_to.discard(twin)
    return LoadAudit(
        path=path,
        state=taken.name,
        sha256=file_hash(path),
        parameters=sum(p.numel() for p in module.parameters()),
        matched=len(state) - len(unexpected),
        missing=tuple(sorted(renamed_to)),
        unexpected=tuple(unexpected),
        others=others(taken, found),
    )


def _same(own: Tensor, value: Tensor) -> bool:
    return own.shape == value.shape and _castable(own, value) and torch.equal(own.cpu(), value.cpu().to(own.dtype))


def require_complete(audit: LoadAudit, allow_partial: bool = False) -> None:
    """Raise WeightsError, naming the tensors, unless the audit is complete or partial loads are declared."""
    if audit.complete or (allow_partial and audit.matched):
        return
    raise WeightsError(
        f"'{audit.path}' does not fit the network: {_counts(audit.matched, audit.missing, audit.unexpected)}",
        "use the file that belongs to this method and scale",
    )


def difference(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> str:
    """In words, what of ``tensors`` a network with the tensors ``own`` has, lacks and asks for in vain."""
    unexpected = tuple(text for key, value in tensors.items() if (text := _misfit(key, value, own)))
    return _counts(len(tensors) - len(unexpected), _missing(tensors, own), unexpected)


def _counts(matched: int, missing: Sequence[str], unexpected: Sequence[str]) -> str:
    lines = [f"{matched} tensors match"]
    for label, names in (("missing", missing), ("unexpected", unexpected)):
        if names:
            lines.append(f"{len(names)} {label} ({first_few(names)})")
    return ", ".join(lines)


def _missing(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> tuple[str, ...]:
    return tuple(key for key in own if key not in tensors and not is_counter(key))
