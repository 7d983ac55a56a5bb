"""What readers and writers of a results folder share, without the tables' definitions: readers start in less time."""

from __future__ import annotations

from pathlib import Path

from srbench.errors import StoreError

FILE = "results.sqlite"
SCHEMA_VERSION = 3  # its history: srbench.results.schema


def refuse_newer(folder: Path, found: int, written_by: str) -> None:
    """Raise StoreError if schema ``found`` is newer than this srbench's; ``written_by`` is a version or empty."""
    if found > SCHEMA_VERSION:
        writer = f" (srbench {written_by})" if written_by else ""
        raise StoreError(
            f"'{folder}' was written by a newer srbench{writer}: schema {found}, this one reads up to {SCHEMA_VERSION}",
            "update srbench, or use another --out",
        )
