"""Small training folders and a network that trains in a second."""

import os

import numpy as np
import pytest
import torch

from srbench import dataset
from srbench.imaging.images import write_image
from srbench.method import MethodCard
from srbench.training import Recipe, TrainedMethod


class TinyNet(torch.nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, scale**2, 3, padding=1)
        self.drop = torch.nn.Dropout(0.1)  # draws from torch's generator, which a resume must restore
        self.shuffle = torch.nn.PixelShuffle(scale)

    def forward(self, x):
        return self.shuffle(self.conv(self.drop(x)))


class Tiny(TrainedMethod):
    card = MethodCard("tiny", "Tiny", 2024, "cnn", "none", "luma", (2, 4))
    recipe = Recipe(
        steps=12,
        batch=4,
        patch=16,
        rescale=(1.0,),
        validation_images=1,
        validate_every=5,
        warmup=2,
        precision="float32",  # the same on every machine
    )

    def build(self, scale):
        return TinyNet(scale)


@pytest.fixture
def tiny(tmp_path):
    Tiny.source = tmp_path / "tiny.py"
    return Tiny()


def picture(rng, size=48, colour=True):
    """Smooth blobs with an edge: something that can be learned."""
    low = rng.uniform(0, 255, (size // 8, size // 8, 3))
    image = np.kron(low, np.ones((8, 8, 1)))
    image[:, size // 2 :] = 255 - image[:, size // 2 :]
    return image.astype(np.uint8) if colour else image[..., 0].astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Four pictures, one of them grey."""
    rng = np.random.default_rng(0)
    for n in range(4):
        write_image(tmp_path / "images" / f"{n}.png", picture(rng, colour=n > 0))
    return tmp_path / "images"


class Silent:
    def __init__(self):
        self.notes, self.steps = [], []

    def step(self, step, loss, psnr, seconds_left):
        self.steps.append(step)

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def observer():
    return Silent()


@pytest.fixture
def training_images():
    """The folder of the 91 images, through SRBENCH_DATA."""
    if not dataset.available("t91"):
        message = "T91 not on this machine: set SRBENCH_DATA (docs/datasets.md)"
        if os.environ.get("SRBENCH_REQUIRE_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return dataset.find("t91").images[0].path.parent
