"""Digits, canvases, and the closed forms against sums over both answers."""

import math

import pytest
import torch

from srbench.experiments.corners import closed_forms
from srbench.experiments.corners.model import NATS_TO_BITS, pixel_nats
from srbench.experiments.corners.task import LEVELS, batch, load_digits, place, to_image, windows


@pytest.fixture(scope="module")
def digits():
    return load_digits().held_out[:12]


def both(digits):
    return torch.stack([place(digits, 0), place(digits, 1)])


def marginals(digits):
    """Of the two answers, pixel by pixel: (N, levels, 16, 16)."""
    return torch.nn.functional.one_hot(both(digits), LEVELS).double().mean(dim=0).movedim(-1, 1)


def expected_bits(logits, digits):
    return NATS_TO_BITS * torch.stack([pixel_nats(logits, answer) for answer in both(digits)]).mean(dim=0)


def test_digits_are_levels_and_none_is_in_both_parts():
    digits = load_digits()
    assert digits.train.shape == (1438, 8, 8)
    assert digits.held_out.shape == (359, 8, 8)
    for part in (digits.train, digits.held_out):
        assert part.unique().tolist() == list(range(LEVELS))
        assert (closed_forms.lit_pixels(part) > 5).all()
    train = {digit.numpy().tobytes() for digit in digits.train}
    assert not train & {digit.numpy().tobytes() for digit in digits.held_out}


def test_a_canvas_holds_the_digit_in_one_corner_and_nothing_else(digits):
    for corner in (0, 1):
        canvases = place(digits, corner)
        assert torch.equal(windows(canvases)[corner], digits)
        assert torch.equal(canvases.sum(dim=(1, 2)), digits.sum(dim=(1, 2)))
    coins = torch.arange(12) % 2
    mixed = place(digits, coins)
    assert torch.equal(mixed[::2], place(digits, 0)[::2])
    assert torch.equal(mixed[1::2], place(digits, 1)[1::2])


def test_a_batch_tosses_a_fair_coin_and_repeats_by_its_seed(digits):
    inputs, targets = batch(digits, 2000, torch.Generator().manual_seed(3))
    first = (targets == place(inputs, 0)).all(dim=2).all(dim=1)
    second = (targets == place(inputs, 1)).all(dim=2).all(dim=1)
    assert (first ^ second).all()
    assert 0.45 < float(first.double().mean()) < 0.55
    again = batch(digits, 2000, torch.Generator().manual_seed(3))
    assert torch.equal(again[1], targets)


def test_independent_bits_are_what_the_marginals_cost(digits):
    best = expected_bits(marginals(digits).clamp_min(1e-300).log(), digits)
    assert torch.allclose(best, closed_forms.independent_bits(digits).double())
    assert torch.equal(closed_forms.independent_bits(digits), 2.0 * (digits > 0).sum(dim=(1, 2)))


def test_no_other_independent_model_costs_less(digits):
    generator = torch.Generator().manual_seed(0)
    floor = closed_forms.independent_bits(digits).double()
    near = marginals(digits).clamp_min(1e-6).log()
    for spread in (0.01, 0.3, 3.0):
        for _ in range(20):
            logits = near + spread * torch.randn(near.shape, generator=generator, dtype=torch.float64)
            assert (expected_bits(logits, digits) > floor).all()


def test_the_chain_rule_costs_one_bit_for_whole_images(digits):
    # The exact conditional of each pixel: the answers that agree with the past so far, equally likely.
    answers = both(digits).flatten(2)
    for which in (0, 1):
        bits = torch.zeros(12, dtype=torch.float64)
        alive = torch.full((2, 12), 0.5, dtype=torch.float64)
        for pixel in range(answers.shape[2]):
            agrees = answers[:, :, pixel] == answers[which, :, pixel]
            bits -= ((alive * agrees).sum(dim=0) / alive.sum(dim=0)).log2()
            alive = alive * agrees
        assert torch.allclose(bits, torch.full((12,), closed_forms.JOINT_BITS, dtype=torch.float64))


def test_the_chance_that_independent_pixels_hit_an_answer(digits):
    chances = marginals(digits)
    total = sum(chances.gather(1, answer[:, None])[:, 0].flatten(1).prod(dim=1) for answer in both(digits))
    assert torch.allclose(total, closed_forms.independent_hit(digits), rtol=1e-12, atol=0)
    one_pixel = torch.zeros(1, 8, 8, dtype=torch.int64)
    one_pixel[0, 3, 4] = 2
    assert closed_forms.independent_hit(one_pixel).item() == 0.5
    assert closed_forms.independent_bits(one_pixel).item() == 2


def mse(output, images):
    return torch.stack([(output - answer).square().mean(dim=(1, 2)) for answer in both(images)]).mean(dim=0)


def test_the_mean_is_the_best_in_mse_and_a_clean_guess_costs_twice_as_much(digits):
    images = to_image(digits)
    mean = both(images).mean(dim=0)
    assert torch.allclose(mse(mean, images), closed_forms.mean_mse(images))
    assert torch.allclose(mse(place(images, 0), images), closed_forms.guess_mse(images))
    assert torch.allclose(closed_forms.guess_mse(images), 2 * closed_forms.mean_mse(images))
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    for size in (1e-2, 1e-1):
        assert (mse(mean + size * noise, images) > closed_forms.mean_mse(images)).all()


def test_a_fair_coin_is_one_bit():
    assert NATS_TO_BITS * math.log(2) == pytest.approx(1)
