"""The zoo's manifests: those that ship, and wrong ones."""

import os
from pathlib import Path

import pytest

from srbench import zoo
from srbench.errors import MethodError
from srbench.zoo import manifest, places

GOOD = """
title = "T"
architecture = "bsrn"
paper = "p"
licence = "MIT"

[[file]]
name = "t-x2"
scales = [2]
address = "https://example.org/t.pth"
size = 10
sha256 = "{hash}"
reported = [
    {{ dataset = "set5", scale = 2, protocol = "basicsr", psnr = 37.5, source = "s" }},
]
""".format(hash="a" * 64)


@pytest.fixture
def more(tmp_path, monkeypatch):
    """Writes a manifest of the user's."""
    folder = tmp_path / "methods" / "zoo"
    folder.mkdir(parents=True)
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))

    def write(text, name="t"):
        (folder / f"{name}.toml").write_text(text)
        manifest._manifests.cache_clear()

    yield write
    manifest._manifests.cache_clear()


def test_every_shipped_manifest_can_be_used():
    assert zoo.broken() == {}
    found = zoo.checkpoints()
    assert len(found) == 58
    assert all(checkpoint.licence and checkpoint.paper for checkpoint in found.values())
    assert sum(checkpoint.by_hand for checkpoint in found.values()) == 14
    assert sum(bool(checkpoint.tensors) for checkpoint in found.values()) == 7


def test_a_users_manifest(more):
    more(GOOD)
    checkpoint = zoo.known_as("zoo:T-x2")
    assert checkpoint.reported[0].values == {"psnr": 37.5}
    assert checkpoint.published() == "37.50"
    assert checkpoint.file == "t.pth"


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('licence = "MIT"', 'license = "MIT"', "unknown key 'license'; did you mean licence?"),
        ("psnr = 37.5", "psrn = 37.5", "unknown key 'psrn'; did you mean psnr?"),
        ("size = 10", "size = 0", "size = 0 is no number of bytes"),
        ("scales = [2]", "scales = []", "scales = [] are no scales"),
        ("scale = 2,", "scale = 3,", "a value at x3, which is none of its scales"),
        ('"basicsr"', '"basic"', "under the protocol 'basic', which there is not"),
        ("psnr = 37.5, ", "", "a value of set5 without a number"),
        ('"https://example', '"ftp://example', "is none of the web"),
        ('name = "t-x2"', 'name = "T x2"', "name = 'T x2' is no name"),
        ("aaaa", "zzzz", "is no SHA-256"),
    ],
)
def test_what_is_wrong_in_a_manifest_is_said_and_breaks_it_alone(more, old, new, match):
    more(GOOD.replace(old, new))
    assert match in str(zoo.broken()["t"])
    assert len(zoo.checkpoints()) == 58
    with pytest.raises(MethodError, match=r"t\.toml"):
        zoo.known_as("t-x2")


REAL = {
    "bsrn-x4": "BSRN_x4.pth",
    "carn-m": "carn_m.pth",
    "ditn-x4": "DITN_Real_x4.pth",
    "rlfn-x4": "rlfn_x4.pth",
    "smfanet-df2k-x4": "SMFANet_DF2K_x4.pth",
    "vdsr-authors": "VDSR_Official.mat",
    "vdsr-twtygqyy": "vdsr_retrained.safetensors",
}


@pytest.mark.parametrize("name", REAL)
def test_the_real_files_are_known_by_their_bytes_or_tensors(name, real_checkpoints, monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_CHECKPOINTS", os.fspath(real_checkpoints))
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path))
    checkpoint = zoo.known_as(name)
    assert zoo.find(checkpoint) == Path(real_checkpoints, REAL[name])


def test_the_hash_of_tensors_does_not_depend_on_the_wrapping(real_checkpoints, tmp_path):
    import torch
    from safetensors.torch import save_file

    from srbench.weights.files import load_state

    state, _ = load_state(real_checkpoints / "BSRN_x4.pth")
    save_file(state, tmp_path / "a.safetensors")
    torch.save({"net": {f"module.{key}": value for key, value in state.items()}}, tmp_path / "a.pth")
    wanted = zoo.known_as("bsrn-x4").tensors
    assert places.tensors_of(tmp_path / "a.safetensors") == wanted
    assert places.tensors_of(tmp_path / "a.pth") == wanted
    state["fea_conv.dw.bias"][0] += 1e-6
    save_file(state, tmp_path / "b.safetensors")
    assert places.tensors_of(tmp_path / "b.safetensors") not in ("", wanted)
