"""Which files of a folder are HR images."""

import os

import pytest
from PIL import Image

from srbench.dataset import find
from srbench.dataset.folder import image_files, read_folder
from srbench.errors import DatasetError


@pytest.fixture
def put(tmp_path):
    """Writes images of given sizes into a folder; returns it."""

    def write(files, folder="images"):
        place = tmp_path / folder
        place.mkdir(parents=True, exist_ok=True)
        for name, size in files.items():
            Image.new("RGB", size, (9, 99, 199)).save(place / name)
        return place

    return write


HR, LR = (33, 25), (8, 6)  # at x4, of an HR image that is no multiple of it

# The layouts of SelfExSR, RealSR, BasicSR and others: an image and its LR image in one folder.
PAIRS = [
    ("img_001_SRF_4_HR.png", "img_001_SRF_4_LR.png"),
    ("Canon_001_HR.png", "Canon_001_LR4.png"),
    ("0801_HR.png", "0801_LRx4.png"),
    ("baby_GT.bmp", "baby_LR.bmp"),
    ("baby_gt.png", "baby_lq.png"),
    ("HR_baby.png", "LR_baby.png"),
    ("baby-HR.png", "baby-LR_x4.png"),
    ("0801.png", "0801x4.png"),
    ("0801.png", "0801_x4.png"),
    ("baby.png", "baby_LR.png"),
    ("baby_HR.png", "baby_x4.png"),
    ("baby.png", "baby_4x.bmp"),
]


@pytest.mark.parametrize(("high", "low"), PAIRS)
def test_the_lr_images_of_pairs_are_left_out_with_a_note(put, high, low):
    folder = put({high: HR, low: LR, high.replace("1", "2").replace("a", "o"): HR})
    contents = read_folder(folder)
    assert low not in [path.name for path in contents.images]
    assert high in [path.name for path in contents.images]
    assert contents.left_out == {low: f"the LR image of {high}"}
    assert len(contents.notes) == 1
    assert f"2 HR images taken, 1 LR image left out ({low})" in contents.notes[0]


def test_the_hr_images_are_what_is_scored(put):
    files = {f"img_{i:03}_SRF_4_{kind}.png": size for i in range(10) for kind, size in (("HR", HR), ("LR", LR))}
    notes = []
    data = find(str(put(files, "image_SRF_4")), notes.append)
    assert [image.path.name for image in data.images] == [f"img_{i:03}_SRF_4_HR.png" for i in range(10)]
    assert len(data.left_out) == 10
    assert len(notes) == 1


@pytest.mark.parametrize(
    "files",
    [
        {"x2.png": HR, "y.png": LR},  # called x2, not the LR image of anything
        {"a.png": HR, "a_x4.png": HR},  # another program's output
        {"a.png": HR, "ax4.png": (20, 20)},
        {"a_LR.png": LR, "b_HR.png": HR},
        {"baby.png": HR, "bird.png": LR},
        {"gt.png": HR, "lr.png": LR},
    ],
)
def test_images_that_are_no_pair_are_all_taken(put, files):
    contents = read_folder(put(files))
    assert {path.name for path in contents.images} == set(files)
    assert not contents.left_out
    assert not contents.notes


@pytest.mark.parametrize("low", ["baby_small.png", "baby.down.png", "baby-input.jpg"])
def test_a_sibling_at_a_fraction_of_the_size_is_warned_of(put, low):
    contents = read_folder(put({"baby.png": HR, low: LR}))
    assert len(contents.images) == 2
    (note,) = contents.notes
    assert f"'{low}' has 1/4 of the size of 'baby.png'" in note


@pytest.mark.parametrize("folder", ["LR", "lr_bicubic", "LR_bicubic/X4", "Set5/LR/x2", "DIV2K_valid_LR_bicubic", "lq"])
def test_a_folder_that_is_called_as_lr_images_are_is_noted(put, folder):
    contents = read_folder(put({"a.png": HR}, folder))
    assert len(contents.images) == 1
    assert "called as folders of LR images" in contents.notes[0]


@pytest.mark.parametrize("folder", ["HR", "HR/x4", "GT/x2", "DIV2K_valid_HR", "x-rays", "lrs"])
def test_other_folders_are_not(put, folder):
    assert not read_folder(put({"a.png": HR}, folder)).notes


def test_hidden_files_are_no_images(put):
    folder = put({"a.png": HR, "b.png": HR})
    for name in ("._a.png", "._b.png", ".DS_Store", ".c.jpg"):
        (folder / name).write_bytes(b"\0\5\26\7")
    assert [path.name for path in image_files(folder)] == ["a.png", "b.png"]


def test_what_is_no_file_is_no_image(put):
    folder = put({"a.png": HR})
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "loop").symlink_to(folder)
    assert [path.name for path in image_files(folder)] == ["a.png", "gone.png"]  # reading it says what is wrong


@pytest.mark.parametrize("suffix", [".gif", ".ppm", ".jp2", ".jfif", ".GIF", ".pgm", ".heic", ".avif", ".npy", ".exr"])
def test_images_of_formats_that_are_not_read_are_named(put, suffix):
    folder = put({"a.png": HR})
    (folder / f"b{suffix}").write_bytes(b"anything")
    (folder / f".c{suffix}").write_bytes(b"anything")
    (folder / "notes.txt").write_text("no image")
    contents = read_folder(folder)
    assert contents.left_out == {f"b{suffix}": "of a format that is not read"}
    assert f"b{suffix}" in contents.notes[0]
    (folder / "a.png").unlink()
    with pytest.raises(DatasetError, match=rf"no images in .*b\{suffix}, which are not read"):
        find(str(folder))


def test_a_folder_of_folders_says_which_hold_images(put, tmp_path):
    put({"a.png": LR}, "Set5/small")
    put({"a.png": HR}, "Set5/large")
    with pytest.raises(DatasetError, match=r"no images in .*Set5/large"):
        find(str(tmp_path / "Set5"))
