"""What two methods that are set against each other were made by, and in what they differ: weights, code, versions of
srbench and of metrics, machine, handling."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srbench.records import VERSION_STEP, declared_version
from srbench.results.contestant import Contestant, manifests
from srbench.results.handling import remarks

_SHORT = 12  # characters of a hash
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fact:
    """One thing that both were asked; each answer in words, UNKNOWN where the folder does not say."""

    what: str
    a: str
    b: str

    @property
    def differs(self) -> bool:
        return self.a != self.b


def facts_of(a: Contestant, b: Contestant) -> list[Fact]:
    """Everything that is known to bear on the values, in the order of what is most likely to."""
    apart = a.folder.resolve() != b.folder.resolve()
    found = [Fact("results folder", str(a.folder), str(b.folder))] if apart else []
    found += [Fact(what, ask(a), ask(b)) for what, ask in _QUESTIONS]
    found += [Fact(f"version of {name}", *versions) for name, versions in _versions(a, b).items()]
    return [fact for fact in found if {fact.a, fact.b} != {UNKNOWN}]


def split(found: Iterable[Fact]) -> tuple[list[Fact], list[Fact]]:
    """Those that differ, and those that do not."""
    every = list(found)
    return [fact for fact in every if fact.differs], [fact for fact in every if not fact.differs]


def _entries(side: Contestant) -> list[dict[str, Any]]:
    """What manifests say of the very method that was run, by name and identity."""
    wanted = {cell.facts.method_hash for cell in side.all_cells()}
    written = [entry for run in side.runs.values() for entry in run.manifest.get("methods", ())]
    return [entry for entry in written if entry.get("name") == side.plugin and entry.get("hash") in wanted]


def _weights(side: Contestant) -> str:
    """Files with their hashes; the state that was taken of a checkpoint."""
    found: list[str] = []
    for entry in _entries(side):
        states = {file.get("sha256"): file.get("state", "") for file in entry.get("weight_files", ())}
        for name, sha256 in sorted(entry.get("weights", {}).items()):
            state = states.get(sha256, "")
            found.append(f"{Path(name).name} {sha256[:_SHORT]}" + (f" ({state})" if state else ""))
    return _joined(found) or ("none" if _entries(side) else UNKNOWN)


def _training(side: Contestant) -> str:
    """Steps, minutes and device, by the card beside the weights."""
    found = []
    for scale in sorted({view.scale for view in side.cells}):
        for identity in sorted({cell.facts.method_hash for cell in side.all_cells()}):
            known = side.facts.training(side.plugin, scale, identity)
            if known is not None:
                minutes = f"{known.wall_seconds / 60:.0f} minutes"
                found.append(f"x{scale}: {known.steps} steps, {minutes} on {known.device}")
    return _joined(found) or UNKNOWN


def _identity(side: Contestant) -> str:
    """The hash of the method's files and weights, which cells carry."""
    return _joined(sorted({cell.facts.method_hash[:_SHORT] for cell in side.all_cells()}))


def _options(side: Contestant) -> str:
    return _joined(sorted({cell.facts.options for cell in side.all_cells()} - {""})) or "none"


def _precision(side: Contestant) -> str:
    return _joined(sorted({cell.facts.precision for cell in side.all_cells()}))


def _handling(side: Contestant) -> str:
    said = remarks([cell.handling for cell in side.all_cells()])
    return _joined([f"{remark.short}: {remark.reason}" for remark in said]) or "nothing special"


def _written(key: str) -> Callable[[Contestant], str]:
    """Asks the manifests of the runs that computed the images."""

    def ask(side: Contestant) -> str:
        return _joined([str(run.get(key, "")) for run in manifests(side)]) or UNKNOWN

    return ask


def _srbench(side: Contestant) -> str:
    """Its version, and the revision of the checkout that it ran from."""
    found = []
    for run in manifests(side):
        revision, dirty, _ = str(run.get("git", "")).partition("-dirty")
        found.append(f"{run.get('srbench', '')} {revision[:_SHORT]}{dirty}".strip())
    return _joined(found) or UNKNOWN


def _packages(side: Contestant) -> str:
    packages = [run.get("packages", {}) for run in manifests(side)]
    found = [", ".join(f"{name} {version}" for name, version in own.items()) for own in packages]
    return "; ".join(dict.fromkeys(text for text in found if text)) or UNKNOWN


def _versions(a: Contestant, b: Contestant) -> dict[str, tuple[str, str]]:
    """Of the metrics that both have."""
    facts = a.facts | b.facts
    found = [_versions_of(side) for side in (a, b)]
    both = sorted(found[0].keys() & found[1].keys(), key=facts.metric_order)
    return {name: (_joined(found[0][name]), _joined(found[1][name])) for name in both}


def _versions_of(side: Contestant) -> dict[str, list[str]]:
    found: dict[str, set[int]] = {}
    for cell in side.all_cells():
        for name, score in cell.scores.items():
            found.setdefault(name, set()).add(score.version)
    return {name: [_version(number) for number in sorted(numbers)] for name, numbers in found.items()}


def _version(number: int) -> str:
    """A user's metric has the hash of its files behind the version that it declares."""
    code = f" (code {number % VERSION_STEP})" if number >= VERSION_STEP else ""
    return f"{declared_version(number)}{code}"


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))


_QUESTIONS: tuple[tuple[str, Callable[[Contestant], str]], ...] = (
    ("weights", _weights),
    ("training", _training),
    ("code and weights, as one hash", _identity),
    ("options", _options),
    ("precision", _precision),
    ("handling", _handling),
    ("srbench", _srbench),
    ("device", _written("device")),
    ("processor", _written("processor")),
    ("Python", _written("python")),
    ("packages", _packages),
)
