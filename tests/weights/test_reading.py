"""Weight files that are damaged, hostile, or not weights at all: one line each, and nothing is run."""

import io
import pickle
import random
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from srbench.errors import WeightsError
from srbench.method import plugins
from srbench.weights.files import load_into, load_state

STATE = {"weight": torch.arange(12.0).reshape(2, 1, 2, 3), "bias": torch.ones(2)}
NUMBERS = {
    "float64": np.float64(31.25),
    "float32": np.float32(2.5),
    "int64": np.int64(7),
    "bool": np.bool_(True),
    "str": np.str_("x"),
    "array": np.arange(3.0),
    "random state": np.random.RandomState(1).get_state(),  # as trainers keep it
}


def network():
    return nn.Conv2d(1, 2, (2, 3))


def line(error):
    assert "\n" not in str(error.value)
    assert error.value.hint
    return str(error.value)


# -- safe things that are not tensors ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_numpy_beside_the_weights_are_read(tmp_path, name):
    torch.save({"params": STATE, "best": NUMBERS[name]}, tmp_path / "w.pth")
    before = set(torch.serialization.get_safe_globals())
    assert load_into(network(), tmp_path / "w.pth").complete
    assert set(torch.serialization.get_safe_globals()) == before  # the caller's own list is as it was


# -- code ----------------------------------------------------------------------------------------------------------


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def as_torch(content, path, protocol, zipped):
    torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("form", ["zip", "legacy", "pickle", "renamed zip"])
def test_a_pickle_that_would_run_code_is_called_so_under_every_protocol(tmp_path, form, protocol):
    victim, path = tmp_path / "victim", tmp_path / "evil.pth"
    content = {"params": STATE, "extra": Touch(victim)}
    if form == "pickle":
        path.write_bytes(pickle.dumps({"extra": Touch(victim)}, protocol=protocol))
    else:
        as_torch(content, path, protocol, form != "legacy")
    if form == "renamed zip":
        path = path.rename(tmp_path / "evil.ckpt")
    with pytest.raises(WeightsError, match="refused: it would run code") as error:
        load_state(path)
    assert "open" in line(error)
    assert not victim.exists()


@pytest.mark.parametrize("module", ["os system", "builtins eval", "subprocess Popen", "torch.hub load"])
def test_every_module_that_runs_code_is_named(tmp_path, module):
    name = module.split()
    text = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() + b"\x94" for part in name)
    (tmp_path / "w.pth").write_bytes(b"\x80\x04" + text + b"\x93\x8c\x04true\x85R.")
    with pytest.raises(WeightsError, match="would run code") as error:
        load_state(tmp_path / "w.pth")
    assert ".".join(name) in line(error)


def refused(path):
    """The error of a file that cannot be loaded; anything but a WeightsError fails the test."""
    try:
        load_state(path)
    except WeightsError as error:
        return [error]
    return []


# -- damage --------------------------------------------------------------------------------------------------------


def forms():
    """Bytes of intact files of every form."""
    found = {}
    for name, options in (("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False})):
        stream = io.BytesIO()
        torch.save({"params": STATE, "step": 3}, stream, **options)
        found[name] = stream.getvalue()
    found["pickle"] = pickle.dumps({"params": {"weight": [1.0, 2.0]}, "step": 3}, protocol=2)
    return found


FORMS = forms()


def mutants(form, count):
    """Files that differ from an intact one in a few bytes; of a zip archive, in those of the pickle in it."""
    rng = random.Random(form)
    content = FORMS[form]
    with zipfile.ZipFile(io.BytesIO(FORMS["zip"])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    inner = next(name for name in members if name.endswith("data.pkl"))
    for _ in range(count):
        data = bytearray(members[inner] if form == "zip" else content[:700])
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(data))
            choice = rng.random()
            if choice < 0.6:
                data[place] = rng.randrange(256)
            elif choice < 0.8:
                del data[place : place + rng.randint(1, 9)]
            else:
                data[place:place] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 5)))
        if form != "zip":
            yield bytes(data) + content[700:]
            continue
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, value in members.items():
                archive.writestr(name, bytes(data) if name == inner else value)
        yield stream.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_damaged_pickles_are_errors_of_one_line(tmp_path, form):
    path, errors = tmp_path / "w.pth", []
    for content in mutants(form, 400):
        path.write_bytes(content)
        errors += refused(path)
    assert len(errors) > 150
    assert [str(error) for error in errors if "\n" in str(error) or not error.hint] == []


def test_damaged_safetensors_are_errors_of_one_line(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({**STATE, "packed": torch.ones(2, 1, 8, 8, dtype=torch.int8)}, path)
    intact, rng, errors = path.read_bytes(), random.Random(0), []
    for _ in range(300):
        data = bytearray(intact)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(260)] = rng.randrange(256)
        path.write_bytes(bytes(data))
        errors += refused(path)
    assert len(errors) > 100
    assert [str(error) for error in errors if "\n" in str(error) or not error.hint] == []
    save_file({"w": torch.ones(2, 3, dtype=torch.int8), "w.kernel_scale": torch.ones(5, 7)}, path)
    with pytest.raises(WeightsError, match="not an intact safetensors file"):
        load_state(path)


# -- other things --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["net.tflite", "NET.TFLITE", "net.h5", "net.pb"])
def test_files_of_other_kinds_are_no_unknown_methods(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x08\x07")
    with pytest.raises(WeightsError, match="srbench reads weights of PyTorch networks alone") as error:
        plugins.find(str(tmp_path / name))
    assert ".safetensors" in line(error)


def test_a_folder_is_no_damaged_file(tmp_path):
    (tmp_path / "w.pth").mkdir()
    with pytest.raises(WeightsError, match="is a folder"):
        load_state(tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="cannot read weights"):
        load_state(tmp_path / ("x" * 300 + ".pth"))


# -- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_that_are_not_a_number_are_called_so(tmp_path, suffix):
    broken = STATE | {"bias": torch.tensor([1.0, float("nan")])}
    path = tmp_path / f"w{suffix}"
    save_file(broken, path) if suffix == ".safetensors" else torch.save(broken, path)
    with pytest.raises(WeightsError, match=r"holds NaN in 1 of 2 tensors \(bias\); its training has diverged"):
        load_into(network(), path)


@pytest.mark.parametrize(
    "dtype", [torch.int8, torch.uint8, torch.int32, torch.int64, torch.bool, torch.complex64, torch.complex128]
)
def test_numbers_of_another_kind_are_not_cast(tmp_path, dtype):
    torch.save(STATE | {"bias": torch.ones(2).to(dtype)}, tmp_path / "w.pth")
    kind = str(dtype).removeprefix("torch.")
    with pytest.raises(WeightsError, match=f"1 tensors match, 1 unexpected .bias is {kind}, not float32"):
        load_into(network(), tmp_path / "w.pth")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_numbers_of_another_precision_are(tmp_path, dtype):
    torch.save({key: value.to(dtype) for key, value in STATE.items()}, tmp_path / "w.pth")
    net = network()
    assert load_into(net, tmp_path / "w.pth").complete
    assert net.bias.dtype == torch.float32


def test_counters_that_a_converter_cast_or_broke_do_not_matter(tmp_path):
    state = {key: value.float() for key, value in nn.BatchNorm2d(2).state_dict().items()}
    torch.save(state, tmp_path / "w.pth")
    assert load_into(nn.BatchNorm2d(2), tmp_path / "w.pth").complete
    torch.save(state | {"num_batches_tracked": torch.tensor(0.5)}, tmp_path / "w.pth")
    assert load_into(nn.BatchNorm2d(2), tmp_path / "w.pth").complete
