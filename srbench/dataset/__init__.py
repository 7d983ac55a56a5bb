"""Datasets: what they are, where their images are on this machine, whether they are the published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import lazy

if TYPE_CHECKING:
    from srbench.dataset.chosen import choose_clips
    from srbench.dataset.folder import SUFFIXES, image_files
    from srbench.dataset.locate import Dataset, ImageFile, available, find, image_paths, known_name, plain_name
    from srbench.dataset.manifest import STANDARD, ImageFacts, Manifest, Source, broken, facts_of, known_as, manifests
    from srbench.dataset.verify import Verdict, check_images, judge

__all__ = [
    "STANDARD",
    "SUFFIXES",
    "Dataset",
    "ImageFacts",
    "ImageFile",
    "Manifest",
    "Source",
    "Verdict",
    "available",
    "broken",
    "check_images",
    "choose_clips",
    "facts_of",
    "find",
    "image_files",
    "image_paths",
    "judge",
    "known_as",
    "known_name",
    "manifests",
    "plain_name",
]

__getattr__ = lazy.names(
    __name__,
    {
        "STANDARD": "manifest",
        "SUFFIXES": "folder",
        "Dataset": "locate",
        "ImageFacts": "manifest",
        "ImageFile": "locate",
        "Manifest": "manifest",
        "Source": "manifest",
        "Verdict": "verify",
        "available": "locate",
        "broken": "manifest",
        "check_images": "verify",
        "choose_clips": "chosen",
        "facts_of": "manifest",
        "find": "locate",
        "image_files": "folder",
        "image_paths": "locate",
        "judge": "verify",
        "known_as": "manifest",
        "manifests": "manifest",
        "known_name": "locate",
        "plain_name": "locate",
    },
)
