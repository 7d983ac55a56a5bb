"""The PixelCNN methods on a network of random weights: any size, seeds, grey images, temperatures, memory, bits."""

import copy

import numpy as np
import pytest
import torch

from srbench import api
from srbench.degradation.named import Bicubic
from srbench.errors import NotSupportedError, SrbenchError, SrbenchWarning
from srbench.method import Method, MethodContext, plugins
from srbench.methods.pixelcnn import batches
from srbench.methods.pixelcnn.method import CONTEXT, PixelCnn, PixelCnnGreedy, PixelCnnNet, PixelCnnSample
from srbench.resize import imresize
from srbench.training.losses import Loss


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = PixelCnnNet().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return made


@pytest.fixture
def method(network):
    def make(cls=PixelCnn, seed=0, **fields):
        made = cls()
        Method.prepare(made, 4, MethodContext(seed=seed))
        made._modules[4] = network
        for name, value in fields.items():
            setattr(made, name, value)
        return made

    return make


def image(height, columns, seed=0):
    return torch.rand(1, 3, height, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (8, 8), (11, 5)], ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("cls", [PixelCnn, PixelCnnGreedy, PixelCnnSample])
def test_images_of_any_size_smaller_than_a_window_too(method, cls, size):
    sr = method(cls, samples=2 if cls is PixelCnn else 1).upscale(image(*size), 4)
    assert sr.shape == (1, 3, 4 * size[0], 4 * size[1])
    assert 0 <= sr.min() <= sr.max() <= 1


def test_a_seed_repeats_and_another_draws_another_image(method):
    one = method(PixelCnnSample, seed=1)
    lr = image(5, 6)
    assert torch.equal(one.upscale(lr, 4), one.upscale(lr, 4))
    assert not torch.equal(one.upscale(lr, 4), method(PixelCnnSample, seed=2).upscale(lr, 4))
    greedy = [method(PixelCnnGreedy, seed=seed).upscale(lr, 4) for seed in (1, 2)]
    assert torch.equal(*greedy)


def test_a_batch_is_what_its_images_are_alone(method):
    two = method(samples=2)
    lr = torch.cat([image(4, 5, 0), image(4, 5, 1)])
    whole = two.upscale(lr, 4)
    assert torch.equal(whole[1:], two.upscale(lr[1:], 4))


def test_the_mean_of_samples_is_theirs(method):
    lr = image(4, 4)
    from srbench.methods.pixelcnn.draw import antithetic, uniform

    several = method(samples=4)
    mean = several.upscale(lr, 4)
    net = several.module(4)
    with torch.no_grad():
        levels = batches.draw(net.prior, net.condition(lr), antithetic(uniform(0, 2, (16, 16), 3)))
    assert torch.allclose(mean[0], levels[0].float().mean(0) / 255, atol=1e-6)


def test_no_seams_what_was_decided_conditions_what_comes_next(method):
    """A pixel changed far above and left of another changes it, across any multiple of the window."""
    net = method().module(4)
    y = torch.rand(1, 3, 48, 48) * 2 - 1
    changed = y.clone()
    changed[..., 31, 30] *= -1
    with torch.no_grad():
        difference = (net.prior(changed).mean - net.prior(y).mean).abs().amax(dim=(0, 3))
    assert difference[32, 30:34].max() > 0  # the next window's first row
    assert difference[:31].max() == 0


def test_the_conditioning_sees_so_much_of_the_input_and_makes_no_border_up(method):
    net = method().module(4)
    lr = image(18, 18)
    with torch.no_grad():
        whole = net.condition(lr)
        inner = net.conditioning(lr)
        assert torch.allclose(
            whole.mean[:, 4 * CONTEXT : -4 * CONTEXT, 4 * CONTEXT : -4 * CONTEXT], inner.mean, atol=1e-5
        )
        lr[..., 9, 9] += 0.5
        rows = (net.condition(lr).mean - whole.mean).abs().amax(dim=(0, 2, 3)).nonzero()[:, 0]
    assert rows.min() >= 4 * (9 - CONTEXT)
    assert rows.max() < 4 * (10 + CONTEXT)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_temperatures_not_above_zero_are_refused(method, temperature):
    with pytest.raises(SrbenchError, match=r"temperature of .* is not above 0"):
        method(PixelCnnSample, temperature=temperature).upscale(image(2, 2), 4)


@pytest.mark.parametrize("scale", [2, 3, 5])
def test_other_scales_are_not_supported(method, scale):
    with pytest.raises(NotSupportedError, match=f"pixelcnn does not support x{scale}"):
        method().require_scale(scale)


def test_a_grey_picture_gives_a_grey_one(method, monkeypatch):
    made = method(PixelCnnGreedy)
    monkeypatch.setattr(made, "require_scale", lambda scale: None)
    monkeypatch.setattr(made, "prepare", lambda scale, context: Method.prepare(made, scale, context))
    grey = np.random.default_rng(0).integers(0, 256, (6, 5), np.uint8)
    assert api.upscale(made, grey, 4).shape == (24, 20)


def test_caches_that_do_not_fit_are_said_once(method, monkeypatch):
    made = method(samples=4)
    lr = image(4, 5)
    whole = made.upscale(lr, 4)
    net = made.module(4)
    room = 1.5 * batches.footprint(net.prior, net.condition(lr)) / batches.SHARE
    monkeypatch.setattr(batches, "free_memory", lambda _: room)
    with pytest.warns(SrbenchWarning, match="pixelcnn: the caches of 4 samples do not fit memory") as said:
        assert torch.equal(made.upscale(lr, 4), whole)
    assert len(said) == 1


def test_bits_and_entropy(method):
    made, lr = method(), image(6, 5)
    found = made.bits(lr, imresize(lr, 4).clamp(0, 1), 4)
    assert 0 < found.bits < 12
    assert found.entropy.shape == (1, 24, 20)
    assert found.entropy.min() >= 0
    assert found.entropy.max() <= 8


def test_the_network_starts_at_bicubic_interpolation():
    torch.manual_seed(0)
    lr = image(9, 10)
    assert (PixelCnnNet()(lr) - imresize(lr, 4)).abs().mean() < 0.02


def test_all_parts_learn(method, network):
    made, net = method(), copy.deepcopy(network).train()  # a new network has zeros, behind which nothing moves yet
    net.zero_grad(set_to_none=True)
    hr = image(72, 72)
    lr = Bicubic()(hr[0] * 255, 4)[None].float() / 255
    squares = made.training_loss(net, lr, hr, 4, 0.0, Loss(()))
    squares.backward()
    assert all(p.grad is None for p in net.prior.parameters())
    both = made.training_loss(net, lr, hr, 4, 1.0, Loss(()))
    both.backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or p.grad.abs().sum() == 0] == []
    assert both > squares


def test_only_pixelcnn_is_in_all_and_the_others_are_found_by_name():
    cards = {p.name: p.value.card for p in plugins.discover() if p.name.startswith("pixelcnn")}
    assert {name: card.default for name, card in cards.items()} == {
        "pixelcnn": True,
        "pixelcnn-greedy": False,
        "pixelcnn-sample": False,
    }
    assert plugins.find("pixelcnn-sample")[0].value is not None
