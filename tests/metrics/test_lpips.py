"""LPIPS against the authors' package, the literature's value, and broken weight files."""

import sys
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import srbench
from srbench.errors import ImageError, NotSupportedError, SrbenchWarning, UnavailableError, WeightsError
from srbench.fetch.weights import BACKBONES
from srbench.metrics import get, lpips
from srbench.weights.files import file_hash

pytestmark = pytest.mark.weights("alex", "squeeze")


def package(net):
    """The package's own network on the same backbone, called as its README says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's remarks on its old arguments
        import lpips as authors

        network = authors.LPIPS(net=net, pnet_rand=True, verbose=False)
    state = load_file(lpips.find_weights(lpips.BACKBONES[net]))
    names = {key.split(".", 1)[1]: key for key in network.net.state_dict()}
    renamed = {names[key.removeprefix("features.")]: value for key, value in state.items()}
    network.net.load_state_dict(renamed)
    return network


def tensor(pixels):
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


@pytest.mark.parametrize(("name", "net"), [("lpips", "alex"), ("lpips-squeeze", "squeeze")])
def test_equals_the_package_on_ten_images(name, net, sample_pairs, as_comparison):
    network = package(net)
    for sr, hr in sample_pairs:
        with torch.no_grad():
            expected = network(tensor(sr), tensor(hr)).item()
        assert get(name).compute(as_comparison(sr, hr)) == pytest.approx(expected, abs=1e-6)


def test_vgg_equals_the_package_on_one_backbone(tmp_path, monkeypatch, sample_pairs, as_comparison):
    """Random VGG weights, as no file of ImageNet's is at hand: the layers and their weights are what is tested."""
    import torchvision

    torch.manual_seed(0)
    state = torchvision.models.vgg16(weights=None).features.state_dict()
    save_file({f"features.{key}": value for key, value in state.items()}, tmp_path / "vgg16_features.safetensors")
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    sr, hr = (image[:96, :96] for image in sample_pairs[0])
    with torch.no_grad():
        expected = package("vgg")(tensor(sr), tensor(hr)).item()
    assert get("lpips-vgg").compute(as_comparison(sr, hr)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.data("set5")
def test_bicubic_on_set5_has_the_value_of_the_literature():
    frame = srbench.evaluate("bicubic", "set5", scale=4, metrics=["lpips"], device="cpu")
    assert frame["value"].mean() == pytest.approx(0.3407, abs=0.0005)


def test_identical_images_have_distance_zero_and_noise_has_more(sample_pairs, as_comparison, rng):
    hr = sample_pairs[0][1]
    noisy = np.clip(hr + rng.normal(0, 20, hr.shape), 0, 255).astype(np.uint8)
    assert get("lpips").compute(as_comparison(hr, hr)) == 0
    assert get("lpips").compute(as_comparison(noisy, hr)) > 0.05


def test_features_of_an_hr_image_are_made_once(monkeypatch, sample_pairs, as_comparison):
    calls = []
    describe = lpips.Network.describe
    monkeypatch.setattr(lpips.Network, "describe", lambda self, rgb: calls.append(1) or describe(self, rgb))
    first = as_comparison(*sample_pairs[0])
    others = [type(first)(first.sr_luma, first.hr_luma, first.sr, first.reference) for _ in range(3)]
    values = {get("lpips").compute(pair) for pair in (first, *others)}
    assert len(values) == 1
    assert len(calls) == 1 + 4
    get("lpips").compute(first)  # known of this very pair
    assert len(calls) == 5
    get("lpips").compute(as_comparison(*sample_pairs[1]))
    assert len(calls) == 7


def test_the_smallest_image(as_comparison, rng):
    for name in ("lpips", "lpips-squeeze"):
        size = get(name).min_size
        sr, hr = rng.integers(0, 256, (2, size, size, 3), dtype=np.uint8)
        assert np.isfinite(srbench.score(name, sr, hr))
        with pytest.raises(ImageError, match=f"needs at least {size} pixels a side, this image has {size}x{size - 1}"):
            srbench.score(name, sr[1:], hr[1:])


def test_wrong_pairs(rng):
    sr = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    with pytest.raises(ImageError, match="differ in shape"):
        srbench.score("lpips", sr, sr[1:])
    with pytest.raises(NotSupportedError, match="classic"):
        srbench.score("lpips", sr, sr, protocol="classic")
    with pytest.warns(SrbenchWarning, match="three equal channels"):
        grey = srbench.score("lpips", sr[..., 0], sr[..., 1])
    assert grey == srbench.score("lpips", *(np.repeat(sr[..., i : i + 1], 3, axis=2) for i in (0, 1)))


def test_without_weights_it_says_what_brings_them(monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"no AlexNet weights.*srbench fetch weights"):
        get("lpips").prepare()


@pytest.mark.parametrize("name", lpips.BACKBONES)
def test_srbench_fetch_weights_is_named_for_what_it_brings(monkeypatch, tmp_path, name):
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    brought = {backbone.name for backbone in BACKBONES}
    with pytest.raises(UnavailableError) as error:
        lpips.find_weights(lpips.BACKBONES[name])
    hint = "srbench fetch weights" if lpips.BACKBONES[name].backbone.builder in brought else "python -c"
    assert f"get them with: {hint}" in str(error.value)


def test_without_the_package_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match="pip install lpips"):
        lpips.ALEX.prepare()


def test_torchvisions_own_file_in_its_own_cache_is_found(monkeypatch, tmp_path, sample_pairs, as_comparison):
    state = load_file(lpips.find_weights(lpips.BACKBONES["alex"]))
    expected = get("lpips").compute(as_comparison(*sample_pairs[0]))
    lpips.ALEX.forget()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    other = folder / "alexnet-owt-7be5be79.pth"
    torch.save({**state, "classifier.1.weight": torch.zeros(4, 4)}, other)
    digest = file_hash(other)
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path / "nothing"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=rf"has sha256 {digest[:16]}..., not 7be5be79...: these are other weights"):
        get("lpips").prepare()
    named = other.rename(folder / f"alexnet-owt-{digest[:8]}.pth")
    assert get("lpips").compute(as_comparison(*sample_pairs[0])) == expected
    assert get("lpips").files() == [named]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("features.3.bias"), "1 missing.*features.3.bias"),
        (lambda state: state.update({"features.99.bias": torch.zeros(1)}), "1 unexpected.*features.99.bias"),
        (lambda state: state.update({"features.0.bias": torch.zeros(3)}), r"features.0.bias is \(3,\), not \(64,\)"),
    ],
)
def test_files_that_do_not_fit_are_named(monkeypatch, tmp_path, change, message):
    state = load_file(lpips.find_weights(lpips.BACKBONES["alex"]))
    change(state)
    save_file(state, tmp_path / "alexnet_features.safetensors")
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=message):
        lpips.ALEX.prepare()


def test_a_truncated_file_is_named(monkeypatch, tmp_path):
    whole = lpips.find_weights(lpips.BACKBONES["alex"]).read_bytes()
    (tmp_path / "alexnet_features.safetensors").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="not an intact safetensors file"):
        lpips.ALEX.prepare()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_agrees(sample_pairs, as_comparison):
    pair = as_comparison(*sample_pairs[0])
    on_gpu = type(pair)(pair.sr_luma.cuda(), pair.hr_luma.cuda(), pair.sr.cuda(), pair.reference)
    assert get("lpips").compute(on_gpu) == pytest.approx(get("lpips").compute(pair), abs=1e-4)
