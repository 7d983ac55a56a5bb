"""Adversarial training: it resumes bit for bit, keeps real and fake batches apart, and says when one side has won."""

import csv
import json
import math
from contextlib import nullcontext

import pytest
import torch
from torch import nn

from srbench.errors import TrainingError
from srbench.method import MethodCard
from srbench.training import TrainedMethod, adversarial
from srbench.training.adversarial import WINDOW, Adversary
from srbench.training.losses import Batch
from srbench.training.recipe import AdversarialRecipe, Recipe
from srbench.training.session import plan


class Generator(nn.Module):
    """Enlarges by repetition, and adds what two convolutions make of it."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.PReLU(), nn.Dropout(0.1))
        self.last = nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x):
        return nn.functional.pixel_shuffle(self.last(self.body(x)) + x, 2)


class Judge(nn.Module):
    """Batch normalisation and dropout, both of which a resume must bring back."""

    def __init__(self, width):
        super().__init__()
        first, second = nn.Conv2d(1, width, 3, stride=2), nn.Conv2d(width, width, 3, stride=2)
        self.body = nn.Sequential(first, nn.LeakyReLU(0.2), second, nn.BatchNorm2d(width), nn.Dropout(0.1))
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, images, lr):
        return self.last(self.body(images)).mean(dim=(1, 2, 3))


class TinyGan(TrainedMethod):
    shift = 0  # of the discriminator's images
    card = MethodCard("tiny-gan", "Tiny GAN", 2024, "gan", "none", "luma", (2,))
    recipe = AdversarialRecipe(
        steps=12,
        batch=4,
        patch=16,
        rescale=(1.0,),
        validation_images=1,
        validate_every=5,
        warmup=2,
        loss=(("l2", 1.0), ("adversarial", 0.01)),
        discriminator_width=8,
        precision="float32",  # the same on every machine
    )

    def build(self, scale):
        return Generator()

    def build_discriminator(self, scale, side, width):
        assert side == 16 - self.shift
        return Judge(width)


class OtherGan(TinyGan):
    card = MethodCard("other-gan", "Other GAN", 2024, "gan", "none", "luma", (2,))


@pytest.fixture
def gan(tmp_path):
    TinyGan.source = OtherGan.source = tmp_path / "gan.py"
    return TinyGan()


def trainer(method, folder, output, observer, **changes):
    (job,) = plan(method, [folder], (2,), "cpu", changes, output)
    return job.trainer(observer)


class StopAt:
    def __init__(self, trainer, step):
        self.trainer, self.at = trainer, step

    def step(self, step, loss, psnr, seconds_left):
        self.trainer.stop = step >= self.at


def same(a, b):
    """Equal through all containers, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(gan, folder, tmp_path, observer, precision):
    whole = trainer(gan, folder, tmp_path / "whole", observer, precision=precision)
    whole.run(observer)
    first = trainer(gan, folder, tmp_path / "halves", observer, precision=precision)
    first.run(StopAt(first, 6))
    second = trainer(gan, folder, tmp_path / "halves", observer, precision=precision)
    assert not same(second.adversary.state(), first.adversary.state())
    second.resume()
    assert same(second.adversary.state(), first.adversary.state())
    second.run(observer)
    assert same(second.average, whole.average)
    assert same(second.network.state_dict(), whole.network.state_dict())
    assert same(second.adversary.state(), whole.adversary.state())
    assert [row[3:] for row in second.rows] == [row[3:] for row in whole.rows]


def test_a_resumed_training_repeats_the_shifts_bit_for_bit(gan, folder, tmp_path, observer, monkeypatch):
    monkeypatch.setattr(TinyGan, "shift", 3)
    whole = trainer(gan, folder, tmp_path / "whole", observer, discriminator_shift=3)
    whole.run(observer)
    first = trainer(gan, folder, tmp_path / "halves", observer, discriminator_shift=3)
    first.run(StopAt(first, 6))
    second = trainer(gan, folder, tmp_path / "halves", observer, discriminator_shift=3)
    second.resume()
    second.run(observer)
    assert same(second.average, whole.average)
    assert same(second.adversary.state(), whole.adversary.state())
    monkeypatch.setattr(TinyGan, "shift", 0)
    unshifted = trainer(gan, folder, tmp_path / "unshifted", observer)
    unshifted.run(observer)
    assert not same(unshifted.average, whole.average)


