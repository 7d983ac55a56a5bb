"""A small known dataset, and copies of it on this machine."""

import pytest
from PIL import Image

from srbench.dataset import manifest
from srbench.dataset.manifest import Manifest, facts_of


@pytest.fixture
def known(monkeypatch, make_picture):
    """A known dataset 'bsd' of three small images, and its pixels by name."""
    pixels = {
        "img_a": make_picture(12, 10, 0),
        "img_b": make_picture(12, 14, 1),
        "img_c": make_picture(12, 18, 2, channels=1),
    }
    images = tuple(facts_of(value, f"{name}.png") for name, value in pixels.items())
    bsd = Manifest("bsd", "BSD", 1, "", "", "", ("BSD100", "B100"), images, {})
    monkeypatch.setattr(manifest, "manifests", lambda: {"bsd": bsd})
    return bsd, pixels


@pytest.fixture(scope="session")
def lay_out():
    """Writes pixels by name as the images of a folder, in the names and formats that public copies have."""

    def write(folder, pixels, suffix=".png", decoration="", change=str):
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in pixels.items():
            Image.fromarray(value).save(folder / (change(name + decoration) + suffix))

    return write
