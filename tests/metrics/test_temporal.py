"""The part of frames that is measured over time, and what metrics over time say where there is no frame before."""

import gc
import weakref

import numpy as np
import pytest
import torch

import srbench
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, SrbenchError
from srbench.evaluation.scoring import Example, HrImage, compare, measure
from srbench.metrics import choice, get
from srbench.metrics.base import Metric
from srbench.metrics.temporal import inner
from srbench.protocol.base import BASICSR

NAMES = ("t-of", "t-of-ilk", "t-lp")


@pytest.mark.parametrize("shape", [(48, 48), (49, 79), (80, 95), (96, 112), (144, 180), (480, 704), (576, 720)])
def test_the_inner_part_is_tecogans(shape, tecogans_crop):
    image = torch.arange(shape[0] * shape[1]).reshape(shape)
    assert torch.equal(inner(image), tecogans_crop(image))
    assert torch.equal(inner(image.expand(3, -1, -1))[1], inner(image))


@pytest.mark.parametrize("shape", [(47, 200), (200, 47), (1, 1)])
def test_a_frame_that_leaves_nothing(shape):
    with pytest.raises(ImageError, match=f"at least 48 pixels a side, this frame has {shape[1]}x{shape[0]}"):
        inner(torch.zeros(shape))


@pytest.mark.parametrize("name", NAMES)
def test_cards(name):
    card = get(name)
    assert card.needs_previous
    assert card.needs_reference
    assert not card.higher_is_better
    assert not get("psnr").needs_previous


@pytest.mark.parametrize("name", NAMES)
def test_asked_for_on_stills_there_is_a_clear_line(name):
    with pytest.raises(SrbenchError) as caught:
        choice.select([name], [BASICSR])
    assert "not supported on still images, which have no frame before" in str(caught.value)
    assert "--metrics psnr" in str(caught.value)
    beside = choice.select(["psnr", name], [BASICSR])
    assert [metric.name for metric in beside.metrics] == ["psnr"]
    assert beside.notes == (f"not supported on still images, which have no frame before: {name}",)


def test_on_clips_first_frames_are_not_measured():
    selection = choice.select(["psnr", "t-of"], [BASICSR], clips=True)
    psnr, t_of = selection.metrics
    assert not selection.notes
    for metric, first, later in ((psnr, True, True), (t_of, False, True)):
        assert selection.measures(metric, "basicsr", reference=True) is first
        assert selection.measures(metric, "basicsr", reference=True, previous=True) is later


def test_a_run_on_stills_goes_on_with_the_other_metrics(go, scores):
    summary = go("nearest", metrics=("psnr", "t-of"))
    assert (summary.failures, summary.unavailable) == ([], [])
    assert {metric for _, _, metric in scores()} == {"psnr"}
    assert go("nearest", metrics=("psnr", "t-of")).computed == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("previous", [None, 1, (), (1,)])
def test_scored_without_the_frame_before(name, previous, make_picture):
    pixels = make_picture(48, 48, 0)
    with pytest.raises(SrbenchError, match=r"measures from frame to frame.*previous=\(sr, hr\)"):
        srbench.score(name, pixels, pixels, previous=previous)


def test_scored_with_a_frame_before_of_another_size(make_picture):
    large, small = make_picture(64, 64, 0), make_picture(56, 64, 0)
    with pytest.raises(SrbenchError, match="the frame before has 64x56 pixels and this one 64x64"):
        srbench.score("t-of-ilk", large, large, previous=(small, small))
    with pytest.raises(ImageError, match="differ in shape"):
        srbench.score("t-of-ilk", large, large, previous=(small, large))
    with pytest.raises(ImageError, match="needs at least 48 pixels"):
        srbench.score("t-of-ilk", *[large[:47]] * 2, previous=(large[:47], large[:47]))


def pairs_of(frames):
    """Of SR frames that are the HR frames themselves, one after the other, with their examples."""
    found, previous = [], None
    for pixels in frames:
        planes = torch.from_numpy(pixels).permute(2, 0, 1)
        example = Example(HrImage(pixels, BASICSR), 1, Bicubic())
        previous = compare(planes, example, previous)
        found.append((previous, example))
    return found


def test_no_more_than_two_frames_are_kept(make_picture):
    pairs = pairs_of([make_picture(48, 48, seed) for seed in range(4)])
    last = pairs[-1][0]
    assert last.previous.previous is None
    assert last.previous.reference is pairs[-2][1]
    assert last.of_both_hr("something", lambda: 7) == 7
    first = weakref.ref(pairs[0][1])
    del pairs[:-1]
    gc.collect()
    assert first() is None


def test_what_both_originals_give_is_made_once_for_all_methods(make_picture):
    frames = [make_picture(48, 48, seed) for seed in range(3)]
    (before, example_before), (pair, example), _ = pairs_of(frames)
    other = compare(pair.sr, example, compare(before.sr, example_before))
    made = []
    for own in (pair, other, pair):
        own.of_both_hr("flow", lambda: made.append(1))
    assert len(made) == 1
    another_before = pairs_of(frames[2:])[0][0]
    compare(pair.sr, example, another_before).of_both_hr("flow", lambda: made.append(1))
    assert len(made) == 2


def test_a_users_metric_may_look_at_the_frame_before(make_picture):
    def change(pair):
        return float((pair.sr_luma - pair.previous.sr_luma).abs().mean())

    card = Metric("change", "Change", 1, False, "", (0.0, 255.0), 2, ("sr_luma", "previous"), change)
    frames = [make_picture(48, 48, seed) for seed in range(2)]
    (_, _), (pair, _) = pairs_of(frames)
    assert card.needs_previous
    assert not card.needs_reference
    assert measure(card, pair).value == pytest.approx(float((pair.sr_luma - pair.previous.sr_luma).abs().mean()))
    assert np.isfinite(measure(card, pair).value)
