"""What the methods, metrics, datasets and protocols of a results folder are, as its runs wrote it down.

All that shows or judges scores asks here, so that it says the same of a method or metric whose code is not at hand: a
user's file, a package that is gone. :mod:`srbench.run.manifest` writes these facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Protocol

from srbench.foreign.bibtex import cite_key
from srbench.records import TrainingFacts
from srbench.results.coverage import Extent, measured
from srbench.results.pages import Page
from srbench.scale import number

DIGITS = 4  # of a metric that nobody knows
_LAST = 1 << 30  # place of what has no place in an order
Kind = Literal["method", "metric", "dataset"]


@dataclass(frozen=True)
class MetricFacts:
    """A metric without its code. ``higher_is_better`` is None where nobody knows: then no value is best. ``order`` is
    its place in tables, None for users' own, which come last. ``source`` is who defines it; ``over_time``: it measures
    from frame to frame, so a clip's first frame has no value."""

    name: str
    title: str
    unit: str = ""
    higher_is_better: bool | None = None
    digits: int = DIGITS
    footnote: str = ""
    version: int | None = None
    bounds: tuple[float | None, float | None] | None = None  # an end that is None is unbounded; None: unknown
    order: int | None = None
    source: str = ""
    over_time: bool = False

    @property
    def arrow(self) -> str:
        return {True: "↑", False: "↓", None: ""}[self.higher_is_better]

    @property
    def direction(self) -> str:
        return {True: "higher is better", False: "lower is better", None: "direction unknown"}[self.higher_is_better]


# Older runs wrote down none of these, and it is not worth asking installed code, which imports torch.
_ASKED_FOR = {own.name for own in fields(MetricFacts)} - {"source", "over_time"}


@dataclass(frozen=True)
class PublishedValue:
    """One published number: mean over a dataset's images, under ``protocol``, where it is printed, and of what: the
    ``size`` of the network and the ``images`` it was trained on (:class:`srbench.method.Published`), '' if not said;
    ``exact`` if of the very weights that were run."""

    dataset: str
    scale: float
    metric: str
    value: float
    source: str
    protocol: str = "classic"
    size: str = ""
    images: str = ""
    exact: bool = False


def closest(
    values: Iterable[PublishedValue], dataset: str, scale: float, metric: str, protocol: str
) -> PublishedValue | None:
    """That of a dataset, scale and metric which is printed under a protocol; else one under another, which is better
    than none and is marked by its ``protocol``."""
    found = [own for own in values if (own.dataset, own.scale, own.metric) == (dataset, scale, metric)]
    return min(found, key=lambda own: own.protocol != protocol, default=None)


@dataclass(frozen=True)
class WeightFile:
    """A weight file that a run loaded. ``shipped`` is None where the run did not say whose it is; ``state`` is the one
    that was taken of several."""

    path: str
    sha256: str
    shipped: bool | None = None
    state: str = ""


@dataclass(frozen=True)
class MethodFacts:
    """A method without its code. ``year`` is 0 where it has none; ``colour``, ``published`` and ``size`` are those of
    its card. ``aims_at_pixels`` is False of methods that give up PSNR for what people see. ``training`` is by scale,
    of the weights that were run. ``idea``, ``equation``, ``differs`` and ``bibtex`` are what people read of it
    (:class:`srbench.method.MethodCard`), ``weight_files`` what was loaded, as far as the run wrote it down. ``own`` is
    True of a user's own method; where a run does not say, it is False."""

    name: str
    title: str
    year: int = 0
    family: str = "user's own"
    paper: str = ""
    colour: str = "any"
    url: str = ""
    aims_at_pixels: bool = True
    published: tuple[PublishedValue, ...] = ()
    training: Mapping[float, TrainingFacts] = field(default_factory=dict)
    idea: str = ""
    equation: str = ""
    differs: str = ""
    bibtex: str = ""
    weight_files: tuple[WeightFile, ...] = ()
    own: bool = False
    size: str = ""

    @property
    def cite(self) -> str:
        r"""The key for ``\cite``; empty without a BibTeX entry."""
        return cite_key(self.bibtex)


@dataclass(frozen=True)
class DatasetFacts:
    """A dataset without its manifest. ``order`` is its place in tables, None for users' own, which come last."""

    name: str
    title: str
    licence: str = ""
    citation: str = ""
    order: int | None = None


