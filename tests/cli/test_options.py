"""``--tile``, ``--self-ensemble`` and ``--precision`` of run and upscale."""

import json
import re

import numpy as np
import pytest

from srbench.imaging.images import read_image


@pytest.fixture
def run(srbench, pictures, results):
    def call(*arguments):
        fixed = ["--datasets", pictures, "--scales", "2", "--out", results, "--threads", "1", "--device", "cpu"]
        return srbench("run", *fixed, *arguments)

    return call


def test_options_make_other_cells_that_stand_beside_the_plain_ones(run, srbench, results, write_plugin, pictures):
    method = write_plugin("return imresize(lr, scale) + 0.1 * lr[..., :1, :1]")
    for arguments in ([], ["--self-ensemble"], ["--tile", "16"]):
        result = run("--methods", method, *arguments)
        assert result.exit_code == 0, result.output
        assert "3 cells computed, 0 already there" in result.stderr
        assert "0 cells computed, 3 already there" in run("--methods", method, *arguments).stderr
    assert "mine (tile 16)" in srbench("report", results, "--format", "table").stdout
    rows = [line.split(",") for line in srbench("report", results, "--format", "csv").stdout.splitlines()[1:]]
    assert {row[0] for row in rows} == {"mine", "mine+", "mine (tile 16)"}
    assert len({row[6] for row in rows if row[5] == "psnr"}) == 3
    assert srbench("report", results).exit_code == 0
    assert len(list(results.glob("images/**/*.png"))) == 9


def test_what_tiles_change_is_measured_shown_and_kept(run, results, write_plugin):
    result = run(
        "--methods", f"bicubic,{write_plugin('return imresize(lr, scale) * 0.5 + lr.mean() * 0.5')}", "--tile", 16
    )
    assert result.exit_code == 0, result.output
    difference = r"note: bicubic x2: tiles of 16 and the whole c differ by at most (0|0\.0\d+|[\d.]+e-\d+) grey"
    assert re.search(difference, result.stderr)  # 0 where a processor adds in one order whatever the size
    assert "note: --tile 16 is smaller than the receptive field of mine at x2" in result.stderr
    manifest = json.loads((results / "runs" / "0001.json").read_text())
    seams = {entry["method"]: entry["grey_levels"] for entry in manifest["seams"]}
    assert seams["bicubic"] < 0.1 < seams["mine"]
    assert json.loads(manifest["options"]) == {"tile": 16}


def test_a_lack_of_memory_is_said_and_the_run_goes_on(run, write_plugin):
    body = "if lr.shape[-1] > 16: raise MemoryError\n        return imresize(lr, scale)"
    result = run("--methods", write_plugin(body))
    assert result.exit_code == 0, result.output
    assert re.findall(
        r"note: mine on pictures x2, 1 in tiles: computed in tiles of 9 LR pixels because memory ran out", result.stderr
    )
    body = "raise MemoryError"
    result = run("--methods", write_plugin(body, name="other", file="other.py"))
    assert result.exit_code == 1
    assert "failed: other on pictures/a x2: MemoryError" in result.stderr


def test_upscale_takes_them_too(srbench, pictures, tmp_path):
    plain, tiled, eight = (tmp_path / name for name in ("plain", "tiled", "eight"))
    for out, arguments in ((plain, []), (tiled, ["--tile", "20"]), (eight, ["--self-ensemble"])):
        command = ["upscale", "bicubic", pictures / "b.png", "--scale", "2", "--output", out, *arguments]
        assert srbench(*command).exit_code == 0
    images = [read_image(out / "b_bicubic_x2.png").astype(int) for out in (plain, tiled, eight)]
    assert all(np.abs(image - images[0]).max() <= 1 for image in images[1:])


def test_upscale_in_half_precision(srbench, pictures, tmp_path):
    made = []
    for precision in ("fp32", "bf16"):
        folder = tmp_path / precision
        result = srbench("upscale", "fsrcnn", pictures / "a.png", "--precision", precision, "--output", folder)
        assert result.exit_code == 0, result.output
        made.append(read_image(folder / "a_fsrcnn_x4.png").astype(int))
    assert 0 < np.abs(made[0] - made[1]).mean() < 3
    refused = srbench("upscale", "fsrcnn", pictures / "a.png", "--precision", "fp8", "--output", tmp_path)
    assert (refused.exit_code, "unknown precision 'fp8'" in refused.stderr) == (2, True)


@pytest.mark.parametrize("command", ["run", "upscale"])
def test_a_tile_that_is_too_small_is_one_line(wrong, pictures, results, command):
    fixed = {
        "run": ["--methods", "nearest", "--datasets", pictures, "--out", results],
        "upscale": ["nearest", pictures],
    }
    wrong(command, *fixed[command], "--tile", "4", match="--tile 4 is too small; give at least 16 LR pixels")


@pytest.mark.parametrize("command", [["run", "--methods", "bicubic"], ["time", "bicubic"], ["experiment", "corners"],
                                     ["train", "fsrcnn", "--data", "."]])  # fmt: skip
def test_threads_have_an_end(srbench, command):
    result = srbench(*command, "--threads", 1025)
    assert result.exit_code == 2
    assert "1024" in result.stderr


@pytest.mark.parametrize("device", ["cuda:0,0", "cuda:0,", "cuda:all,1", "gpu:0,1"])
def test_a_list_of_gpus_that_is_none(srbench, device):
    result = srbench("run", "--methods", "bicubic", "--datasets", "sample", "--device", device)
    assert result.exit_code == 2
    assert "error: " in result.stderr
    assert "cuda:0,2" in result.stderr or "no device" in result.stderr
