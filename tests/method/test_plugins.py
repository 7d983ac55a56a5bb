"""One door for all methods: built in, a user's file, an installed package."""

import importlib.metadata
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import srbench
import srbench.methods
from srbench import paths
from srbench.api import upscale
from srbench.errors import MethodError, UnknownNameError, WeightsError
from srbench.method import Method, MethodCard, plugins
from srbench.results.reader import Reader
from srbench.scale import enlarged
from srbench.training import TrainedMethod

METHODS = Path(paths.search_path("methods")[0])
FILES = sorted(METHODS.glob("*.py"))

USERS_PLUGIN = '''\
"""Unsharp masking of bicubic."""
import torch
from torch import nn
from srbench.method import MethodCard, TorchMethod
from srbench.resize import imresize

class Net(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale, self.gain = scale, nn.Parameter(torch.tensor(0.3))
    def forward(self, x):
        y = imresize(x, self.scale)
        blurred = nn.functional.avg_pool2d(y, 3, 1, 1, count_include_pad=False)
        return y + self.gain * (y - blurred)

class Unsharp(TorchMethod):
    card = MethodCard(name="unsharp", title="Unsharp", year=2024, family="mine",
                      paper="none", colour="rgb", scales=(2, 4))
    weights = {4: "unsharp_x4.pth"}
    def build(self, scale):
        return Net(scale)
'''


# -- built in ------------------------------------------------------------------------------------------------------


def test_the_methods_without_training_are_there():
    names = {plugin.name for plugin in plugins.discover()}
    assert names >= {"nearest", "bilinear", "bicubic", "lanczos", "fourier", "back-projection", "tv-map"}


def test_no_built_in_method_is_broken():
    assert {plugin.name: plugin.error for plugin in plugins.discover() if plugin.error} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_named_as_its_method_and_has_a_whole_card(path):
    name = path.stem.replace("_", "-")
    (plugin,) = plugins.find(name)
    assert (plugin.name, plugin.source, plugin.origin) == (name, path, "built in")
    card = plugin.load().card
    assert card.name == name
    assert card.title
    assert card.family
    assert card.paper
    assert 1900 < card.year < 2100
    assert plugin.load().__module__ == f"srbench.methods.{path.stem}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("shape", [(12, 15, 3), (12, 15), (3, 3, 3)])
def test_a_built_in_method_keeps_the_contract_and_keeps_flat_images_flat(path, shape):
    (plugin,) = plugins.find(path.stem.replace("_", "-"))
    method = plugins.instantiate(plugin)
    for scale in filter(method.supports, method.card.listed_scales or (2, 2.5, 3, 10 / 3, 4)):
        result = upscale(method, np.full(shape, 120, np.uint8), scale)
        assert result.shape == (enlarged(shape[0], scale), enlarged(shape[1], scale), *shape[2:])
        if not isinstance(method, TrainedMethod):  # a network sees the zeros that it pads with
            assert np.abs(result.astype(int) - 120).max() <= 1


def test_published_numbers_stand_for_known_datasets_and_metrics():
    for plugin in plugins.discover():
        for entry in plugin.load().card.published:
            assert entry.dataset in ("set5", "set14", "bsd100", "urban100", "manga109")
            assert entry.metric in ("psnr", "ssim")
            assert entry.protocol in ("classic", "basicsr", "srgan", "liif")
            assert entry.source


def test_bicubic_has_the_published_values_of_all_cells():
    (plugin,) = plugins.find("bicubic")
    assert len(plugin.load().card.published) == 18


@pytest.mark.parametrize(
    ("name", "near"), [("bicubik", "bicubic"), ("tv_map", "tv-map"), ("backprojection", "back-projection")]
)
def test_an_unknown_name_suggests_the_nearest(name, near):
    with pytest.raises(UnknownNameError, match=f"unknown method '{name}'.*{near}"):
        plugins.find(name)


def test_a_name_like_nothing_lists_what_there_is():
    with pytest.raises(UnknownNameError, match=r"known: .*bicubic.*tv-map"):
        plugins.find("xyzzy")


# -- a user's file -------------------------------------------------------------------------------------------------


