"""``srbench convert`` as a user meets it."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from srbench import zoo
from srbench.weights.files import load_state


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)


@pytest.fixture
def module(tmp_path):
    """A network that was pickled whole, with what a trainer keeps beside it."""
    path = tmp_path / "model_epoch_50.pth"
    torch.save({"epoch": 50, "model": Net()}, path)
    return path


def test_a_whole_module_becomes_a_safetensors_file_and_a_manifest(srbench, module):
    result = srbench("convert", module)
    assert result.exit_code == 0, result.output
    assert "model_epoch_50.pth: PyTorch, a pickled " in result.stdout
    assert "state 'model', 2 tensors, 57 parameters" in result.stdout
    assert "not taken: epoch: 50" in result.stdout
    assert "wrote " in result.stderr
    output = module.with_suffix(".safetensors")
    assert set(load_file(output)) == {"conv.weight", "conv.bias"}
    manifest = json.loads(module.with_suffix(".manifest.json").read_text(encoding="utf-8"))
    assert manifest["sources"][0]["file"] == module.name


def test_the_output_is_chosen_and_nothing_is_overwritten_unasked(srbench, wrong, module, tmp_path):
    chosen = tmp_path / "new" / "x4.safetensors"
    assert srbench("convert", module, "--output", chosen).exit_code == 0
    assert srbench("convert", module, "--output", chosen).exit_code == 0
    for _ in range(2):  # what the same file was converted into may be written again
        assert srbench("convert", module).exit_code == 0
    module.with_suffix(".safetensors").write_bytes(b"mine")
    wrong("convert", module, match=r"is there already; name another file with --output")
    wrong("convert", module, "--output", tmp_path / "x4.pth", match="safetensors alone are written; call it")
    assert module.with_suffix(".safetensors").read_bytes() == b"mine"


def test_wrong_files_are_one_line(wrong, tmp_path):
    wrong("convert", tmp_path / "gone.pth", match="no weights at .*gone.pth")
    wrong("convert", tmp_path, match="is a folder, not a weight file")
    (tmp_path / "page.pth").write_text("<html>")
    wrong("convert", tmp_path / "page.pth", match="is a web page")
    (tmp_path / "net.onnx").write_bytes(b"\x08\x07")
    wrong("convert", tmp_path / "net.onnx", match="is an ONNX model")
    torch.save({"epoch": 3}, tmp_path / "none.pth")
    wrong("convert", tmp_path / "none.pth", match="holds no tensors")
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    wrong(
        "convert",
        tmp_path / "a.safetensors",
        "--output",
        tmp_path / "b.safetensors",
        match="a safetensors file already",
    )


def test_a_file_that_a_run_refuses_names_the_command_and_converts(srbench, wrong, tmp_path):
    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / "written"), "w")

    path = tmp_path / "net.pth"
    torch.save({"params": Net().state_dict(), "extra": Evil()}, path)
    line = wrong("run", "--methods", path, match="refused: it would run code .*; srbench convert .*net.pth takes")
    assert str(path) in line
    result = srbench("convert", path)
    assert result.exit_code == 0, result.output
    assert "open where it is unpickled: nothing was run" in result.stdout
    assert not (tmp_path / "written").exists()


def test_the_authors_vdsr_becomes_a_file_that_the_zoo_knows(srbench, real_checkpoints, tmp_path):
    source, output = real_checkpoints / "VDSR_Official.mat", tmp_path / "vdsr.safetensors"
    result = srbench("convert", source, "--output", output)
    assert result.exit_code == 0, result.output
    assert "40 tensors, 665,921 parameters" in result.stdout
    direct, _ = load_state(source)
    converted = load_file(output)
    assert all(torch.equal(converted[name], direct[name]) for name in direct)
    assert zoo.recognised(output) == zoo.recognised(source)
    assert zoo.recognised(output) is not None
