"""MATLAB files: MatConvNet's networks with torch's axes, and what torch's layers cannot do is said."""

import numpy as np
import pytest
import torch
from scipy.io import savemat
from torch.nn import functional

from srbench.errors import WeightsError
from srbench.weights import mat5, matlab
from srbench.weights.files import load_state

RNG = np.random.default_rng(0)


def filters(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def cell(*values):
    made = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        made[0, place] = value
    return made


def correlated(image, weights):
    """MatConvNet's vl_nnconv by its formula: (H, W, in) with (h, w, in, out), no pad."""
    height, width = (image.shape[axis] - weights.shape[axis] + 1 for axis in (0, 1))
    result = np.zeros((height, width, weights.shape[3]))
    for y in range(height):
        for x in range(width):
            patch = image[y : y + weights.shape[0], x : x + weights.shape[1]]
            result[y, x] = np.tensordot(patch, weights, axes=([0, 1, 2], [0, 1, 2]))
    return result


def transposed(image, weights, upsample, crop):
    """MatConvNet's vl_nnconvt by its formula: (H, W, in) with (h, w, out, in), cut by [top bottom left right]."""
    size = [upsample * (image.shape[axis] - 1) + weights.shape[axis] for axis in (0, 1)]
    result = np.zeros((*size, weights.shape[2]))
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            rows = slice(upsample * y, upsample * y + weights.shape[0])
            columns = slice(upsample * x, upsample * x + weights.shape[1])
            result[rows, columns] += weights @ image[y, x]
    top, bottom, left, right = crop
    return result[top : size[0] - bottom, left : size[1] - right]


def to_torch(image):
    return torch.from_numpy(image.transpose(2, 0, 1).copy()).double()[None]


def simple(*layers):
    return {"net": {"layers": cell(*layers), "meta": {"inputSize": np.array([1, 2])}}, "stats": np.arange(3.0)}


CONV = filters(3, 5, 2, 4)
BIAS = filters(4, 1)


def test_a_chain_of_layers_has_torchs_axes_and_computes_what_matconvnet_does(tmp_path):
    layer = {"type": "conv", "name": "conv1", "weights": cell(CONV, BIAS), "stride": np.array([[1, 1]]), "pad": 0}
    savemat(tmp_path / "net.mat", simple(layer, {"type": "relu", "name": "relu1"}))
    tensors, _ = load_state(tmp_path / "net.mat")
    assert {key: tuple(value.shape) for key, value in tensors.items()} == {
        "conv1.weight": (4, 2, 3, 5),
        "conv1.bias": (4,),
    }
    image = filters(9, 8, 2)
    ours = functional.conv2d(to_torch(image), tensors["conv1.weight"].double(), tensors["conv1.bias"].double())
    theirs = correlated(image, CONV) + BIAS.ravel()
    assert np.allclose(ours[0].numpy().transpose(1, 2, 0), theirs, atol=1e-5)


@pytest.mark.parametrize("crop", [(1, 1, 1, 1), (0, 1, 0, 1), (2, 0, 1, 0)])
def test_a_transposed_convolution_is_torchs_and_a_crop_on_one_side_is_named(tmp_path, crop):
    weights = filters(4, 4, 3, 2)  # out before in
    layer = {"type": "convt", "name": "up", "weights": cell(weights, np.zeros((0, 0))), "upsample": 2}
    savemat(tmp_path / "net.mat", simple(layer | {"crop": np.array([crop])}))
    found = matlab.read(tmp_path / "net.mat")
    image = filters(5, 6, 2)
    whole = functional.conv_transpose2d(to_torch(image), found.tensors["up.weight"].double(), stride=2)[0].numpy()
    top, bottom, left, right = crop
    cut = whole[:, top : whole.shape[1] - bottom, left : whole.shape[2] - right].transpose(1, 2, 0)
    assert np.allclose(cut, transposed(image, weights, 2, crop), atol=1e-5)
    assert found.layers[0]["crop"] == list(crop)
    if top == bottom:
        assert (found.notes, found.doubt) == ([], "")
        assert len(load_state(tmp_path / "net.mat")[0]) == 1
        return
    (note,) = found.notes
    assert f"crop [{top} {bottom} {left} {right}]" in note
    remedy = {(0, 1, 0, 1): "[..., :-1, :-1]", (2, 0, 1, 0): "[..., 2:, 1:]"}[crop]
    assert f"take padding=0 and cut the result to {remedy}" in note
    with pytest.raises(WeightsError, match=r"crop \[.*srbench convert "):
        load_state(tmp_path / "net.mat")


def test_crop_0_1_0_1_and_torchs_output_padding_are_one_pixel_apart(tmp_path):
    """A 3x3 kernel, twice: MatConvNet's [0 1 0 1] begins with the whole result's first pixel, torch with its second."""
    weights, image = filters(3, 3, 1, 1), filters(4, 4, 1)
    theirs = transposed(image, weights, 2, (0, 1, 0, 1))[..., 0]
    kernel = torch.from_numpy(weights.transpose(3, 2, 0, 1).copy()).double()
    ours = functional.conv_transpose2d(to_torch(image), kernel, stride=2, padding=1, output_padding=1)[0, 0].numpy()
    assert ours.shape == theirs.shape == (8, 8)
    assert not np.allclose(ours, theirs, atol=1e-3)
    assert np.allclose(ours[:-1, :-1], theirs[1:, 1:], atol=1e-5)


def test_a_graph_names_tensors_by_its_layers_and_shared_ones_once(tmp_path):
    params = np.array(
        [
            *(("f1", CONV), ("b1", BIAS), ("f2", filters(3, 3, 4, 4)), ("g", filters(4, 1)), ("h", filters(4, 1))),
            *(("m", np.abs(filters(4, 2))), ("free", filters(2, 2))),
        ],
        dtype=[("name", object), ("value", object)],
    )
    layers = np.empty((1, 4), [("name", object), ("type", object), ("params", object), ("block", object)])
    block = {"pad": np.array([[1, 1, 1, 1]]), "stride": np.array([[1, 1]])}
    layers[0, 0] = ("first", "dagnn.Conv", cell("f1", "b1"), block)
    layers[0, 1] = ("second", "dagnn.Conv", cell("f2"), block)
    layers[0, 2] = ("third", "dagnn.Conv", cell("f2"), block)
    layers[0, 3] = ("norm", "dagnn.BatchNorm", cell("g", "h", "m"), {"epsilon": 1e-4})
    savemat(tmp_path / "net.mat", {"net": {"layers": layers, "params": params[None], "vars": np.zeros(2)}})
    found = matlab.read(tmp_path / "net.mat")
    assert found.kind == "MatConvNet, DagNN"
    assert list(found.tensors) == [
        *("first.weight", "first.bias", "second.weight"),
        *("norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"),
    ]
    moments = params[5][1]
    assert np.allclose(found.tensors["norm.running_var"], moments[:, 1] ** 2)
    assert found.dropped == {"free": "an array of 2 x 2, of no layer"}
    assert found.notes == [
        "third shares the weights of second",
        "norm: epsilon is in the variance: give the layer eps=0",
    ]


def test_axes_of_one_that_matlab_leaves_out_come_back(tmp_path):
    savemat(
        tmp_path / "net.mat", {"model": {"weight": cell(filters(3, 3, 1, 8), filters(3, 3, 8)), "bias": cell(1, 2)}}
    )
    tensors, _ = load_state(tmp_path / "net.mat")
    assert [tuple(value.shape) for value in tensors.values()] == [(8, 1, 3, 3), (1,), (1, 8, 3, 3), (1,)]


def test_the_files_of_srcnns_authors_have_their_taps_column_by_column(tmp_path):
    first, second, third = filters(9, 4), filters(4, 25, 2), filters(2, 9)
    arrays = {"weights_conv1": first, "weights_conv2": second, "weights_conv3": third}
    biases = {f"biases_conv{n}": filters(size, 1) for n, size in ((1, 4), (2, 2), (3, 1))}
    savemat(tmp_path / "x3.mat", arrays | biases)
    tensors, _ = load_state(tmp_path / "x3.mat")
    assert tuple(tensors["conv2.weight"].shape) == (2, 4, 5, 5)
    # As SRCNN.m: reshape(weights_conv1(:, i), 3, 3) and reshape(weights_conv2(j, :, i), 5, 5), column by column.
    assert np.array_equal(tensors["conv1.weight"][3, 0].numpy(), first[:, 3].reshape(3, 3, order="F"))
    assert np.array_equal(tensors["conv2.weight"][1, 2].numpy(), second[2, :, 1].reshape(5, 5, order="F"))
    assert np.array_equal(tensors["conv3.weight"][0, 1].numpy(), third[1].reshape(3, 3, order="F"))
    assert list(tensors) == [f"conv{n}.{kind}" for n in (1, 2, 3) for kind in ("weight", "bias")]


def test_arrays_of_no_known_layout_are_not_used_unseen(tmp_path):
    savemat(tmp_path / "x.mat", {"a": {"b": filters(3, 3, 2, 5)}, "c": filters(1, 7)})
    with pytest.raises(WeightsError, match=r"cannot be used as it is: it says nothing of layers; .*height x width"):
        load_state(tmp_path / "x.mat")
    found = matlab.read(tmp_path / "x.mat")
    assert {name: tuple(value.shape) for name, value in found.tensors.items()} == {"a.b": (5, 2, 3, 3), "c": (1, 7)}


def test_version_7_3_and_a_compressed_bomb_are_refused(tmp_path):
    (tmp_path / "x.mat").write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(WeightsError, match=r"version 7\.3, which is HDF5; save it in MATLAB with -v7"):
        load_state(tmp_path / "x.mat")
    savemat(tmp_path / "y.mat", {"a": np.zeros((1 << 11, 1 << 11), np.int8)}, do_compression=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mat5, "_LARGEST", 1 << 20)
        with pytest.raises(WeightsError, match="unpacks to more than"):
            load_state(tmp_path / "y.mat")


def test_the_authors_vdsr_has_twenty_layers_with_biases(real_checkpoints):
    tensors, _ = load_state(real_checkpoints / "VDSR_Official.mat")
    shapes = [tuple(value.shape) for value in tensors.values()]
    middle = [(64, 64, 3, 3), (64,)] * 18
    assert shapes == [(64, 1, 3, 3), (64,), *middle, (1, 64, 3, 3), (1,)]
