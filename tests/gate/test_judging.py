"""Judging: silence is not a pass, and every limit says by how much and where it is missed."""

import math
from pathlib import Path

import pytest

from srbench.cli.installed import Installed
from srbench.errors import SrbenchError
from srbench.gate import Threshold, ThresholdsFile, check
from srbench.gate.evidence import Evidence, Group, ImageResult
from srbench.gate.thresholds import ANY_SCALE, Facts
from srbench.records import Timing
from srbench.results.facts import FolderFacts


def image(value=28.42, metric="psnr", status="ok", score="ok", sha="aa", **more):
    scored = status == "ok"
    return (
        ImageResult(status, values={metric: value} if scored else {}, sr_sha256=sha, **more)
        if score == "ok"
        else (ImageResult(status, values={metric: value}, statuses={metric: score}, sr_sha256=sha, **more))
    )


def group(images=None, **changes):
    names = {"method": "bicubic", "dataset": "set5", "scale": 4, "protocol": "basicsr", "degradation": "bicubic"}
    images = {"baby": image(28.40), "bird": image(28.44)} if images is None else images
    facts = {"protocol_hash": "p1", "dataset_version": 1, "metric_versions": {"psnr": 1}}
    return Group(**(names | {"images": images} | facts | changes))


def judge(groups, *thresholds, timings=(), facts=None):
    found = groups if isinstance(groups, (list, tuple)) else [groups]
    evidence = Evidence(Path("results"), tuple(found), tuple(timings), FolderFacts(fallback=Installed()))
    return check(evidence, ThresholdsFile(Path("t.toml"), thresholds, facts))


def verdict(groups, **limits):
    scope = {"method": "bicubic", "dataset": "set5", "scale": 4, "metric": "psnr"}
    (found,) = judge(groups, Threshold(**(scope | limits)))
    return found


# -- means ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        {"min": 28.4},
        {"max": 28.5},
        {"min": 28.42, "max": 28.42},
        {"value": 28.42, "margin": 0.0},
        {"value": 28.44, "margin": 0.02},  # exactly the margin is allowed, whatever binary fractions make of it
        {"value": 28.4200004, "margin": 0.0},  # rounded up when it was written
        {"image_margin": 0.0, "images": {"baby": 28.4000005, "bird": 28.44}},
        {"image_min": 28.4},
    ],
    ids=str,
)
def test_what_is_within_the_limits_holds(limits):
    found = verdict(group(), **limits)
    assert found.outcome == "pass"
    assert found.measured == pytest.approx(28.42)


@pytest.mark.parametrize(
    ("limits", "reason", "short"),
    [
        ({"min": 28.5}, "below 28.5", 0.08),
        ({"max": 28.0}, "above 28", 0.42),
        ({"value": 28.45, "margin": 0.02}, "worse than the baseline's 28.45 by 0.0300, more than 0.02", 0.01),
        ({"image_min": 28.41}, "image 'baby' at 28.4000 falls short by 0.0100 of 2 images", 0.01),
        ({"image_max": 28.41}, "image 'bird' at 28.4400 falls short by 0.0300", 0.03),
        ({"image_min": 29}, "image 'baby' .* and 1 more of 2 images", 0.6),
        ({"image_margin": 0.1, "images": {"baby": 28.4, "bird": 29}}, "image 'bird' .*short by 0.4600", 0.46),
    ],
    ids=str,
)
def test_what_falls_short_says_why_and_by_how_much(limits, reason, short):
    import re

    found = verdict(group(), **limits)
    assert found.outcome == "fail"
    assert re.search(reason, found.reason), found.reason
    assert found.short == pytest.approx(short)