def test_a_users_file_of_25_lines_works_end_to_end(tmp_path, go, scores, make_picture):
    import torch

    assert len(USERS_PLUGIN.splitlines()) <= 25
    path = tmp_path / "my_method.py"
    path.write_text(USERS_PLUGIN)
    torch.save({"params": {"gain": torch.tensor(0.0)}}, tmp_path / "unsharp_x4.pth")
    summary = go(str(path), "bicubic", scales=(2,))
    assert (summary.computed, summary.failed) == (6, 0)
    assert scores()["unsharp", "a", "psnr"] != scores()["bicubic", "a", "psnr"]
    # With the weights of x4, whose gain is 0, it is bicubic.
    picture = make_picture(12, 12, 0)
    assert np.array_equal(upscale(str(path), picture, 4), upscale("bicubic", picture, 4))
    assert go(str(path), scales=(3,)).not_supported == 3


def test_weights_that_do_not_fit_are_one_error_before_the_run(tmp_path, go, results):
    import torch

    path = tmp_path / "my_method.py"
    path.write_text(USERS_PLUGIN)
    torch.save({"gian": torch.tensor(0.0)}, tmp_path / "unsharp_x4.pth")
    with pytest.raises(WeightsError, match=r"1 missing \(gain\), 1 unexpected \(gian\)"):
        go(str(path), scales=(4,))
    with Reader(results) as reader:
        assert reader.runs() == []


def test_a_file_may_define_several_methods(tmp_path):
    text = USERS_PLUGIN + 'class Second(Unsharp):\n    card = MethodCard("second", "2", 2024, "", "", "rgb")\n'
    (tmp_path / "two.py").write_text(text)
    assert [plugin.name for plugin in plugins.find(str(tmp_path / "two.py"))] == ["unsharp", "second"]


