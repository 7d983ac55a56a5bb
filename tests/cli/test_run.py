"""``srbench run``: options, exit codes, and every wrong input as one line."""

import json
import re

import numpy as np
import pytest

from srbench import dataset
from srbench.imaging.images import read_image, write_image


@pytest.fixture
def run(srbench, pictures, results):
    def call(*arguments, datasets=pictures):
        fixed = ["--datasets", datasets, "--scales", "2", "--out", results, "--threads", "1", "--device", "cpu"]
        return srbench("run", *fixed, *arguments)

    return call


@pytest.fixture
def wrong_run(wrong, pictures, results):
    def call(*arguments, match):
        fixed = ["--datasets", pictures, "--scales", "2", "--out", results, "--device", "cpu"]
        return wrong("run", *fixed, *arguments, match=match)

    return call


def test_a_run_prints_the_table_and_ends_with_zero(run, results):
    result = run("--methods", "bicubic,nearest")
    assert result.exit_code == 0, result.output
    assert re.search(r"bicubic +│ +\d+\.\d\d │ \d+\.\d\d to \d+\.\d\d", result.stdout)
    assert "pictures x2, basicsr, bicubic" in result.stdout
    assert "3/3" in result.stdout
    assert "6 cells computed, 0 already there" in result.stderr
    assert "no recorded bicubic value for 'pictures' x2" in result.stderr
    assert (results / "results.sqlite").is_file()
    assert len(list(results.glob("images/**/*.png"))) == 6


def test_again_does_nothing_and_says_so(run):
    run("--methods", "nearest")
    result = run("--methods", "nearest")
    assert result.exit_code == 0
    assert "0 cells computed, 3 already there" in result.stderr
    assert "nearest" in result.stdout


NOT_A_NUMBER = """
from srbench.metrics import Metric

METRIC = Metric(
    name="mine", title="Mine", version=1, higher_is_better=True, unit="", bounds=(0, 1), digits=2, needs=("sr_luma",),
    compute=lambda pair: float("nan"),
)
"""


def test_a_stored_nan_makes_the_exit_code_one_every_time(run, tmp_path):
    (tmp_path / "mine.py").write_text(NOT_A_NUMBER)
    for done in ("3 cells computed, 0 already there", "0 cells computed, 3 already there"):
        result = run("--methods", "nearest", "--metrics", f"psnr,{tmp_path / 'mine.py'}")
        assert result.exit_code == 1, result.output
        assert done in result.stderr
        assert result.stderr.count("mine is nan") == 1
        assert "failed: nearest on pictures/a x2: mine is nan" in result.stderr
        assert "(and 2 more, as nearest on pictures/b x2)" in result.stderr


def test_no_images_and_metrics(run, results):
    result = run("--methods", "nearest", "--no-images", "--metrics", "psnr")
    assert result.exit_code == 0
    assert "ssim" not in result.stdout
    assert not (results / "images").exists()


def test_options_may_be_repeated_or_separated_by_commas(run):
    result = run("--methods", "nearest", "--methods", "bilinear,bicubic", "--scales", "2,3")
    assert result.exit_code == 0
    assert "18 cells computed" in result.stderr


def test_the_command_line_is_kept(run, results, monkeypatch):
    monkeypatch.setattr("sys.argv", ["srbench", "run", "--methods", "near est"])
    run("--methods", "nearest")
    manifest = json.loads((results / "runs" / "0001.json").read_text())
    assert manifest["command"] == "srbench run --methods 'near est'"


def test_a_folder_with_a_comma_in_its_name_is_taken_whole(run, pictures, tmp_path):
    folder = pictures.rename(tmp_path / "one,two")
    assert run("--methods", "nearest", datasets=folder).exit_code == 0


def test_a_plugin_that_raises_makes_the_exit_code_one_and_the_others_go_on(run, write_plugin):
    bad = write_plugin("raise ValueError('no such luck')", name="bad", file="bad.py")
    result = run("--methods", f"{bad},nearest")
    assert result.exit_code == 1
    assert "failed: bad on pictures/a x2: ValueError: no such luck" in result.stderr
    assert "Traceback" not in result.stderr
    assert "3 cells computed, 0 already there, 3 failed" in result.stderr
    assert re.search(r"nearest.*3/3", result.stdout)
    assert re.search(r"bad.*3 failed", result.stdout)


@pytest.mark.parametrize(
    ("body", "message"),
    [("return imresize(lr, scale) / 0", "NaN or infinite"), ("return lr", "returned shape (1, 3, 14, 14)")],
)
def test_broken_outputs_make_the_exit_code_one(run, write_plugin, body, message):
    result = run("--methods", write_plugin(body))
    assert result.exit_code == 1
    assert message in result.stderr


def test_failures_of_one_cause_are_one_line(run, write_plugin):
    causes = ["raise ValueError('odd')", "raise OSError('gone')"]
    one = write_plugin(causes[0], name="one", file="one.py")
    two = write_plugin(f"if lr.shape[-1] == 14: {causes[0]}\n        {causes[1]}", name="two", file="two.py")
    result = run("--methods", f"{one},{two}", "--scales", "2,3")
    lines = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    place = r"(one|two) on pictures/[abc] x[23]"  # whichever is done first
    assert len(lines) == 2
    for count, cause in ((6, "ValueError: odd"), (4, "OSError: gone")):
        assert any(re.fullmatch(rf"failed: {place}: {cause} \(and {count} more, as {place}\)", line) for line in lines)


