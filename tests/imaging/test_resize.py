"""imresize against an independent, slow implementation of MATLAB's rules, and the properties of a linear map."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from srbench.errors import SrbenchError
from srbench.imaging.resize import KERNELS, Downsampler, axis, imresize, weights

modest = settings(max_examples=25, deadline=None)
sizes = st.integers(1, 24)
scales = st.one_of(
    st.sampled_from([2, 3, 4, 8, 1 / 2, 1 / 3, 1 / 4, 1.0, 0.7, 1.5, 2.5, 1 / 8]),
    st.floats(0.11, 5.0, allow_nan=False),
)
kernels = st.sampled_from(KERNELS)


# -- an independent implementation: one output pixel at a time, straight from MATLAB's documentation ----------------


def cubic(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def lanczos(lobes):
    def kernel(x):
        if abs(x) >= lobes:
            return 0.0
        if x == 0:
            return 1.0
        return lobes * math.sin(math.pi * x) * math.sin(math.pi * x / lobes) / (math.pi * x) ** 2

    return kernel


SLOW = {
    "nearest": (lambda x: float(-0.5 <= x < 0.5), 0.5),
    "box": (lambda x: float(-0.5 <= x < 0.5), 0.5),
    "bilinear": (lambda x: max(0.0, 1 - abs(x)), 1),
    "bicubic": (cubic, 2),
    "lanczos2": (lanczos(2), 2),
    "lanczos3": (lanczos(3), 3),
}


def slow_line(line, out_length, scale, kernel):
    function, radius = SLOW[kernel]
    stretch = scale if scale < 1 and kernel != "nearest" else 1.0
    result = []
    for i in range(out_length):
        centre = (i + 0.5) / scale - 0.5
        total = norm = 0.0
        for j in range(math.floor(centre - radius / stretch) - 1, math.ceil(centre + radius / stretch) + 2):
            weight = function(stretch * (centre - j))
            inside = j % (2 * len(line))
            inside = inside if inside < len(line) else 2 * len(line) - 1 - inside
            total += weight * line[inside]
            norm += weight
        result.append(total / norm)
    return np.array(result)


def slow_imresize(image, out, scale, kernel):
    """Rows first where the scales are equal or the height shrinks more, rounding uint8 after each pass."""
    order = (0, 1) if scale[0] <= scale[1] else (1, 0)
    x = image.astype(float)
    for dim in order:
        x = np.apply_along_axis(slow_line, dim, x, out[dim], scale[dim], kernel)
        if image.dtype == np.uint8:
            x = np.floor(np.clip(x, 0, 255) + 0.5)
    return x.astype(image.dtype)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", [2, 3, 4, 1 / 2, 1 / 3, 1 / 4, 0.6, 1.7])
def test_equals_the_slow_implementation(rng, kernel, scale):
    image = rng.random((13, 17))
    out = tuple(math.ceil(n * scale) for n in image.shape)
    expected = slow_imresize(image, out, (scale, scale), kernel)
    assert imresize(image, scale, kernel=kernel) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("out", [(5, 30), (26, 6), (7, 8), (13, 17), (40, 50)])
def test_equals_the_slow_implementation_for_a_size(rng, out):
    image = rng.random((13, 17))
    expected = slow_imresize(image, out, (out[0] / 13, out[1] / 17), "bicubic")
    assert imresize(image, size=out) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("scale", [1 / 2, 1 / 4, 2, 3])
def test_uint8_equals_the_slow_implementation_pixel_for_pixel(rng, scale):
    image = rng.integers(0, 256, (16, 20), np.uint8)
    out = tuple(math.ceil(n * scale) for n in image.shape)
    assert np.array_equal(imresize(image, scale), slow_imresize(image, out, (scale, scale), "bicubic"))


def test_known_values_of_matlab():
    # imresize([1 2 3 4], 0.5) and imresize([1 2], 2) of MATLAB's own manual arithmetic, by hand.
    assert imresize(np.array([[0.0, 1.0]]), size=(1, 4), kernel="bilinear").tolist() == [[0, 0.25, 0.75, 1]]
    assert imresize(np.array([[1.0, 3.0, 5.0, 7.0]]), size=(1, 2), kernel="box").tolist() == [[2, 6]]
    assert imresize(np.array([[1.0, 2.0]]), size=(2, 4), kernel="nearest").tolist() == [[1, 1, 2, 2]] * 2
    quarter = (-0.0703125, 0.8671875, 0.2265625, -0.0234375)  # cubic, a = -0.5, at 1.25, 0.25, 0.75, 1.75
    line = np.array([[3.0, 1.0, 4.0, 1.0, 5.0, 9.0]])
    sample = imresize(line, size=(1, 12))[0, 5]  # output 5 sits at 2.25
    assert sample == pytest.approx(np.dot(quarter, line[0, 1:5]), abs=1e-15)


# -- properties ----------------------------------------------------------------------------------------------------


@modest
@given(height=sizes, width=sizes, scale=scales, kernel=kernels, seed=st.integers(0, 99))
def test_numpy_equals_torch(height, width, scale, kernel, seed):
    image = np.random.default_rng(seed).random((height, width, 3))
    planes = torch.from_numpy(image.transpose(2, 0, 1).copy())
    assert np.array_equal(
        imresize(image, scale, kernel=kernel).transpose(2, 0, 1), imresize(planes, scale, kernel=kernel)
    )


@modest
@given(height=sizes, width=sizes, scale=scales, kernel=kernels, value=st.integers(0, 255))
def test_a_constant_image_stays_constant(height, width, scale, kernel, value):
    out = (math.ceil(height * scale - 1e-9), math.ceil(width * scale - 1e-9))
    image = np.full((height, width), value, np.uint8)
    assert np.array_equal(imresize(image, scale, kernel=kernel), np.full(out, value, np.uint8))
    assert imresize(image.astype(float), scale, kernel=kernel) == pytest.approx(np.full(out, value), abs=1e-10)


@modest
@given(length=st.integers(1, 60), scale=scales, kernel=kernels)
def test_rows_sum_to_one_and_read_only_pixels_that_exist(length, scale, kernel):
    out = max(1, math.ceil(length * scale - 1e-9))
    weight, index = weights(length, out, scale, kernel)
    assert weight.sum(axis=1) == pytest.approx(np.ones(out), abs=1e-12)
    assert index.min() >= 0
    assert index.max() < length
    assert axis(length, out, scale, -2, kernel).matrix().sum(dim=1).numpy() == pytest.approx(np.ones(out), abs=1e-12)


@modest
@given(length=st.integers(1, 60), scale=scales, kernel=kernels, seed=st.integers(0, 99))
def test_an_axis_is_its_matrix(length, scale, kernel, seed):
    """Model-based methods take the matrix for the map; its transpose is the adjoint."""
    random = torch.Generator().manual_seed(seed)
    out = max(1, math.ceil(length * scale - 1e-9))
    rows, columns = (axis(length, out, scale, dim, kernel) for dim in (-2, -1))
    u = torch.rand(2, 3, length, generator=random, dtype=torch.float64)
    v = torch.rand(2, 3, out, generator=random, dtype=torch.float64)
    matrix = columns.matrix()
    assert torch.allclose(rows.matrix(), matrix, atol=1e-12)
    assert torch.allclose(columns.apply(u), u @ matrix.T, atol=1e-12)
    assert torch.allclose(rows.apply(u.mT), matrix @ u.mT, atol=1e-12)
    assert (columns.apply(u) * v).sum().item() == pytest.approx((u * (v @ matrix)).sum().item(), abs=1e-10)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_downsampler_is_its_two_matrices(rng, scale):
    down = Downsampler(axis(24, 24 // scale, 1 / scale, -2), axis(36, 36 // scale, 1 / scale, -1))
    u = torch.from_numpy(rng.random((2, 3, 24, 36)))
    assert torch.allclose(down(u), down.rows.matrix() @ u @ down.columns.matrix().T, atol=1e-12)
    assert torch.allclose(down(u), imresize(u, 1 / scale), atol=1e-12)


@modest
@given(scale=scales, kernel=kernels, a=st.floats(-3, 3), seed=st.integers(0, 99))
def test_linear(scale, kernel, a, seed):
    u, v = np.random.default_rng(seed).random((2, 11, 14))
    together = imresize(a * u + v, scale, kernel=kernel)
    apart = a * imresize(u, scale, kernel=kernel) + imresize(v, scale, kernel=kernel)
    assert together == pytest.approx(apart, abs=1e-11)


@modest
@given(scale=scales, kernel=kernels.filter(lambda kernel: kernel not in ("nearest", "box")), seed=st.integers(0, 99))
def test_a_mirrored_image_gives_the_mirrored_result(scale, kernel, seed):
    # Only where the output grid is symmetric: an output that ceil() made longer is not.
    image = np.random.default_rng(seed).random((12, 12))
    size = (max(1, round(12 * scale)),) * 2
    result = imresize(image, size=size, kernel=kernel)
    assert imresize(image[:, ::-1], size=size, kernel=kernel)[:, ::-1] == pytest.approx(result, abs=1e-10)
    assert pytest.approx(result, abs=1e-10) == imresize(image.T, size=size, kernel=kernel).T


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_a_ramp_stays_a_ramp_away_from_the_borders(kernel):
    ramp = np.tile(np.arange(20.0), (5, 1))
    result = imresize(ramp, 3, kernel=kernel)
    positions = (np.arange(60) + 0.5) / 3 - 0.5
    assert result[7, 9:-9] == pytest.approx(positions[9:-9], abs=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_scale_one_changes_nothing(rng, kernel):
    image = rng.random((9, 7))
    assert imresize(image, 1, kernel=kernel) == pytest.approx(image, abs=1e-13)


@pytest.mark.parametrize(
    ("shape", "scale", "out"),
    [((255, 9), 1 / 3, (85, 3)), ((10, 11), 1 / 3, (4, 4)), ((7, 5), 1.5, (11, 8)), ((1, 1), 0.2, (1, 1))],
)
def test_the_output_has_ceil_of_scale_times_size(shape, scale, out):
    assert imresize(np.zeros(shape), scale).shape == out


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(6, 8), (3, 6, 8), (2, 3, 6, 8)])
def test_shape_and_type_of_a_tensor_stay(dtype, shape):
    result = imresize(torch.rand(shape).to(dtype), 2)
    assert (result.shape, result.dtype) == ((*shape[:-2], 12, 16), dtype)


def test_a_batch_is_resized_image_by_image():
    batch = torch.rand(4, 3, 9, 12, dtype=torch.float64)
    apart = torch.stack([imresize(plane, 1 / 3) for plane in batch])
    assert torch.allclose(imresize(batch, 1 / 3), apart, rtol=0, atol=1e-14)  # on some processors not to the last bit


def test_single_precision_is_close_to_double():
    x = torch.rand(3, 24, 24, dtype=torch.float64)
    assert (imresize(x.float(), 4).double() - imresize(x, 4)).abs().max() < 1e-6


def test_the_input_is_not_changed(rng):
    image = rng.integers(0, 256, (8, 8, 3), np.uint8)
    before = image.copy()
    imresize(image, 0.5)
    assert np.array_equal(image, before)


def test_views_and_read_only_arrays_work(rng):
    image = rng.integers(0, 256, (8, 10, 3), np.uint8)
    image.setflags(write=False)
    expected = imresize(image[::-1, ::-1].copy(), 0.5)
    assert np.array_equal(imresize(image[::-1, ::-1], 0.5), expected)


# -- rounding ------------------------------------------------------------------------------------------------------


def test_uint8_is_rounded_after_each_pass_rows_first(rng):
    image = rng.integers(0, 256, (32, 32), np.uint8)

    def rounded(x):
        return np.floor(np.clip(x, 0, 255) + 0.5)

    def both(first, second):
        return rounded(imresize(rounded(imresize(image.astype(float), size=first)), size=second))

    rows_first, columns_first = both((16, 32), (16, 16)), both((32, 16), (16, 16))
    assert np.array_equal(imresize(image, 0.5), rows_first)
    assert not np.array_equal(rows_first, columns_first)
    once = rounded(imresize(image.astype(float), 0.5))
    assert np.mean(once != rows_first) > 0.02


def test_the_dimension_that_shrinks_most_goes_first(rng):
    image = rng.integers(0, 256, (32, 32), np.uint8)
    step = imresize(imresize(image, size=(32, 8)), size=(16, 8))
    assert np.array_equal(imresize(image, size=(16, 8)), step)
    step = imresize(imresize(image, size=(8, 32)), size=(8, 16))
    assert np.array_equal(imresize(image, size=(8, 16)), step)


def test_uint8_overshoot_is_clipped():
    edge = np.zeros((8, 8), np.uint8)
    edge[:, 4:] = 255
    result = imresize(edge, 4)
    assert (result.min(), result.max()) == (0, 255)
    assert imresize(edge.astype(float), 4).max() > 255


def test_halves_round_up():
    image = np.array([[1, 2], [1, 2]], np.uint8)
    assert imresize(image, size=(1, 1), kernel="box").tolist() == [[2]]


# -- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"scale": 2, "size": (4, 4)},
        {"scale": 0},
        {"scale": -2},
        {"scale": float("nan")},
        {"scale": float("inf")},
        {"size": (0, 4)},
        {"size": (4, -1)},
        {"scale": 2, "kernel": "cubic"},
    ],
    ids=str,
)
def test_arguments_that_make_no_image_are_errors(arguments):
    with pytest.raises(SrbenchError):
        imresize(np.zeros((4, 4)), **arguments)


@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.int8, bool])
def test_types_that_are_neither_uint8_nor_floating_are_errors(dtype):
    with pytest.raises(SrbenchError, match="uint8 or floating point"):
        imresize(np.zeros((4, 4), dtype), 2)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4, 4)])
def test_arrays_that_are_no_image_are_errors(shape):
    with pytest.raises(SrbenchError):
        imresize(np.zeros(shape), 2)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_gives_the_same_image():
    x = torch.randint(0, 256, (3, 64, 80), dtype=torch.uint8)
    assert torch.equal(imresize(x.cuda(), 1 / 4).cpu(), imresize(x, 1 / 4))
    y = torch.rand(3, 64, 80, dtype=torch.float64)
    assert torch.allclose(imresize(y.cuda(), 4).cpu(), imresize(y, 4), atol=1e-12)
