"""Patches at every scale in a range: LR is HR degraded, scales fill the range, images are cut where they are large
enough."""

import numpy as np
import pytest
import safetensors.torch
import torch

from srbench.errors import NotSupportedError, TrainingError
from srbench.imaging.images import write_image
from srbench.method import MethodCard, MethodContext, ScaleRange, checkpoint
from srbench.resize import enlarge, imresize
from srbench.training import TrainedMethod
from srbench.training.continuous import ContinuousPatches, ContinuousRecipe
from srbench.training.data import read_pictures
from srbench.training.losses import Batch
from srbench.training.session import plan
from srbench.training.shipped import shipped

RECIPE = ContinuousRecipe(patch=12, rescale=(1.0,))


def patches(pictures, recipe=RECIPE):
    return ContinuousPatches(pictures, (2, 4), recipe, "rgb")


def test_lr_is_hr_degraded_at_the_scale_of_their_sizes(folder):
    made = patches(read_pictures([folder]))
    for step in range(6):
        lr, hr, network = made.batch(step, seed=3, size=4)
        side = hr.shape[-1]
        assert (lr.shape, hr.shape, network) == ((4, 3, 12, 12), (4, 3, side, side), 2)
        assert torch.allclose(lr, imresize(hr.double(), size=(12, 12)).float(), atol=1e-6)
        assert torch.equal(hr * 255, (hr * 255).round())


def test_hr_is_cut_from_the_images_whole(folder):
    pictures = read_pictures([folder])
    _, hr, _ = patches(pictures).batch(1, seed=0, size=6)
    side, known = hr.shape[-1], set()
    for picture in pictures:
        planes = np.broadcast_to(np.atleast_3d(picture.pixels), (48, 48, 3)).transpose(2, 0, 1)
        cuts = np.lib.stride_tricks.sliding_window_view(planes, (side, side), (1, 2)).transpose(1, 2, 0, 3, 4)
        for turn in range(8):
            turned = np.rot90(cuts[..., ::-1] if turn >= 4 else cuts, turn, (-2, -1))
            known |= {cut.tobytes() for cut in turned.reshape(-1, 3, side, side)}
    assert all((255 * patch).round().byte().numpy().tobytes() in known for patch in hr)


def test_every_scale_of_the_range_is_drawn(folder):
    made = patches(read_pictures([folder]))
    sides = {made.batch(step, 0, 1)[1].shape[-1] for step in range(400)}
    assert sides == set(range(12, 49))  # x1 to x4


def test_a_batch_depends_on_seed_and_step_alone(folder):
    one, other = (patches(read_pictures([folder])) for _ in range(2))
    for step in (5, 2, 9):
        for a, b in zip(one.batch(step, 0, 3), other.batch(step, 0, 3), strict=True):
            assert torch.equal(torch.as_tensor(a), torch.as_tensor(b))
    assert not torch.equal(one.batch(5, 0, 3)[0], one.batch(5, 1, 3)[0])


def test_an_image_is_cut_where_it_is_large_enough_and_folders_weigh_the_same(folder, tmp_path):
    """A small black image beside four others: it is half of the patches that it is large enough for, and no other."""
    write_image(tmp_path / "small" / "black.png", np.zeros((20, 30, 3), np.uint8))
    write_image(tmp_path / "small" / "tiny.png", np.full((11, 30, 3), 9, np.uint8))
    made = patches(read_pictures([folder, tmp_path / "small"]))
    assert (made.images, made.skipped) == ({"images": 4, "small": 1}, 1)
    black = {True: [], False: []}
    for step in range(150):
        hr = made.batch(step, 0, 8)[1]
        black[hr.shape[-1] <= 20].append(float((hr.amax(dim=(1, 2, 3)) == 0).float().mean()))
    assert np.mean(black[False]) == 0
    assert 0.4 < np.mean(black[True]) < 0.6
    evenly = patches(read_pictures([folder, tmp_path / "small"]), RECIPE.changed({"by_folder": False}))
    drawn = [float((evenly.batch(step, 0, 8)[1].amax(dim=(1, 2, 3)) == 0).float().mean()) for step in range(150)]
    assert 0 < np.mean(drawn) < 0.1  # 600 of 9,816 pixels, where the patch is small enough


def test_images_at_smaller_sizes_are_cut_too(folder):
    made = patches(read_pictures([folder]), RECIPE.changed({"rescale": [1.0, 0.5]}))
    assert sorted(hr.shape[-1] for hr in made._hr) == [24] * 4 + [48] * 4


