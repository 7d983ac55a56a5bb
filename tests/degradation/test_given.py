"""LR images that came with the HR images: nothing is known of how they were made."""

import pytest
import torch

from srbench import degradation
from srbench.errors import NotSupportedError

GIVEN = degradation.get("given", seed=3)


def test_its_key_depends_on_nothing_as_the_pixels_are_in_the_cells_own():
    assert GIVEN.key == "given/v1"


def test_it_makes_no_images_and_has_no_operator():
    with pytest.raises(NotSupportedError, match="how given LR images were made of the HR images is not known"):
        GIVEN(torch.zeros(3, 8, 8), 4)
    with pytest.raises(NotSupportedError, match="is not known"):
        GIVEN.operator(8, 8, 4)


def test_its_noise_is_not_known_and_it_has_every_scale():
    assert GIVEN.noise_sigma() is None
    GIVEN.require_scale(7)
