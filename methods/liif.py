"""LIIF, tiny: features of every LR pixel, read at any point between pixels by a small MLP; one network for all scales.

Chen, Liu, Wang, Learning Continuous Image Representation with Local Implicit Image Function, CVPR 2021
(arXiv:2012.09161). Feature unfolding, local ensemble and cell decoding are the paper's (section 3). The encoder is
EDSR's body at 32 channels and 8 blocks, the MLP has 3 hidden layers of 64: 185,379 parameters, of the paper's 1.57
million.

The first layer of the MLP is linear in the 3x3 features around a pixel, so its part of them is one convolution at LR
size, whatever the scale; what is computed at every HR pixel is the rest.

Weights of others, of any width, depth and MLP, that have an EDSR body: the authors' files have a mean colour that
their code does not use, and no image beside the MLP.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.errors import WeightsError
from srbench.method import MethodCard, ScaleRange, Sized
from srbench.methods.edsr import Block, shifts
from srbench.resize import imresize
from srbench.scale import enlarged_size
from srbench.training import TrainedMethod, published
from srbench.training.continuous import ContinuousPatches, ContinuousRecipe
from srbench.training.data import Picture
from srbench.training.losses import Batch, Loss
from srbench.weights import sizes

QUERIES = 2**15  # HR pixels that are computed together: about 40 MB for each layer of 64


class Encoder(nn.Module):
    """(N, 3, H, W) in [-1, 1] to features (N, width, H, W): EDSR without what enlarges.

    Args:
        shift: hold two mean shifts that nothing uses, as the authors' files do.
    """

    def __init__(self, width: int, blocks: int, *, shift: bool = False) -> None:
        super().__init__()
        if shift:
            self.sub_mean, self.add_mean = shifts(1.0)
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.Sequential(*[Block(width, 1.0) for _ in range(blocks)])
        self.after = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return x + self.after(self.blocks(x))


def neighbours(points: Tensor, length: int, out_length: int) -> tuple[Tensor, Tensor, Tensor]:
    """Along one axis: where the centres of HR pixels ``points`` lie among ``length`` LR pixels.

    Returns:
        For the LR pixel before and the one after, (2, points) each: its index (one of the image, at the borders too),
        the distance from it in half LR pixels, and its weight in the local ensemble, which is the distance from the
        other one (the area of the opposite rectangle is the product of both axes).
    """
    place = (points + 0.5) * (length / out_length) - 0.5
    before = place.floor()
    index = torch.stack([before, before + 1]).clamp(0, length - 1)
    share = place - before
    return index.long(), 2 * (place - index), torch.stack([1 - share, share])


class LiifNet(nn.Module):
    """(N, 3, H, W) to (N, 3, round(scale H), round(scale W)); RGB in [0, 1].

    Args:
        hidden: the widths of the MLP's hidden layers.
        residual: the MLP gives what bicubic interpolation misses; else the image itself, as in the paper.
        shift: of :class:`Encoder`.
    """

    def __init__(
        self,
        scale: float,
        width: int = 32,
        blocks: int = 8,
        hidden: tuple[int, ...] = (64, 64, 64),
        *,
        residual: bool = True,
        shift: bool = False,
    ) -> None:
        super().__init__()
        self.scale, self.residual = scale, residual
        self.encoder = Encoder(width, blocks, shift=shift)
        # The features of 3x3 pixels, two coordinates, two sides of the cell.
        widths = [9 * width + 4, *hidden, 3]
        self.mlp = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(widths))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear) and layer.weight.requires_grad:
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
        for block in self.encoder.blocks:
            block.body[-1].weight.data.mul_(0.1)  # the body starts near the identity
        if residual:
            nn.init.zeros_(self.mlp[-1].weight)  # and the image as bicubic

    def forward(self, lr: Tensor) -> Tensor:
        size = enlarged_size(lr.shape[-2:], self.scale)
        known, cell = self.known(lr, size)
        rows = max(1, QUERIES // (len(lr) * size[1]))
        columns = torch.arange(size[1], device=lr.device)
        parts = [
            self.read(known, cell, size, part, columns) for part in torch.arange(size[0], device=lr.device).split(rows)
        ]
        return self.joined(torch.cat(parts, dim=-2), lr, size)

    def at(self, lr: Tensor, size: tuple[int, int], rows: Tensor, columns: Tensor) -> Tensor:
        """The pixels of an SR image of ``size`` at these rows and columns (indices): (N, 3, rows, columns)."""
        known, cell = self.known(lr, size)
        return self.joined(self.read(known, cell, size, rows, columns), lr, size, rows, columns)

    def known(self, lr: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """What the MLP's first layer makes of the features, for every LR pixel (N, H, W, C), and of the cell (C,)."""
        features = self.encoder(2 * lr - 1)
        weight, bias = self.mlp[0].weight, self.mlp[0].bias
        count = weight.shape[1] - 4
        kernel = weight[:, :count].reshape(len(weight), -1, 3, 3)
        sides = [2 * n / m for n, m in zip(lr.shape[-2:], size, strict=True)]
        cell = weight[:, -2:].to(lr.dtype) @ lr.new_tensor(sides)
        return F.conv2d(features, kernel, bias, padding=1).permute(0, 2, 3, 1).contiguous(), cell

    def read(self, known: Tensor, cell: Tensor, size: tuple[int, int], rows: Tensor, columns: Tensor) -> Tensor:
        """The mean of what the MLP says from the four LR pixels around, weighted: (N, 3, rows, columns)."""
        count, height, width, channels = known.shape
        y, dy, wy = neighbours(rows, height, size[0])
        x, dx, wx = neighbours(columns, width, size[1])
        weight = self.mlp[0].weight
        down, across = (d[..., None].to(cell.dtype) * weight[:, k].to(cell.dtype) for d, k in ((dy, -4), (dx, -3)))
        # (2, 2, rows, columns): the four neighbours of each point
        index = (y * width)[:, None, :, None] + x[None, :, None, :]
        index = index + (height * width) * torch.arange(count, device=index.device).reshape(-1, 1, 1, 1, 1)
        place = (down[:, None, :, None] + across[None, :, None, :] + cell).to(known.dtype)
        hidden = F.embedding(index, known.reshape(-1, channels)) + place
        for layer in self.mlp[1:]:
            hidden = layer(F.relu(hidden, inplace=True))
        shares = (wy[:, None, :, None] * wx[None, :, None, :]).to(cell.dtype)
        return torch.einsum("nabyxc,abyx->ncyx", hidden.to(cell.dtype), shares)

    def joined(
        self,
        read: Tensor,
        lr: Tensor,
        size: tuple[int, int],
        rows: Tensor | None = None,
        columns: Tensor | None = None,
    ) -> Tensor:
        """The image of what was read; in place of ``rows`` and ``columns`` stand all."""
        if not self.residual:
            return (read + 1) / 2
        base = imresize(lr, size=size)
        if rows is not None and columns is not None:
            base = base[..., rows[:, None], columns]
        return base + read


