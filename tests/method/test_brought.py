"""Weights of the user's in built-in networks: ``edsr=FILE``, ``NAME=edsr:FILE``, and files that name no network."""

import re
from pathlib import Path

import pytest
import torch

from srbench.errors import MethodError, SrbenchError, WeightsError
from srbench.method import MethodContext, plugins
from srbench.method.base import prepare
from srbench.method.brought import scales_of

# What spandrel and its dependencies warn of on import is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")
SHIPPED = "srcnn"
LR = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))


def built(name=SHIPPED, scale=4, seed=0):
    torch.manual_seed(seed)
    network = plugins.find(name)[0].load()().build(scale)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.normal_(std=0.02)
    return network.eval()


def save(tensors, path):
    path.parent.mkdir(exist_ok=True)
    torch.save(tensors, path)
    return path


def made(spec):
    (plugin,) = plugins.find(str(spec))
    method = plugins.instantiate(plugin)
    prepare(method, method.card.scales[-1], MethodContext())
    return method


def is_of(method, network):
    scale = method.card.scales[-1]
    with torch.no_grad():
        return torch.allclose(method.upscale(LR, scale), network(LR), atol=1e-6)


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("srcnn={}", "srcnn:x4"),
        ("srcnn:{}", "srcnn:x4"),
        ("mine=srcnn:{}", "mine"),
        ("mine={}", "mine"),
        ("{}", "x4"),
    ],
)
def test_a_network_is_filled_with_the_weights_of_a_file(tmp_path, spec, name):
    network = built()
    method = made(spec.format(save(network.state_dict(), tmp_path / "x4.pt")))
    assert (method.card.name, method.card.scales, method.card.published) == (name, (4,), ())
    assert is_of(method, network)
    assert method.load_audits()[0].complete


def test_the_row_is_its_own_and_never_the_shipped_one(tmp_path):
    (shipped,) = plugins.find(SHIPPED)
    own = plugins.instantiate(shipped)
    (file,) = {own.weight_path(4)}
    (brought,) = plugins.find(f"{SHIPPED}={file}")
    method = plugins.instantiate(brought)
    assert brought.name == "srcnn:srcnn_x4"
    assert plugins.identity(brought, method) != plugins.identity(shipped, own)
    assert method.card.published == ()
    assert own.card.published
    other = save(built(seed=1).state_dict(), tmp_path / "srcnn_x4.pt")
    (second,) = plugins.find(f"{SHIPPED}={other}")
    assert plugins.identity(second, plugins.instantiate(second)) != plugins.identity(brought, method)


def test_two_files_of_one_name_are_rows_of_their_own(tmp_path, go, scores):
    for i, folder in enumerate("ab"):
        save(built(seed=i).state_dict(), tmp_path / folder / "x2.pt")
    save(built(seed=3).state_dict(), tmp_path / "a" / "x2.pth")
    summary = go(*(f"srcnn={tmp_path / file}" for file in ("a/x2.pt", "b/x2.pt", "a/x2.pth")), metrics=("psnr",))
    assert summary.failures == []
    names = {method for method, _, _ in scores()}
    assert names == {"srcnn:x2.pt", "srcnn:x2", "srcnn:x2.pth"}
    assert go(f"srcnn={tmp_path / 'b/x2.pt'}", metrics=("psnr",)).computed == 0


def test_one_method_of_a_plugin_is_named_behind_it(write_plugin, tmp_path):
    text = "from dataclasses import replace\n" + Path(write_plugin()).read_text()
    path = tmp_path / "two.py"
    path.write_text(text + "\nclass Other(Mine):\n    card = replace(Mine.card, name='other')\n")
    assert [plugin.name for plugin in plugins.find(f"{path}:other")] == ["other"]
    assert [plugin.name for plugin in plugins.find(f"theirs={path}:other")] == ["theirs"]
    with pytest.raises(SrbenchError, match=r"unknown method of .*'othr'.*other"):
        plugins.find(f"{path}:othr")


@pytest.mark.parametrize(
    ("stem", "scales"),
    [
        ("x4", (4,)),
        ("EDSR_x3", (3,)),
        ("4xNet", (4,)),
        ("net-X2-v1", (2,)),
        ("vdsr", (2, 3, 4)),
        ("conv3x3", (2, 3, 4)),
    ],
)
def test_the_name_of_a_file_says_its_scale(stem, scales):
    assert scales_of(Path(f"{stem}.pth"), (2, 3, 4)) == scales


# -- prefixes and nestings -----------------------------------------------------------------------------------------

