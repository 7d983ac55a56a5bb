"""Images that are moved: by definition, by formulas written here, and as linear maps."""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from srbench import degradation
from srbench.degradation.moves import after_move, moved
from srbench.imaging.resize import Downsampler

moves = st.floats(-5, 5)


@pytest.fixture
def hr(rng):
    return torch.from_numpy(rng.integers(0, 256, (3, 40, 48), np.uint8))


def keys(t):
    """Keys' cubic kernel of a = -0.5 at one place."""
    t = abs(t)
    if t <= 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0


@pytest.mark.parametrize("move", [(0, 0), (3, -2), (-1, 7), (0.0, 1 / 3 * 3), (-100, 100)])
def test_whole_moves_are_the_pixels_themselves_and_those_at_the_border(hr, move):
    down, right = round(move[0]), round(move[1])
    rows, columns = (np.clip(np.arange(n) - by, 0, n - 1) for n, by in ((40, down), (48, right)))
    expected = hr.numpy()[:, rows][:, :, columns]
    assert np.array_equal(moved(hr, move).numpy(), expected)
    assert np.array_equal(moved(hr.double(), move).numpy(), expected)


@pytest.mark.parametrize("move", [0.5, -0.25, 1.4, -3.7])
def test_moves_by_parts_of_a_pixel_interpolate_by_keys_kernel(hr, move):
    row = hr[0, 0].double().numpy()
    expected = [sum(row[min(max(k, 0), 47)] * keys(i - move - k) for k in range(-9, 57)) for i in range(48)]
    assert np.abs(moved(hr.double(), (0, move))[0, 0].numpy() - expected).max() < 1e-10
    assert np.array_equal(moved(hr, (0, move))[0, 0].numpy(), np.clip(np.floor(np.array(expected) + 0.5), 0, 255))


@given(moves, moves)
@example(0.0, 4.5777e-10)
def test_a_ramp_is_moved_exactly(down, right):
    y, x = (torch.arange(40.0, dtype=torch.float64) for _ in range(2))
    ramp = 2 * y[:, None] + 3 * x + 1
    # A move that is as good as whole is taken for whole, and the ramp's slope would multiply what it misses.
    down, right = (whole if abs(part - (whole := round(part))) < 1e-9 else part for part in (down, right))
    expected = ramp - 2 * down - 3 * right
    inside = (slice(8, -8), slice(8, -8))
    assert (moved(ramp, (down, right))[inside] - expected[inside]).abs().max() < 1e-9


@pytest.mark.parametrize("move", [(2, -1), (0.5, 0), (-1.3, 2.8)])
@pytest.mark.parametrize(
    "text", ["down", "down:nearest:first", "blur:1.2 > down:nearest:centre", "blur:1.6:13:reflect > down:nearest:first"]
)
def test_what_moves_and_shrinks_is_one_map(hr, text, move):
    operator = degradation.get(text).operator(40, 48, 4)
    both = after_move(operator, 40, 48, move)
    assert isinstance(both, Downsampler)
    assert torch.allclose(both(hr.double()), operator(moved(hr.double(), move)), atol=1e-10)


def test_a_map_that_is_not_separable_is_moved_too(hr):
    def operator(x):
        return x[..., ::2, ::2] * x[..., 1::2, 1::2]

    assert torch.equal(after_move(operator, 40, 48, (1, 0.5))(hr.double()), operator(moved(hr.double(), (1, 0.5))))
    assert after_move(operator, 40, 48, (0, 0)) is operator


def test_the_adjoint_is_that_of_the_map(hr):
    operator = after_move(degradation.get("down").operator(40, 48, 2), 40, 48, (0.3, -1.2))
    x = hr.double().requires_grad_()
    lr = operator(x)
    y = torch.rand(lr.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    (adjoint,) = torch.autograd.grad((lr * y).sum(), x)
    other = torch.rand(hr.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.isclose((operator(other) * y).sum(), (other * adjoint).sum())