class Liif(TrainedMethod):
    card = MethodCard(
        name="liif",
        title="LIIF, 8 blocks, 32 channels",
        year=2021,
        family="cnn, implicit function",
        paper="Chen, Liu, Wang, Learning Continuous Image Representation with Local Implicit Image Function, CVPR 2021",
        url="https://arxiv.org/abs/2012.09161",
        colour="rgb",
        scales=ScaleRange(1, 12),
        size="8 blocks, 32 channels",
        # The paper prints its network with EDSR's body on DIV2K alone, in RGB; this is the larger one.
        published=published(
            "LIIF paper (arXiv:2012.09161), Table 2",
            {
                "set5": ((2, 38.17, None), (3, 34.68, None), (4, 32.50, None), (6, 29.15, None), (8, 27.14, None)),
                "set14": ((2, 33.97, None), (3, 30.53, None), (4, 28.80, None), (6, 26.64, None), (8, 25.15, None)),
                "bsd100": ((2, 32.32, None), (3, 29.26, None), (4, 27.74, None), (6, 25.98, None), (8, 24.91, None)),
                "urban100": ((2, 32.87, None), (3, 28.82, None), (4, 26.68, None), (6, 24.20, None), (8, 22.79, None)),
            },
            size="RDN, MLP of 4 x 256",
            images="DIV2K",
            protocol="liif",
        ),
    )
    packed = ("encoder.blocks.",)
    channels_last = True
    recipe = ContinuousRecipe(
        steps=100_000,
        batch=16,
        patch=40,
        loss=(("l1", 1.0),),
        learning_rate=1e-3,
        final_rate=1e-6,
        clip_norm=1.0,
        joint_scales=(2, 3, 4, 6),
    )

    rename = (
        (r"^encoder\.head\.0\.", "encoder.first."),
        (r"^encoder\.body\.(\d+)\.body\.", r"encoder.blocks.\1.body."),
        (r"^encoder\.body\.\d+\.(weight|bias)$", r"encoder.after.\1"),
        *((rf"^imnet\.layers\.{2 * n}\.", f"mlp.{n}.") for n in range(9)),  # activations stand between
    )

    def build(self, scale: float) -> nn.Module:
        return LiifNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        """Those of this project have an image beside the MLP, those of the authors, with mean shifts, have none."""
        width, colours, _ = sizes.kernel(state, "encoder.first.weight")
        blocks = sizes.count(state, r"^encoder\.blocks\.(\d+)\.")
        layers = [sizes.tensor(state, f"mlp.{n}.weight") for n in range(sizes.count(state, r"^mlp\.(\d+)\."))]
        inputs = layers[0].shape[-1] if layers else 0
        if colours != 3 or inputs != 9 * width + 4:
            raise WeightsError(
                f"the MLP has {inputs} inputs, not those of 3x3 features of {width} channels, two coordinates and two "
                "sides of a cell",
                sizes.HINT,
            )
        hidden = tuple(len(layer) for layer in layers[:-1])
        shift = "encoder.sub_mean.bias" in state
        words = f"{blocks} blocks, {width} channels"
        return Sized(
            cls.card.scales,
            lambda scale: LiifNet(scale, width, blocks, hidden, residual=not shift, shift=shift),
            words,
        )

    def batches(
        self, pictures: Sequence[Picture], scales: Sequence[int], recipe: ContinuousRecipe
    ) -> ContinuousPatches:
        return ContinuousPatches(pictures, scales, recipe, "rgb")

    def training_loss(
        self, network: LiifNet, lr: Tensor, hr: Tensor, scale: int, progress: float, loss: Loss
    ) -> Tensor:
        """Of as many rows and columns of HR as LR has. The scale of the batch is that of their sizes."""
        size = (hr.shape[-2], hr.shape[-1])
        # Drawn by torch's generator, which a checkpoint keeps.
        rows, columns = (
            torch.randperm(n)[:count].sort().values.to(lr.device) for n, count in zip(size, lr.shape[-2:], strict=True)
        )
        return loss(Batch(network.at(lr, size, rows, columns), hr[..., rows[:, None], columns], lr, scale))
