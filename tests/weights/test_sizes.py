"""Sizes of networks from names and shapes of tensors, and what is said where they cannot be read."""

import pytest
import torch

from srbench.errors import WeightsError
from srbench.weights import sizes

STATE = {
    "conv1.weight": torch.empty(64, 1, 5, 5),
    "conv1.bias": torch.empty(64),
    "blocks.0.weight": torch.empty(32, 64, 3, 3),
    "blocks.1.weight": torch.empty(9, 32, 3, 3),
    "gaps.0.bias": torch.empty(1),
    "gaps.2.bias": torch.empty(1),
}


def test_kernels_by_name_and_in_a_chain():
    assert sizes.kernel(STATE, "conv1.weight") == (64, 1, 5)
    assert sizes.chain(STATE) == [(64, 1, 5), (32, 64, 3), (9, 32, 3)]
    mixed = dict(sorted(STATE.items()))
    assert sizes.chain(mixed, ["conv1", "blocks.0", "blocks.1", "blocks.2"]) == sizes.chain(STATE)
    with pytest.raises(WeightsError, match="these are not convolutions that follow one another"):
        sizes.chain(mixed)


def test_what_is_numbered_is_counted():
    assert sizes.count(STATE, r"^blocks\.(\d+)\.") == 2
    assert sizes.count({f"B{n}.x": torch.empty(1) for n in range(1, 12)}, r"^B(\d+)\.") == 11


@pytest.mark.parametrize(
    ("channels", "colours", "scale"), [(12, 3, 2), (27, 3, 3), (48, 3, 4), (9, 1, 3), (256, 64, 2)]
)
def test_the_scale_of_a_sub_pixel_convolution(channels, colours, scale):
    assert sizes.shuffled(channels, colours) == scale


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: sizes.tensor(STATE, "first.weight"), "cannot be read: there is no tensor 'first.weight'"),
        (lambda: sizes.kernel(STATE, "conv1.bias"), r"'conv1.bias' is \(64,\), not the square kernel of a convolution"),
        (lambda: sizes.count(STATE, r"^layers\.(\d+)\."), "no tensors like"),
        (lambda: sizes.count(STATE, r"^gaps\.(\d+)\."), "gaps among tensors like"),
        (lambda: sizes.shuffled(10), "10 channels are no sub-pixel convolution to 3"),
        (lambda: sizes.shuffled(3), "3 channels are no sub-pixel convolution to 3"),
        (lambda: sizes.shuffled(64, 0), "64 channels are no sub-pixel convolution to 0"),
        (lambda: sizes.chain({}), "not convolutions that follow one another"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_is_there(read, message):
    with pytest.raises(WeightsError, match=message) as caught:
        read()
    assert caught.value.hint
