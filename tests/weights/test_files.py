"""Weight files: nothing runs, every tensor is accounted for, anything under a full match is an error."""

import hashlib
import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from srbench.errors import WeightsError
from srbench.weights.files import audit_adopted, file_hash, load_into, load_state
from srbench.weights.states import State


class Net(nn.Module):
    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.head = nn.Conv2d(3, 4, 3)
        self.tail = nn.Conv2d(4, 3, 3)


@pytest.fixture
def state():
    return Net(seed=1).state_dict()


def equal(module, state):
    return all(torch.equal(value, state[key]) for key, value in module.state_dict().items())


def save(content, path):
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    return path


# -- what is taken -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".safetensors"])
def test_a_plain_state_is_loaded_and_accounted_for(tmp_path, state, suffix):
    path = save(state, tmp_path / f"w{suffix}")
    net = Net()
    audit = load_into(net, path)
    assert equal(net, state)
    assert (audit.state, audit.matched, audit.missing, audit.unexpected) == ("top level", 4, (), ())
    assert audit.complete
    assert audit.parameters == sum(value.numel() for value in state.values())
    assert audit.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "4 tensors matched by name, 0 missing, 0 unexpected" in str(audit)


@pytest.mark.parametrize("wrapper", ["params_ema", "params", "state_dict", "model_state_dict", "model"])
def test_the_usual_wrappers_are_opened(tmp_path, state, wrapper):
    found, taken = load_state(save({wrapper: state, "iteration": 9}, tmp_path / "w.pth"))
    assert taken == wrapper
    assert set(found) == set(state)


def test_the_average_of_the_weights_is_preferred(tmp_path, state):
    average = Net(seed=2).state_dict()
    path = save({"params": state, "params_ema": average}, tmp_path / "w.pth")
    net = Net()
    assert load_into(net, path).state == "params_ema"
    assert equal(net, average)


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": state}])
def test_the_prefix_of_data_parallel_is_taken_off(tmp_path, state, wrap):
    prefixed = {f"module.{key}": value for key, value in state.items()}
    net = Net()
    audit = load_into(net, save(wrap(prefixed), tmp_path / "w.pth"))
    assert equal(net, state)
    assert audit.state in ("module", "state_dict.module")


def test_half_precision_is_widened(tmp_path, state):
    half = {key: value.half() for key, value in state.items()}
    net = Net()
    load_into(net, save(half, tmp_path / "w.pth"))
    assert net.head.weight.dtype == torch.float32
    assert torch.equal(net.head.weight, state["head.weight"].half().float())


# -- what does not fit ---------------------------------------------------------------------------------------------


def test_a_missing_tensor_is_named(tmp_path, state):
    del state["tail.bias"]
    with pytest.raises(WeightsError, match=r"w\.pth.*3 tensors match, 1 missing \(tail\.bias\)"):
        load_into(Net(), save(state, tmp_path / "w.pth"))


def test_an_unexpected_tensor_is_named(tmp_path, state):
    state["body.weight"] = torch.zeros(3)
    with pytest.raises(WeightsError, match=r"4 tensors match, 1 unexpected \(body\.weight\)"):
        load_into(Net(), save(state, tmp_path / "w.pth"))


def test_a_tensor_of_another_shape_is_named_with_both_shapes(tmp_path, state):
    state["tail.weight"] = torch.zeros(12, 4, 3, 3)
    with pytest.raises(WeightsError, match=r"tail\.weight is \(12, 4, 3, 3\), not \(3, 4, 3, 3\)"):
        load_into(Net(), save(state, tmp_path / "w.pth"))


def test_another_network_altogether_is_refused(tmp_path, state):
    other = {f"other_{key}": value for key, value in state.items()}
    with pytest.raises(WeightsError, match="0 tensors match, 4 missing"):
        load_into(Net(), save(other, tmp_path / "w.pth"))
    with pytest.raises(WeightsError, match="0 tensors match"):
        load_into(Net(), tmp_path / "w.pth", allow_partial=True)


