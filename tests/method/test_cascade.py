"""Methods one after another give what calling them one by one gives, and what is known of them adds up."""

import pytest
import torch
from safetensors.torch import save_file

from srbench.errors import MethodError, NotSupportedError, OutputError, UnknownNameError
from srbench.evaluation.inference import infer
from srbench.imaging.color import rgb_to_ycbcr
from srbench.method import MethodContext, cascade, plugins
from srbench.method.variant import Variant
from srbench.method.wrappers import reach

PLUGIN = '''
import torch
from srbench.method import Method, MethodCard, ScaleRange

def card(name, colour="any", **fields):
    return MethodCard(name=name, title=name, year=2000, family="", paper="", colour=colour, **fields)

class Bright(Method):
    card = card("bright", scales=(1, 2), min_size=7)
    def upscale(self, lr, scale):
        return 0.5 + lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2)

class Seen(Method):
    """Says what it is fed: the least and the greatest value."""
    card = card("seen", scales=(1, 2), random=True)
    def upscale(self, lr, scale):
        assert 0 <= lr.min() and lr.max() <= 1 and lr.dtype == torch.float32
        return lr.repeat_interleave(scale, -1).repeat_interleave(scale, -2).double()

class Colour(Method):
    card = card("colour", "rgb", scales=(1, 2))
    def upscale(self, lr, scale):
        assert lr.shape[1] == 3
        return lr.flip(1).repeat_interleave(scale, -1).repeat_interleave(scale, -2)

class Luma(Method):
    card = card("luma", "luma", scales=(1, 2))
    def upscale(self, lr, scale):
        assert lr.shape[1] == 1
        return (lr + 0.1).repeat_interleave(scale, -1).repeat_interleave(scale, -2)

class Clip(Method):
    card = card("clip", scales=(2,), frames=(3,))
    def upscale_frames(self, frames, target, scale, shifts=None):
        raise AssertionError

class Small(Method):
    card = card("small", scales=(2,))
    def upscale(self, lr, scale):
        return lr
'''


def made(spec):
    (plugin,) = plugins.find(spec)
    return plugins.instantiate(plugin)


def identity(spec):
    (plugin,) = plugins.find(spec)
    return plugins.identity(plugin, plugins.instantiate(plugin))


def ready(spec, scale=4):
    method = made(spec)
    method.require_scale(scale)
    method.prepare(scale, MethodContext())
    return method


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "parts.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def lr(make_picture):
    return torch.from_numpy(make_picture(20, 26, 5)).permute(2, 0, 1)[None].float() / 255


def test_two_in_series_are_one_after_the_other(lr):
    luma = lr[:, :1]
    espcn = ready("espcn", 2)
    with torch.no_grad():
        expected = espcn.upscale(espcn.upscale(luma, 2).clamp(0, 1), 2)
        assert torch.equal(ready("espcn@2 > espcn@2").upscale(luma, 4), expected)


@pytest.mark.parametrize("name", ["vdsr", "drcn"])
def test_a_refiner_on_bicubics_image_is_itself(lr, name):
    luma = lr[:, :1, :9, :12]
    with torch.no_grad():
        assert torch.equal(ready(f"bicubic@4 > {name}@1").upscale(luma, 4), ready(name).upscale(luma, 4))
        other = ready(f"fsrcnn@4 > {name}@1").upscale(luma, 4)
    assert (other - ready(name).upscale(luma, 4)).abs().max() > 0.01


def test_two_refiners_both_begin_with_what_they_are_given(lr):
    luma = lr[:, :1, :9, :12]
    with torch.no_grad():
        once = ready("fsrcnn@4 > drcn@1").upscale(luma, 4)
        twice = ready("fsrcnn@4 > drcn@1 > vdsr@1").upscale(luma, 4)
        assert torch.equal(twice, ready("vdsr").refine(once, 4))


def test_what_is_between_two_parts_is_clipped(plugin, lr):
    sr = ready(f"{plugin}:bright@2 > {plugin}:seen@2").upscale(lr, 4)
    assert sr.max() == 1  # not 1.5
    assert sr.dtype == torch.float32
    assert sr.shape == (1, 3, 80, 104)


