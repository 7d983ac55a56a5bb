"""Real weights and networks of known blur on one picture, fed as they were trained and otherwise."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from srbench.evaluation.trial import Trial, lines, trial
from srbench.method import MethodCard, MethodContext, TorchMethod, plugins
from srbench.method.base import prepare
from srbench.method.brought import brought
from srbench.method.feeding import DIV2K_MEAN, Feeding, fed, others
from srbench.resize import imresize


def tried(method, scale=4):
    prepare(method, scale, MethodContext())
    return trial(method, scale)


def shipped(name, **given):
    cls = plugins.find(name)[0].load()
    return brought(cls().weight_path(4), cls, given=given)()


def test_a_network_that_is_fed_as_it_was_trained_is_above_bicubic_and_nothing_is_said():
    own = tried(shipped("srcnn"))
    assert own.gain > 0.5
    assert own.better is None
    assert lines("srcnn", [own]) == []


@pytest.mark.parametrize(
    ("given", "right", "attribute"),
    [
        ({"input_range": 255.0}, Feeding(), "input_range = 1.0"),
        ({"mean": DIV2K_MEAN, "input_range": 2.0}, Feeding(), "input_range = 1.0, mean = ()"),
    ],
)
def test_what_would_bring_a_network_up_is_found(given, right, attribute):
    own = tried(shipped("edsr", **given))
    assert own.better == right
    assert own.with_better > own.psnr
    (line,) = lines("mine", [own])
    assert f"{right.words}: " in line
    assert " dB instead of " in line
    assert f"{attribute} in a plugin says so" in line


def test_rlfn_wants_0_to_255(real_checkpoints):
    file, cls = real_checkpoints / "rlfn_x4.pth", plugins.find("rlfn")[0].load()
    assert tried(brought(file, cls)()).better is None
    own = tried(brought(file, cls, given={"input_range": 1.0})())
    assert own.better == Feeding(255.0)
    assert own.gain < 0
    (line,) = lines("mine", [own])
    assert "mine x4, tried on the picture 'motorcycle': fed 0..255: 25.3 dB instead of 22.9 (bicubic 23.3)" in line


def test_red_and_blue_exchanged_are_found_though_they_cost_little(real_checkpoints):
    file, cls = real_checkpoints / "carn_m.pth", plugins.find("carn")[0].load()
    own = tried(brought(file, cls, given={"channel_order": "BGR"})())
    assert own.better == Feeding()
    assert own.gain > 1
    assert own.attributes == "channel_order = 'RGB'"
    (line,) = lines("mine", [own])
    assert "fed 0..1, RGB: 25.05 dB instead of 24.92" in line


class Shift(nn.Module):
    """Bicubic, with the picture moved by a pixel: nothing that it may be fed brings it up."""

    def __init__(self, scale):
        super().__init__()
        self.scale, self.by = scale, nn.Parameter(torch.zeros(1))

    def forward(self, lr):
        return imresize(lr, self.scale).roll(24, -1)


class Shifted(TorchMethod):
    card = MethodCard("shifted", "Shifted", 2024, "cnn", "none", "rgb", scales=(2, 4))

    def build(self, scale):
        return Shift(scale)


def test_what_nothing_brings_up_is_said_to_be_low():
    own = tried(Shifted())
    assert own.better is None
    (line,) = lines("shifted", [own])
    assert line.startswith("shifted is below bicubic on the picture 'motorcycle', x4: ")
    assert "no range, order of channels or mean helps; they may be of another network" in line


def test_weights_of_one_scale_at_another_are_told():
    good, low = Trial(2, 31.0, 29.0), Trial(4, 22.5, 23.0)
    (line,) = lines("net", [good, low])
    assert line.endswith("x4: 22.5 dB (bicubic 23.0): the weights may be of x2 alone")
    assert lines("net", [good, replace(low, psnr=24.0)]) == []
    assert lines("gan", [low]) == []  # networks that are not trained for PSNR fall by that much


def test_the_ways_of_feeding_are_tried_nearest_first():
    colour, luma = Shifted(), plugins.instantiate(plugins.find("srcnn")[0])
    assert [feeding.words for feeding in others(colour)[:2]] == ["fed 0..1, BGR", "fed 0..255"]
    assert [feeding.words for feeding in others(luma)] == ["fed 0..255", "fed -1..1"]
    assert others(plugins.instantiate(plugins.find("bicubic")[0])) == []
    prepare(colour, 2, MethodContext())
    other = fed(colour, Feeding(255.0))
    lr = torch.rand(1, 3, 12, 12)
    assert torch.allclose(other.upscale(lr, 2), colour.upscale(lr, 2), atol=1e-6)
    assert colour.feeding == Feeding()
