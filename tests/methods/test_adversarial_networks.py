"""Methods trained on features and against discriminators: the paper's sizes, weights that pass between variants, and
recipes by name."""

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from srbench import paths
from srbench.errors import UnknownNameError, WeightsError
from srbench.method import plugins
from srbench.methods.lapgan import PyramidDiscriminator
from srbench.methods.srgan import Discriminator
from srbench.methods.srresnet import SrresnetNet
from srbench.resize import imresize
from srbench.training.adversarial import Adversary
from srbench.training.losses import Loss
from srbench.training.recipe import AdversarialRecipe
from srbench.training.session import plan
from srbench.weights.files import load_into

LAPSRN = Path(paths.search_path("methods")[0]) / "weights" / "lapsrn.safetensors"


def method(name):
    return plugins.instantiate(plugins.find(name)[0])


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_the_papers_discriminator_has_its_parameters():
    with torch.device("meta"):
        whole = Discriminator(96)
    assert parameters(whole) == 23_563_649
    assert parameters(whole.head) == 512 * 6 * 6 * 1024 + 1024 + 1024 + 1
    strides = [layer.stride[0] for layer in whole.body if isinstance(layer, torch.nn.Conv2d)]
    assert strides == [1, 2] * 4
    normalised = [isinstance(layer, torch.nn.BatchNorm2d) for layer in whole.body]
    assert sum(normalised) == 7
    assert not any(normalised[:3])