@pytest.mark.parametrize(
    ("spec", "colour"),
    [
        ("{0}:bright@2 > {0}:seen@2", "any"),
        ("{0}:bright@2 > {0}:luma@2", "luma"),
        ("{0}:luma@2 > {0}:seen@2", "luma"),
        ("{0}:luma@2 > {0}:colour@2", "rgb"),
        ("{0}:colour@2 > {0}:luma@2", "rgb"),
    ],
)
def test_the_whole_is_fed_what_a_part_needs(plugin, spec, colour):
    assert made(spec.format(plugin)).card.colour == colour


def test_a_luma_part_in_colour_works_on_luma_and_chroma_is_enlarged_as_of_a_luma_method(plugin, lr):
    luma, colour = ready(f"{plugin}:luma", 2), ready(f"{plugin}:colour", 2)
    levels = (lr[0] * 255).round()
    alone = infer(luma, levels, 2)  # as the evaluation feeds it
    batch = torch.cat([levels[None] / 255, lr.flip(-1)])
    behind = ready(f"{plugin}:colour@1 > {plugin}:luma@2", 2).upscale(batch.flip(1), 2)
    assert torch.allclose(behind[0].double(), alone, atol=1e-6)
    first = ready(f"{plugin}:luma@2 > {plugin}:colour@2").upscale(batch, 4)
    expected = colour.upscale(alone[None].clamp(0, 1).float(), 2)
    assert torch.allclose(first[:1], expected, atol=1e-6)
    assert first.shape == (2, 3, 80, 104)
    assert not torch.allclose(rgb_to_ycbcr(first[0] * 255)[1], rgb_to_ycbcr(first[1] * 255)[1])


def test_one_of_the_parts_decides_what_is_small_random_and_trained_for_pixels(plugin):
    method = made(f"{plugin}:seen@2 > {plugin}:bright@2 > {plugin}:seen@1")
    assert method.card.min_size == 4  # 7 of an image twice as large
    assert method.card.random
    assert made(f"{plugin}:bright@2 > {plugin}:seen@1").card.min_size == 7
    assert made("espcn@2 > espcn@2").aims_at_pixels
    assert not made("espcn@1 > perceptual@4").aims_at_pixels


def test_only_the_product_is_supported(plugin):
    method = made("espcn@2 > espcn@3")
    assert [scale for scale in range(1, 9) if method.supports(scale)] == [6]
    with pytest.raises(NotSupportedError, match=r"does not support x4") as caught:
        method.require_scale(4)
    assert "x6" in caught.value.hint


@pytest.mark.parametrize(
    ("spec", "scale", "match"),
    [
        ("espcn@2 > espcn@8", 16, r"espcn@8 in espcn@2 > espcn@8: espcn does not support x8"),
        ("espcn@2 > srgan@2", 4, r"srgan@2 in .*: srgan does not support x2"),
        ("fsrcnn@4 > edsr@1", 4, r"edsr@1 in .*: edsr does not refine an image"),
        ("vdsr@1 > fsrcnn@4", 4, r"vdsr@1 in .*: vdsr does not refine an image"),
        ("{0}:clip@2 > espcn@2", 4, r"clip@2 in .*: clip takes several frames"),
        ("fsrcnn@2 > espcn@4 > vdsr@1", 8, r"vdsr@1 in .*: vdsr does not support x8"),
    ],
)
def test_a_part_that_cannot_is_named(plugin, spec, scale, match):
    method = made(spec.format(plugin))
    assert not method.supports(scale)
    with pytest.raises(NotSupportedError, match=match):
        method.require_scale(scale)


def test_a_part_of_a_wrong_size_is_named(plugin, lr):
    method = ready(f"espcn@2 > {plugin}:small@2")
    with pytest.raises(OutputError, match=r"small@2 in .* returned .*\(1, 1, 40, 52\) instead of"):
        method.upscale(lr[:, :1], 4)


@pytest.mark.parametrize(
    ("spec", "error", "match"),
    [
        ("espnc@2 > espcn@2", UnknownNameError, "did you mean espcn"),
        ("{0}@2 > espcn@2", MethodError, "defines 6 methods"),
        ("gone.py@2 > espcn@2", MethodError, "no plugin file"),
    ],
)
def test_a_part_that_there_is_not(plugin, spec, error, match):
    with pytest.raises(error, match=match):
        plugins.find(spec.format(plugin))


