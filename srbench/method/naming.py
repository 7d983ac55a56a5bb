"""What a method from a user's file is called: as its card or its file says, or as the user does (``NAME=FILE``); and
what else a command line says of the file: whose weights it holds, which of its states or methods is wanted.

The names of built-in and installed methods are theirs alone: reports, thresholds and published values go by them.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.errors import MethodError, SrbenchError
from srbench.method import series

if TYPE_CHECKING:  # plugins.py asks here how a spec is read
    from srbench.method.base import Method, MethodCard
    from srbench.method.plugins import Plugin

_LONGEST = 200  # characters


@dataclass(frozen=True)
class Spec:
    """What stands for a method on a command line, ``NAME=NETWORK:FILE#STATE``, in its parts.

    Args:
        name: that the user gives to it; empty where none is given.
        network: the method whose network the weights in ``file`` belong to, also a plugin; empty where none is said.
        file: None of what is built in or installed.
        part: the state of a checkpoint that is wanted (``FILE#STATE``), or the method of a plugin (``FILE.py:NAME``).
        text: what names the method, without ``name`` and ``network``.
        parts: of a cascade (:mod:`srbench.method.series`), each with its scale; it has none of the others.
    """

    name: str
    network: str
    file: Path | None
    part: str
    text: str
    parts: tuple[tuple[Spec, int], ...] = ()

    @property
    def by_file(self) -> bool:
        """Whether the method is called by its file, which nobody chose as a name."""
        return self.file is not None and not self.is_code and not self.name

    @property
    def place(self) -> str:
        """The file as it is understood in any current folder, with the network before it and the wanted state behind
        it; empty of what is built in or installed. Of a cascade with a file in it, the whole."""
        if self.file is None:
            return self.absolute if any(part.place for part, _ in self.parts) else ""
        plugin, method = split_file(self.network, (".py",))
        own = self.network if plugin is None else os.path.abspath(plugin) + (f":{method}" if method else "")  # noqa: PTH100
        network = f"{own}:" if own else ""
        behind = "" if not self.part else f":{self.part}" if self.is_code else f"#{self.part}"
        return network + os.path.abspath(self.file) + behind  # noqa: PTH100  # links keep their names

    @property
    def is_code(self) -> bool:
        return self.file is not None and self.file.suffix.lower() == ".py"

    @property
    def absolute(self) -> str:
        """The whole of it, as it is understood in any current folder."""
        if self.parts:
            return series.written([series.Part(part.absolute, scale) for part, scale in self.parts])
        return f"{self.name}={self.place}" if self.name else self.place or self.text


def parse(spec: str, suffixes: Collection[str]) -> Spec:
    """What ``spec`` says. Where a name is that of a network, ``NETWORK=FILE``, only who knows the methods can tell.

    >>> parse("mine=edsr:nets/x4.pth#ema", {".pth"})
    Spec(name='mine', network='edsr', file=PosixPath('nets/x4.pth'), part='ema', text='nets/x4.pth#ema', parts=())

    Raises:
        SrbenchError: as :func:`split_name`.
        MethodError: it is an address; as :func:`srbench.method.series.split`.
    """
    if series.is_cascade(spec):
        parts = tuple((parse(part.method, suffixes), part.scale) for part in series.split(spec))
        return Spec("", "", None, "", series.written(series.split(spec)), parts)
    name, rest = split_name(spec, suffixes)
    if re.match(r"(https?|ftp)://", rest):
        raise MethodError(f"'{rest}' is an address, and nothing is downloaded here", "get the file, and give its path")
    network, text = split_network(rest, suffixes)
    return Spec(name, network, *split_file(text, suffixes), text)


def split_network(text: str, suffixes: Collection[str]) -> tuple[str, str]:
    """The network and the file of ``NETWORK:FILE``; no network for any other text, also where a file is called so.

    >>> split_network("edsr:nets/x4.pth", {".pth"}), split_network("nets/x4.pth", {".pth"})
    (('edsr', 'nets/x4.pth'), ('', 'nets/x4.pth'))
    """
    if _exists(text, suffixes):
        return "", text
    cuts = [i for i, char in enumerate(text) if char == ":" and i and _is_weights(text[i + 1 :], suffixes)]
    cut = next((i for i in cuts if _exists(text[i + 1 :], suffixes)), cuts[-1] if cuts else None)
    if cut is None:
        return "", text
    return text[:cut].strip(), os.path.expanduser(text[cut + 1 :].strip())  # noqa: PTH111


def _is_weights(text: str, suffixes: Collection[str]) -> bool:
    file, _ = split_file(text, suffixes)
    return file is not None and file.suffix.lower() != ".py"


def split_file(spec: str, suffixes: Collection[str]) -> tuple[Path | None, str]:
    """The file that ``spec`` names by its type, and what stands behind it: the state after a ``#``, or after the ``:``
    of a plugin the method; None where it names none.

    >>> split_file("nets/edsr.pth#params", {".pth"})
    (PosixPath('nets/edsr.pth'), 'params')
    """
    for file, part in ((spec, ""), spec.rpartition("#")[::2]):
        if Path(file).suffix.lower() in suffixes:
            return Path(file), part
    file, colon, part = spec.rpartition(":")
    if colon and part and file.lower().endswith(".py") and ".py" in suffixes:
        return Path(file), part
    return None, ""


def split_name(spec: str, suffixes: Collection[str]) -> tuple[str, str]:
    """The name and the file of ``NAME=FILE``; no name for any other ``spec``, also where a file is called so.

    >>> split_name("mine=nets/edsr.safetensors", {".safetensors"})
    ('mine', 'nets/edsr.safetensors')
    >>> split_name("edsr", {".safetensors"})
    ('', 'edsr')

    Raises:
        SrbenchError: a name that cannot be one, or something other than a file behind it.
    """
    if "=" not in spec or _exists(spec, suffixes):
        return "", spec
    cuts = [i for i, char in enumerate(spec) if char == "="]
    # The names that srbench makes of folders may have a '=' of their own.
    cut = next((i for i in cuts if _exists(spec[i + 1 :], suffixes)), cuts[0])
    name, file = spec[:cut].strip(), spec[cut + 1 :].strip()
    if split_file(file, suffixes)[0] is None:
        raise MethodError(
            f"'{spec}': only a method from a file can be given a name",
            f"give NAME=FILE with a file of the type {', '.join(sorted(suffixes))}",
        )
    require_name(name, spec)
    return name, os.path.expanduser(file)  # noqa: PTH111  # as it was given in all else


def _exists(spec: str, suffixes: Collection[str]) -> bool:
    file, _ = split_file(spec, suffixes)
    return file is not None and file.is_file()


def require_no_folder(spec: str, suffixes: Collection[str]) -> None:
    """Raise MethodError where ``spec``, which has none of the types of files that are methods, is a path."""
    path = Path(spec)
    if not spec.startswith((".", "~", os.sep)) and not (os.sep in spec and path.exists()):
        return
    kinds = f"a method is a file of the type {', '.join(suffixes)}"
    if path.is_dir():
        inside = sorted(child for child in path.iterdir() if child.suffix.lower() in suffixes)
        raise MethodError(f"'{spec}' is a folder", f"give one of its files, such as {inside[0]}" if inside else kinds)
    raise MethodError(f"'{spec}' is no method" if path.exists() else f"no file at '{spec}'", kinds)


def require_no_file(text: str, suffixes: Collection[str]) -> None:
    """Raise MethodError where ``text``, which no method is called, is a file."""
    if os.path.isfile(text):  # noqa: PTH113  # False of what is too long for a path
        raise MethodError(
            f"'{text}' is a file of a type that no method has",
            f"a method is a file of the type {', '.join(suffixes)}: rename it where it is one of these",
        )


def require_name(name: str, what: str) -> None:
    """Raise SrbenchError where ``name`` cannot be that of a method."""
    bad = next((char for char in name if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")), None)
    if not name.strip() or name == "all" or len(name) > _LONGEST or bad is not None:
        raise SrbenchError(
            f"{what!r}: {name!r} cannot be the name of a method",
            f"give one of 1 to {_LONGEST} printable characters, other than 'all'",
        )


def renamed(found: Iterable[Plugin], name: str, spec: str) -> Plugin:
    """The one plugin of ``found`` under another name; its identity stays.

    Raises:
        SrbenchError: there are several.
    """
    found = list(found)
    if len(found) != 1:
        raise SrbenchError(f"'{spec}' names {len(found)} methods at once", "name one of them: FILE.py:NAME")
    (plugin,) = found
    return replace(plugin, name=name, value=_class_called(plugin.load(), name))


def call(method: Method, name: str) -> None:
    """Give a method another name."""
    method.card = _called(method.card, name)  # type: ignore[misc]  # the class keeps its own


def _class_called(cls: type[Method], name: str) -> type[Method]:
    # With its module, so that the files it came from are found as before.
    return type(cls.__name__, (cls,), {"card": _called(cls.card, name), "__module__": cls.__module__})


def _called(card: MethodCard, name: str) -> MethodCard:
    own = card.title.removeprefix(card.name)
    title = f"{name}{own}" if own != card.title else f"{name} ({card.title})"
    return replace(card, name=name, title=title)


def require_free(plugin: Plugin, spec: str, taken: Collection[str]) -> None:
    """Raise MethodError where a method from a user's file has the name of a built-in or installed one.

    Args:
        spec: as the user gave it.
        taken: the names of the built-in and installed methods.
    """
    if plugin.name in taken:
        _, file = spec.split("=", 1) if "=" in spec else ("", spec)
        raise MethodError(
            f"'{spec}' would be called '{plugin.name}', which is another method's name",
            f"give it a name of its own: my-{plugin.name}={file}",
        )