@pytest.mark.parametrize("side", [16, 40, 60, 96])
def test_a_narrow_discriminator_takes_every_patch(side):
    logits = Discriminator(side, width=4)(torch.rand(2, 3, side, side), torch.rand(2, 3, side // 4, side // 4))
    assert logits.shape == (2, 1)


@pytest.mark.parametrize("name", ["perceptual", "srgan", "srgan-mse"])
def test_they_start_from_srresnets_weights(name):
    own = method(name)
    assert own.starts_from == "srresnet"
    network = own.build(4)
    audit = network.load_state_dict(method("srresnet").build(4).state_dict())
    assert (audit.missing_keys, audit.unexpected_keys) == ([], [])


def test_lapgan_with_lapsrns_weights_is_lapsrn():
    lapsrn, lapgan, lr = method("lapsrn"), method("lapgan"), torch.rand(1, 1, 9, 11)
    for scale in (2, 4):
        networks = [one.build(scale).eval() for one in (lapsrn, lapgan)]
        for network in networks:
            assert load_into(network, LAPSRN).complete
        with torch.no_grad():
            assert torch.equal(networks[0](lr), networks[1](lr))


@pytest.mark.parametrize("name", ["perceptual", "srgan", "srgan-mse", "lapgan"])
def test_output_shape(name):
    own = method(name)
    channels = 1 if own.card.colour == "luma" else 3
    own._modules[4] = own.build(4).eval()
    with torch.no_grad():
        assert own.upscale(torch.rand(2, channels, 9, 11), 4).shape == (2, channels, 36, 44)


@pytest.mark.parametrize("name", ["perceptual", "srgan", "srgan-mse"])
def test_batch_statistics_stay_those_of_srresnet(name):
    own = method(name)
    network = own.build(4).train()
    before = {key: value.clone() for key, value in network.named_buffers()}
    own.training_loss(network, torch.rand(2, 3, 8, 8), torch.rand(2, 3, 32, 32), 4, 0.0, Loss([("l2", 1.0)]))
    assert before.keys()
    assert all(torch.equal(value, before[key]) for key, value in network.named_buffers())


def test_weights_of_a_narrower_variant_are_refused(tmp_path):
    torch.save(SrresnetNet(4, 8).state_dict(), tmp_path / "narrow.pth")
    with pytest.raises(WeightsError, match=r"first.0.weight is \(8, 3, 9, 9\), not \(32, 3, 9, 9\)"):
        load_into(method("srgan").build(4), tmp_path / "narrow.pth")


def test_every_level_of_lapgan_has_its_own_discriminator():
    torch.manual_seed(0)
    own, recipe = method("lapgan"), AdversarialRecipe(warmup=0)
    judge = own.build_discriminator(4, 32, 8)
    against = Adversary(judge, recipe, torch.device("cpu"), torch.amp.GradScaler("cpu", enabled=False))
    before = {key: value.clone() for key, value in judge.named_parameters()}
    loss = Loss([("charbonnier", 1.0), ("adversarial", 0.1)], others={"adversarial": against.deceive})
    network = own.build(4).train()
    own.training_loss(network, torch.rand(2, 1, 8, 8), torch.rand(2, 1, 32, 32), 4, 0.0, loss).backward()
    assert all(level.residual.weight.grad.abs().sum() > 0 for level in network.pyramid)
    against.update(0, nullcontext())
    assert all(not torch.equal(value, before[key]) for key, value in judge.named_parameters())


@pytest.mark.parametrize(("side", "level"), [(16, 0), (15, 0), (32, 1), (31, 1)])
def test_lapgans_discriminators_judge_by_level_whatever_the_shift(side, level):
    torch.manual_seed(0)
    judge, images, lr = PyramidDiscriminator(8), torch.rand(1, 1, side, side), torch.rand(1, 1, 8, 8)
    assert torch.equal(judge(images, lr), judge.levels[level](images))
    assert judge(images, lr).shape == (1, 1, -(-side // 2), -(-side // 2))


def test_every_level_of_lapgan_stands_on_the_true_image_below():
    """Level 2 is judged with the target of level 1 under its residual, whatever level 1 made."""
    torch.manual_seed(0)
    own, seen = method("lapgan"), []

    def remember(batch):
        seen.append(batch)
        return batch.sr.square().mean()

    network, lr, hr = own.build(4), torch.rand(2, 1, 8, 8), torch.rand(2, 1, 32, 32)
    loss = Loss([("adversarial", 1.0)], others={"adversarial": remember})
    own.training_loss(network, lr, hr, 4, 0.0, loss).backward()
    half = imresize(hr, 0.5)
    first, second = network.outputs(lr)
    residual = second - network.pyramid[1].image(first)
    assert torch.equal(seen[0].sr, first)
    assert torch.equal(seen[0].hr, half)
    assert torch.allclose(seen[1].sr, network.pyramid[1].image(half) + residual, atol=1e-6)
    assert torch.equal(seen[1].hr, hr)


@pytest.mark.parametrize("name", ["srgan", "perceptual"])
def test_no_recipe_of_the_papers_features_has_views(name):
    own = method(name)
    assert (own.recipe.feature_shift, own.recipe.feature_doubled) == (7, 0.5)
    for recipe in (recipe for key, recipe in own.recipes.items() if key.startswith("vgg")):
        assert (recipe.feature_shift, recipe.feature_doubled) == (0, 0.0)


# The rows of the SRGAN paper's tables 1 and 2, and what trains them.
ROWS = {
    "SRResNet-MSE": ("srresnet", None, {"l2"}),
    "SRResNet-VGG22": ("perceptual", "vgg22", {"vgg22", "tv"}),
    "SRGAN-MSE": ("srgan-mse", None, {"l2", "adversarial"}),
    "SRGAN-VGG22": ("srgan", "vgg22", {"vgg22", "tv", "adversarial"}),
    "SRGAN-VGG54": ("srgan", "vgg54", {"vgg54", "adversarial"}),
}


@pytest.mark.parametrize("row", ROWS)
def test_the_rows_of_the_srgan_paper(row, tmp_path):
    name, recipe_name, pieces = ROWS[row]
    (job,) = plan(method(name), [tmp_path], (4,), "cpu", recipe_name=recipe_name)
    assert set(dict(job.recipe.loss)) == pieces
    assert isinstance(job.recipe, AdversarialRecipe) == row.startswith("SRGAN")


def test_no_recipe_but_those_named_after_it_needs_vgg(tmp_path):
    for name in ("perceptual", "srgan", "srgan-mse", "lapgan"):
        assert not any(piece.startswith("vgg") for piece, _ in method(name).recipe.loss)
    with pytest.raises(UnknownNameError, match="unknown recipe of srgan 'vgg45'; did you mean vgg54"):
        plan(method("srgan"), [tmp_path], (4,), "cpu", recipe_name="vgg45")