def test_the_identity_is_that_of_the_parts_in_order(plugin, tmp_path):
    own = identity(f"{plugin}:bright@2 > {plugin}:seen@1")
    others = ["{0}:seen@1 > {0}:bright@2", "{0}:bright@2 > {0}:seen@2", "{0}:bright", "espcn@2 > espcn@2"]
    assert len({own, *(identity(spec.format(plugin)) for spec in others)}) == 5
    assert own == identity(f"{plugin}:bright@2>{plugin}:seen@1")
    plugin.write_text(PLUGIN.replace("0.5", "0.6"))
    assert own != identity(f"{plugin}:bright@2 > {plugin}:seen@1")


def test_the_identity_of_a_checkpoint_is_its_contents(tmp_path):
    tensors = made("espcn").module(2).state_dict()
    save_file(tensors, tmp_path / "a.safetensors")
    own = identity(f"espcn={tmp_path}/a.safetensors@2 > bicubic@2")
    save_file({name: value * 2 for name, value in tensors.items()}, tmp_path / "a.safetensors")
    assert identity(f"espcn={tmp_path}/a.safetensors@2 > bicubic@2") != own


def test_what_ships_keeps_its_identity():
    """Methods that a cascade is made of know nothing of it."""
    method = made("espcn@2 > espcn@2")
    assert [plugins.identity(part.plugin, part.method) for part in method.parts] == [identity("espcn")] * 2
    assert method.methods == [method.parts[0].method]


def test_weights_and_trainings_are_those_of_the_parts():
    method = ready("espcn@2 > fsrcnn@2")
    assert {path.stem for path in method.weight_files()} >= {"espcn_x2", "fsrcnn_x2"}
    assert [audit.path.stem for audit in method.load_audits()] == ["espcn_x2", "fsrcnn_x2"]
    parts = [made("espcn").training_facts()[2], made("fsrcnn").training_facts()[2]]
    (facts,) = method.training_facts().values()
    assert facts.steps == sum(part.steps for part in parts) > 0
    assert facts.wall_seconds == sum(part.wall_seconds for part in parts)
    assert facts.images == parts[0].images
    assert made("espcn@2 > espcn@2").training_facts()[4].steps == parts[0].steps  # trained once
    assert made("espcn@2 > bicubic@2").training_facts()[4].steps == parts[0].steps
    assert made("bicubic@2 > nearest@2").training_facts() == {}


def test_precision_is_that_of_the_networks_in_it(lr):
    luma = lr[:, :1, :9, :12]
    whole = ready("fsrcnn@4 > vdsr@1")
    half = whole.in_precision(torch.bfloat16)
    half.prepare(4, MethodContext())
    with torch.no_grad():
        difference = (half.upscale(luma, 4) - whole.upscale(luma, 4)).abs().max()
    assert 0 < difference < 0.1
    assert {p.dtype for part in half.parts for p in part.method.module(4).parameters()} == {torch.bfloat16}
    assert {p.dtype for part in whole.parts for p in part.method.module(4).parameters()} == {torch.float32}
    assert made("bicubic@2 > nearest@2").in_precision(torch.bfloat16) is None
    assert made("bicubic@2 > espcn@2").in_precision(torch.bfloat16) is not None


def test_tiles_and_the_self_ensemble_are_of_the_whole(make_picture):
    luma = torch.from_numpy(make_picture(60, 70, 9)).permute(2, 0, 1)[None, :1].float() / 255
    method = ready("espcn@2 > espcn@2")
    assert reach(method, 4, 65) == 7  # 4 LR pixels of the first, 4 of half that size of the second, and its own
    with torch.no_grad():
        whole = method.upscale(luma, 4)
        tiled = Variant(tile=40).apply(method)
        tiled.prepare(4, MethodContext())
        assert torch.allclose(tiled.upscale(luma, 4), whole, atol=1e-5)
        ensemble = Variant(self_ensemble=True).apply(method).upscale(luma, 4)
        mirrored = Variant(self_ensemble=True).apply(method).upscale(luma.flip(-1), 4).flip(-1)
    assert torch.allclose(ensemble, mirrored, atol=1e-6)
    assert not torch.allclose(ensemble, whole, atol=1e-4)


def test_what_computes_is_the_parts():
    assert [type(method).__name__ for method in cascade.working(made("espcn@2 > fsrcnn@2"))] == ["Espcn", "Fsrcnn"]
    alone = made("espcn")
    assert cascade.working(alone) == (alone,)
