"""Checkpoints by name: ``srbench fetch zoo:``, ``srbench list zoo``, from a server on this machine."""

import hashlib
import json

import pytest
import torch

from srbench import api, zoo
from srbench.weights.fingerprint import fingerprint
from srbench.zoo import manifest, openmodeldb

STATE = {"conv.weight": torch.arange(9.0).reshape(1, 1, 3, 3), "conv.bias": torch.ones(1)}
PAGE = b"<!DOCTYPE html><html>Google Drive can't scan this file for viruses</html>"


@pytest.fixture
def weights(tmp_path):
    """A small weight file."""
    path = tmp_path / "net.pth"
    torch.save({"params": STATE}, path)
    return path


@pytest.fixture
def known(site, cache, weights, tmp_path, monkeypatch):
    """Makes 'tiny-x2' a checkpoint of the zoo, whose file is on the server, or at another ``address``."""
    folder = tmp_path / "more" / "methods" / "zoo"
    folder.mkdir(parents=True)
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path / "more"))
    monkeypatch.delenv("SRBENCH_CHECKPOINTS", raising=False)
    site.files["/net.pth"] = weights.read_bytes()

    def write(name="tiny", address=None, sha256=None, more="", of_file="", licence="MIT"):
        content = weights.read_bytes()
        text = f"""
title = "Tiny"
architecture = "srcnn"
paper = "none"
licence = "{licence}"
homepage = "https://example.org/tiny"
{more}
[[file]]
name = "tiny-x2"
scales = [2]
address = "{address or site.url("/net.pth")}"
size = {len(content)}
sha256 = "{sha256 or hashlib.sha256(content).hexdigest()}"
{of_file}
"""
        (folder / f"{name}.toml").write_text(text)
        manifest._manifests.cache_clear()

    yield write
    manifest._manifests.cache_clear()


def test_a_checkpoint_is_fetched_once_and_its_licence_shown_first(srbench, site, known, cache, weights, leftovers):
    known()
    result = srbench("fetch", "zoo:tiny-x2")
    assert result.exit_code == 0, result.output
    assert "Tiny: licence MIT (https://example.org/tiny)" in result.stderr
    target = cache / "zoo" / "tiny-x2.pth"
    assert f"Tiny: fetched to {target}" in result.stdout
    assert target.read_bytes() == weights.read_bytes()
    assert list((cache / "downloads").iterdir()) == []
    again = srbench("fetch", "ZOO:tiny-x2".lower())
    assert "is here already" in again.stdout
    assert "licence" not in again.stderr
    assert len(site.asked) == 1


def test_what_is_fetched_is_known_by_its_tensors_from_then_on(srbench, known, weights, tmp_path):
    known()
    torch.save(STATE, tmp_path / "mine.pt")
    assert zoo.recognised(tmp_path / "mine.pt") is None
    srbench("fetch", "zoo:tiny-x2")
    assert zoo.recognised(tmp_path / "mine.pt").name == "tiny-x2"
    torch.save({**STATE, "conv.bias": torch.zeros(1)}, tmp_path / "other.pt")
    assert zoo.recognised(tmp_path / "other.pt") is None


def test_without_a_licence_it_is_fetched_and_said_not_to_be_passed_on(srbench, known):
    known(licence="none stated")
    result = srbench("fetch", "zoo:tiny-x2")
    assert result.exit_code == 0
    assert "no licence is stated" in result.stderr
    assert "do not pass it on" in result.stderr


def test_a_licence_that_forbids_it(srbench, wrong, site, known):
    known(licence="Company research licence", more='forbids = "copies by programs"')
    wrong("fetch", "zoo:tiny-x2", match=r"licence of Tiny \(Company research licence\) forbids copies by programs")
    assert site.asked == []


def test_another_file_at_the_address(wrong, known, cache, weights):
    other = "0" * 64
    known(sha256=other)
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    wrong("fetch", "zoo:tiny-x2", match=rf"has sha256 {found}, zoo:tiny-x2 has {other}; another version of the file\?")
    assert not (cache / "zoo").exists()
    assert list((cache / "downloads").iterdir()) == []


def test_a_file_that_was_zipped_again_has_the_same_tensors(srbench, known, cache, tmp_path):
    known(of_file=f'tensors = "{fingerprint(STATE)}"')
    again = tmp_path / "again.pth"
    torch.save({"epoch": 3, "params": STATE}, again)
    result = srbench("fetch", "zoo:tiny-x2", "--file", again)
    assert result.exit_code == 0, result.output
    assert "other bytes than the recorded ones, the same tensors" in result.stdout
    assert zoo.find(zoo.known_as("tiny-x2")) == cache / "zoo" / "tiny-x2.pth"


def test_a_page_in_place_of_a_file(wrong, site, known, tmp_path):
    known()
    site.files["/net.pth"] = PAGE
    wrong("fetch", "zoo:tiny-x2", match="answers with an HTML page in place of the file")
    page = tmp_path / "page.pth"
    page.write_bytes(PAGE)
    wrong("fetch", "zoo:tiny-x2", "--file", page, match="is an HTML page in place of the file")


