"""Where methods, datasets and reports are: in an installed wheel, in a checkout, in the user's folders."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _builtin(kind: str) -> Path:
    in_wheel = _PACKAGE / "_builtin" / kind
    if in_wheel.is_dir():
        return in_wheel
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / kind).is_dir():
        return checkout / kind
    raise FileNotFoundError(f"this installation of srbench has no folder '{kind}'; install it again")


def _folders(variable: str) -> list[Path]:
    # Path.expanduser raises where there is no such user; such a folder is only one that is not there.
    return [Path(os.path.expanduser(part)) for part in os.environ.get(variable, "").split(os.pathsep) if part]  # noqa: PTH111


def search_path(kind: str) -> list[str]:
    """Folders that hold ``kind`` ('methods', 'methods/zoo', 'datasets' or 'reports'): the built-in one, then
    ``kind`` below each folder of ``$SRBENCH_PATH``."""
    return [str(_builtin(kind))] + [str(f / kind) for f in _folders("SRBENCH_PATH") if (f / kind).is_dir()]


def cache() -> Path:
    """The user's cache folder (``$SRBENCH_CACHE``, else the system's place for caches)."""
    if os.environ.get("SRBENCH_CACHE"):
        return Path(os.path.expanduser(os.environ["SRBENCH_CACHE"]))  # noqa: PTH111
    try:
        import platformdirs
    except ModuleNotFoundError:  # `python -m srbench train` runs from a bare checkout without it
        return Path.home() / ".cache" / "srbench"
    return Path(platformdirs.user_cache_dir("srbench"))


def data() -> list[Path]:
    """Folders in which datasets are looked for: ``$SRBENCH_DATA``, ``./data``, the user's cache."""
    return [*_folders("SRBENCH_DATA"), Path("data"), cache() / "datasets"]


def weights() -> list[Path]:
    """Folders in which weight files are looked for: ``$SRBENCH_WEIGHTS``, the user's cache."""
    return [*_folders("SRBENCH_WEIGHTS"), cache() / "weights"]


def checkpoints() -> list[Path]:
    """Folders in which files of the zoo are looked for beside the cache: ``$SRBENCH_CHECKPOINTS``."""
    return _folders("SRBENCH_CHECKPOINTS")
