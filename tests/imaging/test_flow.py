"""Frames resampled along a flow, and the flow of Lucas and Kanade, on motions that are known."""

import pytest
import torch

from srbench import dataset
from srbench.imaging.color import luma
from srbench.imaging.flow import lucas_kanade, warped


@pytest.fixture
def photograph():
    """(1, 1, 120, 120) luma in [0, 1] of a photograph."""
    pixels = torch.from_numpy(dataset.find("sample").images[0].read()[:120, :120].copy())
    return (luma(pixels.permute(2, 0, 1)) / 255)[None, None].float()


def constant(dy, dx, size=120):
    return torch.tensor([dy, dx]).reshape(1, 2, 1, 1).expand(1, 2, size, size)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_a_flow_of_whole_pixels_is_a_slice(photograph, mode):
    moved = warped(photograph, constant(2.0, -3.0), mode)
    assert torch.allclose(moved[..., :-2, 3:], photograph[..., 2:, :-3], atol=1e-4)
    assert torch.allclose(moved[..., -1, 3:], photograph[..., -1, :-3], atol=1e-4)  # outside, the border


def test_half_a_pixel_is_the_mean_of_two(photograph):
    moved = warped(photograph, constant(0.0, 0.5))
    assert torch.allclose(moved[..., :-1], (photograph[..., 1:] + photograph[..., :-1]) / 2, atol=1e-4)


def test_warping_has_a_gradient_with_regard_to_the_flow(photograph):
    flow = constant(0.0, 0.0).clone().requires_grad_()
    warped(photograph, flow).mean().backward()
    assert flow.grad is not None
    assert torch.count_nonzero(flow.grad) > 0


@pytest.mark.parametrize(("dy", "dx"), [(0.0, 0.0), (0.3, -0.6), (2.0, 1.0), (-4.0, 5.0)])
def test_a_translation_is_found(photograph, dy, dx):
    moved = warped(photograph, constant(-dy, -dx), "bicubic")
    flow = lucas_kanade(photograph, moved)[..., 20:-20, 20:-20]
    error = (flow - torch.tensor([dy, dx]).reshape(2, 1, 1)).abs()
    assert float(error.median()) < 0.05
    assert float(error.mean()) < 0.15


def test_nothing_to_be_seen_is_no_motion():
    flat = torch.full((1, 1, 40, 40), 0.5)
    assert torch.count_nonzero(lucas_kanade(flat, flat)) == 0
    assert torch.isfinite(lucas_kanade(flat, flat + 0.1)).all()


@pytest.mark.parametrize("size", [(1, 1), (5, 9), (33, 70)])
def test_images_of_any_size_have_a_flow(size):
    frames = torch.rand(2, 1, *size, generator=torch.Generator().manual_seed(0))
    flow = lucas_kanade(frames, frames)
    assert flow.shape == (2, 2, *size)
    assert float(flow.abs().max()) < 1e-4
