"""DRCN: one 3x3 layer applied eight times, every application supervised, all of them averaged by learned weights.

Kim, Lee, Lee, Deeply-Recursive Convolutional Network for Image Super-Resolution, CVPR 2016 (arXiv:1511.04491).
The paper has 16 recursions and 256 channels, whose 1,774,089 weights cost 312 million multiply-adds per LR pixel at
x4; here 8 recursions of 64 channels.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.imaging.single import in_single_precision
from srbench.method import MethodCard
from srbench.resize import imresize
from srbench.training import Recipe, TrainedMethod, published
from srbench.training.losses import Batch, Loss

RECURSIONS = 8


class DrcnNet(nn.Module):
    """(N, 1, H, W) to (N, 1, scale H, scale W); an image that was ``enlarged`` already keeps its size."""

    def __init__(self, scale: int, width: int = 64, recursions: int = RECURSIONS) -> None:
        super().__init__()
        self.scale, self.recursions = scale, recursions
        self.embed = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.recur = nn.Conv2d(width, width, 3, padding=1)
        self.reconstruct = nn.Conv2d(width, width, 3, padding=1)
        self.output = nn.Conv2d(width + 1, 1, 3, padding=1)  # sees the input beside the features
        # Equal: a recursion that starts outside of the average has little reason to come in.
        self.weights = nn.Parameter(torch.full((recursions,), 1 / recursions))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        with torch.no_grad():
            # The shared layer starts as the identity (section 3.2 of the paper), the output as its input.
            self.recur.weight.zero_()
            self.recur.weight[:, :, 1, 1] = torch.eye(width)
            self.output.weight.mul_(0.01)
            self.output.weight[0, -1, 1, 1] = 1

    def outputs(self, lr: Tensor, *, enlarged: bool = False) -> list[Tensor]:
        """The prediction after each recursion."""
        x = lr if enlarged else imresize(lr, self.scale)
        h, images = self.embed(x), []
        for _ in range(self.recursions):
            h = F.relu(self.recur(h))
            features = F.relu(self.reconstruct(h))
            with in_single_precision(x.device.type):  # the image goes through this layer: bfloat16 would round it
                images.append(self.output(torch.cat([features, x], dim=1)))
        return images

    def mean(self, images: list[Tensor]) -> Tensor:
        """The learned average of the predictions."""
        weights = self.weights / self.weights.sum()
        return torch.stack([w * image for w, image in zip(weights, images, strict=True)]).sum(dim=0)

    def forward(self, lr: Tensor, *, enlarged: bool = False) -> Tensor:
        return self.mean(self.outputs(lr, enlarged=enlarged))


class Drcn(TrainedMethod):
    card = MethodCard(
        name="drcn",
        title="DRCN, 64 channels, 8 recursions",
        year=2016,
        family="cnn, recursive",
        paper="Kim, Lee, Lee, Deeply-Recursive Convolutional Network for Image Super-Resolution, CVPR 2016",
        url="https://arxiv.org/abs/1511.04491",
        colour="luma",
        scales=(2, 3, 4),
        size="64 channels, 8 recursions",
        published=published(
            "DRCN paper (arXiv:1511.04491), Table 2",
            {
                "set5": ((2, 37.63, 0.9588), (3, 33.82, 0.9226), (4, 31.53, 0.8854)),
                "set14": ((2, 33.04, 0.9118), (3, 29.76, 0.8311), (4, 28.02, 0.7670)),
                "bsd100": ((2, 31.85, 0.8942), (3, 28.80, 0.7963), (4, 27.23, 0.7233)),
            },
            size="256 channels, 16 recursions",
            images="T91",
        ),
    )
    takes_enlarged = True
    recipe = Recipe(
        steps=40_000,
        batch=32,
        patch=40,
        loss=(("l2", 1.0),),
        optimiser="soap",
        learning_rate=1e-3,
        clip_norm=0.5,
        validate_every=500,
    )

    def build(self, scale: int) -> nn.Module:
        return DrcnNet(scale)

    def training_loss(
        self, network: nn.Module, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        """alpha * mean over recursions + (1 - alpha) * of the average; alpha falls from 1 to 0 (eq. 7 of the paper)."""
        assert isinstance(network, DrcnNet)
        images = network.outputs(lr)
        alpha = 1 - progress
        total = (1 - alpha) * loss(Batch(network.mean(images), hr, lr, scale))
        for image in images:
            total = total + alpha / len(images) * loss(Batch(image, hr, lr, scale))
        return total
