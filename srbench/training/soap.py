"""SOAP: Adam in the coordinates in which a layer's gradients are least correlated.

Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson, Kakade, SOAP: Improving and Stabilizing Shampoo using Adam
(arXiv:2409.11321), algorithm 3. Small networks for SR are badly conditioned: neighbouring pixels, and so the taps of
a filter, are almost equal, and Adam, which scales every weight alone, creeps along what is common to them. Written
here, since training runs from a bare checkout with few packages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

REFRESH = 10  # steps between two updates of the bases
FLOOR = 1e-6  # added to a covariance before it is decomposed, of its mean diagonal
LARGEST = 1200  # a side of more is not rotated: its basis would cost more than it gives


class Soap(torch.optim.Optimizer):
    """Of every tensor of two or more dimensions, seen as the matrix (first, all others), both sides are rotated into
    the eigenvectors of the averaged gradient covariances; what has one dimension is left to Adam.

    Args:
        lr: the learning rate; the trainer sets it at every step.
        betas: decay of the mean of the gradient, and of its square and of the covariances.
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, betas: tuple[float, float] = (0.9, 0.95), eps: float = 1e-8
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; the first one only learns the bases."""
        assert closure is None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    _update(parameter, self.state[parameter], group)


def _update(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    assert parameter.grad is not None
    gradient = parameter.grad.float().reshape(parameter.shape[0] if parameter.ndim > 1 else 1, -1)
    first, second = group["betas"]
    if not state:
        state |= {"step": 0, "mean": torch.zeros_like(gradient), "square": torch.zeros_like(gradient)}
        for side, length in zip(("left", "right"), gradient.shape, strict=True):
            if parameter.ndim > 1 and 1 < length <= LARGEST:
                state[side] = gradient.new_zeros(length, length)
    state["step"] += 1
    done = state["step"] - 1
    for side in ("left", "right"):
        if side in state:  # a plain mean at first
            covariance = gradient @ gradient.T if side == "left" else gradient.T @ gradient
            state[side].lerp_(covariance, max(1 - second, 1 / state["step"]))
    if done == 0:
        for side in ("left", "right"):
            if side in state:
                state[f"{side}_basis"] = _eigenvectors(state[side])
        return
    state["mean"].lerp_(gradient, 1 - first)
    state["square"].lerp_(_rotate(gradient, state).square(), 1 - second)
    size = (state["square"] / (1 - second**done)).sqrt_().add_(group["eps"])
    change = _rotate(state["mean"] / (1 - first**done), state) / size
    parameter.add_(_rotate(change, state, back=True).reshape(parameter.shape), alpha=-group["lr"])
    if state["step"] % REFRESH == 0:
        for axis, side in enumerate(("left", "right")):
            if side in state:
                _refresh(state, side, axis)


def _eigenvectors(covariance: Tensor) -> Tensor:
    """The eigenvectors of a covariance as columns, the largest eigenvalue first, in the type of ``covariance``.

    Near a minimum the gradients of a layer differ by many orders of magnitude between channels, and the solver does
    not converge in single precision. Doubles, a mean variance of 1 and a floor under the eigenvalues make it converge
    and leave the eigenvectors as they are.
    """
    exact = covariance.double()
    size = exact.diagonal().mean()
    exact = exact / size if size > 0 else exact
    floor = FLOOR * torch.eye(len(exact), dtype=exact.dtype, device=exact.device)
    vectors: Tensor = torch.linalg.eigh(exact + floor)[1]
    return vectors.flip(1).to(covariance.dtype)


def _rotate(matrix: Tensor, state: dict[str, Any], back: bool = False) -> Tensor:
    left, right = state.get("left_basis"), state.get("right_basis")
    if left is not None:
        matrix = (left if back else left.T) @ matrix
    if right is not None:
        matrix = matrix @ (right.T if back else right)
    return matrix


def _refresh(state: dict[str, Any], side: str, axis: int) -> None:
    """One step of the power method, as in the paper's algorithm 4, with the largest eigenvalues first."""
    covariance, basis = state[side], state[f"{side}_basis"]
    product = covariance @ basis
    order = torch.argsort((basis * product).sum(dim=0), descending=True)
    state["square"] = state["square"].index_select(axis, order)
    state[f"{side}_basis"] = torch.linalg.qr(product[:, order])[0]
