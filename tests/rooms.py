"""The plan of the house in numbers: ``python tests/rooms.py [CHECKOUT]``.

A room is a module or a folder at the top of ``srbench/`` (methods are a room too), an arrow one room importing another,
wherever in a file. Floors are the longest chain of arrows. An arrow is upwards if it does not lead to a lower layer of
those in ``pyproject.toml``; a circle is a set of rooms that import each other.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent


def imported(path: Path) -> Iterator[str]:
    """Dotted names below ``srbench`` that a file imports, each with the name taken from it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("srbench."))
        elif isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("srbench."):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows(checkout: Path = CHECKOUT) -> dict[str, set[str]]:
    """The rooms that each room imports."""
    package = checkout / "srbench"
    files = {path: path.relative_to(package).with_suffix("").parts[0] for path in package.rglob("*.py")}
    files |= dict.fromkeys((checkout / "methods").rglob("*.py"), "methods")
    files = {path: room for path, room in files.items() if room not in ("__init__", "_builtin", "__pycache__")}
    rooms = set(files.values())
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for path, room in files.items():
        found[room] |= {name.split(".")[1] for name in imported(path)} & rooms - {room}
    return found


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Sets of more than one room of which each reaches all others."""

    @cache
    def reached(room: str) -> frozenset[str]:
        seen: set[str] = set()
        ahead = list(graph[room])
        while ahead:
            if (other := ahead.pop()) not in seen:
                seen.add(other)
                ahead += graph[other]
        return frozenset(seen)

    sets = {frozenset(b for b in graph if b in reached(a) and a in reached(b)) for a in graph if a in reached(a)}
    return [set(members) for members in sets]


def floors(graph: dict[str, set[str]]) -> int:
    """Rooms on the longest chain of arrows; a circle counts once."""
    ring = {room: i for i, members in enumerate(circles(graph)) for room in members}

    @cache
    def height(room: str) -> int:
        below = {other for other in graph[room] if ring.get(other, -1) != ring.get(room, -2)}
        return 1 + max((height(other) for other in below), default=0)

    return max(height(room) for room in graph)


def layers(checkout: Path = CHECKOUT) -> dict[str, int]:
    """The layer of each room, 0 at the bottom, as import-linter's contract has them."""
    contracts = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    lines = next(c["layers"] for c in contracts["contracts"] if c["type"] == "layers")
    return {name.strip(): i for i, line in enumerate(reversed(lines)) for name in line.split("|")}


def upwards(graph: dict[str, set[str]], order: dict[str, int]) -> list[tuple[str, str]]:
    """Arrows that do not lead to a lower layer."""
    return [(a, b) for a in graph for b in sorted(graph[a]) if a != "__main__" and order[b] >= order[a]]


def main() -> None:
    checkout = Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT
    graph = arrows(checkout)
    loose = [room for room in graph if (checkout / "srbench" / f"{room}.py").is_file()]
    print(f"rooms {len(graph)} (loose {len(loose)}), floors {floors(graph)}, arrows {sum(map(len, graph.values()))}")
    print(f"circles {len(circles(graph))}: {circles(graph)}")
    if checkout == CHECKOUT:
        print(f"upwards {upwards(graph, layers())}")


if __name__ == "__main__":
    main()
