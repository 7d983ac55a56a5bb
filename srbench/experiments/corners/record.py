"""The numbers of one or more studies as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from srbench.experiments.corners.scoring import TOLERANCE
from srbench.experiments.corners.study import BATCH, DRAWS, Study
from srbench.experiments.corners.summary import summarise
from srbench.files import replace_file


def write_record(path: Path, studies: Sequence[Study]) -> None:
    """Write settings, closed forms (``best``) and one entry a network; null where there is no such number.

    The studies differ in their seed alone. Each number of a network stands there with each seed, as mean, and as the
    least (``low``) and the greatest (``high``).

    Nothing in it is a time, so that the same study gives the same file.
    """
    study = studies[0]
    content = {
        "experiment": "corners",
        "settings": {
            "seeds": [one.seed for one in studies],
            "steps": study.steps,
            "batch": BATCH,
            "inputs": len(next(iter(study.outputs.values()))),
            "draws": DRAWS,
            "tolerance": TOLERANCE,
        },
        "best": study.best,
        "networks": [asdict(network) for network in summarise(studies)],
    }
    with replace_file(path) as stream:
        stream.write((json.dumps(content, indent=1, allow_nan=False) + "\n").encode())
