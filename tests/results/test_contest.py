"""Contests from tidy rows: who competes, on which images, and that every direction of a metric is read aright."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srbench.results.contest import ALL, contests
from srbench.results.facts import FolderFacts, MetricFacts, to_json
from srbench.results.signflips import Sample, differences

METRICS = [MetricFacts("psnr", "PSNR", "dB", True, 2, order=0), MetricFacts("lpips", "LPIPS", "", False, 3, order=1)]
DATASETS = [{"name": "set5", "title": "Set5", "order": 0}, {"name": "set14", "title": "Set14", "order": 1}]
VIEW = {"scale": 4, "protocol": "classic", "degradation": "bicubic"}
FACTS = FolderFacts([{"metrics": list(map(to_json, METRICS)), "datasets": DATASETS}])


def rows(method, values, dataset="set14", metric="psnr", first=0):
    """NaN is an image without a value."""
    return [
        VIEW
        | {"method": method, "dataset": dataset, "image": f"{first + i:02}", "metric": metric}
        | {"value": value, "status": "nan" if math.isnan(value) else "ok"}
        for i, value in enumerate(values)
    ]


def held(*groups):
    return contests(pd.DataFrame([row for group in groups for row in group]), FACTS)


BASE = np.random.default_rng(0).normal(28, 3, 14)
STEP = np.linspace(0.1, 0.2, 14)


def test_the_best_mean_comes_first_and_is_certain():
    [(key, contest)] = held(rows("worse", BASE), rows("better", BASE + STEP)).items()
    assert key == ("psnr", "set14")
    assert contest.labels == ("better", "worse")
    assert contest.mean["worse"] == pytest.approx(BASE.mean())
    assert (str(contest.standings["better"]), str(contest.standings["worse"])) == ("1", "2")
    assert contest.better("better", "worse")
    assert not contest.better("worse", "better")
    assert contest.certain("worse", "better")
    assert contest.wins("worse", "better") == (0, 14, 0)
    assert len(contest.images) == 14
    assert contest.values[1] == pytest.approx(BASE)


def test_where_lower_is_better_the_lowest_leads_and_differences_keep_their_sign():
    [contest] = held(rows("a", 0.3 + STEP / 9, metric="lpips"), rows("b", 0.3 + 0 * STEP, metric="lpips")).values()
    assert contest.labels == ("b", "a")
    assert contest.pair("a", "b").mean == pytest.approx(STEP.mean() / 9)
    assert contest.pair("a", "b").low > 0
    assert contest.better("b", "a")
    assert contest.wins("b", "a") == (14, 0, 0)
    assert [contest.standings[label].may_be_best for label in "ba"] == [True, False]


def test_pairs_are_tested_all_together_and_can_be_turned():
    rng = np.random.default_rng(1)
    values = BASE + rng.normal(0, 0.3, (5, 14)) + np.linspace(0.6, 0, 5)[:, None]
    [contest] = held(*(rows(f"m{i}", own) for i, own in enumerate(values))).values()
    first, second = np.triu_indices(5, 1)
    expected = differences(contest.values[first] - contest.values[second], Sample(("set14",) * 14))
    for i, j, own in zip(first, second, expected, strict=True):
        a, b = contest.labels[i], contest.labels[j]
        found, back = contest.pair(a, b), contest.pair(b, a)
        assert (found.mean, found.low, found.high, found.p) == pytest.approx((own.mean, own.low, own.high, own.p))
        assert (back.mean, back.low, back.high, back.p) == (-found.mean, -found.high, -found.low, found.p)
    assert contest.pair("m0", "m0").p == 1


def test_over_datasets_the_mean_is_that_of_the_datasets_means():
    found = held(
        *(rows("a", BASE), rows("a", BASE[:5] + 3, "set5")),
        *(rows("b", BASE + 0.01), rows("b", BASE[:5], "set5")),
    )
    assert list(found) == [("psnr", ALL), ("psnr", "set5"), ("psnr", "set14")]
    contest = found["psnr", ALL]
    assert contest.datasets == ("set5", "set14")
    assert contest.images[:6] == (*(("set5", f"{i:02}") for i in range(5)), ("set14", "00"))
    assert contest.mean["a"] == pytest.approx((BASE.mean() + BASE[:5].mean() + 3) / 2)
    assert contest.pair("a", "b").mean == pytest.approx(3 / 2 - 0.01 / 2)


def test_few_images_can_tell_nothing():
    contest = held(rows("a", BASE[:5] + 9), rows("b", BASE[:5]))["psnr", "set14"]
    assert not contest.can_tell
    assert contest.smallest_p == 0.0625
    assert [str(standing) for standing in contest.standings.values()] == ["1-2", "1-2"]
    assert contest.pair("a", "b").high == math.inf


def test_a_method_that_lacks_an_image_is_left_out_and_takes_it_from_nobody():
    part = BASE + 9
    part[[3, 5]] = math.nan
    contest = held(rows("a", BASE), rows("b", BASE + STEP), rows("c", BASE - STEP), rows("part", part))["psnr", "set14"]
    assert contest.labels == ("b", "a", "c")
    assert dict(contest.left_out) == {"part": 2}
    assert len(contest.images) == 14


def test_a_method_that_alone_has_more_images_leaves_nobody_out():
    found = held(
        *(rows(label, BASE + i) for i, label in enumerate("abc")),
        rows("abroad", [*BASE, 30.0, 31.0]),
    )
    contest = found["psnr", "set14"]
    assert set(contest.labels) == {"a", "b", "c", "abroad"}
    assert len(contest.images) == 14
    assert contest.unused == (("set14", "14"), ("set14", "15"))


def test_two_methods_are_compared_on_the_images_that_both_have():
    contest = held(rows("a", BASE), rows("b", BASE[2:] + 1, first=2))["psnr", "set14"]
    assert contest.labels == ("b", "a")
    assert [name for _, name in contest.images] == [f"{i:02}" for i in range(2, 14)]
    assert contest.unused == (("set14", "00"), ("set14", "01"))


def test_all_holds_at_least_two_datasets():
    found = held(
        *(rows(label, BASE + i) for i, label in enumerate("abc")),
        *(rows("c", BASE[:5], "set5"), rows("b", BASE[:5] + 1, "set5")),
    )
    assert found["psnr", ALL].labels == ("b", "c")
    assert dict(found["psnr", ALL].left_out) == {"a": 5}
    apart = held(rows("a", BASE), rows("b", BASE[:5], "set5"))
    assert list(apart) == [("psnr", "set5"), ("psnr", "set14")]


def test_a_dataset_that_is_called_all_is_not_taken_for_all():
    both = [*rows("a", BASE, "all"), *rows("a", BASE[:5] + 3, "set5")]
    assert list(held(rows("a", BASE, "all"))) == [("psnr", "all")]
    found = held(both)
    assert list(found) == [("psnr", ALL), ("psnr", "set5")]
    assert len(found["psnr", ALL].images) == 19


def test_one_method_is_alone_and_first():
    [contest] = held(rows("a", BASE)).values()
    assert {label: str(standing) for label, standing in contest.standings.items()} == {"a": "1"}


def test_nothing_without_values_or_with_a_metric_of_unknown_direction():
    assert held(rows("a", [math.nan] * 3)) == {}
    assert held(rows("a", BASE, metric="unheard"), rows("b", BASE, metric="unheard")) == {}


@pytest.fixture(scope="module")
def measured():
    """Contests of 24 methods at x4 on srbench's sample and on Set5, protocol basicsr."""
    table = pd.read_csv(Path(__file__).with_name("psnr.csv")).melt("method", var_name="image")
    table[["dataset", "image"]] = table["image"].str.split("/", expand=True)
    return contests(table.assign(**VIEW, metric="psnr", status="ok"), FACTS)


