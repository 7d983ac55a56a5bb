"""The networks: contracts that all keep, what each is known to cost at least, and that they learn."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from srbench.errors import TrainingError
from srbench.experiments.corners import closed_forms, study
from srbench.experiments.corners.canvas import Canvas
from srbench.experiments.corners.gan import Gan
from srbench.experiments.corners.independent import Independent
from srbench.experiments.corners.model import pixel_nats
from srbench.experiments.corners.prior import PixelPrior
from srbench.experiments.corners.regression import Regression
from srbench.experiments.corners.task import Digits, batch, load_digits, place, to_image
from srbench.experiments.corners.vae import Vae
from srbench.methods.pixelcnn.draw import plain


class Silent:
    def __init__(self):
        self.begun = []

    def begin(self, title, steps):
        self.begun.append((title, steps))

    def step(self, step, loss):
        assert math.isfinite(loss)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(params=study.NETWORKS, ids=lambda kind: kind.name)
def network(request):
    torch.manual_seed(0)
    made = request.param()
    made.prepare(4)
    return made


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_step_changes_all_parameters_and_draws_stay_in_range(network, digits):
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    # A head that starts at zero lets nothing through in its first step.
    losses = [network.learn(*batch(digits.train, 8, seeded(i)), seeded(i)) for i in range(3)]
    assert all(map(math.isfinite, losses))
    assert [name for name, value in network.named_parameters() if torch.equal(value, before[name])] == []
    with torch.no_grad():
        drawn = network.draw(digits.held_out[:6], seeded())
        again = network.draw(digits.held_out[:6], seeded())
    assert drawn.shape == (6, 16, 16)
    assert drawn.dtype == torch.float32
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert torch.equal(drawn, again)


def test_no_network_costs_less_than_its_closed_form(network, digits):
    held_out = digits.held_out[:20]
    with torch.no_grad():
        costs = [network.bits(held_out, place(held_out, corner), seeded()) for corner in (0, 1)]
    if network.name in ("mse", "gan"):
        assert costs == [None, None]
        return
    floor = closed_forms.independent_bits(held_out) if network.name == "independent" else closed_forms.JOINT_BITS
    assert costs[0].shape == (20,)
    assert ((costs[0] + costs[1]) / 2 >= floor).all()


def test_draws_of_independent_pixels_follow_their_chances(digits):
    torch.manual_seed(0)
    network = Independent().eval()
    one = digits.held_out[:1]
    with torch.no_grad():
        chances = network.canvas(one).softmax(dim=1)
        drawn = network.draw(one.expand(3000, -1, -1), seeded())
    expected = (chances * torch.linspace(0, 1, chances.shape[1])[:, None, None]).sum(dim=1)[0]
    assert torch.allclose(drawn.mean(dim=0), expected, atol=0.04)


def test_the_prior_draws_what_its_logits_say(digits):
    torch.manual_seed(0)
    network = PixelPrior().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        one = digits.held_out[:1]
        noise = torch.rand(1, 16, 16, 1, generator=seeded())
        levels, logits = plain(network.prior, network._condition(one), noise)
        assert torch.equal(network.draw(one, seeded()), to_image(levels[:, 0]))
        # Those of a step-by-step drawing are those of one pass over the whole: no pixel saw what came after it.
        whole = network.logits(one, levels[:, 0]).movedim(1, -1).log_softmax(dim=-1)
    assert torch.allclose(whole, logits[:, :, :, 0].log_softmax(dim=-1), atol=1e-4)


def test_more_digits_than_fit_at_once_are_drawn_one_by_one_the_same(digits, monkeypatch):
    torch.manual_seed(0)
    network = PixelPrior().eval()
    with torch.no_grad():
        whole = network.draw(digits.held_out[:5], seeded())
        monkeypatch.setattr("srbench.experiments.corners.prior._AT_ONCE", 2)
        assert torch.equal(network.draw(digits.held_out[:5], seeded()), whole)


def test_a_code_adds_features_of_its_own_to_each_quarter(digits):
    torch.manual_seed(0)
    canvas = Canvas(1, noise=4)
    canvas.write = torch.nn.Identity()  # the features themselves
    inputs, code = digits.held_out[:2], torch.randn(2, 4, generator=seeded())
    with torch.no_grad():
        added = canvas(inputs, code) - canvas(inputs)
        quarters = [added[:, :, y : y + 8, x : x + 8] for y in (0, 8) for x in (0, 8)]
        expected = canvas.project(code).view(2, -1, 4).unbind(dim=2)
    for quarter, one in zip(quarters, expected, strict=True):
        assert torch.allclose(quarter, one[:, :, None, None].expand_as(quarter), atol=1e-5)
    assert not torch.allclose(quarters[0], quarters[3], atol=0.1)


def test_the_gan_draws_grey_levels_and_learns_from_any_grey(digits):
    torch.manual_seed(0)
    network = Gan()
    inputs = digits.held_out[:6]
    with torch.no_grad():
        drawn, painted = network.draw(inputs, seeded()), network._paint(inputs, seeded())
    assert torch.equal(drawn * 4, (drawn * 4).round())
    assert 0 < float((drawn - painted).abs().max()) <= 0.125 + 1e-6
    network.loss(inputs, place(inputs, 0), seeded()).backward()
    assert all(parameter.grad is not None for parameter in network.generator.parameters())


def test_the_priors_loss_also_teaches_the_reading_network_alone(digits):
    torch.manual_seed(0)
    network = PixelPrior()
    inputs, targets = digits.held_out[:5], place(digits.held_out[:5], 1)
    with torch.no_grad():
        alone, together = network.canvas(inputs), network.logits(inputs, targets)
        expected = (pixel_nats(together, targets) + pixel_nats(alone, targets)).mean()
        assert torch.allclose(network.loss(inputs, targets, seeded()), expected)


@pytest.mark.slow
def test_the_vae_learns_to_decide_once(digits):
    network = study.train(Vae, digits.train, 150, 0, Silent())
    row, _ = study.measure(network, digits.held_out[:50], 0)
    # Far below what independent pixels cost at least: what is left to each pixel is not which corner.
    assert row.bits < 0.4 * study.best(digits.held_out[:50])["independent_bits"]
    assert row.ghost < 0.25


def test_the_vaes_bound_is_reconstruction_plus_divergence(digits):
    torch.manual_seed(0)
    network = Vae().eval()
    inputs, targets = digits.held_out[:5], place(digits.held_out[:5], 1)
    with torch.no_grad():
        mean, log_variance = network.posterior(inputs, targets)
        posterior = Normal(mean, (log_variance / 2).exp())
        noise = torch.randn(mean.shape, generator=seeded())
        rebuilt = pixel_nats(network.decoder(inputs, mean + noise * posterior.stddev), targets)
        divergence = kl_divergence(posterior, Normal(0.0, 1.0)).sum(dim=1)
        assert torch.allclose(network.nats(inputs, targets, seeded()), rebuilt + divergence, rtol=1e-5)


def test_mse_learns_the_mean_of_the_answers(digits):
    network = study.train(Regression, digits.train, 150, 0, Silent())
    row, drawn = study.measure(network, digits.held_out[:50], 0)
    best = study.best(digits.held_out[:50])
    assert best["mean_mse"] <= row.mse < 1.1 * best["mean_mse"]
    assert row.clean == 0
    assert row.top_left is None
    assert row.ghost == pytest.approx(0.5, abs=0.05)
    assert drawn.shape == (50, study.DRAWS, 16, 16)


@pytest.mark.slow
def test_the_prior_learns_to_draw_one_clean_answer(digits):
    torch.manual_seed(0)
    network = PixelPrior()
    network.prepare(300)
    batches = seeded()
    for _ in range(110):  # of the default training: enough for this
        network.learn(*batch(digits.train, study.BATCH, batches), seeded())
    row, _ = study.measure(network.eval(), digits.held_out[:50], 0)
    assert row.clean > 0.8
    assert row.ghost < 0.05
    assert 1 <= row.bits < 10
    assert 0.2 < row.top_left < 0.8


def test_a_study_without_steps_is_refused(digits):
    few = Digits(digits.train[:8], digits.held_out[:2])
    for steps in (0, -3):
        with pytest.raises(TrainingError, match=f"{steps} steps train nothing; give --steps"):
            study.run(few, steps, 0, Silent())


def test_a_loss_that_is_not_finite_ends_the_training_with_its_name(digits, monkeypatch):
    monkeypatch.setattr(Regression, "loss", lambda self, *rest: self(rest[0]).sum() * math.nan)
    with pytest.raises(TrainingError, match="MSE regression, seed 0: the loss is nan at step 1; try another --seed"):
        study.train(Regression, digits.train, 3, 0, Silent())


def test_training_leaves_the_global_random_numbers_alone(digits):
    state = torch.get_rng_state()
    study.train(Regression, digits.train, 1, 5, Silent())
    assert torch.equal(torch.get_rng_state(), state)
