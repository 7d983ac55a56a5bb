"""DISTS against torchmetrics' on the same features, its properties, and weight files that are not its own."""

import math
import types
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import srbench
from srbench.errors import SrbenchWarning, UnavailableError, WeightsError
from srbench.metrics import dists, get
from srbench.records import declared_version
from srbench.run.manifest import describe_metric
from srbench.weights.files import file_hash

torchmetrics = pytest.importorskip("torchmetrics", reason="no torchmetrics: it is in the group dev")


@pytest.fixture(scope="module")
def vgg():
    """VGG-16 with random weights, as no file of ImageNet's is at hand: what is made of the features is tested."""
    from torchvision.models import vgg

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return types.SimpleNamespace(features=vgg.make_layers(vgg.cfgs["D"]).eval())


@pytest.fixture(scope="module")
def folder(vgg, tmp_path_factory):
    place = tmp_path_factory.mktemp("weights")
    state = {f"features.{key}": value for key, value in vgg.features.state_dict().items()}
    save_file(state, place / "vgg16_features.safetensors")
    return place


@pytest.fixture(autouse=True)
def weights(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(folder))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture
def theirs(vgg, monkeypatch):
    """torchmetrics' network on these features, as a function of two uint8 images."""
    from torchmetrics.functional.image import dists as module

    monkeypatch.setattr(module, "vgg16", lambda weights: vgg)
    network = module.DISTSNetwork().eval()
    return lambda sr, hr: network(*(torch.from_numpy(x.copy()).permute(2, 0, 1)[None] / 255 for x in (sr, hr))).item()


def test_equals_torchmetrics_on_ten_images(theirs, sample_pairs, as_comparison):
    for sr, hr in sample_pairs:
        sr, hr = sr[:72, :80], hr[:72, :80]
        assert get("dists").compute(as_comparison(sr, hr)) == pytest.approx(theirs(sr, hr), abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (17, 33)])
def test_tiny_and_odd_images(theirs, rng, shape):
    sr, hr = rng.integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    assert srbench.score("dists", sr, hr) == pytest.approx(theirs(sr, hr), abs=1e-5)


def test_identical_images_have_distance_zero_and_worse_ones_more(sample_pairs, rng):
    hr = sample_pairs[0][1][:96, :96]
    little, much = (np.clip(hr + rng.normal(0, s, hr.shape), 0, 255).astype(np.uint8) for s in (5, 60))
    same, good, bad = (srbench.score("dists", sr, hr) for sr in (hr, little, much))
    assert same == pytest.approx(0, abs=1e-6)
    assert same < good < bad


def test_grey_images_are_three_equal_channels(rng):
    sr, hr = rng.integers(0, 256, (2, 40, 44), dtype=np.uint8)
    with pytest.warns(SrbenchWarning, match="three equal channels"):
        value = srbench.score("dists", sr, hr)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value == srbench.score("dists", *(np.repeat(x[..., None], 3, axis=2) for x in (sr, hr)))


def test_the_features_of_an_hr_image_are_made_once(monkeypatch, sample_pairs, as_comparison):
    calls = []
    describe = dists.Network.describe
    monkeypatch.setattr(dists.Network, "describe", lambda self, rgb: calls.append(1) or describe(self, rgb))
    first = as_comparison(*(image[:48, :48] for image in sample_pairs[0]))
    others = [type(first)(first.sr_luma, first.hr_luma, first.sr, first.reference) for _ in range(2)]
    assert len({get("dists").compute(pair) for pair in (first, *others)}) == 1
    assert len(calls) == 1 + 3


def test_the_card_and_what_a_run_writes_down(folder):
    card = get("dists")
    assert (card.higher_is_better, card.unit, card.digits, card.bounds) == (False, "", 4, (0, math.inf))
    assert declared_version(card.version) == 1
    assert card.version > 10**12  # behind it the hash of the channel weights
    card.prepare()
    described = describe_metric(card)
    assert described["source"] == "Ding et al., arXiv:2004.07728"
    assert "f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218" in described["weights"].values()
    assert file_hash(folder / "vgg16_features.safetensors") in described["weights"].values()


def test_without_channel_weights_it_says_what_brings_them(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"no channel weights of DISTS.*srbench fetch weights.*torchmetrics"):
        get("dists").prepare()


def test_without_vgg_it_says_what_brings_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"no VGG-16 weights.*get_model\('vgg16'"):
        get("dists").prepare()


def test_channel_weights_of_another_hash_are_refused(folder, monkeypatch, tmp_path):
    other = tmp_path / "DISTS_weights-f5e65c96.pth"
    torch.save({name: torch.rand(1, 1475, 1, 1) for name in ("alpha", "beta")}, other)
    monkeypatch.setenv("SRBENCH_WEIGHTS", f"{tmp_path}:{folder}")
    with pytest.raises(WeightsError, match=rf"has sha256 {file_hash(other)}, not f5e65c96[0-9a-f]+: these are other"):
        get("dists").prepare()


def test_a_vgg_of_another_hash_than_its_name_says_is_refused(folder, vgg, monkeypatch, tmp_path):
    state = {f"features.{key}": value for key, value in vgg.features.state_dict().items()}
    torch.save(state, tmp_path / "vgg16-397923af.pth")
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"not 397923af...: these are other weights"):
        get("dists").prepare()
