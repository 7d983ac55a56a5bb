"""HR to LR, by name."""

import numpy as np
import pytest
import torch

from srbench import degradation
from srbench.errors import UnknownNameError
from srbench.resize import imresize


@pytest.fixture
def bicubic():
    return degradation.get("bicubic")


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_bicubic_is_imresize(bicubic, rng, scale):
    hr = torch.from_numpy(rng.integers(0, 256, (3, 48, 72), np.uint8))
    lr = bicubic(hr, scale)
    assert (lr.shape, lr.dtype) == ((3, 48 // scale, 72 // scale), torch.uint8)
    assert np.array_equal(lr.permute(1, 2, 0).numpy(), imresize(hr.permute(1, 2, 0).numpy(), 1 / scale))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_floating_point_is_not_rounded(bicubic, rng, scale):
    hr = torch.from_numpy(rng.integers(0, 256, (48, 72)).astype(float))
    lr = bicubic(hr, scale)
    assert lr.dtype == torch.float64
    assert (lr - lr.round()).abs().max() > 0.1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_operator_is_the_linear_part(bicubic, scale):
    hr = torch.rand(3, 48, 72, dtype=torch.float64)
    operator = bicubic.operator(48, 72, scale)
    assert torch.allclose(operator(hr), bicubic(hr, scale), atol=1e-12)
    assert (operator.rows.length, operator.rows.out_length) == (48, 48 // scale)
    assert (operator.columns.length, operator.columns.out_length) == (72, 72 // scale)


def test_the_same_image_gives_the_same_lr_twice(bicubic, rng):
    hr = torch.from_numpy(rng.integers(0, 256, (3, 24, 24), np.uint8))
    assert torch.equal(bicubic(hr, 2), bicubic(hr, 2))


def test_the_key_holds_name_and_version():
    one, two = degradation.Bicubic(), degradation.Bicubic(version=2)
    assert one.key.startswith("bicubic/")
    assert one.key != two.key


def test_every_degradation_stands_under_its_own_name():
    for name, entry in degradation.DEGRADATIONS.items():
        assert entry.name == name
        assert entry.key.partition("/")[0] == name


def test_an_unknown_name_is_an_error_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean bicubic"):
        degradation.get("bicubik")
