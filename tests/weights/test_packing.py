"""Kernels in 8 bits: how far they are off, what is left alone, and that a packed file loads like any other."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import save_file
from torch import nn

from srbench.weights.files import load_into
from srbench.weights.packing import MARK, pack, unpack

kernels = arrays(np.float32, (2, 3, 8, 8), elements=st.floats(-2, 2, width=32))


@given(kernels)
def test_every_tap_is_within_half_a_step_of_its_own_kernel(values):
    weight = torch.from_numpy(values)
    packed = pack({"w": weight}, ["w"])
    assert packed["w"].dtype == torch.int8
    assert packed["w" + MARK].shape == (2, 3, 1, 1)
    step = weight.abs().amax(dim=(2, 3), keepdim=True) / 127
    # The scale is rounded itself: to 11 bits, but never more finely than half of 2**-24, which counts 127 times.
    assert ((unpack(packed)["w"] - weight).abs() <= 0.57 * step + 64 * 2.0**-24).all()


def test_kernels_of_one_tap_vectors_and_counters_are_not_packed():
    weights = {"conv": torch.rand(4, 4, 1, 1), "bias": torch.rand(200), "seen": torch.tensor(7)}
    packed = pack(weights, ["conv", "bias", "seen"])
    assert [value.dtype for value in packed.values()] == [torch.float16, torch.float16, torch.int64]
    assert all(torch.equal(unpack(packed)[key], packed[key]) for key in weights)


def test_kernels_are_packed_where_their_part_is_named():
    weights = {"blocks.0": torch.rand(4, 4, 3, 3), "first": torch.rand(4, 3, 3, 3), "blocks.bias": torch.rand(4)}
    packed = pack(weights, ["blocks."])
    assert {key: value.dtype for key, value in packed.items()} == {
        "blocks.0": torch.int8,
        "blocks.0" + MARK: torch.float16,
        "first": torch.float16,
        "blocks.bias": torch.float16,
    }
    assert ((unpack(packed)["blocks.0"] - weights["blocks.0"]).abs() <= 0.57 / 127).all()


def test_where_a_part_is_named_nothing_else_is_packed():
    weights = {"blocks.0": torch.rand(2, 2, 3, 3), "last": torch.rand(2, 2, 9, 9)}
    assert pack(weights, ("blocks.", "last"))["last"].dtype == torch.int8
    assert pack(weights, ("blocks.",))["last"].dtype == torch.float16


def test_packing_what_was_packed_changes_nothing():
    packed = pack({"w": torch.randn(40, 50, 8, 8, generator=torch.Generator().manual_seed(0))}, ["w"])
    again = pack(unpack(packed), ["w"])
    assert torch.equal(again["w"], packed["w"])
    assert torch.equal(again["w" + MARK], packed["w" + MARK])


def test_a_packed_file_loads_like_any_other(tmp_path):
    torch.manual_seed(0)
    source, network = nn.ConvTranspose2d(3, 4, 8, 4, 2), nn.ConvTranspose2d(3, 4, 8, 4, 2)
    save_file(pack(source.state_dict(), ["weight"]), tmp_path / "w.safetensors")
    audit = load_into(network, tmp_path / "w.safetensors")
    assert audit.complete
    assert audit.matched == 2
    assert 0 < (network.weight - source.weight).abs().max() < 0.01 * source.weight.abs().max()
