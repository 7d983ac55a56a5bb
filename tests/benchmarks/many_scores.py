"""A results folder with 200,000 made-up scores, as a year of campaigns leaves one:

python tests/benchmarks/many_scores.py FOLDER
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np

from srbench.records import CellFacts, Entry, Outcome, Score
from srbench.results.store import Store

DATASETS = {"set5": 5, "set14": 14, "bsd100": 100, "urban100": 100, "manga109": 109}
SCALES = (2, 3, 4)
METHODS = 102
METRICS = {"psnr": 1.0, "ssim": 1 / 50}
SCORES = METHODS * sum(DATASETS.values()) * len(SCALES) * len(METRICS)


def manifest() -> dict:
    """Of a run of methods whose code is not installed; all that a report needs to know is in it."""
    facts = {"unit": "", "higher_is_better": True, "digits": 2, "footnote": "", "version": 1, "bounds": [0, None]}
    titles = {"bounds": [0, 1], "digits": 4}
    return {
        **{"command": "srbench run --methods many", "srbench": "0", "git": "", "python": "3", "packages": {}},
        **{"device": "cpu", "processor": "none", "workers": 1, "seed": 0, "degradation": "bicubic"},
        "protocol": {"name": "basicsr", "version": 1, "hash": "p", "description": "made up"},
        "methods": [
            {"name": name, "title": name.title(), "year": 2020, "family": "CNN", "paper": "", "colour": "luma"}
            | {"url": "", "aims_at_pixels": True, "published": [], "training": {}, "hash": "0", "weights": {}}
            for name in names()
        ],
        "metrics": [
            facts | {"name": "psnr", "title": "PSNR", "unit": "dB", "order": 0},
            facts | titles | {"name": "ssim", "title": "SSIM", "order": 1},
        ],
        "datasets": [
            {"name": name, "title": name, "licence": "", "citation": "", "order": i, "version": 1, "images": {}}
            for i, name in enumerate(DATASETS)
        ],
    }


def names() -> list[str]:
    return [f"method-{i:03}" for i in range(METHODS)]


def fill(folder: Path) -> Path:
    """One run that planned and scored everything."""
    rng = np.random.default_rng(0)
    with Store(folder, create=True) as store:
        run = store.start_run(manifest())
        for dataset, scale in itertools.product(DATASETS, SCALES):
            difficulty = rng.normal(36 - 2 * scale, 3, DATASETS[dataset])
            cells = {
                CellFacts(
                    *(name, "0", dataset, 1, f"image-{image:03}", f"{dataset}{image}", 3, scale, "bicubic/0"),
                    *("basicsr", "p"),
                ): base + 0.03 * i + rng.normal(0, 0.1)
                for i, name in enumerate(names())
                for image, base in enumerate(difficulty)
            }
            ids = store.plan(run, list(cells))
            store.record(
                run,
                [
                    Entry(
                        ids[facts.key],
                        Outcome("ok"),
                        tuple(Score(metric, 1, value * factor, "ok") for metric, factor in METRICS.items()),
                    )
                    for facts, value in cells.items()
                ],
            )
        store.finish_run(run, "finished", json.loads(json.dumps(manifest())))
    return folder


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
    print(f"{SCORES:,} scores in {sys.argv[1]}")
