"""Mixed precision: what runs in it, what does not, and that the order of memory changes nothing but rounding."""

import json

import pytest
import torch
from torch import nn

from srbench.errors import TrainingError
from srbench.method import plugins
from srbench.resize import imresize
from srbench.training import Recipe, TrainedMethod, precision
from srbench.training.losses import Batch, Loss, content
from srbench.training.motion import MotionRecipe
from srbench.training.precision import channels_last, cpu_flags, resolved
from srbench.training.session import plan

CPU = torch.device("cpu")
TRAINED = {
    plugin.name: plugins.instantiate(plugin)
    for plugin in plugins.discover()
    if plugin.value is not None and issubclass(plugin.value, TrainedMethod) and isinstance(plugin.value.recipe, Recipe)
}


def trainer(method, folder, output, observer, **changes):
    (job,) = plan(method, [folder], (2,), "cpu", changes, output)
    return job.trainer(observer)


class StopAt:
    def __init__(self, trainer, step):
        self.trainer, self.at = trainer, step

    def step(self, step, loss, psnr, seconds_left):
        self.trainer.stop = step >= self.at


@pytest.mark.parametrize(
    ("by_torch", "flags", "expected"),
    [
        (lambda: True, "fpu", "bfloat16"),
        (lambda: False, "fpu avx512_bf16", "bfloat16"),
        (None, "amx_bf16 amx_tile", "bfloat16"),
        (None, "fpu avx512f", "float32"),
        (None, None, "float32"),
    ],
)
def test_auto_is_what_the_processor_has_products_of(monkeypatch, tmp_path, by_torch, flags, expected):
    name = "_is_avx512_bf16_supported"
    if by_torch is None:
        monkeypatch.delattr(torch.cpu, name, raising=False)
    else:
        monkeypatch.setattr(torch.cpu, name, by_torch, raising=False)
    path = tmp_path / "cpuinfo"
    if flags is not None:
        path.write_text(f"processor\t: 0\nmodel name\t: x\nflags\t\t: {flags}\nprocessor\t: 1\nflags\t\t: {flags}\n")
    monkeypatch.setattr(precision, "cpu_flags", lambda: cpu_flags(path))
    assert resolved("auto", CPU) == expected
    assert resolved("float32", CPU) == "float32"


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), "float32"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")])
def test_auto_on_cuda(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert resolved("auto", torch.device("cuda")) == expected
    assert resolved("float16", torch.device("cuda")) == "float16"


def test_float16_needs_cuda(tiny, folder, tmp_path, observer):
    with pytest.raises(TrainingError, match="precision float16 needs CUDA, not cpu"):
        trainer(tiny, folder, tmp_path, observer, precision="float16")


@pytest.mark.parametrize("optimiser", ["adam", "soap"])
def test_a_resumed_training_in_bfloat16_goes_on_bit_for_bit(tiny, folder, tmp_path, observer, monkeypatch, optimiser):
    """Also where the processor that goes on would have chosen another precision."""
    monkeypatch.setattr(precision, "_multiplies_bfloat16", lambda device: True)
    changes = {"optimiser": optimiser, "precision": "auto"}
    whole = trainer(tiny, folder, tmp_path / "whole", observer, **changes)
    card = json.loads(whole.run(observer).weights.with_suffix(".json").read_text())
    assert (card["precision"], card["recipe"]["precision"]) == ("bfloat16", "auto")
    first = trainer(tiny, folder, tmp_path / "halves", observer, **changes)
    first.run(StopAt(first, 6))
    monkeypatch.setattr(precision, "_multiplies_bfloat16", lambda device: False)
    second = trainer(tiny, folder, tmp_path / "halves", observer, **changes)
    assert second.precision.name == "float32"
    second.resume()
    assert second.precision.name == "bfloat16"
    second.run(observer)
    for key, value in whole.average.items():
        assert torch.equal(value, second.average[key]), key
    single = trainer(tiny, folder, tmp_path / "single", observer, **changes)
    single.run(observer)
    assert not torch.equal(single.average["conv.weight"], whole.average["conv.weight"])


class Watch:
    """The types that a network's convolutions and a loss have seen."""

    def __init__(self, trainer, monkeypatch):
        self.trained, self.validated, self.compared = [], [], []
        network, loss = trainer.network, trainer.loss
        network.conv.register_forward_hook(self._saw)
        monkeypatch.setitem(loss.__class__.__call__.__globals__["PIECES"], "l1", self._l1)

    def _saw(self, module, inputs, output):
        (self.trained if module.training else self.validated).append(output.dtype)

    def _l1(self, batch):
        self.compared.append((batch.sr.dtype, torch.is_autocast_enabled("cpu")))
        return (batch.sr - batch.hr).abs().mean()


def test_what_runs_in_bfloat16_and_what_does_not(tiny, folder, tmp_path, observer, monkeypatch):
    made = trainer(tiny, folder, tmp_path, observer, precision="bfloat16", full_precision_end=0.25)
    watch = Watch(made, monkeypatch)
    made.run(observer)
    assert watch.trained == [torch.bfloat16] * 9 + [torch.float32] * 3
    assert set(watch.validated) == {torch.float32}
    assert watch.compared == [(torch.float32, False)] * 12
    assert {value.dtype for value in made.network.state_dict().values()} == {torch.float32}


def test_without_an_end_in_float32(tiny, folder, tmp_path, observer, monkeypatch):
    made = trainer(tiny, folder, tmp_path, observer, precision="bfloat16", full_precision_end=0.0, steps=3)
    watch = Watch(made, monkeypatch)
    made.run(observer)
    assert watch.trained == [torch.bfloat16] * 3


def steps(method, folder, output, observer, **changes):
    scale = max(method.trained_scales())
    small = {"validation_images": 1, "patch": 16, "shave": 0, "batch": 2, "rescale": [1.0], "steps": 2, **changes}
    if method.card.family == "autoregressive":
        small |= {"patch": 48, "shave": 20}
    if method.takes_range():
        small["patch"] = 8  # of LR: the folder's images are as large as at x4
    if isinstance(method.recipe, MotionRecipe):  # so that what moves stays inside of the small images
        small |= {"shift": 1.0, "tremble": 0.0}
    losses = {name: weight for name, weight in method.recipe.loss if name != "squeeze"}
    if method.recipe.loss:
        small["loss"] = losses or {"l1": 1.0}
    if "adversarial" in losses:
        small["discriminator_width"] = 4
    (job,) = plan(method, [folder], (scale,), "cpu", small, output)
    made = job.trainer(observer)
    for step in range(2):
        made.step = step
        yield made, made._train(*made._batch(step))


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", TRAINED)
def test_every_network_trains_in_bfloat16_and_in_any_order_of_memory(folder, tmp_path, observer, monkeypatch, name):
    method = TRAINED[name]
    last = [made for made, _ in steps(method, folder, tmp_path, observer, precision="float32")][-1]
    assert any(
        p.ndim == 4 and p.shape[1] > 1 and p.is_contiguous(memory_format=torch.channels_last)
        for p in last.network.parameters()
    )
    monkeypatch.setattr("srbench.training.trainer.channels_last", lambda network: None)
    monkeypatch.setattr("srbench.training.adversarial.channels_last", lambda network: None)
    plain = list(steps(method, folder, tmp_path, observer, precision="float32"))
    for (_, loss), (_, other) in zip(
        plain, steps(method, folder, tmp_path, observer, precision="float32"), strict=True
    ):
        assert loss == other  # nothing but the order of memory is different below
    monkeypatch.undo()
    ordered = [loss for _, loss in steps(method, folder, tmp_path, observer, precision="float32")]
    assert ordered == pytest.approx([loss for _, loss in plain], rel=1e-4)
    half = [loss for _, loss in steps(method, folder, tmp_path, observer, precision="bfloat16", full_precision_end=0.0)]
    assert half != ordered
    assert half == pytest.approx(ordered, rel=0.1)


def test_networks_with_tensors_of_five_dimensions_stay_as_they_are():
    network = nn.Sequential(nn.Conv3d(2, 3, 3), nn.Conv2d(2, 3, 3))
    channels_last(network)
    assert network[1].weight.is_contiguous()


@pytest.mark.parametrize("gradient", [False, True])
def test_imresize_leaves_autocast_aside(gradient):
    x = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0)).requires_grad_(gradient)
    alone = imresize(x, 0.5)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(imresize(x, 0.5), alone)


