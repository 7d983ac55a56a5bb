"""The numbers of a study as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from srbench.experiments.cascade.contestants import QUESTIONS, SCALE
from srbench.experiments.cascade.study import PROTOCOL, Row, Study
from srbench.files import replace_file


def write_record(path: Path, study: Study) -> None:
    """Write settings and, question by question, one entry a method, with its PSNR on every image; nothing in it is a
    time."""
    content = {
        "experiment": "cascade",
        "settings": {"datasets": list(study.datasets), "scale": SCALE, "protocol": PROTOCOL},
        "questions": [
            {
                "title": question.title,
                "rival": question.rival,
                "methods": [_entry(study, row) for row in study.of(question.title)],
            }
            for question in QUESTIONS
        ],
    }
    with replace_file(path) as stream:
        stream.write((json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def _entry(study: Study, row: Row) -> dict[str, Any]:
    differences = {name: study.better(row, name) for name in study.datasets}
    return {
        "method": row.spec,
        "what": row.what,
        "parameters": row.parameters,
        "mult_adds": row.mult_adds,
        "mean_psnr": {name: row.mean(name) for name in study.datasets},
        "better_by": {name: difference for name, (difference, _) in differences.items()},
        "better_on": {name: count for name, (_, count) in differences.items()},
        "psnr": {name: dict(values) for name, values in row.psnr.items()},
    }
