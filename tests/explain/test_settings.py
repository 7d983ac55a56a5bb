"""The grid of settings, and what they are called."""

from dataclasses import replace

import pytest

from srbench.explain.settings import LR, SPACES, Grid
from srbench.protocol.base import BASICSR, CLASSIC, MATLAB_RGB, PROTOCOLS

PLAIN = {colour: Grid(colour, grey=False, ssim=False) for colour in ("any", "luma", "rgb")}


@pytest.mark.parametrize("colour", ["any", "luma", "rgb"])
@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_named_protocol_is_in_the_grid_once(colour, name):
    grid = PLAIN[colour]
    named = grid.setting(PROTOCOLS[name])
    assert [grid.setting(rules) for rules in grid.protocols()].count(named) == 1
    assert grid.nearest(named)[1] == ()
    assert grid.script(named) == ""


@pytest.mark.parametrize("colour", ["any", "rgb"])
def test_settings_differ(colour):
    for grey, ssim in ((False, False), (True, True)):
        grid = Grid(colour, grey, ssim)
        settings = [grid.setting(rules) for rules in grid.protocols()]
        assert len(set(settings)) == len(settings)


def test_the_grid_is_of_the_size_that_is_told():
    assert len(list(PLAIN["rgb"].protocols())) == 4 * 5 * 3 * 2
    assert len(list(PLAIN["luma"].protocols())) == 4 * 5 * 3 * 2 + 2 * 3 * 2
    assert {PLAIN["luma"].lr(rules) for rules in PLAIN["luma"].protocols()} == set(LR)
    assert {PLAIN["rgb"].setting(rules).space for rules in PLAIN["rgb"].protocols()} == set(SPACES)


@pytest.mark.parametrize(
    ("rules", "nearest", "departures", "script"),
    [
        (replace(BASICSR, luma_rounded=True), "basicsr", ["rounded"], "IMDN's and KAIR's scripts"),
        (replace(BASICSR, space="rgb", shave_pixels=6), "basicsr", ["channels", "6 pixels"], "EDSR's script on DIV2K"),
        (replace(MATLAB_RGB, shave=0), "matlab-rgb", ["no border shaved"], ""),
        (replace(BASICSR, resize="opencv"), "basicsr", ["LR by OpenCV"], ""),
        (
            replace(CLASSIC, luma_rounded=False, sr_rounded=False),
            *("classic", ["measured on Y", "SR not rounded"], "the script of twtygqyy's VDSR"),
        ),
    ],
)
def test_settings_in_words(rules, nearest, departures, script):
    grid = PLAIN["luma"]
    setting = grid.setting(rules)
    name, words = grid.nearest(setting)
    assert name == nearest
    assert len(words) == len(departures)
    assert all(part in text for part, text in zip(departures, words, strict=True))
    assert grid.script(setting) == script


def test_an_rgb_method_has_no_setting_of_y():
    grid = PLAIN["rgb"]
    assert grid.setting(replace(CLASSIC, luma_rounded=False)) == grid.setting(MATLAB_RGB)
    assert "matlab Y" not in {grid.lr(rules) for rules in grid.protocols()}
