"""``srbench fetch weights``, from a server on this machine."""

import dataclasses
import hashlib

import pytest
import torch
from safetensors.torch import load_file, save_file

from srbench import paths
from srbench.fetch import weights
from srbench.weights.pinned import PinnedFile


@pytest.fixture
def backbone(site, cache, tmp_path, monkeypatch):
    """A backbone like AlexNet, small, on the server; returns its state."""
    state = {f"features.{i}.weight": torch.rand(2, 3, generator=torch.manual_seed(i)) for i in (0, 3)}
    state["classifier.1.weight"] = torch.rand(50_000)
    torch.save(state, tmp_path / "net.pth")
    content = (tmp_path / "net.pth").read_bytes()
    site.files["/net.pth"] = content
    alexnet = weights.BACKBONES[0]
    small = dataclasses.replace(alexnet, address=site.url("/net.pth"), sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(weights, "BACKBONES", (small,))
    monkeypatch.setattr(weights, "FILES", ())
    return state


@pytest.fixture
def small_file(site, cache, monkeypatch):
    """A file that is kept as it is, on the server."""
    site.files["/dists.pth"] = b"weights"
    file = PinnedFile("DISTS.pth", hashlib.sha256(b"weights").hexdigest(), site.url("/dists.pth"))
    monkeypatch.setattr(weights, "BACKBONES", ())
    monkeypatch.setattr(weights, "FILES", (file,))
    return file


def test_weights_are_fetched_and_only_the_features_stay(srbench, site, backbone, cache, leftovers):
    site.cuts = [100_000]
    result = srbench("fetch", "weights")
    assert result.exit_code == 0, result.output
    path = cache / "weights" / "alexnet_features.safetensors"
    assert f"alexnet: fetched to {path}" in result.stdout
    assert path.parent == paths.weights()[-1]
    kept = load_file(path)
    assert set(kept) == {"features.0.weight", "features.3.weight"}
    assert all(torch.equal(kept[key], backbone[key]) for key in kept)
    assert leftovers() == []
    assert "is here already" in srbench("fetch", "weights").stdout
    assert len(site.asked) == 2


def test_weights_with_another_hash_are_refused(wrong, site, backbone, cache, leftovers):
    expected = weights.BACKBONES[0].sha256
    site.files["/net.pth"] += b"\0"
    found = hashlib.sha256(site.files["/net.pth"]).hexdigest()
    wrong("fetch", "weights", match=rf"has sha256 {found}, expected {expected}")
    assert leftovers() == []


def test_weights_that_are_here_are_not_fetched(srbench, tmp_path, monkeypatch):
    for backbone in weights.BACKBONES:
        save_file({"features.0.weight": torch.zeros(1)}, tmp_path / backbone.file)
    monkeypatch.setattr(weights, "FILES", ())
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    result = srbench("fetch", "weights")
    assert result.exit_code == 0
    assert result.stdout.count("is here already") == len(weights.BACKBONES)


def test_without_network_weights_are_one_line(wrong, site, backbone):
    site.shutdown()
    site.server_close()
    wrong("fetch", "weights", match="no connection to")


def test_a_metrics_own_file_is_kept_as_it_is(srbench, site, small_file, cache, leftovers):
    result = srbench("fetch", "weights")
    assert result.exit_code == 0, result.output
    path = cache / "weights" / "DISTS.pth"
    assert f"DISTS.pth: fetched to {path}" in result.stdout
    assert path.read_bytes() == b"weights"
    assert leftovers() == []
    assert f"DISTS.pth: is here already, {path}" in srbench("fetch", "weights").stdout
    assert len(site.asked) == 1


def test_a_file_of_another_hash_is_refused_on_the_server_and_here(wrong, site, small_file, cache, leftovers):
    site.files["/dists.pth"] = b"others"
    wrong("fetch", "weights", match=f"has sha256 [0-9a-f]+, expected {small_file.sha256}")
    assert leftovers() == []
    (cache / "weights").mkdir(parents=True, exist_ok=True)
    (cache / "weights" / "DISTS.pth").write_bytes(b"others")
    wrong("fetch", "weights", match=f"has sha256 [0-9a-f]+, not {small_file.sha256}: these are other weights")
