"""Two methods against each other, image by image."""

import itertools

import numpy as np
import pytest

from srbench.errors import SrbenchError, StoreError, UnknownNameError
from srbench.metrics import get
from srbench.records import VERSION_STEP
from srbench.results.contestant import load
from srbench.results.facts import to_json
from srbench.results.head_to_head import ALL, Only, compare
from srbench.results.signflips import Sample, differences
from srbench.results.view import View
from srbench.run.manifest import metric_facts

SET14 = [("set14", f"{i:02d}") for i in range(14)]
SET5 = [("set5", name) for name in ("baby", "bird", "butterfly", "head", "woman")]
BASE = np.linspace(25, 35, 14)
STEP = np.linspace(0.1, 0.2, 14)
VIEW = View(4, "basicsr", "bicubic")


def psnr(images, values, **others):
    """Of a method: images with their PSNR, and further metrics by name."""
    named = {"psnr": values, **others}
    return {image: {name: float(own[i]) for name, own in named.items()} for i, image in enumerate(images)}


def versus(folder, a, b, only=None, other=None):
    return compare(load(folder, a), load(other or folder, b), only)


def by_group(found, metric="psnr"):
    return {pairing.group: pairing for pairing in found.pairings if pairing.metric.name == metric}


def test_a_clear_difference_in_the_metrics_own_direction(scored):
    gain = {"ssim": BASE / 40 + 0.001 * STEP, "lpips": 0.3 - STEP / 10}
    base = {"ssim": BASE / 40, "lpips": BASE * 0 + 0.3}
    content = {"mine": psnr(SET14, BASE + STEP, **gain), "edsr": psnr(SET14, BASE, **base)}
    known = [to_json(metric_facts(get(name))) for name in ("psnr", "ssim", "lpips")]
    folder = scored("r", content, manifest={"metrics": known})
    found = versus(folder, "mine", "edsr")
    assert [pairing.metric.name for pairing in found.pairings] == ["psnr", "ssim", "lpips"]
    for pairing in found.pairings:
        assert pairing.verdict == "better"
        assert pairing.record == (14, 0, 0)
        assert (pairing.view, pairing.group) == (VIEW, "set14")
    row = found.pairings[0].difference
    assert row.mean == pytest.approx(STEP.mean())
    assert 0 < row.low < row.mean < row.high
    assert found.pairings[2].difference.mean < 0  # LPIPS: lower is better
    other = versus(folder, "edsr", "mine")
    assert {pairing.verdict for pairing in other.pairings} == {"worse"}
    assert other.pairings[0].difference.mean == pytest.approx(-row.mean)


def test_all_rows_of_a_view_are_tested_together(scored):
    rng = np.random.default_rng(1)
    gains = {group: rng.normal(0.05, 0.1, len(images)) for group, images in (("set5", SET5), ("set14", SET14))}
    a = psnr(SET5, 30 + gains["set5"]) | psnr(SET14, 30 + gains["set14"])
    b = psnr(SET5, [30.0] * 5) | psnr(SET14, [30.0] * 14)
    found = by_group(versus(scored("r", {"a": a, "b": b}), "a", "b"))
    assert list(found) == [ALL, "set5", "set14"]
    values = np.concatenate([gains["set5"], gains["set14"]])
    rows = np.array([values, np.where(np.arange(19) < 5, values, np.nan), np.where(np.arange(19) < 5, np.nan, values)])
    expected = differences(rows, Sample(("set5",) * 5 + ("set14",) * 14))
    for pairing, row in zip(found.values(), expected, strict=True):
        own = pairing.difference
        assert (own.mean, own.low, own.high, own.p) == pytest.approx((row.mean, row.low, row.high, row.p), abs=1e-9)


def test_each_dataset_weighs_the_same_in_the_pooled_row(scored):
    a = psnr(SET5, [31.0] * 5) | psnr(SET14, [30.0] * 14)
    b = psnr(SET5, [30.0] * 5) | psnr(SET14, [30.2] * 14)
    pooled = by_group(versus(scored("r", {"a": a, "b": b}), "a", "b"))[ALL]
    assert pooled.means == pytest.approx((30.5, 30.1))
    assert pooled.difference.mean == pytest.approx(0.4)
    assert pooled.record == (5, 14, 0)
    assert pooled.datasets == ("set5", "set14")


