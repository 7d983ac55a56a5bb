"""Sparse coding with coupled dictionaries: an LR patch is a sparse sum of LR atoms, its HR patch the same sum of HR
atoms. SRCNN re-reads this chain (patches, codes, reconstruction) as three convolutions.

Zeyde, Elad, Protter, On Single Image Scale-Up Using Sparse-Representations, Curves and Surfaces 2010. Patches are 3x3
LR pixels; their features are first and second differences of the bicubically enlarged image, reduced by PCA. What is
predicted is HR minus bicubic; patches are averaged where they overlap. The HR atoms are fitted, by least squares, to
the codes that the LR dictionary alone gives, which are the codes that there are when an image is enlarged.

Three things are those of Yang, Wright, Huang, Ma, Image Super-Resolution via Sparse Representation, TIP 2010: a code
minimises an L1 problem (Zeyde et al.: orthogonal matching pursuit), both dictionaries are learned together on pairs
stacked as [y_h / sqrt(N_h); y_l / sqrt(N_l)] (theirs: K-SVD on the LR features), and back-projection at the end makes
the result agree with the input.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.degradation.named import Bicubic
from srbench.method import MethodCard
from srbench.methods.aplus import WINDOW, differences, principal, samples
from srbench.resize import imresize
from srbench.training import TrainedMethod
from srbench.training.data import Picture
from srbench.training.recipe import FitRecipe

CODING_STEPS = 40
BACK_PROJECTIONS = 10


def sparse_codes(dictionary: Tensor, y: Tensor, weight: float, steps: int = CODING_STEPS) -> Tensor:
    """argmin over a of 1/2 ||D a - y||^2 + weight ||a||_1, by FISTA (Beck and Teboulle 2009).

    Args:
        dictionary: (atoms, d), rows of unit length.
        y: (P, d).

    Returns:
        (P, atoms), mostly zeros.
    """
    step = 1 / torch.linalg.matrix_norm(dictionary.double(), 2).square().clamp(min=1e-6).float()
    a = y.new_zeros(len(y), len(dictionary))
    ahead, t = a, 1.0
    for _ in range(steps):
        new = F.softshrink(ahead - step * ((ahead @ dictionary - y) @ dictionary.T), float(weight * step))
        faster = (1 + math.sqrt(1 + 4 * t * t)) / 2
        ahead = new + (t - 1) / faster * (new - a)
        a, t = new, faster
    return a


class SparseCodingNet(nn.Module):
    """(N, 1, H, W) to (N, 1, scale H, scale W)."""

    def __init__(self, scale: int, atoms: int = 512, dimensions: int = 24, weight: float = 0.1) -> None:
        super().__init__()
        side = WINDOW * scale
        self.scale, self.side, self.weight = scale, side, weight
        self.register_buffer("basis", torch.zeros(dimensions, 4, side, side))
        self.register_buffer("low", torch.zeros(atoms, dimensions))
        self.register_buffer("high", torch.zeros(atoms, side * side))

    def forward(self, lr: Tensor) -> Tensor:
        scale = self.scale
        bicubic = imresize(lr, scale)
        margin = (WINDOW - 1) * scale
        padded = F.pad(bicubic, (margin,) * 4, mode="replicate")
        features = F.conv2d(differences(padded, scale), self.basis, stride=scale)  # (N, d, h, w): PCA of every patch
        flat = features.flatten(2).transpose(1, 2)  # (N, P, d)
        details = torch.stack([self._details(f) for f in flat]).transpose(1, 2)  # (N, p p, P)
        total = F.fold(details, (padded.shape[-2], padded.shape[-1]), self.side, stride=scale)
        cut = slice(margin, -margin)
        y = bicubic + total[..., cut, cut] / WINDOW**2
        downsample = Bicubic().operator(y.shape[-2], y.shape[-1], scale)
        for _ in range(BACK_PROJECTIONS):
            y = y + imresize(lr - downsample(y), scale)
        return y

    def _details(self, features: Tensor, chunk: int = 256) -> Tensor:
        """(P, d) to (P, p p), ``chunk`` patches at a time: so few that their codes stay in a processor's cache."""
        norm = features.norm(dim=1, keepdim=True).clamp(min=1e-6)
        return torch.cat(
            [
                norm[k : k + chunk]
                * (sparse_codes(self.low, (features / norm)[k : k + chunk], self.weight) @ self.high)
                for k in range(0, len(features), chunk)
            ]
        )


