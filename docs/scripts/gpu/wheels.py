"""Wheels of what the machine lacks: downloaded at home, installed there."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PRESENT = (  # on a machine set up for torch; what these need is taken to be there too
    *("torch", "torchvision", "numpy", "scipy", "pandas", "pillow", "scikit-image", "safetensors", "typer", "rich"),
    *("pytest", "hypothesis", "jinja2", "matplotlib", "requests", "scikit-learn", "threadpoolctl", "tifffile"),
)
PLATFORMS = tuple(f"manylinux{version}_x86_64" for version in ("_2_28", "_2_27", "_2_17", "2014", "1"))


def download(folder: Path, python: str) -> list[str]:
    """Download what srbench needs and such a machine lacks, in the versions installed here; returns NAME==VERSION.

    Raises:
        SystemExit: a requirement is not installed here.
        subprocess.CalledProcessError: pip failed, and said why.
    """
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = closure(Requirement(text).name for text in project["dependencies"]) - closure(PRESENT)
    pinned = [f"{name}=={importlib.metadata.version(name)}" for name in sorted(needed)]
    platforms = [f"--platform={platform}" for platform in PLATFORMS]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += [f"--python-version={python}", "--implementation=cp", *platforms, "-d", str(folder), *pinned]
    subprocess.run(command, check=True)
    return pinned


def closure(names: Iterable[str]) -> set[str]:
    """The distributions named and all that they need, as installed here, by normalised name."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    todo = [normalised(name) for name in names]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            raise SystemExit(f"{name} is not installed here; run this in srbench's own environment") from None
        found.add(name)
        for requirement in map(Requirement, requirements):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(normalised(requirement.name))
    return found


def missing(folder: Path) -> list[Path]:
    """The wheels of ``folder`` whose distributions are not installed."""
    there = {normalised(d.metadata["Name"]) for d in importlib.metadata.distributions() if d.metadata["Name"]}
    return [wheel for wheel in sorted(folder.glob("*.whl")) if normalised(wheel.name.split("-")[0]) not in there]


def normalised(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