def test_five_images_cannot_tell_and_equal_ones_are_the_same(scored):
    folder = scored("r", {"a": psnr(SET5, [33.0] * 5), "b": psnr(SET5, [30.0] * 5), "c": psnr(SET5, [30.0] * 5)})
    assert by_group(versus(folder, "a", "b"))["set5"].verdict == "too few images"
    assert by_group(versus(folder, "b", "c"))["set5"].verdict == "the same"
    assert by_group(versus(folder, "b", "c"))["set5"].difference.mean == 0


def test_a_metric_of_unknown_direction_has_no_verdict(scored):
    a, b = psnr(SET14, BASE, odd=BASE), psnr(SET14, BASE, odd=BASE - 1)
    found = by_group(versus(scored("r", {"a": a, "b": b}), "a", "b"), "odd")
    assert found["set14"].verdict == "direction unknown"


def test_images_that_one_lacks_are_left_out_and_said(scored):
    a, b = psnr(SET14, BASE + STEP), psnr(SET14, BASE)
    a[SET14[0]] = None
    a[SET14[1]] = {"psnr": "identical"}
    del b[SET14[2]]
    found = versus(scored("r", {"a": a, "b": b}), "a", "b")
    [row] = found.pairings
    assert [image for _, image in row.images] == [f"{i:02d}" for i in range(3, 14)]
    assert row.difference.images == 11
    assert row.means[1] == pytest.approx(BASE[3:].mean())
    assert found.notes == (
        "Set14 x4, basicsr, bicubic: 1 image left out of psnr (a: failed): 00",
        "Set14 x4, basicsr, bicubic: 1 image left out of psnr (a: identical): 01",
        "Set14 x4, basicsr, bicubic: 1 image left out of psnr (b: not run): 02",
    )


def test_images_that_lack_other_metrics_are_said_apart(scored):
    a, b = psnr(SET14, BASE, ssim=BASE / 40), psnr(SET14, BASE - STEP, ssim=BASE / 40)
    a[SET14[0]] = {"psnr": "nan", "ssim": "nan"}
    a[SET14[1]] = {"psnr": 30.0, "ssim": "nan"}
    assert versus(scored("r", {"a": a, "b": b}), "a", "b").notes == (
        "Set14 x4, basicsr, bicubic: 1 image left out of psnr, ssim (a: NaN): 00",
        "Set14 x4, basicsr, bicubic: 1 image left out of ssim (a: NaN): 01",
    )


def test_one_name_in_two_folders(scored):
    before = scored("before", {"edsr": psnr(SET14, BASE)})
    after = scored("after", {"edsr": psnr(SET14, BASE + STEP)})
    found = versus(after, "edsr", "edsr", other=before)
    assert found.pairings[0].verdict == "better"
    assert found.names == (f"edsr ({after})", f"edsr ({before})")


def test_other_versions_of_a_metric_are_never_compared(scored):
    a, b = psnr(SET14, BASE, ssim=BASE), psnr(SET14, BASE - STEP, ssim=BASE)
    one = scored("one", {"m": a}, versions={"ssim": 1})
    found = versus(one, "m", "m", other=scored("two", {"m": b}, versions={"ssim": 2}))
    assert [pairing.metric.name for pairing in found.pairings] == ["psnr"]
    assert found.notes == (
        "Set14 x4, basicsr, bicubic: 14 images left out of ssim (version 1 of ssim against 2): 00, 01, 02, ...",
    )
    code = [scored(f"code {i}", {"m": a}, versions={"ssim": VERSION_STEP + i}) for i in (1, 2)]
    [note] = versus(code[0], "m", "m", other=code[1]).notes
    assert "other code of ssim" in note


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"image_sha256": "other"}, "the originals have other pixels"),
        ({"image_channels": 1}, "the originals have other pixels"),
        ({"protocol_hash": "other"}, "other versions of the protocol"),
        ({"degradation": "bicubic/2"}, "other versions of the degradation"),
        ({"lr_sha256": "other"}, "other LR images"),
    ],
)
def test_values_of_other_inputs_are_never_compared(scored, changes, reason):
    one = scored("one", {"m": psnr(SET14, BASE)})
    other = scored("two", {"m": psnr(SET14, BASE)}, facts=changes)
    with pytest.raises(SrbenchError, match=f"no value in common.*{reason}.*'.*one' has psnr on set14"):
        versus(one, "m", "m", other=other)


