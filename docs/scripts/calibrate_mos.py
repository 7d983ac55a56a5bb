"""Fit and validate the simulated mean opinion score, from the files of the repository alone.

    python docs/scripts/calibrate_mos.py fit                  # prints the fit of docs/mos/*.csv, as JSON
    python docs/scripts/calibrate_mos.py fit --output srbench/metrics/mos.json
    python docs/scripts/calibrate_mos.py tables               # prints the tables of docs/metrics.md

The fit is about images of a given PSNR, not of a given name: docs/mos/stand_ins.csv says for each method of the paper
which images stand in for its own, by the SHA-256 of the weights that made them, and where these are (mos_features.py).
A mean enters the fit where the stand-in's PSNR is within 0.2 dB of the one that the paper prints. That takes images of
equal PSNR to look alike, which is assumed of interpolations and of methods trained on pixel errors; those trained on
features or against a discriminator have ``no`` in the column ``fit`` and are a check of it.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import scipy.optimize
import scipy.stats

from srbench.metrics import mos
from srbench.metrics.raters import Panel

FOLDER = Path(__file__).parents[1] / "mos"
DATASETS = ("set5", "set14", "bsd100")
CLOSE = 0.2  # dB
RATERS, SEED, VERSION = 26, 160904802, 5
FEATURES = ("lpips", "ssim", "gmsd", "blur")
IMAGES = "images of the same PSNR"  # the column of features.csv that names them
# A weight has the sign that its feature's meaning gives it: less of a distortion is never worse.
SIGNS = {"lpips": -1, "ssim": 1, "gmsd": -1, "blur": -1}
VARIANTS = {"mos": ("lpips", "gmsd"), "mos-structural": ("ssim", "gmsd", "blur")}
METRICS = {"PSNR": "psnr", "SSIM": "ssim", "LPIPS": "lpips", "GMSD": "gmsd"}
EXTREMES = ("nearest", "original")  # the stimuli that showed the raters what 1 and 5 are
# Originals have no PSNR. A line through PSNR needs one for them: of whole numbers the one that serves it best.
INFINITE = range(30, 61)

Point = tuple[str, str]  # a method of the paper, a dataset
Table = dict[str, np.ndarray]  # of each image its PSNR and features
Predictor = Callable[[Point, Table], float]
Trainer = Callable[[dict[Point, Table]], Predictor]


# -- the inputs ------------------------------------------------------------------------------------------------


def rows_of(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def stand_ins() -> dict[str, dict[str, str]]:
    """By the paper's name of a method: whose ``images`` stand in for it, whether for the ``fit``, made by which
    ``weights`` (SHA-256), ``from`` where."""
    return {row["published"]: row for row in rows_of("stand_ins.csv")}


def published() -> dict[Point, dict[str, float]]:
    """PSNR and MOS that the paper prints, by method and dataset."""
    return {
        (row["method"], row["dataset"]): {"psnr": float(row["psnr"]), "mos": float(row["mos"])}
        for row in rows_of("published.csv")
    }


def points() -> dict[Point, Table]:
    """The features of the images that stand in for each published mean for which there are any."""
    images: dict[Point, list[dict[str, str]]] = {}
    for row in rows_of("features.csv"):
        images.setdefault((row[IMAGES], row["dataset"]), []).append(row)
    names = {name: row["images"] for name, row in stand_ins().items()}
    keys = {point: (names.get(point[0], ""), point[1]) for point in published()}
    found = {point: images[key] for point, key in keys.items() if key in images}
    return {
        point: {key: np.array([float(row[key]) for row in rows]) for key in ("psnr", *FEATURES)}
        for point, rows in found.items()
    }


def gap(point: Point, table: Table) -> float:
    """The mean PSNR of the stand-in less the one that the paper prints, dB."""
    return 0.0 if point[0] == "original" else float(table["psnr"].mean()) - published()[point]["psnr"]


def may_enter(point: Point, table: Table) -> bool:
    return stand_ins()[point[0]]["fit"] == "yes" and abs(gap(point, table)) <= CLOSE


# -- the fit ---------------------------------------------------------------------------------------------------


def predict(weights: np.ndarray, names: tuple[str, ...], table: Table, panel: Panel) -> float:
    """The mean over images of the panel's expected rating."""
    latent = weights[0] + sum(w * table[name] for w, name in zip(weights[1:], names, strict=True))
    return float(panel.expected(np.asarray(latent)).mean())


def fit(names: tuple[str, ...], data: dict[Point, Table], panel: Panel) -> np.ndarray:
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


