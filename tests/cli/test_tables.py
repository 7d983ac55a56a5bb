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
        described = {
            "command": "test",
            "metrics": [to_json(metric_facts(get(n))) for n in ("psnr", "ssim", "lpips", "mos")],
        }
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
    assert found.get("note", "").startswith(note)


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


NAMES = ("edsr", "perceptual-vgg22-with-a-long-name", "tv-map")
SCORES = {"edsr": (31.90, 28.0), "perceptual-vgg22-with-a-long-name": (28.78, 29.0), "tv-map": (31.26, 27.5)}


@pytest.fixture
def several(folder):
    """Three methods on two datasets of seven images, that differ by the same on each: edsr leads on 'd'."""

    def fill():
        for name, (first, second) in SCORES.items():
            for dataset, value in (("d", first), ("e", second)):
                same = {"ssim": value / 40, "lpips": 1 - value / 40, "mos": value / 10}
                images = [{"psnr": value + i / 10, **same} for i in range(7)]
                path = folder(*images, method=name, dataset=dataset)
        return path

    return fill


def tables(text):
    """Of every table its title, its heads and its rows of cells; a name that was folded is whole again."""
    found = []
    before = ""
    for line in text.splitlines():
        if line.startswith("┃"):
            found.append((before, [part.strip() for part in line.strip("┃").split("┃")], []))
        elif line.startswith("│"):
            cells = [part.strip() for part in line.strip("│").split("│")]
            rows = found[-1][2]
            if any(cells[1:]) or not rows:
                rows.append(cells)
            else:
                rows[-1][0] += cells[0]
        elif not line.startswith(("└", "┡", "┏", "├")):
            before = line
    return found


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_every_number_and_every_name_is_whole(srbench, several, monkeypatch, width):
    path = several()
    monkeypatch.setenv("COLUMNS", str(width))
    text = srbench("report", path, "--format", "table").stdout
    assert "…" not in text
    assert max(len(line) for line in text.splitlines() if line[0] in "┏┃┡│├└") <= width
    found = tables(text)
    for dataset, place in (("d", 0), ("e", 1)):
        shown = {}
        for title, heads, rows in found:
            if title.startswith(f"{dataset} x4"):
                assert sorted(row[0] for row in rows) == sorted(NAMES)
                shown |= {(row[0], head): cell for row in rows for head, cell in zip(heads, row, strict=True)}
        for name, values in SCORES.items():
            assert shown[name, "psnr"] == f"{values[place] + 0.3:.2f}"
            assert shown[name, "ssim"] == f"{values[place] / 40:.4f}"
            assert shown[name, "lpips"] == f"{1 - values[place] / 40:.4f}"
            assert shown[name, "mos"] == f"{values[place] / 10:.2f}"
    heads = {head for _, own, _ in found for head in own}
    assert ("95% interval" in heads) == (width == 200)
    assert ("left out for want of room: 95% interval" in text) == (width < 200)
    # At 60 every metric of a dataset has a table of its own; that of all datasets together fits.
    assert len(found) == (9 if width == 60 else 3)


def test_rows_are_in_the_order_of_their_own_values_in_every_table(srbench, several, monkeypatch):
    path = several()
    for width in ("60", "200"):
        monkeypatch.setenv("COLUMNS", width)
        for title, heads, rows in tables(srbench("report", path, "--format", "table").stdout):
            metric = title.rpartition(": ")[2] if ": " in title else "psnr"
            values = [float(row[heads.index(metric)]) for row in rows]
            assert values == sorted(values, reverse=metric != "lpips"), title


def test_ranks_stand_where_the_images_can_tell(srbench, several):
    found = {
        title: (heads, rows) for title, heads, rows in tables(srbench("report", several(), "--format", "table").stdout)
    }
    heads, rows = found["d x4, basicsr, bicubic"]
    assert heads[:2] == ["method", "rank"]
    assert [row[1] for row in rows] == ["1", "2", "3"]
    heads, rows = found["mean of d and e x4, basicsr, bicubic"]
    assert [row[heads.index("psnr")] for row in rows] == ["30.25", "29.68", "29.19"]
    assert "-" in rows[0][1]


