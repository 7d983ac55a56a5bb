"""Find methods: built in, in an installed package, in a user's file, in a checkpoint. One door for all.

* built in: every file of the ``methods/`` folders is a module ``srbench.methods.NAME``, every folder with an
  ``__init__.py`` a package of that name
* installed: entry points of the group ``srbench.methods``, each a class, named as its card
* ``./my_method.py``: every method class that the file defines
* ``./4x_model.pth``, ``.safetensors``: a network that spandrel recognises, named by the file's stem

A plugin that cannot be imported is listed as broken with its error; it never hides the others.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from srbench.errors import MethodError, SrbenchError, UnknownNameError
from srbench.method.base import Method, MethodCard
from srbench.method.checkpoint import SUFFIXES, method_from
from srbench.method.network import TorchMethod
from srbench.method.sources import source_files
from srbench.paths import search_path
from srbench.registry import load_file
from srbench.weights.files import file_hash

GROUP = "srbench.methods"
_PACKAGE = "srbench.methods"


@dataclass(frozen=True)
class Plugin:
    """A method class and where it came from; or, with ``error``, why it could not be imported."""

    name: str
    origin: str
    source: Path | None = None
    method: type[Method] | None = None
    error: str = ""

    def load(self) -> type[Method]:
        """The class; raises MethodError if the plugin is broken."""
        if self.method is None:
            raise MethodError(f"method '{self.name}' ({self.origin}) is broken: {self.error}", "mend the plugin")
        return self.method


def discover() -> list[Plugin]:
    """Every built-in and installed method, by name; broken ones included."""
    plugins: list[Plugin] = []
    for stem, path in _builtin_files().items():
        plugins += _from_builtin(stem, path)
    for entry in importlib.metadata.entry_points(group=GROUP):
        plugins.append(_from_entry_point(entry))
    twice = [name for name, n in Counter(p.name for p in plugins).items() if n > 1]
    if twice:
        origins = ", ".join(p.origin for p in plugins if p.name == twice[0])
        raise MethodError(f"two methods are called '{twice[0]}' ({origins})", "rename or remove one")
    return sorted(plugins, key=lambda plugin: plugin.name)


def find(spec: str) -> list[Plugin]:
    """The plugins that ``spec`` names: a method's name, a .py file, or a checkpoint.

    Raises:
        UnknownNameError: no method of that name, with the nearest names.
        MethodError, WeightsError: a file cannot be used.
    """
    path = Path(spec)
    if path.suffix == ".py":
        return _from_file(path)
    if path.suffix in SUFFIXES:
        return [_from_checkpoint(path)]
    # A built-in stands in the file of its name, so one name does not import all methods.
    stem = spec.replace("-", "_")
    files = _builtin_files()
    if stem in files:
        named = [plugin for plugin in _from_builtin(stem, files[stem]) if plugin.name == spec]
        if named:
            return named
    known = {plugin.name: plugin for plugin in discover()}
    if spec not in known:
        raise UnknownNameError("method", spec, known)
    return [known[spec]]


def instantiate(plugin: Plugin) -> Method:
    """A method ready to be prepared; raises MethodError if its constructor fails."""
    cls = plugin.load()
    try:
        return cls()
    except SrbenchError:
        raise
    except Exception as error:
        raise MethodError(f"method '{plugin.name}' cannot be created: {error!r}", "mend the plugin") from error


def identity(plugin: Plugin, method: Method) -> str:
    """16 hex digits over the plugin's source file, the files beside it (:mod:`srbench.method.sources`), its
    weight files and its card's version: another hash is another method."""
    digest = hashlib.sha256()
    files = source_files(plugin.source, type(method).__mro__)
    for path in [*files, *(f for f in method.weight_files() if f not in files)]:
        digest.update(file_hash(path).encode())
    if method.card.version != 1:
        digest.update(f"version {method.card.version}".encode())
    return digest.hexdigest()[:16]


def _builtin_files() -> dict[str, Path]:
    files: dict[str, Path] = {}
    for folder in search_path("methods"):
        for path in sorted([*Path(folder).glob("*.py"), *Path(folder).glob("*/__init__.py")]):
            stem = path.parent.name if path.name == "__init__.py" else path.stem
            if stem in files:
                raise MethodError(f"'{files[stem]}' and '{path}' have one name", "rename one of the two")
            files[stem] = path
    return files


def _from_builtin(stem: str, path: Path) -> list[Plugin]:
    origin = "built in" if Path(search_path("methods")[0]) in path.parents else str(path)
    name = stem.replace("_", "-")
    try:
        module = importlib.import_module(f"{_PACKAGE}.{stem}")
    except (Exception, SystemExit) as error:
        return [Plugin(name, origin, path, error=f"{type(error).__name__}: {error}")]
    return [Plugin(cls.card.name, origin, path, cls) for cls in _methods_in(module, path)]


def _from_entry_point(entry: importlib.metadata.EntryPoint) -> Plugin:
    origin = f"package {entry.dist.name}" if entry.dist else "package"
    try:
        cls = entry.load()
        if not (isinstance(cls, type) and issubclass(cls, Method) and isinstance(cls.card, MethodCard)):
            raise TypeError(f"'{entry.value}' is not a subclass of srbench.method.base.Method with a card")
    except (Exception, SystemExit) as error:
        return Plugin(entry.name, origin, error=f"{type(error).__name__}: {error}")
    source = Path(sys.modules[cls.__module__].__file__ or "")
    _set_source(cls, source)
    return Plugin(cls.card.name, origin, source, cls)


def _from_file(path: Path) -> list[Plugin]:
    module = load_file(path)
    path = path.resolve()
    plugins = [Plugin(cls.card.name, f"file {path}", path, cls) for cls in _methods_in(module, path)]
    if not plugins:
        raise MethodError(f"'{path}' defines no method", "derive a class from srbench.method.Method and give it a card")
    return plugins


def _from_checkpoint(path: Path) -> Plugin:
    # The weight file is the whole method: as source it would be hashed twice.
    return Plugin(path.stem, f"checkpoint {path}", None, method_from(path))


def _methods_in(module: ModuleType, path: Path) -> Iterator[type[Method]]:
    for cls in vars(module).values():
        if not (isinstance(cls, type) and issubclass(cls, Method) and _defined_in(cls, module)):
            continue
        if isinstance(getattr(cls, "card", None), MethodCard):
            _set_source(cls, path)
            yield cls


def _defined_in(cls: type, module: ModuleType) -> bool:
    return f"{cls.__module__}.".startswith(f"{module.__name__}.")


def _set_source(cls: type[Method], source: Path) -> None:
    if issubclass(cls, TorchMethod):  # weights lie beside the plugin, be it a file or a folder
        cls.source = source.parent if source.name == "__init__.py" else source
