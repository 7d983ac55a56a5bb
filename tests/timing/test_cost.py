"""Parameters and Mult-Adds of networks."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from srbench.method import MethodCard, MultiFrameMethod, TorchMethod, plugins
from srbench.method.frames import called, repeated
from srbench.timing import cost


def shipped(scale=4):
    """Built-in networks that have weights for ``scale``."""
    methods = [plugins.instantiate(plugin) for plugin in plugins.discover() if plugin.origin == "built in"]
    return [m for m in methods if isinstance(m, TorchMethod) and m.supports(scale)]


def test_srcnn_by_hand():
    method = plugins.instantiate(plugins.find("srcnn")[0])
    per_pixel = 81 * 64 + 25 * 64 * 32 + 25 * 32  # the network works at the output's size
    assert cost.mult_adds(method, 4) == 1280 * 720 * per_pixel  # 52.7 G, as papers print
    assert cost.parameters(method, 4) == per_pixel + 64 + 32 + 1


@pytest.mark.sampled(6)
@pytest.mark.parametrize("method", shipped(), ids=lambda m: m.card.name)
def test_counts_from_shapes_are_those_of_a_real_call(method):
    from torch.utils.flop_counter import FlopCounterMode

    counter, module = FlopCounterMode(display=False), method.module(4)
    lr = torch.rand(1, cost.channels(method), 24, 20)
    inputs = []
    handle = module.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    frames, target = repeated(method, lr)
    with torch.no_grad():
        called(method, frames, 4, target)
    handle.remove()
    counted = cost.mult_adds(method, 4, (24, 20))
    if not inputs:  # a sampler takes its network apart, and no single call of it is what an image costs
        assert (method.card.family, counted) == ("autoregressive", None)
        return
    with torch.no_grad(), counter:
        module(inputs[0])
    if method.card.name == "sparse-coding":  # it works on patches one batch after the other, which shapes do not tell
        assert counted is None
    else:
        assert counted == counter.get_total_flops() // 2 > 0


def test_a_network_of_several_frames_is_counted_on_as_many_as_suit_it():
    class Fused(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, frames):
            return functional.pixel_shuffle(self.convolution(frames[:, :, 0]), 2)

    class Mine(MultiFrameMethod, TorchMethod):
        card = MethodCard(
            name="mine", title="", year=2026, family="cnn", paper="none", colour="luma", scales=(2,), frames=(3,)
        )

        def build(self, scale):
            return Fused()

        def upscale_frames(self, frames, target, scale, shifts=None):
            return self.fed(self.module(scale), frames)

    assert cost.mult_adds(Mine(), 2) == 640 * 360 * 9 * 3 * 4


@pytest.mark.filterwarnings("ignore")  # what spandrel and its dependencies warn of on import is theirs
def test_a_checkpoint_that_spandrel_knows_is_counted(tmp_path):
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

    network = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2)
    torch.save(network.state_dict(), tmp_path / "net.pth")
    method = plugins.instantiate(plugins.find(str(tmp_path / "net.pth"))[0])
    assert cost.parameters(method, 2) == sum(tensor.numel() for tensor in network.parameters())
    convolutions = 9 * (3 * 8 + 2 * 8 * 8 + 8 * 3 * 2**2)
    assert cost.mult_adds(method, 2) == 640 * 360 * convolutions


def test_methods_without_a_network_have_no_counts():
    method = plugins.instantiate(plugins.find("bicubic")[0])
    assert (cost.parameters(method, 4), cost.mult_adds(method, 4)) == (None, None)


def test_a_cascade_costs_what_its_parts_do_at_their_sizes():
    cascade, espcn = (plugins.instantiate(plugins.find(name)[0]) for name in ("espcn@2 > espcn@2", "espcn"))
    per_pixel = 25 * 64 + 9 * 64 * 32 + 9 * 32 * 4
    assert cost.mult_adds(cascade, 4) == 320 * 180 * per_pixel + 640 * 360 * per_pixel
    assert cost.parameters(cascade, 4) == cost.parameters(espcn, 2)  # one network, which works twice
    refined, first, vdsr = (
        plugins.instantiate(plugins.find(name)[0]) for name in ("fsrcnn@4 > vdsr@1", "fsrcnn", "vdsr")
    )
    for count in (cost.mult_adds, cost.parameters):
        assert count(refined, 4) == count(first, 4) + count(vdsr, 4)


def test_a_cascade_with_a_part_that_is_no_network_is_not_counted():
    method = plugins.instantiate(plugins.find("bicubic@2 > espcn@2")[0])
    assert cost.mult_adds(method, 4) is None
    assert cost.parameters(method, 4) == cost.parameters(method.parts[1].method, 2)