def test_what_only_one_has_is_said(scored):
    folder = scored("r", {"a": psnr(SET14, BASE, ssim=BASE), "b": psnr(SET14, BASE)})
    scored("r", {"b": psnr(SET5, [30.0] * 5)}, facts={"scale": 2})
    assert versus(folder, "a", "b").notes == (
        "only b has x2, basicsr, bicubic",
        "x4, basicsr, bicubic: only a has ssim",
    )


def test_filters_leave_what_they_name(scored):
    a = psnr(SET5, [31.0] * 5, ssim=[0.9] * 5) | psnr(SET14, BASE, ssim=BASE / 40)
    b = psnr(SET5, [30.0] * 5, ssim=[0.8] * 5) | psnr(SET14, BASE, ssim=BASE / 40)
    folder = scored("r", {"a": a, "b": b})
    found = versus(folder, "a", "b", Only(metrics=("ssim",), datasets=("set5",), scales=(4,)))
    assert [(pairing.metric.name, pairing.group) for pairing in found.pairings] == [("ssim", "set5")]


@pytest.mark.parametrize(
    ("only", "match"),
    [
        (Only(metrics=("pnsr",)), "unknown metric of a and b: 'pnsr'; did you mean psnr"),
        (Only(datasets=("set15",)), "unknown dataset of a and b: 'set15'; did you mean set14"),
        (Only(scales=(3,)), r"the filters leave no value that both have; a has psnr on set14 \(x4, basicsr, bicubic\)"),
    ],
)
def test_a_filter_that_leaves_nothing_says_what_there_is(scored, only, match):
    folder = scored("r", {"a": psnr(SET14, BASE), "b": psnr(SET14, BASE)})
    with pytest.raises(SrbenchError, match=match):
        versus(folder, "a", "b", only)


def test_a_method_against_itself_is_an_error(scored):
    folder = scored("r", {"a": psnr(SET14, BASE)})
    with pytest.raises(SrbenchError, match=r"'a' against itself .*--with"):
        versus(folder, "a", "a", other=folder / ".." / "r")


def test_an_unknown_name_says_what_there_is(scored):
    folder = scored("r", {"edsr": psnr(SET14, BASE), "bicubic": psnr(SET14, BASE)})
    with pytest.raises(
        UnknownNameError, match=r"unknown method in '.*r': 'esdr'; did you mean edsr\? Known: bicubic, ed"
    ):
        load(folder, "esdr")
    with pytest.raises(UnknownNameError, match="'swinir'; known: bicubic, edsr"):
        load(folder, "swinir")
    with pytest.raises(StoreError, match="no results in"):
        load(folder / "nowhere", "edsr")


def test_a_variant_has_its_label(scored):
    images = psnr(SET14, BASE)
    folder = scored("r", {"vdsr": images})
    scored("r", {"vdsr": psnr(SET14, BASE + STEP)}, facts={"options": '{"self_ensemble": true}'})
    found = versus(folder, "vdsr+", "vdsr")
    assert found.pairings[0].verdict == "better"


def test_the_order_of_images_is_from_won_to_lost(scored):
    values = BASE + np.array([0.3, -0.2, 0.0, 0.5, *itertools.repeat(0.1, 10)])
    [row] = versus(scored("r", {"a": psnr(SET14, values), "b": psnr(SET14, BASE)}), "a", "b").pairings
    order = row.in_order()
    assert (order[:2], order[-2:]) == ([3, 0], [2, 1])
    assert row.record == (12, 1, 1)


CLIPS = [("vid4", f"{clip}/{t}") for clip, frames in (("city", 6), ("walk", 2)) for t in range(frames)]


def test_two_clips_of_many_frames_are_too_few(scored):
    a, b = psnr(CLIPS, np.arange(8) + 31.0), psnr(CLIPS, np.arange(8) + 30.0)
    [pairing] = versus(scored("r", {"a": a, "b": b}), "a", "b").pairings
    assert pairing.verdict == "too few clips"
    assert pairing.told == "8 frames of 2 clips"
    assert pairing.means == ((33.5 + 37.5) / 2, (32.5 + 36.5) / 2)
    assert pairing.difference.mean == pytest.approx(1.0)
    assert np.isnan(pairing.difference.p)
