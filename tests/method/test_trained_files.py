"""Weights that ``srbench train`` wrote, given by path or in a folder of $SRBENCH_WEIGHTS."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from srbench import paths
from srbench.errors import WeightsError
from srbench.method import plugins
from srbench.results.reader import Reader
from srbench.run import loaded
from srbench.training.session import plan

SHIPPED = Path(paths.search_path("methods")[0]) / "weights"


def method(spec):
    (plugin,) = plugins.find(str(spec))
    return plugins.instantiate(plugin)


def trained(folder, name, stem, scales):
    """Weights as ``srbench train --output folder`` leaves them, a little off the shipped ones, with their card."""
    (job, *_) = plan(method(name), [], scales, "cpu", output=folder)
    path = job.folder / f"{stem}.safetensors"
    path.parent.mkdir(parents=True)
    state = {key: value.float() * 0.97 for key, value in load_file(SHIPPED / f"{stem}.safetensors").items()}
    save_file(state, path, {"method": name, "recipe": "0123456789abcdef"})
    card = {"method": name, "scales": list(scales), "parameters": 1, "steps": 9, "wall_seconds": 1, "device": "cpu"}
    facts = {"images": {"T91": 91}, "validation_psnr": {f"x{scale}": 30.125 for scale in scales}, "test_psnr": {}}
    path.with_suffix(".json").write_text(json.dumps(card | facts))
    return path


class Notes:
    def __init__(self):
        self.lines = []

    def note(self, text):
        self.lines.append(text)

    def begin(self, *_): ...

    def done(self, *_): ...


def test_a_trained_file_is_a_method_beside_the_shipped_one(tmp_path, go, scores, results):
    path, notes = trained(tmp_path / "out1", "srcnn", "srcnn_x4", (4,)), Notes()
    summary = go("srcnn", str(path), scales=(4,), metrics=("psnr",), observer=notes)
    assert (summary.computed, summary.failed) == (6, 0)
    assert {name for name, _, _ in scores()} == {"srcnn", "srcnn_x4"}
    assert scores()["srcnn", "a", "psnr"] != scores()["srcnn_x4", "a", "psnr"]
    assert "weights that srbench ships: srcnn" in notes.lines
    (own,) = [line for line in notes.lines if "your weights" in line]
    assert own == f"srcnn_x4: your weights {path} (trained on 91 images of T91; validation 30.12 dB at x4)"
    with Reader(results) as reader:
        shipped, mine = (row["weight_files"][0] for row in reader.runs()[0].manifest["methods"])
    assert (shipped["path"], shipped["shipped"]) == (str(SHIPPED.resolve() / "srcnn_x4.safetensors"), True)
    assert (mine["path"], mine["shipped"], mine["images"]) == (str(path.resolve()), False, {"T91": 91})
    assert mine["validation_psnr"] == {"x4": 30.125}


def test_a_trained_file_has_its_methods_source_in_its_identity_and_no_published_values(tmp_path):
    path = trained(tmp_path, "srcnn", "srcnn_x4", (4,))
    (plugin,) = plugins.find(str(path))
    (shipped,) = plugins.find("srcnn")
    own = plugins.instantiate(plugin)
    assert own.card.scales == (4,)
    assert own.card.published == ()
    assert shipped.value.card.published
    before = plugins.identity(plugin, own)
    assert before != plugins.identity(shipped, plugins.instantiate(shipped))
    state = load_file(path)
    save_file({key: value * 1.01 for key, value in state.items()}, path, {"method": "srcnn", "recipe": "0"})
    assert plugins.identity(plugin, own) != before


def test_weights_of_several_scales_are_not_called_as_the_method(tmp_path):
    path = trained(tmp_path, "vdsr", "vdsr", (2, 3, 4))
    assert path.parent.name == "vdsr_x2_x3_x4"
    found = method(path)
    assert found.card.name == "vdsr_x2_x3_x4"
    assert found.card.scales == (2, 3, 4)
    assert method(trained(tmp_path, "lapsrn", "lapsrn", (4,))).card.name == "lapsrn_x4"


def test_without_a_card_the_files_name_says_the_scale(tmp_path):
    path = trained(tmp_path, "srcnn", "srcnn_x4", (4,))
    path.with_suffix(".json").unlink()
    assert method(path).card.scales == (4,)
    for broken in ("{", "[1]", '{"scales": 4}', '{"scales": ["x"]}'):
        path.with_suffix(".json").write_text(broken)
        found = method(path)
        assert found.card.scales == (4,)
        assert found.training_facts().keys() <= {4}
    other = path.rename(tmp_path / "best.safetensors")
    with pytest.raises(WeightsError, match=r"nothing says for which scale.*leave 'best\.json' beside them"):
        plugins.find(str(other))


def test_weights_of_a_method_that_is_not_here_say_so(tmp_path):
    path = tmp_path / "net_x4.safetensors"
    save_file({"w": torch.ones(1)}, path, {"method": "their-net", "recipe": "0"})
    with pytest.raises(WeightsError, match="trained for 'their-net', and there is no such method here"):
        plugins.find(str(path))


@pytest.mark.parametrize(
    ("name", "stem", "scales", "serves"),
    [
        ("srcnn", "srcnn_x4", (4,), (4,)),
        ("lapsrn", "lapsrn", (4,), (2, 3, 4)),
        ("vdsr", "vdsr", (2, 3, 4), (2, 3, 4)),
        ("srgan-mse", "srgan_mse_x4", (4,), (4,)),
    ],
)
def test_the_output_of_a_training_is_found_as_a_folder_of_weights(tmp_path, monkeypatch, name, stem, scales, serves):
    path = trained(tmp_path / "out1", name, stem, scales)
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path / "out1"))
    assert [method(name).weight_path(scale) for scale in serves] == [path] * len(serves)
    assert method(name).training_card(serves[0])["steps"] == 9
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(path.parent))
    assert method(name).weight_path(serves[0]) == path


def test_a_folder_of_weights_of_which_nothing_is_used_is_said(tmp_path, monkeypatch, go):
    def said(folder):
        monkeypatch.setenv("SRBENCH_WEIGHTS", str(folder))
        notes = Notes()
        go("srcnn", scales=(4,), metrics=("psnr",), observer=notes)
        return [line for line in notes.lines if "SRBENCH_WEIGHTS" in line]

    (line,) = said(tmp_path / "gone")
    assert line == f"SRBENCH_WEIGHTS names '{tmp_path / 'gone'}', which is no folder"
    trained(tmp_path / "other", "fsrcnn", "fsrcnn_x4", (4,))
    (line,) = said(tmp_path / "other")
    assert "is used by these methods: it holds fsrcnn_x4/fsrcnn_x4.safetensors; give" in line
    (tmp_path / "begun" / "srcnn_x4").mkdir(parents=True)
    (tmp_path / "begun" / "srcnn_x4" / "checkpoint.pt").write_bytes(b"")
    assert "the training in srcnn_x4 has no weights yet" in said(tmp_path / "begun")[0]
    trained(tmp_path / "mine", "srcnn", "srcnn_x4", (4,))
    assert said(tmp_path / "mine") == []
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "alexnet_features.safetensors").write_bytes(b"")
    assert said(tmp_path / "metrics") == []


def test_methods_without_weights_say_nothing_of_them(monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path / "gone"))
    assert loaded.notes([method("bicubic"), method("nearest")]) == []


def test_a_plugin_that_raises_when_it_is_asked_for_its_files_is_computed(tmp_path):
    class Broken(type(method("bicubic"))):
        def weight_files(self):
            raise RuntimeError("mine")

    assert loaded.files(Broken()) == []
    assert loaded.notes([Broken()]) == []
