"""Shifts and enlargements before features and discriminators: what they make of grids, and that a step repeats them."""

from dataclasses import replace

import pytest
import torch

from srbench.imaging.images import read_image
from srbench.imaging.resize import imresize
from srbench.training.adversarial import PIECE
from srbench.training.features import feature_losses
from srbench.training.losses import Batch, l2
from srbench.training.recipe import AdversarialRecipe, Recipe
from srbench.training.views import View, discriminator_view, feature_view, shown

RECIPE = AdversarialRecipe(patch=64, feature_shift=7, feature_doubled=0.5, discriminator_shift=3)


@pytest.fixture
def photograph(training_images):
    """(1, 3, 64, 64) of a training image, in [0, 1]."""
    pixels = torch.from_numpy(read_image(sorted(training_images.iterdir())[4]).copy())
    image = pixels.permute(2, 0, 1)[None].float() / 255
    top, left = (n // 2 - 32 for n in image.shape[2:])
    return image[..., top : top + 64, left : left + 64]


@pytest.fixture
def squeeze():
    return feature_losses(["squeeze"], torch.device("cpu"))["squeeze"]


def checkerboard(side):
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (1.0 - 2 * ((rows + columns) % 2)).expand(1, 3, side, side)


def cost(loss, hr, pattern, view=None):
    """The loss for a pattern of one grey level (of 50) added to HR."""
    view = view or View()
    sr = hr * 0.8 + 0.1 + 0.02 * pattern
    return loss(Batch(view(sr), view(hr * 0.8 + 0.1), hr, 4)).item()


@pytest.mark.weights("squeeze")
@pytest.mark.data("t91")
def test_a_checkerboard_is_seen_once_images_are_enlarged_twice(squeeze, photograph):
    pattern, noise = checkerboard(64), torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    noise = noise / noise.square().mean().sqrt()
    plain, doubled = View(), View(doubled=True)
    assert cost(squeeze, photograph, pattern, doubled) > 8 * cost(squeeze, photograph, pattern, plain)
    # Of patterns of one energy a checkerboard was all but free, and is no more.
    assert cost(squeeze, photograph, pattern, plain) < cost(squeeze, photograph, noise, plain) / 20
    assert cost(squeeze, photograph, pattern, doubled) > cost(squeeze, photograph, noise, doubled) / 10


@pytest.mark.weights("squeeze")
@pytest.mark.data("t91")
def test_shifts_level_the_weights_of_the_lattice(squeeze, photograph):
    """How much a pixel matters, by its place in the 8x8 lattice of the strides, averaged over patches."""

    def spread(views):
        power = torch.zeros(8, 8)
        for seed, view in enumerate(views):
            noise = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(seed))
            hr = photograph.expand(4, -1, -1, -1)
            sr = (hr + 0.02 * noise).requires_grad_()
            squeeze(Batch(view(sr), view(hr), hr, 4)).backward()
            inner = sr.grad[..., 16:48, 16:48].square().sum((0, 1))
            power += inner.reshape(4, 8, 4, 8).sum((0, 2))
        return (power.max() / power.min()).item()

    shifted = [feature_view(replace(RECIPE, feature_doubled=0.0), step) for step in range(12)]
    assert spread(shifted) < spread([View(largest=7)] * 12) / 2


def test_views_are_a_function_of_recipe_and_step():
    views = [feature_view(RECIPE, step) for step in range(200)]
    assert views == [feature_view(RECIPE, step) for step in range(200)]
    assert views != [feature_view(replace(RECIPE, seed=1), step) for step in range(200)]
    assert {view.top for view in views} == {view.left for view in views} == set(range(8))
    assert 70 < sum(view.doubled for view in views) < 130
    judges = [discriminator_view(RECIPE, step) for step in range(200)]
    assert {view.top for view in judges} == set(range(4))
    assert not any(view.doubled for view in judges)
    assert [(v.top % 4, v.left % 4) for v in views] != [(v.top, v.left) for v in judges]


def test_a_recipe_without_views_shows_the_images_themselves():
    for view in (
        feature_view(Recipe(), 3),
        discriminator_view(Recipe(), 3),
        discriminator_view(AdversarialRecipe(), 3),
    ):
        images = torch.rand(1, 3, 9, 8)
        assert torch.equal(view(images), images)


def test_both_images_are_seen_alike_and_each_viewer_by_its_own_view():
    sr, hr, lr = torch.rand(3, 1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    asked = []

    def remember(batch):
        asked.append(batch)
        return l2(batch.sr, batch.hr)

    step = next(n for n in range(50) if feature_view(RECIPE, n).doubled)
    pieces = shown({"squeeze": remember, PIECE: remember}, RECIPE, lambda: step)
    for name in pieces:
        pieces[name](Batch(sr, hr, lr, 4))
    features, judge = asked
    view = feature_view(RECIPE, step)
    for seen, whole in ((features.sr, sr), (features.hr, hr)):
        assert torch.equal(seen, imresize(whole[..., view.top : view.top + 17, view.left : view.left + 17], 2))
    view = discriminator_view(RECIPE, step)
    for seen, whole in ((judge.sr, sr), (judge.hr, hr)):
        assert torch.equal(seen, whole[..., view.top : view.top + 21, view.left : view.left + 21])
    assert features.lr is judge.lr is lr
