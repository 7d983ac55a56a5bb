"""SRResNet: sixteen residual blocks with batch normalisation at LR size, then two sub-pixel convolutions; MSE.

Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network, CVPR 2017
(arXiv:1609.04802), section 2.1 and figure 4: 1,547,350 parameters at x4 (convolutions before a batch normalisation
have no bias, PReLUs one slope). Here 32 channels, 395,830 parameters, so that this network and the three generators
that start from it fit beside the other weights. The network works on [0, 1] on both sides, where the paper has
[-1, 1] at its output, and starts as interpolation (:mod:`srbench.training.start`). Batch statistics are frozen for
the last fifth of a training, so that the weights that are shipped have seen the statistics they are used with.
"""

from typing import ClassVar

from torch import Tensor, nn

from srbench.method import MethodCard
from srbench.scale import stages
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.losses import Loss
from srbench.training.start import carry, interpolate, silence

WIDTH = 32  # channels; the paper has 64


class Block(nn.Module):
    """(N, C, H, W) to the same: x + BN(conv(PReLU(BN(conv(x)))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        nn.init.zeros_(self.body[-1].weight)  # type: ignore[arg-type]  # a block starts as the identity

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class SrresnetNet(nn.Module):
    """(N, 3, H, W) to (N, 3, scale H, scale W); ``scale`` is a power of two, or 3."""

    def __init__(self, scale: int, width: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*[Block(width) for _ in range(blocks)])
        self.after = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        enlarge: list[nn.Module] = []
        for step in stages(scale):
            conv = nn.Conv2d(width, step**2 * width, 3, padding=1)
            interpolate(conv, step, 3)
            enlarge += [conv, nn.PixelShuffle(step), nn.PReLU()]
        self.enlarge = nn.Sequential(*enlarge)
        self.last = nn.Conv2d(width, 3, 9, padding=4)
        carry(self.first[0], 3)  # type: ignore[arg-type]
        silence(self.after[1], 3)  # type: ignore[arg-type]
        carry(self.last, 3, others=1e-4)

    def forward(self, lr: Tensor) -> Tensor:
        x = self.first(lr)
        return self.last(self.enlarge(x + self.after(self.blocks(x))))


def freeze_statistics(network: nn.Module) -> None:
    """Normalise by the statistics that were gathered, and gather no more, until the next ``network.train()``."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


class Srresnet(TrainedMethod):
    card = MethodCard(
        name="srresnet",
        title=f"SRResNet, 16 blocks, {WIDTH} channels",
        year=2017,
        family="cnn, post-upsampling",
        paper="Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network, "
        "CVPR 2017",
        url="https://arxiv.org/abs/1609.04802",
        colour="rgb",
        scales=(2, 3, 4),
        size=f"16 blocks, {WIDTH} channels",
        # Not the paper's own table: its SSIM comes from another tool, 0.01 to 0.05 above MATLAB's.
        published=published(
            "EDSR paper (arXiv:1707.02921), Table 3",
            {
                "set5": ((4, 32.05, 0.8910),),
                "set14": ((4, 28.53, 0.7804),),
                "bsd100": ((4, 27.57, 0.7354),),
            },
            size="16 blocks, 64 channels",
            images="ImageNet",
        ),
    )
    channels_last = True
    packed = ("blocks.",)
    recipe = Recipe(
        steps=100_000,
        batch=32,
        patch=96,
        loss=(("l2", 1.0),),
        learning_rate=3e-4,
        final_rate=1e-6,
        clip_norm=1.0,
    )

    frozen_from: ClassVar[float] = 0.8
    """From which part of a training on the batch statistics stay as they are."""

    def build(self, scale: int) -> nn.Module:
        return SrresnetNet(scale, WIDTH)

    def training_loss(
        self, network: nn.Module, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        if progress >= self.frozen_from:
            freeze_statistics(network)
        return super().training_loss(network, lr, hr, scale, progress, loss)
