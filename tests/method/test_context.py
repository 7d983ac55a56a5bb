"""A method learns device, seed and degradation once, in prepare(); nobody sets them afterwards."""

import dataclasses

import pytest
import torch
from torch import nn

from srbench import degradation
from srbench.api import load
from srbench.errors import MethodError
from srbench.method import Method, MethodCard, MethodContext, TorchMethod
from srbench.method.base import prepare
from srbench.method.variant import Variant

CARD = MethodCard("mine", "Mine", 2026, "test", "none", "any")


class Plain(Method):
    card = CARD

    def upscale(self, lr, scale):
        return lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2)


class Forgetful(Plain):
    def prepare(self, scale, context):
        self.seed_of_mine = context.seed


class Net(TorchMethod):
    card = CARD

    def build(self, scale):
        return nn.Sequential(nn.Conv2d(1, scale**2, 3, padding=1), nn.PixelShuffle(scale))


def test_a_method_has_what_prepare_was_given():
    context = MethodContext(torch.device("meta"), 7, degradation.get("blur-down"))
    method = Plain()
    prepare(method, 3, context)
    assert (method.device, method.seed, method.degradation.name) == (torch.device("meta"), 7, "blur-down")
    assert method.context is context


def test_before_it_a_method_runs_on_the_cpu():
    method = Plain()
    assert (method.device, method.seed, method.degradation.name) == (torch.device("cpu"), 0, "bicubic")


@pytest.mark.parametrize("name", ["device", "seed", "degradation", "context"])
def test_nothing_is_set_from_outside(name):
    with pytest.raises(AttributeError):
        setattr(Plain(), name, None)


def test_a_context_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MethodContext().seed = 1


def test_a_wrapped_method_has_the_context_of_the_one_inside():
    inner = Plain()
    outer = Variant(tile=16, self_ensemble=True).apply(inner)
    context = MethodContext(seed=3)
    prepare(outer, 2, context)
    assert inner.context is outer.context is context
    assert outer.seed == 3


def test_a_plugin_that_does_not_keep_its_context_is_told():
    with pytest.raises(MethodError, match=r"prepare\(\) of mine does not keep its context; begin it with super\(\)"):
        prepare(Forgetful(), 2, MethodContext(seed=1))


def test_networks_of_all_scales_follow_to_another_device():
    method = Net()
    for scale in (2, 3):
        prepare(method, scale, MethodContext())
    prepare(method, 2, MethodContext(torch.device("meta")))
    assert {p.device.type for scale in (2, 3) for p in method.module(scale).parameters()} == {"meta"}


def test_the_degradation_of_a_run_reaches_the_methods_that_invert_it():
    lr = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    method = load("back-projection")
    images = []
    for name in ("bicubic", "blur-down", "bicubic"):
        prepare(method, 3, MethodContext(degradation=degradation.get(name)))
        images.append(method.upscale(lr, 3))
    assert torch.equal(images[0], images[2])
    assert not torch.allclose(images[0], images[1], atol=1e-3)
