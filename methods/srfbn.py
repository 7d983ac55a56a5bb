"""SRFBN-S: one block of projections applied four times, each time fed with what it made the time before; L1 on each.

Li, Yang, Liu, Yang, Jeon, Wu, Feedback Network for Image Super-Resolution, CVPR 2019 (arXiv:1903.09814): the small
size, 32 channels and 3 groups, 483,122 parameters at x4. (The released code counts 483,146: its two mean shifts are
convolutions.) Every iteration adds to the image enlarged by bilinear interpolation, and every one is supervised.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.losses import Batch, Loss
from srbench.training.start import he

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)  # of R, G, B in [0, 1]
GEOMETRY = {2: (6, 2, 2), 3: (7, 3, 2), 4: (8, 4, 2)}  # kernel, stride and padding of a projection
ITERATIONS = 4


def _conv(n_in: int, n_out: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_in, n_out, kernel, stride, padding), nn.PReLU())


def _deconv(width: int, kernel: int, stride: int, padding: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(width, width, kernel, stride, padding), nn.PReLU())


class Feedback(nn.Module):
    """Features (N, C, H, W) and the hidden state (N, C, H, W) of the iteration before to the next hidden state."""

    def __init__(self, scale: int, width: int, groups: int) -> None:
        super().__init__()
        self.compress_in = _conv(2 * width, width, 1)
        self.ups = nn.ModuleList([_deconv(width, *GEOMETRY[scale]) for _ in range(groups)])
        self.downs = nn.ModuleList([_conv(width, width, *GEOMETRY[scale]) for _ in range(groups)])
        # From the second group on, all maps before are reduced to one; the first group has nothing to reduce.
        self.reduce_low = nn.ModuleList([_conv((n + 1) * width, width, 1) for n in range(1, groups)])
        self.reduce_high = nn.ModuleList([_conv((n + 1) * width, width, 1) for n in range(1, groups)])
        self.compress_out = _conv(groups * width, width, 1)

    def forward(self, features: Tensor, hidden: Tensor) -> Tensor:
        lows, highs = [self.compress_in(torch.cat([features, hidden], dim=1))], list[Tensor]()
        for n, (up, down) in enumerate(zip(self.ups, self.downs, strict=True)):
            low = self.reduce_low[n - 1](torch.cat(lows, dim=1)) if n else lows[0]
            highs.append(up(low))
            high = self.reduce_high[n - 1](torch.cat(highs, dim=1)) if n else highs[0]
            lows.append(down(high))
        return self.compress_out(torch.cat(lows[1:], dim=1))


class SrfbnNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W)."""

    mean: Tensor

    def __init__(self, scale: int, width: int = 32, groups: int = 3, iterations: int = ITERATIONS) -> None:
        super().__init__()
        self.scale, self.iterations = scale, iterations
        self.register_buffer("mean", torch.tensor(DIV2K_MEAN).reshape(1, 3, 1, 1), persistent=False)
        self.features = nn.Sequential(_conv(3, 4 * width, 3, padding=1), _conv(4 * width, width, 1))
        self.block = Feedback(scale, width, groups)
        self.enlarge = _deconv(width, *GEOMETRY[scale])
        self.residual = nn.Conv2d(width, 3, 3, padding=1)
        he(self)
        with torch.no_grad():
            self.residual.weight.mul_(0.01)

    def outputs(self, lr: Tensor) -> list[Tensor]:
        """The image after each iteration."""
        skip = F.interpolate(lr, scale_factor=self.scale, mode="bilinear", align_corners=False)
        features = self.features(lr - self.mean)
        hidden, images = features, []
        for _ in range(self.iterations):
            hidden = self.block(features, hidden)
            images.append(skip + self.residual(self.enlarge(hidden)))
        return images

    def forward(self, lr: Tensor) -> Tensor:
        return self.outputs(lr)[-1]


class Srfbn(TrainedMethod):
    card = MethodCard(
        name="srfbn",
        title="SRFBN-S, 4 iterations",
        year=2019,
        family="cnn, feedback",
        paper="Li, Yang, Liu, Yang, Jeon, Wu, Feedback Network for Image Super-Resolution, CVPR 2019",
        url="https://arxiv.org/abs/1903.09814",
        colour="rgb",
        scales=(2, 3, 4),
        size="32 channels, 3 groups, 4 iterations",
        published=published(
            "SRFBN paper (arXiv:1903.09814), table of SRFBN-S",
            {
                "set5": ((2, 37.78, 0.9597), (3, 34.20, 0.9255), (4, 31.98, 0.8923)),
                "set14": ((2, 33.35, 0.9156), (3, 30.10, 0.8372), (4, 28.45, 0.7779)),
                "bsd100": ((2, 32.00, 0.8970), (3, 28.96, 0.8010), (4, 27.44, 0.7313)),
            },
            size="32 channels, 3 groups, 4 iterations",
            images="DF2K",
        ),
    )
    packed = ("block.ups.", "block.downs.", "enlarge.")
    channels_last = True
    recipe = Recipe(
        steps=100_000,
        batch=16,
        patch=160,
        loss=(("l1", 1.0),),
        optimiser="soap",
        learning_rate=1e-3,
        final_rate=1e-6,
        clip_norm=1.0,
    )

    def build(self, scale: int) -> nn.Module:
        return SrfbnNet(scale)

    def training_loss(
        self, network: nn.Module, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        """The mean over the iterations, all of equal weight as the paper has it for bicubic LR images."""
        assert isinstance(network, SrfbnNet)
        images = network.outputs(lr)
        return torch.stack([loss(Batch(image, hr, lr, scale)) for image in images]).mean()
