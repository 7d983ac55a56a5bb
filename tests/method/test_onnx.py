"""ONNX models as methods: what onnxruntime computes, and what cannot be one is said. The models are written by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from srbench import api
from srbench.errors import NotSupportedError, WeightsError
from srbench.method import onnx, plugins


def field(number, value):
    """One field of a protocol buffer: a whole number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value):
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def attribute(name, value):
    if isinstance(value, list):
        return field(5, field(1, name) + b"".join(field(8, item) for item in value) + field(20, 7))
    if isinstance(value, str):
        return field(5, field(1, name) + field(4, value) + field(20, 3))
    return field(5, field(1, name) + field(3, value) + field(20, 2))


def node(kind, inputs, output, **attributes):
    names = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)
    return field(1, names + b"".join(attribute(name, value) for name, value in attributes.items()))


def tensor(name, values):
    dims = b"".join(field(1, size) for size in values.shape)
    return field(5, dims + field(2, 1) + field(8, name) + field(9, values.numpy().tobytes()))


def value(number, name, axes):
    dims = b"".join(field(1, field(1, axis) if isinstance(axis, int) else field(2, axis)) for axis in axes)
    return field(number, field(1, name) + field(2, field(1, field(1, 1) + field(2, dims))))


def model(conv, scale, axes=("n", 3, "h", "w")):
    """A convolution and a pixel shuffle, as an exporter writes them."""
    channels = conv.weight.shape[0] // scale**2
    graph = node("Conv", ["x", "weight", "bias"], "y", pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    graph += node("DepthToSpace", ["y"], "z", blocksize=scale, mode="CRD")
    graph += field(2, "net") + tensor("weight", conv.weight.detach()) + tensor("bias", conv.bias.detach())
    graph += value(11, "x", axes) + value(12, "z", ("n", channels, "H", "W"))
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph)


@pytest.fixture
def conv():
    torch.manual_seed(0)
    return nn.Conv2d(3, 12, 3, padding=1)


def test_without_onnxruntime_the_extra_is_named(tmp_path, monkeypatch, conv):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    (tmp_path / "net.onnx").write_bytes(model(conv, 2))
    with pytest.raises(WeightsError, match=r"onnxruntime is not installed; pip install 'srbench\[onnx\]'"):
        plugins.find(str(tmp_path / "net.onnx"))
    with pytest.raises(WeightsError, match="no model at"):
        plugins.find(str(tmp_path / "gone.onnx"))


class TestWithOnnxruntime:
    @pytest.fixture(autouse=True)
    def needs(self):
        pytest.importorskip("onnxruntime")

    def test_a_model_computes_what_the_network_does(self, tmp_path, conv):
        (tmp_path / "net.onnx").write_bytes(model(conv, 2))
        (plugin,) = plugins.find(f"mine={tmp_path / 'net.onnx'}")
        method = plugins.instantiate(plugin)
        assert (plugin.name, method.card.scales, method.card.colour) == ("mine", (2,), "rgb")
        image = torch.rand(2, 3, 7, 9)
        expected = nn.PixelShuffle(2)(conv(image)).detach()
        assert torch.allclose(method.upscale(image, 2), expected, atol=1e-6)
        assert method.weight_files() == [tmp_path / "net.onnx"]

    def test_a_picture_is_upscaled_by_its_path(self, tmp_path, conv):
        (tmp_path / "net.onnx").write_bytes(model(conv, 2))
        picture = np.full((6, 8, 3), 128, np.uint8)
        assert api.upscale(str(tmp_path / "net.onnx"), picture, 2, device="cpu").shape == (12, 16, 3)

    def test_weights_outside_of_the_file_are_part_of_the_identity(self, tmp_path, conv):
        path = tmp_path / "net.onnx"
        path.write_bytes(model(conv, 2))
        (tmp_path / "net.onnx.data").write_bytes(b"1")
        assert onnx.method_from(path)().weight_files() == [path, tmp_path / "net.onnx.data"]

    @pytest.mark.parametrize(
        ("axes", "match"),
        [
            (("n", 3, 64, 64), "takes images of 64 x 64 alone; export it with dynamic axes"),
            (("n", "h", "w", 3), "takes n x h x w x 3; batch x 1 or 3 channels"),
            (("n", 5, "h", "w"), "takes n x 5 x h x w; batch x 1 or 3 channels"),
        ],
    )
    def test_models_of_other_axes_are_not_supported(self, tmp_path, axes, match):
        conv = nn.Conv2d(axes[1] if isinstance(axes[1], int) else 3, 12, 3)
        (tmp_path / "net.onnx").write_bytes(model(conv, 2, axes))
        with pytest.raises((NotSupportedError, WeightsError), match=match):
            onnx.method_from(tmp_path / "net.onnx")

    def test_a_network_that_enlarges_nothing_is_not_supported(self, tmp_path):
        (tmp_path / "net.onnx").write_bytes(model(nn.Conv2d(3, 3, 3), 1))
        with pytest.raises(NotSupportedError, match="is not a super-resolution network"):
            onnx.method_from(tmp_path / "net.onnx")

    @pytest.mark.parametrize("content", [b"", b"\x08\x07", b"<html>", b"\0" * 500])
    def test_a_damaged_model_is_one_line(self, tmp_path, content):
        (tmp_path / "net.onnx").write_bytes(content)
        with pytest.raises((WeightsError, NotSupportedError)) as error:
            onnx.method_from(tmp_path / "net.onnx")
        assert "\n" not in str(error.value)
