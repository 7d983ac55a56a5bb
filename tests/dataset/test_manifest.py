"""What manifests say of datasets."""

import importlib
import inspect
import shutil
from pathlib import Path

import numpy as np
import pytest

from srbench import dataset
from srbench.dataset.manifest import ImageFacts, Source, facts_of, manifests
from srbench.errors import DatasetError

REPOSITORY = Path(__file__).parents[2]
COUNTS = {"set5": 5, "set14": 14, "bsd100": 100, "sample": 8}
OTHERS = {"urban100": 100, "manga109": 109}


def test_the_known_datasets_the_standard_ones_first():
    assert list(manifests())[:4] == list(COUNTS)


@pytest.mark.parametrize("name", COUNTS | OTHERS)
def test_a_manifest_states_every_fact(name):
    manifest = manifests()[name]
    assert manifest.name == name
    assert manifest.title
    assert manifest.citation
    assert manifest.licence
    assert len(manifest.images) == (COUNTS | OTHERS)[name] == len({image.name for image in manifest.images})
    for image in manifest.images:
        assert len(image.sha256) == 64
        assert image.channels in (1, 3)
        assert min(image.width, image.height) >= 180
    for protocol in ("classic", "basicsr"):
        values = [manifest.bicubic[protocol][scale] for scale in (2, 3, 4)]
        assert values == sorted(values, reverse=True)
        assert 23 < values[2] < values[0] < 34


@pytest.mark.parametrize("name", OTHERS)
def test_recorded_bicubic_values_are_those_that_papers_print(name):
    manifest = manifests()[name]
    assert manifest.recorded
    assert {image.channels for image in manifest.images} == {3}
    for scale, published in manifest.published["classic"].items():
        # The copy behind the papers' tables of Manga109 differs from the public one by up to 0.015 dB.
        assert manifest.bicubic["classic"][scale] == pytest.approx(published, abs=0.016)


def test_only_bridge_is_grey_in_set14():
    assert [image.name for image in manifests()["set14"].images if image.channels == 1] == ["bridge"]


SOUND = """\
title = "T"
version = 1
citation = "c"
licence = "l"
images = [
    { file = "a.png", size = [3, 4], channels = 3, sha256 = "0" },
]
[bicubic.classic]
x2 = 30
[[source]]
address = "a"
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The manifest of a file with a text."""

    def call(text):
        (tmp_path / "datasets").mkdir()
        (tmp_path / "datasets" / "broken.toml").write_text(text)
        monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
        if (error := dataset.broken().get("broken")) is not None:
            raise error
        return manifests()["broken"]

    return call


def test_what_a_manifest_leaves_out(made):
    manifest = made(SOUND)
    assert manifest.images == (ImageFacts("a.png", 3, 4, 3, "0"),)
    assert (manifest.folders, manifest.bicubic, manifest.how) == (("broken",), {"classic": {2: 30.0}}, "")
    assert manifest.sources == (Source("a"),)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('"T"', "", "is not valid TOML: .*line 1"),
        ('title = "T"', "", "has no 'title'"),
        ("version = 1", 'version = "1"', "line 2: version = '1' is not a whole number"),
        ("licence", "license", "line 4: unknown key 'license'; did you mean licence"),
        ("size = [3, 4]", "size = []", r"line 6: size = \[\] is not 2 whole numbers"),
        (", size = [3, 4]", "", "line 6 has no 'size'"),
        ("sha256", "sha265", "line 6: unknown key 'sha265'; did you mean sha256"),
        ("channels = 3", "channels = 4", "line 6: channels = 4 is not 1 or 3"),
        ("images = [", "images = [3,", r"line 5: images = \[3, .* is not a list of tables"),
        ("[bicubic.classic]\nx2 = 30", "bicubic = 3", "line 8: bicubic = 3 is not a table of tables of numbers"),
        ("x2", "big", "a PSNR of the scale 'big'; write scales as x2"),
        ("address", "adress", "line 11: unknown key 'adress'; did you mean address"),
        ("[[source]]", "[source]", "line 10: 'source' is no table"),
    ],
)
def test_a_manifest_that_is_not_valid_is_an_error_that_names_its_line(made, old, new, match):
    assert old in SOUND
    with pytest.raises(DatasetError, match=r"^'.*broken\.toml'.*" + match) as error:
        made(SOUND.replace(old, new, 1))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("images", ['images = "unknown"', "images = []"])
