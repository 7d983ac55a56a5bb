"""Pixel Recursive Super Resolution: a conditioning network and a PixelCNN prior, whose logits are added.

Dahl, Norouzi, Shlens, Pixel Recursive Super Resolution, ICCV 2017 (arXiv:1702.00783):
p(y | x) = prod_i softmax(A_i(x) + B_i(y_<i)) over the 256 values of every R, G and B in raster order, trained with
CE(A + B) + CE(A), without which the prior would learn to ignore x. The size is one that a processor core can train:
6 gated layers of 48 channels and 3 residual blocks (the paper has 20 of 64, and 18).

Four methods share the network: ``pixelcnn`` is one sample, as in the paper, another for every seed; ``pixelcnn-mean``
the mean of two; ``pixelcnn-greedy`` takes the likeliest level of every sub-pixel; ``pixelcnn-conditioning`` leaves the
prior out and answers with A's means.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.errors import SrbenchWarning
from srbench.method import Likelihood, MethodCard
from srbench.methods.pixelcnn.batches import draw
from srbench.methods.pixelcnn.draw import antithetic, pick, require_temperature, uniform
from srbench.methods.pixelcnn.expert import Condition, ConditionHead, to_levels, to_unit
from srbench.methods.pixelcnn.layers import Prior
from srbench.methods.pixelcnn.likelihood import code_length, expectation
from srbench.resize import imresize
from srbench.training import PartRecipe, Recipe, TrainedMethod
from srbench.training.losses import Loss, inside

LEVELS = 256
TEMPERATURE = 1.0  # of the best likelihood on the validation images (docs/scripts/choose_pixelcnn_estimate.py)
CONTEXT = 5  # LR pixels around a window that its conditioning depends on
MEANS_FIRST = 0.45  # share of the steps (cheap ones) that train the means of the conditioning network alone
MISTAKEN = 0.2  # share of the images in training whose past is replaced in part
FIXED_PRECISION = 55.0  # of the squared error, in nats: a standard deviation of 17 of 256 levels


def past_of(y: Tensor, condition: Condition) -> Tensor:
    """``y`` (N, 3, H, W) in [-1, 1] with a tenth of its pixels replaced by draws of the conditioning network.

    A prior that is trained on true pixels alone meets its own when it draws. The tenth is not spread evenly: a fifth of
    the images have replaced pixels, a share of them between none and all, so that the prior can tell an image that is
    to be trusted, such as those that its likelihood is measured with, from one that is not.
    """
    share = torch.rand(len(y), 1, 1, device=y.device) * (torch.rand(len(y), 1, 1, device=y.device) < MISTAKEN)
    which = torch.rand(len(y), *y.shape[2:], device=y.device) < share
    past = y.permute(0, 2, 3, 1).clone()
    chosen = torch.nonzero(which, as_tuple=True)
    with torch.no_grad():
        part = Condition(
            *(t[chosen] for t in (condition.features, condition.mean, condition.precision)),
            condition.weight,
            condition.bias,
        )
        logits = part.expert().logits()
        past[chosen] = to_unit(pick(logits, torch.rand(logits.shape[:-1], device=y.device)), LEVELS)
    return past.permute(0, 3, 1, 2)


class Block(nn.Module):
    """(N, C, H, W) to (N, C, H - 4, W - 4): x + conv(relu(conv(x))). No padding, so no border is ever made up."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3), nn.Conv2d(width, width, 3)
        nn.init.normal_(self.second.weight, std=0.3 * (9 * width) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        return inside(x, 2) + self.second(F.relu(self.first(x)))


class Conditioning(nn.Module):
    """A(x): a residual block at LR size, one at twice and one at four times that size, then 1x1 layers.

    As in the paper, but with sub-pixel instead of transposed convolutions, without batch normalisation, and with means
    that start at bicubic interpolation.
    """

    def __init__(self, widths: tuple[int, int, int] = (64, 48, 32)) -> None:
        super().__init__()
        small, middle, large = widths
        self.lift = nn.Conv2d(3, small, 3)
        self.small, self.middle, self.large = Block(small), Block(middle), Block(large)
        self.enlarge = nn.Conv2d(small, 4 * middle, 1)
        self.enlarge_again = nn.Conv2d(middle, 4 * large, 1)
        self.head = ConditionHead(large, channels=3, levels=LEVELS)

    def forward(self, lr: Tensor) -> Condition:
        """(N, 3, h, w) in [0, 1] to what is known of the inner (4 (h - 10), 4 (w - 10)) pixels."""
        x = self.small(F.relu(self.lift(2 * lr - 1)))
        x = self.middle(F.pixel_shuffle(self.enlarge(F.relu(x)), 2))
        x = self.large(F.pixel_shuffle(self.enlarge_again(F.relu(x)), 2))
        features = F.relu(inside(x, 2)).permute(0, 2, 3, 1)
        start = inside(imresize(lr, 4), 4 * CONTEXT).permute(0, 2, 3, 1)
        condition: Condition = self.head(features, 2 * start - 1)
        return condition


class PixelCnnNet(nn.Module):
    """Conditioning network and prior.

    Called with an LR image (N, 3, h, w), it gives the mean of every sub-pixel as the conditioning network alone has it,
    (N, 3, 4 h, 4 w) in [0, 1]: the estimate that costs no drawing. What the prior adds is not in it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conditioning = Conditioning()
        self.prior = Prior(
            channels=3, levels=LEVELS, width=48, layers=6, hidden=64, up=2, precision=6.0, photographs=True
        )

    def condition(self, lr: Tensor) -> Condition:
        """(N, 3, h, w) in [0, 1] of a whole image, whose border pixels are repeated outwards."""
        condition: Condition = self.conditioning(F.pad(lr, (CONTEXT,) * 4, mode="replicate"))
        return condition

    def forward(self, lr: Tensor) -> Tensor:
        return expectation(self.condition(lr))


class _PixelCnn(TrainedMethod):
    # Windows of 8x8 LR and 32x32 HR pixels as in the paper; the 5 LR pixels around are seen by the conditioning only.
    recipe = Recipe(
        steps=6_000,
        batch=8,
        patch=32 + 8 * CONTEXT,
        shave=4 * CONTEXT,
        loss=(),
        learning_rate=1.5e-3,
        clip_norm=1.0,
        validate_every=500,
    )
    # What ships: the conditioning network of an earlier training, and a prior that takes all of the time. Photographs
    # at their own size only: noise, JPEG and the way a camera makes three channels are what a prior learns.
    recipes: ClassVar[Mapping[str, Recipe]] = {
        "prior": PartRecipe(
            frozen=("conditioning.",),
            rescale=(1.0,),
            steps=4_000,
            batch=3,
            patch=40 + 8 * CONTEXT,
            shave=4 * CONTEXT,
            loss=(),
            optimiser="soap",
            learning_rate=1e-3,
            warmup=40,
            clip_norm=1.0,
            ema=0.995,
            validate_every=2_000,
        )
    }
    samples = 1
    temperature = TEMPERATURE  # multiplies the logits, of samples and of the likelihood alike

    @classmethod
    def weight_name(cls, scales: Sequence[int]) -> str:
        return "pixelcnn_x4"

    def build(self, scale: int) -> nn.Module:
        return PixelCnnNet()

    def training_loss(
        self, network: nn.Module, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        """CE(A + B) + CE(A) in nats per sub-pixel (the paper's two terms, equally weighted), plus the squared error of
        A's means, which is all there is in the first part of the training.

        Cross entropy weighs an error by the precision that the network gives it, and so hardly asks for edges. A
        conditioning network trained by it alone was still at bicubic interpolation's PSNR after 500 steps.
        """
        assert isinstance(network, PixelCnnNet)
        index = to_levels(inside(hr, scale * CONTEXT), LEVELS)
        y = to_unit(index, LEVELS)
        condition = network.conditioning(lr)
        frozen = not condition.mean.requires_grad
        squares = FIXED_PRECISION / 2 * (condition.mean - y.permute(0, 2, 3, 1)).square().mean()
        if progress < MEANS_FIRST and not frozen:
            return squares
        target = index.permute(0, 2, 3, 1).contiguous()
        conditioning = condition.expert()
        both = (conditioning + network.prior(y, past_of(y, condition))).nats(target)
        return both if frozen else both + conditioning.nats(target) + squares

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        """The mean of ``samples`` samples, which are antithetic pairs if there is more than one.

        Raises:
            SrbenchError: a temperature that is not above 0.
        """
        require_temperature(self.temperature)
        network = self._network(scale)
        noise = self._noise((scale * lr.shape[2], scale * lr.shape[3]))
        levels = draw(network.prior, network.condition(lr), noise, self.temperature, self._say)
        return (levels.to(torch.float32).mean(dim=1) / (LEVELS - 1)).to(lr.device)

    def bits(self, lr: Tensor, hr: Tensor, scale: int) -> Likelihood:
        network = self._network(scale)
        found = code_length(self._prior(network), network.condition(lr), to_levels(hr, LEVELS), self.temperature)
        return Likelihood(float(found.bits.mean(dtype=torch.float64)), found.entropy.mean(dim=-1))

    def _noise(self, size: tuple[int, int]) -> Tensor | None:
        """The random numbers of the samples; None for the likeliest levels."""
        noise = uniform(self.seed, -(-self.samples // 2), size, 3)
        return antithetic(noise) if self.samples > 1 else noise

    def _prior(self, network: PixelCnnNet) -> Prior | None:
        return network.prior

    def _network(self, scale: int) -> PixelCnnNet:
        network = self.module(scale)
        assert isinstance(network, PixelCnnNet)
        return network

    def _say(self, text: str) -> None:
        warnings.warn(f"{self.card.name}: {text}", SrbenchWarning, stacklevel=2)


def _card(name: str, title: str, default: bool = False, random: bool = True) -> MethodCard:
    return MethodCard(
        name=name,
        title=f"PRSR, {title}",
        year=2017,
        family="autoregressive",
        paper="Dahl, Norouzi, Shlens, Pixel Recursive Super Resolution, ICCV 2017",
        url="https://arxiv.org/abs/1702.00783",
        colour="rgb",
        scales=(4,),
        default=default,
        random=random,
    )


class PixelCnn(_PixelCnn):
    card = _card("pixelcnn", "one sample", default=True)


class PixelCnnMean(_PixelCnn):
    """The two samples are an antithetic pair."""

    card = _card("pixelcnn-mean", "mean of 2 samples")
    samples = 2


class PixelCnnGreedy(_PixelCnn):
    card = _card("pixelcnn-greedy", "likeliest levels", random=False)

    def _noise(self, size: tuple[int, int]) -> Tensor | None:
        return None


class PixelCnnConditioning(_PixelCnn):
    """No pixel is drawn, and the likelihood is that of the conditioning network alone."""

    card = _card("pixelcnn-conditioning", "means without the prior", random=False)
    temperature = 1.0

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        means: Tensor = self._network(scale)(lr)
        return means

    def _prior(self, network: PixelCnnNet) -> Prior | None:
        return None