@dataclass(frozen=True)
class ProtocolFacts:
    """A protocol in words."""

    name: str
    version: int
    hash: str
    description: str


class Fallback(Protocol):
    """Who is asked for what a folder does not say, as folders of older srbenches do not. None: unknown here too."""

    def metric(self, name: str) -> MetricFacts | None: ...

    def method(self, name: str, weights: Mapping[str, str]) -> MethodFacts | None:
        """``weights``: hashes of the files that were run, by name; other weights' training is not told."""
        ...

    def page(self, name: str, title: str) -> Page:
        """An empty one of a method that is not shipped under this name and title."""
        ...

    def dataset(self, name: str) -> DatasetFacts | None: ...

    def protocol(self, name: str) -> ProtocolFacts | None: ...

    def names(self, kind: Kind) -> Collection[str]: ...


class FolderFacts:
    """The facts of any method, metric, dataset or protocol by name: of the newest run that used it, else of the
    fallback.

    Args:
        manifests: of the runs, oldest first, as :class:`srbench.results.reader.Reader` lets them through: what there is
            has its type, and is not looked at again.
    """

    def __init__(self, manifests: Iterable[Mapping[str, Any]] = (), fallback: Fallback | None = None) -> None:
        self._fallback = fallback
        self._written: dict[str, dict[str, Mapping[str, Any]]] = {"method": {}, "metric": {}, "dataset": {}}
        self._identities: dict[tuple[str, str], Mapping[str, Any]] = {}  # methods by name and hash
        self._protocols: dict[tuple[str, str], Mapping[str, Any]] = {}
        for manifest in manifests:
            for kind, known in self._written.items():
                known.update({written["name"]: written for written in manifest.get(f"{kind}s", ())})
            for written in manifest.get("methods", ()):
                self._identities[written["name"], written.get("hash", "")] = written
            for protocol in protocols_of(manifest):
                self._protocols[protocol["name"], protocol["hash"]] = protocol
        self._metrics: dict[str, MetricFacts] = {}
        self._methods: dict[tuple[str, str], MethodFacts | None] = {}
        self._datasets: dict[str, DatasetFacts] = {}

    def __or__(self, other: FolderFacts) -> FolderFacts:
        """The facts of two folders; where both know something, those of ``other``."""
        both = FolderFacts(fallback=other._fallback or self._fallback)
        both._written = {kind: known | other._written[kind] for kind, known in self._written.items()}
        both._identities = self._identities | other._identities
        both._protocols = self._protocols | other._protocols
        return both

    def metric(self, name: str) -> MetricFacts:
        if name not in self._metrics:
            own = _known(MetricFacts, self._written["metric"].get(name, {}))
            if own.get("bounds") is not None:
                own["bounds"] = tuple(own["bounds"])
            whole = own.keys() >= _ASKED_FOR
            installed = None if whole or self._fallback is None else self._fallback.metric(name)
            self._metrics[name] = replace(installed or MetricFacts(name, title=name), **own)
        return self._metrics[name]

    def method(self, name: str, identity: str = "") -> MethodFacts | None:
        """None of a method that nobody knows.

        Args:
            identity: its hash, for the facts of that very method where several had the name.
        """
        if (name, identity) not in self._methods:
            newest = self._written["method"].get(name, {})
            written = self._identities.get((name, identity), newest)
            self._methods[name, identity] = self._method(name, written)
        return self._methods[name, identity]

    def _method(self, name: str, written: Mapping[str, Any]) -> MethodFacts | None:
        if "family" in written:
            own = _method_from_json(written)
            if "idea" in written or self._fallback is None:
                return own
            return replace(own, **asdict(self._fallback.page(name, own.title)))
        installed = None if self._fallback is None else self._fallback.method(name, written.get("weights", {}))
        title = written.get("title", name)
        if written and (installed is None or installed.title != title):
            return MethodFacts(name, title)  # a user's own that has the name of an installed one
        return installed

    def training(self, name: str, scale: float, identity: str = "") -> TrainingFacts | None:
        """Of the weights of a method; None where it was not trained, or nobody knows how."""
        method = self.method(name, identity)
        return None if method is None else method.training.get(scale)

    def dataset(self, name: str) -> DatasetFacts:
        if name not in self._datasets:
            own = _known(DatasetFacts, self._written["dataset"].get(name, {}))
            whole = len(own) == len(fields(DatasetFacts))
            installed = None if whole or self._fallback is None else self._fallback.dataset(name)
            self._datasets[name] = replace(installed or DatasetFacts(name, title=name), **own)
        return self._datasets[name]

    def extent(self, name: str) -> Extent:
        """How much there is of a dataset, by the newest run that used it: also what that run could not measure."""
        written = self._written["dataset"].get(name, {})
        clips: dict[str, int | None] = {}
        for clip, own in written.get("clips", {}).items():
            clips[clip] = own["frames"] + len(own.get("partial", ())) if measured(own) else None
        return Extent(0 if clips else len(written.get("images", {})), clips)

    def skip_frames(self, protocol: str) -> int:
        """How many frames at both ends of a clip a protocol leaves out, as the newest run has it."""
        own = [written.get("skip_frames", 0) for (name, _), written in self._protocols.items() if name == protocol]
        return own[-1] if own else 0

    def protocols(self, name: str) -> list[ProtocolFacts]:
        """All that were used under this name; one without a description is left out."""
        found = []
        for (own, _), written in self._protocols.items():
            if own == name and {"version", "description"} <= written.keys():
                found.append(ProtocolFacts(**_known(ProtocolFacts, written)))
            elif own == name and self._fallback is not None and (installed := self._fallback.protocol(name)):
                found.append(installed)
        return list(dict.fromkeys(found))

    def metric_order(self, name: str) -> tuple[int, str]:
        """Sort key of metrics in tables."""
        return _order(self.metric(name).order, name)

    def dataset_order(self, name: str) -> tuple[int, str]:
        """Sort key of datasets in tables: the standard ones first, in their usual order."""
        return _order(self.dataset(name).order, name)

    def knows(self, kind: Kind, name: str) -> bool:
        """Whether the folder or the fallback has this name."""
        return name in self._written[kind] or name in self._names_elsewhere(kind) or self._gateway(kind, name)

    def names(self, kind: Kind) -> set[str]:
        """All names of the folder and the fallback."""
        return {*self._written[kind], *self._names_elsewhere(kind)}

    def _names_elsewhere(self, kind: Kind) -> Collection[str]:
        return () if self._fallback is None else self._fallback.names(kind)

    def _gateway(self, kind: Kind, name: str) -> bool:
        """Whether it is a metric of another library, of which there is no list: 'pyiqa:NAME'."""
        return kind == "metric" and self._fallback is not None and self._fallback.metric(name) is not None


