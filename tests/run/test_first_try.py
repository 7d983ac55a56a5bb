"""What a run does with weights that it sees for the first time, before it computes."""

import json

import pytest
import torch

from srbench.method import plugins
from srbench.run.observer import Silent
from srbench.run.selection import select_methods

MY_NET = '''\
"""A network of my own: EDSR's first block, under other names."""
from torch import nn
from srbench.method import MethodCard, TorchMethod

class Net(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.head = nn.Conv2d(3, 16, 3, padding=1)
        self.body = nn.Sequential(nn.ReLU(), nn.Conv2d(16, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x):
        return self.body(self.head(x)) + nn.functional.interpolate(x, scale_factor=4, mode="bicubic")

class Mine(TorchMethod):
    card = MethodCard(name="my-net", title="My net", year=2026, family="cnn",
                      paper="none", colour="rgb", scales=(4,))
    weights = {4: "my_net_x4.pth"}
    rename = ((r"^conv_first\\.", "head."), (r"^upsampler\\.0\\.", "body.1."))
    input_range = 255.0

    def build(self, scale):
        return Net(scale)
'''


class Notes(Silent):
    def __init__(self):
        self.texts = []

    def note(self, text):
        self.texts.append(text)


@pytest.fixture
def my_net(tmp_path):
    """A plugin file of at most 25 lines, and a checkpoint in its author's names beside it: biased to be 30 grey levels
    too bright where it is fed as it was trained, and 30 times 255 where it is not."""
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
    assert "rename table" in loaded


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