def test_google_drive_is_by_hand(srbench, wrong, known, cache, weights):
    known(address="https://drive.google.com/file/d/1abc/view?usp=sharing")
    said = r"https://drive\.google\.com/file/d/1abc\S+; get it by hand, then: srbench fetch zoo:tiny-x2 --file FILE"
    wrong("fetch", "zoo:tiny-x2", match=said)
    result = srbench("fetch", "zoo:tiny-x2", "--file", weights)
    assert result.exit_code == 0, result.output
    assert (cache / "zoo" / "tiny-x2.pth").read_bytes() == weights.read_bytes()


def test_a_file_is_of_one_checkpoint(wrong, known, weights):
    known()
    wrong("fetch", "zoo:tiny-x2", "set5", "--file", weights, match="--file is the file of one checkpoint")
    wrong("fetch", "zoo:tiny-x2", "--file", weights.with_name("gone.pth"), match="cannot read '.*gone.pth'")


def test_unknown_and_broken_names(wrong, known):
    known()
    wrong("fetch", "zoo:tiny-x3", match="unknown checkpoint of the zoo 'tiny-x3'; did you mean tiny-x2")
    wrong("fetch", "zoo:smfanet", match=r"unknown checkpoint of the zoo 'smfanet'.*zoo:smfanet-")
    known(more='licenze = "MIT"')
    wrong("fetch", "zoo:tiny-x2", match=r"tiny\.toml', line 7: unknown key 'licenze'; did you mean licence\?")


def test_a_name_in_two_zoos(srbench, wrong, known):
    known()
    known(name="tiny_too")
    wrong("fetch", "zoo:tiny-x2", match=r"two zoos have a checkpoint 'tiny-x2' \('.*tiny\.toml', '.*tiny_too\.toml'\)")
    rows = {row["name"]: row for row in json.loads(srbench("list", "zoo", "--json").stdout)}
    assert rows["tiny-x2"]["title"].startswith("BROKEN: two zoos have a checkpoint 'tiny-x2'")


def test_a_known_file_whose_network_is_not_here_is_named(wrong, known, weights):
    known(of_file=f'tensors = "{fingerprint(STATE)}"\narchitecture = "nobodys"')
    said = r"net\.pth' is Tiny of the zoo \(zoo:tiny-x2\), a network 'nobodys' \(not here\)"
    wrong("run", "--methods", weights, "--datasets", "sample", match=said)


def test_a_model_of_openmodeldb(srbench, wrong, site, cache, monkeypatch, tmp_path, real_checkpoints):
    content = (real_checkpoints / "DITN_Real_x4.pth").read_bytes()
    site.files["/ditn.pth"] = content
    file = {"platform": "pytorch", "type": "pth", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    model = {"name": "DITN", "license": None, "architecture": "ditn", "scale": 4}
    drive = "https://drive.google.com/file/d/1abc"
    models = {
        "4x-DITN": {**model, "resources": [{**file, "urls": [drive, site.url("/ditn.pth")]}]},
        "4x-Onnx": {**model, "resources": [{**file, "platform": "onnx", "urls": [drive]}]},
    }
    site.files["/models.json"] = json.dumps(models).encode()
    monkeypatch.setattr(openmodeldb, "CATALOGUE", site.url("/models.json"))
    wrong("run", "--methods", "omdb:4x-DITN", match="is not on this machine; srbench fetch omdb:4x-DITN")
    wrong("fetch", "omdb:4x-DITM", match="unknown model of OpenModelDB '4x-DITM'; did you mean 4x-DITN")
    wrong("fetch", "omdb:4x-onnx", match="has no PyTorch file of '4x-Onnx'.*https://openmodeldb.info/models/4x-Onnx")
    result = srbench("fetch", "omdb:4x-ditn")
    assert result.exit_code == 0, result.output
    assert "no licence is stated (https://openmodeldb.info/models/4x-DITN)" in result.stderr
    assert "srbench run --methods omdb:4x-DITN" in result.stdout
    assert (cache / "zoo" / "omdb-4x-ditn.pth").read_bytes() == content
    assert list((cache / "downloads").iterdir()) == []
    card = api.load("omdb:4x-DITN").card
    assert (card.name, card.scales, card.url) == ("omdb:4x-DITN", (4,), "https://openmodeldb.info/models/4x-DITN")
    site.files["/models.json"] = b"<html>moved</html>"
    wrong("fetch", "omdb:4x-ditm", match="HTML page")
    site.files["/models.json"] = b"[1]"
    wrong("fetch", "omdb:4x-ditm", match="is no catalogue of models")


def test_the_list_says_where_each_is_or_how_to_get_it(srbench, known, weights, monkeypatch):
    known()
    monkeypatch.setenv("COLUMNS", "400")
    rows = {row["name"]: row for row in json.loads(srbench("list", "zoo", "--json").stdout)}
    assert rows["zoo:tiny-x2"]["where"] == "to fetch"
    assert rows["zoo:hat-s-x4"]["where"] == "by hand"
    assert rows["zoo:bsrn-x4"]["Set5 PSNR"] == "32.35"
    assert rows["zoo:vdsr-authors"]["Set5 PSNR"] == "x2 37.53, x3 33.66, x4 31.35"
    assert rows["zoo:lapsrn-authors-x4"]["network"] == "lapsrn-matconvnet (not here)"
    monkeypatch.setenv("SRBENCH_CHECKPOINTS", str(weights.parent))
    rows = {row["name"]: row for row in json.loads(srbench("list", "zoo", "--json").stdout)}
    assert rows["zoo:tiny-x2"]["where"] == str(weights)
    assert "zoo:tiny-x2" in srbench("list", "zoo").stdout
