"""Scoring on hand-made outputs: it must not matter which network made them."""

import math

import pytest
import torch

from srbench.experiments.corners.scoring import TOLERANCE, both_corners, judge
from srbench.experiments.corners.task import load_digits, place, to_image


@pytest.fixture(scope="module")
def digits():
    return to_image(load_digits().held_out[:20])


def answers(digits):
    return place(digits, 0), place(digits, 1)


@pytest.mark.parametrize("corner", [0, 1])
def test_an_answer_itself_is_clean(digits, corner):
    verdicts = judge(place(digits, corner), digits)
    assert verdicts.clean.all()
    assert (verdicts.corner == corner).all()
    assert (verdicts.distance == 0).all()
    assert (verdicts.ghost == 0).all()
    assert verdicts.balance == 1 - corner


def test_the_mean_of_the_answers_is_not_clean_and_half_a_ghost(digits):
    first, second = answers(digits)
    verdicts = judge((first + second) / 2, digits)
    assert not verdicts.clean.any()
    assert torch.allclose(verdicts.distance, torch.ones(20))
    assert torch.allclose(verdicts.ghost, torch.full((20,), 0.5))
    assert math.isnan(verdicts.balance)


def test_both_corners_filled_is_not_clean_and_a_whole_ghost(digits):
    first, second = answers(digits)
    verdicts = judge(first + second, digits)
    assert not verdicts.clean.any()
    assert torch.allclose(verdicts.ghost, torch.ones(20))


def test_an_empty_canvas_is_not_clean(digits):
    verdicts = judge(torch.zeros(20, 16, 16), digits)
    assert not verdicts.clean.any()
    assert torch.allclose(verdicts.distance, torch.ones(20))
    assert (verdicts.ghost == 0).all()


def test_each_pixel_from_either_answer_by_a_coin_is_not_clean(digits):
    first, second = answers(digits)
    coins = torch.rand(20, 16, 16, generator=torch.Generator().manual_seed(0)) < 0.5
    assert not judge(torch.where(coins, first, second), digits).clean.any()


def test_another_digit_in_a_corner_is_not_clean(digits):
    assert not judge(place(digits.roll(1, 0), 0), digits).clean.any()


def test_the_digit_in_a_quarter_that_is_no_answer_is_not_clean(digits):
    elsewhere = torch.zeros(20, 16, 16)
    elsewhere[:, :8, 8:] = digits
    verdicts = judge(elsewhere, digits)
    assert not verdicts.clean.any()
    assert (verdicts.distance == 2).all()


@pytest.mark.parametrize("at", [(0, 15), (15, 15), (3, 3)], ids=["a quarter without answer", "ghost", "in the digit"])
@pytest.mark.parametrize(("part", "clean"), [(0.9 * TOLERANCE, True), (1.1 * TOLERANCE, False)])
def test_the_tolerance_is_a_part_of_the_digits_mass_wherever_the_error_is(digits, at, part, clean):
    output = place(digits, 0)
    output[:, at[0], at[1]] += part * digits.sum(dim=(1, 2))
    verdicts = judge(output, digits)
    assert (verdicts.clean == clean).all()
    assert torch.allclose(verdicts.distance, torch.full((20,), part), atol=1e-5)
    expected = part if at == (15, 15) else 0.0
    assert torch.allclose(verdicts.ghost, torch.full((20,), expected), atol=1e-5)


def test_a_faint_or_too_bright_digit_is_as_far_as_what_is_missing(digits):
    for factor in (0.5, 0.8, 0.95, 1.05, 1.3):
        verdicts = judge(factor * place(digits, 1), digits)
        assert torch.allclose(verdicts.distance, torch.full((20,), abs(1 - factor)), atol=1e-5)
        assert (verdicts.clean == (abs(1 - factor) <= TOLERANCE)).all()


def test_moving_an_output_to_the_other_corner_changes_the_corner_alone(digits):
    noise = 0.05 * torch.rand(20, 16, 16, generator=torch.Generator().manual_seed(1))
    output = place(digits, 0) + noise
    here, there = judge(output, digits), judge(output.roll((8, 8), (1, 2)), digits)
    assert (here.corner == 0).all()
    assert (there.corner == 1).all()
    assert torch.allclose(here.distance, there.distance, atol=1e-5)
    assert torch.allclose(here.ghost, there.ghost, atol=1e-5)


def test_balance_counts_clean_outputs_alone(digits):
    first, second = answers(digits)
    outputs = torch.cat([first[:3], second[3:4], torch.zeros(16, 16, 16)])
    verdicts = judge(outputs, digits)
    assert int(verdicts.clean.sum()) == 4
    assert verdicts.balance == 0.75


def test_both_corners_needs_both_answers_of_one_input(digits):
    first, second = answers(digits)
    # The draws of three inputs: both answers; the same twice; an answer and the mean of the two.
    outputs = torch.stack([first[0], second[0], first[1], first[1], second[2], (first[2] + second[2]) / 2])
    assert both_corners(judge(outputs, digits[[0, 0, 1, 1, 2, 2]]), draws=2) == pytest.approx(1 / 3)


def test_a_nan_is_not_clean(digits):
    output = place(digits, 0)
    output[0, 0, 0] = math.nan
    verdicts = judge(output, digits)
    assert verdicts.clean.tolist() == [False] + [True] * 19


def test_what_does_not_belong_together_is_refused(digits):
    with pytest.raises(ValueError, match="do not fit"):
        judge(torch.zeros(19, 16, 16), digits)
    with pytest.raises(ValueError, match="do not fit"):
        judge(torch.zeros(20, 8, 8), digits)
    with pytest.raises(ValueError, match="without a lit pixel"):
        judge(torch.zeros(1, 16, 16), torch.zeros(1, 8, 8))
