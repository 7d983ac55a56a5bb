"""The numbers of a study as a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from srbench.experiments.corners.scoring import TOLERANCE
from srbench.experiments.corners.study import BATCH, DRAWS, Study
from srbench.files import replace_file


def write_record(path: Path, study: Study) -> None:
    """Write settings, closed forms (``best``) and one entry a network; null where there is no such number.

    Nothing in it is a time, so that the same study gives the same file.
    """
    content = {
        "experiment": "corners",
        "settings": {
            "seed": study.seed,
            "steps": study.steps,
            "batch": BATCH,
            "inputs": len(next(iter(study.outputs.values()))),
            "draws": DRAWS,
            "tolerance": TOLERANCE,
        },
        "best": study.best,
        "networks": [asdict(row) for row in study.rows],
    }
    with replace_file(path) as stream:
        stream.write((json.dumps(content, indent=1, allow_nan=False) + "\n").encode())
