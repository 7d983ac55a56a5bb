"""pyiqa's own table of its metrics, read without importing pyiqa or torch."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

from srbench.errors import UnavailableError

# They measure sets of images, or an image and a text: nothing that one pair has.
_NOT_OF_A_PAIR = {"fid", "sfid", "fid_dinov2", "inception_score", "clipscore"}
HINT = "get it with: pip install 'srbench[iqa]'"


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """pyiqa's settings by metric name; UnavailableError without pyiqa."""
    package = importlib.util.find_spec("pyiqa")
    if package is None or package.origin is None:
        raise UnavailableError("pyiqa is not installed", HINT)
    path = Path(package.origin).parent / "default_model_configs.py"
    spec = importlib.util.spec_from_file_location("_srbench_pyiqa_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    configs = module.DEFAULT_CONFIGS.items()
    return {name: settings for name, settings in configs if name not in _NOT_OF_A_PAIR}


def names() -> list[str]:
    """What can follow ``pyiqa:``; nothing where pyiqa is not installed."""
    try:
        return list(table())
    except UnavailableError:
        return []
