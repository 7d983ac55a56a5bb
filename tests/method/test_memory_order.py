"""Networks that keep the channels of a pixel side by side on a processor: faster, and the same but for rounding."""

import json

import numpy as np
import pytest
import torch
from skimage import data
from torch import nn

from srbench import protocol
from srbench.degradation.named import Bicubic
from srbench.evaluation import Example, HrImage, compare, super_resolve
from srbench.method import MethodCard, MethodContext, TorchMethod, plugins
from srbench.method.base import prepare
from srbench.method.variant import Variant
from srbench.metrics import psnr

DECLARED = (
    *("dbpn", "edsr", "lapgan", "lapsrn", "liif", "perceptual", "rbpn", "srfbn"),
    *("srgan", "srgan-mse", "srresnet", "vdsr", "vdsr-on-fsrcnn"),
)


class Own(TorchMethod):
    card = MethodCard(name="own", title="", year=2026, family="cnn", paper="", colour="rgb", scales=(2,))

    def build(self, scale):
        torch.manual_seed(5)
        return nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2))


class Declared(Own):
    channels_last = True


def prepared(method, precision="fp32"):
    varied = Variant(precision=precision).apply(method)
    prepare(varied, 2, MethodContext())
    return varied.inner if precision == "fp32" else varied.inner.inner


def is_last(method):
    weight = method.module(2)[0].weight
    return weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_only_what_declares_it_is_laid_out_so(precision):
    assert is_last(prepared(Declared(), precision))
    assert not is_last(prepared(Own(), precision))
    lr = torch.rand((1, 3, 9, 7), generator=torch.Generator().manual_seed(1))
    declared, own = (prepared(method, precision).upscale(lr, 2) for method in (Declared(), Own()))
    assert torch.allclose(declared, own, atol=1e-6 if precision == "fp32" else 1e-2)


def test_which_methods_of_srbench_declare_it():
    found = {plugin.name for plugin in plugins.discover() if getattr(plugin.value, "channels_last", False)}
    assert found == set(DECLARED)


@pytest.mark.parametrize("name", ["srresnet", "lapsrn"])
def test_psnr_moves_by_less_than_a_ten_thousandth_of_a_decibel(name, monkeypatch):
    pixels = np.ascontiguousarray(data.astronaut()[:128, 150:278])
    example = Example(HrImage(pixels, protocol.get("basicsr")), 4, Bicubic())
    values = []
    for order in (True, False):
        method = plugins.instantiate(plugins.find(name)[0])
        monkeypatch.setattr(type(method), "channels_last", order)
        prepare(method, 4, MethodContext())
        values.append(psnr.compute(compare(super_resolve(method, example), example)))
    assert values[0] == pytest.approx(values[1], abs=1e-4)
    assert values[0] > 25


def test_the_manifest_says_which(go, results):
    go("bicubic", "lapsrn")
    entries = json.loads((results / "runs" / "0001.json").read_text())["methods"]
    assert {entry["name"]: entry.get("memory", "") for entry in entries} == {
        "bicubic": "",
        "lapsrn": "channels_last on processors",
    }
