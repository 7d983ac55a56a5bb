"""Which source files decide what a method computes: its own, and what it imports of the files that belong to it.

Imports are read from the text (:mod:`ast`), nothing is executed. Followed are, from every file that is reached:

* modules and packages beside it, relative imports, and absolute ones of its own top-level package
* modules that Python finds elsewhere (``PYTHONPATH``), in a folder that packages are not installed into
* ``srbench.methods.NAME``, from every folder of methods

The rest of srbench, the standard library and other installed packages are not the method's own. What no file shows is
for :attr:`srbench.method.base.MethodCard.version`.
"""

from __future__ import annotations

import ast
import importlib.machinery
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from srbench.paths import search_path

_SRBENCH = Path(__file__).resolve().parent
_METHODS = ("srbench", "methods")

Parts = tuple[str, ...]  # of a dotted name


def source_files(source: Path | None, classes: Iterable[type] = ()) -> list[Path]:
    """The files, each once, in the order in which they are reached: ``source``, then those of ``classes``, then what
    these import. The order depends on the sources alone, not on where they are.

    Args:
        source: the plugin's file; None where there is none (a checkpoint).
        classes: the method's class and its bases. Those of srbench and of other installed packages do not count.
    """
    search = _Search()
    if source is not None:
        search.add(source.absolute())
    for cls in classes:
        search.add_class(cls)
    return search.follow()


class _Search:
    def __init__(self) -> None:
        self.methods = [Path(folder).absolute() for folder in search_path("methods")]
        self.installed = _installed_folders()
        # By the resolved path: the path as it was reached, and the folder from which its package is imported.
        self.found: dict[Path, tuple[Path, Path]] = {}
        self.on_path: dict[str, Path | None] = {}  # folders of users' own modules, by name

    def add(self, path: Path, root: Path | None = None) -> None:
        self.found.setdefault(path.resolve(), (path, root or self._root(path)))

    def add_class(self, cls: type) -> None:
        module = sys.modules.get(cls.__module__)
        file = getattr(module, "__file__", None)
        if module is None or file is None or not Path(file).is_file():
            return
        path = Path(file).absolute()
        if path.resolve() in self.found or self._is_own(path):
            self.found[path.resolve()] = path, self._root(path, module.__name__)

    def _is_own(self, path: Path) -> bool:
        """Whether a class's file belongs to the method: not to srbench, the standard library or another package."""
        if self._methods_folder(path):
            return True
        if path.is_relative_to(_SRBENCH):
            return False
        if any(path.is_relative_to(_package(file, root)) for file, root in self.found.values()):
            return True
        return not any(path.resolve().is_relative_to(folder) for folder in self.installed)

    def _methods_folder(self, path: Path) -> Path | None:
        return next((folder for folder in self.methods if path.is_relative_to(folder)), None)

    def _root(self, path: Path, module: str = "") -> Path:
        """The folder from which the top-level package of a file is imported: where its name as a module starts, if
        that is known, else above all folders that are packages."""
        if folder := self._methods_folder(path):
            return folder
        parts = tuple(module.split("."))
        named = path.parent if path.name == "__init__.py" else path.with_suffix("")
        if named.parts[-len(parts) :] == parts:
            return named.parents[len(parts) - 1]
        folder = path.parent
        while (folder / "__init__.py").is_file():
            folder = folder.parent
        return folder

    def follow(self) -> list[Path]:
        done: list[Path] = []
        while len(done) < len(self.found):
            path, root = list(self.found.values())[len(done)]
            done.append(path)
            for name in _imported(path, self._package_of(path, root)):
                self._look_up(name, path, root)
        return done

    def _package_of(self, path: Path, root: Path) -> Parts:
        """The package from which relative imports in ``path`` start."""
        inside = path.relative_to(root).parts[:-1]
        return (*_METHODS, *inside) if root in self.methods else inside

    def _look_up(self, name: Parts, path: Path, root: Path) -> None:
        """Add the files of the module ``name``, which ``path`` imports, and of the packages that it is in."""
        if name[:2] == _METHODS:
            for folder in self.methods:
                self._add_module(folder, name[2:], folder)
        elif name[0] not in ("srbench", *sys.stdlib_module_names) and (
            root in self.methods or not path.is_relative_to(_SRBENCH)
        ):
            there = False
            for folder in dict.fromkeys((path.parent, root)):
                # Beside a package in site-packages are all others, which are not its own.
                own = _package(path, root).with_suffix("") == folder / name[0]
                if own or folder.resolve() not in self.installed:
                    there |= self._add_module(folder, name, root)
            if not there and root != self.methods[0]:
                self._add_from_path(name)

    def _add_module(self, folder: Path, name: Parts, root: Path) -> bool:
        """Whether there is anything of it."""
        there = False
        for depth in range(1, len(name) + 1):
            place = folder.joinpath(*name[:depth])
            for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
                if path.is_file():
                    self.add(path, root)
                    there = True
                    break
        return there

    def _add_from_path(self, name: Parts) -> None:
        """Add a module that the user keeps on Python's path."""
        if name[0] not in self.on_path:
            self.on_path[name[0]] = _users_folder(name[0], self.installed)
        folder = self.on_path[name[0]]
        if folder is not None:
            self._add_module(folder, name, folder)


def _imported(path: Path, package: Parts) -> Iterator[Parts]:
    """Dotted names of all modules that a file may import; of ``from x import y`` both x and x.y, for y may be one."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # not Python's source: an extension module, or one that cannot be imported
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: max(len(package) - node.level + 1, 0)] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            if base:
                yield base
            yield from ((*base, alias.name) for alias in node.names if alias.name != "*")


def _package(path: Path, root: Path) -> Path:
    """The top-level package's folder, or the file itself where it is in no package."""
    return root / path.relative_to(root).parts[0]


def _users_folder(name: str, installed: set[Path]) -> Path | None:
    """The folder on Python's path in which a user keeps a module; None where it is installed, or is none."""
    spec = importlib.machinery.PathFinder.find_spec(name)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    file = Path(spec.origin)
    folder = file.parents[1] if spec.submodule_search_locations else file.parent
    own = not any(file.resolve().is_relative_to(place) for place in installed) and not any(folder.glob("*.dist-info"))
    return folder if own else None


def _installed_folders() -> set[Path]:
    """Folders of the standard library and of installed packages."""
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    return {Path(folder).resolve() for folder in folders}
