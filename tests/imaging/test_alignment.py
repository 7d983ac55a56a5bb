"""Frames as methods take them: the target first, told or registered."""

import torch

from srbench import dataset
from srbench.degradation import get
from srbench.imaging.alignment import aligned, trust_in


def burst():
    """Three frames (3, 3, h, w) in [0, 1] of a sample image, and their shifts."""
    made = get("burst:3 > down")
    hr = torch.from_numpy(dataset.find("sample").images[0].read()[:96, :96].copy()).permute(2, 0, 1).double()
    return (made.burst(hr, 2) / 255).float(), made.shifts(2)


def test_shifts_that_are_told_hold_and_frames_are_trusted():
    frames, shifts = burst()
    found = aligned(frames, 0, shifts)
    assert [frame.shift for frame in found] == [tuple(row) for row in shifts.tolist()]
    assert all(frame.trust is None for frame in found)
    assert all(torch.equal(frame.pixels, own) for frame, own in zip(found, frames, strict=True))


def test_shifts_that_are_not_told_are_found_and_every_frame_weighed():
    frames, shifts = burst()
    found = aligned(frames, 0)
    assert torch.allclose(torch.tensor([frame.shift for frame in found], dtype=torch.float64), shifts, atol=0.01)
    assert found[0].trust is None
    assert all(frame.trust.shape == frames.shape[-2:] and frame.trust.dtype == frames.dtype for frame in found[1:])
    assert all(0.9 < float(frame.trust.mean()) <= 1 for frame in found[1:])


def test_the_target_frame_comes_first_wherever_it_stands():
    frames, shifts = burst()
    order = [1, 2, 0]
    for told in (None, shifts[order]):
        found = aligned(frames[order], 2, told)
        assert torch.equal(found[0].pixels, frames[0])
        assert found[0].shift == (0.0, 0.0)
        assert torch.equal(trust_in(found[0]), torch.ones_like(frames[0, 0]))


def test_a_frame_of_something_else_is_left_out():
    frames, shifts = burst()
    frames[1] = frames[1].flip(-1)
    assert [frame.shift for frame in aligned(frames, 0)][1:] == [aligned(frames[[0, 2]], 0)[1].shift]
    assert len(aligned(frames, 0, shifts)) == 3  # what is told is not judged
