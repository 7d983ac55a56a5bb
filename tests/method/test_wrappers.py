"""Tiles and the self-ensemble: around any method, of any method."""

import warnings

import pytest
import torch
from torch import nn

from srbench.errors import NotSupportedError, SrbenchError, SrbenchWarning
from srbench.method import Method, MethodCard, MethodContext, TorchMethod, plugins
from srbench.method import wrappers as options
from srbench.method.variant import Variant
from srbench.method.wrappers import SelfEnsemble, Tiled, reach, seams
from srbench.records import label
from srbench.resize import imresize


def card(colour="any", **fields):
    return MethodCard(name="mine", title="", year=0, family="", paper="", colour=colour, **fields)


class Net(TorchMethod):
    """Five 3x3 convolutions, so each output depends on 5 LR pixels to each side."""

    card = card("luma")

    def build(self, scale):
        torch.manual_seed(3)
        layers = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU()]
        layers += [layer for _ in range(3) for layer in (nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())]
        return nn.Sequential(*layers, nn.Conv2d(8, scale**2, 3, padding=1), nn.PixelShuffle(scale))


class Mean(Method):
    """Every output depends on every input."""

    card = card()

    def upscale(self, lr, scale):
        return imresize(lr, scale) * 0.5 + lr.mean(dim=(-2, -1), keepdim=True) * 0.5


class Hungry(Method):
    """Has memory for images up to a side; counts its calls."""

    card = card()

    def __init__(self, side, error):
        super().__init__()
        self.side, self.error, self.calls = side, error, 0

    def upscale(self, lr, scale):
        self.calls += 1
        if max(lr.shape[-2:]) > self.side:
            raise self.error
        return imresize(lr, scale, kernel="nearest")


@pytest.fixture
def lr():
    return torch.rand(1, 1, 57, 83, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("scale", [2, 3])
def test_reach_is_the_receptive_field(scale):
    assert reach(Net(), scale, 33) in (5, 6)
    assert reach(Net(), scale, 9) is None
    assert reach(plugins.find("nearest")[0].load()(), scale, 33) in (0, 1)
    assert reach(Mean(), scale, 33) is None


@pytest.mark.parametrize("tile", [16, 20, 32, 57, 64, 200])
@pytest.mark.parametrize("scale", [2, 3])
def test_a_convolutional_method_in_tiles_is_the_whole(lr, tile, scale):
    method = Variant(tile=tile).apply(Net())
    method.prepare(scale, MethodContext())
    assert seams(method, lr[0] * 255, scale) < 0.01
    assert method.upscale(lr, scale).shape == (1, 1, scale * 57, scale * 83)


@pytest.mark.parametrize("name", ["bicubic", "lanczos", "back-projection"])
def test_built_in_methods_in_tiles_are_within_a_tenth_of_a_grey_level(lr, name):
    method = Tiled(plugins.instantiate(plugins.find(name)[0]), 48)
    method.prepare(2, MethodContext())
    assert seams(method, lr[0] * 255, 2) < 0.1


def test_a_tile_smaller_than_the_receptive_field_is_warned_of_once(lr):
    method = Tiled(Mean(), 24)
    with pytest.warns(SrbenchWarning, match="--tile 24 is smaller than the receptive field of mine at x2: seams"):
        method.prepare(2, MethodContext())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        method.prepare(2, MethodContext())
    assert seams(method, lr[0] * 255, 2) > 0.1


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_where_memory_runs_out_it_goes_on_in_tiles_and_says_so(lr, error):
    method = Variant().apply(Hungry(30, error))
    with pytest.warns(SrbenchWarning, match="mine: not enough memory for 83x57 pixels at x2 at once; .* tiles of 20"):
        sr = method.upscale(lr, 2)
    assert torch.equal(sr, imresize(lr, 2, kernel="nearest"))


def test_other_errors_and_a_hopeless_lack_of_memory_are_raised(lr):
    with pytest.raises(RuntimeError, match="boom"):
        Variant().apply(Hungry(30, RuntimeError("boom"))).upscale(lr, 2)
    with pytest.raises(MemoryError):
        Variant().apply(Hungry(4, MemoryError())).upscale(lr, 2)


def test_whole_images_are_left_alone(lr):
    hungry = Hungry(1000, MemoryError())
    assert torch.equal(Variant().apply(hungry).upscale(lr, 2), imresize(lr, 2, kernel="nearest"))
    assert hungry.calls == 1


def test_the_self_ensemble_is_the_mean_of_eight_views(lr):
    views = []

    class Log(Mean):
        def upscale(self, lr, scale):
            views.append(lr.clone())
            return super().upscale(lr, scale) + lr[..., :1, :1]  # the corner: another one in every view

    sr = SelfEnsemble(Log()).upscale(lr, 2)
    corners = [lr[0, 0, y, x] for y in (0, -1) for x in (0, -1)]
    assert torch.allclose(sr, Mean().upscale(lr, 2) + sum(corners) / 4, atol=1e-6)
    assert len({view.numpy().tobytes() for view in views}) == 8


def test_the_self_ensemble_of_what_turns_with_the_image_changes_nothing(lr):
    bicubic = plugins.instantiate(plugins.find("bicubic")[0])
    assert torch.allclose(SelfEnsemble(bicubic).upscale(lr, 3), bicubic.upscale(lr, 3), atol=1e-6)


def test_the_self_ensemble_of_a_network_turns_with_the_image(lr):
    method = Variant(self_ensemble=True).apply(Net())
    turned = method.upscale(torch.rot90(lr, 1, (-2, -1)).contiguous(), 2)
    assert torch.allclose(torch.rot90(turned, -1, (-2, -1)), method.upscale(lr, 2), atol=1e-5)


def test_a_degradation_that_does_not_turn_is_refused(lr, tmp_path):
    import numpy as np

    from srbench import degradation

    np.save(tmp_path / "k.npy", np.array([[0.5, 0.5, 0.0]]))
    inner = Mean()
    inner.prepare(3, MethodContext(degradation=degradation.get(f"kernel:{tmp_path}/k.npy")))
    with pytest.raises(NotSupportedError, match="not made by the same kernel"):
        SelfEnsemble(inner).upscale(lr, 3)


def test_keys_and_labels():
    assert Variant().key == ""
    both = Variant(tile=64, self_ensemble=True)
    assert both.key == '{"self_ensemble": true, "tile": 64}'
    assert label("vdsr", both.key) == "vdsr+ (tile 64)"
    assert label("vdsr", Variant(self_ensemble=True).key) == "vdsr+"
    assert label("vdsr", "") == "vdsr"


def test_tiny_tiles_are_an_error():
    with pytest.raises(SrbenchError, match="--tile 4 is too small; give at least 16"):
        Variant(tile=4)


def test_spans_cover_every_pixel_once():
    for length, tile, margin in ((100, 16, 4), (33, 32, 15), (17, 16, 0), (16, 16, 7), (250, 64, 31)):
        spans = options._spans(length, tile, margin)
        assert [pixel for _, begin, end in spans for pixel in range(begin, end)] == list(range(length))
        for start, begin, end in spans:
            assert begin - start >= margin or start == 0
            assert start + min(tile, length) - end >= margin or end == length


def test_a_self_ensemble_is_of_tiles_and_not_the_other_way_round():
    method = Variant(tile=16, self_ensemble=True).apply(Mean())
    assert [type(method), type(method.inner), type(method.inner.inner)] == [SelfEnsemble, Tiled, Mean]