def test_a_loss_under_autocast_is_that_of_float32():
    generator = torch.Generator().manual_seed(0)
    sr, hr = (torch.rand(1, 1, 8, 8, generator=generator, requires_grad=True) for _ in range(2))
    batch = Batch(sr, hr, torch.rand(1, 1, 4, 4, generator=generator), 2)
    loss = Loss([("l1", 1.0), ("cycle", 1.0), ("gradient", 1.0)])
    alone = loss(batch)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(loss(batch), alone)
        features = nn.Conv2d(1, 4, 3)
        assert content(sr, hr, lambda x: [features(x)]).dtype == torch.float32


def test_float16_scales_the_loss_and_clips_the_true_gradient(tiny, folder, tmp_path, observer, monkeypatch):
    """As on CUDA, here on the processor, which is too slow in float16 to be offered it."""
    monkeypatch.setattr("srbench.training.trainer.resolved", lambda name, device: "float16")
    changes = {"clip_norm": 1e-3, "full_precision_end": 0.0}
    whole = trainer(tiny, folder, tmp_path / "whole", observer, **changes)
    norms = []
    clip = nn.utils.clip_grad_norm_
    monkeypatch.setattr("torch.nn.utils.clip_grad_norm_", lambda p, bound: norms.append(clip(p, bound)))
    whole.run(observer)
    assert whole.scaler.get_scale() > 1000
    assert 0 < max(norms) < 10
    halves = trainer(tiny, folder, tmp_path / "halves", observer, **changes)
    halves.run(StopAt(halves, 6))
    halves = trainer(tiny, folder, tmp_path / "halves", observer, **changes)
    halves.resume()
    halves.run(observer)
    assert halves.scaler.state_dict() == whole.scaler.state_dict()
    for key, value in whole.average.items():
        assert torch.isfinite(value).all()
        assert torch.equal(value, halves.average[key]), key


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_mixed_precision_on_cuda(tiny, folder, tmp_path, observer, name):
    (job,) = plan(tiny, [folder], (2,), "cuda", {"precision": name, "steps": 20}, tmp_path)
    made = job.trainer(observer)
    before = made.network.conv.weight.clone()
    assert made.run(observer).finished
    assert made.scaler.is_enabled() == (name == "float16")
    assert torch.isfinite(made.network.conv.weight).all()
    assert not torch.equal(made.network.conv.weight, before)
