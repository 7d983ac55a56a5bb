"""Fit and validate the simulated mean opinion score.

    srbench run --methods nearest,bicubic,srcnn,espcn,drcn,srresnet,srgan \
        --datasets set5,set14,bsd100 --metrics psnr,ssim,lpips --out results
    python docs/scripts/calibrate_mos.py features results     # results -> docs/mos/features.csv
    python docs/scripts/calibrate_mos.py fit                  # prints the fit of docs/mos/*.csv, as JSON
    python docs/scripts/calibrate_mos.py fit --output srbench/metrics/mos.json
    python docs/scripts/calibrate_mos.py validate             # prints the validation of the fit

Run it again whenever a method of docs/mos/published.csv gets weights: add its name to the run. A method enters on those
datasets of the results on which its PSNR is within 0.5 dB of the paper's. ``fit`` and ``validate`` need only the files
of the repository.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy.optimize
import scipy.stats
import torch

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.imaging.images import below, pixel_hash, read_image
from srbench.metrics import mos
from srbench.metrics.raters import Panel
from srbench.protocol.base import BASICSR
from srbench.results.reader import Reader

FOLDER = Path(__file__).parents[1] / "mos"
DATASETS = ("set5", "set14", "bsd100")
SCALE = 4
CLOSE = 0.5  # dB
RATERS, SEED, VERSION = 26, 160904802, 3
FEATURES = ("lpips", "ssim", "gmsd", "blur")
# A weight has the sign that its feature's meaning gives it: less of a distortion is never worse.
SIGNS = {"lpips": -1, "ssim": 1, "gmsd": -1, "blur": -1}
VARIANTS = {"mos": ("lpips", "gmsd"), "mos-structural": ("ssim", "gmsd", "blur")}

Point = tuple[str, str]  # method, dataset


def make_features(results: Path) -> None:
    """Features of every kept SR image of ``results``, and of the originals, as docs/mos/features.csv."""
    with Reader(results) as reader:
        outcomes = {row.cell_id: row.outcome for row in reader.outcomes() if row.outcome.sr_path}
        scores = {(row.cell_id, row.score.metric): row.score.value for row in reader.scores()}
        cells = {
            (row.facts.method, row.facts.dataset, row.facts.image): row.cell_id
            for row in reader.planned()
            if (row.facts.protocol, row.facts.scale, row.facts.options) == (BASICSR.name, SCALE, "")
            and row.cell_id in outcomes
        }
    rated = sorted({method for method, _ in published()})
    rows = []
    for name in DATASETS:
        images = dataset.find(name).images
        methods = [m for m in rated if all((m, name, image.name) in cells for image in images)]
        for image in images:
            example = Example(HrImage(image.read(), BASICSR), SCALE, Bicubic())
            rows.append(["original", name, image.name, "inf", "0", "1", "0", "0"])
            for method in methods:
                cell = cells[method, name, image.name]
                pixels = read_image(below(results, outcomes[cell].sr_path))
                if pixel_hash(pixels) != outcomes[cell].sr_sha256:
                    raise SystemExit(f"{outcomes[cell].sr_path} is not the image that was scored")
                pair = compare(torch.from_numpy(np.array(pixels)).permute(2, 0, 1), example)
                known = {metric: scores[cell, metric] for metric in ("psnr", "lpips", "ssim")}
                values = known | mos.gradients(pair)
                rows.append([method, name, image.name] + [f"{values[key]:.6g}" for key in ("psnr", *FEATURES)])
    with (FOLDER / "features.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["method", "dataset", "image", "psnr", *FEATURES])
        writer.writerows(sorted(rows, key=lambda row: (row[0], DATASETS.index(row[1]), row[2])))


def published() -> dict[Point, dict[str, float]]:
    """PSNR and MOS that the paper prints, by method and dataset."""
    with (FOLDER / "published.csv").open() as stream:
        return {
            (row["method"], row["dataset"]): {"psnr": float(row["psnr"]), "mos": float(row["mos"])}
            for row in csv.DictReader(stream)
        }


def points() -> tuple[dict[Point, dict[str, np.ndarray]], list[str]]:
    """Per-image features of what may enter the fit, and a line for each that may not."""
    rows: dict[Point, list[dict[str, str]]] = {}
    with (FOLDER / "features.csv").open() as stream:
        for row in csv.DictReader(stream):
            rows.setdefault((row["method"], row["dataset"]), []).append(row)
    paper = published()
    inside, outside = {}, []
    for point, images in rows.items():
        table = {key: np.array([float(row[key]) for row in images]) for key in ("psnr", *FEATURES)}
        gap = 0.0 if point[0] == "original" else float(table["psnr"].mean()) - paper[point]["psnr"]
        if abs(gap) <= CLOSE:
            inside[point] = table
        else:
            outside.append(f"{point[0]} on {point[1]}: PSNR is {gap:+.2f} dB from the paper's")
    return inside, outside


# -- the fit ---------------------------------------------------------------------------------------------------


def predict(weights: np.ndarray, names: tuple[str, ...], table: dict[str, np.ndarray], panel: Panel) -> float:
    """The mean over images of the panel's expected rating."""
    latent = weights[0] + sum(w * table[name] for w, name in zip(weights[1:], names, strict=True))
    return float(panel.expected(np.asarray(latent)).mean())


