"""Simulated mean opinion score: what a panel of simulated raters would say, after the protocol of the SRGAN paper
(Ledig et al., arXiv:1609.04802: 26 raters, integers 1..5, nearest-neighbour images shown as 1, originals as 5).

No person looks at an image. A psychometric model, fitted on the few means that the paper prints, maps LPIPS and
structural features to a latent quality; the value is the mean rating that a panel of simulated raters is expected to
give to that quality, a function of the two images alone. One draw of the 26 ratings goes with it, for those who want
raters: their intervals, the subject model, screening. ``docs/metrics.md`` says how far the result can be trusted;
``docs/scripts/calibrate_mos.py`` fits and validates the parameters in ``mos.json``.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srbench.metrics import lpips, ssim
from srbench.metrics.base import Comparison, Measurement, Metric
from srbench.metrics.raters import Panel, interval

PARAMETERS = Path(__file__).with_name("mos.json")
FOOTNOTE = (
    "simulated, no person rated these images (docs/metrics.md); a model's guess at the mean of 26 raters, fitted on "
    "few published means with images of the same PSNR"
)
_ALONE = ("PSNR", "GMSD", "LPIPS")


@dataclass(frozen=True)
class Model:
    """A fitted variant: latent quality = intercept + sum of weight times feature."""

    intercept: float
    weights: Mapping[str, float]
    panel: Panel
    seed: int  # of the draws of ratings; no value depends on it

    def quality(self, features: Mapping[str, float]) -> float:
        return self.intercept + sum(weight * features[name] for name, weight in self.weights.items())


@functools.cache
def parameters() -> dict[str, Any]:
    """The fitted parameters with their date, inputs, version and errors."""
    content: dict[str, Any] = json.loads(PARAMETERS.read_text(encoding="utf-8"))
    return content


def model(name: str) -> Model:
    """The fitted variant ``mos`` or ``mos-structural``."""
    fitted, panel = parameters()["models"][name], parameters()["panel"]
    return Model(fitted["intercept"], fitted["weights"], Panel.draw(panel["raters"], panel["seed"]), panel["seed"])


# -- features --------------------------------------------------------------------------------------------------


def gradient(luma: Tensor) -> Tensor:
    """Magnitude of Prewitt's gradient of (H, W) luma, on its inside (H - 2, W - 2)."""
    rows, columns = luma[2:] - luma[:-2], luma[:, 2:] - luma[:, :-2]
    down = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 3
    across = (columns[:-2] + columns[1:-1] + columns[2:]) / 3
    return (down.square() + across.square()).sqrt()


def gradients(pair: Comparison) -> dict[str, float]:
    """What became of the edges, on Y after the shave.

    ``gmsd``: deviation of the gradient similarity (Xue et al. 2014; without its downsampling); ``blur``: how much
    gradient is lost, 1 - mean gradient of SR / mean gradient of HR, at least 0.
    """
    sr, hr = gradient(pair.sr_luma), gradient(pair.hr_luma)
    similarity = (2 * sr * hr + 170) / (sr.square() + hr.square() + 170)
    lost = 1 - float(sr.mean()) / float(hr.mean()) if hr.any() else 0.0
    return {"gmsd": float(similarity.std(correction=0)), "blur": max(lost, 0.0)}


def structural(pair: Comparison) -> dict[str, float]:
    """Features that need no weights: ``ssim`` and :func:`gradients`."""
    return {"ssim": ssim.compute(pair), **gradients(pair)}


def all_features(pair: Comparison) -> dict[str, float]:
    """:func:`structural`, and ``lpips`` with the AlexNet."""
    return {**structural(pair), "lpips": lpips.ALEX(pair)}


# -- the metric ------------------------------------------------------------------------------------------------


def _measure(name: str, features: Callable[[Comparison], dict[str, float]], pair: Comparison) -> Measurement:
    """The expected mean rating; in ``extra`` the ``latent`` quality and a draw of ``ratings`` with its interval."""
    fitted = model(name)
    quality = fitted.quality(features(pair))
    ratings = fitted.panel.rate(quality, _seed(fitted.seed, pair))
    low, high = interval(ratings)
    extra = {"rater_low": low, "rater_high": high, "latent": quality, "ratings": ratings.tolist()}
    return Measurement(float(fitted.panel.expected(np.asarray(quality))), extra)


def _seed(seed: int, pair: Comparison) -> int:
    """Another draw for every pair of images, and always the same one."""
    digest = hashlib.sha256(str(seed).encode())
    for image in (pair.sr_luma, pair.hr_luma):
        digest.update(np.ascontiguousarray(image.cpu().to(torch.float32).numpy()).data)
    return int.from_bytes(digest.digest()[:8], "little")


def validation(name: str) -> str:
    """One line of what the fit was found to be worth."""
    content = parameters()
    ranks, errors = content["ranks"], content["errors"][name]
    own, others = ranks[f"{name}, one method left out"], (f"{m} {ranks[m]['all'][0]:.2f}" for m in _ALONE)
    datasets = [found["rmse"] for found in errors["dataset_out"].values()]
    low = [row["mos"] - row["guesses"][name] for row in content["outside"]]
    return (
        f"leaving one method out, Spearman {own['all'][0]:.2f} and RMSE {errors['method_out']:.2f} against "
        f"{len(content['inputs'])} published means (Spearman of metrics as they stand: {', '.join(others)}); leaving "
        f"one dataset out, RMSE {min(datasets):.2f} to {max(datasets):.2f}; methods trained on features or against a "
        f"discriminator are guessed {min(low):.1f} to {max(low):.1f} too low"
    )


def _metric(name: str, title: str, features: Callable[[Comparison], dict[str, float]]) -> Metric:
    return Metric(
        name=name,
        title=title,
        version=parameters()["version"],
        higher_is_better=True,
        unit="",
        bounds=(1.0, 5.0),
        digits=2,
        needs=("sr_luma", "hr_luma", "sr_rgb", "hr_rgb"),
        compute=functools.partial(_measure, name, features),
        min_size=ssim.WINDOW,
        footnote=f"{FOOTNOTE}; {validation(name)}",
        source="srbench, after Ledig et al., arXiv:1609.04802",
    )


STRUCTURAL = _metric("mos-structural", "simulated MOS (structural)", structural)
MOS = replace(
    _metric("mos", "simulated MOS", all_features),
    min_size=lpips.LPIPS.min_size,
    prepare=lpips.LPIPS.prepare,
    files=lpips.LPIPS.files,
)