WRAPPED = {
    "plain": lambda state: state,
    "module.": lambda state: {f"module.{k}": v for k, v in state.items()},
    "_orig_mod.": lambda state: {f"_orig_mod.{k}": v for k, v in state.items()},
    "module._orig_mod.": lambda state: {f"module._orig_mod.{k}": v for k, v in state.items()},
    "generator.": lambda state: {f"generator.{k}": v for k, v in state.items()},
    "model.": lambda state: {"epoch": 3, "state_dict": {f"model.{k}": v for k, v in state.items()}},
    "params": lambda state: {"params": state},
    "params_ema": lambda state: {"params_ema": state, "params": {k: v + 1 for k, v in state.items()}},
    "a name of the author's": lambda state: {f"sr_net.backbone.{k}": v for k, v in state.items()},
    "in a trainer's state": lambda state: {
        "model": {"net": {f"module.{k}": v for k, v in state.items()}},
        "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}},
    },
    "beside a discriminator": lambda state: {
        **{f"generator.{k}": v for k, v in state.items()},
        "discriminator.0.weight": torch.ones(3, 3),
    },
    "with counters": lambda state: {**state, "total_ops": torch.zeros(1), "mapping.total_params": torch.zeros(1)},
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_prefixes_and_nestings_are_taken_off(tmp_path, wrapping):
    network = built()
    path = save(WRAPPED[wrapping](dict(network.state_dict())), tmp_path / "x4.pth")
    assert is_of(made(f"srcnn={path}"), network)


def test_a_checkpoint_without_the_counters_of_batchnorm_is_whole(tmp_path):
    network = built("srresnet", 2)
    state = {name: tensor for name, tensor in network.state_dict().items() if "num_batches" not in name}
    assert len(state) < len(network.state_dict())
    method = made(f"srresnet={save(state, tmp_path / 'x2.pth')}")
    assert method.load_audits()[0].complete
    assert method.load_audits()[0].matched == len(state)


def test_names_that_nobody_knows_are_matched_by_order_and_shape(tmp_path):
    network = built()
    kinds = [name.rpartition(".")[2] for name in network.state_dict()]
    state = {f"layer{i}.{kinds[i]}": tensor for i, tensor in enumerate(network.state_dict().values())}
    method = made(f"srcnn={save(state, tmp_path / 'x4.pth')}")
    with torch.no_grad():
        inside = (method.upscale(LR, 4) - network(LR))[..., 8:-8, 8:-8]  # how the border is filled, no file says
    assert inside.abs().max() < 1e-6
    assert "6 tensors matched by order and shape" in str(method.load_audits()[0])


# -- what does not fit ---------------------------------------------------------------------------------------------


def test_weights_that_do_not_fit_are_one_error_before_the_run(tmp_path, go):
    state = dict(built().state_dict())
    bias = state.pop("mapping.bias")
    path = save({**state, "mapping.gain": bias[:3]}, tmp_path / "x4.pth")
    with pytest.raises(WeightsError, match=r"does not fit srcnn .*5 tensors match, 1 missing \(mapping\.bias\), 1 un"):
        go(f"srcnn={path}", scales=(4,))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("bicubic={}", "cannot be the weights of bicubic, which is no network"),
        ("edsr={}", r"does not fit edsr: .* it holds 9 numbers in 1 tensor \(odd\.weight \(3, 3\)\)"),
        ("edrs:{}", "unknown method 'edrs'.*edsr"),
        ("{}", r"spandrel does not recognise, nor srbench: 9 numbers in 1 tensor \(odd\.weight \(3, 3\)\)"),
    ],
)
def test_a_file_that_belongs_to_no_network_is_described(tmp_path, spec, message):
    path = save({"odd.weight": torch.ones(3, 3)}, tmp_path / "net.pth")
    with pytest.raises(SrbenchError, match=message):
        plugins.find(spec.format(path))


def test_the_nearest_network_is_named(tmp_path):
    state = dict(built("vdsr").state_dict())
    path = save({**state, "extra.weight": torch.ones(7)}, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=r"nearest is vdsr \(20 of its 20 tensors have these shapes\).*NETWORK=FILE"):
        plugins.find(str(path))


def test_a_file_that_fits_several_networks_is_not_guessed(tmp_path):
    path = save(built("srresnet", 4).state_dict(), tmp_path / "x4.pth")
    with pytest.raises(WeightsError, match=r"fits \d networks alike: .*srgan.*srresnet") as caught:
        plugins.find(str(path))
    spec = re.search(r"say whose it is: (\S+)", caught.value.hint)
    assert spec
    assert made(spec[1]).card.scales == (4,)


def test_tensors_that_are_not_numbers_are_named(tmp_path):
    state = dict(built().state_dict())
    state["mapping.weight"] = torch.full_like(state["mapping.weight"], torch.nan)
    with pytest.raises(WeightsError, match=r"holds NaN in 1 of 6 tensors \(mapping\.weight\)"):
        plugins.find(f"srcnn={save(state, tmp_path / 'x4.pth')}")


def test_half_of_a_file_that_is_split_says_so(tmp_path):
    path = save(built().state_dict(), tmp_path / "net-00001-of-00002.pth")
    with pytest.raises(WeightsError, match="one of 2 files"):
        plugins.find(f"srcnn={path}")


@pytest.mark.parametrize("spec", ["https://host/x4.pth", "edsr=https://host/x4.pth", "mine=http://host/x4.pth"])
def test_an_address_is_not_downloaded(spec):
    with pytest.raises(MethodError, match="is an address, and nothing is downloaded here; get the file"):
        plugins.find(spec)


def test_a_file_that_is_there_is_never_an_unknown_method(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.weights").write_bytes(b"x")
    with pytest.raises(MethodError, match=r"'net\.weights' is a file of a type that no method has"):
        plugins.find("net.weights")


def test_architectures_of_the_further_package_are_used_where_it_is_installed(tmp_path, monkeypatch):
    from srbench.method import checkpoint

    (tmp_path / "spandrel_extra_arches.py").write_text("installed = []\n\ndef install():\n    installed.append(1)\n")
    monkeypatch.syspath_prepend(tmp_path)
    checkpoint._more_architectures.cache_clear()
    path = save({"odd.weight": torch.ones(3, 3)}, tmp_path / "net.pth")
    with pytest.raises(WeightsError) as caught:
        plugins.find(str(path))
    import spandrel_extra_arches

    assert spandrel_extra_arches.installed == [1]
    assert "pip install" not in caught.value.hint
    checkpoint._more_architectures.cache_clear()
