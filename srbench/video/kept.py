"""What is kept of a clip that is being written, so that it can go on after it was stopped: a note of what is made of
what, beside frames or parts of which each is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from srbench.errors import ImageError
from srbench.files import remove_parts, write_text

NOTE = ".srbench-clip.json"

Made = Mapping[str, str | int | float]
"""What decides the pixels that are written, in words that people read."""


def begin(folder: Path, made: Made, *, resume: bool, force: bool, pattern: str) -> None:
    """Make ``folder`` ready for files of a clip: new, or with what an earlier call left there.

    Args:
        resume: go on with what is there.
        force: remove what is there and begin anew.
        pattern: of the files that are kept there, such as '*.png'.

    Raises:
        ImageError: there is something that is neither to be kept nor removed, or it was made otherwise.
        OSError: it cannot be written.
    """
    before = noted(folder)
    if before is None:
        if folder.exists() and any(folder.iterdir()):
            raise ImageError(f"'{folder}' holds other files", "choose another --output")
    elif force:
        remove(folder, pattern)
    elif not resume:
        raise ImageError(f"'{folder}' exists", "--resume goes on with it, --force begins anew")
    elif changed := [name for name in {**before, **made} if before.get(name) != made.get(name)]:
        what = ", ".join(f"{name} was {before.get(name)!r} and is {made.get(name)!r}" for name in changed)
        raise ImageError(
            f"'{folder}' cannot be gone on with: {what}", "--force begins anew, or choose another --output"
        )
    else:
        remove_parts(folder)
    write_text(folder / NOTE, json.dumps(dict(made), indent=1, sort_keys=True) + "\n")


def noted(folder: Path) -> Made | None:
    """The note in a folder; None where there is none that can be read."""
    try:
        found = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def remove(folder: Path, pattern: str) -> None:
    """Remove what :func:`begin` and its caller have put into a folder, and nothing else."""
    for path in folder.glob(pattern):
        path.unlink()
    remove_parts(folder)
    (folder / NOTE).unlink(missing_ok=True)
