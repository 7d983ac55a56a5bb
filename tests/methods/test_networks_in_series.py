"""Networks of two in series that were trained together begin as the two that they are made of."""

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


@pytest.mark.parametrize(
    ("name", "as_before"),
    [("cascade", "espcn@2 > espcn@2")],
)
def test_a_training_begins_as_what_it_is_made_of(start, make_picture, name, as_before):
    luma = torch.from_numpy(make_picture(9, 12, 4)).permute(2, 0, 1)[None, :1].float() / 255
    luma = luma * 0.8 + 0.1  # between two parts nothing is clipped
    with torch.no_grad():
        begun = start(name).eval()(luma)
        assert torch.allclose(begun, ready(as_before).upscale(luma, 4), atol=2e-5)


@pytest.mark.parametrize(("name", "as_before"), [("cascade", "espcn@2 > espcn@2")])
def test_what_ships_is_not_what_it_began_as(make_picture, name, as_before):
    luma = torch.from_numpy(make_picture(9, 12, 4)).permute(2, 0, 1)[None, :1].float() / 255
    with torch.no_grad():
        difference = ready(name).upscale(luma, 4) - ready(as_before).upscale(luma, 4)
    assert 1e-3 < difference.abs().max() < 0.5
