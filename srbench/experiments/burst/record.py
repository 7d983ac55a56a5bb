"""The points of a study as a JSON file, from which a later run of the same study goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from srbench.experiments.burst.study import ALONE, SCALE, Measured, Point, Settings
from srbench.files import replace_file


def write_record(path: Path, settings: Settings, identities: Mapping[str, str], measured: Measured) -> None:
    """Write settings, the methods' hashes, and one entry a point; nothing in it is a time."""
    content = {
        **_about(settings),
        "methods": dict(identities),
        "points": [{**asdict(point), "psnr": psnr} for point, psnr in measured.items()],
    }
    with replace_file(path) as stream:
        stream.write((json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def known(path: Path, settings: Settings, identities: Mapping[str, str]) -> dict[Point, float]:
    """The points that the file at ``path`` holds of the same study, of methods that are still the same; none where
    there is no such file, or it is of something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if {key: content[key] for key in ("experiment", "settings")} != _about(settings):
            return {}
        same = {name for name, identity in content["methods"].items() if identities.get(name) == identity}
        return {
            Point(str(entry["method"]), int(entry["frames"]), float(entry["error"])): float(entry["psnr"])
            for entry in content["points"]
            if entry["method"] in same
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _about(settings: Settings) -> dict[str, object]:
    own = {**asdict(settings), "frames": list(settings.frames), "errors": list(settings.errors)}  # as JSON has them
    return {"experiment": "burst", "settings": {**own, "scale": SCALE, "alone": ALONE}}
