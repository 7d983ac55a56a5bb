"""Clips for training: whole batches by their numbers, and a validation that tells what other frames are worth."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from srbench.degradation.named import Bicubic
from srbench.errors import NotSupportedError, TrainingError
from srbench.method import MethodCard, MethodContext
from srbench.resize import imresize
from srbench.training import state
from srbench.training.clips import Clips, ClipValidation, MotionTrained
from srbench.training.data import read_pictures
from srbench.training.motion import MotionRecipe
from srbench.training.session import plan

STILL = MotionRecipe(patch=32, rescale=(1.0,), by_folder=False, shift=0.0, tremble=0.0, turn=0.0, zoom=0.0, objects=0.0)


def test_without_motion_all_frames_are_the_degraded_image(folder):
    clips = Clips(read_pictures([folder]), (2,), 3, STILL)
    lr, hr, scale = clips.batch(0, 0, 4)
    assert (lr.shape, hr.shape, scale) == ((4, 3, 16, 16), (4, 1, 32, 32), 2)
    assert torch.equal(lr[:, 0], lr[:, 1])
    whole = Bicubic()(hr[:, 0].double() * 255, 2) / 255
    assert torch.allclose(lr[:, 1, 2:-2, 2:-2].double(), whole[:, 2:-2, 2:-2], atol=1e-6)


def test_a_batch_is_a_function_of_seed_and_step(folder):
    recipe = replace(STILL, patch=16, shift=2.0, objects=1.0)
    first, second = (Clips(read_pictures([folder]), (2, 4), 3, recipe) for _ in range(2))
    for step in range(4):
        ours, theirs = first.batch(step, 5, 3), second.batch(step, 5, 3)
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])
        assert ours[2] == theirs[2]
    assert not torch.equal(first.batch(0, 5, 3)[0], first.batch(0, 6, 3)[0])


def test_images_that_motion_would_leave_are_counted_and_none_is_an_error(folder):
    pictures = read_pictures([folder])  # 48 pixels a side
    with pytest.raises(TrainingError, match="no image is as large as a patch and its motion"):
        Clips(pictures, (2,), 3, replace(STILL, shift=20.0))
    large = replace(pictures[0], pixels=np.tile(pictures[0].pixels, (2, 2, 1)[: pictures[0].pixels.ndim]))
    clips = Clips([*pictures, large], (2,), 3, replace(STILL, shift=10.0))
    assert (sum(clips.images.values()), clips.skipped) == (1, 4)


class Mean(torch.nn.Module):
    """Bicubic of the mean of all frames."""

    def forward(self, frames):
        return imresize(frames.mean(dim=1, keepdim=True), 2)


def test_validation_measures_the_target_and_shows_it_alone_where_asked(folder):
    pictures, device = read_pictures([folder]), torch.device("cpu")
    validation = ClipValidation(pictures, (2,), 3, replace(STILL, shift=2.0))
    assert validation.psnr(Mean(), 2, device, repeated=True) == pytest.approx(validation.bicubic(2), abs=1e-4)
    assert validation.psnr(Mean(), 2, device) < validation.bicubic(2) - 0.5  # frames that lie elsewhere
    unmoved = ClipValidation(pictures, (2,), 3, STILL)
    assert unmoved.psnr(Mean(), 2, device) == pytest.approx(unmoved.bicubic(2), abs=1e-4)


class Fused(MotionTrained):
    """One convolution over three frames."""

    card = MethodCard("fused", "Fused", 2024, "cnn", "none", "luma", (2,), frames=(1, 3))
    recipe = replace(
        STILL,
        shift=2.0,
        steps=6,
        batch=2,
        patch=16,
        validation_images=1,
        validate_every=3,
        warmup=1,
        precision="float32",
    )

    def build(self, scale):
        return torch.nn.Sequential(torch.nn.Conv2d(3, scale**2, 3, padding=1), torch.nn.PixelShuffle(scale))


@pytest.fixture
def fused(tmp_path):
    Fused.source = tmp_path / "fused.py"
    return Fused()


def test_a_training_on_clips_that_is_resumed_is_the_uninterrupted_one(fused, folder, tmp_path, observer):
    def trainer(name):
        (job,) = plan(fused, [folder], (2,), "cpu", {}, tmp_path / name)
        return job.trainer(observer)

    whole = trainer("whole")
    whole.run(observer)
    first = trainer("parts")
    step = observer.step
    observer.step = lambda number, *rest: setattr(first, "stop", number == 3)
    first.run(observer)
    observer.step = step
    assert first.step == 3
    second = trainer("parts")
    second.resume()
    second.run(observer)
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[key])
    assert state.load_checkpoint(whole.checkpoint)["rows"][-1][4] == second.rows[-1][4]


class Frames(torch.nn.Module):
    """Takes down what it is shown."""

    def forward(self, frames):
        self.seen = frames
        return imresize(frames[:, 1:2], 2)


def test_the_target_stands_in_the_middle_and_a_still_image_is_repeated(fused, monkeypatch):
    network = Frames()
    monkeypatch.setattr(fused, "module", lambda scale: network)
    fused._context = MethodContext()
    clip = torch.arange(3.0).reshape(1, 3, 1, 1, 1).expand(1, 3, 1, 8, 8)
    for target, order in ((0, [1, 0, 2]), (1, [0, 1, 2]), (2, [0, 2, 1])):
        assert fused.upscale_frames(clip, target, 2).shape == (1, 1, 16, 16)
        assert network.seen[0, :, 0, 0].tolist() == order
    fused.upscale(clip[:, 2], 2)
    assert network.seen[0, :, 0, 0].tolist() == [2, 2, 2]
    with pytest.raises(NotSupportedError, match="1 or 3 frames, not 2"):
        fused.upscale_frames(clip[:, :2], 0, 2)
