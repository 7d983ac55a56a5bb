"""The experiment burst: what is measured, what it shows in small, and what a record is taken for."""

import json

import pytest

from srbench.errors import SrbenchError
from srbench.experiments.burst import study
from srbench.experiments.burst.record import known, write_record
from srbench.experiments.burst.study import ALONE, CLASSICAL, Point, Settings

SMALL = Settings(images=1, frames=(1, 4), errors=(0.0, 1.0), at=4, side=48, chain="down:nearest:first")


@pytest.fixture(scope="module")
def methods():
    return {name: method for name, (method, _) in study.chosen().items()}


@pytest.fixture(scope="module")
def measured(methods):
    found = {}
    wanted = [point for point in study.points(SMALL, methods) if point.method in (*CLASSICAL, ALONE)]
    study.measure(SMALL, methods, wanted, found.__setitem__)
    return found


def test_every_point_once_and_none_that_a_method_does_not_take(methods):
    wanted = study.points(Settings(), methods)
    assert len(wanted) == len(set(wanted))
    assert wanted[0] == Point(ALONE, 1, 0.0)
    for name in CLASSICAL:
        assert len([point for point in wanted if point.method == name]) == 8 + 8 - 1
    assert all(methods[point.method].card.takes(point.frames) for point in wanted)


def test_more_frames_help_and_wrong_shifts_hurt(measured):
    name = "multi-frame-back-projection"
    assert measured[Point(name, 1, 0.0)] == measured[Point(ALONE, 1, 0.0)]
    assert measured[Point(name, 4, 0.0)] > measured[Point(ALONE, 1, 0.0)] + 1
    for one in CLASSICAL[1:]:  # a mean of frames has little to lose
        assert measured[Point(one, 4, 1.0)] < measured[Point(one, 4, 0.0)] - 0.5
    assert measured[Point(name, 4, 1.0)] < measured[Point(ALONE, 1, 0.0)]


def test_images_that_are_too_small_are_named(methods):
    with pytest.raises(SrbenchError, match=r"too small for this experiment; take images of at least 5000x5000"):
        study.measure(Settings(side=5000), methods, [Point(ALONE, 1, 0.0)], lambda *_: None)


def test_a_record_is_taken_up_where_study_and_methods_are_the_same(tmp_path):
    path, points = tmp_path / "burst.json", {Point("a", 4, 0.1): 30.25, Point("b", 1, 0.0): 29.0}
    assert known(path, SMALL, {"a": "1"}) == {}
    write_record(path, SMALL, {"a": "1", "b": "2"}, points)
    assert known(path, SMALL, {"a": "1", "b": "2"}) == points
    assert known(path, SMALL, {"a": "1", "b": "3"}) == {Point("a", 4, 0.1): 30.25}
    assert known(path, Settings(), {"a": "1", "b": "2"}) == {}
    for broken in ("", "[]", "{}", json.dumps({"experiment": "burst"})):
        path.write_text(broken)
        assert known(path, SMALL, {"a": "1", "b": "2"}) == {}
