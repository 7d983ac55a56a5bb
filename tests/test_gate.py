"""Thresholds: silence is not a pass, and a wrong file says where it is wrong."""

import math

import pandas as pd
import pytest

from srbench.errors import SrbenchError
from srbench.gate import Threshold, check, read

GOOD = """
[[threshold]]
method = "bicubic"
dataset = "set5"
scale = 4
metric = "psnr"
min = 28.4
"""


def table(mean=28.42, n=5, planned=5, **changes):
    row = {
        **{"method": "bicubic", "dataset": "set5", "scale": 4, "protocol": "basicsr", "degradation": "bicubic"},
        **{"metric": "psnr", "options": "", "mean": mean, "n": n, "planned": planned},
    }
    return pd.DataFrame([row | changes])


def threshold(**bounds):
    return Threshold("bicubic", "set5", 4, "psnr", **bounds)


def verdict(means, **bounds):
    (found,) = check(means, [threshold(**bounds)])
    return found


# -- judging -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bounds", [{"min": 28.4}, {"max": 28.5}, {"min": 28.4, "max": 28.5}, {"min": 28.42}])
def test_a_mean_within_the_bounds_holds(bounds):
    found = verdict(table(), **bounds)
    assert found.holds
    assert found.measured == 28.42


def test_a_mean_below_says_by_how_much():
    found = verdict(table(), min=28.5)
    assert not found.holds
    assert found.reason == "below 28.5"
    assert found.short == pytest.approx(0.08)


def test_a_mean_above_says_by_how_much():
    found = verdict(table(), max=28.0)
    assert not found.holds
    assert found.reason == "above 28"
    assert found.short == pytest.approx(0.42)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "nearest"},
        {"dataset": "set14"},
        {"scale": 2},
        {"protocol": "classic"},
        {"degradation": "blur"},
        {"metric": "ssim"},
        {"options": '{"tile": 64}'},
    ],
    ids=str,
)
def test_a_mean_of_something_else_is_missing(changes):
    found = verdict(table(**changes), min=0)
    assert not found.holds
    assert found.reason == "not in the results"


def test_no_results_at_all_are_missing():
    assert not verdict(table().iloc[:0], min=0).holds


def test_nan_does_not_hold():
    found = verdict(table(mean=math.nan, n=0), min=0)
    assert (found.holds, found.reason) == (False, "no value")


def test_a_mean_over_some_of_the_images_does_not_hold():
    found = verdict(table(n=4), min=0)
    assert (found.holds, found.reason) == (False, "only 4 of 5 images have a value")


def test_each_threshold_has_its_verdict():
    found = check(table(), [threshold(min=28), threshold(min=29), threshold(max=29)])
    assert [verdict.holds for verdict in found] == [True, False, True]


# -- reading -------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "thresholds.toml"
        path.write_text(text)
        return path

    return write


def test_defaults_and_all_keys(file):
    full = GOOD + 'max = 30\nprotocol = "classic"\ndegradation = "bicubic"\n'
    assert read(file(GOOD)) == [Threshold("bicubic", "set5", 4, "psnr", "basicsr", "bicubic", 28.4, math.inf)]
    assert read(file(full)) == [Threshold("bicubic", "set5", 4, "psnr", "classic", "bicubic", 28.4, 30)]
    assert len(read(file(GOOD + GOOD))) == 2


def edited(old, new):
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[threshold]]\nmethod = \n", r"thresholds\.toml.*not valid TOML.*line 2"),
        ("", "holds no thresholds"),
        ("threshold = []", "holds no thresholds"),
        ("threshold = [1]", "threshold"),
        ("[threshold]\nmethod = 'x'", "threshold"),
        ("[[treshold]]\nmethod = 'x'", "unknown key 'treshold'.*did you mean threshold"),
        (edited("metric", "metrik"), r"threshold 1 of.*'metrik'.*did you mean metric"),
        (edited("min =", "minn ="), "did you mean min"),
        (edited('method = "bicubic"', ""), "has no 'method'"),
        (edited("scale = 4", ""), "has no 'scale'"),
        (edited("min = 28.4", ""), "neither min nor max"),
        (edited("min = 28.4", "min = 30\nmax = 20"), "nothing lies between 30 and 20"),
        (edited("min = 28.4", "min = nan"), "nan"),
        (edited("min = 28.4", 'min = "28.4"'), "min = '28.4' is not a number"),
        (edited("scale = 4", "scale = true"), "scale = True is not a whole number"),
        (edited("scale = 4", "scale = 2.5"), "scale = 2.5 is not a whole number"),
        (edited('"bicubic"', "7"), "method = 7 is not a text"),
        (edited('"psnr"', '"pnsr"'), "unknown metric 'pnsr'.*did you mean psnr"),
        (GOOD + 'protocol = "clasic"\n', "unknown protocol 'clasic'.*did you mean classic"),
    ],
)
def test_a_wrong_file_says_what_is_wrong_in_one_line(file, text, message):
    with pytest.raises(SrbenchError, match=message) as error:
        read(file(text))
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_the_second_threshold_is_named_when_it_is_the_wrong_one(file):
    with pytest.raises(SrbenchError, match=r"threshold 2 of .*thresholds\.toml"):
        read(file(GOOD + edited("min = 28.4", "")))


def test_a_missing_file_and_a_folder_are_errors(tmp_path):
    with pytest.raises(SrbenchError, match=r"gone\.toml"):
        read(tmp_path / "gone.toml")
    with pytest.raises(SrbenchError, match="cannot read"):
        read(tmp_path)


def test_bytes_that_are_no_text_are_an_error(tmp_path):
    (tmp_path / "t.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SrbenchError, match="not valid TOML"):
        read(tmp_path / "t.toml")