def leave_out(data: dict[Point, Table], train: Trainer, part: int) -> dict[Point, float]:
    """Every mean by what was fitted without its method (``part`` 0) or without its dataset (1)."""
    result = {}
    for own in sorted({point[part] for point in data}):
        predictor = train({point: table for point, table in data.items() if point[part] != own})
        result |= {point: predictor(point, table) for point, table in data.items() if point[part] == own}
    return result


def by_model(names: tuple[str, ...], panel: Panel) -> Trainer:
    def train(data: dict[Point, Table]) -> Predictor:
        weights = fit(names, data, panel)
        return lambda point, table: predict(weights, names, table, panel)

    return train


def by_line(feature: str, infinite: float = math.inf) -> Trainer:
    """A straight line through one metric; an infinite value counts as ``infinite``."""

    def value(table: Table) -> float:
        return float(np.minimum(table[feature], infinite).mean())

    def train(data: dict[Point, Table]) -> Predictor:
        paper = published()
        x = [value(table) for table in data.values()]
        slope, intercept = np.polyfit(x, [paper[point]["mos"] for point in data], 1)
        return lambda point, table: float(intercept + slope * value(table))

    return train


def by_constant(data: dict[Point, Table]) -> Predictor:
    """One number for all: the mean of the published means."""
    mean = float(np.mean([published()[point]["mos"] for point in data]))
    return lambda point, table: mean


def rmse(predicted: dict[Point, float], where: Iterable[Point]) -> float:
    paper = published()
    return float(np.sqrt(np.mean([(predicted[p] - paper[p]["mos"]) ** 2 for p in where])))


def order(predicted: dict[Point, float], where: Iterable[Point]) -> tuple[float, float]:
    """Spearman and Kendall against the published means."""
    paper = published()
    x, y = zip(*((predicted[p], paper[p]["mos"]) for p in where), strict=True)
    return float(scipy.stats.spearmanr(x, y).statistic), float(scipy.stats.kendalltau(x, y).statistic)


def pairs(predicted: dict[Point, float]) -> tuple[int, int]:
    """Of the pairs of methods on a dataset, nearest and originals left out: how many are in the paper's order, of how
    many that the paper tells apart."""
    paper, right, count = published(), 0, 0
    for name in DATASETS:
        own = [point for point in predicted if point[1] == name and point[0] not in EXTREMES]
        for i, one in enumerate(own):
            for two in own[:i]:
                if difference := paper[one]["mos"] - paper[two]["mos"]:
                    count += 1
                    right += (predicted[one] - predicted[two]) * difference > 0
    return right, count


def validate(data: dict[Point, Table]) -> dict[str, Any]:
    """What is known of the fit: how well each predictor orders the methods, and how far its guesses are off."""
    panel = Panel.draw(RATERS, SEED)
    trainers: dict[str, Trainer] = {name: by_model(names, panel) for name, names in VARIANTS.items()}
    lines = {i: rmse(leave_out(data, by_line("psnr", i), 0), data) for i in INFINITE}
    infinite = min(lines, key=lambda i: lines[i])
    trainers |= {f"{name}, a line": by_line(key, infinite) for name, key in METRICS.items()}
    trainers["the mean of the means"] = by_constant
    method_out = {name: leave_out(data, train, 0) for name, train in trainers.items()}
    dataset_out = {name: leave_out(data, train, 1) for name, train in trainers.items()}

    def signed(key: str) -> dict[Point, float]:
        sign = -1 if key in ("lpips", "gmsd") else 1
        return {point: sign * float(np.minimum(table[key], infinite).mean()) for point, table in data.items()}

    orders = {f"{name}, one method left out": method_out[name] for name in VARIANTS}
    orders |= {f"{name}, one dataset left out": dataset_out[name] for name in VARIANTS}
    orders |= {name: signed(key) for name, key in METRICS.items()}
    groups = {
        "all": list(data),
        "without originals": [point for point in data if point[0] != "original"],
        "without nearest and originals": [point for point in data if point[0] not in EXTREMES],
    }
    by_dataset = {name: [point for point in data if point[1] == name] for name in DATASETS}
    return {
        "psnr_of_originals": infinite,
        "ranks": {
            name: {group: rounded(order(values, where)) for group, where in groups.items()}
            | {"pairs": list(pairs(values))}
            for name, values in orders.items()
        },
        "errors": {
            name: {
                "method_out": round(rmse(method_out[name], data), 4),
                "dataset_out": {
                    d: {
                        "spearman": None if train is by_constant else rounded(order(dataset_out[name], own))[0],
                        "rmse": round(rmse(dataset_out[name], own), 4),
                    }
                    for d, own in by_dataset.items()
                },
            }
            for name, train in trainers.items()
        },
        "guesses": {name: method_out[name] for name in VARIANTS},
    }


def rounded(values: Iterable[float]) -> list[float]:
    return [round(value, 4) for value in values]


