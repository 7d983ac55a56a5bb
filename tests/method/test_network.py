"""What a network declares of itself: how it is fed, what files call its tensors, that it has no weights."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from srbench.errors import MethodError, NotSupportedError, WeightsError
from srbench.method import MethodCard, MethodContext, TorchMethod, plugins
from srbench.method.base import prepare
from srbench.registry import Found

MEAN = (0.5, 0.25, 0.125)
LR = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(1))


class Witness(nn.Module):
    """Enlarges by 2, and remembers what it was fed."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.fed = torch.zeros(0)

    def forward(self, lr: Tensor) -> Tensor:
        self.fed = lr
        return nn.functional.interpolate(lr, scale_factor=2)


class Net(TorchMethod):
    card = MethodCard("witness", "Witness", 2024, "cnn", "none", "rgb", scales=(2, 4), size="one layer")

    def build(self, scale: int) -> nn.Module:
        return Witness()


def made(**fields: object) -> TorchMethod:
    method = type("Net", (Net,), fields)()
    prepare(method, 2, MethodContext())
    return method  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("fields", "fed"),
    [
        ({}, LR),
        ({"input_range": 255.0}, LR * 255),
        ({"channel_order": "BGR"}, LR.flip(1)),
        ({"mean": MEAN}, LR - torch.tensor(MEAN).reshape(1, 3, 1, 1)),
        ({"mean": MEAN, "input_range": 255.0}, (LR - torch.tensor(MEAN).reshape(1, 3, 1, 1)) * 255),
    ],
)
def test_the_network_is_fed_as_it_was_trained_and_its_image_is_in_the_contract(
    fields: dict[str, object], fed: Tensor
) -> None:
    method = made(**fields)
    sr = method.upscale(LR, 2)
    assert torch.allclose(method.module(2).fed, fed)  # type: ignore[arg-type]
    assert torch.allclose(sr, nn.functional.interpolate(LR, scale_factor=2), atol=1e-6)


def test_convolutions_fill_the_border_as_declared() -> None:
    assert made(padding="reflect").module(2).first.padding_mode == "reflect"  # type: ignore[union-attr]
    assert made().module(2).first.padding_mode == "zeros"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"channel_order": "GBR"}, "channel_order = 'GBR' is not 'RGB' or 'BGR'"),
        ({"input_range": 0.0}, "input_range = 0.0 is not what white is"),
    ],
)
def test_a_feeding_that_there_is_not_is_said(fields: dict[str, object], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        made(**fields).upscale(LR, 2)
    with pytest.raises(MethodError, match="padding = 'mirror' is not one of zeros, replicate, reflect, circular"):
        made(padding="mirror")


def test_another_feeding_is_another_method() -> None:
    def identity(**fields: object) -> str:
        cls = type("Net", (Net,), fields)
        return plugins.identity(Found("method", "witness", "here", None, cls), cls())

    several = [{}, {"input_range": 255.0}, {"channel_order": "BGR"}, {"mean": MEAN}, {"padding": "reflect"}]
    assert len({identity(**fields) for fields in several}) == 5


def test_weights_are_found_under_the_names_of_the_table(tmp_path: Path) -> None:
    weight, bias = torch.rand(3, 3, 3, 3), torch.rand(3)
    torch.save({"module.conv_in.weight": weight, "module.conv_in.bias": bias}, tmp_path / "w.pth")
    fields = {"weights": {2: "w.pth"}, "source": tmp_path / "net.py"}
    with pytest.raises(WeightsError, match="does not fit the network"):
        made(**fields)
    method = made(**fields, rename=((r"^conv_in\.", "first."),))
    assert torch.equal(method.module(2).first.weight, weight)  # type: ignore[union-attr]
    assert "2 tensors matched by name, by the method's rename table" in str(method.load_audits()[0])


def test_the_size_of_a_network_is_read_from_its_tensors() -> None:
    state = Witness().state_dict()
    sized = Net.from_state(state)
    assert (sized.scales, sized.size) == ((2, 4), "one layer")
    assert sized.build(2).load_state_dict(state)
    renamed = {name.replace("first", "conv"): tensor for name, tensor in state.items()}
    assert Net.from_state(renamed).scales == (2, 4)
    with pytest.raises(WeightsError, match=r"these are not the tensors of witness \(one layer\)"):
        Net.from_state({**state, "second.weight": torch.zeros(1)})


def test_a_network_without_weights_asks_for_some(tmp_path: Path) -> None:
    method = type("Net", (Net,), {"needs_weights": True})()
    assert not method.supports(2)
    with pytest.raises(NotSupportedError, match="witness comes without weights") as caught:
        method.require_scale(2)
    assert "--methods witness=FILE" in caught.value.hint
    with pytest.raises(NotSupportedError, match="does not support x3"):
        method.require_scale(3)
    brought = type("Net", (Net,), {"needs_weights": True, "weights": {2: "w.pth"}, "source": tmp_path / "n.py"})()
    assert brought.supports(2)
    assert not brought.supports(4)
