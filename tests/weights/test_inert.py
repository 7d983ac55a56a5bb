"""Pickles read as data: whole modules give their tensors, under every protocol, and nothing in a file is ever run."""

import io
import pickle
import pickletools
import random
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from srbench.errors import WeightsError
from srbench.weights import inert
from srbench.weights.files import load_state
from srbench.weights.inert import Call, DamagedError, Name
from srbench.weights.reading import read_whole


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("passing", torch.ones(2), persistent=False)


class Net(nn.Module):
    """With shared parts, a parameter of its own, and a buffer that no state_dict has."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.body = nn.Sequential(Block(), nn.PReLU(), nn.Conv2d(4, 3, 3))
        self.again = self.body[2]
        self.scale = nn.Parameter(torch.rand(1))


class Writes(nn.Module):
    """A network that writes a file however it is brought to life."""

    def __init__(self, path):
        Path(path).write_text("run")
        super().__init__()
        self.path = str(path)
        self.conv = nn.Conv2d(2, 3, 1)

    def __setstate__(self, state):
        Path(self.path).write_text("run")

    def __reduce_ex__(self, protocol):
        return Writes, (self.path,), self.__dict__


class Optimiser:
    def __init__(self):
        self.defaults = {"lr": 0.1}


def saved(content, protocol, form):
    stream = io.BytesIO()
    if form == "pickle":
        pickle.dump(content, stream, protocol)
    else:
        torch.save(content, stream, pickle_protocol=protocol, _use_new_zipfile_serialization=form == "zip")
    return stream.getvalue()


def same(tensors, state):
    return list(tensors) == list(state) and all(torch.equal(tensors[key], state[key]) for key in state)


FORMS = [
    *((form, protocol) for form in ("zip", "legacy") for protocol in (2, 3, 4, 5)),
    *(("pickle", p) for p in range(6)),
]


@pytest.mark.parametrize(("form", "protocol"), FORMS)
def test_a_whole_module_gives_the_tensors_of_its_state_dict_in_their_order(tmp_path, form, protocol):
    net = Net()
    (tmp_path / "net.pth").write_bytes(saved(net, protocol, form))
    tensors, _ = load_state(tmp_path / "net.pth")
    assert same(tensors, net.state_dict())
    assert read_whole(tmp_path / "net.pth").format == f"PyTorch, a pickled {__name__}.Net"


@pytest.mark.parametrize(("form", "protocol"), FORMS)
def test_a_module_of_a_class_that_would_write_a_file_gives_its_tensors_and_runs_nothing(tmp_path, form, protocol):
    written = tmp_path / "written"
    net = Writes(written)
    data = saved({"epoch": 3, "model": net}, protocol, form)
    written.unlink()
    if form == "pickle":  # that it would
        pickle.loads(data)
        assert written.exists()
        written.unlink()
    (tmp_path / "net.pth").write_bytes(data)
    tensors, state = load_state(tmp_path / "net.pth")
    assert state == "model"
    assert same(tensors, net.state_dict())
    assert not written.exists()


def test_a_wrapped_module_gives_those_of_the_network(tmp_path):
    net = Net()
    torch.save(nn.DataParallel(net), tmp_path / "net.pth")
    assert same(load_state(tmp_path / "net.pth")[0], net.state_dict())


class OldParameter:
    """As torch wrote parameters until 2018: what is set afterwards stands behind."""

    def __init__(self, data):
        self.data = data

    def __reduce__(self):
        return nn.Parameter, (self.data,), (False, False, OrderedDict())


class OldTensor:
    """As torch 0.1 wrote tensors: storage, place, size and strides, no more."""

    def __init__(self, data):
        self.data = data

    def __reduce__(self):
        own = self.data
        return torch._utils._rebuild_tensor, (
            own._typed_storage(),
            own.storage_offset(),
            tuple(own.shape),
            own.stride(),
        )


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_modules_of_old_versions_of_torch_are_read(tmp_path, form):
    net = nn.Conv2d(2, 3, 3)
    state = net.state_dict()
    net._parameters = {name: OldParameter(OldTensor(value.detach())) for name, value in net._parameters.items()}
    (tmp_path / "net.pth").write_bytes(saved(net, 2, form))
    assert same(load_state(tmp_path / "net.pth")[0], state)


def test_a_module_beside_an_optimiser_is_found_and_what_is_left_out_is_said(tmp_path):
    net = Net()
    torch.save({"optim": Optimiser(), "net": net, "ema": Net(seed=1), "note": "x"}, tmp_path / "net.pth")
    tensors, state = load_state(tmp_path / "net.pth")
    assert state == "ema"
    assert same(tensors, Net(seed=1).state_dict())
    assert read_whole(tmp_path / "net.pth").dropped == {"optim": f"an object of {__name__}.Optimiser"}


def test_tensors_of_every_kind_of_number_are_as_they_were(tmp_path):
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16]
    kinds += [torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128, torch.uint16, torch.float8_e4m3fn]
    state = {str(kind): torch.tensor([[0, 1, 2], [3, 4, 5]]).to(kind) for kind in kinds}
    state |= {"view": torch.arange(12.0).reshape(3, 4)[1:, ::2], "empty": torch.zeros(0, 3), "one": torch.tensor(7.5)}
    torch.save({"params": state, "object": Block()}, tmp_path / "w.pth")
    tensors = read_whole(tmp_path / "w.pth").content["params"]
    assert [value.dtype for value in tensors.values()] == [value.dtype for value in state.values()]
    assert all(torch.equal(tensors[key].to(torch.complex128), state[key].to(torch.complex128)) for key in state)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_tensors_that_hold_no_plain_numbers_are_named(tmp_path):
    odd = {
        "sparse": torch.eye(3).to_sparse(),
        "quantised": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "meta": torch.ones(2, device="meta"),
        "plain": torch.ones(2),
        "object": Block(),
    }
    torch.save(odd, tmp_path / "w.pth")
    found = read_whole(tmp_path / "w.pth")
    assert set(found.dropped) == {"sparse", "quantised", "meta"}
    assert torch.equal(found.content["plain"], torch.ones(2))


def test_containers_of_python_keep_what_they_hold():
    content = {
        "ordered": OrderedDict(a=1, b=[2.5, None, True]),
        "default": defaultdict(list, x=["y"]),
        "counter": Counter("aab"),
        "set": {3},
        "bytes": b"\x00\xff",
        "array": bytearray(b"\x01"),
        "long": 2**100,
        "nested": ({"k": "é\n"}, ()),
    }
    for protocol in range(6):
        found = inert.load(io.BytesIO(pickle.dumps(content, protocol)), set())
        assert found == content | {"set": [3]}, protocol


def test_what_would_be_called_is_written_down():
    names = set()
    found = inert.load(io.BytesIO(pickle.dumps({"a": np.float64(2), "b": print}, 4)), names)
    assert isinstance(found["a"], Call)
    assert found["b"] == Name("builtins.print")
    assert {"builtins.print", "numpy.dtype"} <= names


def test_a_module_that_is_a_part_of_itself_is_damage(tmp_path):
    net = nn.Sequential(nn.Conv2d(1, 1, 1))
    net._modules["1"] = net
    torch.save(net, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"not an intact checkpoint \(a module that is a part of itself\)"):
        load_state(tmp_path / "w.pth")


def test_no_sequence_of_instructions_runs_anything_or_ends_in_another_error(tmp_path):
    """Random programs, and changed ones of a network: what they do is an object or damage."""
    rng = random.Random(1)
    codes = [code.code.encode("latin-1") for code in pickletools.opcodes]
    usual = [b"K\x01", b"cos\nsystem\n", b"(", b"t", b"R"]
    intact = pickle.dumps({"net": Net(), "evil": _Evil(tmp_path / "written")}, 2)
    objects, damage = 0, []
    for number in range(1000):
        if number % 2:
            program = b"".join(rng.choice([rng.choice(codes), *usual]) for _ in range(12))
        else:
            data = bytearray(intact)
            for _ in range(rng.randint(1, 8)):
                data[rng.randrange(len(data))] = rng.choice([rng.randrange(256), rng.choice(codes)[0]])
            program = bytes(data)
        try:
            inert.load(io.BytesIO(program + b"."), set())
            objects += 1
        except DamagedError as error:
            damage.append(str(error))
    assert objects > 30
    assert len(damage) > 300
    assert [text for text in damage if "\n" in text] == []
    assert not (tmp_path / "written").exists()


class _Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")
