"""Bicubic's rows of the video literature on the clips of Vid4 that are at hand, through the whole of srbench."""

import statistics

import numpy as np
import pytest
import torch

from srbench import dataset
from srbench.imaging.images import write_image
from srbench.resize import imresize
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

pytestmark = pytest.mark.data("vid4/city", "vid4/walk")

# (PSNR, SSIM) of bicubic at x4, the mean over the frames of a clip; measured with an independent script.
BICUBIC = {"city": (25.164, 0.6027), "walk": (26.101, 0.7973)}
# The same by srbench, as docs/protocol.md has it, by degradation and protocol.
TABLE = {
    "bicubic": {
        "vsr-y": {"city": (25.165, 0.6028), "walk": (26.102, 0.7974)},
        "vsr-y-8": {"city": (25.087, 0.6006), "walk": (25.979, 0.7983)},
        "vsr-y-8-2": {"city": (25.092, 0.5997), "walk": (25.986, 0.7986)},
    },
    "bd-centre": {"vsr-y": {"city": (24.962, 0.5896), "walk": (25.564, 0.7832)}},
    "bd-first": {
        "vsr-y": {"city": (23.850, 0.5242), "walk": (23.006, 0.7100)},
        "vsr-y-8": {"city": (23.786, 0.5218), "walk": (22.852, 0.7088)},
    },
}


def evaluate(folder, degradation, data="vid4"):
    """(protocol, clip, metric) to the mean over the clip's frames, and the run's summary."""
    options = {"metrics": ("psnr", "ssim"), "keep_images": False, "out": folder, "device": "cpu"}
    protocols = ",".join(TABLE[degradation])
    summary = run(RunOptions(("bicubic",), (data,), (4,), protocol=protocols, degradation=degradation, **options))
    with Reader(folder) as reader:
        cells = {row.cell_id: (row.facts.protocol, row.facts.image.partition("/")[0]) for row in reader.planned()}
        values = {}
        for row in reader.scores():
            values.setdefault((*cells[row.cell_id], row.score.metric), []).append(row.score.value)
    return {key: statistics.mean(own) for key, own in values.items()}, summary


@pytest.fixture(scope="module", params=TABLE)
def evaluated(request, data_folders, tmp_path_factory):
    """81 frames of 704x576 and 720x480."""
    return request.param, *evaluate(tmp_path_factory.mktemp("vid4"), request.param)


@pytest.mark.slow
def test_the_docs_table_is_what_is_measured(evaluated):
    degradation, means, _ = evaluated
    for protocol, clips in TABLE[degradation].items():
        for clip, (psnr, ssim) in clips.items():
            assert means[protocol, clip, "psnr"] == pytest.approx(psnr, abs=0.00051), (protocol, clip)
            assert means[protocol, clip, "ssim"] == pytest.approx(ssim, abs=0.000051), (protocol, clip)


@pytest.mark.slow
def test_bicubic_equals_the_measured_table_and_the_canary_is_good(evaluated):
    degradation, means, summary = evaluated
    (canary,) = summary.canaries
    if degradation != "bicubic":
        assert canary.verdict == "none"
        return
    for clip, (psnr, ssim) in BICUBIC.items():
        assert means["vsr-y", clip, "psnr"] == pytest.approx(psnr, abs=0.006)
        assert means["vsr-y", clip, "ssim"] == pytest.approx(ssim, abs=0.0006)
    assert canary.verdict == "good"
    assert canary.measured == pytest.approx(statistics.mean(means["vsr-y", own, "psnr"] for own in BICUBIC), abs=1e-9)


# -- parts of a few frames, against a program of some lines ------------------------------------------------------------

SIDE = 96


def blurred_down(pixels, offsets, first, mode):
    """A Gaussian of sigma 1.6 at ``offsets`` from where it is sampled, every fourth pixel from ``first``, in uint8."""
    taps = np.exp(-(np.asarray(offsets) ** 2) / (2 * 1.6**2))
    taps /= taps.sum()
    out = pixels.astype(np.float64)
    for axis in (0, 1):
        out = np.moveaxis(np.pad(out, [(8, 8) if own == axis else (0, 0) for own in range(3)], mode=mode), axis, 0)
        starts = 8 + first + np.arange(0, SIDE, 4)
        out = np.moveaxis(sum(tap * out[starts + k] for k, tap in enumerate(taps)), 0, axis)
    return np.floor(np.clip(out, 0, 255) + 0.5).astype(np.uint8)


BD = {
    "bd-centre": (np.arange(12) - 5.5, -4, "edge"),  # 12 taps around 1.5, the middle of the pixels 0 to 3
    "bd-first": (np.arange(13) - 6, -6, "reflect"),
}


def luma(pixels):
    return 16 + pixels.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


@pytest.mark.parametrize("degradation", BD)
def test_blur_and_down_are_those_of_a_program_of_some_lines(degradation, data_folders, tmp_path):
    expected = {}
    for frame in (own for own in dataset.find("vid4", note=lambda text: None).images if own.number in (0, 9)):
        pixels = np.ascontiguousarray(frame.read()[200 : 200 + SIDE, 300 : 300 + SIDE])
        write_image(tmp_path / "parts" / frame.clip / f"{frame.number // 9}.png", pixels)
        low = torch.from_numpy(blurred_down(pixels, *BD[degradation])).permute(2, 0, 1)[None].float() / 255
        sr = (imresize(low, 4).clamp(0, 1) * 255 + 0.5).floor()[0].permute(1, 2, 0).numpy()
        for protocol, border in (("vsr-y", 0), ("vsr-y-8", 8)):
            inner = slice(border, SIDE - border)
            error = (luma(sr) - luma(pixels))[inner, inner]
            expected.setdefault((protocol, frame.clip), []).append(10 * np.log10(255**2 / np.mean(error**2)))
    means, summary = evaluate(tmp_path / "results", degradation, str(tmp_path / "parts"))
    assert summary.failed == 0
    for protocol in TABLE[degradation]:
        for clip in ("city", "walk"):
            assert means[protocol, clip, "psnr"] == pytest.approx(np.mean(expected[protocol, clip]), abs=2e-3)
