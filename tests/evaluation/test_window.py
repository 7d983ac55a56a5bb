"""Which LR frames methods see, and what comes of them: bursts under every kind of protocol, card and colour."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from srbench import degradation, protocol
from srbench.errors import NotSupportedError, OutputError
from srbench.evaluation import Example, GivenExample, HrImage, UnreferencedExample, raw, super_resolve
from srbench.evaluation.inference import given
from srbench.imaging.color import rgb_to_ycbcr
from srbench.imaging.resize import imresize
from srbench.method import Method, MethodCard, MultiFrameMethod


def card(colour, frames="any", **fields):
    return MethodCard(name="mine", title="", year=0, family="", paper="", colour=colour, frames=frames, **fields)


def mean_of(colour="any", frames="any", **fields):
    """A method that is the mean of its frames, and keeps what it was given."""

    class Mean(MultiFrameMethod):
        def upscale_frames(self, frames, target, scale, shifts=None):
            self.seen = frames, target, shifts
            return imresize(frames.mean(dim=1), scale)

    Mean.card = card(colour, frames, **fields)
    return Mean()


@pytest.fixture
def pixels(rng):
    small = torch.from_numpy(rng.random((3, 12, 15)) * 255)
    return imresize(small, size=(48, 60)).clamp(0, 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def example(pixels, rules="classic", text="burst:4 > down", scale=2):
    return Example(HrImage(pixels, protocol.get(rules)), scale, degradation.get(text))


@pytest.mark.parametrize(
    ("rules", "colour", "channels"),
    [
        ("classic", "any", 1),
        ("classic", "luma", 1),
        ("classic", "rgb", 3),
        ("basicsr", "any", 3),
        ("basicsr", "luma", 1),
    ],
)
@pytest.mark.parametrize("text", ["burst:4 > down", "burst:4:random > down > noise:3", "burst:4 > down > jpeg:60"])
def test_a_method_is_fed_the_frames_in_its_colour(pixels, rules, colour, channels, text):
    method, own = mean_of(colour), example(pixels, rules, text)
    raw(method, own)
    frames, target, _ = method.seen
    assert (frames.shape, frames.dtype, target) == ((1, 4, channels, 24, 30), torch.float32, 0)
    # The first is what a method of one image is fed.
    seen = []

    class One(Method):
        card = card(colour, (1,))

        def upscale(self, lr, scale):
            seen.append(lr)
            return imresize(lr, scale)

    raw(One(), own)
    assert torch.equal(frames[:, 0], seen[0])
    assert len(torch.unique(frames[0].flatten(1), dim=0)) == 4


@pytest.mark.parametrize("rules", ["classic", "basicsr"])
@pytest.mark.parametrize("grey", [False, True])
def test_frames_are_those_that_the_degradation_makes(pixels, rules, grey):
    pixels = pixels[..., 0] if grey else pixels
    own = example(pixels, rules)
    if rules == "classic":
        expected = own.degradation.burst(own.hr_luma, 2)[:, None]
    else:
        expected = own.degradation.burst(own.hr.expand(3, -1, -1), 2)
    assert torch.equal(given(mean_of("any"), own).double(), expected.double())


def test_colours_of_a_luma_method_are_those_of_the_target_frame(pixels):
    own = example(pixels, "basicsr")
    method = mean_of("luma")
    sr = raw(method, own)
    assert sr.shape == (3, 48, 60)
    expected = imresize(rgb_to_ycbcr(own.lr_pixels.double())[1:], 2)
    assert (rgb_to_ycbcr(sr.double() * 255)[1:] - expected).abs().max() < 1e-3


@pytest.mark.parametrize(
    ("text", "uses_shifts", "told"),
    [
        ("burst:4 > down", True, True),
        ("burst:4 > down", False, False),
        ("burst:4:blind > down", True, False),
        ("burst:4:random > down", True, True),
    ],
)
def test_shifts_are_told_to_methods_that_ask_unless_the_burst_is_blind(pixels, text, uses_shifts, told):
    method, own = mean_of(uses_shifts=uses_shifts), example(pixels, text=text)
    raw(method, own)
    shifts = method.seen[2]
    assert (shifts is not None) == told
    if told:
        assert torch.equal(shifts, own.degradation.shifts(2))


@pytest.mark.parametrize(
    ("burst", "frames", "given_frames"), [(4, (3, 5, 7), 3), (5, (3, 5, 7), 5), (9, (3, 5, 7), 7), (3, (1, 2), 2)]
)
def test_a_method_is_given_the_most_frames_that_it_takes(pixels, burst, frames, given_frames):
    method, own = mean_of("any", frames, uses_shifts=True), example(pixels, text=f"burst:{burst} > down")
    raw(method, own)
    assert method.seen[0].shape[1] == given_frames
    assert torch.equal(method.seen[2], own.degradation.shifts(2)[:given_frames])


@pytest.mark.parametrize("text", ["down", "burst:1 > down", "burst:2 > down"])
def test_too_few_frames_are_not_supported(pixels, text):
    with pytest.raises(NotSupportedError, match="mine needs 3, 5 or 7 frames"):
        raw(mean_of(frames=(3, 5, 7)), example(pixels, text=text))


@pytest.mark.parametrize("text", ["down", "burst:1 > down"])
def test_a_single_frame_is_an_image_alone(pixels, text):
    method = mean_of("any", uses_shifts=True)
    assert torch.equal(
        super_resolve(method, example(pixels, text=text)), super_resolve(mean_of(), example(pixels, text="down"))
    )
    assert method.seen[0].shape == (1, 1, 1, 24, 30)
    assert method.seen[2] is None


def test_a_method_of_one_image_gets_what_the_chain_makes_without_the_burst(pixels):
    class One(Method):
        card = card("any", (1,))

        def upscale(self, lr, scale):
            return imresize(lr, scale)

    alone, burst = (super_resolve(One(), example(pixels, text=text)) for text in ("down", "burst:9:random > down"))
    assert torch.equal(alone, burst)


def test_images_that_no_degradation_made_are_one_frame(pixels):
    made = degradation.get("burst:4 > down")
    image = HrImage(pixels, protocol.get("classic"))
    lr = np.ascontiguousarray(pixels[::2, ::2])
    for own in (UnreferencedExample(image, 2), GivenExample(image, 2, made, lr)):
        method = mean_of("any", uses_shifts=True)
        raw(method, own)
        assert method.seen[0].shape[1] == 1
        assert method.seen[2] is None


def test_other_programs_make_no_bursts(pixels):
    rules = replace(protocol.get("basicsr"), name="pillow-like", resize="pillow")
    own = Example(HrImage(pixels, rules), 2, degradation.get("burst:4 > down"))
    with pytest.raises(NotSupportedError, match="burst:4 > down has no pillow variant"):
        raw(mean_of(), own)


@pytest.mark.parametrize("wrong", [lambda x: x[:, :, :-1], lambda x: x[0], lambda x: x * torch.nan, lambda x: "image"])
def test_what_a_method_of_several_frames_returns_is_held_to_the_contract(pixels, wrong):
    class Wrong(MultiFrameMethod):
        card = card("any")

        def upscale_frames(self, frames, target, scale, shifts=None):
            return wrong(imresize(frames[:, target], scale))

    with pytest.raises(OutputError, match="mine"):
        raw(Wrong(), example(pixels))