def test_better_than_the_baseline_holds_whichever_way_is_better(monkeypatch):
    assert verdict(group(), value=20, margin=0).holds
    from dataclasses import replace

    from srbench import metrics

    lower = replace(metrics.get("psnr"), higher_is_better=False)
    monkeypatch.setattr("srbench.metrics.catalog.get", lambda name: lower)
    assert verdict(group(), value=30, margin=0).holds
    assert not verdict(group(), value=28.40, margin=0.01).holds
    assert "image 'bird'" in verdict(group(), image_margin=0.1, images={"baby": 28.4, "bird": 28.3}).reason


def test_one_collapsed_image_of_100_does_not_hide_in_the_mean():
    images = {f"image{i:03d}": image(30.0) for i in range(99)} | {"broken": image(28.5)}
    assert verdict(group(images), value=30, margin=0.02).holds
    found = verdict(group(images), value=30, margin=0.02, image_min=29)
    assert not found.holds
    assert found.images == ("broken",)
    assert "image 'broken' at 28.5000" in found.reason


@pytest.mark.parametrize(
    "changes",
    [{"method": "nearest"}, {"dataset": "set14"}, {"scale": 2}, {"protocol": "classic"}, {"degradation": "blur"}],
    ids=str,
)
def test_results_of_something_else_are_missing(changes):
    found = verdict(group(**changes), min=0)
    assert (found.outcome, found.reason) == ("fail", "not in the results")


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ({"baby": image(), "bird": image(math.nan, score="nan")}, "only 1 of 2 images have a value ('bird': NaN)"),
        ({"baby": image(math.nan, score="nan")}, "no value ('baby': NaN)"),
        ({"baby": image(math.inf, score="identical")}, "no value ('baby': identical)"),
        ({"baby": image(), "bird": image(status="failed", message="boom")}, "('bird': failed: boom)"),
        ({"baby": image(), "bird": image(status="pending")}, "('bird': pending)"),
        ({"baby": image(), "bird": image(status="not supported")}, "('bird': not supported)"),
        ({"baby": image(metric="ssim")}, "psnr was not computed"),
    ],
    ids=range(7),
)
@pytest.mark.parametrize("limits", [{"min": 0}, {"max": 99}, {"value": 1, "margin": 90}, {"image_min": 0}], ids=str)
def test_nan_and_gaps_fail_under_every_limit(images, reason, limits):
    found = verdict(group(images), **limits)
    assert found.outcome == "fail"
    assert reason in found.reason


# -- wildcards -----------------------------------------------------------------------------------------------------


def test_wildcards_cover_what_matches_and_pass_over_what_is_not_supported():
    groups = [
        group(),
        group(method="bilinear", images={"baby": image(20)}),
        group(method="fsrcnn"),
        group(method="bicubic", scale=2),
        group(method="blind", images={"baby": image(status="not supported")}),
    ]
    found = judge(groups, Threshold("b*", "set*", ANY_SCALE, "psnr", min=25))
    assert [(v.method, v.scale, v.outcome) for v in found] == [
        ("bicubic", 4, "pass"),
        ("bilinear", 4, "fail"),
        ("bicubic", 2, "pass"),
    ]
    (found,) = judge(groups, Threshold("x*", "*", ANY_SCALE, "psnr", min=25))
    assert (found.outcome, found.reason) == ("fail", "not in the results")


def test_brackets_in_a_name_are_that_name():
    (found,) = judge(group(method="net[v2]"), Threshold("net[v2]", "set5", 4, "psnr", min=1))
    assert found.holds


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ({"method": "bicubik"}, "unknown method 'bicubik'; did you mean bicubic"),
        ({"dataset": "set6"}, "unknown dataset 'set6'; did you mean set5"),
        ({"metric": "pnsr"}, "unknown metric 'pnsr'"),
        ({"protocol": "clasic"}, "unknown protocol 'clasic'; did you mean classic"),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest(scope, message):
    with pytest.raises(SrbenchError, match=message):
        verdict(group(), **scope, min=1)