def fit(names: tuple[str, ...], data: dict[Point, dict[str, np.ndarray]], panel: Panel) -> np.ndarray:
    """Intercept and weights by least squares on the published means, each of its sign, the original's first."""
    paper = published()
    target = np.array([paper[point]["mos"] for point in data])

    def error(weights: np.ndarray) -> np.ndarray:
        return np.array([predict(weights, names, table, panel) for table in data.values()]) - target

    low = [-np.inf] + [-np.inf if SIGNS[name] < 0 else 0 for name in names]
    high = [np.inf] + [0 if SIGNS[name] < 0 else np.inf for name in names]
    start = [4.0] + [float(SIGNS[name]) for name in names]
    return scipy.optimize.least_squares(error, start, bounds=(low, high)).x


# -- validation ------------------------------------------------------------------------------------------------


def leave_one_out(
    data: dict[Point, dict[str, np.ndarray]],
    train: Callable[[dict[Point, dict[str, np.ndarray]]], Callable[[Point, dict[str, np.ndarray]], float]],
) -> dict[Point, float]:
    """Each method's values by what was fitted without that method."""
    result = {}
    for method in sorted({point[0] for point in data}):
        predictor = train({point: table for point, table in data.items() if point[0] != method})
        result |= {point: predictor(point, table) for point, table in data.items() if point[0] == method}
    return result


def by_model(names: tuple[str, ...], panel: Panel):
    def train(data):
        weights = fit(names, data, panel)
        return lambda point, table: predict(weights, names, table, panel)

    return train


def by_line(feature: str):
    """A straight line in one metric. An infinite PSNR counts as 50 dB."""

    def value(table):
        return float(np.minimum(table[feature], 50).mean())

    def train(data):
        paper = published()
        x = [value(table) for table in data.values()]
        slope, intercept = np.polyfit(x, [paper[point]["mos"] for point in data], 1)
        return lambda point, table: float(intercept + slope * value(table))

    return train


def by_constant(data):
    """The mean of the other methods on that dataset."""
    paper = published()
    means = {name: np.mean([paper[p]["mos"] for p in data if p[1] == name]) for name in DATASETS}
    return lambda point, table: float(means[point[1]])


def figures(predicted: dict[Point, float], where: Iterable[Point]) -> tuple[float, float, float]:
    """Spearman, Kendall and RMSE against the published means."""
    paper = published()
    where = list(where)
    x, y = [predicted[p] for p in where], [paper[p]["mos"] for p in where]
    constant = len(set(x)) < 2
    return (
        math.nan if constant else float(scipy.stats.spearmanr(x, y).statistic),
        math.nan if constant else float(scipy.stats.kendalltau(x, y).statistic),
        float(np.sqrt(np.mean((np.array(x) - y) ** 2))),
    )


