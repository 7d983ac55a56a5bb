"""Validation measures what the evaluation measures, of luma and of colour networks alike."""

import statistics

import pytest
import torch

from srbench import degradation, metrics, protocol
from srbench.evaluation.scoring import Example, HrImage, compare, super_resolve
from srbench.method import Method, MethodCard
from srbench.resize import imresize
from srbench.training.data import read_pictures
from srbench.training.validation import Validation


class Enlarge(torch.nn.Module):
    """Bicubic, with what was seen kept; ``channels`` are weighted, so that their order matters."""

    def __init__(self, weights=(1.0,)):
        super().__init__()
        self.weights = torch.tensor(weights).reshape(1, -1, 1, 1)
        self.seen = []

    def forward(self, x):
        self.seen.append(x.shape[1])
        return imresize(x, 2) * self.weights


def test_a_colour_network_sees_rgb_and_is_measured_on_luma(folder):
    pictures = read_pictures([folder])
    validation, grey = Validation(pictures, (2,), "rgb"), Validation(pictures, (2,))
    network = Enlarge((1.0, 1.0, 1.0))
    assert validation.bicubic(2) == grey.bicubic(2)
    # Y of RGB enlarged by bicubic is Y enlarged by bicubic, up to roundings.
    assert validation.psnr(network, 2, torch.device("cpu")) == pytest.approx(grey.bicubic(2), abs=0.1)
    assert set(network.seen) == {3}
    luma_network = Enlarge()
    assert grey.psnr(luma_network, 2, torch.device("cpu")) == pytest.approx(grey.bicubic(2), abs=1e-9)
    assert set(luma_network.seen) == {1}


def test_it_is_the_number_of_the_evaluation(folder):
    class Reddish(Method):
        card = MethodCard("reddish", "Reddish", 2024, "none", "none", "rgb", (2,))

        def upscale(self, lr, scale):
            return Enlarge((1.1, 1.0, 0.8))(lr)

    pictures, method, psnr = read_pictures([folder]), Reddish(), metrics.get("psnr")
    examples = [Example(HrImage(p.pixels, protocol.CLASSIC), 2, degradation.get("bicubic")) for p in pictures]
    expected = statistics.mean(psnr.compute(compare(super_resolve(method, e), e)) for e in examples)
    measured = Validation(pictures, (2,), "rgb").psnr(Enlarge((1.1, 1.0, 0.8)), 2, torch.device("cpu"))
    assert measured == pytest.approx(expected, abs=1e-9)
    assert measured != pytest.approx(
        Validation(pictures, (2,), "rgb").psnr(Enlarge((0.8, 1.0, 1.1)), 2, torch.device("cpu")), abs=0.01
    )


def test_a_network_is_left_in_the_mode_it_was_in(folder):
    network = Enlarge((1.0, 1.0, 1.0)).train()
    Validation(read_pictures([folder]), (2,), "rgb").psnr(network, 2, torch.device("cpu"))
    assert network.training