def test_a_manifest_says_how_many_images_there_are(made, images):
    head, _, tail = SOUND.partition("images = [")
    with pytest.raises(DatasetError, match="says neither which images there are nor how many; add count"):
        made(head + images + tail.partition("]\n]")[2])


@pytest.mark.parametrize("count", [1_000_001, 2**63 - 1, 10**30])
def test_more_images_than_any_dataset_has_are_refused(made, count):
    head, _, tail = SOUND.partition("images = [")
    rest = f'images = "unknown"\ncount = {count}\n' + tail.partition("]\n]")[2]
    with pytest.raises(DatasetError, match=r"is no number of images; at most 1000000"):
        made(head + rest)


def test_two_manifests_of_one_name_are_an_error_of_that_name_alone(tmp_path, monkeypatch):
    (tmp_path / "datasets").mkdir()
    shutil.copy(REPOSITORY / "datasets" / "set5.toml", tmp_path / "datasets")
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    with pytest.raises(DatasetError, match="two manifests are called 'set5'"):
        dataset.find("set5")
    assert len(dataset.find("sample").images) == 8


def mutants(seed):
    """Damaged copies of a sound manifest."""
    rng = np.random.default_rng(seed)
    for _ in range(40):
        data = bytearray(SOUND.encode())
        for place in rng.integers(0, len(data), rng.integers(1, 6)):
            data[place] = rng.choice(list(b'"[]{}=#.\n0x\xff\x00,'))
        yield bytes(data[: rng.integers(0, len(data))] if rng.random() < 0.2 else data)


@pytest.mark.parametrize("seed", range(5))
def test_a_malformed_manifest_breaks_no_other(tmp_path, monkeypatch, seed):
    (tmp_path / "datasets").mkdir()
    for number, data in enumerate(mutants(seed)):
        (tmp_path / "datasets" / f"zz{number}.toml").write_bytes(data)
    (tmp_path / "datasets" / "zz_folder.toml").mkdir()
    (tmp_path / "datasets" / "zz_link.toml").symlink_to("nowhere")
    (tmp_path / "datasets" / "sound.toml").write_text(SOUND)
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    assert list(manifests())[:4] == list(COUNTS)
    assert "sound" in manifests()
    broken = dataset.broken()
    assert {"zz_folder", "zz_link"} < set(broken)
    assert len(broken) > 20
    for name, error in broken.items():
        assert f"{name}.toml" in str(error)
        with pytest.raises(DatasetError, match="toml"):
            dataset.find(name)


def test_datasets_and_reports_hold_no_python_and_no_folder_is_a_package():
    """An importable 'datasets' at the root would shadow the library of that name, deep inside pyiqa."""
    for kind in ("datasets", "reports"):
        assert list((REPOSITORY / kind).rglob("*.py")) == []
    for kind in ("methods", "datasets", "reports"):
        assert not (REPOSITORY / kind / "__init__.py").exists()


def test_facts_of_an_image(make_picture):
    facts = facts_of(make_picture(12, 15, 0, channels=1), "x.png")
    assert (facts.name, facts.width, facts.height, facts.channels) == ("x", 15, 12, 1)
    assert isinstance(facts, ImageFacts)


def test_no_public_name_is_hidden_by_a_module_of_the_package():
    """An imported module becomes an attribute of its package, before the lazy face is asked."""
    for module in ("locate", "manifest", "verify"):
        importlib.import_module(f"srbench.dataset.{module}")
    assert [name for name in dataset.__all__ if inspect.ismodule(getattr(dataset, name))] == []


def test_a_manifest_can_say_that_there_are_no_originals(made):
    assert not manifests()["realsrset"].reference
    assert manifests()["set5"].reference
    with pytest.raises(DatasetError, match="has PSNR values of images without an original"):
        made("reference = false\n" + SOUND)
