"""How many frames of a clip methods are given."""

import pytest

from srbench.method import plugins
from srbench.method.frames import window
from srbench.run.windows import given

CARDS = {plugin.name: plugin.value.card for plugin in plugins.discover()}


@pytest.mark.parametrize("name", CARDS)
def test_a_run_gives_every_method_as_many_as_a_video_does(name):
    assert given(CARDS[name].frames, 0) == window(CARDS[name])


@pytest.mark.parametrize(
    ("frames", "asked", "expected"),
    [
        *(((1,), 0, 1), ((1,), 5, 1)),
        *(((1, 3), 0, 3), ((1, 3), 1, 1), ((1, 5), 0, 5), ((1, 5), 4, 1)),
        *(((3, 5, 7), 0, 5), ((3, 5, 7), 4, 3), ((3,), 2, 1)),
        *(("any", 0, 5), ("any", 7, 7)),
    ],
)
def test_as_many_as_suit_or_as_are_asked_for(frames, asked, expected):
    assert given(frames, asked) == expected