def test_eight_images_tell_most_methods_from_the_best(measured):
    contest = measured["psnr", "sample"]
    assert (len(contest.labels), len(contest.images)) == (24, 8)
    assert sum(row.certain() for row in contest.against("edsr").values()) == 21
    best = [label for label in contest.labels if contest.standings[label].may_be_best]
    assert best == ["edsr", "dbpn", "srfbn", "lapsrn", "fsrcnn", "vdsr"]


def test_thirteen_images_of_two_datasets_give_narrow_ranks(measured):
    contest = measured["psnr", ALL]
    certain = [contest.certain(a, b) for a, b in itertools.combinations(contest.labels, 2)]
    assert (sum(certain), len(certain)) == (200, 276)
    ranks = {label: str(contest.standings[label]) for label in ("edsr", "dbpn", "bicubic", "nearest")}
    assert ranks == {"edsr": "1-2", "dbpn": "1-8", "bicubic": "19-22", "nearest": "24"}
    assert [label for label in contest.labels if contest.standings[label].may_be_best] == ["edsr", "dbpn"]


def test_set5_alone_tells_nothing(measured):
    contest = measured["psnr", "set5"]
    assert not contest.can_tell
    assert {str(standing) for standing in contest.standings.values()} == {"1-24"}


def test_against_a_reference_fixed_beforehand_more_is_certain():
    rng = np.random.default_rng(6)
    values = BASE[:8] + rng.normal(0, 0.15, (9, 8)) + np.r_[0, np.full(8, 0.3)][:, None]
    [contest] = held(*(rows(f"m{i}", own) for i, own in enumerate(values))).values()
    found = contest.against("m0")
    assert set(found) == set(contest.labels) - {"m0"}
    for label, own in found.items():
        pair = contest.pair(label, "m0")
        assert own.mean == pytest.approx(pair.mean)
        assert own.p <= pair.p
    assert sum(own.certain() for own in found.values()) > sum(contest.certain(label, "m0") for label in found)
    with pytest.raises(KeyError):
        contest.against("gone")


