"""TOML files that a user wrote, read into dataclasses: what is wrong with one is said in one line, with its place."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from srbench.errors import SrbenchError, hint_for, reason_of

Shape = TypeVar("Shape")
Keys = tuple[str | int, ...]  # from the whole file to a value: names of keys, and numbers of items from 0

_LISTS = (list, Sequence)
_SHOWN = 60  # characters of a wrong value
_WORDS = {  # what a value should be, and several of them
    str: ("text", "names"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "true or false"),
}


def read(path: Path, kind: str, error: type[SrbenchError] = SrbenchError) -> tuple[str, dict[str, Any]]:
    """The text of a file and the table that it holds.

    Args:
        kind: what the file is, for the message.

    Raises:
        error: the file cannot be read, or is not TOML (with line and column).
    """
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as cause:
        raise error(f"cannot read {kind} '{path}' ({reason_of(cause)})", hint_for(cause, "check the path")) from cause
    except (ValueError, RecursionError) as cause:  # not TOML, not UTF-8, a number of more digits than Python converts
        reason = "nested too deeply" if isinstance(cause, RecursionError) else cause
        raise error(f"'{path}' is not valid TOML: {reason}", hint_for(cause, "fix that line")) from cause


def load(
    path: Path, kind: str, shape: type[Shape], error: type[SrbenchError] = SrbenchError, *, dashes: bool = False
) -> Shape:
    """A file as an instance of the dataclass ``shape``; a message names the line.

    Raises:
        error: as of :func:`read` and :func:`convert`.
    """
    text, table = read(path, kind, error)

    def where(keys: Keys) -> str:
        return f"'{path}', line {line_of(text, keys)}" if keys else f"'{path}'"

    return convert(table, shape, where, error, dashes=dashes)


def convert(
    table: Mapping[str, Any],
    shape: type[Shape],
    where: Callable[[Keys], str],
    error: type[SrbenchError] = SrbenchError,
    *,
    dashes: bool = False,
) -> Shape:
    """A table as an instance of the dataclass ``shape``, whose fields may be text, numbers, dataclasses, and lists,
    tuples, mappings and unions of these. A whole number is a number; nothing else is converted.

    Args:
        where: says in which file and line a key stands.
        dashes: keys may be written with ``-`` for ``_``, and are named so.

    Raises:
        error: a key that ``shape`` does not have (with the nearest), one that it lacks, a value of another type.
    """
    import msgspec  # late: `srbench train` and `srbench time` run without it

    for keys, known in _unknown(table, shape, dashes):
        raise error(f"{where(keys)}: unknown key '{keys[-1]}'", _nearest(str(keys[-1]), known, dashes))
    values = _underscored(table) if dashes else table
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as cause:
        raise error(*_complaint(str(cause), values, shape, where)) from cause


def line_of(text: str, keys: Keys) -> int:
    """The line of a file, from 1, that sets what ``keys`` name, or the innermost table around it that has a line.

    TOML's reader keeps no lines. What stands inside an array is found where each of its tables begins a line.
    """
    wanted = tuple(key.replace("-", "_") if isinstance(key, str) else key for key in keys)
    best, found = 0, 1
    for number, place in _places(text):
        common = min(len(place), len(wanted))
        if common > best and place[:common] == wanted[:common]:
            best, found = common, number
    return found


_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_LINE = re.compile(rf"\s*(?:(?P<open>\[\[?)\s*(?P<header>{_DOTTED})\s*\]|(?P<key>{_DOTTED})\s*=)")


def _places(text: str) -> Iterator[tuple[int, Keys]]:
    """Lines that begin with a table's header, a key or an item of an array, and what each of them sets."""
    table: Keys = ()
    last: Keys = ()
    lengths: Counter[Keys] = Counter()  # of arrays, so far

    def within(place: Keys) -> Keys:  # the last table of an array stands for the array
        return (*place, lengths[place] - 1) if place in lengths else place

    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.match(line)
        if match:
            last = () if match["header"] else table
            for name in re.findall(_KEY, match["header"] or match["key"]):
                last = (*within(last), name.strip("\"'").replace("-", "_"))
            if match["open"] == "[[":
                lengths[last] += 1
            if match["header"]:
                last = table = within(last)
            yield number, last
        elif line.lstrip().startswith("{"):
            lengths[last] += 1
            yield number, within(last)


