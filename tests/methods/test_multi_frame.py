"""The classical methods of several frames: what they gain, that one frame is a still image, what a wrong frame does."""

import pytest
import torch

from srbench import dataset, protocol
from srbench.degradation import get
from srbench.evaluation.example import HrImage
from srbench.method import MethodContext
from srbench.methods.back_projection import BackProjection
from srbench.methods.bicubic import Bicubic
from srbench.methods.frame_average import FrameAverage
from srbench.methods.multi_frame_back_projection import MultiFrameBackProjection
from srbench.methods.multi_frame_tv import MultiFrameTv
from srbench.methods.shift_and_add import ShiftAndAdd
from srbench.methods.tv_map import TvMap

METHODS = (FrameAverage, ShiftAndAdd, MultiFrameBackProjection, MultiFrameTv)
ALL = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.card.name)


def hr_of(dataset_name="set5", image="butterfly", side=96):
    """(side, side) double: Y of a part of an image, as 'classic' measures it."""
    (found,) = [own for own in dataset.find(dataset_name).images if own.name == image]
    return HrImage(found.read()[60 : 60 + side, 60 : 60 + side].copy(), protocol.CLASSIC).luma


def frames_of(hr, made, scale=2):
    """The LR frames (1, T, 1, h, w), float32 in [0, 1]."""
    return (made.burst(hr, scale) / 255).float()[None, :, None]


def upscaled(method, made, frames, told=True, scale=2):
    own = method()
    own.prepare(scale, MethodContext(degradation=made))
    with torch.no_grad():
        if not own.card.multi_frame:
            return own.upscale(frames[:, 0], scale)
        return own.upscale_frames(frames, 0, scale, made.shifts(scale) if told else None)


def psnr(sr, hr):
    error = (sr[0, 0].double().clamp(0, 1) * 255 - hr)[2:-2, 2:-2]
    return float(10 * torch.log10(255**2 / error.square().mean()))


def gain(method, chain, over=BackProjection, told=True, **which):
    """dB over a method of one frame, which gets the target frame alone."""
    made, hr = get(chain), hr_of(**which)
    frames = frames_of(hr, made)
    return psnr(upscaled(method, made, frames, told), hr) - psnr(upscaled(over, made, frames), hr)


# On a part of butterfly. Of whole Set5 docs/methods.md has the numbers.
@pytest.mark.data("set5")
@pytest.mark.parametrize(("chain", "floor"), [("down", 0.5), ("down:nearest:first", 2.0)])
def test_back_projection_of_four_frames_gains_over_one(chain, floor):
    known, blind = (gain(MultiFrameBackProjection, f"burst:4:grid > {chain}", told=told) for told in (True, False))
    assert known > floor
    assert blind > known / 2


@pytest.mark.data("set5")
@pytest.mark.slow
@pytest.mark.parametrize(("chain", "floor"), [("down", 0.5), ("down:nearest:first", 2.0)])
def test_back_projection_gains_on_every_image_of_set5(chain, floor):
    made, gains = get(f"burst:4:grid > {chain}"), {True: [], False: []}
    for image in dataset.find("set5").images:
        luma = HrImage(image.read(), protocol.CLASSIC).luma
        hr = luma[: luma.shape[0] // 2 * 2, : luma.shape[1] // 2 * 2]
        frames = frames_of(hr, made)
        alone = psnr(upscaled(BackProjection, made, frames), hr)
        for told, found in gains.items():
            found.append(psnr(upscaled(MultiFrameBackProjection, made, frames, told), hr) - alone)
    assert sum(gains[True]) / 5 > floor
    assert sum(gains[False]) > sum(gains[True]) / 2


@pytest.mark.parametrize("chain", ["down", "down:nearest:first", "down > noise:5"])
@pytest.mark.parametrize("scale", [2, 2.5, 3])
def test_back_projection_of_one_frame_is_back_projection(chain, scale):
    if chain == "down:nearest:first" and scale == 2.5:
        pytest.skip("defined at whole scales alone")
    made = get(f"burst:1 > {chain}")
    lr = torch.rand(2, 3, 13, 17, generator=torch.Generator().manual_seed(0))
    alone, several = BackProjection(), MultiFrameBackProjection()
    for method in (alone, several):
        method.prepare(scale, MethodContext(degradation=made))
    expected = alone.upscale(lr, scale)
    assert torch.equal(several.upscale(lr, scale), expected)
    assert torch.equal(several.upscale_frames(lr[:, None], 0, scale, made.shifts(scale)), expected)


@pytest.mark.data("set5")
def test_of_one_frame_the_others_are_their_namesakes():
    made, hr = get("burst:1 > down"), hr_of()
    frames = frames_of(hr, made)
    bicubic = upscaled(Bicubic, made, frames)
    assert torch.allclose(upscaled(FrameAverage, made, frames), bicubic, atol=1e-6)
    assert torch.allclose(upscaled(ShiftAndAdd, made, frames), bicubic, atol=1e-6)
    assert abs(psnr(upscaled(MultiFrameTv, made, frames), hr) - psnr(upscaled(TvMap, made, frames), hr)) < 0.25


@pytest.mark.data("set5")
def test_pixels_of_nearest_frames_are_put_where_they_belong():
    """Four frames that are every other pixel hold all pixels of the HR image: nothing has to be interpolated."""
    made, hr = get("burst:4 > down:nearest:first"), hr_of()
    assert psnr(upscaled(ShiftAndAdd, made, frames_of(hr, made)), hr) > 35


@pytest.mark.data("set5")
@ALL
def test_more_frames_help_under_noise(method):
    assert gain(method, "burst:8:random > down > noise:15", over=Bicubic) > 1.0


@ALL
def test_flat_frames_stay_flat(method):
    made = get("burst:3 > down")
    frames = torch.full((1, 3, 3, 10, 12), 0.4)
    for told in (True, False):
        sr = upscaled(method, made, frames, told)
        assert sr.shape == (1, 3, 20, 24)
        assert torch.allclose(sr, torch.full_like(sr, 0.4), atol=1e-4)


@ALL
def test_batches_and_tiny_frames(method):
    made = get("burst:2 > down")
    frames = torch.rand(2, 2, 3, 9, 8, generator=torch.Generator().manual_seed(0))
    both = upscaled(method, made, frames, told=False)
    alone = [upscaled(method, made, own[None], told=False) for own in frames]
    assert torch.allclose(both, torch.cat(alone), atol=1e-6)
    assert upscaled(method, made, frames[..., :1, :2], told=False).shape == (2, 3, 2, 4)


@pytest.mark.data("set5")
@ALL
def test_a_frame_of_something_else_does_no_harm(method):
    """Registered frames that do not fit are not believed; the loss stays below a quarter of a dB."""
    made, hr = get("burst:2 > down"), hr_of()
    frames = frames_of(hr, made)
    frames[:, 1] = frames_of(hr_of(image="bird"), made)[:, 0]
    alone = psnr(upscaled(method, made, frames[:, :1], told=False), hr)
    assert psnr(upscaled(method, made, frames, told=False), hr) > alone - 0.25