@pytest.mark.parametrize("other", [{"scale": 2}, {"protocol": "basicsr"}, {"degradation": "blur-down"}])
def test_what_is_never_averaged_together_is_refused(other):
    mixed = [*rows("a", BASE), *(row | other for row in rows("b", BASE))]
    with pytest.raises(ValueError, match="one scale, protocol and degradation"):
        held(mixed)


def of_clips(method, values, **more):
    """Frames of clips, each of as many frames as it has values."""
    found = []
    for clip, own in values.items():
        found += [row | {"image": f"{clip}/{row['image']}"} for row in rows(method, own, **more)]
    return found


def test_a_clip_counts_once_and_few_of_them_have_no_p_value():
    a = of_clips("a", {"city": [30.0, 30.0, 33.0], "walk": [25.0]}, dataset="set5")
    b = of_clips("b", {"city": [29.0, 29.0, 32.0], "walk": [25.5]}, dataset="set5")
    [contest] = held(a, b).values()
    assert contest.mean == {"a": 28.0, "b": 27.75}
    assert contest.told == "4 frames of 2 clips"
    assert contest.too_few_clips
    assert not contest.can_tell
    found = contest.pair("a", "b")
    assert (found.mean, math.isnan(found.p), contest.better("a", "b")) == (0.25, True, False)
    assert math.isnan(contest.against("b")["a"].p)
    assert contest.wins("a", "b") == (3, 1, 0)


def test_clips_beside_still_images_are_one_image_each():
    stills, step = rows("a", BASE), 0.1
    a = [*stills, *of_clips("a", {f"c{i}": [30.0] * 5 for i in range(4)}, dataset="set5")]
    b = [row | {"method": "b", "value": row["value"] + step} for row in a]
    contest = held(a, b)["psnr", ALL]
    assert contest.told == "14 images and 20 frames of 4 clips"
    assert contest.better("b", "a")
    assert contest.pair("b", "a").mean == pytest.approx(step)