def protocols_of(manifest: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The protocols of a run, each with name and hash; an older srbench wrote one alone."""
    one = manifest.get("protocol")
    return manifest.get("protocols", ()) if one is None else (one,)


def _order(place: int | None, name: str) -> tuple[int, str]:
    return (_LAST if place is None else place, name)


def _known(facts: type, written: Mapping[str, Any]) -> dict[str, Any]:
    """Those entries that are fields."""
    return {own.name: written[own.name] for own in fields(facts) if own.name in written}


def to_json(facts: MetricFacts | MethodFacts | DatasetFacts | ProtocolFacts) -> dict[str, Any]:
    """As a run's manifest holds them."""
    return asdict(facts)


def _method_from_json(written: Mapping[str, Any]) -> MethodFacts:
    own = {"title": written["name"], **_known(MethodFacts, written)}
    own["published"] = tuple(PublishedValue(**_known(PublishedValue, value)) for value in written.get("published", ()))
    training = written.get("training", {})
    own["training"] = {number(float(scale)): _training_from_json(facts) for scale, facts in training.items()}
    own["weight_files"] = _weight_files(written)
    return MethodFacts(**own)


def _weight_files(written: Mapping[str, Any]) -> tuple[WeightFile, ...]:
    """Older runs wrote down the hashes by name alone, and of these not which were loaded."""
    if "weight_files" in written:
        return tuple(
            WeightFile(**({"path": "", "sha256": ""} | _known(WeightFile, file))) for file in written["weight_files"]
        )
    return tuple(WeightFile(name, sha256) for name, sha256 in written.get("weights", {}).items())


def _training_from_json(written: Mapping[str, Any]) -> TrainingFacts:
    own = _known(TrainingFacts, written)
    own["curve"] = tuple((int(step), float(psnr)) for step, psnr in own.get("curve", ()))
    own["content_features"] = tuple(own.get("content_features", ()))
    return TrainingFacts(**own)
