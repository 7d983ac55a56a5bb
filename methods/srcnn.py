"""SRCNN: three convolutions on the bicubically enlarged image.

Dong, Loy, He, Tang, Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016 (arXiv:1501.00092), with
filters of 9, 5, 5 and 64, 32 channels: 57,184 weights. The paper starts from Gaussian noise and needs 8e8
back-propagations; here one channel of each layer starts as the identity, so that the network starts as bicubic
interpolation. What it can represent is unchanged.

The usual ports pad with zeros; filters of 9, 1, 5 and other sizes and numbers are read from the file.
"""

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.errors import WeightsError
from srbench.method import MethodCard, Sized
from srbench.method.ported import Ported
from srbench.resize import imresize
from srbench.training import Recipe, TrainedMethod, published
from srbench.weights import sizes


class SrcnnNet(nn.Module):
    """(N, 1, H, W) to (N, 1, scale H, scale W).

    Args:
        sides: of the three kernels, and ``widths`` the channels between them.
        padding: what borders are filled by, as ``torch.nn.Conv2d`` calls it.
    """

    def __init__(
        self,
        scale: int,
        sides: tuple[int, int, int] = (9, 5, 5),
        widths: tuple[int, int] = (64, 32),
        padding: Literal["replicate", "zeros"] = "replicate",
    ) -> None:
        super().__init__()
        self.scale = scale
        first, second, third = sides
        many, few = widths
        # Borders are replicated: a training that leaves them out (``shave``) never shows the network zeros.
        self.patches = nn.Conv2d(1, many, first, padding=first // 2, padding_mode=padding)
        self.mapping = nn.Conv2d(many, few, second, padding=second // 2, padding_mode=padding)
        self.reconstruction = nn.Conv2d(few, 1, third, padding=third // 2, padding_mode=padding)
        with torch.no_grad():
            for layer in (self.patches, self.mapping, self.reconstruction):
                layer.bias.zero_()
                middle = layer.kernel_size[0] // 2
                layer.weight[0] = 0
                if layer is self.reconstruction:
                    layer.weight.normal_(std=1e-3)
                layer.weight[0, 0, middle, middle] = 1

    def forward(self, lr: Tensor) -> Tensor:
        x = imresize(lr, self.scale)
        return self.reconstruction(F.relu(self.mapping(F.relu(self.patches(x)))))


class Srcnn(TrainedMethod):
    card = MethodCard(
        name="srcnn",
        title="SRCNN (9-5-5)",
        year=2014,
        family="cnn, pre-upsampling",
        paper="Dong, Loy, He, Tang, Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016 (ECCV 2014)",
        url="https://arxiv.org/abs/1501.00092",
        colour="luma",
        scales=(2, 3, 4),
        size="9-5-5",
        published=published(
            "SRCNN paper (arXiv:1501.00092), Tables 2-4",
            {
                "set5": ((2, 36.66, 0.9542), (3, 32.75, 0.9090), (4, 30.49, 0.8627)),
                "set14": ((2, 32.45, 0.9067), (3, 29.30, 0.8215), (4, 27.50, 0.7513)),
            },
            size="9-5-5",
            images="ImageNet",
        )
        + published(
            "EDSR paper (arXiv:1707.02921), Table 3",
            {"bsd100": ((2, 31.36, 0.8879), (3, 28.41, 0.7863), (4, 26.90, 0.7101))},
            size="9-5-5",
            images="ImageNet",
        )
        + published(
            "FSRCNN paper (arXiv:1608.00367), Table 3 (SRCNN-Ex)",
            {
                "set5": ((2, 36.67, None), (3, 32.83, None), (4, 30.45, None)),
                "set14": ((2, 32.35, None), (3, 29.26, None), (4, 27.44, None)),
            },
            size="9-5-5",
            images="T91",
        ),
    )
    recipe = Recipe(
        steps=100_000,
        batch=32,
        patch=48,
        shave=8,
        loss=(("l2", 1.0),),
        optimiser="soap",
        learning_rate=1e-3,
        clip_norm=1.0,
    )

    rename = (
        (r"^conv1\.", "port.patches."),
        (r"^conv2\.", "port.mapping."),
        (r"^conv3\.", "port.reconstruction."),
        (r"^features\.0\.", "port.patches."),
        (r"^map\.0\.", "port.mapping."),
        (r"^reconstruction\.", "port.reconstruction."),
    )

    def build(self, scale: int) -> nn.Module:
        return SrcnnNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        """One network for all scales: for which it was trained no file says."""
        ported = "port.patches.weight" in state
        begin = "port." if ported else ""
        layers = sizes.chain(state, [f"{begin}{name}" for name in ("patches", "mapping", "reconstruction")])
        if len(layers) != 3 or layers[0][1] != 1 or layers[2][0] != 1:
            raise WeightsError("these are not three convolutions from luma to luma", sizes.HINT)
        (many, _, first), (few, _, second), (_, _, third) = layers
        own = "patches.weight" in state

        def build(scale: int) -> nn.Module:
            padding: Literal["replicate", "zeros"] = "replicate" if own else "zeros"
            network = SrcnnNet(scale, (first, second, third), (many, few), padding)
            return Ported(network) if ported else network

        return Sized(
            (2, 3, 4),
            build,
            f"{first}-{second}-{third}" + ("" if (many, few) == (64, 32) else f", {many} and {few} channels"),
        )
