"""Conversion: the tensors are those that were in the file, and the manifest says all that is to be known of them."""

import hashlib
import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from scipy.io import savemat
from torch import nn

from srbench.errors import WeightsError
from srbench.weights import converting


class Net(nn.Module):
    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.conv = nn.Conv2d(2, 3, 3)


PLAIN, AVERAGE = Net(0).state_dict(), Net(1).state_dict()


def converted(path, output, state=""):
    found = converting.convert(path, state)
    beside = converting.write(found, output)
    return load_file(output), json.loads(beside.read_text(encoding="utf-8"))


def test_the_manifest_says_what_was_read_from_which_file_and_what_was_left(tmp_path):
    path = tmp_path / "net.pth"
    torch.save({"params": PLAIN, "params_ema": AVERAGE, "epoch": 7, "net": Net(2), "optimizer": {"state": {}}}, path)
    tensors, manifest = converted(path, tmp_path / "out.safetensors")
    assert all(torch.equal(tensors[name], AVERAGE[name]) for name in AVERAGE)
    (source,) = manifest["sources"]
    assert source["file"] == "net.pth"
    assert source["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source["bytes"] == path.stat().st_size
    assert manifest["state"] == "params_ema"
    assert manifest["other_states"] == ["params", "net"]
    assert manifest["parameters"] == 57
    assert manifest["tensors"] == [
        {"name": "conv.weight", "shape": [3, 2, 3, 3], "type": "float32"},
        {"name": "conv.bias", "shape": [3], "type": "float32"},
    ]
    assert manifest["dropped"] == {
        "params": "a mapping of 2",
        "epoch": "7",
        "net": "a mapping of 2",
        "optimizer": "a mapping of 1",
    }
    with safe_open(tmp_path / "out.safetensors", framework="pt") as file:
        assert file.metadata()["source_sha256"] == source["sha256"]


def test_the_state_that_is_named_is_taken(tmp_path):
    torch.save({"params": PLAIN, "params_ema": AVERAGE}, tmp_path / "net.pth")
    tensors, manifest = converted(tmp_path / "net.pth", tmp_path / "out.safetensors", "params")
    assert torch.equal(tensors["conv.weight"], PLAIN["conv.weight"])
    assert manifest["other_states"] == ["params_ema"]
    with pytest.raises(WeightsError, match=r"holds no state 'ema'; it has: params_ema, params"):
        converting.convert(tmp_path / "net.pth", "ema")


def test_a_file_that_would_run_something_is_converted_and_called_so(tmp_path):
    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / "written"), "w")

    torch.save({"params": PLAIN, "extra": Evil()}, tmp_path / "net.pth")
    tensors, manifest = converted(tmp_path / "net.pth", tmp_path / "out.safetensors")
    assert all(torch.equal(tensors[name], PLAIN[name]) for name in PLAIN)
    assert not (tmp_path / "written").exists()
    (note,) = manifest["notes"]
    assert note.endswith("open where it is unpickled: nothing was run")
    assert manifest["dropped"]["extra"].startswith("an object of")


def test_tensors_that_share_their_numbers_and_views_become_tensors_of_their_own(tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    state = {"a": whole, "b": whole, "turned": whole.t(), "part": whole[1:3, ::2], "one": torch.tensor(3)}
    torch.save(state, tmp_path / "net.pth")
    tensors, _ = converted(tmp_path / "net.pth", tmp_path / "out.safetensors")
    assert all(torch.equal(tensors[name], state[name]) for name in state)


def test_counters_of_profilers_and_what_safetensors_cannot_keep_are_dropped(tmp_path):
    state = {"conv.total_ops": torch.tensor([3.0]), "c": torch.ones(2, dtype=torch.complex128), **PLAIN}
    torch.save(state | {"s": torch.eye(2).to_sparse()}, tmp_path / "net.pth")
    tensors, manifest = converted(tmp_path / "net.pth", tmp_path / "out.safetensors")
    assert tensors.keys() == PLAIN.keys()
    assert manifest["dropped"] == {
        "conv.total_ops": "a counter of a profiler",
        "c": "a tensor of complex128",
        "s": "a tensor that holds no plain numbers",
    }


@pytest.mark.parametrize("suffix", [".bin", ".safetensors"])
def test_parts_become_one_file(tmp_path, suffix):
    from safetensors.torch import save_file

    for number, (name, value) in enumerate(PLAIN.items(), start=1):
        path = tmp_path / f"net-0000{number}-of-00002{suffix}"
        save_file({name: value}, path) if suffix == ".safetensors" else torch.save({name: value}, path)
    first = tmp_path / f"net-00001-of-00002{suffix}"
    assert converting.default_output(first) == tmp_path / "net.safetensors"
    tensors, manifest = converted(first, tmp_path / "out.safetensors")
    assert all(torch.equal(tensors[name], PLAIN[name]) for name in PLAIN)
    assert [source["file"] for source in manifest["sources"]] == [first.name, first.name.replace("1-of", "2-of")]
    (tmp_path / f"net-00002-of-00002{suffix}").unlink()
    with pytest.raises(WeightsError, match="1 are not there"):
        converting.convert(first)


def test_layers_of_matconvnet_are_in_the_manifest(tmp_path):
    weights = np.empty((1, 1), object)
    weights[0, 0] = np.ones((4, 4, 3, 2), np.float32)
    layers = np.empty((1, 1), object)
    layers[0, 0] = {"type": "convt", "name": "up", "weights": weights, "crop": [[0, 1, 0, 1]], "upsample": 2}
    savemat(tmp_path / "net.mat", {"net": {"layers": layers}})
    tensors, manifest = converted(tmp_path / "net.mat", tmp_path / "out.safetensors")
    assert tuple(tensors["up.weight"].shape) == (2, 3, 4, 4)
    assert manifest["layers"] == [
        {
            "name": "up",
            "type": "transposed convolution",
            "weight": [2, 3, 4, 4],
            "upsample": [2],
            "crop": [0, 1, 0, 1],
        }
    ]
    assert "cut the result to [..., :-1, :-1]" in manifest["notes"][0]


def test_weights_that_are_not_a_number_are_named(tmp_path):
    torch.save(PLAIN | {"conv.bias": torch.tensor([0.0, float("nan"), 1.0])}, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=r"holds NaN in 1 of 2 tensors \(conv\.bias\)"):
        converting.convert(tmp_path / "net.pth")


@pytest.mark.parametrize("name", ["net.pth", "net.pth.tar", "net.PKL", "net.mat", "net"])
def test_the_file_is_written_beside_its_source_under_its_name(tmp_path, name):
    assert converting.default_output(tmp_path / name) == tmp_path / "net.safetensors"
