"""All cells of a run: nothing twice, nothing stale, nothing lost, whatever methods and images do."""

import json
import math

import numpy as np
import pytest

from srbench import metrics
from srbench.errors import (
    ImageError,
    MethodError,
    NotSupportedError,
    SrbenchError,
    UnknownNameError,
    WeightsError,
)
from srbench.imaging.images import read_image, write_image
from srbench.machine import resolve_device
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run.observer import Silent
from srbench.run.options import RunOptions
from srbench.run.runner import run

WIDTHS = [28, 32, 36]  # of the three pictures of the fixture, which the plugins log


def shown(folder):
    with Reader(folder) as reader:
        return per_image(reader)


# -- resume ------------------------------------------------------------------------------------------------------


def test_a_run_scores_every_image_with_every_metric(go, write_plugin, calls, scores):
    summary = go(write_plugin())
    assert (summary.total, summary.computed, summary.known, summary.failed) == (3, 3, 0, 0)
    assert sorted(calls()) == WIDTHS
    assert set(scores()) == {("mine", image, metric) for image in "abc" for metric in ("psnr", "ssim")}


def test_running_again_computes_nothing(go, write_plugin, calls):
    plugin = write_plugin()
    go(plugin)
    again = go(plugin)
    assert (again.computed, again.known) == (0, 3)
    assert sorted(calls()) == WIDTHS


def test_a_new_image_is_the_only_one_computed(go, write_plugin, calls, pictures, make_picture):
    plugin = write_plugin()
    go(plugin)
    write_image(pictures / "d.png", make_picture(28, 40, 9))
    assert go(plugin).computed == 1
    assert sorted(calls()) == [*WIDTHS, 40]


def test_a_changed_image_is_computed_again_and_replaces_its_row(go, write_plugin, calls, pictures, results):
    plugin = write_plugin()
    go(plugin)
    pixels = read_image(pictures / "a.png").copy()
    pixels[0, 0] ^= 1
    write_image(pictures / "a.png", pixels)
    assert (go(plugin).computed, calls().count(28)) == (1, 2)
    assert len(shown(results)) == 6


def test_a_grey_image_and_its_rgb_copy_are_different_cells(go, write_plugin, pictures, calls):
    plugin = write_plugin()
    go(plugin, protocol="classic")
    write_image(pictures / "c.png", np.repeat(read_image(pictures / "c.png")[..., None], 3, axis=2))
    go(plugin, protocol="classic")
    assert calls().count(36) == 2


@pytest.mark.parametrize("change", [{"protocol": "classic"}, {"scales": (3,)}])
def test_another_protocol_or_scale_is_another_cell(go, write_plugin, change):
    plugin = write_plugin()
    go(plugin)
    assert go(plugin, **change).computed == 3


def test_force_computes_everything_again_and_adds_rows(go, write_plugin, calls, results):
    plugin = write_plugin()
    go(plugin)
    assert go(plugin, force=True).computed == 3
    assert sorted(calls()) == sorted(WIDTHS * 2)
    table = shown(results)
    assert len(table) == 6
    assert set(table["run_id"]) == {2}


def test_a_changed_plugin_is_computed_again_and_its_old_rows_are_no_longer_shown(go, write_plugin, results, scores):
    go(write_plugin())
    before = shown(results)
    go(write_plugin("return imresize(lr, scale, kernel='nearest')"))
    after = shown(results)
    assert len(after) == len(before) == 6
    assert set(after["run_id"]) == {2}
    assert (after["value"].to_numpy() != before["value"].to_numpy()).all()


def test_a_changed_weight_file_is_another_method(go, tmp_path, calls, write_plugin):
    weights = tmp_path / "w.bin"
    plugin = write_plugin(f"return imresize(lr, scale)\n    def weight_files(self): return [Path({str(weights)!r})]")
    weights.write_bytes(b"1")
    go(plugin)
    assert go(plugin).computed == 0
    weights.write_bytes(b"2")
    assert go(plugin).computed == 3


def test_a_removed_image_leaves_the_means(go, write_plugin, pictures, results):
    plugin = write_plugin()
    go(plugin)
    (pictures / "b.png").unlink()
    go(plugin)
    assert set(shown(results)["image"]) == {"a", "c"}


def test_two_folders_of_one_name_do_not_mix(go, write_plugin, pictures, results, tmp_path, make_picture):
    plugin = write_plugin()
    go(plugin)
    other = tmp_path / "elsewhere" / pictures.name
    write_image(other / "z.png", make_picture(28, 28, 5))
    go(plugin, datasets=(str(other),))
    rows = means(shown(results)).query("metric == 'psnr'")
    assert dict(zip(rows["dataset"], rows["n"], strict=True)) == {"pictures": 3, "elsewhere/pictures": 1}


# -- what is wrong before any cell -------------------------------------------------------------------------------


def test_names_that_nothing_carries_are_errors_with_the_nearest(go):
    with pytest.raises(UnknownNameError, match="did you mean bicubic"):
        go("bicubik")
    with pytest.raises(UnknownNameError, match="did you mean ssim"):
        go("bicubic", metrics=("sssim",))
    with pytest.raises(UnknownNameError, match="did you mean set14"):
        go("bicubic", datasets=("set41",))
    with pytest.raises(UnknownNameError, match="did you mean classic"):
        go("bicubic", protocol="clasic")
    with pytest.raises(UnknownNameError, match="did you mean bicubic"):
        go("bicubic", degradation="bicubics")