# -- what is written -------------------------------------------------------------------------------------------


def described(point: Point, table: Table, guesses: dict[str, float]) -> dict[str, Any]:
    return {
        "published": point[0],
        "dataset": point[1],
        "mos": published()[point]["mos"],
        "images": stand_ins()[point[0]]["images"],
        "gap": round(gap(point, table), 3),
        "guesses": {name: round(guess, 4) for name, guess in guesses.items()},
    }


def fit_all() -> dict[str, Any]:
    """Fit and validate all variants: the content of srbench/metrics/mos.json."""
    every, panel = points(), Panel.draw(RATERS, SEED)
    data = {point: table for point, table in every.items() if may_enter(point, table)}
    found = validate(data)
    guesses = found.pop("guesses")
    models, whole = {}, {}
    for name, names in VARIANTS.items():
        weights = fit(names, data, panel)
        whole[name] = {point: predict(weights, names, table, panel) for point, table in every.items()}
        models[name] = {
            "intercept": round(float(weights[0]), 6),
            "weights": {n: round(float(w), 6) for n, w in zip(names, weights[1:], strict=True)},
            "rmse_of_fit": round(rmse(whole[name], data), 4),
        }
    return {
        "version": VERSION,
        "date": datetime.now(UTC).date().isoformat(),
        "source": "MOS of Tables 1 and 2, Ledig et al., arXiv:1609.04802v5, at x4",
        "panel": {"raters": RATERS, "seed": SEED},
        "close": CLOSE,
        "inputs": [described(p, t, {name: guesses[name][p] for name in VARIANTS}) for p, t in data.items()],
        **{
            key: [
                described(p, t, {name: whole[name][p] for name in VARIANTS})
                for p, t in every.items()
                if p not in data and stand_ins()[p[0]]["fit"] == fitted
            ]
            for key, fitted in (("not_close", "yes"), ("outside", "no"))
        },
        "models": models,
        **found,
    }


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = list(header)
    lines = (" | ".join(line) for line in (header, *rows))
    first, *others = (f"| {line} |\n" for line in lines)
    return first + "|" + "---|" * len(header) + "\n" + "".join(others)


def _pair(found: dict[str, float | None]) -> str:
    return " / ".join("-" if value is None else f"{value:.2f}" for value in (found["spearman"], found["rmse"]))


def tables(content: dict[str, Any]) -> list[str]:
    """The tables of docs/metrics.md, of the content of srbench/metrics/mos.json."""

    def means(rows: list[dict[str, Any]]) -> Iterable[Iterable[str]]:
        for row in sorted(rows, key=lambda row: (DATASETS.index(row["dataset"]), row["mos"])):
            own = "" if row["published"] == row["images"] == "original" else f"{row['gap']:+.2f}"
            guesses = [f"{row['guesses'][name]:.2f}" for name in VARIANTS]
            yield row["published"], row["dataset"], row["images"], own, f"{row['mos']:.2f}", *guesses

    columns = ["the paper's", "dataset", IMAGES, "gap, dB", "published MOS", *(f"`{name}`" for name in VARIANTS)]
    models = (
        (
            f"`{name}`",
            f"{model['intercept']:.3f}",
            ", ".join(f"{feature} {weight:.2f}" for feature, weight in model["weights"].items()),
            f"{model['rmse_of_fit']:.2f}",
        )
        for name, model in content["models"].items()
    )
    groups = [group for group in next(iter(content["ranks"].values())) if group != "pairs"]
    ranks = (
        (name, *(f"{a:.2f} / {b:.2f}" for a, b in (row[g] for g in groups)), "{} of {}".format(*row["pairs"]))
        for name, row in content["ranks"].items()
    )
    errors = (
        (name, f"{row['method_out']:.2f}", *(_pair(row["dataset_out"][d]) for d in DATASETS))
        for name, row in content["errors"].items()
    )
    return [
        markdown(["variant", "intercept", "weights", "RMSE of the fit"], models),
        markdown(columns, means(content["inputs"])),
        markdown(["ordered by", *groups, "pairs in the paper's order"], ranks),
        markdown(
            ["guessed by", "a method left out: RMSE", *(f"{d} left out: Spearman / RMSE" for d in DATASETS)], errors
        ),
        markdown(columns, means([*content["not_close"], *content["outside"]])),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("fit", "tables"))
    parser.add_argument("--output", type=Path, help="for fit: write to this file in place of the terminal")
    arguments = parser.parse_args()
    if arguments.what == "tables":
        print("\n".join(tables(mos.parameters())), end="")
        return
    text = json.dumps(fit_all(), indent=2) + "\n"
    if arguments.output is None:
        print(text, end="")
    else:
        arguments.output.write_text(text, encoding="utf-8")
        print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
