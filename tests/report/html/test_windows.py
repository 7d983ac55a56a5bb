"""Windows: where most is to be seen."""

import numpy as np
import pytest

from srbench.report.html.windows import Window, densest, differing, grey, lost


def brute(plane, side, step):
    height, width = min(side, plane.shape[0]), min(side, plane.shape[1])
    return max(
        (plane[top : top + height, left : left + width].mean(), top, left)
        for top in range(0, plane.shape[0] - height + 1, step)
        for left in range(0, plane.shape[1] - width + 1, step)
    )


@pytest.mark.parametrize(
    ("shape", "side", "step"), [((30, 40), 7, 1), ((30, 41), 8, 4), ((5, 9), 6, 1), ((6, 6), 6, 2)]
)
def test_the_densest_window_is_that_of_all_windows(rng, shape, side, step):
    plane = rng.normal(size=shape)
    window, mean = densest(plane, side, step)
    expected, top, left = brute(plane, side, step)
    assert mean == pytest.approx(expected)
    assert (window.top, window.left) == (top, left)
    assert (window.height, window.width) == (min(side, shape[0]), min(side, shape[1]))
    assert window.of(plane).mean() == pytest.approx(mean)


@pytest.mark.parametrize("step", [1, 3, 4])
@pytest.mark.parametrize("shape", [(70, 130), (66, 66), (64, 97), (131, 65)])
def test_a_window_holds_the_one_that_it_is_to_lie_around(rng, shape, step):
    for _ in range(20):
        plane = rng.normal(size=shape)
        focus, _ = densest(plane, 32, step)
        window, _ = densest(plane, 64, step, focus)
        own = focus.within(window)
        assert 0 <= own.top <= window.height - own.height
        assert 0 <= own.left <= window.width - own.width
        assert (own.of(window.of(plane)) == focus.of(plane)).all()


def test_what_is_lost_is_where_the_original_has_edges():
    original = np.zeros((40, 60))
    original[:, 20:] = 200.0  # an edge at 20
    soft, best = original.copy(), original.copy()
    soft[:, 18:22] = 100.0
    soft[:, 50:55] = 250.0  # a larger error where nothing is to be seen
    found = lost(original, soft, best)
    assert found[:, 19:21].min() > 50
    assert np.abs(found[:, 45:]).max() == 0
    assert lost(original, best, soft)[:, 19:21].max() < -50


def test_methods_differ_where_they_differ():
    planes = [np.zeros((200, 300)), np.zeros((200, 300))]
    planes[1][120:150, 210:240] = 50
    window, mean = densest(differing(planes), 96)
    assert mean > 0
    assert window.top <= 120 <= window.top + 96 - 30
    assert window.left <= 210 <= window.left + 96 - 30


def test_of_a_single_image_it_is_where_it_varies():
    plane = np.zeros((50, 50))
    plane[30:40, 5:15] = 90
    window, _ = densest(differing([plane]), 12)
    assert window.top >= 20
    assert densest(differing([np.ones((1, 1))]), 12)[0] == Window(0, 0, 1, 1)


def test_grey_is_the_mean_of_the_channels():
    assert grey(np.array([[[0, 30, 60]]], np.uint8)) == pytest.approx(30)
    assert grey(np.array([[7]], np.uint8)) == 7
