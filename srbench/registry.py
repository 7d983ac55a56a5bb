"""How methods, metrics and degradations are found by name: one door for what is built in and for what others write.

* built in: listed by the kind itself, imported when it is asked for
* installed: entry points of the kind's group
* ``./mine.py``: all of the kind that the file defines
* ``PREFIX:VALUE``: made from what follows the prefix

What cannot be imported is listed as broken, with its error; it never hides the others.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Generic, TypeVar

from srbench.errors import MethodError, SrbenchError, UnknownNameError
from srbench.foreign import loading, opened
from srbench.foreign.contained import contained
from srbench.foreign.trial import died_of

T = TypeVar("T")


BUILT_IN = "built in"  # the origin of what comes with srbench


@dataclass(frozen=True)
class Found(Generic[T]):
    """A thing and where it came from; or, with ``error``, why it could not be imported."""

    kind: str
    name: str
    origin: str
    source: Path | None = None
    value: T | None = None
    error: str = ""

    def load(self) -> T:
        """The thing; raises MethodError if it is broken."""
        if self.value is None:
            raise MethodError(f"{self.kind} '{self.name}' ({self.origin}) is broken: {self.error}", "fix the plugin")
        return self.value


@dataclass(frozen=True)
class Source(Generic[T]):
    """Where things are registered: the file ``path`` or the ``module`` of an entry point. ``load`` imports it.

    ``named`` says that there is one thing in it, which has the source's name, so that the name is known before
    anything is imported.
    """

    name: str
    origin: str
    load: Callable[[], Sequence[T]]
    path: Path | None = None
    module: str = ""
    named: bool = True


@dataclass(frozen=True)
class Prefix(Generic[T]):
    """Things that are made from what follows ``text``, such as 'kernel:'.

    ``value`` describes what follows, for people; ``names`` are the values that there are, where they can be listed.
    """

    text: str
    value: str
    make: Callable[[str], T]
    names: Callable[[], Iterable[str]] = tuple


class Registry(Generic[T]):
    """All things of one kind; a subclass says what they are."""

    kind: ClassVar[str]
    """For messages, such as 'metric'."""
    group: ClassVar[str]
    """Of entry points."""
    required: ClassVar[str]
    """What a thing has to be, for messages, such as 'a srbench.metrics.Metric'."""
    entries_named: ClassVar[bool] = True
    """Whether an entry point has the name of the thing that it stands for."""

    def belongs(self, value: object) -> bool:
        """Whether an object is of this kind."""
        raise NotImplementedError

    def name_of(self, value: T) -> str:
        raise NotImplementedError

    def builtin(self) -> Iterable[Source[T]]:
        """In the order in which they are listed."""
        raise NotImplementedError

    def prefixes(self) -> Sequence[Prefix[T]]:
        return ()

    def suffixes(self) -> Mapping[str, Callable[[Path], T]]:
        """Files of other types than .py, each of which is one thing."""
        return {}

    def owns(self, module: ModuleType, value: T) -> bool:
        """Whether a thing that stands in a module is the module's own."""
        return True

    def adopt(self, value: T, path: Path) -> T:
        """What becomes of a thing that a plugin file or a package brings."""
        return value

    def discover(self) -> list[Found[T]]:
        """Everything built in and installed; broken ones included. Raises MethodError if two have one name."""
        found = [item for source in self.sources() for item in self.open(source)]
        self.require_distinct((item.name, item.origin) for item in found)
        return found

    def names(self) -> list[str]:
        """Of everything built in and installed whose name is known before it is imported; raises as
        :meth:`discover`."""
        named = [source for source in self.sources() if source.named]
        self.require_distinct((source.name, source.origin) for source in named)
        return [source.name for source in named]

    def find(self, spec: str) -> list[Found[T]]:
        """What ``spec`` names: a name, a file or ``PREFIX:VALUE``.

        Raises:
            UnknownNameError: nothing has that name; with the nearest names.
            SrbenchError: a file or value cannot be used.
        """
        for prefix in self.prefixes():
            if spec.startswith(prefix.text):
                behind, names = spec.removeprefix(prefix.text), set(prefix.names())
                if names and behind not in names:
                    raise self.unknown(spec)
                value = prefix.make(behind)
                return [Found(self.kind, self.name_of(value), prefix.text, None, value)]
        path = Path(spec)
        if path.suffix == ".py":
            return self._in_file(path)
        if (make := self.suffixes().get(path.suffix.lower())) is not None:
            value = make(path)
            return [Found(self.kind, self.name_of(value), f"file {path}", None, value)]
        return [self._named(spec)]

    def get(self, spec: str) -> T:
        """The one thing that ``spec`` names.

        Raises:
            UnknownNameError, SrbenchError: as :meth:`find`; a file defines several.
            MethodError: it is broken.
        """
        found = self.find(spec)
        if len(found) > 1:
            raise SrbenchError(f"'{spec}' defines {len(found)} {self.kind}s", "name a file with one")
        return found[0].load()

    def sources(self) -> Iterator[Source[T]]:
        """Where the built-in and installed ones come from; nothing is imported."""
        yield from self.builtin()
        for entry in entry_points(self.group):
            yield self._installed(entry)

    def open(self, source: Source[T]) -> list[Found[T]]:
        """What a source has; where it cannot be used, one broken thing of its name."""
        if source.origin != BUILT_IN and (text := died_of(source.load)):
            return [Found(self.kind, source.name, source.origin, source.path, error=text)]
        try:
            with contained():
                values = source.load()
                return [
                    Found(self.kind, self.name_of(value), source.origin, source.path or _file_of(value), value)
                    for value in values
                ]
        except SrbenchError as error:
            return [Found(self.kind, source.name, source.origin, source.path, error=str(error))]

    def things_in(self, module: ModuleType, path: Path) -> list[T]:
        """What a plugin's module defines at its top level."""
        own = {id(value): value for value in vars(module).values() if self.belongs(value) and self.owns(module, value)}
        return [self.adopt(value, path) for value in own.values()]

    def _named(self, name: str) -> Found[T]:
        for source in self.sources():  # first those that cost one import
            if source.name == name:
                for item in self.open(source):
                    if item.name == name:
                        return item
        known = {item.name: item for source in self.sources() if not source.named for item in self.open(source)}
        if name in known:
            return known[name]
        raise self.unknown(name, known)

    def unknown(self, name: str, known: Iterable[str] = ()) -> UnknownNameError:
        """The error of a name that nothing has, with the nearest ones of what is known and of ``known``."""
        gateways: dict[str, list[str]] = {}
        for prefix in self.prefixes():
            for value in prefix.names():
                gateways.setdefault(value.lower(), []).append(f"{prefix.text}{value}")
        shown = [f"{prefix.text}{prefix.value}" for prefix in self.prefixes()]
        return UnknownNameError(self.kind, name, [*known, *self.names(), *shown], gateways)

    def _in_file(self, path: Path) -> list[Found[T]]:
        module = load_file(path)
        path = path.resolve()
        with contained(f"plugin '{path}' cannot be used"):
            values = self.things_in(module, path)
            names = [self.name_of(value) for value in values]
        if not values:
            raise MethodError(f"'{path}' defines no {self.kind}", f"write {self.required} (docs/plugins.md)")
        taken = set(self.names())
        for name in names:
            if name in taken or names.count(name) > 1:
                raise SrbenchError(f"two {self.kind}s are called '{name}' (one in {path})", "rename one")
        pairs = zip(names, values, strict=True)
        return [Found(self.kind, name, f"file {path}", path, value) for name, value in pairs]

    def _installed(self, entry: importlib.metadata.EntryPoint) -> Source[T]:
        def load() -> list[T]:
            value: T = entry.load()
            if not self.belongs(value):
                raise TypeError(f"'{entry.value}' is not {self.required}")
            if self.entries_named and self.name_of(value) != entry.name:
                raise TypeError(f"'{entry.value}' is not a {self.kind} of that name")
            path = _file_of(value) or _file_of_module(entry.module)
            return [value if path is None else self.adopt(value, path)]

        origin = f"package {entry.dist.name}" if entry.dist else "package"
        return Source(entry.name, origin, load, module=entry.module, named=self.entries_named)

    def require_distinct(self, items: Iterable[tuple[str, str]]) -> None:
        """Raise MethodError if two of the pairs of a name and an origin have one name."""
        origins: dict[str, list[str]] = {}
        for name, origin in items:
            origins.setdefault(name, []).append(origin)
        for name, own in origins.items():
            if len(own) > 1:
                raise MethodError(f"two {self.kind}s are called '{name}' ({', '.join(own)})", "rename or remove one")