def test_an_unreadable_image_is_an_error_that_names_it(go, pictures):
    (pictures / "b.png").write_text("not an image")
    with pytest.raises(ImageError, match=r"b\.png"):
        go("nearest")


def test_a_plugin_that_cannot_be_created_is_an_error_when_asked_for(go, write_plugin):
    with pytest.raises(MethodError, match="cannot be created"):
        go(write_plugin("return lr\n    def __init__(self): raise OSError('no licence')"))


def test_two_methods_of_one_name_are_an_error(go, write_plugin):
    with pytest.raises(SrbenchError, match="two methods are called 'mine'"):
        go(write_plugin(file="one.py"), write_plugin(file="two.py"))


def test_missing_weights_are_an_error_that_names_the_file(go, write_plugin):
    body = "return lr\n    def weight_files(self): return [Path('/nowhere/w.pth')]"
    with pytest.raises(WeightsError, match=r"/nowhere/w\.pth"):
        go(write_plugin(body))


@pytest.mark.parametrize("name", ["tpu", "cuda:99", "meta", "cuda:x"])
def test_devices_that_are_not_here_are_errors(name):
    with pytest.raises(SrbenchError, match=name):
        resolve_device(name)


# -- the run's record --------------------------------------------------------------------------------------------


def test_the_manifest_says_how_the_numbers_were_made(go, write_plugin, results, pictures):
    summary = go(write_plugin(), command="srbench run", seed=5)
    manifest = json.loads((results / "runs" / f"{summary.run_id:04d}.json").read_text())
    assert (manifest["command"], manifest["seed"], manifest["status"]) == ("srbench run", 5, "finished")
    assert manifest["packages"].keys() >= {"torch", "numpy", "pillow"}
    assert manifest["protocols"][0]["hash"]
    assert manifest["methods"][0]["name"] == "mine"
    assert len(manifest["methods"][0]["hash"]) == 16
    assert set(manifest["datasets"][0]["images"]) == {"a", "b", "c"}
    assert manifest["device"] == "cpu"
    with Reader(results) as reader:
        assert reader.runs()[0].manifest["methods"] == manifest["methods"]


def test_the_manifest_holds_the_hashes_of_weight_files(go, write_plugin, results, tmp_path):
    weights = tmp_path / "w.bin"
    weights.write_bytes(b"abc")
    go(write_plugin(f"return imresize(lr, scale)\n    def weight_files(self): return [Path({str(weights)!r})]"))
    manifest = json.loads((results / "runs" / "0001.json").read_text())
    assert manifest["methods"][0]["weights"]["w.bin"].startswith("ba7816bf8f01cfea")  # SHA-256 of 'abc'


def test_the_observer_is_told_of_every_cell(go, write_plugin, results, pictures):
    class Recorder(Silent):
        def __init__(self):
            self.begun, self.cells = [], []

        def begin(self, total, known):
            self.begun.append((total, known))

        def done(self, cell, outcome):
            self.cells.append((str(cell), outcome.status))

    recorder = Recorder()
    options = RunOptions((write_plugin(),), (str(pictures),), (2,), out=results, threads=2, device="cpu")
    run(options, recorder)
    assert recorder.begun == [(3, 0)]
    assert sorted(recorder.cells) == [(f"mine on pictures/{name} x2", "ok") for name in "abc"]


# -- defaults ----------------------------------------------------------------------------------------------------


def test_without_benchmarks_the_default_is_the_sample_and_says_so(go, results):
    notes = []

    class Recorder(Silent):
        def note(self, text):
            notes.append(text)

    run(RunOptions(("nearest",), (), (4,), metrics=("psnr",), out=results, keep_images=False), Recorder())
    assert set(shown(results)["dataset"]) == {"sample"}
    assert any("sample" in note for note in notes)


@pytest.mark.data
def test_with_benchmarks_the_default_is_all_of_them(monkeypatch):
    from srbench.run.datasets import default_datasets

    assert default_datasets(print) == ("set5", "set14", "bsd100")


def test_all_stands_for_every_method_that_works(go):
    summary = go("all", scales=(2,), metrics=("psnr",))
    assert summary.failures == []
    assert summary.total % 3 == 0
    assert summary.total >= 3 * 7


def test_all_leaves_out_with_a_line_what_is_slow_or_has_nothing_for_the_scale(go, monkeypatch):
    from dataclasses import replace

    from srbench.methods.tv_map import TvMap

    notes = []

    class Recorder(Silent):
        def note(self, text):
            notes.append(text)

    monkeypatch.setattr(TvMap, "card", replace(TvMap.card, default=False))
    go("all", scales=(7,), metrics=("psnr",), observer=Recorder())
    assert "'all' leaves out tv-map: run it with --methods tv-map" in notes
    assert any(note.startswith("'all' leaves out srcnn: srcnn does not support x7") for note in notes)
    assert go("tv-map", scales=(7,), metrics=("psnr",)).computed == 3
    assert go("srcnn", scales=(7,), metrics=("psnr",)).not_supported == 3


def test_a_mean_is_that_of_the_images_not_of_pooled_errors(go, results, scores):
    go("bicubic", metrics=("psnr",))
    row = means(shown(results)).iloc[0]
    assert row["mean"] == pytest.approx(sum(scores().values()) / 3, abs=1e-12)
    assert math.isfinite(row["ci_low"])


def test_unsupported_scale_error_names_the_scales():
    from srbench.api import load

    method = load("bicubic")
    with pytest.raises(NotSupportedError, match="bicubic does not support x0"):
        method.require_scale(0)


def test_metric_names_are_known():
    assert metrics.names()[:2] == ["psnr", "ssim"]
