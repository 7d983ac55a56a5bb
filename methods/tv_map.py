"""Maximum-a-posteriori reconstruction with a total-variation prior.

    minimise over y:   scale^2 / 2 ||A y - x||^2  +  alpha TV(y)

A is the known (separable, linear) degradation, TV isotropic total variation (Rudin, Osher, Fatemi 1992; for SR:
Marquina and Osher 2008), each channel alone. The problem is convex; the primal-dual algorithm of Chambolle and
Pock (2011) with step sizes tau * sigma * 8 <= 1 converges to its minimum. The data term's proximal map is exact:
A is A_rows (x) A_columns, so with the singular value decompositions of two small matrices it is a division.

How much the prior counts depends on the noise of the LR images, which the degradation tells: :func:`weight`.
"""

import warnings
from functools import lru_cache

import torch
from torch import Tensor

from srbench.errors import NotSupportedError, SrbenchWarning
from srbench.imaging.banded import Axis
from srbench.method import Method, MethodCard, MethodContext, ScaleRange
from srbench.resize import Downsampler, enlarge

WITHOUT_NOISE = 0.1 / 255  # alpha for images in [0, 1] whose LR images have no noise
ITERATIONS = 100  # the objective is then within 0.6% of its minimum


def weight(scale: float, noise: float) -> float:
    """alpha for images in [0, 1] whose LR images have white noise of standard deviation ``noise``, in grey levels.

    Were photographs drawn from this prior, the maximum a posteriori would have alpha grow with the noise's variance.
    They are not: powers and factors were chosen on training photographs (BSDS400) under both protocols, never on a test
    set. docs/methods.md has the command and the numbers.
    """
    return WITHOUT_NOISE + 0.22 / 255 * scale**0.8 * noise ** (4 / 3)


def primal_step(alpha: float) -> float:
    """tau, by which the primal variable moves. Any value converges. The dual variables have at most the length alpha,
    so a larger alpha asks for longer dual and shorter primal steps."""
    return 25.0 * WITHOUT_NOISE / alpha


@lru_cache(maxsize=16)
def _svd(axis: Axis) -> tuple[Tensor, Tensor, Tensor]:
    """U (n, n), s (n,), V (N, n) of an axis of the degradation, single precision."""
    u, s, vh = torch.linalg.svd(axis.matrix(), full_matrices=False)
    return u.float(), s.float(), vh.T.contiguous().float()


class _DataTerm:
    """The proximal map of tau * scale^2 / 2 ||A y - x||^2."""

    def __init__(self, rows: Axis, columns: Axis, lr: Tensor, scale: float, tau: float) -> None:
        (ur, sr, vr), (uc, sc, vc) = ([part.to(lr.device) for part in _svd(axis)] for axis in (rows, columns))
        self.rows, self.columns = vr, vc
        gain = torch.outer(sr, sc)
        weight = tau * scale**2
        # In the basis of singular vectors, prox(v) = (v + w s x) / (1 + w s^2) on the range of A', v elsewhere.
        self.target = (ur.T @ lr @ uc) * (weight * gain)
        self.shrink = 1 / (1 + weight * gain.square())

    def __call__(self, v: Tensor) -> Tensor:
        inside = self.rows.T @ v @ self.columns
        return v + self.rows @ ((inside + self.target) * self.shrink - inside) @ self.columns.T


class TvMap(Method):
    card = MethodCard(
        name="tv-map",
        title="TV-MAP",
        year=2008,
        family="reconstruction",
        paper="Marquina and Osher, Image super-resolution by TV-regularization and Bregman iteration, 2008",
        url="https://doi.org/10.1007/s10915-008-9214-8",
        colour="any",
        scales=ScaleRange(),
    )

    def prepare(self, scale: float, context: MethodContext) -> None:
        told = context.degradation is not self.degradation
        super().prepare(scale, context)
        if told and context.degradation.noise_sigma() is None:
            warnings.warn(
                f"tv-map: the noise of {context.degradation.name} is not known, so its weight is that for none",
                SrbenchWarning,
                stacklevel=2,
            )

    def upscale(self, lr: Tensor, scale: float, alpha: float | None = None, iterations: int = ITERATIONS) -> Tensor:
        """As :meth:`srbench.method.Method.upscale`; ``alpha`` stands for that of the degradation's noise."""
        if alpha is None:
            alpha = weight(scale, self.degradation.noise_sigma() or 0.0)
        tau = primal_step(alpha)
        sigma = 1 / (8 * tau)
        y = enlarge(lr, scale)
        operator = self.degradation.operator(y.shape[-2], y.shape[-1], scale)
        if not isinstance(operator, Downsampler):
            raise NotSupportedError("tv-map needs a degradation that is separable", "use back-projection")
        data_term = _DataTerm(operator.rows, operator.columns, lr, scale, tau)
        p, q = torch.zeros_like(y), torch.zeros_like(y)  # dual variables of the two differences
        ahead = y
        for _ in range(iterations):
            p[..., :-1, :].add_(ahead[..., 1:, :] - ahead[..., :-1, :], alpha=sigma)
            q[..., :-1].add_(ahead[..., 1:] - ahead[..., :-1], alpha=sigma)
            norm = torch.hypot(p, q).div_(alpha).clamp_(min=1)
            p.div_(norm)
            q.div_(norm)
            v = y.clone()  # y - tau * gradient'(p, q)
            v[..., :-1, :].add_(p[..., :-1, :], alpha=tau)
            v[..., 1:, :].sub_(p[..., :-1, :], alpha=tau)
            v[..., :-1].add_(q[..., :-1], alpha=tau)
            v[..., 1:].sub_(q[..., :-1], alpha=tau)
            new = data_term(v)
            ahead = 2 * new - y
            y = new
        return y
