"""A+: adjusted anchored neighbourhood regression. Every LR patch goes to its nearest anchor, which holds a linear map.

Timofte, De Smet, Van Gool, A+: Adjusted Anchored Neighborhood Regression for Fast Super-Resolution, ACCV 2014.
Patches are 3x3 LR pixels; their features are first and second differences of the bicubically enlarged image
(Zeyde, Elad, Protter 2010), reduced by PCA. Anchors are directions in feature space; a patch and its negative share
one, since the maps are linear. The map of an anchor is the ridge regression, over its nearest training samples,
from features to the HR patch minus the bicubic one. Overlapping HR patches are averaged.

Here: 24 dimensions (the paper: about 30), so that the weights stay small, and anchors by spherical k-means in place of
K-SVD. A map leads to 64 principal components of details, not to every pixel of the HR patch: at x4, of 144 pixels, the
rest has a thirtieth of the details' energy, and held-out images without it are no worse (docs/training-queue.md).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from srbench.degradation.named import Bicubic
from srbench.method import MethodCard
from srbench.resize import imresize
from srbench.training import TrainedMethod, published
from srbench.training.data import Picture, picture_luma
from srbench.training.recipe import FitRecipe

WINDOW = 3  # LR pixels

Array = NDArray[np.float32]


def differences(x: Tensor, scale: int) -> Tensor:
    """(N, 1, H, W) enlarged image to (N, 4, H, W): first and second differences along rows and columns.

    The filters are those of Zeyde et al. (2010), in whose notation they are [1, 0 (scale - 1 times), -1] and
    [1, 0 (scale - 1 times), -2, 0 (scale - 1 times), 1] / 2. A first difference is thus taken between pixels that are
    one LR pixel apart: ``ceil(scale / 2)`` ahead and ``floor(scale / 2)`` behind, which is centred at even scales and
    half a pixel off at odd ones. A second one reaches ``scale`` pixels to both sides. Borders are replicated.
    """
    height, width = x.shape[-2:]
    padded = F.pad(x, (scale,) * 4, mode="replicate")

    def moved(down: int, right: int) -> Tensor:
        """The image seen so many pixels further down and to the right."""
        return padded[..., scale + down : scale + down + height, scale + right : scale + right + width]

    ahead, behind = (scale + 1) // 2, scale // 2
    return torch.cat(
        [
            moved(0, ahead) - moved(0, -behind),
            moved(ahead, 0) - moved(-behind, 0),
            (moved(0, -scale) + moved(0, scale)) / 2 - x,
            (moved(-scale, 0) + moved(scale, 0)) / 2 - x,
        ],
        dim=1,
    )


def samples(
    pictures: Sequence[Picture], scale: int, rescale: Sequence[float], count: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """About ``count`` random patches, image by image: features (n, 4 p p), HR minus bicubic (n, p p); p = 3 scale."""
    sizes = [p.pixels.shape[0] * p.pixels.shape[1] for p in pictures]
    share = count / sum(size * r * r for size in sizes for r in rescale)
    side = WINDOW * scale
    for picture, size in zip(pictures, sizes, strict=True):
        whole = picture_luma(picture.pixels)
        for factor in rescale:
            y = whole if factor == 1.0 else imresize(whole, factor)
            height, width = (n // scale * scale for n in y.shape)
            if min(height, width) < side + 2 * scale:
                continue
            hr = (y[:height, :width].to(torch.float64) / 255)[None, None]
            bicubic = imresize(Bicubic()(hr, scale), scale)
            maps = torch.cat([differences(bicubic, scale), hr - bicubic], dim=1)[0].float().numpy()
            n = max(1, round(share * size * factor * factor))
            tops = rng.integers(1, height // scale - WINDOW, n) * scale
            lefts = rng.integers(1, width // scale - WINDOW, n) * scale
            windows = np.lib.stride_tricks.sliding_window_view(maps, (side, side), axis=(1, 2))
            cut = windows[:, tops, lefts]  # (5, n, p, p)
            yield cut[:4].transpose(1, 0, 2, 3).reshape(n, -1), cut[4].reshape(n, -1)


def principal(features: Array, dimensions: int) -> Array:
    """(n, d) to (dimensions, d): the leading directions of the second moment; differences have no mean to remove."""
    _, vectors = np.linalg.eigh((features.T @ features).astype(np.float64))
    return np.ascontiguousarray(vectors[:, ::-1][:, :dimensions].T, dtype=np.float32)


def directions(units: Array, count: int, rounds: int, rng: np.random.Generator) -> Array:
    """(n, d) unit vectors to (count, d): spherical k-means in which a vector and its negative are one."""
    centres = units[rng.choice(len(units), count, replace=False)]
    for _ in range(rounds):
        correlation = units @ centres.T
        nearest = np.abs(correlation).argmax(axis=1)
        sign = np.sign(correlation[np.arange(len(units)), nearest])
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, units * sign[:, None])
        empty = np.linalg.norm(sums, axis=1) < 1e-6
        sums[empty] = units[rng.choice(len(units), int(empty.sum()))]
        centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return centres


class AplusNet(nn.Module):
    """(N, 1, H, W) to (N, 1, scale H, scale W)."""

    def __init__(self, scale: int, anchors: int = 1024, dimensions: int = 24, components: int = 64) -> None:
        super().__init__()
        side = WINDOW * scale
        components = min(components, side**2)
        self.scale = scale
        self.register_buffer("basis", torch.zeros(dimensions, 4, side, side))
        self.register_buffer("anchors", torch.zeros(anchors, dimensions))
        self.register_buffer("maps", torch.zeros(anchors, dimensions, components, 1))  # is packed as kernels are
        self.register_buffer("details", torch.zeros(components, 1, side, side))  # of length 1, at right angles

    def forward(self, lr: Tensor) -> Tensor:
        scale = self.scale
        bicubic = imresize(lr, scale)
        margin = (WINDOW - 1) * scale  # so that every pixel is covered by all nine patches
        padded = F.pad(bicubic, (margin,) * 4, mode="replicate")
        features = F.conv2d(differences(padded, scale), self.basis, stride=scale)  # (N, d, h, w): PCA of every patch
        flat = features.flatten(2).transpose(1, 2)  # (N, P, d)
        mapped = torch.stack([self._mapped(f) for f in flat]).transpose(1, 2)  # (N, components, P)
        total = F.conv_transpose2d(mapped.unflatten(2, features.shape[-2:]), self.details, stride=scale)
        cut = slice(margin, -margin)
        return bicubic + total[..., cut, cut] / WINDOW**2

    def _mapped(self, features: Tensor, chunk: int = 2048) -> Tensor:
        """(P, d) to (P, components): each feature by the map of the anchor that it correlates with most."""
        nearest = (features @ self.anchors.T).abs().argmax(dim=1)
        maps = self.maps.flatten(2)  # (anchors, d, components)
        parts = [
            (features[k : k + chunk, None] @ maps[nearest[k : k + chunk]])[:, 0] for k in range(0, len(features), chunk)
        ]
        return torch.cat(parts)


@dataclass(frozen=True)
class AplusRecipe(FitRecipe):
    rescale: tuple[float, ...] = tuple(0.98**k for k in range(12))
    samples: int = 5_000_000
    anchors: int = 1024
    dimensions: int = 24
    components: int = 64
    neighbours: int = 2048  # training samples that an anchor's map is fitted to
    ridge: float = 0.1
    faintest: float = 0.05  # norm of the features under which a patch is flat and tells nothing


class Aplus(TrainedMethod):
    card = MethodCard(
        name="aplus",
        title="A+ (1024 anchors)",
        year=2014,
        family="examples, regression",
        paper="Timofte, De Smet, Van Gool, A+: Adjusted Anchored Neighborhood Regression for Fast Super-Resolution, "
        "ACCV 2014",
        url="https://doi.org/10.1007/978-3-319-16817-3_8",
        colour="luma",
        scales=(2, 3, 4),
        size=f"{AplusRecipe.anchors} anchors, {AplusRecipe.dimensions} dimensions",
        published=published(
            "SRCNN paper (arXiv:1501.00092), Tables 2-4",
            {
                "set5": ((2, 36.54, 0.9544), (3, 32.59, 0.9088), (4, 30.28, 0.8603)),
                "set14": ((2, 32.28, 0.9056), (3, 29.13, 0.8188), (4, 27.32, 0.7491)),
            },
            size="1024 anchors, about 30 dimensions",
            images="T91",
        )
        + published(
            "EDSR paper (arXiv:1707.02921), Table 3",
            {"bsd100": ((2, 31.21, 0.8863), (3, 28.29, 0.7835), (4, 26.82, 0.7087))},
            size="1024 anchors, about 30 dimensions",
            images="T91",
        ),
    )
    recipe = AplusRecipe()
    packed = ("maps",)

    def build(self, scale: int) -> nn.Module:
        return AplusNet(scale, self.recipe.anchors, self.recipe.dimensions, self.recipe.components)

    def fit(
        self, pictures: Sequence[Picture], scale: int, recipe: AplusRecipe, note: Callable[[str], None]
    ) -> nn.Module:
        rng = np.random.default_rng(recipe.seed)
        pilot = np.concatenate([f for f, _ in samples(pictures, scale, (1.0,), 100_000, rng)])
        basis = principal(pilot, recipe.dimensions)
        pairs = ((f @ basis.T, d) for f, d in samples(pictures, scale, recipe.rescale, recipe.samples, rng))
        low, high = (
            np.concatenate(parts) for parts in zip(*((f, d.astype(np.float16)) for f, d in pairs), strict=True)
        )
        norm = np.linalg.norm(low, axis=1)
        kept = norm > recipe.faintest
        low, high, norm = low[kept], high[kept], norm[kept]
        units = low / norm[:, None]
        note(f"{len(units)} samples")
        anchors = directions(
            units[rng.choice(len(units), min(len(units), 200_000), replace=False)], recipe.anchors, 15, rng
        )
        net = AplusNet(scale, recipe.anchors, recipe.dimensions, recipe.components)
        details = principal(high[:: max(1, len(high) // 200_000)].astype(np.float32), net.maps.shape[2])
        net.details.copy_(torch.from_numpy(details).view_as(net.details))
        net.basis.copy_(torch.from_numpy(basis).view_as(net.basis))
        net.anchors.copy_(torch.from_numpy(anchors))
        damping = recipe.ridge * np.eye(recipe.dimensions)
        neighbours = min(recipe.neighbours, len(units))
        for index, anchor in enumerate(anchors):
            correlation = np.abs(units @ anchor)
            nearest = np.argpartition(correlation, -neighbours)[-neighbours:]
            # Features and details are divided by the same norm, so that strong edges do not outvote the rest; a
            # negated sample would give the same map, so signs need no care.
            x = units[nearest].astype(np.float64)
            y = high[nearest].astype(np.float64) @ details.T / norm[nearest, None]
            solved = np.linalg.solve(x.T @ x + damping, x.T @ y)
            net.maps[index].copy_(torch.from_numpy(solved).view_as(net.maps[index]))
        return net