def test_a_refused_file_leaves_the_network_as_it_was(tmp_path, state):
    del state["tail.bias"]
    net = Net(seed=5)
    with pytest.raises(WeightsError):
        load_into(net, save(state, tmp_path / "w.pth"))
    assert equal(net, Net(seed=5).state_dict())


def test_a_declared_partial_load_is_accounted_for(tmp_path, state):
    bias = state.pop("tail.bias")
    state["extra"] = bias
    net = Net(seed=5)
    audit = load_into(net, save(state, tmp_path / "w.pth"), allow_partial=True)
    assert (audit.matched, audit.missing, audit.unexpected) == (3, ("tail.bias",), ("extra",))
    assert not audit.complete
    assert torch.equal(net.head.weight, state["head.weight"])
    assert torch.equal(net.tail.bias, Net(seed=5).tail.bias)


# -- files that are damaged or not safe ----------------------------------------------------------------------------


class Touch:
    """Unpickling this creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_that_needs_code_is_refused_and_does_not_run(tmp_path, state, writer):
    victim = tmp_path / "victim"
    content = {"params": state, "extra": Touch(victim)}
    path = tmp_path / "evil.pth"
    if writer == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(WeightsError, match=r"evil\.pth.*refused.*run code") as error:
        load_state(path)
    assert not victim.exists()
    assert "\n" not in str(error.value)


def test_a_whole_pickled_module_is_loaded_by_its_tensors(tmp_path):
    torch.save(Net(seed=1), tmp_path / "module.pth")
    net = Net()
    assert load_into(net, tmp_path / "module.pth").complete
    assert equal(net, Net(seed=1).state_dict())


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_an_error_of_one_line(tmp_path, state, suffix, part):
    path = save(state, tmp_path / f"w{suffix}")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(WeightsError, match=r"not an intact") as error:
        load_state(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_web_page_saved_as_weights_is_damaged_not_dangerous(tmp_path, suffix):
    (tmp_path / f"w{suffix}").write_text("<!doctype html><title>404</title>" * 40)
    with pytest.raises(WeightsError, match="is a web page, not weights") as error:
        load_state(tmp_path / f"w{suffix}")
    assert "run code" not in str(error.value)


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2], {"params": {}}, {"params": {"lr": 0.1}}], ids=str)
def test_a_file_without_tensors_is_an_error(tmp_path, content):
    with pytest.raises(WeightsError, match="holds no state of tensors"):
        load_state(save(content, tmp_path / "w.pth"))


@pytest.mark.parametrize("name", ["gone.pth", "gone.safetensors"])
def test_a_missing_file_is_an_error(tmp_path, name):
    with pytest.raises(WeightsError, match=f"no weights at .*{name}"):
        load_state(tmp_path / name)
    with pytest.raises(WeightsError, match=f"cannot read weights .*{name}"):
        file_hash(tmp_path / name)


# -- states that a library adopted -----------------------------------------------------------------------------------


def adopted(net, state, path):
    taken = State(("params",), state)
    return audit_adopted(net, taken, [taken], path)


def test_renamed_tensors_are_matched_by_value(tmp_path, state):
    net = Net()
    net.load_state_dict(state)
    old = {f"old.{key}": value for key, value in state.items()}
    audit = adopted(net, old, save(old, tmp_path / "w.pth"))
    assert (audit.matched, audit.missing, audit.unexpected, audit.state) == (4, (), (), "params")


def test_a_tensor_that_was_not_adopted_is_found(tmp_path, state):
    net = Net()
    net.load_state_dict(state)
    path = save(state, tmp_path / "w.pth")
    more = state | {"dropped": torch.full((3,), 7.0)}
    assert adopted(net, more, path).unexpected == ("dropped",)
    less = {key: value for key, value in state.items() if key != "head.bias"}
    assert adopted(net, less, path).missing == ("head.bias",)
