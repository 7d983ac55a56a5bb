"""The shipped PixelCNN prior as a user runs it: samples, seeds, bits, grey images, scales that it has not."""

import csv
import io
import json

import numpy as np
import pytest

from srbench.imaging.images import read_image

METHODS = "pixelcnn,pixelcnn-mean,pixelcnn-greedy,pixelcnn-conditioning,bicubic"


def rows(result):
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


@pytest.mark.slow
def test_run_and_report(srbench, pictures, tmp_path):
    folder = tmp_path / "results"
    run = ["run", "--datasets", pictures, "--scales", "4", "--metrics", "psnr,bits,consistency", "--out", folder]
    assert srbench(*run, "--methods", METHODS, "--threads", 1).exit_code == 0
    assert srbench(*run, "--methods", "pixelcnn", "--threads", 1, "--seed", 1).exit_code == 0
    found = rows(srbench("report", folder, "--format", "csv"))
    mean = {(row["method"], row["metric"]): float(row["mean"]) for row in found if row["mean"]}
    assert {method for method, _ in mean} == {*METHODS.split(","), "pixelcnn (seed 1)"}
    alone = mean.pop(("pixelcnn-conditioning", "bits"))
    bits = {value for (_, metric), value in mean.items() if metric == "bits"}
    assert len(bits) == 1  # one network
    assert 0 < bits.pop() < alone < 8
    assert ("bicubic", "bits") not in mean
    assert mean["pixelcnn", "psnr"] != mean["pixelcnn (seed 1)", "psnr"]
    assert mean["pixelcnn-conditioning", "psnr"] > mean["pixelcnn-mean", "psnr"] > mean["pixelcnn", "psnr"]
    assert all(mean[method, "consistency"] > 25 for method in METHODS.split(","))
    page = tmp_path / "page.html"
    assert srbench("report", folder, "--output", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "Entropy of PRSR" in text
    assert "(seed 1)" in text


def test_a_run_twice_is_the_same(srbench, pictures, tmp_path):
    hashes = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        run = ["run", "--datasets", pictures, "--scales", "4", "--metrics", "psnr", "--out", folder, "--seed", "5"]
        assert srbench(*run, "--methods", "pixelcnn", "--threads", 1).exit_code == 0
        found = rows(srbench("report", folder, "--format", "csv", "--per-image"))
        hashes.append([(row["image"], row["value"]) for row in found])
    assert hashes[0] == hashes[1]


def test_other_scales_are_not_supported(srbench, pictures, tmp_path):
    arguments = ["--datasets", pictures, "--scales", "2,3", "--out", tmp_path / "results"]
    result = srbench("run", "--methods", "pixelcnn,bicubic", *arguments, "--metrics", "psnr")
    assert result.exit_code == 0, result.output
    assert "not supported" in result.output
    wrong = srbench("upscale", "pixelcnn", pictures / "a.png", "--scale", 3, "--output", tmp_path / "up")
    assert wrong.exit_code == 2
    assert "pixelcnn does not support x3" in wrong.stderr


def test_upscale_colour_grey_and_tiny_pictures(srbench, pictures, tmp_path, make_picture):
    from srbench.imaging.images import write_image

    write_image(tmp_path / "tiny.png", make_picture(3, 2, 0))
    out = tmp_path / "up"
    files = [pictures / "a.png", pictures / "c.png", tmp_path / "tiny.png"]
    assert srbench("upscale", "pixelcnn", *files, "--seed", 1, "--output", out).exit_code == 0
    assert read_image(out / "a_pixelcnn_x4.png").shape == (112, 112, 3)
    assert read_image(out / "c_pixelcnn_x4.png").shape == (112, 144)
    assert read_image(out / "tiny_pixelcnn_x4.png").shape == (12, 8, 3)
    again = tmp_path / "again"
    assert srbench("upscale", "pixelcnn", files[0], "--seed", 2, "--output", again).exit_code == 0
    first, second = (read_image(folder / "a_pixelcnn_x4.png") for folder in (out, again))
    assert not np.array_equal(first, second)


def test_only_pixelcnn_is_in_all(srbench):
    listed = {row["name"]: row for row in json.loads(srbench("list", "methods", "--json").stdout)}
    assert {name for name in listed if name.startswith("pixelcnn")} == set(METHODS.split(",")[:4])
    assert listed["pixelcnn"]["title"] == "PRSR, one sample"