def entry_points(group: str) -> tuple[importlib.metadata.EntryPoint, ...]:
    """The entry points of a group in all installed packages, by name."""
    look = importlib.metadata.entry_points
    folders = tuple((folder, _changed(folder)) for folder in sys.path)
    return _entry_points(look, group, folders)


@lru_cache(maxsize=16)
def _entry_points(
    look: Callable[..., Iterable[importlib.metadata.EntryPoint]], group: str, folders: tuple[tuple[str, float], ...]
) -> tuple[importlib.metadata.EntryPoint, ...]:
    # Reading every package's metadata takes about 8 ms, and a run asks six times. A package that is
    # installed meanwhile changes one of the folders.
    return tuple(sorted(look(group=group), key=lambda entry: entry.name))


def _changed(folder: str) -> float:
    """When something was last added to a folder; 0 where there is none."""
    try:
        return Path(folder).stat().st_mtime
    except OSError:
        return 0.0


def _file_of(value: object) -> Path | None:
    """The file that defines a class; None for any other object, which does not tell."""
    return _file_of_module(value.__module__) if isinstance(value, type) else None


def _file_of_module(name: str) -> Path | None:
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file) if file else None


def load_file(path: Path) -> ModuleType:
    """Import a plugin file (:mod:`srbench.foreign.loading`).

    Raises:
        MethodError: there is none, or it cannot be imported.
    """
    if not path.is_file():
        raise MethodError(f"no plugin file at '{path}'", "check the path")
    path = path.resolve()
    name = loading.private_name(path)
    opened.forget(name)
    if text := died_of(lambda: loading.load(path)):
        raise MethodError(f"plugin '{path}' cannot be imported: {text}", "fix the plugin, or leave it out")
    try:
        with contained(), opened.recorded(opened.files_of(name)):
            return loading.load(path)
    except SrbenchError as error:
        raise MethodError(f"plugin '{path}' cannot be imported: {error}", "see it whole with --debug") from error
