"""Reading thresholds: a wrong file says where it is wrong."""

import math

import pytest

from srbench.errors import SrbenchError
from srbench.gate import Threshold, read
from srbench.gate.thresholds import ANY_SCALE

GOOD = """
[[threshold]]
method = "bicubic"
dataset = "set5"
scale = 4
metric = "psnr"
min = 28.4
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "thresholds.toml"
        path.write_text(text)
        return path

    return write


def test_defaults_and_all_keys(file):
    full = GOOD + 'max = 30\nprotocol = "classic"\ndegradation = "bicubic"\n'
    assert read(file(GOOD)).thresholds == (Threshold("bicubic", "set5", 4, "psnr", min=28.4, line=2),)
    assert read(file(full)).thresholds == (
        Threshold("bicubic", "set5", 4, "psnr", "classic", "bicubic", min=28.4, max=30, line=2),
    )
    assert [t.line for t in read(file(GOOD + GOOD)).thresholds] == [2, 9]


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
        (edited("scale = 4", "scale = true"), "scale = True is not a number"),
        (edited("scale = 4", "scale = 0.5"), "scale = 0.5 is not a scale"),
        (edited("scale = 4", "scale = nan"), "scale = nan is not a scale"),
        (edited('"bicubic"', "7"), "method = 7 is not text"),
        (edited("scale = 4", "scale = 0"), "scale = 0 is not a scale"),
        (edited("min = 28.4", "image_min = 30\nmax = 20"), "nothing lies between 30 and 20"),
        (edited("min = 28.4", "min = 30\nimage_max = 20"), "nothing lies between 30 and 20"),
        (edited("min = 28.4", "min = inf"), "not a finite number"),
        (edited("min = 28.4", "margin = 0.1"), "no measured values to compare with"),
        (edited("min = 28.4", "value = 28.4"), "has no limit"),
        (edited("min = 28.4", "value = 28.4\nmargin = -1"), "margin = -1 is below 0"),
        (edited("min = 28.4", "max_ratio = 2"), "'max_ratio' is no limit of psnr"),
        (edited('metric = "psnr"', 'pixels = "same"').replace("min = 28.4", ""), "pixels = 'same' is not 'identical'"),
        (edited('metric = "psnr"', 'pixels = "identical"'), "'min' is no limit of pixels"),
        (edited('metric = "psnr"', "max_abs = 0").replace("min = 28.4", ""), "max_abs = 0"),
        (edited('metric = "psnr"', 'pixels = "identical"').replace("min = 28.4", ""), "no hashes of pixels"),
        (edited('"psnr"', '"latency"').replace("min = 28.4", "max_ratio = 2"), "has no 'relative_to'"),
        (edited('"psnr"', '"latency"').replace("min = 28.4", 'relative_to = "x"\nmax_ratio = 0'), "not above 0"),
        (GOOD + "line = 3\n", "unknown key 'line'"),
        (GOOD + '[threshold.images]\nbaby = "28"\n', r"images = \{'baby': '28'\} is not a table of numbers"),
        (GOOD + "[threshold.images]\nbaby = nan\n", r"images\.baby = nan"),
        (GOOD + edited("min = 28.4", "max = 28"), r"min = 28\.4 in line 2 and max = 28 in line 9 contradict"),
        ("baseline = 3\n" + GOOD, "neither a path nor a table"),
        ("[baseline]\nsrbench = '1'\n" + GOOD, "has no 'protocols'"),
        ('baseline = "gone.toml"\n' + GOOD, r"cannot read thresholds '.*gone\.toml'"),
        (GOOD + 'protocol = "./gone.toml"\n', r"cannot read protocol '.*gone\.toml'"),
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


# -- baselines -----------------------------------------------------------------------------------------------------

BASELINE = """
[baseline]
srbench = "0.1.0"
protocols = { basicsr = "p1" }
datasets = { set5 = 1 }
metrics = { psnr = 1 }
""" + "".join(
    f"""
[[threshold]]
method = "{method}"
dataset = "set5"
scale = 4
metric = "psnr"
value = {value}
margin = 0.02
image_margin = 0.1
[threshold.images]
baby = {value}
"""
    for method, value in (("bicubic", 28.4), ("srcnn", 30.1))
)


def test_a_baseline_is_a_thresholds_file(file):
    found = read(file(BASELINE))
    assert [(t.method, t.value, t.margin, dict(t.images)) for t in found.thresholds] == [
        ("bicubic", 28.4, 0.02, {"baby": 28.4}),
        ("srcnn", 30.1, 0.02, {"baby": 30.1}),
    ]
    assert found.facts.protocols == {"basicsr": "p1"}


def test_wildcards_over_a_baseline_file_take_its_values_and_their_own_margin(file, tmp_path):
    file(BASELINE).rename(tmp_path / "base.toml")
    text = 'baseline = "base.toml"\n[[threshold]]\nmethod = "*"\ndataset = "*"\nscale = "*"\nmetric = "psnr"\n'
    found = read(file(text + "margin = 0.5\nimage_margin = 1"))
    assert [(t.method, t.value, t.margin, t.image_margin, dict(t.images), t.line) for t in found.thresholds] == [
        ("bicubic", 28.4, 0.5, 1, {"baby": 28.4}, 2),
        ("srcnn", 30.1, 0.5, 1, {"baby": 30.1}, 2),
    ]
    assert found.facts.datasets == {"set5": 1}
    with pytest.raises(SrbenchError, match=r"base\.toml' has nothing for vdsr"):
        read(file(text.replace('method = "*"', 'method = "vdsr"') + "margin = 0.5"))


def test_any_scale_and_inline_arrays(file):
    line = 'threshold = [{ method = "b*", dataset = "*", scale = "*", metric = "psnr", min = 20 }]'
    (found,) = read(file(line)).thresholds
    assert (found.scale, found.has_wildcard, found.line, found.max) == (ANY_SCALE, True, 0, math.inf)
