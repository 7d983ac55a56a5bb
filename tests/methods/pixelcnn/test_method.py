"""The PixelCNN methods on a network of random weights: any size, seeds, grey images, temperatures, memory, bits."""

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from srbench import api
from srbench.degradation.named import Bicubic
from srbench.errors import NotSupportedError, SrbenchError, SrbenchWarning, WeightsError
from srbench.method import Method, MethodContext, plugins
from srbench.methods.pixelcnn import Condition, Prior, batches, to_levels, to_unit
from srbench.methods.pixelcnn.draw import antithetic, uniform
from srbench.methods.pixelcnn.likelihood import code_length
from srbench.methods.pixelcnn.method import (
    CONTEXT,
    TEMPERATURE,
    PixelCnn,
    PixelCnnConditioning,
    PixelCnnGreedy,
    PixelCnnMean,
    PixelCnnNet,
    past_of,
)
from srbench.resize import imresize
from srbench.training.losses import Loss
from srbench.training.parts import trained_parameters


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
@pytest.mark.parametrize("cls", [PixelCnn, PixelCnnConditioning, PixelCnnGreedy, PixelCnnMean])
def test_images_of_any_size_smaller_than_a_window_too(method, cls, size):
    sr = method(cls).upscale(image(*size), 4)
    assert sr.shape == (1, 3, 4 * size[0], 4 * size[1])
    assert 0 <= sr.min() <= sr.max() <= 1


def test_a_seed_repeats_and_another_draws_another_image(method):
    one = method(PixelCnn, seed=1)
    lr = image(5, 6)
    assert torch.equal(one.upscale(lr, 4), one.upscale(lr, 4))
    assert not torch.equal(one.upscale(lr, 4), method(PixelCnn, seed=2).upscale(lr, 4))
    greedy = [method(PixelCnnGreedy, seed=seed).upscale(lr, 4) for seed in (1, 2)]
    assert torch.equal(*greedy)


def test_the_default_row_is_one_sample_at_its_temperature(method):
    made, lr = method(seed=3), image(5, 6)
    net = made.module(4)
    with torch.no_grad():
        (wanted,) = batches.draw(net.prior, net.condition(lr), uniform(3, 1, (20, 24), 3), TEMPERATURE)[0]
    assert torch.equal(made.upscale(lr, 4)[0], wanted / 255)


def test_the_conditioning_alone_draws_nothing_and_has_a_likelihood_of_its_own(method):
    made, lr = method(PixelCnnConditioning, seed=3), image(5, 6)
    net, hr = made.module(4), imresize(lr, 4).clamp(0, 1)
    with torch.no_grad():
        assert torch.equal(made.upscale(lr, 4), net(lr))
        alone = code_length(None, net.condition(lr), to_levels(hr, 256)).bits.mean()
    assert made.bits(lr, hr, 4).bits == pytest.approx(float(alone), abs=1e-5)
    assert made.bits(lr, hr, 4).bits != pytest.approx(method().bits(lr, hr, 4).bits, abs=1e-3)


def test_all_that_draw_and_the_likeliest_levels_have_one_likelihood(method):
    lr = image(4, 5)
    found = {
        method(cls).bits(lr, imresize(lr, 4).clamp(0, 1), 4).bits for cls in (PixelCnn, PixelCnnMean, PixelCnnGreedy)
    }
    assert len(found) == 1


def test_bits_are_of_the_distribution_that_is_drawn_from(method):
    lr = image(4, 5)
    hr = imresize(lr, 4).clamp(0, 1)
    made = method(temperature=1.7)
    net, index = made.module(4), to_levels(hr, 256)
    with torch.no_grad():
        logits = 1.7 * (net.condition(lr).expert() + net.prior(to_unit(index, 256))).logits()
        wanted = -logits.log_softmax(-1).gather(-1, index.permute(0, 2, 3, 1)[..., None]).mean() / np.log(2)
    assert made.bits(lr, hr, 4).bits == pytest.approx(float(wanted), abs=1e-4)
    with pytest.raises(SrbenchError, match="not above 0"):
        method(temperature=0.0).bits(lr, hr, 4)


