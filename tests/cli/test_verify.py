"""``srbench verify``: are these the images that the literature measured?"""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srbench import dataset
from srbench.imaging.images import write_image


def test_the_sample_is_identical(srbench):
    result = srbench("verify", "sample")
    assert result.exit_code == 0
    assert "8 of 8 images identical" in result.stdout


def test_a_dataset_that_is_not_here_is_missing(srbench):
    result = srbench("verify", "set5")
    assert result.exit_code == 1
    assert "Set5: 0 of 5 images identical" in result.stdout
    assert result.stdout.count("missing") == 5


@pytest.mark.data("set5")
def test_changed_copies_are_named_with_the_reason(srbench, tmp_path, monkeypatch):
    folder = tmp_path / "Set5"
    for image in dataset.find("set5").images:
        folder.mkdir(exist_ok=True)
        shutil.copy(image.path, folder)
        if image.name == "bird":
            write_image(folder / "bird.png", image.read()[:-1])
        if image.name == "head":
            write_image(folder / "head.png", 255 - image.read())
    (folder / "baby.png").write_bytes(b"broken")
    (folder / "woman.png").unlink()
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    result = srbench("verify", "set5")
    assert result.exit_code == 1
    assert "1 of 5 images identical" in result.stdout
    lines = {line.split("│")[1].strip(): line for line in result.stdout.splitlines() if line.count("│") > 2}
    assert "unreadable" in lines["baby"]
    assert "wrong size" in lines["bird"]
    assert "288x287, not 288x288: a cropped copy" in lines["bird"]
    assert "other pixels" in lines["head"]
    assert "missing" in lines["woman"]
    assert "butterfly" not in lines


@pytest.mark.data
def test_all_at_once(srbench):
    result = srbench("verify", "set5,set14", "bsd100")
    assert result.exit_code == 0
    for line in ("Set5: 5 of 5", "Set14: 14 of 14", "100 of 100"):
        assert line in result.stdout


def test_an_unknown_name_is_one_line(wrong):
    wrong("verify", "sett5", match="unknown dataset 'sett5'; did you mean set5")


def test_a_set_without_recorded_pixels_is_good_when_it_is_whole(srbench, tmp_path, monkeypatch, make_picture):
    manifest = replace(dataset.manifests()["div2k"], unrecorded=3)
    monkeypatch.setattr("srbench.dataset.manifest.manifests", lambda: {"div2k": manifest})
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    for done, name in enumerate(("a", "b", "c"), start=1):
        write_image(tmp_path / "DIV2K" / f"{name}.png", make_picture(9, 9, done))
        (tmp_path / "DIV2K" / f"._{name}.png").write_bytes(b"\0\5\26\7")
        result = srbench("verify", "div2k")
        assert f"{done} of 3 images here; their pixels are not recorded" in result.stdout
        assert result.exit_code == (0 if done == 3 else 1)


@pytest.mark.parametrize("command", ["verify", "fetch"])
@pytest.mark.parametrize("name", ["mine", "MINE"])
def test_a_broken_manifest_is_said_to_be_broken_with_the_reason(wrong, monkeypatch, tmp_path, command, name):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mine.toml").write_text("title = 'mine'\n")
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    said = wrong(command, name, match="mine.toml")
    assert "unknown dataset" not in said
    assert "version" in said  # the key that is missing


# -- LR images -----------------------------------------------------------------------------------------------------


@pytest.mark.data("set5")
def test_the_program_that_made_lr_images_is_named(srbench):
    low = dataset.find("set5").images[0].path.parents[1] / "LR_bicubic"
    result = srbench("verify", "set5", "--lr", low / "X4")
    assert result.exit_code == 0, result.output
    line = "LR images of Set5 at x4: MATLAB's imresize, bicubic (srbench's own, under basicsr): all pixels are equal"
    assert line in result.stdout
    assert re.search(r"OpenCV's INTER_CUBIC.* 1[0-9]\.[0-9]% +│ +5\.[0-9]{3} +│ +115", result.stdout)


@pytest.mark.parametrize(
    ("kernel", "says"),
    [
        (Image.Resampling.BICUBIC, "x2: Pillow's bicubic: all pixels are equal"),
        (Image.Resampling.HAMMING, "no way that is"),
    ],
)
def test_lr_images_of_a_users_folder(srbench, tmp_path, make_picture, kernel, says):
    for name in ("a", "b"):
        write_image(tmp_path / "HR" / f"{name}.png", make_picture(40, 60, ord(name)))
        small = Image.fromarray(make_picture(40, 60, ord(name))).resize((30, 20), kernel)
        write_image(tmp_path / "LR" / f"{name}.png", np.asarray(small))
    result = srbench("verify", tmp_path / "HR", "--lr", tmp_path / "LR")
    assert says in result.stdout
    assert result.exit_code == (kernel is Image.Resampling.HAMMING)


def test_lr_images_that_are_no_pairs_are_one_line(wrong, tmp_path, make_picture):
    write_image(tmp_path / "HR" / "a.png", make_picture(40, 60, 0))
    write_image(tmp_path / "LR" / "a.png", make_picture(7, 7, 0))
    wrong("verify", tmp_path / "HR", "--lr", tmp_path / "LR", match="no scale explains LR images of 7x7")
    wrong("verify", tmp_path / "HR,sample", "--lr", tmp_path / "LR", match="1 folder of LR images for 2 datasets")
    wrong("verify", tmp_path / "HR", "--lr", tmp_path / "X", match="no folder at")


@pytest.mark.data("vid4/city", "vid4/walk")
def test_of_clips_it_says_which_are_whole(srbench, tmp_path, monkeypatch):
    frames = [image for image in dataset.find("vid4", lambda text: None).images if image.clip in ("city", "walk")]
    for image in frames:
        place = tmp_path / "Vid4" / image.clip
        place.mkdir(parents=True, exist_ok=True)
        (place / f"Frame {image.number + 1:03d}.png").symlink_to(image.path)
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    result = srbench("verify", "vid4")
    assert result.exit_code == 1  # two clips lack
    assert "Vid4: 81 of 171 frames identical, 2 of 4 clips here whole" in result.stdout
    assert re.search(r"city +│ 34/34 +│ identical", result.stdout)
    assert re.search(r"foliage +│ 0/49 +│ missing", result.stdout)
    (tmp_path / "Vid4/walk/Frame 007.png").unlink()
    (tmp_path / "Vid4/city/Frame 002.png").unlink()
    write_image(tmp_path / "Vid4/city/Frame 002.png", 255 - frames[1].read())
    listed = srbench("list", "datasets").stdout
    assert "80 of 171 frames in" in listed
    assert "(city, walk)" in listed
    result = srbench("verify", "vid4")
    assert re.search(r"city +│ 34/34 +│ other pixels +│ city/001: other pixels", result.stdout)
    assert re.search(r"walk +│ 46/47 +│ incomplete +│ missing: walk/006", result.stdout)