def validate() -> dict[str, dict[str, list[float]]]:
    """Leave-one-method-out figures of every predictor, per dataset and over all."""
    data, _ = points()
    panel = Panel.draw(RATERS, SEED)
    predictors = {name: by_model(names, panel) for name, names in VARIANTS.items()}
    predictors |= {"PSNR": by_line("psnr"), "SSIM": by_line("ssim"), "LPIPS": by_line("lpips")}
    predictors["constant per dataset"] = by_constant
    result = {}
    for name, train in predictors.items():
        predicted = leave_one_out(data, train)
        groups = {d: [p for p in data if p[1] == d] for d in DATASETS} | {"all": list(data)}
        result[name] = {group: list(figures(predicted, members)) for group, members in groups.items()}
    return result


def report() -> None:
    """Print the fit table and the validation."""
    data, outside = points()
    paper = published()
    parameters = json.loads(mos.PARAMETERS.read_text())
    panel = Panel.draw(RATERS, SEED)
    print(f"Fitted {parameters['date']}, version {parameters['version']}, on {len(data)} means:\n")
    print("| method | dataset | published MOS | " + " | ".join(f"{n}, left out" for n in VARIANTS) + " |")
    print("|---|---|---|" + "---|" * len(VARIANTS))
    held = {name: leave_one_out(data, by_model(names, panel)) for name, names in VARIANTS.items()}
    for point in sorted(data, key=lambda p: (DATASETS.index(p[1]), paper[p]["mos"])):
        own = " | ".join(f"{held[name][point]:.2f}" for name in VARIANTS)
        print(f"| {point[0]} | {point[1]} | {paper[point]['mos']:.2f} | {own} |")
    for line in outside:
        print(f"\nnot in the fit: {line}")
    print("\nLeave-one-method-out, Spearman / Kendall / RMSE:\n")
    print("| predictor | " + " | ".join((*DATASETS, "all")) + " |")
    print("|---|" + "---|" * (len(DATASETS) + 1))
    for name, groups in validate().items():
        cells = [" / ".join("-" if math.isnan(v) else f"{v:.2f}" for v in groups[g]) for g in (*DATASETS, "all")]
        print(f"| {name} | " + " | ".join(cells) + " |")


def fit_all() -> str:
    """Fit and validate all variants: the content of srbench/metrics/mos.json."""
    data, outside = points()
    panel = Panel.draw(RATERS, SEED)
    paper = published()
    models, validation = {}, validate()
    for name, names in VARIANTS.items():
        weights = fit(names, data, panel)
        errors = [predict(weights, names, table, panel) - paper[point]["mos"] for point, table in data.items()]
        models[name] = {
            "intercept": round(float(weights[0]), 6),
            "weights": {n: round(float(w), 6) for n, w in zip(names, weights[1:], strict=True)},
            "rmse_of_fit": round(float(np.sqrt(np.mean(np.square(errors)))), 4),
            "left_out": dict(zip(("spearman", "kendall", "rmse"), validation[name]["all"], strict=True)),
        }
    content = {
        "version": VERSION,
        "date": datetime.now(UTC).date().isoformat(),
        "source": "MOS of Table 2, Ledig et al., arXiv:1609.04802v5, at x4",
        "panel": {"raters": RATERS, "seed": SEED},
        "inputs": sorted(f"{method}/{name}" for method, name in data),
        "left_out_of_the_fit": outside,
        "models": models,
        "validation": {
            name: {group: [None if math.isnan(v) else round(v, 4) for v in values] for group, values in groups.items()}
            for name, groups in validation.items()
        },
    }
    return json.dumps(content, indent=2) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("features", "fit", "validate"))
    parser.add_argument("results", type=Path, nargs="?", help="for features: a results folder with kept images")
    parser.add_argument("--output", type=Path, help="for fit: write to this file in place of the terminal")
    arguments = parser.parse_args()
    if arguments.what == "features":
        if arguments.results is None:
            parser.error("features needs a results folder")
        make_features(arguments.results)
    elif arguments.what == "fit" and arguments.output is not None:
        arguments.output.write_text(fit_all())
        print(f"wrote {arguments.output}")
    elif arguments.what == "fit":
        print(fit_all(), end="")
    else:
        report()


if __name__ == "__main__":
    main()
