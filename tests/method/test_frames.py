"""Methods of several frames: what a card says of them, what they do alone, and what is put around them."""

import pytest
import torch

from srbench.errors import MethodError, NotSupportedError
from srbench.method import Method, MethodCard, MethodContext, MultiFrameMethod
from srbench.method.frames import counts, usual, window
from srbench.method.variant import Variant
from srbench.method.wrappers import SelfEnsemble, Tiled, reach, seen_from, shifts_seen_from
from srbench.resize import imresize


def card(frames, **fields):
    return MethodCard(name="mine", title="", year=0, family="", paper="", colour="any", frames=frames, **fields)


class Mean(MultiFrameMethod):
    """The mean of the frames, enlarged."""

    card = card("any")

    def upscale_frames(self, frames, target, scale, shifts=None):
        return imresize(frames.mean(dim=1), scale)


class Odd(Mean):
    card = card((3, 5, 7))


class Single(Method):
    card = MethodCard(name="single", title="", year=0, family="", paper="", colour="any")

    def upscale(self, lr, scale):
        return imresize(lr, scale)


class Running(Single):
    """Every frame with what is left of those before it."""

    def upscale_clip(self, frames, scale):
        kept, outputs = torch.zeros_like(frames[0]), []
        for frame in frames:
            kept = (kept + frame) / 2
            outputs.append(imresize(kept, scale))
        return torch.stack(outputs)


