"""Import a plugin file as what it is to its author: a script, or a module of a package, that imports its neighbours.

``from net import Net`` finds ``net.py`` beside the file, and so does ``from .net import Net``. What is found so is
private to that one file: it stands in :data:`sys.modules` below a name made of the file's path, :data:`sys.path` is not
touched, and two plugins that have a ``net.py`` each get their own. All of it is read anew whenever the file is.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

PREFIX = "srbench_plugin_"  # of the modules' names
_loading = threading.RLock()  # two threads may load one plugin, and Python's own caches are emptied on the way


def load(path: Path) -> ModuleType:
    """The module in the file at ``path``, which is absolute; whatever the code in it raises, this raises."""
    with _loading:
        return _load(path)


def _load(path: Path) -> ModuleType:
    base, root = private_name(path), package_root(path)
    inside = path.parent.relative_to(root).parts
    package = ".".join((base, *inside))
    for name in [name for name in sys.modules if name == base or name.startswith(f"{base}.")]:
        del sys.modules[name]
    importlib.invalidate_caches()  # a neighbour may be new
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    sys.modules[base] = _namespace(base, root)
    if path.name == "__init__.py":
        return importlib.import_module(package)
    name = f"{package}.{path.stem.replace('.', '_')}"
    if inside and _imports_relatively(path):
        importlib.import_module(package)  # which may import this very file
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path, loader=_Loader(name, str(path)))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
    return sys.modules[name]


def private_name(path: Path) -> str:
    """What the names of the modules of the plugin at ``path`` begin with, in every process."""
    return f"{PREFIX}{hashlib.sha256(str(path).encode(errors='surrogateescape')).hexdigest()[:12]}"


def package_root(path: Path) -> Path:
    """The folder of a file, or the one above all folders that are packages."""
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return folder


def _namespace(name: str, folder: Path) -> ModuleType:
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return importlib.util.module_from_spec(spec)


def _imports_relatively(path: Path) -> bool:
    try:
        nodes = ast.walk(ast.parse(path.read_bytes()))
    except (SyntaxError, ValueError, RecursionError):  # said when it is run
        return False
    return any(isinstance(node, ast.ImportFrom) and node.level for node in nodes)


class _Finder:
    """Finds the modules below private names; all others are left to Python."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith(PREFIX) or path is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(name, spec.loader.path)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles a file each time, and gives its code an ``import`` that finds neighbours.

    Python's cache of compiled files takes one for unchanged whose size and second of change are: an edit that is
    quickly run would have the identity of the new text and compute with the old.
    """

    def path_stats(self, path: str | bytes) -> Mapping[str, float]:
        raise OSError("no compiled copy is looked for")

    def exec_module(self, module: ModuleType) -> None:
        importer = _Importer(module)
        # Import statements, also those in functions, ask the builtins of the module that they stand in.
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": importer}
        super().exec_module(module)


class _Importer:
    """``__import__`` of one private module: its neighbours first, then those of its package, then what all see."""

    def __init__(self, module: ModuleType) -> None:
        spec = module.__spec__
        package = spec.parent if spec is not None and spec.parent else module.__name__
        self._packages = tuple(dict.fromkeys((package, package.partition(".")[0])))
        self._found: dict[str, str | None] = {}  # as imports in functions ask again and again

    def __call__(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        head = name.partition(".")[0]
        if level == 0 and head not in self._found:
            self._found[head] = self._neighbour(head)
        if level == 0 and (private := self._found[head]) is not None:
            found = builtins.__import__(private + name[len(head) :], globals, locals, fromlist or (), 0)
            return found if fromlist else sys.modules[private]
        return builtins.__import__(name, globals, locals, fromlist or (), level)

    def _neighbour(self, head: str) -> str | None:
        """The private name of the module or package ``head``; None where it is none of the plugin's."""
        if head == "srbench" or head in sys.stdlib_module_names:
            return None
        for package in self._packages:
            folders = _folders_of(package)
            if f"{package}.{head}" in sys.modules:
                return f"{package}.{head}"
            spec = importlib.machinery.PathFinder.find_spec(f"{package}.{head}", folders)
            # A folder of modules without __init__.py counts only if no module of that name is installed.
            if spec is not None and (spec.loader is not None or _is_unknown(head)):
                return f"{package}.{head}"
        return None


def _folders_of(package: str) -> list[str]:
    """Where the modules of a private package are; the package itself need not be imported."""
    base, _, inside = package.partition(".")
    root = sys.modules.get(base)
    return [str(Path(folder, *inside.split("."))) for folder in getattr(root, "__path__", ())]


def _is_unknown(name: str) -> bool:
    spec = importlib.machinery.PathFinder.find_spec(name)
    return name not in sys.modules and (spec is None or spec.loader is None)