def test_many_failures_are_not_all_printed(run, write_plugin, pictures, make_picture):
    for i in range(20):
        write_image(pictures / f"{i}.png", make_picture(20, 20, i))
    result = run("--methods", write_plugin("1 / 0"))
    assert result.stderr.count("ZeroDivisionError") <= 11
    assert "more" in result.stderr


def test_a_scale_that_is_not_supported_is_fine_and_says_why(run, write_plugin):
    for _ in range(2):  # computed, then known
        result = run("--methods", f"bicubic,{write_plugin(scales=(4,))}")
        assert result.exit_code == 0
        assert "3 not supported" in result.stderr
        assert "not supported: mine does not support x2; it supports x4" in result.stderr
        assert "3 not supported" in result.stdout


def test_a_run_in_which_no_method_does_what_was_asked_is_a_failure(run, write_plugin):
    for _ in range(2):
        result = run("--methods", write_plugin(scales=(4,)))
        assert result.exit_code == 2
        assert result.stderr.count("not supported: mine does not support x2; it supports x4") == 1
        assert "error: nothing was measured: mine does not support x2; it supports x4" in result.stderr


def test_a_method_without_weights_for_a_scale_says_so_as_upscale_does(run, untrained):
    result = run("--methods", "bicubic", "--methods", untrained)
    assert result.exit_code == 0
    said = "untrained has no weights for x2; train them: srbench train untrained --scale 2"
    assert f"not supported: {said}" in result.stderr


def test_an_image_smaller_than_the_border_needs_fails_alone(run, pictures, make_picture):
    write_image(pictures / "tiny.png", make_picture(4, 4, 0))
    result = run("--methods", "nearest")
    assert result.exit_code == 1
    assert "an image of 4x4 is too small at x2" in result.stderr


def test_alpha_is_dropped_with_a_note(run, pictures, make_picture):
    from PIL import Image

    rgba = np.dstack([make_picture(28, 28, 0), np.full((28, 28), 9, np.uint8)])
    Image.fromarray(rgba).save(pictures / "a.png")
    result = run("--methods", "nearest")
    assert result.exit_code == 0
    assert re.search(r"note: .*a\.png.*alpha", result.stderr)


def test_names_with_brackets_are_printed_as_they_are(run, write_plugin, pictures, tmp_path):
    folder = pictures.rename(tmp_path / "set [v2]")
    names = [write_plugin(name=name, file=f"{i}.py") for i, name in enumerate(("net[v2]", "net[/b]"))]
    result = run("--methods", ",".join(names), datasets=folder)
    assert result.exit_code == 0, result.output
    for name in ("net[v2]", "net[/b]", "set [v2]"):
        assert name in result.stdout


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda pixels: 255 - pixels, "(cat) with other pixels"),
        (lambda pixels: pixels[:4, :4], "(cat) of another size"),
    ],
)
def test_an_off_canary_is_loud(run, monkeypatch, tmp_path, change, cause):
    from srbench.dataset import manifest as dataset
    from srbench.dataset.locate import find

    for image in find("sample").images:
        pixels = image.read()
        write_image(tmp_path / "sample" / f"{image.name}.png", change(pixels) if image.name == "cat" else pixels)
    manifest = dataset.manifests()["sample"]
    import dataclasses

    images = tuple(dataclasses.replace(facts, source="", crop=None) for facts in manifest.images)
    changed = {"sample": dataclasses.replace(manifest, images=images, bicubic={"basicsr": {2: 28.0}})}
    monkeypatch.setattr(dataset, "manifests", lambda: changed)
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    result = run("--methods", "nearest", datasets="sample")
    assert "NOT COMPARABLE: bicubic on sample x2" in result.stderr, result.output
    assert cause in result.stderr


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--methods", "bicubik"], "unknown method 'bicubik'; did you mean bicubic"),
        (["--methods", "nearest", "--datasets", "sett5"], "unknown dataset 'sett5'; did you mean set5"),
        (["--methods", "nearest", "--metrics", "pnsr"], "unknown metric 'pnsr'; did you mean psnr"),
        (["--methods", "nearest", "--protocol", "clasic"], "unknown protocol 'clasic'; did you mean classic"),
        (["--methods", "nearest", "--degradation", "cubic"], "unknown degradation 'cubic'"),
        (["--methods", "nearest", "--datasets", "set5"], r"Set5 is not on this machine \(looked in .*SRBENCH_DATA"),
        (["--methods", "nearest", "--datasets", "./gone"], "no folder at './gone'"),
        (["--methods", "./gone.py"], "no plugin file at"),
        (["--methods", "./gone.pth"], r"no weights at 'gone\.pth'"),
        (["--methods", "nearest", "--scales", "0"], "'0' is not a scale"),
        (["--methods", "nearest", "--scales", "2,0.5"], r"'0\.5' is a scale below 1"),
        (["--methods", "nearest", "--scales", "2.3333"], r"'2\.3333' is a fraction with a denominator of more than"),
        (["--methods", "nearest", "--scales", "x4"], "'x4' is not a scale"),
        (["--methods", "nearest", "--scales", "²"], "is not a scale"),
        (["--methods", "nearest", "--scales", ","], "the value of --scales is empty"),
        (["--methods", ","], "the value of --methods is empty"),
        (["--methods", "nearest", "--device", "tpu"], "device 'tpu'"),
        (["--methods", "nearest", "--device", "cuda:99"], "no device 'cuda:99'"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_line_that_names_it(wrong_run, arguments, match):
    wrong_run(*arguments, match=match)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("def broken(:", r"mine\.py' cannot be imported: SyntaxError"),
        ("raise RuntimeError('first\\nsecond')", r"mine\.py' cannot be imported: RuntimeError: first"),
        ("import sys; sys.exit(0)", r"mine\.py' cannot be imported"),
        ("x = 1", r"mine\.py' defines no method"),
    ],
)
def test_a_broken_plugin_file_is_one_line(wrong_run, tmp_path, text, match):
    (tmp_path / "mine.py").write_text(text)
    wrong_run("--methods", tmp_path / "mine.py", match=match)


