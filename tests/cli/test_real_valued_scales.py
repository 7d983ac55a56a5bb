"""Scales that are no whole numbers, through every command: files, keys, tables, pages, thresholds."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import srbench as package
from srbench import dataset
from srbench.cli import app
from srbench.imaging.images import read_image, write_image
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader

RUN = ("--datasets", "sample", "--metrics", "psnr", "--device", "cpu", "--threads", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """bicubic, nearest and fsrcnn on the embedded pictures at x2.5, x10/3 and x4."""
    out = tmp_path_factory.mktemp("real")
    methods = ("--methods", "bicubic,nearest,fsrcnn", "--scales", "4,2.5,10/3,4.0")
    result = CliRunner().invoke(app, [str(part) for part in ("run", *methods, *RUN, "--out", out)])
    assert result.exit_code == 0, result.output
    assert "'sample' x2.5" in result.output
    assert "fsrcnn does not support x2.5; it supports x2, x3, x4" in result.output
    assert "x4.0" not in result.output
    return out


def test_cells_hold_the_number_and_whole_scales_their_key(folder, srbench, tmp_path):
    with Reader(folder) as reader:
        facts = [cell.facts for cell in reader.planned()]
        canaries = {canary.scale: canary.verdict for run in reader.runs() for canary in run.canaries}
    assert {(fact.scale, type(fact.scale)) for fact in facts} == {(4, int), (2.5, float), (10 / 3, float)}
    assert canaries == {4: "good", 2.5: "none", 10 / 3: "none"}
    keys = {fact.key for fact in facts if fact.scale == 4}
    assert srbench("run", "--methods", "bicubic,nearest,fsrcnn", *RUN, "--out", tmp_path).exit_code == 0
    with Reader(tmp_path) as reader:
        assert {cell.facts.key for cell in reader.planned()} == keys


def test_a_second_run_computes_nothing(folder, srbench):
    again = srbench("run", "--methods", "bicubic,nearest,fsrcnn", "--scales", "5/2,10/3,4", *RUN, "--out", folder)
    assert "0 cells computed" in again.output


def test_kept_images_have_the_size_of_the_protocol(folder):
    paths = list(folder.glob("images/basicsr/sample/x2.5/bicubic*/*.png"))
    assert len(paths) == 8
    for path in paths:
        own = next(image for image in dataset.find("sample").images if image.name == path.stem).read()
        cut = tuple(side // 5 * 5 for side in own.shape[:2])
        assert read_image(path).shape[:2] == cut


def test_tables_show_every_scale_as_it_is_written(folder, srbench, tmp_path):
    rows = list(csv.DictReader(io.StringIO(srbench("report", folder, "--format", "csv").stdout)))
    assert [*dict.fromkeys(row["scale"] for row in rows)] == ["4", "2.5", "3.3333333333333335"]
    by_image = list(csv.DictReader(io.StringIO(srbench("report", folder, "--format", "csv", "--per-image").stdout)))
    assert {row["scale"] for row in by_image} == {"4", "2.5", "3.3333333333333335"}
    content = json.loads(srbench("report", folder, "--format", "json").stdout)
    assert {json.dumps(row["scale"]) for part in ("rows", "contests") for row in content[part]} == {
        "4",
        "2.5",
        "3.3333333333333335",
    }
    for kind in ("latex", "markdown"):
        text = srbench("report", folder, "--format", kind).stdout
        heads = re.findall(r"x([0-9.]+), protocol basicsr", text)
        assert heads == ["2.5", "3.3333333333333335", "4"]


def test_the_page_has_a_view_of_each(folder, srbench, tmp_path):
    assert srbench("report", folder, "--output", tmp_path / "page.html").exit_code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert {"x2.5-basicsr-bicubic", "x4-basicsr-bicubic"} <= set(re.findall(r'data-view="([^"]*)"', page))
    assert not re.search(r"[x×]4\.0", page)  # noqa: RUF001


def test_one_scale_is_chosen_by_any_of_its_names(folder, srbench, wrong):
    for text in ("2.5", "5/2", "2.50"):
        rows = csv.DictReader(io.StringIO(srbench("report", folder, "--format", "csv", "--scale", text).stdout))
        assert {row["scale"] for row in rows} == {"2.5"}
    wrong(
        *("report", folder, "--format", "csv", "--scale", "2.4"),
        match=r"no results at x2\.4; there are: x2\.5, x3\.33.*, x4$",
    )


def test_methods_are_compared_at_a_scale_and_folders_at_all(folder, srbench, tmp_path):
    result = srbench("compare", "bicubic", "nearest", "--results", folder, "--scale", "2.5")
    assert result.exit_code == 0, result.output
    assert "x2.5" in result.stdout
    whole = tmp_path / "whole"
    assert srbench("run", "--methods", "bicubic", *RUN, "--out", whole).exit_code == 0
    both = srbench("report", "--compare", whole, folder, "--output", tmp_path / "c.html")
    assert both.exit_code == 0, both.output
    assert not re.search(r"[x×]4\.0", (tmp_path / "c.html").read_text(encoding="utf-8"))  # noqa: RUF001


def test_a_baseline_holds_what_it_was_written_from(folder, srbench, tmp_path):
    file = tmp_path / "baseline.toml"
    assert srbench("check", folder, "--write-baseline", file).exit_code == 0
    text = file.read_text(encoding="utf-8")
    assert {"2.5", "3.3333333333333335", "4"} == set(re.findall(r"^scale = (.*)$", text, re.MULTILINE))
    assert srbench("check", folder, "--thresholds", file).exit_code == 0
    threshold = '[[threshold]]\nmethod = "bicubic"\ndataset = "sample"\nscale = 2.5\nmetric = "psnr"\nmin = 99\n'
    file.write_text(threshold, encoding="utf-8")
    failed = srbench("check", folder, "--thresholds", file)
    assert failed.exit_code == 1
    assert "x2.5" in failed.output


def test_images_made_elsewhere_are_scored(folder, srbench, wrong, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for path in folder.glob("images/basicsr/sample/x2.5/bicubic*/*.png"):
        shutil.copy(path, theirs / f"{path.stem}_x2.5.png")
    fixed = ("--dataset", "sample", "--name", "theirs", "--metrics", "psnr", "--out", tmp_path / "scored")
    assert srbench("score", theirs, "--scale", "2.5", *fixed).exit_code == 0
    with Reader(tmp_path / "scored") as reader, Reader(folder) as other:
        mine = per_image(reader).set_index("image")["value"]
        images = per_image(other)
        own = images[(images["method"] == "bicubic") & (images["scale"] == 2.5)].set_index("image")["value"]
    assert mine.sort_index().equals(own.sort_index())
    for path in theirs.iterdir():
        path.rename(theirs / path.name.replace("_x2.5", ""))
    wrong(
        "score", theirs, "--scale", "3.5", *fixed[:-1], tmp_path / "new", match=r"8 of 8 images do not fit .* at x3\.5"
    )


def test_a_picture_is_upscaled(srbench, wrong, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (31, 20, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    command = ("upscale", "lanczos", tmp_path / "a.png", "--output", tmp_path, "--alpha")
    assert srbench(*command, "--scale", "2.5").exit_code == 0
    with Image.open(tmp_path / "a_lanczos_x2.5.png") as image:
        assert (image.size, image.mode) == ((50, 78), "RGBA")  # 77.5 is rounded to the even number
    ours = package.upscale("lanczos", np.ascontiguousarray(pixels[..., :3]), scale=2.5, device="cpu")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a_lanczos_x2.5.png"))[..., :3], ours)
    wrong(*command[:-1], "--scale", "0.9", match=r"'0\.9' is a scale below 1")
    wrong("upscale", "fsrcnn", tmp_path / "a.png", "--scale", "2.5", match=r"fsrcnn does not support x2\.5")


def test_the_interface_of_python_takes_them():
    frame = package.evaluate("bicubic", "sample", scale=2.5, metrics=["psnr"], device="cpu")
    assert set(frame["scale"]) == {2.5}
    assert round(float(frame["value"].mean()), 1) == 28.3
    whole = package.evaluate("bicubic", "sample", scale=4.0, metrics=["psnr"], device="cpu")
    assert whole["scale"].dtype == "int64"


def test_an_image_of_which_nothing_is_left_is_named(srbench, tmp_path):
    write_image(tmp_path / "small" / "a.png", np.zeros((5, 40, 3), np.uint8))
    run = ("run", "--methods", "bicubic", "--datasets", tmp_path / "small", "--scales", "2.5", "--metrics", "psnr")
    result = srbench(*run, "--out", tmp_path / "r", "--device", "cpu", "--threads", 1)
    assert result.exit_code == 1
    assert re.search(r"an image of 40x5 is too small at x2\.5: nothing is left", " ".join(result.output.split()))


@pytest.mark.parametrize("text", ["0.99", "2.3333333333333333333333333", "1/3", "1.0001"])
def test_what_is_no_scale_is_one_line(wrong, text):
    for command in (
        ("run", "--methods", "bicubic", "--scales", text),
        ("upscale", "bicubic", "a.png", "--scale", text),
        ("time", "bicubic", "--scale", text),
        ("report", Path(), "--format", "csv", "--scale", text),
    ):
        wrong(*command, match=r"is not a scale; |is a scale below 1|a denominator of more than 1,000")