def test_a_batch_is_what_its_images_are_alone(method):
    two = method(samples=2)
    lr = torch.cat([image(4, 5, 0), image(4, 5, 1)])
    whole = two.upscale(lr, 4)
    assert torch.equal(whole[1:], two.upscale(lr[1:], 4))


def test_the_mean_of_samples_is_theirs(method):
    lr = image(4, 4)
    several = method(PixelCnnMean, samples=4)
    mean = several.upscale(lr, 4)
    net = several.module(4)
    with torch.no_grad():
        levels = batches.draw(net.prior, net.condition(lr), antithetic(uniform(0, 2, (16, 16), 3)), TEMPERATURE)
    assert torch.allclose(mean[0], levels[0].float().mean(0) / 255, atol=1e-6)


def test_no_seams_what_was_decided_conditions_what_comes_next(method):
    """A pixel changed far above and left of another changes it, across any multiple of the window."""
    net = method().module(4)
    y = torch.rand(1, 3, 48, 48) * 2 - 1
    changed = y.clone()
    changed[..., 31, 30] *= -1
    with torch.no_grad():
        difference = (net.prior(changed).peak.mean - net.prior(y).peak.mean).abs().amax(dim=(0, 3))
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
        method(PixelCnn, temperature=temperature).upscale(image(2, 2), 4)


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


def test_a_tenth_of_the_past_is_drawn_in_training(network):
    torch.manual_seed(0)
    lr = image(18, 18).expand(400, -1, -1, -1)
    y = to_unit(to_levels(imresize(lr[:1], 4)[..., 20:52, 20:52], 256), 256).expand(400, -1, -1, -1)
    with torch.no_grad():
        one = network.conditioning(lr[:1])
        parts = (t.expand(400, *t.shape[1:]) for t in (one.features, one.mean, one.precision))
        past = past_of(y, Condition(*parts, one.weight, one.bias))
        moments = code_length(None, one, to_levels((y[:1] + 1) / 2, 256)).entropy
    changed = (past != y).any(dim=1)
    assert changed.float().mean() == pytest.approx(0.1, abs=0.02)
    assert changed.flatten(1).any(dim=1).float().mean() == pytest.approx(0.2, abs=0.06)
    assert torch.equal(to_unit(to_levels((past + 1) / 2, 256), 256), past)  # levels, and no values between
    assert moments.min() > 4  # so that a draw is seldom the true level


def test_with_a_frozen_conditioning_the_prior_alone_learns(method, network):
    made, net = method(), copy.deepcopy(network).train()
    trained_parameters(net, made.recipes["prior"])
    hr = image(80, 80)
    lr = Bicubic()(hr[0] * 255, 4)[None].float() / 255
    made.training_loss(net, lr, hr, 4, 0.0, Loss(())).backward()
    assert all(p.grad is None for p in net.conditioning.parameters())
    assert [name for name, p in net.prior.named_parameters() if p.grad is None or p.grad.abs().sum() == 0] == []


def test_weights_of_another_prior_are_refused_with_a_line(method, tmp_path):
    state = PixelCnnNet().state_dict()
    old = {f"prior.{key}": value for key, value in Prior(width=32, layers=5, hidden=32).state_dict().items()}
    kept = {key: value for key, value in state.items() if not key.startswith("prior.")}
    save_file({**kept, **old}, tmp_path / "pixelcnn_x4.safetensors")
    made = PixelCnn()
    made.weights = {4: str(tmp_path / "pixelcnn_x4.safetensors")}
    with pytest.raises(WeightsError, match="does not fit") as refused:
        made.prepare(4, MethodContext())
    assert "prior." in str(refused.value) + (refused.value.hint or "")


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
        "pixelcnn-conditioning": False,
        "pixelcnn-greedy": False,
        "pixelcnn-mean": False,
    }
    assert plugins.find("pixelcnn-mean")[0].value is not None
