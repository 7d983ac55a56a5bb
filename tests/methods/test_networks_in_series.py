"""Networks in series that were trained together, and the one beside them, begin as what they are made of."""

import importlib.util
from pathlib import Path

import pytest
import torch

from srbench.method import MethodContext, plugins

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "scripts" / "start_cascade.py"


@pytest.fixture(scope="module")
def start():
    spec = importlib.util.spec_from_file_location("start_cascade", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.start


def ready(spec):
    method = plugins.instantiate(plugins.find(spec)[0])
    method.prepare(4, MethodContext())
    return method


MADE_OF = [("cascade", "espcn@2 > espcn@2"), ("espcn-wide", "espcn")]
BEGAN_AS = [*MADE_OF, ("vdsr-on-fsrcnn", "fsrcnn"), ("drcn-on-fsrcnn", "fsrcnn")]


@pytest.mark.parametrize(("name", "as_before"), MADE_OF)
def test_a_training_begins_as_what_it_is_made_of(start, make_picture, name, as_before):
    luma = torch.from_numpy(make_picture(9, 12, 4)).permute(2, 0, 1)[None, :1].float() / 255
    luma = luma * 0.8 + 0.1  # between two parts nothing is clipped
    with torch.no_grad():
        begun = start(name).eval()(luma)
        assert torch.allclose(begun, ready(as_before).upscale(luma, 4), atol=2e-5)


@pytest.mark.parametrize("name", ["vdsr", "drcn"])
def test_a_network_on_another_s_image_begins_with_a_part_of_what_it_adds(start, make_picture, name):
    luma = torch.from_numpy(make_picture(9, 12, 4)).permute(2, 0, 1)[None, :1].float() / 255
    luma = luma * 0.6 + 0.2  # between two parts nothing is clipped
    with torch.no_grad():
        before = ready("fsrcnn").upscale(luma, 4)
        added = ready(f"fsrcnn@4 > {name}@1").upscale(luma, 4) - before
        assert added.abs().max() > 0.01
        for part in (0, 0.25, 1):
            begun = start(f"{name}-on-fsrcnn", part).eval()(luma)
            assert torch.allclose(begun, before + part * added, atol=2e-5), part


@pytest.mark.parametrize("name", ["vdsr-on-fsrcnn", "drcn-on-fsrcnn"])
def test_the_first_image_is_of_single_precision_in_a_training_in_bfloat16(start, make_picture, name):
    network, alone = start(name, 0).eval(), ready("fsrcnn").module(4)
    luma = torch.from_numpy(make_picture(9, 12, 4)).permute(2, 0, 1)[None, :1].float() / 255
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        mixed = alone(luma)
        whole = network(luma)
    with torch.no_grad():
        assert mixed.dtype == torch.bfloat16
        assert not torch.equal(mixed.float(), network.first(luma))
        assert torch.allclose(whole, network(luma), atol=1e-6)  # all that follows adds nothing yet


def test_copies_of_a_channel_lead_to_different_things(start):
    """Those that were alike in all would get the same gradients and stay so."""
    second, last = start("espcn-wide").body[2].weight, start("espcn-wide").head.weight
    assert (second[:, 64:128] - second[:, :64]).abs().mean() > 0.1 * second.abs().mean()
    assert (last[:, 32:64] - last[:, :32]).abs().mean() > 0.1 * last.abs().mean()


@pytest.mark.parametrize(("name", "as_before"), BEGAN_AS)
def test_what_ships_is_not_what_it_began_as(make_picture, name, as_before):
    luma = torch.from_numpy(make_picture(9, 12, 4)).permute(2, 0, 1)[None, :1].float() / 255
    with torch.no_grad():
        difference = ready(name).upscale(luma, 4) - ready(as_before).upscale(luma, 4)
    assert 1e-3 < difference.abs().max() < 0.5


@pytest.mark.parametrize(("name", "as_before"), BEGAN_AS)
def test_a_card_does_not_take_a_paper_s_name_and_year_for_what_the_paper_has_not(name, as_before):
    card, part = (plugins.instantiate(plugins.find(spec)[0]).card for spec in (name, as_before.split("@")[0]))
    assert card.paper.startswith("after ")
    assert card.year > part.year
    assert not card.published
