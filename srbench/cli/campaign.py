"""A campaign in a file: the options of ``srbench run`` as TOML, for one run or several.

    methods = ["all"]                # what all runs share
    scales = [2, 3, 4]

    [[run]]
    datasets = ["set5", "set14"]
    protocol = "classic"

    [[run]]
    datasets = ["bsd100"]

Keys are the long options, with ``-`` or ``_``; values are as on the command line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srbench import tomlfile
from srbench.errors import SrbenchError

LISTS = {"methods", "datasets", "metrics", "scales"}
_KINDS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("threads", "seed", "tile"), (int, "a whole number")),
    **dict.fromkeys(("no_images", "force", "self_ensemble", "time"), (bool, "true or false")),
}


def read(path: Path, known: Mapping[str, object]) -> list[dict[str, Any]]:
    """The options of every run of a file, by name with ``_``; lists of names and scales as one text with commas.

    Args:
        known: the options that there are.

    Raises:
        SrbenchError: the file cannot be read or is not TOML; an unknown key (with its line and the nearest one), a
            value of the wrong kind.
    """
    text, table = tomlfile.read(path, "config")
    runs = table.pop("run", [{}])
    if not isinstance(runs, list) or not runs or not all(isinstance(run, dict) for run in runs):
        raise SrbenchError(f"'{path}': 'run' is no table", "write each run as [[run]]")
    shared = _checked(table, path, text, 0, [*known, "run"])
    return [{**shared, **_checked(run, path, text, i, known)} for i, run in enumerate(runs, start=1)]


def _checked(table: dict[str, Any], path: Path, text: str, run: int, known: Any) -> dict[str, Any]:
    options = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        where = f"'{path}', line {_line(text, key, run)}"
        if name not in known or name in ("config", "debug", "run"):
            names = sorted(str(k).replace("_", "-") for k in known if k not in ("config", "debug"))
            near = difflib.get_close_matches(key.replace("_", "-").lower(), names, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}"
            raise SrbenchError(f"{where}: unknown key '{key}'", hint)
        options[name] = _value(name, value, where)
    return options


def _value(name: str, value: Any, where: str) -> Any:
    if name in LISTS:
        items = value if isinstance(value, list) else [value]
        if items and all(isinstance(item, int if name == "scales" else str) for item in items) and True not in items:
            return ",".join(map(str, items)) if name == "scales" else items
        if name == "scales" and isinstance(value, str):
            return value
        kind = "a list of whole numbers" if name == "scales" else "a list of names"
    else:
        wanted, kind = _KINDS.get(name, (str, "text"))
        if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
            return value
    raise SrbenchError(f"{where}: {name} = {value!r} is not {kind}", "mend the value")


def _line(text: str, key: str, run: int) -> int:
    """The line of ``key`` in the ``run``-th [[run]] table (0: before the first). TOML's reader does not tell."""
    found, table = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r"\s*\[\[\s*run\s*\]\]", line):
            table += 1
        elif table == run and re.match(rf"\s*[\[\"']*\s*{re.escape(key)}\b", line):
            return number
    return found
