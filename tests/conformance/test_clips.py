"""Bicubic's rows of the video literature on the clips of Vid4 that are at hand, through the whole of srbench."""

import statistics

import pytest

from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

pytestmark = [pytest.mark.data("vid4/city", "vid4/walk"), pytest.mark.slow]  # 81 frames of 704x576 and 720x480

# (PSNR, SSIM) of bicubic at x4, the mean over the frames of a clip; measured with an independent script.
BICUBIC = {"city": (25.164, 0.6027), "walk": (26.101, 0.7973)}


@pytest.fixture(scope="module")
def evaluated(data_folders, tmp_path_factory):
    """(clip, metric) to the mean over the clip's frames, and the canary."""
    folder = tmp_path_factory.mktemp("vid4")
    options = {"metrics": ("psnr", "ssim"), "keep_images": False, "out": folder, "device": "cpu", "protocol": "vsr-y"}
    summary = run(RunOptions(("bicubic",), ("vid4",), (4,), **options))
    with Reader(folder) as reader:
        clips = {row.cell_id: row.facts.image.partition("/")[0] for row in reader.planned()}
        values = {}
        for cell, score in ((row.cell_id, row.score) for row in reader.scores()):
            values.setdefault((clips[cell], score.metric), []).append(score.value)
    (canary,) = summary.canaries
    return {key: statistics.mean(own) for key, own in values.items()}, canary


@pytest.mark.parametrize("clip", BICUBIC)
def test_bicubic_equals_the_measured_table(evaluated, clip):
    means, _ = evaluated
    assert means[clip, "psnr"] == pytest.approx(BICUBIC[clip][0], abs=0.006)
    assert means[clip, "ssim"] == pytest.approx(BICUBIC[clip][1], abs=0.0006)


def test_the_canary_is_good_on_the_clips_that_are_here(evaluated):
    means, canary = evaluated
    assert canary.verdict == "good"
    clips = {clip for clip, _ in means}
    assert canary.measured == pytest.approx(statistics.mean(means[clip, "psnr"] for clip in clips), abs=1e-9)