def test_a_margin_needs_the_direction_of_its_metric_and_a_bound_does_not():
    rows = group({"baby": image(3.0, metric="mine")}, metric_versions={"mine": 1})
    evidence = Evidence(Path("results"), (rows,))
    bound = Threshold("bicubic", "set5", 4, "mine", max=2.0)
    (found,) = check(evidence, ThresholdsFile(Path("t.toml"), (bound,)))
    assert not found.holds
    margin = Threshold("bicubic", "set5", 4, "mine", value=3.0, margin=0.1)
    with pytest.raises(SrbenchError, match="nobody knows whether a higher mine is better"):
        check(evidence, ThresholdsFile(Path("t.toml"), (margin,)))
    for higher, holds in ((True, True), (False, False)):
        written = {"metrics": [{"name": "mine", "title": "Mine", "higher_is_better": higher}]}
        evidence = Evidence(Path("results"), (rows,), facts=FolderFacts([written]))
        margin = Threshold("bicubic", "set5", 4, "mine", value=2.0, margin=0.1)
        (found,) = check(evidence, ThresholdsFile(Path("t.toml"), (margin,)))
        assert found.holds is holds


def test_empty_results_are_an_error():
    with pytest.raises(SrbenchError, match="no results in 'results'"):
        judge([], Threshold("bicubic", "set5", 4, "psnr", min=1))


# -- baselines -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocol_hash": "p2"}, r"version of protocol basicsr \(p1; these results: p2\)"),
        ({"dataset_version": 2}, r"version of dataset set5 \(1; these results: 2\)"),
        ({"metric_versions": {"psnr": 3}}, r"version of metric psnr \(1; these results: 3\)"),
    ],
    ids=str,
)
def test_a_baseline_under_other_versions_is_refused_and_says_what_differs(changes, message):
    facts = Facts("0.1", {"basicsr": "p1"}, {"set5": 1}, {"psnr": 1})
    relative = Threshold("bicubic", "set5", 4, "psnr", value=28, margin=1)
    assert judge(group(), relative, facts=facts)[0].holds
    with pytest.raises(SrbenchError, match=message) as error:
        judge(group(**changes), relative, facts=facts)
    assert error.value.exit_code == 2
    absolute = Threshold("bicubic", "set5", 4, "psnr", min=1)
    assert judge(group(**changes), absolute, facts=facts)[0].holds


@pytest.mark.parametrize("images", [{"baby": 1, "bird": 1, "cat": 1}, {"baby": 1}], ids=["more", "fewer"])
def test_other_images_than_the_baselines_are_refused(images):
    with pytest.raises(SrbenchError, match=r"image 'cat'|no image 'bird'"):
        verdict(group(), image_margin=1, images=images)


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ({"baby": image(sha="aa"), "bird": image(sha="bb")}, ""),
        ({"baby": image(sha="aa"), "bird": image(sha="cc")}, "1 of 2 images have other pixels: 'bird' sha256 cc"),
        ({"baby": image(sha="aa"), "bird": image(sha="")}, "'bird' its pixels were not kept"),
        ({"baby": image(sha="aa")}, "'bird' not in the results"),
        ({"baby": image(sha="aa"), "bird": image(sha="bb"), "cat": image()}, "'cat' not in the baseline"),
        ({"baby": image(sha="aa"), "bird": image(sha="bb", status="failed", message="boom")}, "'bird' failed: boom"),
    ],
    ids=range(6),
)
def test_pixels(images, reason):
    found = verdict(group(images), metric="pixels", pixels="identical", sha256={"baby": "aa", "bird": "bb"})
    assert found.holds == (not reason)
    assert reason in found.reason


# -- latency -------------------------------------------------------------------------------------------------------


def timing(method, seconds, **changes):
    facts = {"subject": "320x180", "scale": 4, "lr_size": (320, 180), "channels": 3, "device": "cpu"}
    return Timing(
        **({"method": method, "variant": "fp32", "threads": 1, "session": "s"} | facts | changes),
        seconds=tuple(seconds),
    )


