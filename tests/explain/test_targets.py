"""Printed numbers as they stand on a command line."""

from math import inf

import pytest

from srbench.errors import SrbenchError
from srbench.explain.targets import Target, parse

READ = [
    ("28.42", [("set5", 4, "psnr", 28.42, 2)]),
    ("0.8104", [("set5", 4, "ssim", 0.8104, 4)]),
    (".810", [("set5", 4, "ssim", 0.81, 3)]),
    ("28.42/.8104", [("set5", 4, "psnr", 28.42, 2), ("set5", 4, "ssim", 0.8104, 4)]),
    ("x2=37.59, x3=33.75", [("set5", 2, "psnr", 37.59, 2), ("set5", 3, "psnr", 33.75, 2)]),
    ("set14=28.01/.7674,bsd100=27.29", [("set14", 4, "psnr", 28.01, 2), ("set14", 4, "ssim", 0.7674, 4),
                                        ("bsd100", 4, "psnr", 27.29, 2)]),
    ("set14:x2=33.03,X3=29.77,set5:x2=37.53", [("set14", 2, "psnr", 33.03, 2), ("set14", 3, "psnr", 29.77, 2),
                                               ("set5", 2, "psnr", 37.53, 2)]),
    ("./my:HR:x2=30", [("./my:HR", 2, "psnr", 30.0, 0)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ)
def test_targets_are_read(text, expected):
    found = parse([text], "set5", 4)
    assert [(t.dataset, t.scale, t.metric, t.value, t.decimals) for t in found] == expected


def test_a_dataset_holds_until_the_end_of_its_list():
    found = parse(["set14:x2=33.03,x3=29.77", "x2=37.53"], "set5", 4)
    assert [(t.dataset, t.scale) for t in found] == [("set14", 2), ("set14", 3), ("set5", 2)]


def test_the_metric_may_be_said():
    assert parse(["0.5"], "set5", 4, "psnr")[0].metric == "psnr"
    assert parse(["96.5"], "set5", 4, "psnr")[0].value == 96.5
    assert [t.metric for t in parse(["x2=37.53/.9587"], "set5", 4)] == ["psnr", "ssim"]


@pytest.mark.parametrize(
    ("text", "metric", "match"),
    [
        ("many", "", "'many' is not a number.*x2=37.53/.9587"),
        ("nan", "", "'nan' is not a number"),
        ("1e400", "", "'1e400' is not a number"),
        ("٢", "", "is not a number"),
        ("", "", "'' is not a number"),
        ("x2=37.59,,", "", "'' is not a number"),
        ("x2=", "", "'' is not a number"),
        ("=37.59", "", "without a scale or a dataset"),
        ("28.42/.81/.9", "", "more than a PSNR and an SSIM"),
        ("x0=28", "", "'0' is not a scale"),
        ("x999=28", "", "largest scale"),
        ("96.5", "", "far above what is printed.*an SSIM of 96.5 percent is 0.965.*--metric psnr"),
        ("9650", "", "if it is a PSNR, add --metric psnr"),
        ("96.5", "ssim", "an SSIM of 96.5 is above 1; give 0.965"),
        ("28.42/89.65", "", "an SSIM of 89.65 is above 1; give 0.8965"),
        ("250", "ssim", "an SSIM is between -1 and 1"),
        ("-2", "ssim", "below -1"),
        ("-5", "", "--metric psnr or --metric ssim"),
        ("-5/.8", "", "below 0"),
        ("28.42", "lpips", "psnr"),
        ("28.1234567890123", "", "more decimals"),
        ("x2=30,x2=31", "", "two numbers for psnr of set5 at x2: 30 and 31"),
        ("28,42", "", "two numbers for psnr of set5 at x4: 28 and 42"),
        ("x4=28.42,28.42", "", "two numbers"),
    ],
)
def test_what_is_no_target(text, metric, match):
    with pytest.raises(SrbenchError, match=match):
        parse([text], "set5", 4, metric)


@pytest.mark.parametrize(
    ("value", "units"),
    [(28.42, 0), (28.4249, 0), (28.4151, 0), (28.425, 0), (28.4251, 0.51), (28.40, 2), (29.42, 100), (inf, inf)],
)
def test_distance_is_counted_in_the_last_printed_digit(value, units):
    target = Target("set5", 4, "psnr", 28.42, 2, "28.42")
    assert target.units(value) == pytest.approx(units)
    assert target.fits(value) == (units == 0)


def test_a_number_of_many_decimals_is_matched_in_spite_of_rounding():
    value = 28.421_234_567_9
    target = parse([f"{value:.10f}"], "set5", 4)[0]
    assert target.fits(value + 1e-13)
    assert not target.fits(value + 2e-10)
