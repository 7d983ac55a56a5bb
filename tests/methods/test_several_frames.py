"""Networks of several frames: what they start as, and what their parts make of frames that are known."""

import pytest
import torch

from srbench.method import MethodContext, plugins
from srbench.methods.vespcn import FINE, REACH, Transformer, Vespcn, VespcnNet
from srbench.resize import imresize
from srbench.training.losses import Loss


def method(name):
    found = plugins.instantiate(plugins.find(name)[0])
    found.prepare(4, MethodContext())
    return found


@pytest.fixture
def clip(rng):
    """(2, 3, 24, 28) of frames that differ."""
    return torch.from_numpy(rng.uniform(0.1, 0.9, (2, 3, 24, 28))).float()


def test_vespcn_starts_as_interpolation_of_the_middle_frame(clip):
    torch.manual_seed(0)
    smooth = imresize(imresize(clip, 0.25), 4)
    with torch.no_grad():
        sr = VespcnNet(4)(smooth)
    inner = (..., slice(8, -8), slice(8, -8))
    assert torch.allclose(sr[inner], imresize(smooth[:, 1:2], 4)[inner], atol=0.03)


def test_the_transformer_starts_without_motion_and_ends_at_its_reach(clip):
    transformer = Transformer()
    assert torch.count_nonzero(transformer(clip[:, :1], clip[:, 1:2])) == 0
    for part in (transformer.coarse, transformer.fine):
        torch.nn.init.constant_(part[-3].bias, 100.0)
    flow = transformer(clip[:, :1], clip[:, 1:2])
    assert flow.shape == (2, 2, 24, 28)
    assert torch.allclose(flow, torch.full_like(flow, REACH + FINE))


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (24, 30)])
def test_frames_of_any_size_have_a_flow(size):
    flow = Transformer()(torch.rand(1, 1, *size), torch.rand(1, 1, *size))
    assert flow.shape == (1, 2, *size)


def test_it_can_begin_as_espcn_which_sees_the_middle_frame(clip):
    torch.manual_seed(0)
    network, espcn = VespcnNet(4), method("espcn").module(4)
    network.begin_as(espcn)
    with torch.no_grad():
        assert torch.allclose(network(clip), espcn(clip[:, 1:2]), atol=1e-5)


def test_what_is_trained_is_image_alignment_and_flow(clip):
    torch.manual_seed(0)
    vespcn, network = Vespcn(), VespcnNet(4)
    still = clip[:, 1:2].expand(-1, 3, -1, -1)
    hr, loss = torch.zeros(2, 1, 96, 112), Loss(vespcn.recipe.loss)
    image = (network.fused(still[:, 1:2], [still[:, 1:2]] * 2) - hr).square().mean()
    # Equal frames are aligned by no motion, which is what a new transformer says and what it is taught.
    assert torch.allclose(vespcn.training_loss(network, still, hr, 4, 0.0, loss), image, atol=1e-6)
    assert vespcn.training_loss(network, clip, hr, 4, 0.0, loss) > 0
    vespcn.training_loss(network, clip, hr, 4, 0.0, loss).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_the_shipped_weights_use_the_other_frames(clip):
    vespcn = method("vespcn")
    alone = vespcn.upscale(clip[:, 1:2], 4)
    assert alone.shape == (2, 1, 96, 112)
    repeated = vespcn.upscale_frames(clip[:, 1:2].expand(-1, 3, -1, -1)[:, :, None], 1, 4)
    assert torch.equal(alone, repeated)
    assert not torch.allclose(vespcn.upscale_frames(clip[:, :, None], 1, 4), alone, atol=1e-3)
