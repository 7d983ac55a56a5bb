"""What a run does with weights that it sees for the first time, before it computes."""

import json
import re
from pathlib import Path

import pytest
import torch

from srbench.method import plugins
from srbench.run.observer import Silent
from srbench.run.selection import select_methods

DOCS = Path(__file__).resolve().parents[2] / "docs"


def code_on(page, having):
    """The one block of code on a page that has a text in it."""
    blocks = re.findall(r"^```py\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if having in block]
    return found


MY_NET = code_on("plugins.md", 'name="my-net"')


class Notes(Silent):
    def __init__(self):
        self.texts = []

    def note(self, text):
        self.texts.append(text)


@pytest.fixture
def my_net(tmp_path):
    """The plugin of the documentation, and beside it a checkpoint in its author's names: bicubic and 2 of 255 grey
    levels, if it is fed as it was trained."""
    path = tmp_path / "my_net.py"
    path.write_text(MY_NET)
    state = {
        "module.conv_first.weight": torch.zeros(16, 3, 3, 3),
        "module.conv_first.bias": torch.zeros(16),
        "module.upsampler.0.weight": torch.zeros(48, 16, 3, 3),
        "module.upsampler.0.bias": torch.full((48,), 2.0),
    }
    torch.save({"state_dict": state}, tmp_path / "my_net_x4.pth")
    return path


def test_a_network_that_nobody_knows_is_a_plugin_of_25_lines(my_net, go, scores):
    assert len(MY_NET.splitlines()) <= 25
    notes = Notes()
    summary = go(str(my_net), "bicubic", scales=(4,), metrics=("psnr",), observer=notes)
    assert (summary.computed, summary.failures) == (6, [])
    found = scores()
    assert abs(found["my-net", "a", "psnr"] - found["bicubic", "a", "psnr"]) < 3  # 2 of 255 too bright
    (loaded,) = [text for text in notes.texts if "your weights" in text]
    assert "by the method's rename table" in loaded


def test_a_wrong_range_is_said_before_the_run_and_once(my_net, go, results):
    my_net.write_text(MY_NET.replace("input_range = 255.0", "input_range = 1.0"))
    notes = Notes()
    go(str(my_net), scales=(4,), metrics=("psnr",), observer=notes)
    (line,) = [text for text in notes.texts if "tried on the picture" in text]
    assert "my-net x4" in line
    assert "fed 0..255: " in line
    manifest = json.loads((results / "runs" / "0001.json").read_text())
    assert [(own["method"], own["scale"], own["better"]["range"]) for own in manifest["trials"]] == [("my-net", 4, 255)]
    again = Notes()
    go(str(my_net), scales=(4,), metrics=("psnr",), observer=again)
    assert not any("tried on the picture" in text for text in again.texts)


def test_a_built_in_network_is_fed_otherwise_by_a_method_that_says_so(tmp_path, go, scores):
    (tmp_path / "edsr255.py").write_text(code_on("checkpoints.md", "class Edsr255"))
    file = plugins.find("edsr")[0].load()().weight_path(4)  # of a network that is fed 0..1
    notes = Notes()
    summary = go(f"{tmp_path / 'edsr255.py'}:{file}", scales=(4,), metrics=("psnr",), observer=notes)
    assert summary.failures == []
    assert {method for method, _, _ in scores()} == {"edsr255:edsr_x4"}
    (line,) = [text for text in notes.texts if "tried on the picture" in text]
    assert "input_range = 1.0 in a plugin says so" in line


def test_methods_that_bring_no_file_are_not_tried(go, results):
    go("espcn", "bicubic", scales=(4,), metrics=("psnr",))
    assert "trials" not in json.loads((results / "runs" / "0001.json").read_text())


def test_networks_without_weights_are_left_out_of_all_with_one_line():
    notes = Notes()
    chosen = {selected.method.card.name for selected in select_methods(["all"], (4,), notes.note)}
    bare = {cls.card.name for cls in plugins.networks() if cls.needs_weights}
    assert {"rlfn", "carn"} <= bare
    assert not bare & chosen
    (line,) = [text for text in notes.texts if "without weights" in text]
    assert all(name in line for name in bare)
    assert line.endswith("=FILE)")
