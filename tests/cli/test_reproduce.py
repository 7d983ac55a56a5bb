"""``srbench reproduce``: published values measured again, on the sample images and on Set5."""

import json
import os

import pytest

from srbench import dataset, zoo
from srbench.reproduce import Value, summary

OFF = {"psnr": 0.006, "ssim": 0.0006}  # to what was measured before
PLUGIN = """
from srbench.method import Method, MethodCard, Published
from srbench.resize import imresize


class Claims(Method):
    card = MethodCard(
        name="claims", title="Claims", year=2020, family="f", paper="p", colour="any",
        published=({values}),
    )

    def upscale(self, lr, scale):
        return imresize(lr, scale)
"""


@pytest.fixture
def claims(tmp_path):
    """Writes a method that is bicubic, and claims values of (dataset, metric, value, protocol)."""

    def write(*values):
        rows = "".join(
            f'Published("{name}", 4, "{metric}", {value}, "a table", "{protocol}"), '
            for name, metric, value, protocol in values
        )
        path = tmp_path / "claims.py"
        path.write_text(PLUGIN.format(values=rows))
        return path

    return write


@pytest.fixture
def reproduce(srbench, tmp_path):
    def call(*arguments):
        result = srbench("reproduce", *arguments, "--out", tmp_path / "results", "--threads", 1, "--json")
        return result.exit_code, json.loads(result.stdout), result.stderr

    return call


@pytest.fixture
def exact():
    """Bicubic's PSNR on the sample images at x4."""
    return dataset.known_as("sample").bicubic["basicsr"][4]


def test_a_value_is_reproduced(reproduce, claims, exact):
    code, (value,), said = reproduce(claims(("sample", "psnr", round(exact, 2), "basicsr")))
    assert code == 0
    assert value["verdict"] == "reproduced"
    assert value["measured"] == pytest.approx(exact, abs=1e-4)
    assert abs(value["difference"]) <= 0.005
    assert "1 published value: 1 reproduced" in said


def test_a_value_of_another_protocol_is_explained(reproduce, claims):
    classic = dataset.known_as("sample").bicubic["classic"][4]
    code, (value,), _ = reproduce(claims(("sample", "psnr", round(classic, 2), "basicsr")))
    assert (code, value["verdict"]) == (0, "explained")
    assert value["explanation"].startswith("classic")


@pytest.mark.slow
def test_a_value_that_nothing_gives_differs(reproduce, claims, exact):
    path = claims(("sample", "psnr", round(exact, 2), "basicsr"), ("sample", "psnr", 45.67, "classic"))
    code, values, said = reproduce(path)
    assert code == 1
    assert [value["verdict"] for value in values] == ["reproduced", "differs"]
    assert values[1]["explanation"].startswith("none of ")
    assert "2 published values: 1 reproduced, 1 differs" in said
    code, values, _ = reproduce(path, "--no-explain")
    assert (code, values[1]["explanation"]) == (1, "")


def test_a_dataset_that_is_not_here_is_not_measured(reproduce, claims):
    code, (value,), _ = reproduce(claims(("set5", "psnr", 28.42, "classic")))
    assert (code, value["verdict"], value["measured"]) == (1, "not measured", None)
    assert value["explanation"] == "set5 is not on this machine (srbench fetch set5)"


def test_all_of_the_zoo_that_is_here(reproduce, claims, exact, monkeypatch):
    path = claims(("sample", "psnr", round(exact, 2), "basicsr"))
    monkeypatch.setattr("srbench.reproduce.here", lambda: [str(path)])
    code, values, said = reproduce("--all")
    assert (code, len(values)) == (0, 1)
    assert "57 checkpoints of the zoo not tried" in said


def test_only_some_datasets_and_scales(reproduce, claims, wrong, exact, tmp_path):
    path = claims(("sample", "psnr", round(exact, 2), "basicsr"), ("set5", "psnr", 28.42, "classic"))
    code, values, _ = reproduce(path, "--datasets", "sample", "--scales", "4")
    assert (code, len(values)) == (0, 1)
    out = ("--out", tmp_path / "results")
    wrong("reproduce", path, "--scales", "2", *out, match="no PSNR or SSIM of '.*' is published on these datasets")


def test_the_table(srbench, claims, exact, tmp_path):
    path = claims(("sample", "psnr", round(exact, 2), "basicsr"))
    shown = srbench("reproduce", path, "--out", tmp_path / "results", "--threads", 1).stdout
    assert "published" in shown
    assert f"{exact:.2f}" in shown
    assert "reproduced" in shown


def test_what_is_asked_for(wrong, monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path))
    wrong("reproduce", match="what is to be reproduced")
    wrong("reproduce", "zoo:bsrn-x4", "--all", match="what is to be reproduced")
    wrong("reproduce", "zoo:bsrn-x5", match="did you mean bsrn-x4")
    wrong("reproduce", "zoo:bsrn-x4", match="not on this machine; srbench fetch zoo:bsrn-x4")
    wrong("reproduce", "--all", match="no checkpoint of the zoo is on this machine")
    wrong("reproduce", "nearest", match="no PSNR or SSIM of 'nearest' is published")


def test_the_difference_is_told_in_three_decimals():
    value = Value("m", "set5", 2, "psnr", "basicsr", 34.66, "s", 34.665, "reproduced")
    assert value.difference == 0.005
    assert summary([value, value]) == "2 reproduced"


@pytest.mark.slow
@pytest.mark.data("set5")
@pytest.mark.parametrize("name", ["bsrn-x4", "smfanet-df2k-x4", "rlfn-x4", "carn-m", "ditn-x4", "vdsr-authors"])
def test_real_checkpoints_give_what_their_manifests_say(reproduce, real_checkpoints, monkeypatch, name):
    monkeypatch.setenv("SRBENCH_CHECKPOINTS", os.fspath(real_checkpoints))
    _, values, _ = reproduce(f"zoo:{name}", "--datasets", "set5", "--no-explain")
    found = {(value["scale"], value["metric"]): value["measured"] for value in values}
    measured = [own for own in zoo.known_as(name).measured if own.dataset == "set5"]
    known = {(own.scale, metric): getattr(own, metric) for own in measured for metric in OFF}
    assert len(found) >= len(zoo.known_as(name).scales)
    assert {key: abs(value - known[key]) <= OFF[key[1]] for key, value in found.items()} == dict.fromkeys(found, True)
