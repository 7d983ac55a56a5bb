"""Measure the images on which the simulated mean opinion score is calibrated: results folder -> docs/mos/features.csv.

    python docs/scripts/mos_features.py results

docs/mos/stand_ins.csv says which methods' images stand in for those of the paper, by the SHA-256 of their weights.
Weights of a commit are had with ``git worktree add ../images COMMIT``; there:

    srbench run --methods edsr,perceptual,srgan-mse,srgan,carn=carn_m.pth \\
        --datasets set5,set14,bsd100 --metrics psnr,ssim,lpips --out results

Other weights are refused. Rows of images that the folder does not have stay as they are.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import torch
from calibrate_mos import DATASETS, FEATURES, FOLDER, IMAGES, rows_of, stand_ins

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.imaging.images import below, pixel_hash, read_image
from srbench.metrics import mos
from srbench.protocol.base import BASICSR
from srbench.results.reader import Reader

SCALE = 4


def make_features(results: Path) -> None:
    """Features of every kept SR image of ``results`` that stands in for others, and of the originals."""
    weights = {row["images"]: row["weights"] for row in stand_ins().values()}
    with Reader(results) as reader:
        outcomes = {row.cell_id: row.outcome for row in reader.outcomes() if row.outcome.sr_path}
        scores = {(row.cell_id, row.score.metric): row.score.value for row in reader.scores()}
        cells = {
            (row.facts.method, row.facts.dataset, row.facts.image): row.cell_id
            for row in reader.planned()
            if (row.facts.protocol, row.facts.scale, row.facts.options) == (BASICSR.name, SCALE, "")
            and row.cell_id in outcomes
        }
        for method in sorted({key[0] for key in cells} & set(weights)):
            used = ", ".join(file.sha256 for file in reader.facts.method(method).weight_files)
            if used != weights[method]:
                raise SystemExit(f"{method} ran with other weights than docs/mos/stand_ins.csv names: {used or 'none'}")
    rows = {(row[IMAGES], row["dataset"], row["image"]): list(row.values()) for row in rows_of("features.csv")}
    for name in DATASETS:
        images = dataset.find(name).images
        methods = [m for m in weights if all((m, name, image.name) in cells for image in images)]
        for image in images:
            example = Example(HrImage(image.read(), BASICSR), SCALE, Bicubic())
            rows["original", name, image.name] = ["original", name, image.name, "inf", "0", "1", "0", "0"]
            for method in methods:
                cell = cells[method, name, image.name]
                pixels = read_image(below(results, outcomes[cell].sr_path))
                if pixel_hash(pixels) != outcomes[cell].sr_sha256:
                    raise SystemExit(f"{outcomes[cell].sr_path} is not the image that was scored")
                pair = compare(torch.from_numpy(np.array(pixels)).permute(2, 0, 1), example)
                known = {metric: scores[cell, metric] for metric in ("psnr", "lpips", "ssim")}
                values = known | mos.gradients(pair)
                cells_of_row = [f"{values[key]:.6g}" for key in ("psnr", *FEATURES)]
                rows[method, name, image.name] = [method, name, image.name, *cells_of_row]
    with (FOLDER / "features.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([IMAGES, "dataset", "image", "psnr", *FEATURES])
        kept = (row for row in rows.values() if row[0] in weights)
        writer.writerows(sorted(kept, key=lambda row: (row[0], DATASETS.index(row[1]), row[2])))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    make_features(Path(sys.argv[1]))
