"""The panel against sampling, and what is made of ratings on cases whose answer is known."""

import numpy as np
import pytest

from srbench.metrics.raters import Panel, interval, rejected, subject_model


@pytest.fixture
def panel():
    return Panel.draw(26, seed=1)


def test_the_expected_mean_is_that_of_many_draws(panel):
    for quality in (0.5, 1.4, 3.0, 4.8):
        drawn = np.mean([panel.rate(quality, seed).mean() for seed in range(500)])
        assert panel.expected(np.array(quality)) == pytest.approx(drawn, abs=0.02)


def test_ratings_are_whole_numbers_of_the_scale_and_repeat(panel):
    ratings = panel.rate(3.2, seed=5)
    assert set(ratings.tolist()) <= {1, 2, 3, 4, 5}
    assert len(ratings) == 26
    assert (ratings == panel.rate(3.2, seed=5)).all()
    assert (panel.rate(-50, 0) == 1).all()
    assert (panel.rate(50, 0) == 5).all()


def test_better_images_never_have_a_lower_expected_mean(panel):
    means = panel.expected(np.linspace(-2, 8, 50))
    assert (np.diff(means) >= 0).all()
    assert 1 <= means[0] < 1.01
    assert 4.99 < means[-1] <= 5


def test_the_interval_by_hand():
    assert interval(np.array([1, 2, 3, 4, 5])) == pytest.approx((3 - 1.3859, 3 + 1.3859), abs=1e-3)


def test_the_subject_model_recovers_biases_and_weights_consistent_raters(rng):
    truth, bias = rng.uniform(1.5, 4.5, 200), np.array([-0.6, 0.0, 0.6, 0.0, 0.0, 0.0])
    spread = np.array([0.2, 0.2, 0.2, 0.2, 0.2, 1.5])
    table = truth + bias[:, None] + spread[:, None] * rng.normal(size=(6, 200))
    found = subject_model(table)
    assert found.bias == pytest.approx(bias, abs=0.15)
    assert found.inconsistency[5] > 3 * found.inconsistency[:5].max()
    error = lambda x: np.sqrt(np.mean((x - truth) ** 2))  # noqa: E731
    assert error(found.quality) < 0.6 * error(table.mean(axis=0))


def test_the_subject_model_needs_several_of_both():
    with pytest.raises(ValueError, match="two raters and two stimuli"):
        subject_model(np.ones((1, 5), int))


def test_screening_rejects_one_who_rates_at_random_and_keeps_the_strict(rng):
    table = 3 + rng.integers(-1, 2, (20, 60))
    strict = np.clip(table[0] - 1, 1, 5)
    wild = rng.choice([1, 5], 60)
    found = rejected(np.vstack([table, strict, wild]))
    assert found == [21]
