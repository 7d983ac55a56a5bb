"""Every kind of weight file, with every usual nesting in it: the tensors come out under their own names."""

import io
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import nn

from srbench.weights.files import load_state, load_states
from srbench.weights.reading import read_whole


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.head = nn.Conv2d(3, 4, 3)
        self.body = nn.ModuleList([nn.Conv2d(4, 4, 3), nn.PReLU()])

    def forward(self, x):
        return self.body[1](self.body[0](self.head(x)))


NET = Net()
STATE = {name: value.clone() for name, value in NET.state_dict().items()}


def prefixed(*prefixes):
    return {f"{prefix}{name}": value for prefix in prefixes for name, value in STATE.items()}


# What a file holds, and what its state is then called.
NESTINGS = {
    "flat": (STATE, "top level"),
    "state_dict": ({"state_dict": STATE, "epoch": 3}, "state_dict"),
    "params_ema": ({"params": {name: value + 1 for name, value in STATE.items()}, "params_ema": STATE}, "params_ema"),
    "DataParallel": (prefixed("module."), "module"),
    "torch.compile": (prefixed("_orig_mod."), "_orig_mod"),
    "Lightning": ({"state_dict": prefixed("model."), "hyper_parameters": {"lr": 0.1}}, "state_dict.model"),
    "GAN": ({"generator": STATE, "discriminator": {"weight": torch.ones(3)}}, "generator"),
    "model": ({"model": STATE, "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}}}, "model"),
    "deep": ({"trainer": {"networks": [{"net_g": prefixed("module.")}]}}, "trainer.networks.0.net_g.module"),
    "params in module": ({"params": prefixed("module.")}, "params.module"),
}


def torch_saved(**options):
    def write(content):
        stream = io.BytesIO()
        torch.save(content, stream, **options)
        return stream.getvalue()

    return write


def arrays(content):
    if isinstance(content, dict):
        return {name: arrays(value) for name, value in content.items()}
    if isinstance(content, list):
        return [arrays(value) for value in content]
    return content.numpy() if isinstance(content, torch.Tensor) else content


def npz(content):
    stream = io.BytesIO()
    np.savez(stream, **arrays(content))
    return stream.getvalue()


def npy(content):
    stream = io.BytesIO()
    np.save(stream, arrays(content))
    return stream.getvalue()


# By suffix, in the case in which people write it too: torch does not mind, and so many files are called otherwise.
FORMATS = {
    "pth": (".pth", torch_saved()),
    "PT": (".PT", torch_saved()),
    "ckpt": (".ckpt", torch_saved()),
    "bin": (".bin", torch_saved()),
    "pth.tar": (".pth.tar", torch_saved(_use_new_zipfile_serialization=False)),
    "legacy": (".Pth", torch_saved(_use_new_zipfile_serialization=False)),
    "protocol 4": (".pth", torch_saved(pickle_protocol=4)),
    "legacy, protocol 5": (".ckpt", torch_saved(pickle_protocol=5, _use_new_zipfile_serialization=False)),
    "pickle": (".pkl", pickle.dumps),
    "pickle, protocol 2": (".PKL", lambda content: pickle.dumps(content, 2)),
    "pickle of arrays": (".pkl", lambda content: pickle.dumps(arrays(content))),
    "npz": (".npz", npz),
    "npy": (".npy", npy),
}


@pytest.mark.parametrize("nesting", NESTINGS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_nesting_comes_out_of_every_format(tmp_path, form, nesting):
    (suffix, write), (content, called) = FORMATS[form], NESTINGS[nesting]
    path = tmp_path / f"net{suffix}"
    path.write_bytes(write(content))
    found = {state.name: state.tensors for state in load_states(path)}
    assert list(found[called]) == list(STATE)
    assert all(torch.equal(found[called][name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("nesting", ["flat", "DataParallel", "torch.compile"])
@pytest.mark.parametrize("suffix", [".safetensors", ".SafeTensors", ".bin", ".pth"])
def test_safetensors_are_told_by_their_content(tmp_path, suffix, nesting):
    content, called = NESTINGS[nesting]
    (tmp_path / f"net{suffix}").write_bytes(save(content))
    tensors, state = load_state(tmp_path / f"net{suffix}")
    assert state == called
    assert all(torch.equal(tensors[name], STATE[name]) for name in STATE)


@pytest.mark.filterwarnings("ignore:.torch.jit")
@pytest.mark.parametrize("suffix", [".pt", ".ts", ".pth"])
def test_torchscript_gives_the_tensors_of_the_network(tmp_path, suffix):
    torch.jit.script(NET).save(tmp_path / f"net{suffix}")
    tensors, state = load_state(tmp_path / f"net{suffix}")
    assert state == "top level"
    assert list(tensors) == list(STATE)
    assert all(torch.equal(tensors[name], STATE[name]) for name in STATE)


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_a_frozen_program_gives_its_constants_by_number(tmp_path):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 3)).eval()
    frozen = torch.jit.freeze(torch.jit.script(net))
    frozen.save(tmp_path / "net.pt")
    tensors, _ = load_state(tmp_path / "net.pt")
    assert all(name.startswith("c") for name in tensors)
    for value in net.state_dict().values():
        assert any(torch.equal(value, other) for other in tensors.values())
    assert read_whole(tmp_path / "net.pt").notes == (
        "it is a frozen program: its tensors have numbers in place of names",
    )


def test_tensors_without_names_have_their_places(tmp_path):
    values = [value.numpy() for value in STATE.values()]
    np.savez(tmp_path / "a.npz", params=np.array(values, dtype=object))  # as TensorLayer saves a network
    torch.save(list(STATE.values()), tmp_path / "b.pth")
    for path in (tmp_path / "a.npz", tmp_path / "b.pth"):
        tensors, _ = load_state(path)
        assert list(tensors) == [str(place) for place in range(len(STATE))]
        assert all(torch.equal(value, other) for value, other in zip(tensors.values(), STATE.values(), strict=True))


@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", "<i8", ">i2", "|u1", "|b1", "<u2", "<u4", "<c8"])
def test_arrays_of_every_kind_and_order_of_bytes_are_read(tmp_path, kind):
    values = np.arange(6).reshape(2, 3).astype(kind)
    np.savez(tmp_path / "a.npz", c=values, fortran=np.asfortranarray(values), one=values[1, 2], none=values[:0])
    tensors, _ = load_state(tmp_path / "a.npz")
    assert np.array_equal(tensors["c"].numpy(), values)
    assert torch.equal(tensors["fortran"], tensors["c"])
    assert tuple(tensors["one"].shape) == ()
    assert tuple(tensors["none"].shape) == (0, 3)
