"""Banded matrices along an axis of images: the same as the dense matrix, on every memory layout."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import correlate1d

from srbench.imaging.banded import Axis
from srbench.imaging.products import multiply
from srbench.imaging.resize import axis, weights

modest = settings(max_examples=30, deadline=None)


@pytest.fixture
def images():
    return torch.rand(2, 3, 36, 30, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@modest
@given(outputs=st.integers(1, 40), taps=st.integers(1, 11), seed=st.integers(0, 99))
def test_a_sliding_window_is_a_correlation_where_it_fits(outputs, taps, seed):
    random = np.random.default_rng(seed)
    window, image = random.random(taps), random.random((outputs + taps - 1, 5))
    left = taps // 2
    expected = correlate1d(image, window, axis=0)[left : left + outputs]
    down, across = (Axis.sliding(window, outputs, dim) for dim in (-2, -1))
    assert torch.allclose(down.apply(torch.from_numpy(image)), torch.from_numpy(expected), atol=1e-12)
    assert torch.allclose(across.apply(torch.from_numpy(image.T.copy())), torch.from_numpy(expected.T), atol=1e-12)
    assert (down.length, down.out_length) == (outputs + taps - 1, outputs)
    assert torch.equal(down.matrix(), across.matrix())


@pytest.mark.parametrize("out_length", [9, 12, 18, 25, 35, 36, 41, 72, 108, 144])
def test_whole_and_odd_scales_are_the_dense_matrix(images, out_length):
    scale = out_length / 36
    dense = np.zeros((out_length, 36))
    np.add.at(dense, (np.arange(out_length)[:, None], (found := weights(36, out_length, scale))[1]), found[0])
    rows = axis(36, out_length, scale, -2)
    assert rows.matrix().numpy() == pytest.approx(dense, abs=1e-12)
    assert torch.allclose(rows.apply(images), torch.from_numpy(dense) @ images, atol=1e-12)
    columns = axis(36, out_length, scale, -1)
    assert torch.allclose(columns.apply(images.mT), images.mT @ torch.from_numpy(dense).T, atol=1e-12)


@pytest.mark.parametrize("dim", [-2, -1])
def test_rows_that_lie_apart_and_other_views(images, dim):
    x = images[0, 0]
    for view in (x[3:27, 2:26], x[3:27, 2:26].T, x[3:27, 2:26].flip(0), images[0, :, 3:27, 2:26], x[5:6, 2:26]):
        length = view.shape[dim]
        half = axis(length, max(length // 2, 1), 0.5, dim)
        matrix = half.matrix()
        expected = matrix @ view if dim == -2 else view @ matrix.T
        assert torch.allclose(half.apply(view), expected, atol=1e-12)


@pytest.mark.parametrize("dim", [-2, -1])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-6), (torch.float16, 2e-3), (torch.bfloat16, 2e-2)])
def test_single_and_half_precision(images, dim, dtype, error):
    double = axis(images.shape[dim], 2 * images.shape[dim], 2, dim)
    result = double.apply(images.to(dtype))
    assert result.dtype == dtype
    assert (result.to(torch.float64) - double.apply(images)).abs().max() < error


def test_products_fill_the_same_memory_again(images):
    half = axis(36, 18, 0.5, -2)
    x, out = images[0].clone(), torch.zeros(3, 18, 30, dtype=torch.float64)
    products = half.products(x, out)
    for image in images:
        x.copy_(image)
        multiply(products)
        assert torch.equal(out, half.apply(image))


@pytest.mark.parametrize("dim", [-2, -1])
def test_the_gradient(images, dim):
    third = axis(12, 4, 1 / 3, dim)
    x = images[:, :, :12, :12].clone().requires_grad_()
    assert torch.autograd.gradcheck(third.apply, x)
    with torch.no_grad():
        assert not third.apply(x).requires_grad
        assert torch.allclose(third.apply(x), third.apply(x.detach()), atol=1e-12)
