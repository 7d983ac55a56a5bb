"""Videos of real pixels; tests of this folder need the extra ``srbench[video]``."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def making():
    """The module ``making.py`` beside this file."""
    spec = importlib.util.spec_from_file_location("making", Path(__file__).with_name("making.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def moving(making):
    """12 frames of 64x48."""
    return making.moving()


@pytest.fixture
def make_video(making, tmp_path):
    """Writes a video into the test's folder; returns its path."""
    return lambda name="clip.mp4", *arguments, **options: making.make_video(tmp_path / name, *arguments, **options)
