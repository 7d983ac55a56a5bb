"""Which protocol gives that number? One method's outputs scored under the settings in which papers and tools differ.

Most 'I cannot reproduce the paper' threads end at one of these: RGB in place of Y, Y in 0..255, another resize of the
LR images, another border, no rounding, grey images read as RGB, another SSIM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from srbench import dataset, protocol
from srbench.dataset.manifest import Dataset, ImageFile
from srbench.degradation.named import Bicubic
from srbench.errors import SrbenchError
from srbench.evaluation.scoring import colour_from_luma, output
from srbench.imaging.color import levels, luma, round_half_up
from srbench.imaging.images import Pixels, pixel_hash, read_image
from srbench.imaging.resize import imresize
from srbench.method.base import Method
from srbench.metrics.psnr import psnr
from srbench.metrics.ssim import ssim
from srbench.results.reader import Reader

LR = {
    "matlab uint8": "MATLAB imresize of the uint8 RGB image",
    "matlab double": "MATLAB imresize of the RGB image in double",
    "matlab Y": "MATLAB imresize of Y in double; the method sees Y",
    "pillow": "Pillow's bicubic of the RGB image",
    "opencv": "OpenCV's bicubic (a = -0.75, no antialiasing) of the RGB image",
}
SPACES = {
    "Y": "Y of BT.601, 16..235",
    "Y uint8": "Y of BT.601, 16..235, rounded",
    "Y full": "full-range Y, rounded (OpenCV's and Pillow's grey)",
    "YIQ": "full-range Y of YIQ (pyiqa)",
    "RGB": "all three channels",
}
GREY_WEIGHTS = (0.299, 0.587, 0.114)
# MATLAB's, as both protocols have it; the same filter over a padded image; scikit-image's default.
SSIMS = ("gaussian 11x11", "gaussian 11x11, padded", "uniform 7x7")


@dataclass(frozen=True)
class Setting:
    """One way to turn outputs into a number."""

    lr: str
    space: str
    shave: int
    rounded: bool
    grey: str  # 'rgb', 'grey', or '' where no image is grey
    metric: str  # 'psnr', or one of SSIMS


@dataclass(frozen=True)
class Row:
    """A setting with its mean over the dataset, and in what it departs from the named protocol it is nearest to."""

    setting: Setting
    value: float
    difference: float  # to the expected number
    protocol: str
    departures: tuple[str, ...]  # empty: it is that protocol

    @property
    def name(self) -> str:
        return "" if self.departures else self.protocol


def explain(
    method: Method | None,
    name: str,
    dataset_name: str,
    scale: int,
    expected: float,
    decimals: int,
    *,
    metric: str = "psnr",
    results: Path | None = None,
) -> list[Row]:
    """Rows for all settings, nearest to ``expected`` first; at equal distance in the printed decimals, the fewest
    departures from a named protocol first.

    Args:
        method: None if it cannot be run here; then only the kept images of ``results`` are scored.
        name: under which the method stands in ``results``.
        decimals: of the expected number as it was printed.
        metric: 'psnr' or 'ssim'.

    Raises:
        SrbenchError: there is nothing to score; the method fails.
    """
    data = dataset.find(dataset_name)
    grey = any(image.read().ndim == 2 for image in data.images)
    kinds = ("psnr",) if metric == "psnr" else SSIMS
    sums: dict[Setting, list[float]] = {}
    for image in data.images:
        hr = image.read()
        hr = hr[: hr.shape[0] // scale * scale, : hr.shape[1] // scale * scale]
        for lr, rounded, sr in outputs(method, name, data, image, hr, scale, results):
            for setting, value in scores(sr, hr, lr, rounded, scale, grey, kinds):
                sums.setdefault(setting, []).append(value)
    whole = {setting: values for setting, values in sums.items() if len(values) == len(data.images)}
    if not whole:
        raise SrbenchError(
            f"there are no images of '{name}' on {data.name} x{scale} to score",
            "give a method that can run here, or --results with its kept images",
        )
    rows = [_row(setting, float(np.mean(values)), expected, scale) for setting, values in whole.items()]
    return sorted(rows, key=lambda row: (_printed(row, expected, decimals), len(row.departures), abs(row.difference)))


def _printed(row: Row, expected: float, decimals: int) -> float:
    return round(abs(round(row.value, decimals) - expected), decimals)


def _row(setting: Setting, value: float, expected: float, scale: int) -> Row:
    if setting.lr == "matlab Y":
        named = Setting("matlab Y", "Y uint8", scale, True, setting.grey and "grey", SSIMS[0])
        title = protocol.CLASSIC.name
    else:
        named = Setting("matlab uint8", "Y", scale, True, setting.grey and "rgb", SSIMS[0])
        title = protocol.BASICSR.name
    fields = ("lr", "space", "shave", "rounded", "grey") + (("metric",) if setting.metric != "psnr" else ())
    departures = tuple(_words(setting, field) for field in fields if getattr(setting, field) != getattr(named, field))
    return Row(setting, value, value - expected, title, departures)


def _words(setting: Setting, field: str) -> str:
    texts = {
        "lr": f"LR by {LR[setting.lr]}",
        "space": f"measured on {SPACES[setting.space]}",
        "shave": f"{setting.shave} pixels shaved",
        "rounded": "SR not rounded",
        "grey": f"grey images read as {setting.grey}",
        "metric": f"SSIM with {setting.metric}",
    }
    return texts[field]


# -- outputs ---------------------------------------------------------------------------------------------------


def outputs(
    method: Method | None, name: str, data: Dataset, image: ImageFile, hr: Pixels, scale: int, results: Path | None
) -> Iterator[tuple[str, bool, Tensor]]:
    """(LR, rounded, SR): each output of the method on one image, (1 or 3, H, W) double; the kept pixels first."""
    done = set()
    for lr, rules in (("matlab uint8", protocol.BASICSR), ("matlab Y", protocol.CLASSIC)):
        kept = None if results is None else _kept(results, name, data, image, scale, rules.name)
        if kept is not None and (kept.ndim == 2) == (lr == "matlab Y"):
            done.add(lr)
            planes = torch.from_numpy(kept.copy()).to(torch.float64)
            yield lr, True, planes[None] if planes.ndim == 2 else planes.permute(2, 0, 1)
    if method is None:
        return
    for lr in LR:
        sr = _run(method, lr, hr, scale)
        if sr is not None:
            if lr not in done:
                yield lr, True, levels(sr).to(torch.float64)
            yield lr, False, (sr * 255).to(torch.float64)


def _kept(results: Path, name: str, data: Dataset, image: ImageFile, scale: int, rules: str) -> Pixels | None:
    """The newest kept SR image of a cell, if its file still has the pixels that were scored."""
    with Reader(results) as reader:
        outcomes = {row.cell_id: row.outcome for row in reader.outcomes() if row.outcome.sr_path}
        cells = [
            row.cell_id
            for row in reader.planned()
            if (row.facts.method, row.facts.dataset, row.facts.image, row.facts.scale, row.facts.protocol)
            == (name, data.name, image.name, scale, rules)
            and row.facts.options == ""
        ]
    for cell in reversed(cells):
        if cell in outcomes and (results / outcomes[cell].sr_path).is_file():
            pixels = read_image(results / outcomes[cell].sr_path)
            if pixel_hash(pixels) == outcomes[cell].sr_sha256:
                return pixels
    return None


def _run(method: Method, lr: str, hr: Pixels, scale: int) -> Tensor | None:
    """SR (1 or 3, H, W) on the 0..1 scale, neither clipped nor rounded; None if the method does not do this."""
    if lr == "matlab Y":
        if method.card.colour == "rgb":
            return None
        planes = torch.from_numpy(hr.copy())
        y = planes.to(torch.float64) if planes.ndim == 2 else round_half_up(luma(planes.permute(2, 0, 1)))
        return output(method, imresize(y, 1 / scale)[None], scale).cpu()
    small = _shrink(_rgb(hr), lr, scale)
    run = colour_from_luma if method.card.colour == "luma" else output
    return run(method, small, scale).cpu()


def _rgb(hr: Pixels) -> Tensor:
    planes = torch.from_numpy(hr.copy())
    return planes.expand(3, -1, -1).contiguous() if planes.ndim == 2 else planes.permute(2, 0, 1).contiguous()


def _shrink(rgb: Tensor, lr: str, scale: int) -> Tensor:
    """(3, H, W) uint8 to (3, h, w) double, in whole numbers but for 'matlab double'."""
    height, width = rgb.shape[1] // scale, rgb.shape[2] // scale
    if lr == "matlab uint8":
        return Bicubic()(rgb, scale).to(torch.float64)
    if lr == "matlab double":
        return Bicubic()(rgb.to(torch.float64), scale)
    if lr == "pillow":
        image = Image.fromarray(rgb.permute(1, 2, 0).numpy())
        pixels = np.array(image.resize((width, height), Image.Resampling.BICUBIC))
        return torch.from_numpy(pixels).permute(2, 0, 1).to(torch.float64)
    # torch's kernel, grid and borders are OpenCV's.
    small = torch.nn.functional.interpolate(
        rgb[None].to(torch.float64), size=(height, width), mode="bicubic", align_corners=False, antialias=False
    )[0]
    return round_half_up(small)


# -- scores ----------------------------------------------------------------------------------------------------


def scores(
    sr: Tensor, hr: Pixels, lr: str, rounded: bool, scale: int, any_grey: bool, kinds: tuple[str, ...]
) -> Iterator[tuple[Setting, float]]:
    """Every way to score one output (1 or 3, H, W) against its HR image."""
    is_grey = hr.ndim == 2
    greys = ("rgb", "grey") if any_grey and sr.shape[0] == 3 else (("grey",) if any_grey else ("",))
    for grey in greys:
        for space in SPACES if sr.shape[0] == 3 else ("Y uint8",):
            if is_grey and grey == "grey":
                x, y = sr.mean(dim=0, keepdim=True), torch.from_numpy(hr.copy())[None].to(torch.float64)
            elif sr.shape[0] == 1:
                # The network's Y is compared with the Y that its LR image was made of, rounded in both cases.
                x, y = sr, round_half_up(luma(_rgb(hr)))[None]
            else:
                x, y = _in_space(sr, space), _in_space(_rgb(hr).to(torch.float64), space)
            for shave in (0, scale, scale + 6):
                if min(x.shape[-2:]) <= 2 * shave + 11:
                    continue
                cut = slice(shave, x.shape[-2] - shave), slice(shave, x.shape[-1] - shave)
                for kind in kinds:
                    value = _measure(kind)(x[:, *cut], y[:, *cut])
                    yield Setting(lr, space, shave, rounded, grey, kind), value


def _in_space(rgb: Tensor, space: str) -> Tensor:
    """(3, H, W) to (1 or 3, H, W) double."""
    if space == "RGB":
        return rgb
    if space in ("Y", "Y uint8"):
        y = luma(rgb)
    else:
        y = sum((weight * plane for weight, plane in zip(GREY_WEIGHTS, rgb, strict=True)), torch.zeros(()))
    return (round_half_up(y) if space in ("Y uint8", "Y full") else y)[None]


def _measure(kind: str) -> Callable[[Tensor, Tensor], float]:
    if kind == "psnr":
        return lambda x, y: float(psnr(x.flatten(0, 1), y.flatten(0, 1)))
    if kind == SSIMS[0]:
        return lambda x, y: float(ssim(x, y).mean())

    from skimage.metrics import structural_similarity

    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    similarity: Any = structural_similarity  # it has no types

    def by_scikit_image(x: Tensor, y: Tensor) -> float:
        planes = zip(x.numpy(), y.numpy(), strict=True)
        if kind == SSIMS[1]:  # the map of the whole image, where scikit-image's own mean cuts its border
            values = [similarity(a, b, data_range=255, full=True, **gaussian)[1].mean() for a, b in planes]
        else:
            values = [similarity(a, b, data_range=255) for a, b in planes]
        return float(np.mean(values))

    return by_scikit_image
