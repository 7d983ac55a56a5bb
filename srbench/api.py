"""The Python interface: a method on one's own picture, on a dataset, and a metric on one pair."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srbench import metrics, randomness
from srbench import protocol as protocols
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, NotSupportedError, SrbenchError, SrbenchWarning, UnavailableError
from srbench.evaluation.example import Example, HrImage, planes_of
from srbench.evaluation.scoring import compare, measure
from srbench.evaluation.strips import whole
from srbench.imaging.images import Pixels, check_pixels
from srbench.imaging.pictures import Deep
from srbench.machine import resolve_device
from srbench.method import plugins
from srbench.method.base import Method, MethodContext, prepare
from srbench.metrics import find as find_metrics
from srbench.protocol.base import Protocol as Rules
from srbench.results.reader import Reader
from srbench.run import RunOptions, run
from srbench.scale import checked

if TYPE_CHECKING:
    import pandas as pd


def load(method: str) -> Method:
    """The method that ``method`` (a name, a .py file, a checkpoint, NAME=FILE) stands for.

    Raises:
        SrbenchError: no such method, or a file that defines more than one.
    """
    if not isinstance(method, str):
        raise SrbenchError(f"a method is named by text, not by {type(method).__name__}", "give a name or a path as str")
    found = plugins.find(method)
    if len(found) != 1:
        raise SrbenchError(f"'{method}' defines {len(found)} methods", "name one of them: FILE.py:NAME")
    return plugins.instantiate(found[0])


def upscale(method: str | Method, image: Deep, scale: float, device: str = "auto", seed: int = 0) -> Deep:
    """Super-resolve one picture.

    Args:
        method: a name, a path, NAME=FILE, or a method that :func:`load` returned.
        image: uint8 or uint16, (H, W) or (H, W, 3) RGB.
        scale: a number of at least 1 that the method supports, such as 4 or 2.5.
        device: auto, cpu, cuda or cuda:N.
        seed: of methods that draw random numbers.

    Returns:
        the image's type, (round(scale * H), round(scale * W)) or (round(scale * H), round(scale * W), 3).

    Raises:
        SrbenchError: an unknown method, a scale that is not supported, an image of another type or shape.

    >>> import numpy as np
    >>> upscale("bicubic", np.full((8, 8, 3), 200, np.uint8), scale=4).shape
    (32, 32, 3)
    """
    scale, seed = checked(scale), randomness.checked_seed(seed)
    deep = isinstance(image, np.ndarray) and image.dtype.kind == "u" and image.dtype.itemsize == 2  # of any byte order
    check_pixels(image.astype(np.uint8) if deep else image)
    plain = np.ascontiguousarray(image)  # torch takes no mirrored views
    image = plain.astype(np.uint16, copy=False) if deep else plain.astype(np.uint8, copy=False)
    chosen = method if isinstance(method, Method) else load(method)
    chosen.require_scale(scale)
    prepare(chosen, scale, MethodContext(resolve_device(device), seed))
    return whole(chosen, image, scale).pixels


def evaluate(
    method: str,
    dataset: str,
    scale: float = 4,
    metrics: Sequence[str] | None = None,
    protocol: str = "basicsr",
    device: str = "auto",
    out: str | Path | None = None,
    workers: int = 1,
    lr: str | Path | None = None,
    reference: bool = True,
) -> pd.DataFrame:
    """Evaluate one method on one dataset.

    The caller's process is left as it was: random numbers of torch, NumPy and Python, numbers of threads, and
    standard output.

    Args:
        method: a name, a .py file, a checkpoint, or NAME=FILE.
        dataset: a name or a folder of images.
        metrics: names or files; without them psnr and ssim, or what can be measured of images without an original.
        protocol: a name or a file (.toml); several with commas between.
        out: a results folder to keep everything in; without it nothing is kept.
        workers: how many cells are computed side by side. One is a thread of this process, which is not forked; more
            are forked processes where the device is the CPU and the system Linux. A GPU has one.
        lr: a folder of LR images that came with the HR images; without it they are made by bicubic.
        reference: False where the images are LR images that have no original.

    Returns:
        one row per image and metric: method, dataset, scale, protocol, degradation, image, metric, value, status.

    Raises:
        SrbenchError: what ``srbench run`` would end with; fewer than one worker.

    >>> frame = evaluate("bicubic", "sample", scale=4, metrics=["psnr"])
    >>> round(float(frame["value"].mean()), 2)
    25.6
    """
    from srbench.results.leaderboard import PER_IMAGE_COLUMNS, per_image

    if workers < 1:
        raise SrbenchError(f"workers = {workers} is less than one", "give the number of cells to compute side by side")
    chosen = metrics if metrics is not None else ("psnr", "ssim") if reference else ()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if out is None else Path(out)
        options = RunOptions(
            methods=(method,),
            datasets=(dataset,),
            scales=(scale,),
            metrics=tuple(chosen),
            protocol=protocol,
            device=device,
            lr=() if lr is None else (str(lr),),
            threads=workers,
            out=folder,
            keep_images=out is not None,
            no_reference=not reference,
            command=f"srbench.evaluate({method!r}, {dataset!r}, scale={scale})",
        )
        summary = run(options)
        if summary.unavailable:
            raise UnavailableError(summary.unavailable[0])
        with Reader(folder) as reader:
            rows = per_image(reader, summary.run_id)
    names = [metric.name for spec in chosen for metric in find_metrics(spec)]
    own = rows[rows["metric"].isin([*names, ""])] if names else rows
    return own[[*PER_IMAGE_COLUMNS, "status", "message"]].reset_index(drop=True)


def score(
    metric: str,
    sr: Pixels,
    hr: Pixels | None = None,
    protocol: str = "basicsr",
    shave: int = 0,
    previous: tuple[Pixels, Pixels] | None = None,
) -> float:
    """One metric on one pair of images, or one image alone, as ``protocol`` prepares them.

    Args:
        sr, hr: uint8 of one shape, (H, W) or (H, W, 3) RGB; ``hr`` may be left out where the metric needs none.
        shave: pixels to cut from each side of the luma first; papers cut as many as the scale. Colour metrics see
            the whole image.
        previous: (SR, HR) of the frame before, of the same shape, for metrics over time (``t-of``, ``t-lp``).

    Raises:
        SrbenchError: an unknown metric or protocol, images of different shapes or too small, a metric that needs
            more than the pair, that cannot be computed here (UnavailableError) or that raised.

    >>> import numpy as np
    >>> hr = np.full((16, 16), 100, np.uint8)
    >>> round(score("psnr", hr + 1, hr, protocol="classic"), 3)
    48.131
    """
    chosen, rules = metrics.get(metric), protocols.get(protocol)
    if not isinstance(shave, int) or shave < 0:
        raise SrbenchError(
            f"shave = {shave!r} is no number of pixels", "give how many to cut from each side, 0 or more"
        )
    if hr is None and chosen.needs_reference:
        raise SrbenchError(f"{chosen.title} compares with an original", "give hr too")
    sr, hr = _same_shape(sr, sr if hr is None else hr)  # what stands for no original is never looked at
    if chosen.needs_lr:
        raise SrbenchError(f"{chosen.title} needs the LR image and its degradation", "use srbench.evaluate")
    if not metrics.supported(chosen, rules.working_space):
        raise NotSupportedError(f"{chosen.title} needs colour, which {protocol} has not", "use protocol='basicsr'")
    if (chosen.needs_previous or previous is not None) and not (isinstance(previous, tuple) and len(previous) == 2):
        raise SrbenchError(f"{chosen.title} measures from frame to frame", "give previous=(sr, hr) of the frame before")
    if chosen.needs_colour and sr.ndim == 2:
        warnings.warn("grey images are measured as RGB of three equal channels", SrbenchWarning, stacklevel=2)
    rules = replace(rules, shave=0, shave_pixels=shave)
    chosen.prepare()
    before = None if previous is None else _pair(*_same_shape(*previous), rules)
    result = measure(chosen, _pair(sr, hr, rules, before))
    if result.status == "too small":
        raise ImageError(f"{chosen.title}: {json.loads(result.extra)['message']}", "use larger images")
    if result.status == "error":
        raise SrbenchError(f"{chosen.title}: {json.loads(result.extra)['message']}", "see docs/metrics.md")
    return result.value


def _same_shape(sr: Pixels, hr: Pixels) -> tuple[Pixels, Pixels]:
    sr, hr = (np.ascontiguousarray(check_pixels(image)) for image in (sr, hr))  # torch takes no mirrored views
    if sr.shape != hr.shape:
        raise ImageError(f"the images differ in shape: {sr.shape} and {hr.shape}", "compare images of one size")
    return sr, hr


def _pair(sr: Pixels, hr: Pixels, rules: Rules, previous: metrics.Comparison | None = None) -> metrics.Comparison:
    """What metrics see; at scale 1 nothing is cut."""
    example = Example(HrImage(hr, rules), 1, Bicubic())
    colour = planes_of(sr)
    if example.hr.shape[0] != colour.shape[0]:
        colour = colour.expand(3, -1, -1)
    return compare(colour, example, previous)
