"""A folder says so where its images come from machines of several kinds."""

import json

import pytest
from sqlalchemy import create_engine, text

from srbench.results.cautions import cautions
from srbench.results.kinds import mixed
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.run import manifest

FACTS = {"host": "a", "processor": "EPYC", "capability": "AVX2", "torch": "2.15.0", "gpu": "", "driver": ""}


def lines(folder):
    with Reader(folder) as reader:
        return mixed(reader, per_image(reader))


@pytest.fixture
def on(monkeypatch, go):
    """Runs methods as if on a machine."""

    def start(*methods, **facts):
        monkeypatch.setattr(manifest, "computes_on", lambda device: FACTS | facts)
        return go(*methods)

    return start


def test_one_kind_is_not_spoken_of_also_not_on_two_hosts(on, results):
    on("nearest")
    on("bilinear", host="b")
    assert lines(results) == []


def test_two_kinds_are_counted_by_the_images_that_are_shown(on, results, pictures):
    on("nearest")
    on("bilinear", "bicubic", capability="AVX512")
    (line,) = lines(results)
    assert "2 kinds of machine" in line
    assert "(6 by EPYC with AVX512, torch 2.15.0; 3 by EPYC with AVX2, torch 2.15.0)" in line
    with Reader(results) as reader:
        images = per_image(reader)
        assert line in cautions(reader, images)
        assert mixed(reader, images[images["method"] == "nearest"]) == []


def test_a_gpu_is_a_kind_by_its_name_and_driver(on, results):
    on("nearest", gpu="H100", driver="550.1")
    on("bilinear", gpu="H100", driver="560.2")
    (line,) = lines(results)
    assert "3 by H100, driver 550.1, torch 2.15.0" in line


def test_images_of_one_run_on_the_machines_of_a_cluster_are_told_apart(on, results):
    on("nearest")
    engine = create_engine(f"sqlite:///{results / 'results.sqlite'}")
    with engine.begin() as connection:
        own = json.loads(connection.scalar(text("SELECT manifest FROM runs")))
        own["machines"] = {"node": FACTS | {"host": "node", "torch": "2.14.0"}}
        connection.execute(text("UPDATE runs SET manifest = :m"), {"m": json.dumps(own)})
        connection.execute(text("UPDATE outcomes SET host = 'node' WHERE id = 1"))
    engine.dispose()
    (line,) = lines(results)
    assert "2 by EPYC with AVX2, torch 2.15.0; 1 by EPYC with AVX2, torch 2.14.0" in line


def test_runs_that_do_not_say_are_not_counted(on, results, monkeypatch, go):
    on("nearest")
    described = manifest.describe
    monkeypatch.setattr("srbench.run.runner.describe", lambda *a: {**described(*a), "machine": {}})
    go("bilinear")
    assert lines(results) == []


def test_what_is_computed_again_elsewhere_counts_there(on, results, go, monkeypatch):
    on("nearest")
    monkeypatch.setattr(manifest, "computes_on", lambda device: FACTS | {"torch": "3"})
    go("nearest", force=True)
    assert lines(results) == []
