"""Find methods: built in, in an installed package, in a user's file, in a checkpoint. One door for all.

* built in: every file of the ``methods/`` folders is a module ``srbench.methods.NAME``, every folder with an
  ``__init__.py`` a package of that name
* installed: entry points of the group ``srbench.methods``, each a class, named as its card
* ``./my_method.py``: every method class that the file defines
* ``./4x_model.pth``, ``.safetensors``: a network that spandrel recognises, named by the file's stem

A plugin that cannot be imported is listed as broken with its error; it never hides the others.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from srbench.contained import contained
from srbench.errors import MethodError
from srbench.foreign import opened
from srbench.paths import search_path
from srbench.registry import Found, Registry, Source
from srbench.sources import source_files

if TYPE_CHECKING:  # else late: what only lists methods does without torch
    from srbench.method.base import Method

Plugin: TypeAlias = "Found[type[Method]]"
CHECKPOINTS = (".pth", ".pt", ".ckpt", ".safetensors")


class _Methods(Registry["type[Method]"]):
    kind = "method"
    group = "srbench.methods"
    required = "a subclass of srbench.method.Method with a card"
    entries_named = False  # a method is named by its card

    def belongs(self, value: object) -> bool:
        from srbench.method.base import Method, MethodCard

        own = isinstance(value, type) and issubclass(value, Method)
        return own and isinstance(getattr(value, "card", None), MethodCard)

    def name_of(self, value: type[Method]) -> str:
        return value.card.name

    def builtin(self) -> Iterator[Source[type[Method]]]:
        for stem, path in builtin_files().items():
            origin = "built in" if _is_built_in(path) else str(path)
            # A file may hold several methods, which only their cards name.
            yield Source(stem.replace("_", "-"), origin, functools.partial(self._module, stem, path), path, named=False)

    def suffixes(self) -> Mapping[str, Callable[[Path], type[Method]]]:
        # The weight file is the whole method: as source it would be hashed twice.
        return dict.fromkeys(CHECKPOINTS, _from_checkpoint)

    def owns(self, module: ModuleType, value: type[Method]) -> bool:
        return f"{value.__module__}.".startswith(f"{module.__name__}.")

    def adopt(self, value: type[Method], path: Path) -> type[Method]:
        from srbench.method.network import TorchMethod

        if issubclass(value, TorchMethod):  # weights lie beside the plugin, be it a file or a folder
            value.source = path.parent if path.name == "__init__.py" else path
        return value

    def _module(self, stem: str, path: Path) -> list[type[Method]]:
        return self.things_in(importlib.import_module(f"{self.group}.{stem}"), path)


METHODS = _Methods()
GROUP = METHODS.group


def discover() -> list[Plugin]:
    """Every built-in and installed method, by name; broken ones included. Raises MethodError if two have one name."""
    return sorted(METHODS.discover(), key=lambda plugin: plugin.name)


def find(spec: str) -> list[Plugin]:
    """The plugins that ``spec`` names: a method's name, a .py file, or a checkpoint.

    Raises:
        UnknownNameError: no method of that name, with the nearest names.
        MethodError, WeightsError: a file cannot be used.
    """
    return METHODS.find(spec)


def instantiate(plugin: Plugin) -> Method:
    """A method ready to be prepared; raises MethodError if its constructor fails."""
    cls = plugin.load()
    with contained(f"method '{plugin.name}' cannot be created"), opened.recorded(opened.files_of(cls.__module__)):
        return cls()


def identity(plugin: Plugin, method: Method) -> str:
    """16 hex digits over the plugin's source file, the files beside it (:mod:`srbench.sources`), its weight files, what
    else it reads while it is loaded, and its card's version: another hash is another method.

    Raises:
        MethodError: ``weight_files()`` of the method raises.
        WeightsError: a file cannot be read.
    """
    from srbench.method.rehearsal import read_while_loaded
    from srbench.weights.files import file_hash

    digest = hashlib.sha256()
    files = source_files(plugin.source, type(method).__mro__)
    with contained(f"weight_files() of {plugin.name}"):
        weights = [path for path in method.weight_files() if path not in files]
    for path in (*files, *weights):
        digest.update(file_hash(path).encode())
    if plugin.source is not None and not _is_built_in(plugin.source):
        known = {path.resolve() for path in (*files, *weights)}
        others = (path for path in read_while_loaded(type(method)) if path.resolve() not in known)
        for content in sorted({file_hash(path) for path in others}):  # wherever they lie
            digest.update(content.encode())
    if method.card.version != 1:
        digest.update(f"version {method.card.version}".encode())
    return digest.hexdigest()[:16]


def _is_built_in(path: Path) -> bool:
    return Path(search_path("methods")[0]) in path.parents


def builtin_files() -> dict[str, Path]:
    """The files of the ``methods/`` folders by the names of their modules; raises MethodError if two have one name."""
    files: dict[str, Path] = {}
    for folder in search_path("methods"):
        for path in sorted([*Path(folder).glob("*.py"), *Path(folder).glob("*/__init__.py")]):
            stem = path.parent.name if path.name == "__init__.py" else path.stem
            if stem in files:
                raise MethodError(f"'{files[stem]}' and '{path}' have one name", "rename one of the two")
            files[stem] = path
    return files


def _from_checkpoint(path: Path) -> type[Method]:
    from srbench.method.checkpoint import method_from

    return method_from(path)
