"""What methods are timed on."""

import pytest

from srbench.errors import SrbenchError
from srbench.method import plugins
from srbench.timing.subjects import parse_size, synthetic


def test_luma_methods_are_fed_one_channel():
    luma, colour = (plugins.instantiate(plugins.find(name)[0]) for name in ("srcnn", "edsr"))
    assert synthetic(8, 6, 2).input_for(luma).shape == (1, 1, 6, 8)
    assert synthetic(8, 6, 2).input_for(colour).shape == (1, 3, 6, 8)


@pytest.mark.parametrize("text", ["", "320", "320x", "axb", "0x3", "3x3x3", "-3x3", "٣x٣"])
def test_sizes_that_are_none(text):
    with pytest.raises(SrbenchError, match="is not a size"):
        parse_size(text)
