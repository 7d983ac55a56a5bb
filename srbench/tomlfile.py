"""Read a TOML file that a user wrote: what is wrong with it is said in one line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from srbench.errors import SrbenchError


def read(path: Path, kind: str, error: type[SrbenchError] = SrbenchError) -> tuple[str, dict[str, Any]]:
    """The text of a file and the table that it holds. TOML's reader keeps no lines, so whoever names one looks into
    the text.

    Args:
        kind: what the file is, for the message.

    Raises:
        error: the file cannot be read, or is not TOML (with line and column).
    """
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as cause:
        raise error(f"cannot read {kind} '{path}' ({cause.strerror})", "check the path") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise error(f"'{path}' is not valid TOML: {cause}", "mend that line") from cause
