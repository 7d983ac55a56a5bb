"""Synthetic motion is what it says: whole pixels are whole pixels, and what moves by parts of one is found there."""

import math

import numpy as np
import pytest
import torch

from srbench import dataset
from srbench.errors import TrainingError
from srbench.imaging.flow import lucas_kanade
from srbench.training.data import picture_luma
from srbench.training.motion import Motion, MotionRecipe, Outline, draw_motion, shown


def motion(shift=(0.0, 0.0), turn=0.0, zoom=1.0):
    """One clip of a target and one frame."""
    frames = torch.tensor([[[0.0, 0.0], list(shift)]])
    return Motion(frames, torch.tensor([[0.0, turn]]), torch.tensor([[1.0, zoom]]))


@pytest.fixture
def photograph():
    """(1, 96, 96) luma of a photograph."""
    return picture_luma(dataset.find("sample").images[0].read()).to(torch.float32)[None, :96, :96]


def test_a_translation_by_whole_pixels_is_what_it_says(photograph):
    frames = shown(photograph, motion((3.0, -2.0)).sources(64))[0]
    inner = photograph[0, 16:80, 16:80]
    assert torch.allclose(frames[0], inner, atol=1e-2)
    # What is at p in the target is at p + (3, -2) in the frame.
    assert torch.allclose(frames[1][3:, :-2], inner[:-3, 2:], atol=1e-2)
    assert not torch.allclose(frames[1], inner, atol=1)


def test_turns_and_zooms_go_around_the_centre(photograph):
    quarter = shown(photograph, motion(turn=math.pi / 2).sources(64))[0, 1]
    assert torch.allclose(quarter, photograph[0, 16:80, 16:80].rot90(1), atol=0.05)
    square = torch.zeros(1, 96, 96)
    square[:, 38:58, 38:58] = 255  # 20 pixels a side
    twice = shown(square, motion(zoom=2.0).sources(64))[0, 1]
    assert float((twice > 127).sum()) == 40**2


def test_parts_of_a_pixel_are_found_by_a_flow(photograph):
    frames = shown(photograph, motion((0.4, -0.7)).sources(80))[0] / 255
    flow = lucas_kanade(frames[None, :1], frames[None, 1:])[..., 12:-12, 12:-12]
    assert flow.mean(dim=(0, 2, 3)).tolist() == pytest.approx([0.4, -0.7], abs=0.05)


def test_an_object_covers_what_is_inside_of_its_outline_and_moves_with_it():
    outline = Outline(torch.zeros(1, 2), torch.tensor([[8.0, 12.0]]), torch.tensor([2.0]))
    cover = outline.cover(motion((0.0, 5.0)).sources(48))[0]
    assert float(cover.sum(dim=(1, 2))[0]) == pytest.approx(math.pi * 8 * 12, rel=0.02)
    assert torch.allclose(cover[1][:, 5:], cover[0][:, :-5])


def test_the_target_does_not_move_and_others_move_as_far_as_the_recipe_says():
    recipe = MotionRecipe(shift=4.0, tremble=0.5, turn=0.02, zoom=0.05)
    drawn = draw_motion(np.random.default_rng(0), 200, 5, recipe)
    assert torch.count_nonzero(drawn.shift[:, 2]) == 0
    assert (drawn.zoom[:, 2] == 1).all()
    outer = torch.linalg.vector_norm(drawn.shift[:, 4], dim=-1)
    assert 7 < float(outer.max()) <= 2 * 4 + math.sqrt(2) * 0.5
    assert 0.03 < float(drawn.turn.abs().max()) <= 0.04
    assert 1.05 < float(drawn.zoom.max()) <= 1.05**2 + 1e-6


@pytest.mark.parametrize("changes", [{"shift": -1.0}, {"zoom": 1.0}, {"objects": 2.0}, {"turn": float("nan")}])
def test_motion_that_cannot_be_is_refused(changes):
    with pytest.raises(TrainingError, match=f"recipe: {next(iter(changes))}"):
        MotionRecipe(**changes)