@pytest.fixture
def frames():
    return torch.rand(2, 3, 1, 40, 52, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize(
    ("frames", "taken"), [((1,), {1}), ((3, 5, 7), {3, 5, 7}), ([1, 3], {1, 3}), ("any", set(range(1, 9)))]
)
def test_a_card_says_which_numbers_of_frames_work(frames, taken):
    own = card(frames)
    assert {number for number in range(9) if own.takes(number)} == taken
    assert own.multi_frame == (taken != {1})


@pytest.mark.parametrize(
    "frames", [(), 3, "3", "all", (0,), (-1,), (2.0,), (True,), (65,), (5, 3), (3, 3), None, {3: 1}], ids=repr
)
def test_wrong_frames_of_a_card_are_named(frames):
    with pytest.raises(MethodError, match=r"card of 'mine': frames = .* is not 'any', or rising whole numbers"):
        card(frames)


def test_a_wrong_uses_shifts_is_named():
    with pytest.raises(MethodError, match="uses_shifts = 1 is not True or False"):
        card("any", uses_shifts=1)


@pytest.mark.parametrize(
    ("own", "asked", "there", "expected"),
    [
        ("any", None, None, 5),
        ("any", None, 16, 5),
        ("any", 16, 16, 16),
        ("any", 9, 4, 4),
        ((3, 5, 7), None, None, 5),
        ((3, 5, 7), 6, None, 5),
        ((3, 5, 7), 16, 4, 3),
        ((2, 4), None, None, 2),
        ((1,), 7, None, 1),
    ],
)
def test_how_many_frames_a_method_is_given(own, asked, there, expected):
    assert window(card(own), asked, there) == expected


def test_too_few_frames_for_a_method_are_not_supported():
    with pytest.raises(NotSupportedError, match="mine needs 3, 5 or 7 frames, not 2"):
        window(card((3, 5, 7)), 2)
    with pytest.raises(NotSupportedError, match="mine needs 3 frames, not 1"):
        window(card((3,)), there=1)


def test_words_of_counts():
    assert [counts(card(frames)) for frames in ((3,), (3, 5), (3, 5, 7), "any")] == [
        *("3", "3 or 5", "3, 5 or 7"),
        "any number of",
    ]


def test_more_than_one_frame_suits_a_method_that_takes_more():
    counts = ("any", (1,), (3,), (1, 3), (1, 5), (3, 5), (1, 3, 5, 7))
    assert [usual(frames) for frames in counts] == [5, 1, 3, 3, 5, 3, 5]


def test_a_still_image_is_a_clip_of_one_frame(frames):
    lr = frames[:, 0]
    assert torch.equal(Mean().upscale(lr, 2), imresize(lr, 2))
    with pytest.raises(NotSupportedError, match="mine needs 3, 5 or 7 frames, not 1"):
        Odd().upscale(lr, 2)


def test_a_method_of_one_image_takes_the_target_frame_alone(frames):
    assert torch.equal(Single().upscale_frames(frames, 1, 2), imresize(frames[:, 1], 2))
    with pytest.raises(NotImplementedError, match="Single is not recurrent"):
        Single().upscale_clip(frames[0], 2)
    with pytest.raises(NotImplementedError, match="does not implement upscale_frames"):
        MultiFrameMethod().upscale_frames(frames, 0, 2)


@pytest.mark.parametrize("cls", [Mean, Odd])
@pytest.mark.parametrize("variant", [Variant(), Variant(tile=24), Variant(self_ensemble=True)], ids=str)
def test_what_is_put_around_a_method_passes_its_frames_through(frames, cls, variant):
    method = variant.apply(cls())
    method.prepare(2, MethodContext())
    expected = cls().upscale_frames(frames, 1, 2)
    assert (method.upscale_frames(frames, 1, 2) - expected).abs().max() < 1e-5


@pytest.mark.parametrize("variant", [Variant(), Variant(tile=24), Variant(self_ensemble=True)], ids=str)
def test_what_is_put_around_a_recurrent_method_passes_its_clip_through(frames, variant):
    method = variant.apply(Running())
    assert method.is_recurrent
    assert not variant.apply(Single()).is_recurrent
    method.prepare(2, MethodContext())
    expected = Running().upscale_clip(frames[0], 2)
    assert expected.shape == (3, 1, 80, 104)
    assert (method.upscale_clip(frames[0], 2) - expected).abs().max() < 1e-5


def test_tiles_give_what_the_whole_gives_where_memory_runs_out(frames):
    class Hungry(Odd):
        def upscale_frames(self, frames, target, scale, shifts=None):
            if max(frames.shape[-2:]) > 30:
                raise MemoryError
            return super().upscale_frames(frames, target, scale, shifts)

    with pytest.warns(UserWarning, match="mine: not enough memory for 52x40 pixels at x2 at once"):
        sr = Tiled(Hungry(), 0).upscale_frames(frames, 1, 2)
    assert (sr - Odd().upscale_frames(frames, 1, 2)).abs().max() < 1e-5


def test_the_reach_of_a_method_that_takes_no_single_frame_is_measured():
    assert reach(Odd(), 2, 33) == reach(Single(), 2, 33)


def moved(image, shift):
    """The image moved by (dy, dx) whole pixels, around its edges."""
    return image.roll((int(shift[0]), int(shift[1])), dims=(-2, -1))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_shifts_of_a_view_are_those_of_its_frames(frames, turns, mirrored):
    image, shifts = frames[0, 0], torch.tensor([[0.0, 0.0], [2.0, 5.0], [-3.0, 1.0]], dtype=torch.float64)
    seen = shifts_seen_from(shifts, turns, mirrored)
    for before, after in zip(shifts, seen, strict=True):
        view = seen_from(moved(image, before), turns, mirrored)
        assert torch.equal(view, moved(seen_from(image, turns, mirrored), after))


def test_the_self_ensemble_turns_shifts_with_frames(frames):
    """A method that moves its frames back finds the target in every view."""

    class Registered(Mean):
        def upscale_frames(self, frames, target, scale, shifts=None):
            back = [moved(frame, -shift) for frame, shift in zip(frames.unbind(1), shifts, strict=True)]
            return imresize(torch.stack(back).mean(dim=0), scale)

    image = frames[:, 0]
    shifts = torch.tensor([[0.0, 0.0], [2.0, 5.0], [-3.0, 1.0]], dtype=torch.float64)
    burst = torch.stack([moved(image, shift) for shift in shifts], dim=1)
    assert (SelfEnsemble(Registered()).upscale_frames(burst, 0, 2, shifts) - imresize(image, 2)).abs().max() < 1e-5
