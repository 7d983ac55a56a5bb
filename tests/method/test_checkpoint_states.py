"""Which of the states in a checkpoint is a method, by the numbers that it scores."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from srbench.errors import SrbenchError, WeightsError
from srbench.method import plugins
from srbench.method.checkpoint import method_from
from srbench.results.reader import Reader

# What spandrel and its dependencies warn of on import is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")
CHECKPOINTS = os.environ.get("SRBENCH_CHECKPOINTS", "")


def compact(seed, scale=2):
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

    torch.manual_seed(seed)
    return SRVGGNetCompact(num_feat=8, num_conv=2, upscale=scale).state_dict()


def prefixed(prefix, state):
    return {f"{prefix}{key}": value for key, value in state.items()}


# What a file holds of the average A and of the weights as they are, B.
HOLDERS = {
    "params_ema": lambda a, b: {"params": b, "params_ema": a},
    "ema": lambda a, b: {"model": b, "ema": a},
    "model_ema": lambda a, b: {"model": b, "model_ema": a},
    "state_dict_ema": lambda a, b: {"state_dict": b, "state_dict_ema": a},
    "generator_ema": lambda a, b: {"generator": b, "generator_ema": a},
    "ema_net": lambda a, b: {"net": b, "ema_net": a},
    "DataParallel": lambda a, b: {"model": prefixed("module.", b), "ema": prefixed("module.", a)},
    "compiled": lambda a, b: {"model": prefixed("_orig_mod.module.", b), "ema": prefixed("_orig_mod.module.", a)},
    "Lightning": lambda a, b: {"state_dict": prefixed("model.", b) | prefixed("ema_model.", a)},
    "mmagic": lambda a, b: {"state_dict": prefixed("generator.", b) | prefixed("generator_ema.", a)},
    "SWA": lambda a, b: {"model": b, "swa": prefixed("module.", a) | {"n_averaged": torch.tensor(7)}},
    "flat": lambda a, b: prefixed("params.", b) | prefixed("params_ema.", a),
}


@pytest.fixture
def psnr(tmp_path, go, scores):
    """PSNR of every image with a checkpoint of this content."""

    def measure(content, suffix=".pth", state=""):
        path = tmp_path / f"net{suffix}"
        if suffix == ".safetensors":
            save_file(content, path)
        else:
            torch.save(content, path)
        out = tmp_path / f"results-{len(list(tmp_path.iterdir()))}"
        go(f"{path}#{state}" if state else str(path), metrics=("psnr",), out=out)
        return [value for _, value in sorted(scores(out).items())]

    return measure


def test_the_average_is_scored_under_every_name(psnr):
    a, b = compact(1), compact(2)
    expected, other = psnr(a), psnr(b)
    assert expected != other
    for name, hold in HOLDERS.items():
        assert psnr(hold(a, b)) == expected, name
    assert psnr(HOLDERS["flat"](a, b), ".safetensors") == expected
    assert psnr(HOLDERS["flat"](a, b), ".safetensors", "params") == other
    assert psnr(HOLDERS["ema"](a, b), state="model") == other
    assert psnr(HOLDERS["ema"](a, b), ".PTH") == expected


@pytest.mark.data("set5")
@pytest.mark.skipif(not CHECKPOINTS, reason="SRBENCH_CHECKPOINTS names no folder of published checkpoints")
@pytest.mark.parametrize("name", ["generator_ema", "Lightning"])
@pytest.mark.sampled(2)
def test_a_published_checkpoint_as_an_average_scores_its_published_value(tmp_path, go, scores, name):
    published = method_from(Path(CHECKPOINTS) / "DITN_Real_x4.pth")
    a = published.descriptor.model.state_dict()
    b = {key: value + 0.01 * torch.ones_like(value) for key, value in a.items()}
    torch.save(HOLDERS[name](a, b), tmp_path / "ditn.pth")
    go(str(tmp_path / "ditn.pth"), datasets=("set5",), scales=(4,), metrics=("psnr",))
    values = list(scores().values())
    assert len(values) == 5
    assert sum(values) / 5 == pytest.approx(32.10, abs=0.005)


def test_runs_say_which_state_was_taken_and_that_there_were_others(tmp_path, go, results):
    torch.save({"params": compact(2), "params_ema": compact(1)}, tmp_path / "net.pth")
    notes = []

    class Notes:
        note = staticmethod(notes.append)
        begin = done = staticmethod(lambda *_: None)

    go(str(tmp_path / "net.pth"), metrics=("psnr",), observer=Notes())
    (note,) = [note for note in notes if "net.pth" in note]
    assert "state 'params_ema' of those in it (too: params; --state NAME chooses)" in note
    with Reader(results) as reader:
        (method,) = reader.runs()[0].manifest["methods"]
    assert "state 'params_ema' (there too: params)" in method["loads"][0]
    (file,) = method["weight_files"]
    assert (file["state"], file["others"], file["shipped"]) == ("params_ema", ["params"], False)


def test_another_state_is_another_method_with_another_name(tmp_path):
    path = tmp_path / "net.pth"
    torch.save({"params": compact(2), "params_ema": compact(1)}, path)
    found = [plugins.find(spec)[0] for spec in (str(path), f"{path}#params", f"{path}#params_ema")]
    assert [plugin.name for plugin in found] == ["net", "net#params", "net#params_ema"]
    assert len({plugins.identity(plugin, plugins.instantiate(plugin)) for plugin in found}) == 3
    with pytest.raises(WeightsError, match=r"has no state 'ema'; it has: params_ema, params"):
        plugins.find(f"{path}#ema")


def test_both_states_stand_in_one_table_also_from_worker_processes(tmp_path, go, scores):
    path = tmp_path / "net.pth"
    torch.save({"params": compact(2), "params_ema": compact(1)}, path)
    go(str(path), f"{path}#params", metrics=("psnr",), threads=2)
    values = scores()
    assert all(values["net", image, "psnr"] != values["net#params", image, "psnr"] for image in "abc")


def test_a_file_with_the_mark_in_its_name_is_a_file(tmp_path):
    path = tmp_path / "a.pth#2.pth"
    torch.save(compact(1), path)
    assert plugins.split_state(str(path)) == (str(path), "")
    assert plugins.find(str(path))[0].name == "a.pth#2"


def test_a_state_is_put_behind_every_checkpoint():
    specs = ("bicubic", "a.pth", "b.PT", "mine=c.ckpt", "d.pth#ema", "e.py")
    assert plugins.in_state(specs, "") == specs
    expected = ("bicubic", "a.pth#x", "b.PT#x", "mine=c.ckpt#x", "d.pth#ema", "e.py")
    assert plugins.in_state(specs, "x") == expected
    with pytest.raises(SrbenchError, match="none of the methods is a checkpoint"):
        plugins.in_state(("bicubic", "e.py"), "x")


@pytest.mark.parametrize("dtype", [torch.int8, torch.complex64])
def test_weights_of_another_kind_of_number_are_refused(tmp_path, dtype):
    state = compact(1)
    key = next(key for key in state if key.endswith("bias"))
    torch.save(state | {key: torch.ones_like(state[key]).to(dtype)}, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=f"{key} is {str(dtype).removeprefix('torch.')}, not float32"):
        method_from(tmp_path / "net.pth")


def test_weights_that_are_not_a_number_are_called_so(tmp_path):
    state = compact(1)
    torch.save({key: value * float("nan") for key, value in state.items()}, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="holds NaN in"):
        method_from(tmp_path / "net.pth")


def test_double_precision_is_rounded(tmp_path):
    torch.save({key: value.double() + 1e-12 for key, value in compact(1).items()}, tmp_path / "net.pth")
    assert method_from(tmp_path / "net.pth").audit.complete


def test_a_plugin_says_which_state_of_its_weights_it_wants(tmp_path, go, scores):
    text = """\
from torch import nn, ones
from srbench.method import MethodCard, TorchMethod
from srbench.resize import imresize

class Gain(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(ones(1))

    def forward(self, lr):
        return self.gain * imresize(lr, 2)

class Mine(TorchMethod):
    card = MethodCard(name={name!r}, title="Mine", year=2026, family="cnn", paper="none", colour="luma", scales=(2,))
    weights = {{2: "mine.pth"}}
    {state}

    def build(self, scale):
        return Gain()
"""
    torch.save({"params": {"gain": torch.tensor([0.5])}, "params_ema": {"gain": torch.ones(1)}}, tmp_path / "mine.pth")
    specs = []
    for name, state in (("mean", ""), ("raw", 'state = "params"')):
        specs.append(str(tmp_path / f"{name}.py"))
        Path(specs[-1]).write_text(text.format(name=name, state=state))
    go(*specs, "bicubic", metrics=("psnr",), protocol="classic")
    values = scores()
    assert values["mean", "a", "psnr"] == pytest.approx(values["bicubic", "a", "psnr"], abs=1e-3)
    assert values["raw", "a", "psnr"] < 15
