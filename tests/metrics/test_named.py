"""No-reference metrics with fixed weights: pyiqa's values with the same file, other files refused, versions."""

import importlib.util
import random
import sys
import types
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.io import savemat

import srbench
from srbench import metrics
from srbench.errors import SrbenchError, UnavailableError, WeightsError
from srbench.metrics import get, named
from srbench.records import declared_version
from srbench.run.manifest import describe_metric, metric_facts
from srbench.weights.files import file_hash

needs_pyiqa = pytest.mark.skipif(
    importlib.util.find_spec("pyiqa") is None, reason="no pyiqa: pip install 'srbench[iqa]'"
)
pytestmark = pytest.mark.filterwarnings("ignore")  # pyiqa's own


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """A folder of weights, and caches, with nothing in them."""
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    if importlib.util.find_spec("pyiqa") is not None:  # which looks at TORCH_HOME once, when it is imported
        monkeypatch.setattr("pyiqa.utils.download_util.DEFAULT_CACHE_DIR", str(tmp_path / "torch" / "hub" / "pyiqa"))
    return tmp_path / "weights"


@pytest.fixture
def pin(folder, monkeypatch):
    """Takes the files of a variant that lie in the folder for the published ones."""

    def pinned(name, **changes):
        variant = named.VARIANTS[name]
        files = tuple(replace(file, sha256=file_hash(folder / file.name)) for file in variant.files)
        monkeypatch.setitem(named.VARIANTS, name, replace(variant, files=files, **changes))
        return named.VARIANTS[name]

    return pinned


def write_niqe(folder, seed=0):
    """Parameters of NIQE as its file has them, of made-up statistics."""
    rng = np.random.default_rng(seed)
    spread = rng.normal(size=(36, 60))
    content = {"mu_prisparam": rng.normal(size=(1, 36)), "cov_prisparam": spread @ spread.T / 60}
    savemat(folder / "niqe_modelparameters.mat", content)
    return folder / "niqe_modelparameters.mat"


@pytest.mark.parametrize("name", named.VARIANTS)
def test_the_facts(name):
    metric = get(name)
    facts = metric_facts(metric)
    assert name in metrics.names()
    assert (facts.name, facts.higher_is_better) == (name, name not in ("niqe", "pi"))
    assert facts.title
    assert facts.source
    assert facts.digits in (2, 4)
    assert declared_version(facts.version) == (2 if name in ("niqe", "pi") else 1)
    assert facts.version > 10**12
    assert metric.needs == ("sr_rgb",)
    assert get(name) is metric


def test_no_two_have_one_version_and_settings_and_weights_are_in_it():
    versions = {get(name).version for name in named.VARIANTS}
    assert len(versions) == len(named.VARIANTS)
    musiq = named.VARIANTS["musiq"]
    other = replace(musiq, files=(replace(musiq.files[0], sha256="0" * 64),))
    resized = replace(musiq, options={**musiq.options, "longer_side_lengths": [224]})
    assert len({variant.version() for variant in (musiq, other, resized)}) == 3


def test_pyiqas_version_is_in_it(monkeypatch):
    before = get("musiq").version
    monkeypatch.setattr(named, "_pyiqa", lambda: "99.0")
    assert get("musiq").version != before


def test_of_a_file_whose_hash_nobody_publishes_that_of_the_one_here_is_in_it(folder):
    found = [get("pi").version]
    for content in (b"one", b"other", b"one"):
        (folder / "NRQM_model.mat").write_bytes(content)
        found.append(get("pi").version)
    assert found[1] == found[3]
    assert len(set(found)) == 3


@pytest.mark.parametrize("name", named.VARIANTS)
def test_without_weights_it_says_which_and_where_they_are(name):
    pytest.importorskip("pyiqa")
    file = named.VARIANTS[name].files[0].name
    with pytest.raises(UnavailableError, match=f"no {file} on this machine; download https://.*/{file} and put it"):
        get(name).prepare()