def literal(value: Any) -> str:
    """``value`` as TOML on one line: text, finite numbers, truth values, and lists and tables of these."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{literal(key)} = {literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    # TOML's escapes are JSON's, but that it wants DEL escaped too.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


_kept = cache(get_type_hints)  # a file of thresholds has thousands of tables of one shape


def _hints(shape: Any) -> dict[str, Any]:
    return _kept(shape)


def _unknown(value: Any, hint: Any, dashes: bool, keys: Keys = ()) -> Iterator[tuple[Keys, list[str]]]:
    """Keys that the dataclasses in ``hint`` do not have, each with those that there are."""
    if isinstance(value, Mapping) and is_dataclass(hint):
        known = _hints(hint)
        for key, item in value.items():
            name = key.replace("-", "_") if dashes else key
            if name in known:
                yield from _unknown(item, known[name], dashes, (*keys, key))
            else:
                yield (*keys, key), list(known)
    elif isinstance(value, list) and get_origin(hint) in _LISTS:
        for number, item in enumerate(value):
            yield from _unknown(item, get_args(hint)[0], dashes, (*keys, number))
    elif len(_members(hint)) > 1:
        for member in _members(hint):
            yield from _unknown(value, member, dashes, keys)


def _underscored(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key.replace("-", "_"): _underscored(item) for key, item in value.items()}
    return [_underscored(item) for item in value] if isinstance(value, list) else value


def _nearest(key: str, known: list[str], dashes: bool) -> str:
    names = sorted(name.replace("_", "-") if dashes else name for name in known)
    near = difflib.get_close_matches(key.replace("_", "-").lower() if dashes else key.lower(), names, n=1, cutoff=0.4)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}"


def _complaint(cause: str, table: Any, shape: Any, where: Callable[[Keys], str]) -> tuple[str, str]:
    """What is wrong and what to do, from msgspec's words: ``Expected `int`, got `str` - at `$.run[0].threads```."""
    at = re.search(r" - at `\$(.*)`$", cause)
    keys: list[str | int] = [
        name or int(number) for name, number in re.findall(r"\.(\w+)|\[(\d+)\]", at[1] if at else "")
    ]
    missing = re.search(r"missing required field `(.*?)`", cause)
    if missing:
        return f"{where(tuple(keys))} has no '{missing[1]}'", f"add {missing[1]} = ..."
    while keys and isinstance(keys[-1], int):  # an item is shown with its list
        keys.pop()
    value, hint = table, shape
    for key in keys:
        value = value[key]
        hint = _item(hint) if isinstance(key, int) else _hints(_dataclass(hint))[key]
    place, name = where(tuple(keys)), keys[-1]
    if is_dataclass(_item(hint)) and len(_members(hint)) == 1:
        return f"{place}: '{name}' is no table", f"write each {name} as [[{name}]]"
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."
    return f"{place}: {name} = {shown} is not {_words(hint)[0]}", "fix the value"


def _members(hint: Any) -> Sequence[Any]:
    """The types of a union; of another type itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _dataclass(hint: Any) -> Any:
    return next(member for member in _members(hint) if is_dataclass(member))


def _item(hint: Any) -> Any:
    """The type of a list's items; None if the hint allows no list."""
    return next((get_args(member)[0] for member in _members(hint) if get_origin(member) in _LISTS), None)


def _words(hint: Any) -> tuple[str, str]:
    """What a value should be, and several of them; of a union its first type."""
    hint = _members(hint)[0]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(repr(value) for value in arguments if value != ""), "others"
    if origin in _LISTS:
        return f"a list of {_words(arguments[0])[1]}", f"lists of {_words(arguments[0])[1]}"
    if origin is tuple:
        return f"{len(arguments)} {_words(arguments[0])[1]}", "lists"
    if origin in (dict, Mapping):
        return f"a table of {_words(arguments[1])[1]}", f"tables of {_words(arguments[1])[1]}"
    return _WORDS.get(hint, ("a table", "tables"))