def test_fifty_steps_of_a_tiny_gan(gan, folder, tmp_path, observer):
    made = trainer(gan, folder, tmp_path, observer, steps=50, validate_every=10, learning_rate=0.002)
    outcome = made.run(observer)
    assert outcome.finished
    # What half precision costs so rough a network (0.01 dB either way, by the seed) may be noted.
    assert [note for note in observer.notes if not note.startswith("half precision")] == []
    assert all(math.isfinite(value) for row in made.rows for value in row)
    real, fake = zip(*made.adversary.state()["right"], strict=True)
    assert len(real) == 50
    for right in (real, fake):
        assert 0.02 < sum(right) / 50 < 0.98
    rows = list(csv.DictReader((tmp_path / "tiny-gan_x2/log.csv").read_text().splitlines()))
    assert [float(row["discriminator_accuracy"]) for row in rows] == [round(row[5], 3) for row in made.rows]
    card = json.loads(outcome.weights.with_suffix(".json").read_text())
    assert card["recipe"]["loss"] == [["l2", 1.0], ["adversarial", 0.01]]
    assert card["content_features"] == []


def test_the_discriminator_runs_in_the_precision_of_the_training_and_its_losses_in_float32(
    gan, folder, tmp_path, observer, monkeypatch
):
    logits, losses = [], []
    for name in ("adversarial_generator", "adversarial_discriminator"):
        own = getattr(adversarial, name)
        monkeypatch.setattr(adversarial, name, lambda *x, own=own: losses.extend(t.dtype for t in x) or own(*x))
    made = trainer(gan, folder, tmp_path, observer, precision="bfloat16", full_precision_end=0.5, steps=4)
    made.adversary.discriminator.last.register_forward_hook(lambda module, x, output: logits.append(output.dtype))
    made.run(observer)
    assert logits == [torch.bfloat16] * 6 + [torch.float32] * 6  # fake, then real and fake, of every step
    assert losses == [torch.float32] * 12


def test_the_discriminator_learns_and_is_learned_from(gan, folder, tmp_path, observer):
    """Without the adversarial loss the network trains another way, and the discriminator's weights move."""
    made = trainer(gan, folder, tmp_path / "a", observer, steps=3)
    before = {key: value.clone() for key, value in made.adversary.discriminator.state_dict().items()}
    made.run(observer)
    assert not same(before, made.adversary.discriminator.state_dict())
    alone = trainer(gan, folder, tmp_path / "b", observer, steps=3, loss={"l2": 1.0, "adversarial": 0.0})
    alone.run(observer)
    assert not same(made.network.state_dict(), alone.network.state_dict())


class Watched(nn.Module):
    """Logits that follow the brightness of the images; notes what it was shown."""

    def __init__(self, gain=20.0, shift=-10.0):
        super().__init__()
        self.gain, self.shift = nn.Parameter(torch.tensor(gain)), nn.Parameter(torch.tensor(shift))
        self.shown = []

    def forward(self, images, lr):
        self.shown.append(images)
        return self.gain * images.mean(dim=(1, 2, 3)) + self.shift


def adversary(discriminator):
    recipe, scaler = AdversarialRecipe(learning_rate=1e-9, final_rate=1e-9), torch.amp.GradScaler("cpu", enabled=False)
    return Adversary(discriminator, recipe, torch.device("cpu"), scaler)


def bright_and_dark():
    """HR all white, SR all black."""
    sr = torch.zeros(2, 1, 8, 8, requires_grad=True)
    return Batch(sr, torch.ones(2, 1, 8, 8), torch.zeros(2, 1, 4, 4), 2)


