"""Means of clips: over each clip's frames first; what the number of clips allows to say."""

import math

import numpy as np
import pandas as pd
import pytest

from srbench.results import clips
from srbench.results.facts import FolderFacts
from srbench.results.leaderboard import means
from srbench.results.partial_clips import partial_clips
from srbench.results.perception import opinions, perception_distortion
from srbench.results.reader import Run

NAMES = ["city/0", "city/1", "city/2", "walk/0"]


def rows(values, method="m", metric="psnr", status="ok"):
    """As per_image gives them, of a dataset of clips: values by image."""
    fixed = {"dataset": "vid4", "scale": 4, "protocol": "vsr-y", "degradation": "bicubic", "options": ""}
    more = {"message": "", "run_id": 1, "extra": "", "method_hash": "0", "handling": "", "status": status}
    own = [
        {"method": method, **fixed, "image": image, "metric": metric, "value": v, **more} for image, v in values.items()
    ]
    return pd.DataFrame(own)


def the_row(frame, facts=None):
    (row,) = means(frame, facts).to_dict("records")
    return row


@pytest.mark.parametrize(
    ("image", "clip"),
    [("baby", ""), ("city/0003", "city"), ("a b/frame_1", "a b"), ("x/y/0", "x/y"), ("img_001.png", "")],
)
def test_the_clip_of_a_name(image, clip):
    assert clips.clip_of(image) == clip


def test_a_mean_is_over_clips_whatever_their_length():
    row = the_row(rows(dict(zip(NAMES, (30.0, 31.0, 32.0, 25.0), strict=True))))
    assert (row["mean"], row["n"], row["planned"], row["clips"], row["partial"]) == (28.0, 4, 4, 2, ())
    assert math.isnan(row["ci_low"])
    assert math.isnan(row["ci_high"])


def test_still_images_have_the_mean_and_the_interval_that_they_had():
    values = np.random.default_rng(0).normal(30, 3, 14)
    row = the_row(rows({f"img{i}": value for i, value in enumerate(values)}))
    assert (row["mean"], row["clips"], row["partial"]) == (np.mean(values), 0, ())
    assert clips.mean(values, [f"img{i}" for i in range(14)]) == np.mean(values)
    assert row["ci_low"] < row["mean"] < row["ci_high"]


def test_the_interval_is_over_clips_where_there_are_enough():
    rng = np.random.default_rng(1)
    levels = rng.normal(30, 2, 8)
    frames = {f"c{clip}/{t}": levels[clip] + rng.normal(0, 0.01) for clip in range(8) for t in range(5)}
    row = the_row(rows(frames))
    alone = the_row(rows({f"c{clip}": np.mean([frames[f"c{clip}/{t}"] for t in range(5)]) for clip in range(8)}))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((alone["ci_low"], alone["ci_high"]))
    as_if_independent = the_row(rows({name.replace("/", "-"): value for name, value in frames.items()}))
    assert row["ci_high"] - row["ci_low"] > 2 * (as_if_independent["ci_high"] - as_if_independent["ci_low"])
    few = the_row(rows({name: value for name, value in frames.items() if name < "c5"}))
    assert (few["clips"], math.isnan(few["ci_low"])) == (5, True)


def test_a_partial_clip_is_said():
    whole = rows(dict(zip(NAMES, (30.0, 31.0, 32.0, 25.0), strict=True)))
    whole.loc[1, ["status", "value"]] = "nan", math.nan
    row = the_row(whole)
    assert (row["mean"], row["n"], row["planned"], row["partial"]) == (28.0, 3, 4, ("city",))


def test_first_frames_are_missed_by_no_metric_over_time():
    """Its scores are whole without the first frame of each clip; numbers in names count as numbers."""
    names = [f"clip/frame_{n}" for n in (10, 9, 8, 11)]
    assert clips.first_frames([*names, "other/007", "a still"]) == {"clip/frame_8", "other/007"}
    written = {"name": "t-of", "title": "tOF", "higher_is_better": False, "over_time": True}
    facts = FolderFacts([{"metrics": [written]}])
    psnr = rows(dict.fromkeys(names, 30.0))
    frame = pd.concat([psnr, rows(dict.fromkeys(names[:2] + names[3:], 0.5), metric="t-of")], ignore_index=True)
    found = {row["metric"]: row for row in means(frame, facts).to_dict("records")}
    assert [(found[m]["n"], found[m]["planned"], found[m]["partial"]) for m in ("psnr", "t-of")] == [
        (4, 4, ()),
        (3, 3, ()),
    ]
    lacking = pd.concat([psnr, rows(dict.fromkeys(names[:2], 0.5), metric="t-of")], ignore_index=True)
    found = {row["metric"]: row for row in means(lacking, facts).to_dict("records")}
    assert (found["t-of"]["n"], found["t-of"]["planned"], found["t-of"]["partial"]) == (2, 3, ("clip",))


def test_images_in_words():
    assert clips.told(["a"]) == "1 image"
    assert clips.told(NAMES) == "4 frames of 2 clips"
    assert clips.told(["a", *NAMES[:1]]) == "1 image and 1 frame of 1 clip"
    assert clips.clips_of([*NAMES, "a"]) == ["city", "walk"]


def test_the_plane_and_the_raters_count_a_clip_once():
    values = dict(zip(NAMES, (20.0, 20.0, 20.0, 40.0), strict=True))
    lpips = dict(zip(NAMES, (0.1, 0.2, 0.3, 0.6), strict=True))
    (row,) = perception_distortion(pd.concat([rows(values), rows(lpips, metric="lpips")])).to_dict("records")
    assert row["perception"] == pytest.approx(0.4)
    assert row["distortion"] == pytest.approx((25.5 + 2.55) / 2)
    assert row["n"] == 4
    rated = rows(dict(zip(NAMES, (2.0, 2.0, 2.0, 4.0), strict=True)), metric="mos")
    rated["extra"] = [
        '{"ratings": [2, 2, 3]}',
        '{"ratings": [2, 2, 1]}',
        '{"ratings": [2, 2, 2]}',
        '{"ratings": [4, 5, 3]}',
    ]
    (said,) = opinions(rated, "mos")
    assert said["mos"] == 3.0
    assert said["drawn"] == pytest.approx(3.0)
    assert said["rater_low"] < 3 < said["rater_high"]
    assert said["corrected"] is not None
    (one,) = opinions(rated[:3], "mos")
    assert one["corrected"] is None  # one clip is one stimulus


def test_clips_of_which_frames_could_not_be_read_are_told():
    own = {"city": {"frames": 34}, "walk": {"frames": 45, "partial": ["walk/3.png", "walk/7.png"]}}
    runs = [
        Run(number, "2024", "2024", "finished", {"datasets": [{"name": "mine", "clips": found}]}, ())
        for number, found in ((1, own), (2, {"walk": {"frames": 47}}))
    ]
    (line,) = partial_clips(runs, {1})
    assert line.startswith("clip 'walk' of mine is partial: 2 frames could not be read (")
    assert "walk/3.png" in line
    assert "45" in line
    assert partial_clips(runs, {1, 2}) == []
    assert partial_clips(runs, {3}) == []