@dataclass(frozen=True)
class SparseCodingRecipe(FitRecipe):
    samples: int = 20_000
    atoms: int = 512
    dimensions: int = 24
    weight: float = 0.1  # of the L1 norm of a code, for patches of unit norm
    passes: int = 1  # over the samples, when the dictionaries are learned
    faintest: float = 0.05


class SparseCoding(TrainedMethod):
    card = MethodCard(
        name="sparse-coding",
        title="Sparse coding (Zeyde)",
        year=2010,
        family="examples, sparse coding",
        paper="Zeyde, Elad, Protter, On Single Image Scale-Up Using Sparse-Representations, Curves and Surfaces 2010",
        url="https://doi.org/10.1007/978-3-642-27413-8_47",
        colour="luma",
        scales=(2, 3, 4),
        size=f"{SparseCodingRecipe.atoms} atoms, {SparseCodingRecipe.dimensions} dimensions",
    )
    recipe = SparseCodingRecipe()

    def build(self, scale: int) -> nn.Module:
        return SparseCodingNet(scale, self.recipe.atoms, self.recipe.dimensions, self.recipe.weight)

    def fit(
        self, pictures: Sequence[Picture], scale: int, recipe: SparseCodingRecipe, note: Callable[[str], None]
    ) -> nn.Module:
        from sklearn.decomposition import MiniBatchDictionaryLearning

        rng = np.random.default_rng(recipe.seed)
        pilot = np.concatenate([f for f, _ in samples(pictures, scale, (1.0,), 100_000, rng)])
        basis = principal(pilot, recipe.dimensions)
        pairs = [(f @ basis.T, d) for f, d in samples(pictures, scale, recipe.rescale, recipe.samples, rng)]
        low, high = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        norm = np.linalg.norm(low, axis=1, keepdims=True)
        kept = norm[:, 0] > recipe.faintest
        low, high = low[kept] / norm[kept], high[kept] / norm[kept]
        note(f"{len(low)} samples")
        stacked = np.concatenate([low / math.sqrt(low.shape[1]), high / math.sqrt(high.shape[1])], axis=1)
        stacked /= np.linalg.norm(stacked, axis=1, keepdims=True)
        learner = MiniBatchDictionaryLearning(
            recipe.atoms,
            alpha=recipe.weight,
            max_iter=recipe.passes,
            batch_size=512,
            fit_algorithm="cd",
            random_state=recipe.seed,
            max_no_improvement=None,
            tol=0.0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 'did not converge' of a single coordinate descent
            learner.fit(stacked[rng.permutation(len(stacked))])
        atoms = learner.components_[:, : recipe.dimensions].astype(np.float32)
        atoms /= np.maximum(np.linalg.norm(atoms, axis=1, keepdims=True), 1e-6)
        net = SparseCodingNet(scale, recipe.atoms, recipe.dimensions, recipe.weight)
        net.basis.copy_(torch.from_numpy(basis).view_as(net.basis))
        net.low.copy_(torch.from_numpy(atoms))
        # Least squares of the HR side on the codes, summed up in parts to bound memory.
        gram = np.zeros((recipe.atoms, recipe.atoms))
        cross = np.zeros((recipe.atoms, high.shape[1]))
        for k in range(0, len(low), 8192):
            codes = sparse_codes(net.low, torch.from_numpy(low[k : k + 8192]), recipe.weight).numpy().astype(np.float64)
            gram += codes.T @ codes
            cross += codes.T @ high[k : k + 8192]
        net.high.copy_(torch.from_numpy(np.linalg.solve(gram + 0.1 * np.eye(recipe.atoms), cross)))
        return net
