"""Nothing that is trained on is tested on: no training image has the pixels of a test image."""

import pytest

from srbench import dataset


@pytest.mark.parametrize("training", ["t91", "bsds400"])
@pytest.mark.parametrize("test", ["set5", "set14", "bsd100"])
def test_training_and_test_images_are_disjoint(training, test):
    known = dataset.manifests()
    assert {image.sha256 for image in known[training].images}.isdisjoint(image.sha256 for image in known[test].images)


@pytest.mark.parametrize(("name", "count"), [("t91", 91), ("bsds400", 400)])
def test_sizes(name, count):
    assert len(dataset.manifests()[name].images) == count


@pytest.mark.parametrize("name", ["t91", "bsds400"])
def test_they_are_found_in_a_folder_of_training_sets(name, tmp_path, monkeypatch):
    manifest = dataset.manifests()[name]
    folder = tmp_path / "train" / manifest.folders[0]
    folder.mkdir(parents=True)
    for image in manifest.images:
        (folder / image.file).touch()
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    assert dataset.available(name)
