"""What comes first among settings, and how many fit."""

from dataclasses import replace

from srbench.explain.answer import Answer, row_of
from srbench.explain.settings import Grid
from srbench.explain.targets import parse
from srbench.protocol.base import BASICSR, CLASSIC, MATLAB_RGB

GRID = Grid("luma", grey=False, ssim=False)
TARGETS = parse(["x2=37.65,x3=33.77,x4=31.45"], "set5", 4)
IMDN = replace(BASICSR, luma_rounded=True)
OPENCV = replace(BASICSR, resize="opencv")


def answer(*rows, targets=TARGETS):
    made = [row_of(GRID, targets, *row) for row in rows]
    return Answer(targets, tuple(sorted(made, key=lambda row: row.order)))


def test_settings_in_use_come_first_among_those_that_fit():
    one = TARGETS[2:]
    found = answer((OPENCV, [31.450]), (IMDN, [31.454]), (CLASSIC, [31.446]), (BASICSR, [31.50]), targets=one)
    assert [row.name for row in found.rows] == ["classic", "IMDN's and KAIR's scripts", "", "basicsr"]
    assert [row.fits for row in found.rows] == [True, True, True, False]
    assert len(found.fitting) == 3
    assert len(found.in_use) == 2
    assert found.alone(one[0]) == 3
    assert found.best.in_words == "classic"


def test_only_what_fits_all_targets_fits():
    found = answer(
        (CLASSIC, [37.59, 33.75, 31.45]), (OPENCV, [37.652, 33.773, 31.453]), (BASICSR, [37.65, 33.77, 31.44])
    )
    assert [row.fits for row in found.rows] == [True, False, False]
    assert found.best.protocol == OPENCV
    assert found.rows[1].protocol == BASICSR  # one digit off at one scale
    assert [found.alone(target) for target in TARGETS] == [2, 2, 2]


def test_the_nearest_is_first_where_nothing_fits():
    found = answer((CLASSIC, [37.59, 33.75, 31.43]), (MATLAB_RGB, [37.62, 33.76, 31.44]))
    assert found.fitting == ()
    assert found.best.name == "matlab-rgb"


def test_another_feeding_is_a_departure_and_no_named_protocol():
    found = answer((BASICSR, [37.65, 33.77, 31.45], "fed 0..255"), (IMDN, [37.0, 33.0, 31.0]))
    assert found.best.in_words == "basicsr, but fed 0..255"
    assert found.best.name == ""
    assert found.best.fits


def test_identical_images_are_far_from_every_number():
    found = answer((CLASSIC, [float("inf")] * 3), (BASICSR, [37.0, 33.0, 31.0]))
    assert found.best.name == "basicsr"
