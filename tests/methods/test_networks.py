"""The networks are those of the papers: parameter counts, multiply-adds, shapes at every scale."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from srbench.method import MethodContext, plugins
from srbench.methods.drcn import DrcnNet
from srbench.methods.espcn import EspcnNet
from srbench.methods.fsrcnn import FsrcnnNet
from srbench.methods.lapsrn import LapsrnNet
from srbench.methods.srcnn import SrcnnNet
from srbench.methods.vdsr import VdsrNet
from srbench.training.losses import Loss

LR_720P = (180, 320)  # the LR image of 1280x720 at x4


def kernels(network):
    """Elements of the convolution kernels: what the papers count."""
    return sum(p.numel() for p in network.parameters() if p.dim() == 4)


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (lambda: SrcnnNet(4), 57_184),
        (lambda: SrcnnNet(4, sides=(9, 1, 5)), 8_032),
        (lambda: FsrcnnNet(4), 12_464),
        (lambda: FsrcnnNet(4, d=32, s=5, m=1), 3_937),
        (lambda: VdsrNet(4), 664_704),
        (lambda: DrcnNet(4, width=256), 1_774_089),
        (lambda: LapsrnNet(2), 812_768),
    ],
)
def test_kernel_counts_equal_the_papers(network, count):
    assert kernels(network()) == count


@pytest.mark.parametrize(("scale", "count"), [(2, 21_284), (3, 22_729), (4, 24_752)])
def test_espcn_counts(scale, count):
    assert parameters(EspcnNet(scale)) == count


def multiply_adds(network):
    """Of a 1280x720 output at x4, in 1e9, counted by torch on shapes alone."""
    with FlopCounterMode(display=False) as counter:
        network.to("meta")(torch.empty(1, 1, *LR_720P, device="meta"))
    return counter.get_total_flops() / 2e9


@pytest.mark.parametrize(("network", "published"), [(lambda: SrcnnNet(4), 52.7), (lambda: VdsrNet(4), 612.6)])
def test_multiply_adds_agree_with_the_published_ones(network, published, monkeypatch):
    # What is counted is the network; enlarging its input is a resize.
    for module in ("srcnn", "vdsr"):
        monkeypatch.setattr(
            f"srbench.methods.{module}.imresize", lambda x, s: x.new_empty(*x.shape[:2], s * x.shape[2], s * x.shape[3])
        )
    assert multiply_adds(network()) == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize(
    ("network", "true", "published"),
    [(lambda: FsrcnnNet(4), 0.72, 4.6), (lambda: LapsrnNet(2), 117.5, 149.4)],
)
def test_published_tables_count_transposed_convolutions_per_output_pixel(network, true, published):
    """A transposed convolution costs a product per kernel element and *input* pixel; CARN's table has it per output."""
    made = network()
    counted = multiply_adds(made)
    extra, size = 0.0, LR_720P[0] * LR_720P[1]
    for module in made.modules():
        if isinstance(module, torch.nn.ConvTranspose2d):
            stride = module.stride[0]
            inputs = size * (4 if module in level_two(made) else 1)
            extra += module.weight.numel() * inputs * (stride**2 - 1) / 1e9
    assert counted == pytest.approx(true, rel=0.02)
    assert counted + extra == pytest.approx(published, rel=0.02)


def level_two(network):
    return set(network.pyramid[1].modules()) if hasattr(network, "pyramid") else set()


@pytest.mark.parametrize("name", ["srcnn", "fsrcnn", "espcn", "vdsr", "drcn", "lapsrn", "aplus", "sparse-coding"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_output_shape(name, scale):
    method = plugins.instantiate(plugins.find(name)[0])
    network = method.build(scale).eval()
    method._modules[scale] = network
    with torch.no_grad():
        assert method.upscale(torch.rand(2, 1, 9, 11), scale).shape == (2, 1, 9 * scale, 11 * scale)


def test_every_recursion_of_drcn_is_supervised_and_has_an_equal_share_at_first():
    method = plugins.instantiate(plugins.find("drcn")[0])
    network, lr, hr = method.build(2), torch.rand(1, 1, 9, 9), torch.rand(1, 1, 18, 18)
    assert network.recursions == 8
    assert torch.equal(network.weights, torch.full((8,), 1 / 8))
    with torch.no_grad():
        network.recur.weight += 0.01 * torch.randn_like(network.recur.weight)
        images = network.outputs(lr)
        assert torch.allclose(network(lr), torch.stack(images).mean(dim=0), atol=1e-6)
        errors = [(image - hr).square().mean().item() for image in images]
        alone = method.training_loss(network, lr, hr, 2, 0.0, Loss(method.recipe.loss)).item()
    assert len(set(errors)) == 8
    assert alone == pytest.approx(sum(errors) / 8, rel=1e-5)
    method.training_loss(network, lr, hr, 2, 1.0, Loss(method.recipe.loss)).backward()
    assert (network.weights.grad != 0).all()


def test_the_shipped_average_of_drcn_uses_every_recursion():
    method = plugins.instantiate(plugins.find("drcn")[0])
    method.prepare(4, MethodContext())
    weights = method.module(4).weights
    share = weights / weights.sum()
    assert share.shape == (8,)
    assert (share.abs() > 0.005).all()


@pytest.mark.parametrize("name", ["fsrcnn", "espcn"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_flat_image_stays_flat_up_to_its_border(name, scale):
    """Training shaves the patches: what zeros around an image do there would never be unlearned."""
    torch.manual_seed(0)
    network = plugins.instantiate(plugins.find(name)[0]).build(scale).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        pixels = network(torch.full((1, 1, 12, 12), 0.7))[0, 0].unfold(0, scale, scale).unfold(1, scale, scale)
    assert torch.allclose(pixels, pixels[6, 6].expand_as(pixels), atol=1e-5)


@pytest.mark.parametrize("name", ["srcnn", "vdsr", "drcn", "fsrcnn", "espcn"])
def test_networks_start_near_bicubic(name):
    from srbench.resize import imresize

    torch.manual_seed(0)
    network = plugins.instantiate(plugins.find(name)[0]).build(3).eval()
    smooth = torch.nn.functional.avg_pool2d(torch.rand(1, 1, 16, 16), 5, 1, 2)
    with torch.no_grad():
        assert (network(smooth) - imresize(smooth, 3)).abs().mean() < 0.08
