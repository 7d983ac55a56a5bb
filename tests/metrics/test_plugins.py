"""Metrics of others: a user's file and an installed package."""

import importlib.metadata
from pathlib import Path

import pytest

import srbench
from srbench import metrics
from srbench.errors import MethodError, SrbenchError, UnknownNameError
from srbench.metrics import catalog

PLUGIN = """\
from srbench.metrics import Measurement, Metric

def mean_error(pair):
    {body}

MINE = Metric(name={name!r}, title="Mean error", version=3, higher_is_better=False, unit="grey levels",
              bounds=(0, 255), digits=3, needs={needs!r}, compute=mean_error)
"""
BODY = "return float((pair.sr_rgb.double() - pair.hr_rgb.double()).abs().mean())"


@pytest.fixture
def write_metric(tmp_path):
    def write(body=BODY, name="mean-error", needs=("sr_rgb", "hr_rgb")):
        path = tmp_path / "my_metric.py"
        path.write_text(PLUGIN.format(body=body, name=name, needs=needs))
        return str(path)

    return write


@pytest.fixture
def installed(monkeypatch):
    """Pretends that a package has entry points of the group."""

    def install(**entries):
        points = [importlib.metadata.EntryPoint(name, value, catalog.GROUP) for name, value in entries.items()]
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points if group == catalog.GROUP else [])

    return install


def test_a_users_file_is_measured(go, scores, write_metric):
    summary = go("nearest", metrics=("psnr", write_metric()))
    assert not summary.failures
    values = [value for (_, _, metric), value in scores().items() if metric == "mean-error"]
    assert len(values) == 3
    assert all(0 < value < 255 for value in values)


def test_the_python_interface_takes_files(pictures, write_metric):
    frame = srbench.evaluate("nearest", str(pictures), scale=2, metrics=[write_metric()], device="cpu")
    assert set(frame["metric"]) == {"mean-error"}


def test_what_a_metric_keeps_beside_its_value_is_stored(go, results, write_metric):
    go("nearest", metrics=(write_metric("return Measurement(1.5, {'worst': 7})"),))
    from srbench.results.leaderboard import per_image
    from srbench.results.reader import Reader

    with Reader(results) as reader:
        rows = per_image(reader)
    assert set(rows["extra"]) == {'{"worst": 7}'}
    assert set(rows["value"]) == {1.5}


def test_a_metric_that_raises_spoils_only_itself_and_is_tried_again(go, scores, write_metric):
    path = write_metric("raise ValueError('no such luck')")
    summary = go("nearest", metrics=("psnr", path))
    assert summary.computed == 3
    assert summary.failures[0].endswith("mean-error is error: ValueError: no such luck")
    assert sum(value is not None for value in scores().values()) == 3
    again = go("nearest", metrics=("psnr", path))
    assert len(again.failures) == 3
    fixed = go("nearest", metrics=("psnr", write_metric()))
    assert not fixed.failures
    assert all(value is not None for value in scores().values())


def test_a_colour_metric_is_not_supported_under_classic(go, scores, write_metric):
    notes = []

    class Notes:
        note = staticmethod(notes.append)
        begin = done = staticmethod(lambda *_: None)

    summary = go("nearest", metrics=("psnr", write_metric()), protocol="classic", observer=Notes())
    assert not summary.failures
    assert {metric for *_, metric in scores()} == {"psnr"}
    assert any("not supported under classic" in note for note in notes)
    with pytest.raises(SrbenchError, match="no metric is left"):
        go("nearest", metrics=("lpips",), protocol="classic")


def test_an_installed_metric(installed):
    installed(twin="srbench.metrics.psnr:METRIC", broken="no.such.module:x")
    assert metrics.names()[-2:] == ["broken", "twin"]
    with pytest.raises(MethodError, match=r"'twin'.*not a metric of that name"):
        metrics.get("twin")
    with pytest.raises(MethodError, match=r"'broken'.*ModuleNotFoundError"):
        metrics.get("broken")
    assert metrics.get("psnr").name == "psnr"


def test_an_installed_metric_of_a_built_in_name_is_an_error(installed):
    installed(psnr="srbench.metrics.psnr:METRIC")
    with pytest.raises(SrbenchError, match="two metrics are called 'psnr'"):
        metrics.names()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"name": "psnr"}, "two metrics are called 'psnr'"),
        ({"name": "a,b"}, "name = 'a,b' is not a name of .* without commas"),
        ({"needs": ("sr_lab",)}, r"needs = \('sr_lab',\) is not words in brackets, of sr_luma"),
    ],
)
def test_metrics_that_cannot_be(write_metric, options, match):
    with pytest.raises(SrbenchError, match=match):
        metrics.find(write_metric(**options))


def test_files_without_a_metric_and_unknown_names(tmp_path):
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(SrbenchError, match="defines no metric"):
        metrics.find(str(tmp_path / "empty.py"))
    with pytest.raises(SrbenchError, match="no plugin file"):
        metrics.find(str(tmp_path / "none.py"))
    with pytest.raises(UnknownNameError, match="did you mean lpips"):
        metrics.find("lpisp")


@pytest.mark.parametrize("name", ["topiq_nr", "ahiq"])
def test_a_name_of_pyiqa_suggests_the_gateway_and_nothing_else(name):
    pytest.importorskip("pyiqa")
    with pytest.raises(UnknownNameError, match=rf"did you mean pyiqa:{name}\?$"):
        metrics.find(name)


def test_two_metrics_of_one_name_in_a_file_are_an_error(write_metric):
    path = write_metric()
    Path(path).write_text(
        Path(path).read_text() + "\nfrom dataclasses import replace\nOTHER = replace(MINE, version=4)\n"
    )
    with pytest.raises(SrbenchError, match="two metrics are called 'mean-error'"):
        metrics.find(path)