def latency(*timings, limit=3.0, method="slow"):
    return judge(
        [], Threshold(method, "320x180", 4, "latency", relative_to="bicubic", max_ratio=limit), timings=timings
    )


STEADY = [1.0, 1.1, 0.9, 1.0, 1.05] * 10


def test_a_latency_is_a_ratio_of_calls_in_the_same_round():
    # Both slow down together, as on a busy machine: the ratio does not.
    load = [1 + (i % 7) for i in range(50)]
    reference = timing("bicubic", [x * 0.01 for x in load])
    (found,) = latency(timing("slow", [x * 0.02 for x in load]), reference)
    assert found.outcome == "pass"
    assert found.measured == pytest.approx(2)
    (found,) = latency(timing("slow", [x * 0.04 for x in load]), reference)
    assert found.outcome == "fail"
    assert "4 times bicubic" in found.reason


def test_noise_larger_than_the_margin_is_inconclusive():
    noisy = [1.5 if i % 2 else 4.8 for i in range(50)]
    (found,) = latency(timing("slow", noisy), timing("bicubic", [1.0] * 50))
    assert found.outcome == "inconclusive"
    assert "too noisy for the limit 3" in found.reason


@pytest.mark.parametrize(
    ("own", "reference", "reason"),
    [
        ([math.nan] * 50, STEADY, "no value"),
        (STEADY, [0.0] * 50, "no value"),
        ([], STEADY, "no value"),
    ],
)
def test_nan_and_nothing_fail(own, reference, reason):
    (found,) = latency(timing("slow", own), timing("bicubic", reference))
    assert (found.outcome, found.reason) == ("fail", reason)


def test_a_reference_of_another_session_or_a_missing_timing_fails():
    (found,) = latency(timing("slow", STEADY), timing("bicubic", STEADY, session="other"))
    assert (found.outcome, found.reason) == ("fail", "bicubic was not timed in the same session")
    (found,) = latency(timing("bicubic", STEADY), method="nearest")
    assert found.outcome == "fail"
    assert "no timing" in found.reason
    (found,) = latency(timing("slow", [], status="failed", message="boom"), timing("bicubic", STEADY))
    assert (found.outcome, found.reason) == ("fail", "failed: boom")


def test_the_newest_session_counts_and_a_wildcard_leaves_out_the_reference():
    old, new = timing("slow", [9.0] * 50, session="old"), timing("slow", [1.0] * 50, session="new")
    references = [timing("bicubic", [1.0] * 50, session=s) for s in ("old", "new")]
    (found,) = latency(old, references[0], new, references[1], method="*")
    assert (found.method, found.outcome) == ("slow", "pass")


# -- clips -----------------------------------------------------------------------------------------------------------


def test_of_clips_the_mean_is_over_clips():
    frames = {"city/0": image(30.0), "city/1": image(30.0), "city/2": image(30.0), "walk/0": image(20.0)}
    found = verdict(group(frames), min=25.1)
    assert (found.measured, found.outcome) == (25.0, "fail")
    assert verdict(group(frames), min=25.0).holds


def test_the_first_frame_of_a_clip_needs_no_value_over_time():
    values = {"city/9": None, "city/10": 0.4, "city/11": 0.2}
    frames = {
        name: ImageResult("ok", values={"psnr": 30.0} | ({} if value is None else {"t-of": value}))
        for name, value in values.items()
    }
    own = group(frames, metric_versions={"psnr": 1, "t-of": 1})
    (found,) = judge(own, Threshold(method="bicubic", dataset="set5", scale=4, metric="t-of", max=0.31))
    assert (found.outcome, found.measured) == ("pass", pytest.approx(0.3))
    without = frames | {"city/11": frames["city/9"]}
    (found,) = judge(group(without), Threshold(method="bicubic", dataset="set5", scale=4, metric="t-of", max=0.5))
    assert found.outcome == "fail"
    assert "only 1 of 2 images have a value ('city/11'" in found.reason
