"""Manifests, where images are found, and whether they are the ones the literature measured."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srbench import paths
from srbench.dataset import manifest as dataset
from srbench.dataset.manifest import ImageFacts, Manifest, facts_of, find, judge, locate, verify
from srbench.errors import DatasetError, DatasetMissingError, ImageError, UnknownNameError
from srbench.imaging.images import as_rgb, read_image, write_image

REPOSITORY = Path(__file__).parents[2]
COUNTS = {"set5": 5, "set14": 14, "bsd100": 100, "sample": 8}


# -- manifests -----------------------------------------------------------------------------------------------------


def test_the_known_datasets_the_standard_ones_first():
    assert list(dataset.manifests())[:4] == list(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_a_manifest_states_every_fact(name):
    manifest = dataset.manifests()[name]
    assert manifest.name == name
    assert manifest.title
    assert manifest.citation
    assert manifest.licence
    assert len(manifest.images) == COUNTS[name] == len({image.name for image in manifest.images})
    for image in manifest.images:
        assert len(image.sha256) == 64
        assert image.channels in (1, 3)
        assert min(image.width, image.height) >= 180
    for protocol in ("classic", "basicsr"):
        values = [manifest.bicubic[protocol][scale] for scale in (2, 3, 4)]
        assert values == sorted(values, reverse=True)
        assert 24 < values[2] < values[0] < 34


def test_only_bridge_is_grey_in_set14():
    assert [image.name for image in dataset.manifests()["set14"].images if image.channels == 1] == ["bridge"]


@pytest.mark.parametrize(
    "text",
    [
        "title = ",
        "title = 'No images'",
        'title = "T"\nversion = 1\ncitation = ""\nlicence = ""\nimages = [{ file = "a.png" }]',
        'title = "T"\nversion = 1\ncitation = ""\nlicence = ""\nimages = []\n[bicubic.classic]\nbig = 3.0',
    ],
)
def test_a_manifest_that_is_not_valid_is_an_error_that_names_it(tmp_path, monkeypatch, text):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "broken.toml").write_text(text)
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    with pytest.raises(DatasetError, match=r"broken\.toml"):
        dataset.manifests()


def test_two_manifests_of_one_name_are_an_error(tmp_path, monkeypatch):
    (tmp_path / "datasets").mkdir()
    shutil.copy(REPOSITORY / "datasets" / "set5.toml", tmp_path / "datasets")
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    with pytest.raises(DatasetError, match="two manifests are called 'set5'"):
        dataset.manifests()


def test_datasets_and_reports_hold_no_python_and_no_folder_is_a_package():
    """An importable 'datasets' at the root would shadow the library of that name, deep inside pyiqa."""
    for kind in ("datasets", "reports"):
        assert list((REPOSITORY / kind).rglob("*.py")) == []
    for kind in ("methods", "datasets", "reports"):
        assert not (REPOSITORY / kind / "__init__.py").exists()


# -- the sample ----------------------------------------------------------------------------------------------------


def test_the_sample_is_there_without_any_data():
    found = find("sample")
    assert len(found.images) == 8
    assert dataset.available("sample")
    for image in found.images:
        assert image.read().shape[:2] == (image.facts.height, image.facts.width)


def test_every_image_of_the_sample_is_identical_to_its_manifest():
    assert [verdict.verdict for verdict in verify(dataset.manifests()["sample"])] == ["identical"] * 8


@pytest.mark.data
@pytest.mark.parametrize("name", dataset.STANDARD)
def test_the_benchmarks_are_identical_to_their_manifests(name):
    assert {verdict.verdict for verdict in verify(dataset.manifests()[name])} == {"identical"}


# -- lookup --------------------------------------------------------------------------------------------------------


@pytest.fixture
def known(monkeypatch, make_picture):
    """A known dataset 'bsd' of three small images, and its pixels by name."""
    pixels = {
        "img_a": make_picture(12, 10, 0),
        "img_b": make_picture(12, 14, 1),
        "img_c": make_picture(12, 18, 2, channels=1),
    }
    images = tuple(facts_of(value, f"{name}.png") for name, value in pixels.items())
    manifest = Manifest("bsd", "BSD", 1, "", "", "", ("BSD100", "B100"), images, {})
    monkeypatch.setattr(dataset, "manifests", lambda: {"bsd": manifest})
    return manifest, pixels


def lay_out(folder, pixels, suffix=".png", decoration="", change=str):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in pixels.items():
        Image.fromarray(value).save(folder / (change(name + decoration) + suffix))


@pytest.mark.parametrize(
    "layout",
    [
        *("BSD100/HR", "BSD100", "B100/HR", "benchmark/B100/HR", "benchmark/B100", "bsd100/hr", "Benchmark/b100/Hr"),
        *("BSD100/original", "BSD100/GT", "BSD100/image", "SR_testing_datasets/BSD100", "BSD100/gt"),
    ],
)
def test_the_usual_layouts_are_found(known, tmp_path, monkeypatch, layout):
    manifest, pixels = known
    lay_out(tmp_path / layout, pixels)
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    found = find("bsd")
    assert [image.name for image in found.images] == list(pixels)
    assert {image.path.parent for image in found.images} == {tmp_path / layout}
    assert all(verdict.good for verdict in verify(manifest))


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
def test_the_usual_names_are_found(known, tmp_path, monkeypatch, suffix, decoration, change):
    manifest, pixels = known
    lay_out(tmp_path / "BSD100", pixels, suffix, decoration, change)
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    assert len(find("bsd").images) == 3
    assert all(verdict.good for verdict in verify(manifest))


def test_the_current_folder_and_the_cache_are_searched(known, tmp_path, monkeypatch):
    _, pixels = known
    monkeypatch.chdir(tmp_path)
    assert not dataset.available("bsd")
    lay_out(tmp_path / "data" / "BSD100", pixels)
    assert find("bsd").images[0].path.resolve() == tmp_path / "data" / "BSD100" / "img_a.png"
    shutil.rmtree(tmp_path / "data")
    lay_out(paths.cache() / "datasets" / "BSD100", pixels)
    try:
        assert dataset.available("bsd")
    finally:
        shutil.rmtree(paths.cache() / "datasets")


def test_several_folders_are_searched_in_order_and_the_whole_copy_wins(known, tmp_path, monkeypatch):
    _, pixels = known
    lay_out(tmp_path / "one" / "BSD100", {"img_a": pixels["img_a"]})
    lay_out(tmp_path / "two" / "BSD100", pixels)
    lay_out(tmp_path / "three" / "BSD100", pixels)
    monkeypatch.setenv("SRBENCH_DATA", ":".join(str(tmp_path / name) for name in ("gone", "one", "two", "three")))
    assert {image.path.parent for image in find("bsd").images} == {tmp_path / "two" / "BSD100"}


def test_lr_folders_beside_hr_do_not_confuse(known, tmp_path, monkeypatch):
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


def test_a_partial_dataset_names_what_is_missing(known, tmp_path, monkeypatch):
    manifest, pixels = known
    lay_out(tmp_path / "BSD100", {"img_b": pixels["img_b"]})
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    with pytest.raises(DatasetMissingError, match=r"2 of 3 images of BSD are missing.*img_a\.png, img_c\.png"):
        find("bsd")
    assert set(locate(manifest)) == {"img_b"}
    assert not dataset.available("bsd")


def test_an_unknown_name_is_an_error_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean set5"):
        find("sett5")


# -- folders -------------------------------------------------------------------------------------------------------


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
    assert found.name not in dataset.manifests()


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


# -- verify --------------------------------------------------------------------------------------------------------


def verdicts(manifest):
    return {verdict.image: (verdict.verdict, verdict.detail) for verdict in verify(manifest)}


def test_verify_tells_the_ways_in_which_copies_differ(known, tmp_path, monkeypatch, make_picture):
    _, pixels = known
    more = {f"img_{letter}": make_picture(12, 20 + i, i) for i, letter in enumerate("defg")}
    images = [facts_of(value, f"{name}.png") for name, value in (pixels | more).items()]
    manifest = Manifest("bsd", "BSD", 1, "", "", "", ("BSD100",), tuple(images), {})
    changed = pixels["img_b"].copy()
    changed[3, 3, 0] ^= 1
    folder = tmp_path / "BSD100"
    lay_out(folder, {"img_a": pixels["img_a"], "img_b": changed, "img_c": as_rgb(pixels["img_c"])})
    lay_out(folder, {"img_d": more["img_d"][:-1], "img_e": np.pad(more["img_e"], ((0, 0), (0, 1), (0, 0)))})
    (folder / "img_f.png").write_bytes(b"\x89PNG broken")
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    found = verdicts(manifest)
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        "img_a": "identical",
        "img_b": "other pixels",
        "img_c": "other pixels",
        "img_d": "wrong size",
        "img_e": "wrong size",
        "img_f": "unreadable",
        "img_g": "missing",
    }
    assert found["img_c"][1] == "stored as RGB, not grey (same values)"
    assert found["img_d"][1] == "20x11, not 20x12: a cropped copy"
    assert "22x12, not 21x12" in found["img_e"][1]
    assert "cropped" not in found["img_e"][1]


def test_an_rgb_image_that_was_stored_grey_is_other_pixels(make_picture):
    rgb = make_picture(12, 12, 0)
    verdict = judge(facts_of(rgb, "x.png"), rgb[..., 0])
    assert (verdict.verdict, verdict.detail) == ("other pixels", "stored as grey, not RGB")


def test_facts_of_an_image(make_picture):
    facts = facts_of(make_picture(12, 15, 0, channels=1), "x.png")
    assert (facts.name, facts.width, facts.height, facts.channels) == ("x", 15, 12, 1)
    assert isinstance(facts, ImageFacts)


def test_verify_of_a_dataset_that_is_not_here_says_missing():
    assert {verdict.verdict for verdict in verify(dataset.manifests()["set5"])} == {"missing"}


def test_a_written_image_is_identical_to_its_facts(tmp_path, make_picture):
    pixels = make_picture(12, 15, 0)
    write_image(tmp_path / "x.png", pixels)
    assert judge(facts_of(pixels, "x.png"), read_image(tmp_path / "x.png")).good
