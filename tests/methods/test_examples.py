"""What A+ and sparse coding share: the features of a patch, by the taps of their filters."""

import numpy as np
import pytest
import torch

from srbench import dataset
from srbench.imaging.color import luma
from srbench.methods.aplus import differences

SCALES = (2, 3, 4)


@pytest.fixture(scope="module")
def photograph():
    """(H, W) double: Y of a picture of the embedded sample."""
    pixels = dataset.find("sample").images[0].read()
    return luma(torch.from_numpy(pixels.copy()).permute(2, 0, 1)) / 255


def correlated(lines, taps):
    """Rows of an image with a filter, where all of it lies in the image: (H, W) to (H, W - len(taps) + 1)."""
    return np.stack([np.correlate(line, taps, "valid") for line in lines])


def both(maps, rows, columns):
    return (maps[0, rows].numpy(), maps[0, columns].numpy().T)


@pytest.mark.parametrize("scale", SCALES)
def test_first_differences_are_those_of_the_papers_filter(photograph, scale):
    """[1, 0 (scale - 1 times), -1], as Zeyde et al. and the scripts of A+ have it: its two taps lie ``scale`` apart."""
    taps = np.array([1.0, *[0.0] * (scale - 1), -1.0])
    maps = differences(photograph[None, None], scale)
    assert maps.shape == (1, 4, *photograph.shape)
    for own, lines in zip(both(maps, 0, 1), (photograph.numpy(), photograph.numpy().T), strict=True):
        expected = -correlated(lines, taps)  # what lies ahead minus what lies behind
        begin = scale // 2
        assert np.allclose(own[:, begin : begin + expected.shape[1]], expected, atol=1e-12)
        assert np.abs(expected).max() > 0.1


@pytest.mark.parametrize("scale", SCALES)
def test_second_differences_are_those_of_the_papers_filter(photograph, scale):
    between = [0.0] * (scale - 1)
    taps = np.array([1.0, *between, -2.0, *between, 1.0]) / 2
    maps = differences(photograph[None, None], scale)
    for own, lines in zip(both(maps, 2, 3), (photograph.numpy(), photograph.numpy().T), strict=True):
        assert np.allclose(own[:, scale:-scale], correlated(lines, taps), atol=1e-12)


@pytest.mark.parametrize("scale", SCALES)
def test_first_differences_are_centred_where_that_can_be(scale):
    """At odd scales the middle of the two taps is half a pixel ahead: an even number of pixels has no middle one."""
    impulse = torch.zeros(1, 1, 33, 33, dtype=torch.float64)
    impulse[..., 16, 16] = 1
    across, down = differences(impulse, scale)[0, :2]
    for line in (across[16], down[:, 16]):
        (ahead,) = torch.nonzero(line == 1).flatten() - 16
        (behind,) = torch.nonzero(line == -1).flatten() - 16
        assert int(behind - ahead) == scale
        assert int(behind + ahead) == -(scale % 2)
    assert across.count_nonzero() == down.count_nonzero() == 2


def test_differences_at_the_border_are_those_of_a_replicated_image(photograph):
    maps = differences(photograph[None, None], 3)
    wide = torch.nn.functional.pad(photograph[None, None], (6, 6, 6, 6), mode="replicate")
    assert torch.allclose(differences(wide, 3)[..., 6:-6, 6:-6], maps)