def test_too_few_images_have_no_ranks_and_a_line_says_why(srbench, folder):
    for name, value in (("a", 30.0), ("b", 31.0)):
        path = folder(*[{"psnr": value}] * 5, method=name)
    text = srbench("report", path, "--format", "table").stdout
    assert tables(text)[0][1] == ["method", "psnr", "95% interval", "n"]
    assert "d x4, basicsr, bicubic: no ranks, 5 images cannot tell methods apart (no p-value is below 0.0625)" in text


def test_the_best_is_bold_and_no_other(several, monkeypatch):
    from rich.console import Console

    from srbench.cli import tables as module

    path = several()
    console = Console(force_terminal=True, width=200, color_system="standard", highlight=False)
    monkeypatch.setattr(module, "out", lambda: console)
    with console.capture() as capture:
        module.print_means(path)
    bold = {part.partition("\x1b[0m")[0] for part in capture.get().split("\x1b[1m")[1:]}
    assert {"32.20", "29.30"} <= bold
    assert not {"31.56", "29.08", "27.80"} & bold


# -- what is chosen, the verdict, what the literature reports -------------------------------------------------------


def test_the_verdict_stands_above_the_tables(srbench, several, folder):
    lines = srbench("report", several(), "--format", "table").stdout.splitlines()
    assert lines[0].startswith("perceptual-vgg22-with-a-long-name leads on PSNR: ") or lines[0].startswith("edsr leads")
    assert "better than" in lines[0]
    assert lines[1].startswith("mean of d and e x4")


def test_one_method_has_no_verdict_and_no_ranks(srbench, folder):
    text = srbench("report", folder(*[{"psnr": 30.0}] * 7), "--format", "table").stdout
    assert text.splitlines()[0] == "d x4, basicsr, bicubic"
    assert tables(text)[0][1] == ["method", "psnr", "95% interval", "n"]


def test_what_is_chosen_is_shown_in_its_order(srbench, several):
    path = several()
    text = srbench(
        "report", path, "--format", "table", "--methods", "tv-map,edsr", "--datasets", "e", "--metrics", "psnr",
        "--sort", "name",
    ).stdout  # fmt: skip
    ((title, heads, rows),) = tables(text)
    assert title == "e x4, basicsr, bicubic"
    assert [row[0] for row in rows] == ["edsr", "tv-map"]
    assert "ssim" not in heads


def test_the_literature_stands_below_as_reported(srbench, folder):
    for name, value in (("edsr", 31.0), ("vdsr", 30.0)):
        path = folder(*[{"psnr": value, "ssim": 0.9}] * 7, method=name, dataset="set5")
    result = srbench("report", path, "--format", "table", "--literature", "rcan,edsr-baseline")
    ((_, heads, rows),) = tables(result.stdout)
    assert [row[0] for row in rows] == ["edsr", "vdsr", "RCAN", "EDSR-baseline"]
    cells = dict(zip(heads, rows[2], strict=True))
    assert (cells["rank"], cells["psnr"], cells["n"], cells["note"]) == (
        "",
        "32.63",
        "",
        "as reported, protocol classic",
    )
    assert "RCAN: as reported in RCAN paper" in result.stdout
    assert "edsr leads on PSNR" in result.stdout
    assert "├" in result.stdout


@pytest.mark.parametrize("format", ["table", "csv"])
def test_a_method_of_which_nothing_is_reported_here_is_said(srbench, folder, format):
    path = folder(*[{"psnr": 31.0}] * 7, method="edsr", dataset="sample")
    result = srbench("report", path, "--format", format, "--literature", "rcan")
    assert result.exit_code == 0
    assert "note: the literature has no value of RCAN on what is shown" in result.stderr
    assert "RCAN" not in result.stdout