def test_real_and_fake_batches_are_apart_and_only_their_own_side_learns():
    judge, batch = Watched(), bright_and_dark()
    against = adversary(judge)
    loss = against.deceive(batch)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(10)), rel=1e-4)
    loss.backward()
    assert batch.sr.grad.abs().sum() > 0
    assert judge.gain.grad is None
    batch.sr.grad = None
    judge.shown.clear()
    against.update(0, nullcontext())
    assert [float(images.mean()) for images in judge.shown] == [1.0, 0.0]
    assert judge.gain.grad is not None
    assert batch.sr.grad is None
    assert against.accuracy() == 1.0


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        (Watched(), f"over {WINDOW} steps it was always right"),
        (Watched(0.0, 5.0), "always wrong: it took every SR image for an HR image"),
        (Watched(0.0, -5.0), "always wrong: it took every HR image for an SR image"),
    ],
)
def test_a_collapsed_discriminator_is_warned_of_once(judge, message):
    against, warnings = adversary(judge), []
    for step in range(WINDOW + 5):
        against.deceive(bright_and_dark())
        against.update(step, nullcontext())
        warnings.append(against.warning())
    assert [text is None for text in warnings] == [True] * (WINDOW - 1) + [False] + [True] * 5
    assert message in warnings[WINDOW - 1]
    again = adversary(Watched())
    again.load(against.state())
    assert again.warning() is None


def test_the_warning_reaches_the_observer(gan, folder, tmp_path, observer, monkeypatch):
    made = trainer(gan, folder, tmp_path, observer, steps=3)
    monkeypatch.setattr(made.adversary, "warning", lambda: "collapsed")
    made.run(observer)
    # What the export says of half precision is up to the processor's arithmetic.
    assert [note for note in observer.notes if not note.startswith("half precision")] == ["collapsed"] * 3


def test_a_discriminator_whose_loss_is_not_finite_stops_the_training(gan, folder, tmp_path, observer):
    made = trainer(gan, folder, tmp_path, observer)
    with torch.no_grad():
        made.adversary.discriminator.last.bias.fill_(float("nan"))
    made.loss.pieces = (("l2", 1.0), ("adversarial", 0.0))
    with pytest.raises(TrainingError, match=r"loss is nan at step 0"):
        made.run(observer)
    against = adversary(Watched(float("inf")))
    against.deceive(bright_and_dark())
    with pytest.raises(TrainingError, match=r"the discriminator's loss is (nan|inf) at step 7.*discriminator_rate"):
        against.update(7, nullcontext())


@pytest.mark.parametrize(
    ("other", "changes", "what"),
    [(OtherGan, {}, "method"), (TinyGan, {"loss": "l2"}, "recipe"), (TinyGan, {"discriminator_width": 4}, "recipe")],
)
def test_a_checkpoint_of_the_other_variant_is_refused(gan, folder, tmp_path, observer, other, changes, what):
    made = trainer(gan, folder, tmp_path / "a", observer)
    made.run(observer, max_minutes=0)
    another = trainer(other(), folder, tmp_path / "b", observer, **changes)
    another.folder.mkdir(parents=True)
    another.checkpoint.write_bytes(made.checkpoint.read_bytes())
    with pytest.raises(TrainingError, match=f"is of another {what}"):
        another.resume()


def test_an_adversarial_loss_needs_a_discriminator(tiny, folder, tmp_path, observer):
    assert type(tiny.recipe) is Recipe
    with pytest.raises(TrainingError, match="tiny has no discriminator"):
        trainer(tiny, folder, tmp_path, observer, loss={"l1": 1, "adversarial": 0.1})


@pytest.mark.parametrize("key", ["discriminator_rate", "discriminator_width"])
def test_bad_recipes(key):
    with pytest.raises(TrainingError, match=f"{key} must be positive"):
        AdversarialRecipe().changed({key: 0})


@pytest.mark.parametrize(("shift", "message"), [(-1, "must not be negative"), (96, "leaves nothing of 96 pixels")])
def test_bad_shifts(shift, message):
    with pytest.raises(TrainingError, match=f"discriminator_shift .*{message}"):
        AdversarialRecipe(patch=96).changed({"discriminator_shift": shift})
