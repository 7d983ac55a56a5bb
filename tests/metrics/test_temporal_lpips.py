"""tLP against LPIPS itself, and what it says of clips that flicker."""

import numpy as np
import pytest
import torch

import srbench
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, NotSupportedError, UnavailableError
from srbench.evaluation.scoring import Example, HrImage, compare
from srbench.metrics import get, lpips
from srbench.protocol.base import BASICSR
from srbench.resize import imresize

weights = pytest.mark.weights("alex")


@weights
@pytest.mark.parametrize("clip", ["city", "walk"])
def test_is_the_difference_of_lpips_between_frames(clip_frames, tecogans_crop, clip):
    def cropped(pixels):
        return np.ascontiguousarray(np.stack([tecogans_crop(pixels[..., c]) for c in range(3)], axis=2))

    hr = clip_frames(clip)
    sr = [imresize(imresize(frame, 1 / 4), 4) for frame in hr]
    for t in (1, 2):
        value = srbench.score("t-lp", sr[t], hr[t], previous=(sr[t - 1], hr[t - 1]))
        own, theirs = (srbench.score("lpips", cropped(frames[t]), cropped(frames[t - 1])) for frames in (sr, hr))
        assert value == pytest.approx(100 * abs(own - theirs), abs=1e-4)
        assert value > 0


@weights
def test_zero_for_identical_clips_and_more_with_more_flicker(clip_frames, rng):
    before, hr = clip_frames("walk")[:2]
    noise = [rng.normal(0, 1, hr.shape) for _ in range(2)]
    values = []
    for strength in (0, 4, 10, 25):
        sr = [np.clip(own + strength * n, 0, 255).astype(np.uint8) for own, n in zip((before, hr), noise, strict=True)]
        values.append(srbench.score("t-lp", sr[1], hr, previous=(sr[0], before)))
    assert values[0] == 0
    assert values == sorted(values)
    assert len(set(values)) == 4


@weights
def test_features_are_made_once_for_each_frame(clip_frames, monkeypatch):
    described = []
    describe = lpips.Network.describe
    monkeypatch.setattr(lpips.Network, "describe", lambda self, rgb: described.append(1) or describe(self, rgb))
    previous = [None, None]
    for pixels in clip_frames("city"):
        example = Example(HrImage(pixels, BASICSR), 1, Bicubic())
        planes = torch.from_numpy(pixels).permute(2, 0, 1)
        for method, sr in enumerate((planes, planes.flip(-1))):
            pair = compare(sr, example, previous[method])
            if previous[method] is not None:
                get("t-lp").compute(pair)
            previous[method] = pair
    # Three SR frames of two methods, and two pairs of HR frames for both.
    assert len(described) == 3 * 2 + 2 * 2


@weights
def test_what_it_cannot_measure(make_picture):
    small, large = make_picture(47, 64, 0), make_picture(64, 64, 0)
    with pytest.raises(ImageError, match="at least 48 pixels"):
        srbench.score("t-lp", small, small, previous=(small, small))
    with pytest.raises(NotSupportedError, match="needs colour"):
        srbench.score("t-lp", large, large, protocol="classic", previous=(large, large))


def test_without_weights_it_says_how_to_get_them():
    with pytest.raises(UnavailableError, match="AlexNet"):
        get("t-lp").prepare()
