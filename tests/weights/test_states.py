"""Which of several states of weights is taken, and what is said of the others."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from srbench.errors import WeightsError
from srbench.weights.files import load_into, load_state


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 3, 3))


A, B, D = (network(seed).state_dict() for seed in (1, 2, 3))


def prefixed(*parts):
    """One flat mapping of (prefix, state) pairs."""
    return {f"{prefix}{key}": value for prefix, state in parts for key, value in state.items()}


def averaged(state, **options):
    """As torch's AveragedModel keeps it: under ``module.``, with a counter."""
    net = network(0)
    net.load_state_dict(state)
    model = AveragedModel(net, **options)
    model.update_parameters(net)
    return model.state_dict()


OPTIMISER = {"state": {0: {"exp_avg": torch.ones(3), "exp_avg_sq": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]}
# What a file holds, and the state of it that is the average of the weights.
AVERAGES = {
    "BasicSR": ({"params": B, "params_ema": A}, "params_ema"),
    "params-ema": ({"params": B, "params-ema": A}, "params-ema"),
    "ema": ({"model": B, "ema": A, "epoch": 9}, "ema"),
    "ema first": ({"ema": A, "model": B}, "ema"),
    "model_ema": ({"model": B, "model_ema": A, "optimizer": OPTIMISER}, "model_ema"),
    "timm": ({"state_dict": B, "state_dict_ema": A, "args": None}, "state_dict_ema"),
    "ema_state_dict": ({"model_state_dict": B, "ema_state_dict": A}, "ema_state_dict"),
    "generator_ema": ({"generator": B, "generator_ema": A, "discriminator": D}, "generator_ema"),
    "ema_net": ({"net": B, "ema_net": A}, "ema_net"),
    "netG_ema": ({"netG": B, "netG_ema": A, "netD": D}, "netG_ema"),
    "g_ema": ({"g": B, "d": D, "g_ema": A}, "g_ema"),
    "swa": ({"state_dict": B, "swa_state_dict": A}, "swa_state_dict"),
    "average": ({"state_dict": B, "average": A}, "average"),
    "averaged_model": ({"model": B, "averaged_model": A}, "averaged_model"),
    "shadow": ({"model": B, "ema": {"decay": 0.99, "shadow": A}}, "ema.shadow"),
    "deep": ({"state_dict": B, "callbacks": {"EMA": {"ema_state_dict": A}}}, "callbacks.EMA.ema_state_dict"),
    "in a list": ({"models": [{"model": B, "model_ema": A}]}, "models.0.model_ema"),
    "SWA": ({"model": B, "swa_model": averaged(A)}, "swa_model.module"),
    "SWA alone": (averaged(A), "module"),
    "SWA beside": ({"model": B, "other": averaged(A, use_buffers=True)}, "other.module"),
    "EMA of torch": ({"model": B, "m": averaged(A, multi_avg_fn=get_ema_multi_avg_fn(0.9))}, "m.module"),
    "ema module": ({"state_dict": B, "ema": prefixed(("module.", A))}, "ema.module"),
    "flat": (prefixed(("params.", B), ("params_ema.", A)), "params_ema"),
    "flat, alone": (prefixed(("params_ema.", A)), "params_ema"),
    "flat, deeper": (prefixed(("model.", B), ("ema.model.", A)), "ema"),  # fits by its names without 'model.'
    "flat, called ema alone": (prefixed(("net.", B), ("ema.", A)), "ema"),
    "Lightning": ({"state_dict": prefixed(("model.", B), ("model_ema.", A), ("loss.", D))}, "state_dict.model_ema"),
    "mmagic": (
        {"state_dict": prefixed(("generator.", B), ("generator_ema.", A), ("discriminator.", D))},
        "state_dict.generator_ema",
    ),
    "ema-pytorch": ({"model": B, "ema": prefixed(("online_model.", B), ("ema_model.", A))}, "ema.ema_model"),
}
# States that are no average, under names that training code gives them.
PREFIXES = {
    "DataParallel": prefixed(("module.", A)),
    "torch.compile": prefixed(("_orig_mod.", A)),
    "both": prefixed(("_orig_mod.module.", A)),
    "the other way round": prefixed(("module._orig_mod.", A)),
    "Lightning": {"state_dict": prefixed(("model.", A)), "epoch": 1, "optimizer_states": [OPTIMISER]},
    "Lightning, compiled": {"state_dict": prefixed(("model._orig_mod.", A))},
    "generator": {"state_dict": prefixed(("generator.", A), ("discriminator.", D))},
    "net_g": prefixed(("net_g.", A)),
    "netG": prefixed(("netG.", A)),
    "any wrapper": {"trainer": {"best": A}},
    "with facts": {**A, "epoch": 3, "name": "x"},
    "GAN": {"d": D, "g": A},
}


def saved(content, path):
    if path.suffix == ".safetensors":
        save_file({key: value.clone() for key, value in content.items()}, path)
    else:
        torch.save(content, path)
    return path


def equal(module, state):
    return all(torch.equal(value, state[key]) for key, value in module.state_dict().items())


@pytest.mark.parametrize("name", AVERAGES)
def test_the_average_of_the_weights_is_taken_under_every_name(tmp_path, name):
    content, state = AVERAGES[name]
    net = network(9)
    audit = load_into(net, saved(content, tmp_path / "w.pth"))
    assert equal(net, A)
    assert audit.state == state
    assert audit.complete


@pytest.mark.parametrize(
    "name", [name for name in AVERAGES if name != "flat, deeper"]
)  # 'model.' may be a part of a network, as in ESRGAN's
def test_it_is_the_first_state_also_where_the_network_is_not_known(tmp_path, name):
    content, state = AVERAGES[name]
    found, taken = load_state(saved(content, tmp_path / "w.pth"))
    assert taken == state
    assert found.keys() == A.keys()


@pytest.mark.parametrize("name", [name for name in AVERAGES if name.startswith("flat")])
def test_the_average_of_a_safetensors_file_is_taken(tmp_path, name):
    content, state = AVERAGES[name]
    net = network(9)
    assert load_into(net, saved(content, tmp_path / "w.safetensors")).state == state
    assert equal(net, A)


@pytest.mark.parametrize("name", PREFIXES)
def test_wrappers_and_their_prefixes_are_taken_off(tmp_path, name):
    net = network(9)
    assert load_into(net, saved(PREFIXES[name], tmp_path / "w.pth")).complete
    assert equal(net, A)


def test_the_audit_says_which_states_there_were_too(tmp_path):
    path = saved({"params": B, "params_ema": A, "optimizer": OPTIMISER}, tmp_path / "w.pth")
    audit = load_into(network(9), path)
    assert audit.others == ("params",)
    assert "state 'params_ema' (there too: params)" in str(audit)
    assert load_into(network(9), saved(A, tmp_path / "a.pth")).others == ()
    counted = saved({"model": A, "averaging_state": {"n_averaged": torch.tensor(3)}}, tmp_path / "counted.pth")
    assert load_into(network(9), counted).others == ()
    flat = saved(prefixed(("params.", B), ("params_ema.", A)), tmp_path / "flat.safetensors")
    assert load_into(network(9), flat).others == ("params",)


def test_an_average_without_names_is_said(tmp_path):
    ema = {"decay": 0.99, "num_updates": 3, "shadow_params": list(A.values())}
    net = network(9)
    audit = load_into(net, saved({"model": B, "ema": ema}, tmp_path / "w.pth"))
    assert equal(net, B)
    assert audit.others == ("ema.shadow_params (does not fit)",)


def test_an_average_that_does_not_fit_is_said(tmp_path):
    parameters = {key: value for key, value in A.items() if "running" not in key and "num_batches" not in key}
    net = network(9)
    audit = load_into(net, saved({"model": B, "ema": parameters}, tmp_path / "w.pth"))
    assert equal(net, B)
    assert audit.others == ("ema (does not fit)",)


@pytest.mark.parametrize(
    ("content", "state", "expected"),
    [
        ({"params": B, "params_ema": A}, "params", B),
        ({"params": B, "params_ema": A}, "params_ema", A),
        ({"state_dict": prefixed(("generator.", B), ("generator_ema.", A))}, "generator", B),
        ({"state_dict": prefixed(("generator.", B), ("generator_ema.", A))}, "state_dict.generator", B),
        ({"model": B, "ema": {"decay": 0.9, "model": A}}, "model", B),
        ({"model": prefixed(("module.", B)), "ema": A}, "model", B),
        (prefixed(("sr_net.", B), ("vgg.", D)), "sr_net", B),
        ({"models": [A, B]}, "models.1", B),
    ],
)
def test_a_state_is_chosen_by_name(tmp_path, content, state, expected):
    net = network(9)
    load_into(net, saved(content, tmp_path / "w.pth"), state=state)
    assert equal(net, expected)


def test_a_state_that_is_not_there_is_an_error_with_those_that_are(tmp_path):
    path = saved({"params": B, "params_ema": A}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"w\.pth' has no state 'ema'; it has: params_ema, params"):
        load_into(network(9), path, state="ema")


class Named(nn.Module):
    """A network whose own parts are called as wrappers and averages are."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.model, self.ema, self.module = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
        self.ema_net = nn.Conv2d(4, 3, 3)


def test_a_network_with_parts_of_such_names_is_loaded_whole(tmp_path):
    source, net = Named(1), Named(2)
    audit = load_into(net, saved(source.state_dict(), tmp_path / "w.pth"))
    assert equal(net, source.state_dict())
    assert audit.state == "top level"
    net = Named(2)
    load_into(net, saved(prefixed(("module.", source.state_dict())), tmp_path / "m.pth"))
    assert equal(net, source.state_dict())


def test_containers_that_hold_themselves_and_deep_ones_end(tmp_path):
    deep = {"params": A}
    for _ in range(60):
        deep = {"x": deep}
    with pytest.raises(WeightsError, match="holds no state of tensors"):
        load_state(saved(deep, tmp_path / "deep.pth"))
    loop = {"params": A}
    loop["self"] = [loop]
    assert load_state(saved(loop, tmp_path / "loop.pth"))[1] == "params"
