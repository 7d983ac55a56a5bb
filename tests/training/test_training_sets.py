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
