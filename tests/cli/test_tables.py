"""What the terminal's tables say of means, names and missing values."""

import contextlib

import pytest

from srbench.metrics import get
from srbench.records import CellFacts, Entry, Outcome, Score
from srbench.results.facts import to_json
from srbench.results.store import Store
from srbench.run.manifest import metric_facts

LEFT_OUT = "left out (identical, NaN or too small)"


@pytest.fixture
def folder(tmp_path):
    """Fills a results folder with one method on images whose scores are given: {metric: value or status}."""

    stores = contextlib.ExitStack()  # a run goes on as long as its process has the folder open

    def fill(*images, method="m", dataset="d", status="finished"):
        described = {"command": "test", "metrics": [to_json(metric_facts(get(n))) for n in ("psnr", "ssim", "mos")]}
        store = stores.enter_context(Store(tmp_path / "results", create=True))
        run = store.start_run(described)
        cells = [
            CellFacts(method, "0", dataset, 1, f"{i}", f"{i}", 3, 4, "bicubic/v1", "basicsr", "p")
            for i in range(len(images))
        ]
        ids = store.plan(run, cells)
        entries = []
        for cell, scores in zip(cells, images, strict=True):
            own = [
                Score(name, 1, float("nan"), value) if isinstance(value, str) else Score(name, 1, value, "ok")
                for name, value in (scores or {}).items()
            ]
            outcome = Outcome("failed", "boom") if scores is None else Outcome("ok")
            entries.append(Entry(ids[cell.key], outcome, tuple(own)))
        store.record(run, entries)
        if status:
            store.finish_run(run, status, described)
        return tmp_path / "results"

    yield fill
    stores.close()


def row(srbench, folder):
    """The cells of the table's one row, by the heads of its columns."""
    result = srbench("report", folder, "--format", "table")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if "┃" in line or "│" in line]
    heads, cells = ([part.strip() for part in line.strip("┃│").replace("┃", "│").split("│")] for line in lines[:2])
    return dict(zip(heads, cells, strict=True))


@pytest.mark.parametrize(
    ("images", "n", "note"),
    [
        ([{"psnr": 30.0, "ssim": 0.9}] * 2, "2/2", ""),
        (
            [{"psnr": 30.0, "ssim": 0.9}, {"psnr": 31.0, "ssim": "nan"}],
            "psnr 2/2, ssim 1/2",
            f"1 {LEFT_OUT} of ssim",
        ),
        (
            [{"psnr": "identical", "ssim": 1.0}, {"psnr": 31.0, "ssim": 0.9}],
            "psnr 1/2, ssim 2/2",
            f"1 {LEFT_OUT} of psnr",
        ),
        ([{"psnr": "nan", "ssim": "nan"}, {"psnr": 31.0, "ssim": 0.9}], "1/2", f"1 {LEFT_OUT}"),
        ([{"psnr": 30.0}, {"psnr": 30.0, "ssim": 0.9}], "psnr 2/2, ssim 1/2", ""),
        ([{"psnr": 30.0, "ssim": 0.9}, None], "1/2", "1 failed"),
        ([{"psnr": "nan"}, {"psnr": "nan"}], "0/2", "2 left out"),
    ],
)
def test_n_is_that_of_every_metric(srbench, folder, images, n, note):
    found = row(srbench, folder(*images))
    assert found["n"] == n
    assert found["note"].startswith(note)


def test_an_image_that_no_metric_could_measure_is_not_pending(srbench, folder):
    assert row(srbench, folder({}, {}))["note"] == "2 not scored"


def test_an_image_that_a_run_is_still_at_is_pending(srbench, folder):
    assert row(srbench, folder({}, {}, status=""))["note"] == "2 pending"


def test_names_are_shown_as_they_are_and_do_nothing(srbench, folder):
    odd = folder({"psnr": 30.0}, method="a\x1b[31m\nb[/bold]", dataset="d\x07\u202e")
    result = srbench("report", odd, "--format", "table")
    assert r"a\x1b[31m\nb[/bold]" in result.stdout
    assert r"d\x07\u202e x4" in result.stdout
    assert all(character.isprintable() for line in result.stdout.split("\n") for character in line)
    listed = srbench("runs", odd)
    assert r"a\x1b[31m\nb[/bold]" in "".join(listed.stdout.split())


def test_what_a_simulated_score_is_is_said_shortly(srbench, folder):
    result = srbench("report", folder({"psnr": 30.0, "mos": 3.0}), "--format", "table")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("mos:")]
    assert "no person rated these images" in line
    assert len(line) < 100
