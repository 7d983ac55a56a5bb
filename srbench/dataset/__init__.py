"""Datasets: what they are, where their images are on this machine, whether they are the published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.dataset.manifest import (
        STANDARD,
        SUFFIXES,
        UNKNOWN,
        Dataset,
        ImageFacts,
        ImageFile,
        Manifest,
        Source,
        Verdict,
        available,
        facts_of,
        find,
        judge,
        locate,
        manifests,
        plain_name,
        verify,
    )

__all__ = [
    "STANDARD",
    "SUFFIXES",
    "UNKNOWN",
    "Dataset",
    "ImageFacts",
    "ImageFile",
    "Manifest",
    "Source",
    "Verdict",
    "available",
    "facts_of",
    "find",
    "judge",
    "locate",
    "manifests",
    "plain_name",
    "verify",
]

__getattr__ = lazy.names(
    __name__,
    {
        "STANDARD": "manifest",
        "SUFFIXES": "manifest",
        "UNKNOWN": "manifest",
        "Dataset": "manifest",
        "ImageFacts": "manifest",
        "ImageFile": "manifest",
        "Manifest": "manifest",
        "Source": "manifest",
        "Verdict": "manifest",
        "available": "manifest",
        "facts_of": "manifest",
        "find": "manifest",
        "judge": "manifest",
        "locate": "manifest",
        "manifests": "manifest",
        "plain_name": "manifest",
        "verify": "manifest",
    },
)
