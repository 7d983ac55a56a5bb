"""Weight files: read safely, checked against the network, packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.weights.files import LoadAudit, audit_adopted, file_hash, load_into, load_state, require_complete

__all__ = ["LoadAudit", "audit_adopted", "file_hash", "load_into", "load_state", "require_complete"]

__getattr__ = lazy.names(
    __name__,
    {
        "LoadAudit": "files",
        "audit_adopted": "files",
        "file_hash": "files",
        "load_into": "files",
        "load_state": "files",
        "require_complete": "files",
    },
)
