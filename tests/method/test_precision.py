"""Networks in half precision: what is cast, what is not, and what is not supported."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from srbench.errors import NotSupportedError, SrbenchError, UnknownNameError
from srbench.method import MethodCard, MethodContext, TorchMethod, plugins
from srbench.method.base import prepare
from srbench.method.precision import cast
from srbench.method.variant import Variant
from srbench.method.wrappers import bare, precision_of
from srbench.records import label, labels

HALF = {"fp16": torch.float16, "bf16": torch.bfloat16}


class Net(nn.Module):
    def __init__(self, body=None):
        super().__init__()
        self.convolution = nn.Conv2d(3, 12, 3, padding=1)
        self.register_buffer("steps", torch.tensor(7))
        self.body, self.seen = body, []

    def forward(self, lr):
        self.seen.append(lr.dtype)
        own = self.convolution(lr)
        return functional.pixel_shuffle(own if self.body is None else self.body(own), 2)


class Own(TorchMethod):
    card = MethodCard(name="own", title="", year=2026, family="cnn", paper="", colour="rgb", scales=(2,))
    body = None

    def build(self, scale):
        torch.manual_seed(5)
        return Net(self.body)


def prepared(method, precision, scale=2):
    varied = Variant(precision=precision).apply(method)
    prepare(varied, scale, MethodContext())
    return varied


@pytest.fixture
def lr():
    return torch.rand((1, 3, 9, 7), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("precision", HALF)
def test_weights_and_input_are_cast_and_the_output_is_that_of_the_network_as_a_user_casts_it(lr, precision):
    method = prepared(Own(), precision)
    with torch.no_grad():
        found = method.upscale(lr, 2)
        network = copy.deepcopy(Own().module(2)).to(HALF[precision])
        expected = network(lr.to(HALF[precision]))
        full = Own().module(2)(lr)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected.float())
    assert not torch.equal(found, full)
    assert torch.allclose(found, full, atol=0.05)
    own = bare(method).module(2)
    assert own.seen == [HALF[precision]]
    assert {p.dtype for p in own.parameters()} == {HALF[precision]}
    assert own.steps.dtype == torch.int64


def test_the_method_in_fp32_keeps_its_network(lr):
    plain = Own()
    before = prepared(plain, "fp32").upscale(lr, 2)
    half = prepared(plain, "bf16").upscale(lr, 2)
    assert not torch.equal(half, before)
    assert torch.equal(prepared(plain, "fp32").upscale(lr, 2), before)
    assert {p.dtype for p in plain.module(2).parameters()} == {torch.float32}
    assert (precision_of(prepared(plain, "bf16")), precision_of(prepared(plain, "fp32"))) == ("bf16", "fp32")


def test_a_self_ensemble_in_tiles_is_computed_in_half_precision_too(lr):
    found = Variant(tile=16, self_ensemble=True, precision="bf16").apply(Own())
    prepare(found, 2, MethodContext())
    assert found.upscale(lr, 2).dtype == torch.float32
    assert set(bare(found).module(2).seen) == {torch.bfloat16}


def test_what_has_no_network_is_the_same_in_every_precision(lr):
    bicubic = plugins.instantiate(plugins.find("bicubic")[0])
    found = prepared(bicubic, "fp16")
    assert precision_of(found) == "fp32"
    assert bare(found) is bicubic
    assert torch.equal(found.upscale(lr, 2), bicubic.upscale(lr, 2))


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (lambda x: x + torch.linalg.inv(x[..., :7, :7]).mean(), "(dtype|Half)"),
        (lambda x: functional.conv2d(x, torch.ones(12, 12, 1, 1)), "type"),
    ],
    ids=["no such operation", "two types"],
)
def test_an_operation_without_the_type_is_not_supported(lr, body, cause):
    own = type("Lacking", (Own,), {"body": staticmethod(body)})
    assert torch.isfinite(prepared(own(), "fp32").upscale(lr, 2)).all()
    with pytest.raises(NotSupportedError, match=f"own does not compute in fp16 on cpu: .*{cause}"):
        prepared(own(), "fp16").upscale(lr, 2)


@pytest.mark.parametrize("error", [RuntimeError("boom"), ValueError("dtype"), SrbenchError("dtype")])
def test_other_errors_of_a_network_are_its_own(lr, error):
    def fail(x):
        raise error

    own = type("Failing", (Own,), {"body": staticmethod(fail)})
    with pytest.raises(type(error)) as caught:
        prepared(own(), "bf16").upscale(lr, 2)
    assert caught.value is error


def test_what_a_network_is_given_and_returns_may_be_nested():
    class Nested(nn.Module):
        def forward(self, images, *, more):
            kinds = [images[0].dtype, images[1].dtype, more["mask"].dtype]
            return {"sr": (images[0],), "kinds": kinds}

    found = cast(Nested(), torch.bfloat16)([torch.zeros(1), torch.zeros(1).long()], more={"mask": torch.zeros(1)})
    assert found["kinds"] == [torch.bfloat16, torch.int64, torch.bfloat16]
    assert found["sr"][0].dtype == torch.float32


@pytest.mark.filterwarnings("ignore")  # of spandrel's import
def test_checkpoints_are_cast(lr, tmp_path):
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

    torch.manual_seed(3)
    network = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2).eval()
    torch.save(network.state_dict(), tmp_path / "net.pth")
    method = plugins.instantiate(plugins.find(str(tmp_path / "net.pth"))[0])
    half, full = (prepared(method, precision).upscale(lr, 2) for precision in ("bf16", "fp32"))
    with torch.no_grad():
        assert torch.equal(half, network.bfloat16()(lr.bfloat16()).float().clamp(0, 1))
    assert not torch.equal(half, full)
    assert {p.dtype for p in method.descriptor.model.parameters()} == {torch.float32}


def test_the_precision_is_in_the_key_and_behind_the_name():
    variant = Variant(precision="fp16")
    assert variant.key == '{"precision": "fp16"}'
    assert Variant(precision="fp32").key == ""
    assert label("edsr", variant.key) == "edsr (fp16)"
    assert label("edsr", Variant(32, True, "bf16").key) == "edsr+ (bf16) (tile 32)"
    assert labels([("edsr (fp16)", ""), ("edsr", variant.key)])["edsr", variant.key] == "edsr (precision fp16)"


def test_an_unknown_precision_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown precision 'float16'; did you mean fp16"):
        Variant(precision="float16")