def test_imported_methods_are_not_the_files_own(tmp_path):
    (tmp_path / "x.py").write_text("from srbench.methods.bicubic import Bicubic\n" + USERS_PLUGIN)
    assert [plugin.name for plugin in plugins.find(str(tmp_path / "x.py"))] == ["unsharp"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "defines no method"),
        ("from srbench.method import Method\nclass A(Method): pass", "defines no method"),
        ("import no_such_package", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_names_it(tmp_path, text, message):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(MethodError, match=rf"mine\.py.*{message}") as error:
        plugins.find(str(tmp_path / "mine.py"))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_an_error():
    with pytest.raises(MethodError, match=r"no plugin file at 'gone\.py'"):
        plugins.find("./gone.py")


def test_a_changed_file_is_read_again(tmp_path, write_plugin, make_picture):
    picture = make_picture(8, 8, 0)
    first = upscale(write_plugin(), picture, 2)
    second = upscale(write_plugin("return imresize(lr, scale) * 0"), picture, 2)
    assert first.any()
    assert not second.any()


def test_an_edit_of_equal_size_within_a_second_is_read(tmp_path, write_plugin, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    path = Path(write_plugin(title="one"))
    seen = []
    for title in ("one", "two"):
        path.write_text(path.read_text().replace("'one'", f"'{title}'"))
        os.utime(path, (1_000_000_000, 1_000_000_000))
        seen.append(plugins.find(str(path))[0].load().card.title)
    assert seen == ["one", "two"]
    assert not (path.parent / "__pycache__").exists()


def test_identity_changes_with_the_source_and_with_the_weights(tmp_path, write_plugin):
    weights = tmp_path / "w.bin"

    def identity(body):
        extra = f"\n    def weight_files(self): return [Path({str(weights)!r})]"
        (plugin,) = plugins.find(write_plugin(body + extra))
        return plugins.identity(plugin, plugins.instantiate(plugin))

    weights.write_bytes(b"1")
    first = identity("return lr")
    assert (len(first), identity("return lr")) == (16, first)
    assert identity("return lr + 0") != first
    weights.write_bytes(b"2")
    assert identity("return lr") != first


# -- installed packages --------------------------------------------------------------------------------------------


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Pretends that a package with such entry points is installed."""
    real = importlib.metadata.entry_points

    def pretend(text, **entries):
        (tmp_path / "srbench_test_package.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "srbench_test_package", raising=False)
        points = [
            importlib.metadata.EntryPoint(name, f"srbench_test_package:{attribute}", plugins.GROUP)
            for name, attribute in entries.items()
        ]

        def entry_points(**selection):
            return points if selection == {"group": "srbench.methods"} else real(**selection)

        monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)

    yield pretend
    sys.modules.pop("srbench_test_package", None)


def test_an_entry_point_is_a_method(install, tmp_path):
    install(USERS_PLUGIN, unsharp="Unsharp")
    (plugin,) = plugins.find("unsharp")
    assert plugin.source == tmp_path / "srbench_test_package.py"
    assert issubclass(plugin.load(), Method)
    assert "unsharp" in {plugin.name for plugin in plugins.discover()}
    assert upscale("unsharp", np.full((8, 8, 3), 9, np.uint8), 2).shape == (16, 16, 3)


@pytest.mark.parametrize(
    ("text", "attribute", "message"),
    [
        ("import no_such_package", "X", "ModuleNotFoundError"),
        (USERS_PLUGIN, "Missing", "AttributeError"),
        (USERS_PLUGIN, "Net", "not a subclass"),
        ("from srbench.method import Method\nclass X(Method): pass", "X", "broken"),
    ],
)
def test_a_broken_package_is_listed_as_broken_and_hides_nothing(install, text, attribute, message, go):
    install(text, shiny=attribute)
    found = {plugin.name: plugin for plugin in plugins.discover()}
    assert found["shiny"].error
    assert found["shiny"].value is None
    assert found["bicubic"].value is not None
    with pytest.raises(MethodError, match=rf"'shiny'.*{message}"):
        plugins.find("shiny")[0].load()
    with pytest.raises(MethodError, match="shiny"):
        go("shiny")
    assert go("bicubic").computed == 3


def test_a_broken_method_is_left_out_of_all_with_a_note(install, go):
    from srbench.run.runner import Silent

    texts = []

    class Notes(Silent):
        def note(self, text):
            texts.append(text)

    install("import no_such_package", shiny="X")
    assert go("all", metrics=("psnr",), observer=Notes()).failures == []
    assert any("shiny" in text and "no_such_package" in text for text in texts)


def test_a_package_that_takes_a_built_in_name_is_an_error(install):
    install(USERS_PLUGIN.replace('"unsharp"', '"bicubic"'), bicubic="Unsharp")
    with pytest.raises(MethodError, match="two methods are called 'bicubic'"):
        plugins.discover()


# -- SRBENCH_PATH --------------------------------------------------------------------------------------------------


@pytest.fixture
def user_root(tmp_path, monkeypatch):
    """A folder in $SRBENCH_PATH with one plugin file."""

    def make(file, text):
        folder = tmp_path / "root" / "methods"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
        monkeypatch.setenv("SRBENCH_PATH", str(tmp_path / "root"))
        monkeypatch.setattr(srbench.methods, "__path__", paths.search_path("methods"))
        monkeypatch.delitem(sys.modules, f"srbench.methods.{Path(file).stem}", raising=False)
        return folder / file

    yield make
    for name in [name for name in sys.modules if name.startswith("srbench.methods.zz_")]:
        del sys.modules[name]


def test_a_folder_of_the_user_is_searched(user_root):
    path = user_root("zz_unsharp.py", USERS_PLUGIN)
    found = {plugin.name: plugin for plugin in plugins.discover()}
    assert found["unsharp"].source == path
    assert found["unsharp"].origin == str(path)
    assert found["unsharp"].load().__module__ == "srbench.methods.zz_unsharp"
    assert plugins.find("unsharp")[0].load() is found["unsharp"].load()


def test_a_broken_file_is_listed_as_broken_with_its_error(user_root):
    user_root("zz_broken.py", "raise RuntimeError('half written')")
    found = {plugin.name: plugin for plugin in plugins.discover()}
    assert found["zz-broken"].error == "RuntimeError: half written"
    assert found["tv-map"].value is not None
    with pytest.raises(MethodError, match=r"zz-broken.*half written"):
        plugins.find("zz-broken")[0].load()


def test_two_files_of_one_name_are_an_error_not_a_shadow(user_root):
    path = user_root("bicubic.py", USERS_PLUGIN)
    for ask in (plugins.discover, lambda: plugins.find("bicubic")):
        with pytest.raises(MethodError, match=rf"methods/bicubic\.py' and '{path}' have one name"):
            ask()


def test_two_files_of_one_method_name_are_an_error(user_root):
    user_root("zz_other.py", USERS_PLUGIN.replace('"unsharp"', '"bicubic"'))
    with pytest.raises(MethodError, match="two methods are called 'bicubic'"):
        plugins.discover()


def test_a_card_has_no_say_in_what_it_is_not_told():
    with pytest.raises(TypeError):
        MethodCard(name="x", title="X", year=1, family="", paper="", colour="rgb", scale=(2,))