def test_a_damaged_checkpoint_is_one_line(wrong_run, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"nothing of the kind")
    wrong_run("--methods", tmp_path / "m.safetensors", match=r"m\.safetensors' is not an intact safetensors file")


def test_an_image_that_cannot_be_decoded_is_one_line(wrong_run, pictures):
    (pictures / "b.png").write_bytes(b"\x89PNG")
    wrong_run("--methods", "nearest", match=r"cannot decode '.*b\.png'")


def test_an_empty_folder_is_one_line(wrong_run, tmp_path):
    (tmp_path / "empty").mkdir()
    wrong_run("--methods", "nearest", "--datasets", tmp_path / "empty", match="no images in '.*empty'")


def test_a_partial_dataset_is_one_line(wrong_run, tmp_path, monkeypatch, make_picture):
    write_image(tmp_path / "Set5" / "baby.png", make_picture(28, 28, 0))
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    match = r"4 of 5 images of Set5 are missing in '.*Set5' \(bird\.png, butterfly\.png, head\.png, \.\.\.\)"
    wrong_run("--methods", "nearest", "--datasets", "set5", match=match)


def test_an_output_folder_that_cannot_be_made_is_one_line(wrong_run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    wrong_run("--methods", "nearest", "--out", tmp_path / "file", match="cannot write into '.*file'")


def test_a_store_of_another_version_is_one_line(run, wrong_run, results):
    import sqlite3

    run("--methods", "nearest")
    connection = sqlite3.connect(results / "results.sqlite")
    connection.execute("UPDATE meta SET schema_version = 99")
    connection.commit()
    connection.close()
    wrong_run("--methods", "nearest", match="schema 99")


@pytest.mark.parametrize("arguments", [["--threads", "-1"], ["--seed", "x"], ["--no-such-option"]])
def test_options_that_typer_refuses_are_usage_errors(run, arguments):
    result = run("--methods", "nearest", *arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_images_of_a_run_are_the_upscaled_pictures(run, srbench, results, pictures):
    run("--methods", "nearest")
    (kept,) = results.glob("images/**/b.png")
    assert read_image(kept).shape == read_image(pictures / "b.png").shape


@pytest.mark.data("set5")
def test_matlabs_lr_images_of_set5_as_pairs(srbench, results):
    low = dataset.find("set5").images[0].path.parents[1] / "LR_bicubic" / "X4"
    fixed = ["--methods", "bicubic", "--datasets", "set5", "--lr", low, "--protocol", "basicsr", "--out", results]
    result = srbench("run", *fixed, "--metrics", "psnr", "--no-images")
    assert result.exit_code == 0, result.output
    assert "set5 x4, basicsr, given" in result.stdout
    (line,) = srbench("report", results, "--format", "csv").stdout.splitlines()[1:]
    assert line.startswith("bicubic,set5,4,basicsr,given,psnr,28.43")
    assert round(float(line.split(",")[6]), 3) == 28.431


def test_given_lr_images_that_are_wrong_are_one_line(wrong_run, pictures, tmp_path, make_picture):
    low = tmp_path / "LR"
    for name in "abc":
        write_image(low / f"{name}.png", make_picture(14, 14, 0))
    wrong_run(
        "--methods", "bicubic", "--lr", low, match=r"2 of 3 LR images of pictures do not fit .* at x2: b\.png is 14x14"
    )
    wrong_run("--methods", "bicubic", "--lr", low, "--degradation", "bicubic", match="--lr and --degradation bicubic")
    wrong_run("--methods", "bicubic", "--lr", low, "--no-reference", match="--no-reference and --lr")
    wrong_run("--methods", "bicubic", "--degradation", "given", match=r"two LR images|do not fit")
    wrong_run("--methods", "bicubic", "--lr", f"{low},{pictures}", match="2 folders of LR images for 1 datasets")
