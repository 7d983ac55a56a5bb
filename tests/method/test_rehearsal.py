"""Files that a method reads while it is loaded, without naming them, are part of its identity."""

import os
import sys

import numpy as np
import pytest
import safetensors.torch
import torch

from srbench.method import plugins

HEAD = """
import os
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import load_file
from srbench.method import Method, MethodCard, TorchMethod
from srbench.resize import imresize

HERE = Path(__file__).parent
"""
CARD = 'card = MethodCard(name="{name}", title="", year=2026, family="t", paper="none", colour="any", scales=(2, 4))'
BODY = """
class {cls}(Method):
    {card}
    {method}
    def upscale(self, lr, scale):
        return imresize(lr, scale) * GAIN
"""
PREPARE = "def prepare(self, scale, context): super().prepare(scale, context); "


def plugin(method="", top="", name="mine", cls="Mine"):
    return top + "\nGAIN = 1.0\n" + BODY.format(cls=cls, method=method, card=CARD.format(name=name))


def identity(path, name="mine"):
    found = {plugin.name: plugin for plugin in plugins.find(str(path))}[name]
    return plugins.identity(found, plugins.instantiate(found))


WAYS = {  # how the file 'gain' is read
    "at import": plugin(top="G = (HERE / 'gain').read_bytes()"),
    "in the constructor": plugin("def __init__(self): self.g = (HERE / 'gain').read_bytes()"),
    "in prepare": plugin(PREPARE + "self.g = open(HERE / 'gain', 'rb').read()"),
    "in prepare of one scale": plugin(PREPARE + "self.g = scale == 4 and open(HERE / 'gain', 'rb').read()"),
    "by os.open": plugin(PREPARE + "os.close(os.open(HERE / 'gain', os.O_RDONLY))"),
    "by numpy": plugin(PREPARE + "self.g = np.fromfile(HERE / 'gain', np.uint8)"),
    "by torch": plugin(PREPARE + "self.g = torch.load(HERE / 'gain.pth', weights_only=True)"),
    "by safetensors": plugin(PREPARE + "self.g = load_file(HERE / 'gain.safetensors')"),
    "then it fails": plugin(PREPARE + "self.g = open(HERE / 'gain', 'rb').read(); raise SystemExit(0)"),
    "by a path as text": plugin(
        PREPARE + "self.g = open(os.path.join(os.path.dirname(__file__), 'gain'), 'rb').read()"
    ),
    "in build": plugin()
    .replace("(Method)", "(TorchMethod)")
    .replace(
        "def upscale",
        "def build(self, scale): self.g = (HERE / 'gain').read_bytes(); return torch.nn.Identity()\n    def upscale",
    ),
    "once for all": plugin(
        PREPARE + "CACHE.append((HERE / 'gain').read_bytes()) if not CACHE else None", top="CACHE = []"
    ),
}


def fill(folder, value):
    (folder / "gain").write_bytes(value.to_bytes(4, "little"))
    safetensors.torch.save_file({"gain": torch.tensor([value])}, folder / "gain.safetensors")
    torch.save({"gain": torch.tensor([value])}, folder / "gain.pth")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("neighbour", [False, True], ids=["in the file", "in a neighbour"])
def test_a_file_that_is_read_counts(tmp_path, way, neighbour):
    path = tmp_path / "mine.py"
    if neighbour:
        (tmp_path / "base.py").write_text(HEAD + WAYS[way].replace("Mine", "Base").replace('"mine"', '"base"'))
        path.write_text(HEAD + f"from base import Base\nclass Mine(Base):\n    {CARD.format(name='mine')}\n")
    else:
        path.write_text(HEAD + WAYS[way])
    found = []
    for value in (1, 2, 1, 1):
        fill(tmp_path, value)
        found.append(identity(path))
    assert found[0] == found[2] == found[3]
    assert found[0] != found[1]


NOT_COUNTED = {
    "nothing": "pass",
    "what it writes": "(HERE / 'log').write_text(str(os.urandom(8))); (HERE / 'log').read_text()",
    "what is gone": "f = HERE / 'scratch'; f.write_text('x'); f.read_text(); f.unlink()",
    "the system's files": "Path('/proc/self/stat').read_text() if Path('/proc/self/stat').exists() else None",
    "its own text": "Path(__file__).read_text()",
    "a package's files": f"open({os.__file__!r}, 'rb').read(); open(np.__file__, 'rb').read()",
}


@pytest.mark.parametrize("case", NOT_COUNTED)
def test_what_does_not_decide_does_not_count(tmp_path, case):
    import hashlib

    path = tmp_path / "mine.py"
    path.write_text(HEAD + plugin(PREPARE + NOT_COUNTED[case]))
    plain = hashlib.sha256(hashlib.sha256(path.read_bytes()).hexdigest().encode()).hexdigest()[:16]
    assert [identity(path), identity(path)] == [plain, plain]


def test_a_file_that_is_named_counts_once(tmp_path):
    fill(tmp_path, 1)
    named = "    def weight_files(self): return [HERE / 'gain']\n"
    path, found = tmp_path / "mine.py", []
    for body in ("self.g = (HERE / 'gain').read_bytes()", "self.g = 1  # (HERE / 'gain').read_bytes()"):
        path.write_text(HEAD + plugin(PREPARE + body) + named)
        text = path.read_bytes()
        found.append((identity(path), text))
    import hashlib

    weights = hashlib.sha256((tmp_path / "gain").read_bytes()).hexdigest()
    for got, text in found:
        expected = hashlib.sha256((hashlib.sha256(text).hexdigest() + weights).encode()).hexdigest()[:16]
        assert got == expected


def test_the_identity_does_not_depend_on_which_methods_of_a_file_were_asked_for_first(tmp_path):
    """Both read the file through one cache of the module."""
    fill(tmp_path, 1)
    read = PREPARE + "CACHE.append((HERE / 'gain').read_bytes()) if not CACHE else None"
    path = tmp_path / "mine.py"
    path.write_text(HEAD + plugin(read, "CACHE = []", "one", "One") + plugin(read, "", "two", "Two"))
    seen = set()
    for order in (("one", "two"), ("two", "one"), ("two",)):
        found = {plugin.name: plugin for plugin in plugins.find(str(path))}
        methods = [(found[name], plugins.instantiate(found[name])) for name in order]
        seen |= {(one.name, plugins.identity(one, method)) for one, method in methods}
    assert len(seen) == 2


def test_a_replaced_weight_file_is_measured_again(tmp_path, go, scores):
    path = tmp_path / "mine.py"
    text = HEAD + plugin(PREPARE + "self.g = float(np.load(HERE / 'gain.npy'))").replace("GAIN\n", "self.g\n")
    path.write_text(text)
    found = []
    for gain in (1.0, 0.5, 0.5):
        np.save(tmp_path / "gain.npy", np.float64(gain))
        summary = go(str(path), metrics=("psnr",))
        found.append((summary.computed, scores()["mine", "a", "psnr"]))
    assert [computed for computed, _ in found] == [3, 3, 0]
    assert found[0][1] > found[1][1] + 3
    assert found[1][1] == found[2][1]


def test_loading_for_the_identity_draws_no_random_numbers(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + plugin(PREPARE + "torch.rand(3); np.random.rand(3)"))
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    identity(path)
    assert torch.equal(torch.rand(4), expected)
    assert "mine" not in sys.modules
