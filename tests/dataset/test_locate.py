"""Where images are found on this machine."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srbench import paths
from srbench.dataset import manifest as manifest_module
from srbench.dataset.locate import available, find, image_paths
from srbench.dataset.manifest import facts_of, manifests
from srbench.dataset.verify import check_images
from srbench.errors import DatasetError, DatasetMissingError, ImageError, SrbenchWarning, UnknownNameError
from srbench.imaging.images import write_image


def test_the_sample_is_there_without_any_data():
    found = find("sample")
    assert len(found.images) == 8
    assert available("sample")
    for image in found.images:
        assert image.read().shape[:2] == (image.facts.height, image.facts.width)


@pytest.mark.parametrize(
    "layout",
    [
        *("BSD100/HR", "BSD100", "B100/HR", "benchmark/B100/HR", "benchmark/B100", "bsd100/hr", "Benchmark/b100/Hr"),
        *("BSD100/original", "BSD100/GT", "BSD100/image", "SR_testing_datasets/BSD100", "BSD100/gt"),
    ],
)
def test_the_usual_layouts_are_found(known, lay_out, tmp_path, monkeypatch, layout):
    manifest, pixels = known
    lay_out(tmp_path / layout, pixels)
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    found = find("bsd")
    assert [image.name for image in found.images] == list(pixels)
    assert {image.path.parent for image in found.images} == {tmp_path / layout}
    assert all(verdict.good for verdict in check_images(manifest))


@pytest.mark.parametrize(
    ("suffix", "decoration", "change"),
    [
        (".bmp", "", str),
        (".png", "_GT", str),
        (".png", "_HR", str),
        (".png", "_SRF_2_HR", str),
        (".PNG", "", str),
        (".png", "", str.upper),
        (".bmp", "_gt", str.title),
    ],
)
def test_the_usual_names_are_found(known, lay_out, tmp_path, monkeypatch, suffix, decoration, change):
    manifest, pixels = known
    lay_out(tmp_path / "BSD100", pixels, suffix, decoration, change)
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    assert len(find("bsd").images) == 3
    assert all(verdict.good for verdict in check_images(manifest))


def test_the_current_folder_and_the_cache_are_searched(known, lay_out, tmp_path, monkeypatch):
    _, pixels = known
    monkeypatch.chdir(tmp_path)
    assert not available("bsd")
    lay_out(tmp_path / "data" / "BSD100", pixels)
    assert find("bsd").images[0].path.resolve() == tmp_path / "data" / "BSD100" / "img_a.png"
    shutil.rmtree(tmp_path / "data")
    lay_out(paths.cache() / "datasets" / "BSD100", pixels)
    try:
        assert available("bsd")
    finally:
        shutil.rmtree(paths.cache() / "datasets")


def test_several_folders_are_searched_in_order_and_the_whole_copy_wins(known, lay_out, tmp_path, monkeypatch):
    _, pixels = known
    lay_out(tmp_path / "one" / "BSD100", {"img_a": pixels["img_a"]})
    lay_out(tmp_path / "two" / "BSD100", pixels)
    lay_out(tmp_path / "three" / "BSD100", pixels)
    monkeypatch.setenv("SRBENCH_DATA", ":".join(str(tmp_path / name) for name in ("gone", "one", "two", "three")))
    assert {image.path.parent for image in find("bsd").images} == {tmp_path / "two" / "BSD100"}


def test_lr_folders_beside_hr_do_not_confuse(known, lay_out, tmp_path, monkeypatch):
    _, pixels = known
    lay_out(tmp_path / "BSD100" / "HR", pixels)
    lay_out(tmp_path / "BSD100" / "LR_bicubic" / "X2", pixels, decoration="x2")
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    assert {image.path.parent.name for image in find("bsd").images} == {"HR"}


def test_names_are_found_in_any_case():
    assert find("SAMPLE").name == "sample"


def test_a_missing_dataset_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path / "mine"))
    with pytest.raises(DatasetMissingError) as error:
        find("set5")
    text = str(error.value)
    for part in ("Set5", str(tmp_path / "mine"), "data", str(paths.cache()), "SRBENCH_DATA"):
        assert part in text
    assert "\n" not in text


def test_a_partial_dataset_names_what_is_missing(known, lay_out, tmp_path, monkeypatch):
    manifest, pixels = known
    lay_out(tmp_path / "BSD100", {"img_b": pixels["img_b"]})
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    with pytest.raises(DatasetMissingError, match=r"2 of 3 images of BSD are missing.*img_a\.png, img_c\.png"):
        find("bsd")
    assert set(image_paths(manifest)) == {"img_b"}
    assert not available("bsd")


def test_an_unknown_name_is_an_error_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean set5"):
        find("sett5")


# -- folders -----------------------------------------------------------------------------------------------------------


def test_any_folder_of_images_is_a_dataset(pictures):
    found = find(str(pictures))
    assert (found.name, found.manifest) == ("pictures", None)
    assert [image.name for image in found.images] == ["a", "b", "c"]
    assert found.images[2].read().ndim == 2


def test_other_files_and_hidden_files_are_left_out(pictures):
    (pictures / "notes.txt").write_text("no image")
    (pictures / ".part-1.png").write_text("half")
    assert len(find(str(pictures)).images) == 3


def test_files_of_one_stem_stay_apart(pictures, make_picture):
    Image.fromarray(make_picture(20, 20, 3)).save(pictures / "a.bmp")
    assert [image.name for image in find(str(pictures)).images] == ["a.bmp", "a.png", "b", "c"]


def test_a_folder_named_as_a_benchmark_is_not_taken_for_it(tmp_path, pictures):
    folder = pictures.rename(tmp_path / "Set5")
    found = find(str(folder))
    assert found.manifest is None
    assert found.name not in manifests()


def test_a_relative_folder_has_a_name(pictures, monkeypatch):
    monkeypatch.chdir(pictures)
    assert find(".").name == "pictures"


@pytest.mark.parametrize("spec", ["./nowhere", "no/where", "/no/where"])
def test_a_folder_that_is_not_there_is_an_error(spec):
    with pytest.raises(DatasetError, match=spec):
        find(spec)


def test_an_empty_folder_is_an_error_that_says_what_is_read(tmp_path):
    with pytest.raises(DatasetError, match=r"no images in.*PNG, BMP, JPG"):
        find(str(tmp_path))


def test_an_image_that_cannot_be_read_is_named(pictures):
    (pictures / "b.png").write_bytes(b"broken")
    with pytest.raises(ImageError, match=r"b\.png"):
        find(str(pictures)).images[1].read()


@pytest.mark.parametrize("name", ["notes.txt", "a.png", "no-suffix"])
def test_a_file_is_no_folder(pictures, name):
    if name != "a.png":
        (pictures / name).write_text("text")
    with pytest.raises(DatasetError, match=rf"{name}' is a file, and a dataset is a folder.*{pictures}"):
        find(str(pictures / name))


def test_a_bare_file_is_a_file_and_no_unknown_name(pictures, monkeypatch):
    monkeypatch.chdir(pictures)
    with pytest.raises(DatasetError, match=r"'a\.png' is a file"):
        find("a.png")


@pytest.mark.parametrize("spec", ["", " ", "\t"])
def test_nothing_is_not_the_current_folder(pictures, monkeypatch, spec):
    monkeypatch.chdir(pictures)
    with pytest.raises(DatasetError, match="without a name"):
        find(spec)


def test_a_path_is_the_folder_and_a_bare_name_the_known_dataset(pictures, tmp_path, monkeypatch):
    pictures.rename(tmp_path / "sample")
    monkeypatch.chdir(tmp_path)
    notes = []
    for spec in ("./sample", "sample/", str(tmp_path / "sample"), "../" + tmp_path.name + "/sample"):
        found = find(spec, notes.append)
        assert (found.folder, found.manifest, found.name) == (tmp_path / "sample", None, "sample-folder")
    assert notes == []
    assert find("sample", notes.append).manifest is not None
    assert "the folder of that name here is ./sample" in notes[0]
    with pytest.warns(SrbenchWarning, match="known dataset"):
        find("sample")


def test_images_without_an_original_all_count_and_say_so(pictures, monkeypatch, tmp_path):
    write_image(pictures / "a_LR.png", np.zeros((14, 14, 3), np.uint8))
    with pytest.warns(SrbenchWarning, match="LR image"):
        assert len(find(str(pictures)).images) == 3
    found = find(str(pictures), reference=False)
    assert not found.reference
    assert [(image.name, image.reference) for image in found.images] == [
        (name, False) for name in ("a", "a_LR", "b", "c")
    ]
    assert not find("sample", reference=False).reference
    manifest = replace(manifests()["realsrset"], unrecorded=4, folders=("pictures",))
    monkeypatch.setattr(manifest_module, "manifests", lambda: {"realsrset": manifest})
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    assert {image.reference for image in find("realsrset").images} == {False}


@pytest.mark.parametrize("name", ["img_001", "img001", "IMG_001", "img-001", "img_001_SRF_4_HR", "img001_HR"])
def test_an_image_with_a_number_is_found_however_the_number_is_set_off(tmp_path, monkeypatch, name):
    pixels = np.zeros((9, 9, 3), np.uint8)
    image = facts_of(pixels, "img_001.png")
    manifest = replace(manifests()["urban100"], images=(image,))
    monkeypatch.setattr(manifest_module, "manifests", lambda: {"urban100": manifest})
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    write_image(tmp_path / "Urban100" / f"{name}.png", pixels)
    (found,) = find("urban100").images
    assert found.name == "img_001"
    assert all(verdict.good for verdict in check_images(manifest))


def test_what_macos_keeps_of_files_does_not_count(tmp_path, monkeypatch):
    manifest = replace(manifests()["div2k"], unrecorded=3)
    monkeypatch.setattr(manifest_module, "manifests", lambda: {"div2k": manifest})
    folder = tmp_path / "DIV2K"
    for name in ("a", "b", "c"):
        write_image(folder / f"{name}.png", np.zeros((9, 9, 3), np.uint8))
        (folder / f"._{name}.png").write_bytes(b"\0\5\26\7")
        write_image(folder / f"{name}_x3.png", np.zeros((3, 3, 3), np.uint8))
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    assert [image.name for image in find("div2k").images] == ["a", "b", "c"]
