"""How plugins come in: whatever is registered by a file is imported here."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from srbench.errors import MethodError


def load_file(path: Path) -> ModuleType:
    """Import a plugin file; raises MethodError if there is none or it cannot be imported."""
    if not path.is_file():
        raise MethodError(f"no plugin file at '{path}'", "check the path")
    path = path.resolve()
    # Registered under a name of its own, so that dataclasses, pickles and tracebacks of the plugin work.
    name = f"srbench_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise MethodError(f"'{path}' cannot be imported", "check that it is a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script may exit when it is imported
        del sys.modules[name]
        raise MethodError(
            f"plugin '{path}' cannot be imported: {type(error).__name__}: {error}",
            "see it whole with --debug",
        ) from error
    return module