def test_no_image_for_the_largest_scale_is_an_error(folder):
    with pytest.raises(TrainingError, match=r"no image is as large as a patch of 52 pixels at x4") as caught:
        patches(read_pictures([folder]), RECIPE.changed({"patch": 13}))
    assert "--set patch=N" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "cycle"}, "the loss 'cycle' looks at whole images"),
        ({"loss": {"l1": 1, "squeeze": 0.1}}, "the loss 'squeeze' looks at whole images"),
        ({"shave": 2}, "no border to shave"),
        ({"largest_scale": 0.5}, "largest_scale is from 1 to 16, not 0.5"),
        ({"largest_scale": 17}, "largest_scale is from 1 to 16, not 17"),
        ({"largest_scale": "four"}, "largest_scale is a number, not 'four'"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(changes, message):
    with pytest.raises(TrainingError, match=message):
        RECIPE.changed(changes)


# -- a network for a range of scales -----------------------------------------------------------------------------------


class AnyNet(torch.nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.conv = torch.nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        return self.conv(enlarge(x, self.scale))


class AnyScale(TrainedMethod):
    card = MethodCard("any-scale", "Any scale", 2024, "cnn", "none", "rgb", ScaleRange(1, 5))
    recipe = ContinuousRecipe(
        steps=6, batch=2, patch=8, rescale=(1.0,), validation_images=1, warmup=2, validate_every=3, joint_scales=(2, 3)
    )

    def build(self, scale):
        return AnyNet(scale)

    def batches(self, pictures, scales, recipe):
        return ContinuousPatches(pictures, scales, recipe, "rgb")

    def training_loss(self, network, lr, hr, scale, progress, loss):
        sr = network.conv(imresize(lr, size=hr.shape[-2:]))
        keep = torch.randperm(hr.shape[-1])[:4]  # of torch's generator, which a checkpoint keeps
        return loss(Batch(sr[..., keep], hr[..., keep], lr, scale))


@pytest.fixture
def method(tmp_path):
    AnyScale.source = tmp_path / "any_scale.py"
    return AnyScale()


def trainer(method, folder, output, observer, scales=(2, 3)):
    (job,) = plan(method, [folder], scales, "cpu", {"precision": "float32"}, output)
    return job.trainer(observer)


def test_one_training_and_one_file_are_for_all_scales(method, folder, tmp_path, observer, monkeypatch):
    outcome = trainer(method, folder, tmp_path / "out", observer).run(observer)
    assert outcome.weights == tmp_path / "out/any-scale_x2_x3/any_scale.safetensors"
    assert not method.supports(2)
    with pytest.raises(NotSupportedError, match=r"no weights for x2.5; .*srbench train any-scale --scale 2,3 --data"):
        method.require_scale(2.5)
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path / "out"))
    assert [method.supports(scale) for scale in (1, 2, 2.5, 10 / 3, 5, 5.5)] == [True] * 5 + [False]
    assert method.weight_files() == [outcome.weights]
    assert method.training_facts().keys() == {2, 3}
    assert [text[:2] for text in shipped(method)] == ["x2", "x3"]
    method.prepare(2.5, MethodContext())
    own = safetensors.torch.load_file(outcome.weights)["conv.weight"].float()
    assert torch.equal(method.module(2.5).conv.weight.detach(), own)
    assert method.upscale(torch.rand(1, 3, 6, 7), 2.5).shape == (1, 3, 15, 18)


def test_its_file_is_a_method_for_all_scales_when_it_is_named(method, folder, tmp_path, observer):
    outcome = trainer(method, folder, tmp_path / "out", observer).run(observer)
    own = checkpoint.trained(outcome.weights, AnyScale)()
    assert (own.card.name, own.card.scales) == ("any_scale_x2_x3", ScaleRange(1, 5))
    assert (own.weight_path(2.5), own.weight_files()) == (outcome.weights, [outcome.weights])
    assert own.training_facts().keys() == {2, 3}
    assert [own.supports(scale) for scale in (1.5, 6)] == [True, False]


def test_it_is_validated_at_some_of_its_scales_or_all_and_at_no_others(method, folder, tmp_path, observer):
    assert trainer(method, folder, tmp_path / "one", observer, (3,)).networks.keys() == {3}
    with pytest.raises(TrainingError, match="is not trained for x4") as caught:
        plan(method, [folder], (4,))
    assert caught.value.hint == "its scales are x2, x3"


def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(method, folder, tmp_path, observer, monkeypatch):
    whole = trainer(method, folder, tmp_path / "whole", observer).run(observer)
    first = trainer(method, folder, tmp_path / "halves", observer)
    monkeypatch.setattr(observer, "step", lambda step, *_: setattr(first, "stop", step >= 3))
    first.run(observer)
    monkeypatch.undo()
    second = trainer(method, folder, tmp_path / "halves", observer)
    second.resume()
    assert second.step == 3
    resumed = second.run(observer)
    one, other = (safetensors.torch.load_file(outcome.weights) for outcome in (whole, resumed))
    assert all(torch.equal(one[key], other[key]) for key in one)
