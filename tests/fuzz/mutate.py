"""Seeded mutations: of bytes, of values, and of trees of values as TOML and JSON hold them."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Iterator
from typing import Any

LONG = "x" * 5000
TEXTS = (
    *("", " ", "0", "-1", "nan", "null", "true", "[]", "{}", "a,b", "a/b", "../x", "/", ".", ".."),
    *("~no-such-user/x", "~"),
    *("x" * 300, LONG, "\0", "a\nb", "\x1b[31mred\x1b[0m", "[bold]", "[/red]", "[link=x]", "%s", "%2F", "?", "#", "*"),
    *("\u202e", "é", "日本", "\U0001f600", "-", "--help", "=1+1", "{{ 7*7 }}", "<script>x</script>", "[", "'", '"'),
)
NUMBERS = (
    *(0, -1, 1, 2, 3, 7, 255, 256, 2**31, -(2**31), 2**63 - 1, 2**64, -(2**70), 10**25, 0.5, -0.5, 1e-300, 1e300),
    *(math.nan, math.inf, -math.inf),
)
VALUES: tuple[Any, ...] = (*TEXTS, *NUMBERS, True, False, [], {}, [[]], [1], ["a"], [{}], {"a": 1}, {"": {}}, [None])


def value(rng: random.Random) -> Any:
    """Any value, of a type that was not asked for."""
    if rng.random() < 0.03:
        return deep(rng.choice([20, 200]))
    return copy.deepcopy(rng.choice(VALUES))


def alike(old: Any, rng: random.Random) -> Any:
    """Another value of the type of ``old``, which a check of types lets through."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, int | float):
        numbers = NUMBERS if isinstance(old, float) else [number for number in NUMBERS if isinstance(number, int)]
        return rng.choice(numbers)
    if isinstance(old, str):
        return rng.choice([text(rng), text(rng), old + text(rng), text(rng) + old, old[: len(old) // 2]])
    if isinstance(old, list) and old:
        return rng.choice([[], old * 2, old[::-1], [alike(item, rng) for item in old]])
    if isinstance(old, dict) and old:
        return rng.choice([{}, {text(rng): item for item in old.values()}, {k: alike(v, rng) for k, v in old.items()}])
    return value(rng)


def deep(depth: int) -> Any:
    nested: Any = 1
    for _ in range(depth):
        nested = [nested]
    return nested


def text(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return "".join(chr(rng.choice([rng.randrange(1, 128), rng.randrange(128, 0xD7FF)])) for _ in range(8))
    return rng.choice(TEXTS)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Bytes with some of them changed, cut, doubled or filled in."""
    content = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        if not content:
            break
        place, length = rng.randrange(len(content)), rng.choice([1, 2, 4, 16, 200])
        how = rng.randrange(7)
        if how < 3:
            content[place] = rng.choice(
                [0, 255, 0x7F, 0x80, rng.randrange(256), content[place] ^ 1 << rng.randrange(8)]
            )
        elif how == 3:
            del content[place : place + length]
        elif how == 4:
            content[place:place] = rng.randbytes(length)
        elif how == 5:
            content[place:place] = content[place : place + length]
        else:
            content[place : place + 4] = rng.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0"]
            )
    if rng.random() < 0.2:
        del content[rng.randrange(len(content) + 1) :]
    return bytes(content)


def beginning(data: bytes, rng: random.Random, length: int) -> bytes:
    """Damaged in its first bytes alone: in the header."""
    return damaged(data[:length], rng) + data[length:]


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values of a tree stand, at every depth."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


def tree(original: Any, rng: random.Random, most: int = 3) -> Any:
    """A copy of a tree in which up to ``most`` values are another, gone, doubled, or under another name."""
    changed = copy.deepcopy(original)
    for _ in range(rng.choice([1, 1, 1, most])):
        found = list(places(changed))
        if not found:
            break
        *above, key = rng.choice(found)
        holder = changed
        for part in above:
            holder = holder[part]
        how = rng.random()
        if how < 0.65:
            holder[key] = alike(holder[key], rng)
        elif how < 0.8:
            holder[key] = value(rng)
        elif how < 0.86:
            del holder[key]
        elif how < 0.93 and isinstance(holder, dict):
            holder[text(rng)] = holder.pop(key)
        elif isinstance(holder, dict):
            holder[text(rng)] = value(rng)
        else:
            holder.append(copy.deepcopy(holder[key]))
    return changed


def toml(table: Any) -> str:
    """A tree as TOML, all of it on one line a key; None is left out."""
    return "".join(f"{_key(name)} = {_toml(item)}\n" for name, item in table.items() if item is not None)


def _toml(item: Any) -> str:
    if isinstance(item, dict):
        return "{" + ", ".join(f"{_key(name)} = {_toml(own)}" for name, own in item.items() if own is not None) + "}"
    if isinstance(item, list):
        depth = 0  # not by recursion where a list holds nothing but a list
        while isinstance(item, list) and len(item) == 1:
            item, depth = item[0], depth + 1
        inner = ", ".join(map(_toml, item)) if isinstance(item, list) else _toml(item)
        return "[" * depth + (f"[{inner}]" if isinstance(item, list) else inner) + "]" * depth
    if isinstance(item, float) and not math.isfinite(item):
        return str(item)
    if item is None:
        return '""'
    return json.dumps(item, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: Any) -> str:
    return json.dumps(str(name), ensure_ascii=False).replace("\x7f", "\\u007f")
