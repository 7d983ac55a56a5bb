"""What manifests say of datasets."""

import importlib
import inspect
import shutil
from pathlib import Path

import pytest

from srbench import dataset
from srbench.dataset.manifest import ImageFacts, facts_of, manifests
from srbench.errors import DatasetError

REPOSITORY = Path(__file__).parents[2]
COUNTS = {"set5": 5, "set14": 14, "bsd100": 100, "sample": 8}


def test_the_known_datasets_the_standard_ones_first():
    assert list(manifests())[:4] == list(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_a_manifest_states_every_fact(name):
    manifest = manifests()[name]
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
    assert [image.name for image in manifests()["set14"].images if image.channels == 1] == ["bridge"]


@pytest.mark.parametrize(
    "text",
    [
        "title = ",
        "title = 'No images'",
        'title = "T"\nversion = 1\ncitation = ""\nlicence = ""\nimages = [{ file = "a.png" }]',
        'title = "T"\nversion = 1\ncitation = ""\nlicence = ""\nimages = []\n[bicubic.classic]\nbig = 3.0',
        'title = "T"\nversion = 1\ncitation = ""\nlicence = ""\nimages = [{ file = "a.png", size = [] }]',
        'title = "T"\nversion = 1\ncitation = ""\nlicence = ""\ncount = 3\nimages = "unknown"\nbicubic = 3',
    ],
)
def test_a_manifest_that_is_not_valid_is_an_error_that_names_it(tmp_path, monkeypatch, text):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "broken.toml").write_text(text)
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    with pytest.raises(DatasetError, match=r"^manifest .*broken\.toml. is not valid"):
        manifests()


def test_two_manifests_of_one_name_are_an_error(tmp_path, monkeypatch):
    (tmp_path / "datasets").mkdir()
    shutil.copy(REPOSITORY / "datasets" / "set5.toml", tmp_path / "datasets")
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    with pytest.raises(DatasetError, match="two manifests are called 'set5'"):
        manifests()


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
