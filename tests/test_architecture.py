"""The house rules that no other tool checks."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import srbench

PACKAGE = Path(srbench.__file__).parent
# From the ground up; a module imports from its own floor and those below it.
FLOORS = (
    {"errors", "roots", "scaffold", "packing", "products", "memory"},
    {
        *("images", "pictures", "color", "banded", "raters", "resize", "statistics", "workers", "machine", "tomlfile"),
        "autoregressive",
    },
    {"degradation", "protocol"},
    {"backbone", "metrics", "weights", "method", "dataset", "checkpoint", "plugins", "plan", "options", "metric_facts"},
    {"evaluation", "cost"},
    {"timing", "score_details"},
    {"schema"},
    {"store", "cells", "selection"},
    {"canary", "provenance", "timing_session", "timing_table", "runner", "leaderboard", "plots"},
    {"perception", "comparison"},
    {"export", "report", "gate", "api", "explain", "training", "fetch", "foreign", "paper", "campaign"},
    {"experiments"},
    {"pytest_plugin"},
    {"cli", "__main__"},
)
FLOOR = {name: i for i, names in enumerate(FLOORS) for name in names}
ROOTS = (PACKAGE / "__init__.py", PACKAGE / "methods" / "__init__.py")
FILES = [p for p in PACKAGE.rglob("*.py") if p not in ROOTS and "_builtin" not in p.parts]  # _builtin: in a wheel
CHECKOUT = Path(__file__).parent.parent


def room(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(tree):
    """First parts of everything a file imports from srbench."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "srbench":
            yield from (alias.name for alias in node.names if alias.name in FLOOR)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("srbench."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("srbench."))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downwards_and_only_the_command_line_prints_and_exits(path):
    tree = ast.parse(path.read_text())
    assert [name for name in imported(tree) if FLOOR[name] > FLOOR[room(path)]] == []
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    if room(path) not in ("cli", "__main__"):
        assert called.isdisjoint({"print", "sys.exit", "exit", "typer.Exit", "os._exit"})


def test_every_file_is_short():
    files = [path for name in ("srbench", "methods", "tests") for path in (CHECKOUT / name).rglob("*.py")]
    assert len(files) > 60
    assert [path.name for path in files if len(path.read_text().splitlines()) > 400] == []


def test_the_command_line_is_imported_without_the_large_libraries():
    heavy = (
        "torch",
        "pandas",
        "matplotlib",
        "spandrel",
        "sklearn",
        "skimage",
        "scipy",
        "sqlalchemy",
        "pyiqa",
        "pooch",
        "requests",
    )
    code = f"import sys, srbench.cli; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
