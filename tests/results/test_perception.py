"""The perception-distortion plane from per-image rows."""

import json

import pandas as pd
import pytest

from srbench.results.leaderboard import GROUP
from srbench.results.perception import opinions, perception_distortion


def rows(*entries):
    key = {"dataset": "set5", "scale": 4, "protocol": "basicsr", "degradation": "bicubic", "options": ""}
    columns = ("method", "image", "metric", "value", "status")
    return pd.DataFrame([key | dict(zip(columns, entry, strict=True)) for entry in entries])


def test_distortion_is_the_mean_rmse_of_images_that_have_both():
    images = rows(
        ("a", "1", "psnr", 48.1308036, "ok"),  # an error of one grey level
        ("a", "2", "psnr", 28.1308036, "ok"),  # of ten
        ("a", "3", "psnr", 20.0, "ok"),  # without LPIPS
        ("a", "1", "lpips", 0.2, "ok"),
        ("a", "2", "lpips", 0.4, "ok"),
        ("b", "1", "psnr", float("nan"), "identical"),
        ("b", "1", "lpips", 0.0, "ok"),
        ("c", "1", "psnr", float("nan"), "nan"),
        ("c", "1", "lpips", 0.1, "ok"),
    )
    plane = perception_distortion(images).set_index("method")
    assert list(perception_distortion(images).columns) == [*GROUP, "distortion", "perception", "n"]
    assert plane.loc["a", "distortion"] == pytest.approx(5.5)
    assert plane.loc["a", "perception"] == pytest.approx(0.3)
    assert plane.loc["a", "n"] == 2
    assert (plane.loc["b", "distortion"], plane.loc["b", "perception"]) == (0, 0)
    assert "c" not in plane.index


def test_without_lpips_there_is_no_plane():
    assert perception_distortion(rows(("a", "1", "psnr", 30.0, "ok"))).empty


RATED = json.dumps({"ratings": [4.0, 5.0]})


@pytest.mark.parametrize("extra", ["{}", '{"ratings": []}', '{"ratings": [3.0]}', '{"message": "x"}'])
def test_without_the_ratings_of_the_same_raters_nothing_is_said_of_a_group(extra):
    images = rows(*((method, image, "mos", 4.5, "ok") for method in "ab" for image in "12"))
    images["extra"] = [RATED, extra, RATED, RATED]
    (said,) = opinions(images, "mos")
    assert (said["method"], said["mos"], said["drawn"]) == ("b", 4.5, 4.5)


def test_the_mean_of_the_scores_is_told_apart_from_that_of_the_drawn_ratings():
    images = rows(("a", "1", "mos", 4.2, "ok"), ("a", "2", "mos", 4.4, "ok"))
    images["extra"] = RATED
    (said,) = opinions(images, "mos")
    assert said["mos"] == pytest.approx(4.3)
    assert said["drawn"] == 4.5
    assert said["rater_low"] < 4.5 < said["rater_high"]
