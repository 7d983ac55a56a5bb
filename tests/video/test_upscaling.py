"""Methods on the frames of a clip: alone, with their neighbours, in order."""

import numpy as np
import pytest
import torch

import srbench
from srbench.errors import MethodError, NotSupportedError, OutputError
from srbench.method import MethodCard
from srbench.method.base import Method, MethodContext, prepare
from srbench.method.frames import MultiFrameMethod
from srbench.method.plugins import find, instantiate
from srbench.resize import imresize
from srbench.video.clip import Frame
from srbench.video.upscaling import AROUND, CHUNK, Feeding


def card(name, colour="any", **options):
    return MethodCard(name=name, title=name, year=2026, family="test", paper="none", colour=colour, **options)


class Mean(MultiFrameMethod):
    """The bicubic of the mean of its frames."""

    card = card("mean", frames=(3, 5))
    seen = None

    def upscale_frames(self, frames, target, scale, shifts=None):
        type(self).seen = (tuple(frames.shape), target, shifts)
        return imresize(frames.mean(dim=1), scale)


class Running(Method):
    """Recurrent: each frame has the mean of all frames so far."""

    card = card("running")

    def upscale_clip(self, frames, scale):
        means = frames.cumsum(0) / torch.arange(1, len(frames) + 1)[:, None, None, None]
        return imresize(means, scale)


def upscaled(method, frames, scale=2, asked=None, wanted=lambda frame: True):
    prepare(method, scale, MethodContext())
    clip = (Frame(i, own, i, f"{i:08d}") for i, own in enumerate(frames))
    return list(Feeding.of(method, asked).upscale(method, clip, scale, wanted))


def bicubic_of_mean(frames):
    """Independently: the mean in floating point, then what ``srbench.upscale`` has inside."""
    mean = np.mean([own.astype(np.float64) for own in frames], axis=0).transpose(2, 0, 1)
    sr = imresize(torch.from_numpy(mean / 255).float()[None], 2)[0] * 255
    return np.floor(sr.clamp(0, 255).numpy().transpose(1, 2, 0) + 0.5)


@pytest.mark.parametrize("name", ["bicubic", "fsrcnn"])
def test_a_method_of_one_image_does_on_each_frame_what_it_does_on_a_picture(moving, name):
    found = upscaled(instantiate(find(name)[0]), moving[:3])
    assert [result.frame.number for result in found] == [0, 1, 2]
    for result, own in zip(found, moving, strict=False):
        assert np.array_equal(result.pixels, srbench.upscale(name, own, 2))


@pytest.mark.parametrize(("asked", "length"), [(None, 3), (5, 5), (4, 3)])
def test_a_method_of_several_frames_sees_each_with_its_neighbours(moving, asked, length):
    found = upscaled(Mean(), moving, asked=asked)
    assert Mean.seen == ((1, length, 3, 48, 64), length // 2, None)
    half = length // 2
    for number in (0, 1, 6, 11):
        around = [n if n < 12 else 22 - n for n in map(abs, range(number - half, number + half + 1))]
        expected = bicubic_of_mean([moving[n] for n in around])
        assert np.abs(found[number].pixels - expected).max() <= 1


def test_a_clip_of_one_frame_is_reflected_into_itself(moving):
    (result,) = upscaled(Mean(), moving[:1])
    assert np.abs(result.pixels - bicubic_of_mean(moving[:1])).max() <= 1


def test_a_number_of_frames_that_is_too_small_is_not_supported(moving):
    with pytest.raises(NotSupportedError, match="needs 3 or 5 frames"):
        upscaled(Mean(), moving, asked=1)


def test_a_recurrent_method_gets_a_short_clip_whole(moving):
    found = upscaled(Running(), moving)
    for number in (0, 5, 11):
        assert np.abs(found[number].pixels - bicubic_of_mean(moving[: number + 1])).max() <= 1


def test_a_recurrent_method_gets_a_long_clip_in_chunks(moving):
    frames = (moving * 7)[:80]
    found = upscaled(Running(), frames)
    assert [result.frame.number for result in found] == list(range(80))
    late = CHUNK + 3  # in the second chunk
    assert np.abs(found[late].pixels - bicubic_of_mean(frames[CHUNK - AROUND : late + 1])).max() <= 1


@pytest.mark.parametrize("method", [Mean(), Running(), instantiate(find("bicubic")[0])], ids=lambda m: m.card.name)
def test_frames_that_are_there_are_not_computed_and_the_others_are_the_same(moving, method):
    every = upscaled(method, moving)
    some = upscaled(method, moving, wanted=lambda frame: frame.number in (4, 11))
    assert [result.frame.number for result in some] == [4, 11]
    assert all(np.array_equal(result.pixels, every[result.frame.number].pixels) for result in some)


def test_grey_frames_and_those_of_sixteen_bits_keep_their_kind(moving):
    grey = [own[..., 1] for own in moving[:3]]
    deep = [own.astype(np.uint16) * 257 for own in moving[:3]]
    for frames in (grey, deep):
        for method in (Mean(), instantiate(find("bicubic")[0])):
            (first, *_) = upscaled(method, frames)
            assert (first.pixels.dtype, first.pixels.ndim) == (frames[0].dtype, frames[0].ndim)


def test_a_luma_method_of_several_frames_has_the_colours_of_its_frame(moving):
    class Luma(Mean):
        card = card("luma", "luma", frames=(3,))

    (first, *_) = upscaled(Luma(), [moving[0]] * 3)
    assert Luma.seen[0] == (1, 3, 1, 48, 64)
    assert np.abs(first.pixels.astype(int) - srbench.upscale("bicubic", moving[0], 2)).max() <= 2


@pytest.mark.parametrize(
    ("body", "error", "match"),
    [
        (lambda frames: 1 / 0, MethodError, "broken failed on frame '00000000': ZeroDivisionError"),
        (lambda frames: frames[:, 0], OutputError, "returned shape"),
        (lambda frames: imresize(frames[:, 0], 2) * torch.nan, OutputError, "NaN"),
    ],
)
def test_a_method_that_fails_is_named(moving, body, error, match):
    class Broken(MultiFrameMethod):
        card = card("broken", frames="any")

        def upscale_frames(self, frames, target, scale, shifts=None):
            return body(frames)

    with pytest.raises(error, match=match):
        upscaled(Broken(), moving)


def test_feeding_in_words():
    assert Feeding().words == "frame by frame"
    assert Feeding(5).words == "each frame with 4 neighbours, reflected at the ends of the clip"
    assert "in order, 24 frames at a time, with up to 8 more" in Feeding.of(Running()).words
