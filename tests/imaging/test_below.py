"""Paths of a stranger's results folder: followed below it, to regular files."""

import os

import numpy as np
import pytest

from srbench.errors import ImageError
from srbench.imaging.images import below, write_image

HOSTILE = {
    "absolute": lambda folder, secret: str(secret),
    "parent": lambda folder, secret: f"../{secret.name}",
    "parent in the middle": lambda folder, secret: f"images/../../{secret.name}",
    "link": lambda folder, secret: linked(folder / "images" / "link.png", secret),
    "linked folder": lambda folder, secret: linked(folder / "outside", secret.parent) + f"/{secret.name}",
    "pipe": lambda folder, secret: piped(folder / "images" / "pipe.png"),
    "folder": lambda folder, secret: "images",
    "the folder itself": lambda folder, secret: ".",
    "device": lambda folder, secret: linked(folder / "zero.png", "/dev/zero"),
    "circle": lambda folder, secret: linked(folder / "circle.png", folder / "circle.png"),
    "null byte": lambda folder, secret: "images/x\0.png",
    "too long": lambda folder, secret: "x" * 5000,
    "missing": lambda folder, secret: "images/gone.png",
}


def linked(path, target):
    path.symlink_to(target)
    return path.name if path.parent.name != "images" else f"images/{path.name}"


def piped(path):
    os.mkfifo(path)
    return f"images/{path.name}"


@pytest.fixture
def folder(tmp_path):
    write_image(tmp_path / "results" / "images" / "x.png", np.zeros((4, 4), np.uint8))
    write_image(tmp_path / "secret.png", np.full((4, 4), 200, np.uint8))
    return tmp_path / "results"


@pytest.mark.parametrize("kind", HOSTILE)
def test_nothing_outside_is_followed_and_nothing_but_files_is_opened(folder, kind):
    name = HOSTILE[kind](folder, folder.parent / "secret.png")
    with pytest.raises(ImageError) as error:
        below(folder, name)
    assert "\n" not in str(error.value)


def test_files_of_the_folder_are_found(folder, tmp_path, monkeypatch):
    (folder / "inside.png").symlink_to(folder / "images" / "x.png")
    (tmp_path / "alias").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    for place in (folder, tmp_path / "alias", folder.relative_to(tmp_path)):
        for name in ("images/x.png", "inside.png", "images/../images/x.png"):
            assert below(place, name).samefile(folder / "images" / "x.png")
