"""Protocols by name: built in, from an installed package, or from a user's file.

NAME          a file of ``srbench/protocols``
./mine.toml   a user's own
installed     entry points of the group ``srbench.protocols``, each a :class:`Protocol` of its name, such as
              ``MINE = srbench.protocol.read(Path(__file__).with_name("mine.toml"))``
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from srbench import tomlfile
from srbench.errors import SrbenchError
from srbench.files import expanded
from srbench.protocol.base import BASICSR, CLASSIC, FOLDER, MATLAB_RGB, Protocol, shipped
from srbench.registry import BUILT_IN, Found, Registry, Source

_OTHERS = ("rgb", "ntire-esr", "div2k", "arbsr", "liif", "vsr-y", "vsr-y-8", "vsr-y-8-2")
PROTOCOLS = {rules.name: rules for rules in (BASICSR, CLASSIC, MATLAB_RGB, *map(shipped, _OTHERS))}
"""Those that come with srbench, in the order in which they are listed: of two that decide alike the older first."""


class _Protocols(Registry[Protocol]):
    kind = "protocol"
    group = "srbench.protocols"
    required = "a srbench.protocol.Protocol at the top level"

    def belongs(self, value: object) -> bool:
        return isinstance(value, Protocol)

    def name_of(self, value: Protocol) -> str:
        return value.name

    def builtin(self) -> Iterator[Source[Protocol]]:
        for name, rules in PROTOCOLS.items():
            yield Source(name, BUILT_IN, functools.partial(list, (rules,)), FOLDER / f"{name}.toml")

    def suffixes(self) -> Mapping[str, Callable[[Path], Protocol]]:
        return {".toml": self._own}

    def owns(self, module: ModuleType, value: Protocol) -> bool:
        return value not in PROTOCOLS.values()  # imported to build upon

    def adopt(self, value: Protocol, path: Path) -> Protocol:
        return _checked(value, lambda field: f"'{path}'")

    def _own(self, path: Path) -> Protocol:
        rules = read(path)
        if rules.name in self.names():
            place = _place(path, path.read_text(encoding="utf-8"), "name")
            raise SrbenchError(f"{place}: there is another protocol '{rules.name}'", "give it a name of its own")
        return rules


REGISTRY = _Protocols()


def discover() -> list[Found[Protocol]]:
    """Every built-in and installed protocol; broken ones included."""
    return REGISTRY.discover()


def known() -> dict[str, Protocol]:
    """Every built-in and installed protocol by name, without broken ones."""
    return {found.name: found.value for found in discover() if found.value is not None}


def names() -> list[str]:
    """Of every built-in and installed protocol; nothing is imported."""
    return REGISTRY.names()


def get(name: str) -> Protocol:
    """The protocol called ``name``, or that of a file.

    Raises:
        UnknownNameError: there is none of that name.
        SrbenchError: a file cannot be used (:func:`read`), or its protocol has the name of another.
    """
    if not isinstance(name, str):
        raise REGISTRY.unknown(str(name))
    return REGISTRY.get(str(expanded(name)) if is_file(name) else name)


def several(text: str) -> tuple[Protocol, ...]:
    """The protocols of names and files with commas between, in their order, each once.

    Raises:
        UnknownNameError, SrbenchError: as :func:`get`; there is none; two have one name.
    """
    found: dict[str, Protocol] = {}
    for spec in specs(text):
        rules = get(spec)
        if found.setdefault(rules.name, rules) != rules:
            raise SrbenchError(f"two protocols are called '{rules.name}'", "rename one")
    return tuple(found.values())


def specs(text: str) -> list[str]:
    """Names and files of a text with commas between; a file that exists is taken whole. Raises SrbenchError where there
    is none."""
    parts = [text] if expanded(text).is_file() else [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise SrbenchError("no protocol given", "srbench list protocols shows what there is")
    return list(dict.fromkeys(parts))


def is_file(spec: str) -> bool:
    """Whether what is given as a protocol is a file and no name."""
    return Path(spec).suffix.lower() in (".toml", ".py")


def read(path: Path) -> Protocol:
    """The protocol of a file of TOML, whose keys are the fields of :class:`Protocol`.

    Raises:
        SrbenchError: it cannot be read, or is not TOML; an unknown key (with its line and the nearest one), one that is
            missing, a value of the wrong kind or out of range, decisions that contradict each other.
    """
    text, table = tomlfile.read(path, "protocol")

    def where(keys: tomlfile.Keys) -> str:
        return _place(path, text, *keys)

    return _checked(tomlfile.convert(table, Protocol, where), lambda field: _place(path, text, field))


def _place(path: Path, text: str, *keys: str | int) -> str:
    return f"'{path}', line {tomlfile.line_of(text, keys)}" if keys else f"'{path}'"


def _checked(rules: Protocol, where: Callable[[str], str]) -> Protocol:
    faults: Iterable[tuple[str, str, str]] = rules.faults()
    for field, what, hint in faults:
        raise SrbenchError(f"{where(field)}: {what}", hint)
    return rules
