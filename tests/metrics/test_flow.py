"""tOF against TecoGAN's formula with OpenCV, and what it says of clips whose motion is known."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import torch

import srbench
from srbench.degradation.named import Bicubic
from srbench.errors import UnavailableError
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.metrics import flow, get
from srbench.protocol.base import BASICSR, CLASSIC
from srbench.resize import imresize

needs_opencv = pytest.mark.skipif(
    importlib.util.find_spec("cv2") is None, reason="no OpenCV: pip install 'srbench[video]'"
)
BOTH = [pytest.param("t-of", marks=needs_opencv), "t-of-ilk"]


def blurred(frames):
    return [imresize(imresize(frame, 1 / 4), 4) for frame in frames]


def as_in_tecogan(sr, hr, crop):
    """The loop of the authors' metrics.py, for two frames each."""
    import cv2

    flows = []
    for frames in (hr, sr):
        greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
        flows.append(cv2.calcOpticalFlowFarneback(*greys, None, 0.5, 3, 15, 3, 5, 1.2, 0))
    apart = [np.absolute(crop(flows[0][..., axis]) - crop(flows[1][..., axis])) for axis in (0, 1)]
    return np.sqrt(sum(part * part for part in apart)).mean()


@needs_opencv
@pytest.mark.parametrize("clip", ["city", "walk"])
def test_equals_tecogans_formula(clip_frames, tecogans_crop, clip):
    hr = clip_frames(clip)
    sr = blurred(hr)
    for t in (1, 2):
        value = srbench.score("t-of", sr[t], hr[t], previous=(sr[t - 1], hr[t - 1]))
        assert value == pytest.approx(as_in_tecogan(sr[t - 1 : t + 1], hr[t - 1 : t + 1], tecogans_crop), abs=2e-3)
        assert value > 0.1


@pytest.mark.parametrize("name", BOTH)
def test_zero_for_identical_clips_and_more_with_more_flicker(clip_frames, name, rng):
    before, hr = (frame[:112, :112] for frame in clip_frames("walk")[:2])
    noise = [rng.normal(0, 1, hr.shape) for _ in range(2)]
    values = []
    for strength in (0, 4, 10, 25):
        sr = [np.clip(own + strength * n, 0, 255).astype(np.uint8) for own, n in zip((before, hr), noise, strict=True)]
        values.append(srbench.score(name, sr[1], hr, previous=(sr[0], before)))
    assert values[0] == 0
    assert values == sorted(values)
    assert len(set(values)) == 4


@pytest.mark.parametrize("name", BOTH)
def test_a_constant_brightness_does_not_move_it(clip_frames, name):
    before, hr = (frame[:112, :112] // 2 + 50 for frame in clip_frames("city")[:2])
    for shift in (-40, 17, 60):
        assert (
            srbench.score(name, hr + np.uint8(shift % 256), hr, previous=(before + np.uint8(shift % 256), before))
            < 1e-3
        )
    sr = blurred([before, hr])
    brighter = [own + np.uint8(30) for own in sr]
    values = [srbench.score(name, own[1], hr, previous=(own[0], before)) for own in (sr, brighter)]
    assert values[1] == pytest.approx(values[0], abs=1e-3)


@pytest.mark.parametrize("name", BOTH)
def test_a_frozen_clip_is_off_by_the_length_of_the_motion(clip_frames, name):
    """The original moves by (1, 2) pixels, the SR frames stand still."""
    frame = imresize(imresize(clip_frames("city")[0], 1 / 2), 2)
    before, hr = frame[8:136, 8:168], frame[7:135, 6:166]
    assert srbench.score(name, before, hr, previous=(before, before)) == pytest.approx(5**0.5, rel=0.1)
    assert srbench.score(name, hr, hr, previous=(before, before)) == 0


@needs_opencv
def test_the_flow_of_the_originals_is_made_once(clip_frames, monkeypatch):
    calls = []
    card = get("t-of")
    counting = flow.FlowDifference("t-of", lambda *frames: calls.append(1) or flow.farneback(*frames))
    before, hr = (frame[:64, :64] for frame in clip_frames("city")[:2])
    examples = [Example(HrImage(pixels, BASICSR), 1, Bicubic()) for pixels in (before, hr)]
    values = []
    for sr in ([before, hr], blurred([before, hr])):
        planes = [torch.from_numpy(pixels.copy()).permute(2, 0, 1) for pixels in sr]
        pair = compare(planes[1], examples[1], compare(planes[0], examples[0]))
        values.append((counting(pair), card.compute(pair)))
    assert len(calls) == 3
    assert all(own == theirs for own, theirs in values)


@needs_opencv
def test_y_where_methods_have_no_colour(clip_frames):
    before, hr = (frame[:64, :64] for frame in clip_frames("walk")[:2])
    pairs = []
    for pixels in (before, hr):
        example = Example(HrImage(pixels, CLASSIC), 2, Bicubic())
        y = example.hr_luma.round()[None]
        pairs.append(compare(torch.roll(y, 1, -1), example, pairs[-1] if pairs else None))
    sr, own = flow.grey_frames(pairs[1])
    assert sr.shape == own.shape == (60, 60)  # the border is shaved
    assert own.min() >= 16
    assert get("t-of").compute(pairs[1]) > 0


@needs_opencv
def test_grey_clips(clip_frames):
    before, hr = (np.ascontiguousarray(frame[:64, :64, 1]) for frame in clip_frames("walk")[:2])
    sr = [np.roll(own, amount, 1) for own, amount in ((before, 0), (hr, 2))]
    assert srbench.score("t-of", hr, hr, previous=(before, before), protocol="classic") == 0
    assert srbench.score("t-of", sr[1], hr, previous=(sr[0], before), protocol="classic") > 0.5


@needs_opencv
def test_opencv_has_the_callers_threads_afterwards(clip_frames):
    import cv2

    before, hr = (frame[:64, :64] for frame in clip_frames("walk")[:2])
    threads = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        srbench.score("t-of", hr, hr, previous=(before, before))
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(threads)


def test_without_opencv_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "cv2" else find(name, *rest))
    with pytest.raises(UnavailableError) as caught:
        get("t-of").prepare()
    assert str(caught.value) == "OpenCV is not installed; get it with: pip install 'srbench[video]'"
    get("t-of-ilk").prepare()


def test_listing_metrics_does_not_import_opencv():
    code = "import sys; from srbench.metrics import get; get('t-of'), get('t-of-ilk'); print('cv2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
