"""The grid of settings, and what they are called."""

from dataclasses import replace

import pytest

from srbench.explain.settings import LR, SPACES, Grid
from srbench.protocol import BASICSR, CLASSIC, MATLAB_RGB, PROTOCOLS

PLAIN = {colour: Grid(colour, grey=False, ssim=False) for colour in ("any", "luma", "rgb")}


@pytest.mark.parametrize("colour", ["any", "luma", "rgb"])
@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_named_protocol_is_in_the_grid_once(colour, name):
    grid = PLAIN[colour]
    named = grid.setting(PROTOCOLS[name])
    assert [grid.setting(rules) for rules in grid.protocols()].count(named) == 1
    assert grid.nearest(named)[1] == ()
    assert name in grid.alike(named)
    assert grid.script(named) == ""


@pytest.mark.parametrize("colour", ["any", "rgb"])
def test_settings_differ(colour):
    for grey, ssim in ((False, False), (True, True)):
        grid = Grid(colour, grey, ssim)
        settings = [grid.setting(rules) for rules in grid.protocols()]
        assert len(set(settings)) == len(settings)


def test_the_grid_is_of_the_size_that_is_told():
    at_x4 = {colour: replace(grid, scales=(4,)) for colour, grid in PLAIN.items()}
    # vsr-y-8 shaves eight pixels, as no other does.
    assert len(list(at_x4["rgb"].protocols())) == 4 * 5 * 3 * 2 + 1
    assert len(list(at_x4["luma"].protocols())) == 4 * 5 * 3 * 2 + 2 * 3 * 2 + 1
    assert len(list(PLAIN["rgb"].protocols())) == 4 * 5 * 3 * 2 + 2  # four pixels, which are the scale at x4
    assert {PLAIN["luma"].lr(rules) for rules in PLAIN["luma"].protocols()} == set(LR)
    assert {PLAIN["rgb"].setting(rules).space for rules in PLAIN["rgb"].protocols()} == set(SPACES)


@pytest.mark.parametrize(
    ("rules", "nearest", "departures", "script"),
    [
        (replace(BASICSR, luma_rounded=True), "basicsr", ["rounded"], "IMDN's and KAIR's scripts"),
        (replace(BASICSR, space="rgb", shave=0), "rgb", ["no border shaved"], ""),
        (replace(BASICSR, space="rgb", sr_rounded=False, shave_pixels=6), "div2k", ["SR not rounded"], ""),
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


def test_what_decides_alike_at_a_scale_is_one_setting():
    grid = replace(PLAIN["rgb"], scales=(4,))
    setting = grid.setting(PROTOCOLS["ntire-esr"])
    assert setting.shave == "scale"
    assert grid.alike(setting) == ("rgb", "ntire-esr")
    assert grid.nearest(setting) == ("rgb", ())
    elsewhere = PLAIN["rgb"].setting(PROTOCOLS["ntire-esr"])
    assert PLAIN["rgb"].nearest(elsewhere) == ("ntire-esr", ())
    assert elsewhere.shave == "4"


def test_rules_of_sizes_are_tried_at_scales_with_a_fraction_alone():
    whole, other = replace(PLAIN["rgb"], scales=(2, 4)), replace(PLAIN["rgb"], scales=(2, 2.5))
    assert {rules.cut for rules in whole.protocols()} == {"multiple"}
    assert {rules.cut for rules in other.protocols()} == {"multiple", "floor"}
    named = {name: other.nearest(other.setting(rules))[0] for name, rules in PROTOCOLS.items()}
    assert named["liif"] == "liif"
    assert named["arbsr"] == "basicsr"  # which decides alike
    assert whole.nearest(whole.setting(PROTOCOLS["liif"])) == ("liif", ())


def test_protocols_of_ones_own_have_names_too():
    mine = replace(BASICSR, name="mine", space="rgb", shave=3)
    grid = replace(PLAIN["rgb"], own=(mine,))
    setting = grid.setting(mine)
    assert grid.nearest(setting) == ("mine", ())
    assert setting.shave == "scale + scale + scale"
    assert [grid.setting(rules) for rules in grid.protocols()].count(setting) == 1
