"""docs/scripts/pack_weights.py: what a method names is packed, unless it costs too much; measuring writes nothing."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from srbench import paths
from srbench.imaging.images import write_image
from srbench.methods.srresnet import Srresnet
from srbench.weights.packing import unpack

SHIPPED = Path(paths.search_path("methods")[0]) / "weights" / "srresnet_x4.safetensors"


@pytest.fixture(scope="module")
def script(load_script):
    return load_script("pack_weights")


@pytest.fixture
def weights(tmp_path, monkeypatch, make_picture):
    """srresnet's weights for x4 in half precision, in place of all that ship; images beside them."""
    with safe_open(SHIPPED, "pt") as file:
        state = unpack({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    path = tmp_path / "weights" / SHIPPED.name
    path.parent.mkdir()
    halves = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    save_file(halves, path, {"method": "srresnet"})
    shutil.copy(SHIPPED.with_suffix(".json"), path.parent)
    for n in range(11):
        write_image(tmp_path / "images" / f"{n}.png", make_picture(48, 48, n))
    monkeypatch.setattr(Srresnet, "weight_files", lambda self: [path])
    return path


def run(script, monkeypatch, weights, *options):
    images = str(weights.parent.parent / "images")
    monkeypatch.setattr("sys.argv", ["pack_weights.py", "srresnet", "--data", images, *options])
    script.main()


def bytes_of(path):
    with safe_open(path, "pt") as file:
        keys = file.keys()
        return {key for key in keys if file.get_tensor(key).dtype == torch.int8}, file.metadata()


def test_what_a_method_names_is_packed(script, weights, monkeypatch, capsys):
    size = weights.stat().st_size
    run(script, monkeypatch, weights)
    packed, metadata = bytes_of(weights)
    assert len(packed) == 32
    assert all(key.startswith("blocks.") for key in packed)
    assert metadata == {"method": "srresnet"}
    assert weights.stat().st_size < 0.75 * size
    said = capsys.readouterr().out
    assert said.startswith("srresnet_x4 blocks.: ")
    content = weights.read_bytes()
    run(script, monkeypatch, weights)
    assert weights.read_bytes() == content


def test_what_costs_too_much_stays_as_it_is(script, weights, monkeypatch, capsys):
    monkeypatch.setattr(Srresnet, "packed", ("first.", "last."))
    run(script, monkeypatch, weights)
    lost = float(capsys.readouterr().out.split("x4 ")[-1].split(" dB")[0])
    assert lost < -script.LIMIT
    assert not bytes_of(weights)[0]


def test_parts_are_measured_and_nothing_is_written(script, weights, monkeypatch, capsys):
    content = weights.read_bytes()
    run(script, monkeypatch, weights, "--parts", "blocks.", "last.")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["srresnet_x4 blocks.", "srresnet_x4 last."]
    assert weights.read_bytes() == content