@pytest.mark.parametrize("place", ["folder", "cache"])
@pytest.mark.parametrize("name", named.VARIANTS)
def test_weights_of_another_hash_are_refused(name, place, folder):
    variant = named.VARIANTS[name]
    file = variant.files[0]
    path = folder / file.name if place == "folder" else variant.place(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"others")
    with pytest.raises(WeightsError, match=rf"has sha256 [0-9a-f]{{64}}, not {file.sha256}.*: these are other weights"):
        get(name).prepare()


@needs_pyiqa
def test_niqe_is_pyiqas_with_that_file(folder, pin, sample_pairs, as_comparison):
    import pyiqa

    path = write_niqe(folder)
    variant = pin("niqe")
    theirs = pyiqa.create_metric("niqe", device="cpu", pretrained_model_path=str(path))
    for sr, hr in sample_pairs[:3]:
        value = get("niqe").compute(as_comparison(sr, hr))
        tensor = torch.from_numpy(sr.copy()).permute(2, 0, 1)[None].float() / 255
        assert value == pytest.approx(theirs(tensor).item(), abs=1e-6)
    (written,) = describe_metric(get("niqe"))["weights"].values()
    assert written == variant.files[0].sha256
    grey = np.repeat(sample_pairs[0][1][..., :1], 3, axis=2)
    assert np.isfinite(srbench.score("niqe", grey, grey))


@needs_pyiqa
def test_musiq_is_pyiqas_with_that_file_and_draws_nothing_of_the_callers(folder, pin, sample_pairs, as_comparison):
    from pyiqa.archs.musiq_arch import MUSIQ

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = MUSIQ(pretrained=False).eval()
    torch.save(network.state_dict(), folder / "musiq_koniq_ckpt-e95806b9.pth")
    pin("musiq")
    sr, hr = sample_pairs[0]
    pair = as_comparison(sr, hr)
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    first = get("musiq").compute(pair)
    drawn = random.random(), np.random.rand(), torch.rand(1).item()
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    assert drawn == (random.random(), np.random.rand(), torch.rand(1).item())
    with torch.no_grad():
        expected = network(torch.from_numpy(sr.copy()).permute(2, 0, 1)[None].float() / 255).item()
    assert first == pytest.approx(expected, abs=1e-5)
    assert get("musiq").compute(pair) == first


def test_maniqas_backbone_is_not_downloaded_to_be_replaced(monkeypatch):
    asked = []
    timm = types.SimpleNamespace(create_model=lambda name, **options: asked.append((name, options)))
    arch = types.ModuleType("pyiqa.archs.maniqa_arch")
    arch.timm = timm
    monkeypatch.setitem(sys.modules, arch.__name__, arch)
    with named.VARIANTS["maniqa-koniq"]._creating():
        arch.timm.create_model("vit", pretrained=True)
    arch.timm.create_model("vit", pretrained=True)
    assert asked == [("vit", {"pretrained": False}), ("vit", {"pretrained": True})]
    assert arch.timm is timm


@needs_pyiqa
@pytest.mark.slow
def test_maniqa_runs_with_that_file(folder, pin, sample_pairs, as_comparison):
    from pyiqa.archs import maniqa_arch

    with torch.random.fork_rng(devices=[]), named.VARIANTS["maniqa-koniq"]._creating():
        torch.manual_seed(0)
        network = maniqa_arch.MANIQA(pretrained=False, scale=0.8, test_sample=1).eval()
    torch.save(network.state_dict(), folder / "ckpt_koniq10k.pt")
    pin("maniqa-koniq", options={"train_dataset": "koniq", "scale": 0.8, "test_sample": 1})
    sr, hr = sample_pairs[0]
    with torch.no_grad():
        expected = network(torch.from_numpy(sr.copy()).permute(2, 0, 1)[None].float() / 255).item()
    assert get("maniqa-koniq").compute(as_comparison(sr, hr)) == pytest.approx(expected, abs=1e-5)


@needs_pyiqa
def test_a_tiny_image_has_no_value_and_no_traceback(folder, pin, rng):
    write_niqe(folder)
    pin("niqe")
    image = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    with pytest.raises(SrbenchError, match=r"^NIQE: .*(5x4|IndexError|RuntimeError|ValueError)"):
        srbench.score("niqe", image, image)
