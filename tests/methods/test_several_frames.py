"""Networks of several frames: what they start as, and what their parts make of frames that are known."""

import pytest
import torch

from srbench import dataset
from srbench.method import MethodContext, plugins
from srbench.methods.rbpn import RbpnNet
from srbench.methods.vespcn import FINE, REACH, Transformer, Vespcn, VespcnNet
from srbench.resize import imresize
from srbench.training.data import Picture
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


def test_without_compensation_frames_are_seen_as_they_are(clip):
    torch.manual_seed(0)
    network = VespcnNet(4, compensated=False)
    assert network.flows(clip) == []
    moved = clip.roll(1, -1)
    shown = network.body[0].register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    seen: list[torch.Tensor] = []
    with torch.no_grad():
        network(torch.stack([moved[:, 0], clip[:, 1], clip[:, 2]], dim=1))
    shown.remove()
    (channels,) = seen
    assert torch.allclose(channels[:, 1:17].sum(1), 8 * (moved[:, 0] - clip[:, 1]), atol=1e-5)
    assert channels[:, 17:33].amax(dim=(0, 2, 3)).tolist() == channels[:, 17:33].amin(dim=(0, 2, 3)).tolist()


def test_what_is_trained_is_image_alignment_and_flow(clip):
    torch.manual_seed(0)
    vespcn, network = Vespcn(), VespcnNet(4)
    still = clip[:, 1:2].expand(-1, 3, -1, -1)
    hr, loss = torch.zeros(2, 1, 96, 112), Loss(vespcn.recipe.loss)
    image = (network(still) - hr).square().mean()
    # Equal frames are brought together by no motion, which is what a new transformer says and what it is taught.
    assert torch.allclose(vespcn.training_loss(network, still, hr, 4, 0.0, loss), image, atol=1e-6)
    assert vespcn.training_loss(network, clip, hr, 4, 0.0, loss) > 0
    vespcn.training_loss(network, clip, hr, 4, 0.0, loss).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_rbpn_can_begin_as_dbpn_which_sees_the_target(make_picture):
    torch.manual_seed(0)
    network, dbpn = RbpnNet(4), method("dbpn").module(4)
    network.begin_as(dbpn)
    luma = torch.from_numpy(make_picture(24, 28, 4)).permute(2, 0, 1)[None, :1].float() / 255
    with torch.no_grad():
        sr, expected = network(luma.expand(-1, 5, -1, -1)), dbpn(luma.expand(-1, 3, -1, -1)).mean(1, keepdim=True)
    assert torch.allclose(sr, expected, atol=0.01)


def test_rbpn_starts_as_interpolation_of_the_target(clip):
    torch.manual_seed(0)
    smooth = imresize(imresize(clip, 0.25), 4)
    with torch.no_grad():
        sr = RbpnNet(4)(smooth[:, [0, 2, 1, 0, 2]])
    inner = (..., slice(8, -8), slice(8, -8))
    assert torch.allclose(sr[inner], imresize(smooth[:, 1:2], 4)[inner], atol=0.05)


@pytest.mark.parametrize("name", ["vespcn", "rbpn"])
def test_a_still_image_is_a_clip_without_motion(clip, name):
    several = method(name)
    alone = several.upscale(clip[:, 1:2], 4)
    assert alone.shape == (2, 1, 96, 112)
    repeated = clip[:, 1:2].expand(-1, several.window, -1, -1)[:, :, None]
    assert torch.equal(several.upscale_frames(repeated, 1, 4), alone)


@pytest.mark.data("set5")
@pytest.mark.parametrize(("name", "gain"), [("vespcn", 0.4), ("rbpn", 0.6)])
def test_neighbours_tell_the_shipped_weights_more(name, gain):
    """On images that no training has seen, moved by what trainings are moved by: 0.73 and 0.98 dB on those held out."""
    several = method(name)
    images = [image for image in dataset.find("set5").images if image.name in ("butterfly", "woman")]
    pictures = [Picture(image.path, image.read(), image.name.encode().hex()) for image in images]
    validation, network = several.validation(pictures, (4,)), several.module(4)
    with_all, alone = (validation.psnr(network, 4, torch.device("cpu"), repeated) for repeated in (False, True))
    assert with_all > alone + gain
    assert alone > validation.bicubic(4) + 1
