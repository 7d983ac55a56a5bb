"""What a plugin says of its files: paths, or an error of the plugin that names it."""

from pathlib import Path

import pytest

from srbench.foreign.contained import PluginError
from srbench.foreign.named_files import named_files


class Odd:
    def __fspath__(self):
        raise SystemExit(0)


class Endless:
    def __iter__(self):
        raise GeneratorExit


def raises():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "ask",
    [
        *(lambda value=value: value for value in (None, 3, [None], [3], {2: None}, [b"x"], [[]], (n for n in [1]))),
        *(lambda: [Odd()], Endless, raises, lambda: 1 / 0),
    ],
)
def test_what_is_no_list_of_paths_is_the_plugins_error(ask):
    with pytest.raises(PluginError, match=r"^weight_files\(\) of mine: \w+"):
        named_files(ask, "weight_files() of mine")


@pytest.mark.parametrize("value", [(), [], ["a"], [Path("a")], {"a": 1}, (text for text in "a")])
def test_texts_and_paths_in_whatever_can_be_gone_through_are_taken(value):
    assert named_files(lambda: value, "x") == [Path("a")][: bool(value)]
