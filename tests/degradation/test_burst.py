"""Bursts: which frames they have, how these are moved, and what methods are told of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srbench import degradation
from srbench.degradation import Bicubic, Burst, GaussianNoise, Pipeline
from srbench.degradation.moves import moved
from srbench.errors import NotSupportedError, SrbenchError
from srbench.imaging.resize import imresize

KINDS = ("down", "down:nearest:first", "blur:1.2 > down > noise:5", "down > jpeg:40")


@pytest.fixture
def hr(rng):
    smooth = imresize(torch.from_numpy(rng.random((3, 9, 11)) * 255), size=(48, 60)).clamp(0, 255)
    return smooth.round().to(torch.uint8)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_the_grid_has_every_multiple_of_an_hr_pixel_once_and_then_again(scale):
    shifts = degradation.get(f"burst:{2 * scale**2} > down").shifts(scale)
    assert shifts.dtype == torch.float64
    first, again = shifts[: scale**2], shifts[scale**2 :]
    assert first[0].tolist() == [0, 0]
    assert {tuple(row) for row in (first * scale).round().int().tolist()} == {
        (y, x) for y in range(scale) for x in range(scale)
    }
    assert torch.equal(first, again)


def test_few_frames_of_the_grid_lie_far_apart():
    assert degradation.get("burst:4 > down").shifts(4).tolist() == [[0, 0], [0.5, 0.5], [0, 0.5], [0.5, 0]]
    assert degradation.get("burst:2 > down").shifts(2).tolist() == [[0, 0], [0.5, 0.5]]


@given(st.integers(1, 64), st.sampled_from(["grid", "random"]), st.sampled_from([1, 2, 2.5, 3, 4, 8]))
def test_frames_lie_less_than_an_lr_pixel_away_and_the_target_frame_stays(frames, shifts, scale):
    drawn = Burst(frames, shifts).drawn(scale, 7)
    assert drawn.shape == (frames, 2)
    assert drawn[0].tolist() == [0, 0]
    assert drawn.abs().max() < 1


def test_random_shifts_are_those_of_the_seed_and_a_shorter_burst_begins_a_longer_one():
    long, short, other = (
        degradation.get(text, seed=seed).shifts(2)
        for text, seed in (("burst:16:random > down", 1), ("burst:5:random > down", 1), ("burst:16:random > down", 2))
    )
    assert torch.equal(long[:5], short)
    assert not torch.equal(long, other)
    assert len(set(long[:, 0].tolist())) == 16
    assert (long < 0).any()
    assert not torch.equal(degradation.get("burst:16:random > down", seed=1).shifts(3), long)


@pytest.mark.parametrize("text", KINDS)
@pytest.mark.parametrize("burst", ["burst:1", "burst:5", "burst:3:random:blind"])
def test_the_target_frame_is_what_the_chain_makes_without_the_burst(hr, text, burst):
    alone, made = degradation.get(text, seed=3), degradation.get(f"{burst} > {text}", seed=3)
    frames = made.burst(hr, 2)
    assert frames.shape == (made.frames, 3, 24, 30)
    assert torch.equal(frames[0], alone(hr, 2))
    assert torch.equal(made(hr, 2), frames[0])
    assert made.noise_sigma() == alone.noise_sigma()
    assert made.symmetric(2) == alone.symmetric(2)


def test_frames_of_a_grid_are_the_pixels_that_decimation_leaves_out(hr):
    """Of 2 x 2 frames without blur, together they are the HR image."""
    made = degradation.get("burst:4 > down:nearest:first")
    whole = torch.zeros_like(hr)
    for frame, (down, right) in zip(made.burst(hr, 2), (made.shifts(2) * 2).int().tolist(), strict=True):
        # What lies at y of the target lies at y + dy of the frame: its pixel (i, j) shows (2i - down, 2j - right).
        whole[:, (2 - down) % 2 :: 2, (2 - right) % 2 :: 2] = frame.roll((-down, -right), (-2, -1))
    assert torch.equal(whole[:, :-2, :-2], hr[:, :-2, :-2])


def test_a_frame_shows_what_lies_in_the_target_where_its_shift_says():
    """A bright spot in the middle of the HR image, and its centre of gravity in the LR frames."""
    y, x = (torch.arange(96, dtype=torch.float64) for _ in range(2))
    spot = 255 * torch.exp(-((y[:, None] - 47.3) ** 2 + (x - 44.1) ** 2) / (2 * 5.0**2))
    made = degradation.get("burst:6:random > down", seed=5)

    def centre(frame):
        at = torch.arange(len(frame), dtype=torch.float64)
        return torch.stack([(frame.sum(1) * at).sum(), (frame.sum(0) * at).sum()]) / frame.sum()

    frames = made.burst(spot, 3)
    for frame, shift in zip(frames, made.shifts(3), strict=True):
        assert (centre(frame) - centre(frames[0]) - shift).abs().max() < 1e-3


@pytest.mark.parametrize("text", ["burst:9 > down", "burst:5:random > blur:1.2:7 > down:nearest:first"])
@pytest.mark.parametrize("scale", [2, 3])
def test_the_frame_operator_makes_the_frames(hr, text, scale):
    made, x = degradation.get(text, seed=2), hr.double()
    for frame, shift in zip(made.burst(x, scale), made.shifts(scale).tolist(), strict=True):
        assert torch.allclose(made.frame_operator(48, 60, scale, tuple(shift))(x), frame, atol=1e-9)
    exact = made.frame_operator(48, 60, scale, (0.0, 0.0))
    assert torch.equal(exact(x), made.operator(48, 60, scale)(x))


def test_frames_are_known_to_methods_of_every_degradation(hr):
    lr = Bicubic().frame_operator(48, 60, 2, (0.25, -0.5))(hr.double())
    assert torch.allclose(lr, imresize(moved(hr.double(), (0.5, -1)), 0.5), atol=1e-10)
    assert (Bicubic().frames, Bicubic().blind, Bicubic().shifts(2).tolist()) == (1, False, [[0, 0]])
    assert torch.equal(Bicubic().burst(hr, 2)[0], Bicubic()(hr, 2))
    with pytest.raises(NotSupportedError, match="how given LR images were made"):
        degradation.get("given").frame_operator(48, 60, 2, (0.5, 0))


def test_every_frame_has_noise_of_its_own_though_it_lies_where_another_does(hr):
    flat = torch.full((1, 80, 80), 128.0, dtype=torch.float64)
    frames = degradation.get("burst:8 > down > noise:10", seed=1).burst(flat, 2) - 128
    together = np.corrcoef(frames.reshape(8, -1).numpy())
    assert np.abs(together - np.eye(8)).max() < 0.12
    assert ((frames.std(dim=(1, 2, 3)) - 10).abs() < 1).all()
    again = degradation.get("burst:8 > down > noise:10", seed=1).burst(flat, 2) - 128
    assert torch.equal(frames, again)


def test_the_key_says_what_decides_frames_and_what_methods_are_told():
    keys = [
        degradation.get(text, seed=4).key
        for text in ("down", "burst:1 > down", "burst:4 > down", "burst:4:blind > down", "burst:4:random > down")
    ]
    assert len(set(keys)) == 5
    assert keys[2] == "burst:4 > down/v1/burst=4,grid/bicubic"
    assert keys[4].endswith("/burst=4,random/bicubic/seed=4")


def test_any_pipeline_makes_bursts(hr):
    noisy = Pipeline("noisy", (*Bicubic().steps, GaussianNoise(4)), as_burst=Burst(3, blind=True))
    assert noisy.burst(hr, 2).shape == (3, 3, 24, 30)
    assert (noisy.frames, noisy.blind) == (3, True)
    assert replace(Bicubic(), as_burst=Burst(2)).key == "bicubic/v1/burst=2,grid"


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"frames": 0}, "a burst: frames = 0 is not a whole number from 1 to 64"),
        ({"frames": 2.0}, "frames = 2.0"),
        ({"frames": 4, "shifts": "circle"}, "shifts = 'circle' is not one of 'grid', 'random'"),
        ({"frames": 4, "blind": 1}, "blind = 1 is not True or False"),
    ],
)
def test_bursts_that_cannot_be(fields, match):
    with pytest.raises(SrbenchError, match=match):
        Burst(**fields)
    with pytest.raises(SrbenchError, match="as_burst = 4 is not None or a Burst"):
        replace(Bicubic(), as_burst=4)


def test_a_burst_without_down_is_refused_at_every_scale_but_one():
    made = degradation.get("burst:4 > noise:3")
    with pytest.raises(SrbenchError, match="has no step that shrinks images"):
        made.require_scale(2)
    made.require_scale(1)


def test_a_burst_is_written_into_a_file_too(tmp_path, hr):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nsteps = ["burst:4:random", "blur:1.2", "down"]\n')
    made = degradation.get(str(path), seed=1)
    assert made.name == "mine"
    assert torch.equal(made.burst(hr, 2), degradation.get("burst:4:random > blur:1.2 > down", seed=1).burst(hr, 2))
