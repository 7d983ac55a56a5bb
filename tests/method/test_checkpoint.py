"""Real spandrel architectures with random weights, saved as users' files are, as methods."""

import pytest
import torch
from safetensors.torch import save_file

from srbench.api import upscale
from srbench.errors import SrbenchError, WeightsError
from srbench.method import plugins
from srbench.method.checkpoint import method_from

# What spandrel and its dependencies warn of on import is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")


def compact(scale=2, channels=3):
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

    torch.manual_seed(3)
    return SRVGGNetCompact(num_in_ch=channels, num_out_ch=channels, num_feat=8, num_conv=2, upscale=scale).eval()


def esrgan():
    from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet

    torch.manual_seed(4)
    return RRDBNet(num_filters=8, num_blocks=1, scale=4).eval()


NETWORKS = {"compact-x2": lambda: compact(2), "compact-x4": lambda: compact(4), "esrgan-x4": esrgan}


def save(state, path, wrapper=None):
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({wrapper: state} if wrapper else state, path)
    return path


@pytest.fixture
def picture(make_picture):
    return make_picture(17, 22, 0)


@pytest.mark.parametrize(("suffix", "wrapper"), [(".pth", None), (".pth", "params_ema"), (".safetensors", None)])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_checkpoint_is_a_method_that_equals_its_network(tmp_path, picture, network, suffix, wrapper):
    module = NETWORKS[network]()
    scale = int(network[-1])
    path = save(module.state_dict(), tmp_path / f"4x_my.net{suffix}", wrapper)
    (plugin,) = plugins.find(str(path))
    assert plugin.name == "4x_my.net"
    method = plugins.instantiate(plugin)
    assert method.card.scales == (scale,)
    assert method.audit.complete
    assert method.audit.matched == len(module.state_dict())
    assert method.audit.state == (wrapper or "top level")
    lr = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        expected = module(lr)[0].clamp(0, 1).permute(1, 2, 0).mul(255).add(0.5).floor()
    result = upscale(str(path), picture, scale)
    assert result.shape == (17 * scale, 22 * scale, 3)
    difference = (torch.from_numpy(result).float() - expected).abs()
    assert difference.max() <= 1  # a value at a rounding step
    assert (difference > 0).float().mean() < 0.01


def test_a_checkpoint_runs_as_any_method(tmp_path, go, scores):
    path = save(compact(2).state_dict(), tmp_path / "net.safetensors")
    summary = go(str(path))
    assert (summary.computed, summary.failed) == (3, 0)
    assert set(scores()) == {("net", image, metric) for image in "abc" for metric in ("psnr", "ssim")}
    assert go(str(path), scales=(3,)).not_supported == 3
    assert go(str(path)).computed == 0


def test_a_network_of_one_channel_is_a_luma_method(tmp_path, picture):
    path = save(compact(2, channels=1).state_dict(), tmp_path / "net.pth")
    assert method_from(path).card.colour == "luma"
    assert upscale(str(path), picture, 2).shape == (34, 44, 3)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_tensor_removed_or_added_is_refused(tmp_path, network, suffix):
    state = NETWORKS[network]().state_dict()
    bias = next(key for key in state if key.endswith("bias"))
    less = {key: value for key, value in state.items() if key != bias}
    with pytest.raises(WeightsError, match=f"less{suffix}"):
        method_from(save(less, tmp_path / f"less{suffix}"))
    more = dict(state) | {"stray.weight": torch.ones(3)}
    with pytest.raises(WeightsError, match=f"more{suffix}"):
        method_from(save(more, tmp_path / f"more{suffix}"))


def test_tensors_of_no_known_architecture_are_refused_with_the_hint(tmp_path):
    path = save({"some.weight": torch.ones(3, 3)}, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=r"odd\.pth.*not recognise.*write a plugin"):
        method_from(path)


def test_an_unsafe_checkpoint_is_refused_before_anything_runs(tmp_path):
    victim = tmp_path / "victim"

    class Touch:
        def __reduce__(self):
            return (open, (str(victim), "w"))

    torch.save({"params": compact().state_dict(), "hook": Touch()}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="run code"):
        plugins.find(str(tmp_path / "evil.pth"))
    assert not victim.exists()


def test_a_missing_checkpoint_is_an_error(tmp_path):
    with pytest.raises(SrbenchError, match=r"no weights at .*gone\.pth"):
        plugins.find(str(tmp_path / "gone.pth"))


def test_other_weights_are_another_identity(tmp_path):
    def identity(path):
        (plugin,) = plugins.find(str(path))
        return plugins.identity(plugin, plugins.instantiate(plugin))

    state = compact().state_dict()
    first = identity(save(state, tmp_path / "net.pth"))
    assert first == identity(tmp_path / "net.pth")
    state["body.0.bias"] = state["body.0.bias"] + 1e-3
    assert first != identity(save(state, tmp_path / "net.pth"))
