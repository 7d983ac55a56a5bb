"""One cell of a run: the image that is kept, and what methods and images may do wrong."""

import dataclasses

import numpy as np
import pytest

from srbench.imaging.images import read_image, write_image
from srbench.metrics import ssim as ssim_module
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run import kept as kept_images

WIDTHS = [28, 32, 36]  # of the three pictures of the fixture, which the plugins log


def shown(folder):
    with Reader(folder) as reader:
        return per_image(reader)


# -- kept images -------------------------------------------------------------------------------------------------


def kept(results):
    return sorted(results.glob("images/**/*.png"))


def test_kept_images_hold_exactly_the_pixels_that_were_scored(go, write_plugin, results, pictures, scores):
    from srbench import score

    go(write_plugin())
    assert [path.name for path in kept(results)] == ["a.png", "b.png", "c.png"]
    for path in kept(results)[:2]:
        sr, hr = read_image(path), read_image(pictures / path.name)
        assert score("psnr", sr, hr, shave=2) == scores()["mine", path.stem, "psnr"]


@pytest.mark.parametrize("protocol", ["classic", "basicsr"])
def test_a_metric_asked_for_later_uses_the_kept_image(go, write_plugin, calls, scores, tmp_path, protocol):
    plugin = write_plugin()
    go(plugin, metrics=("psnr",), protocol=protocol)
    assert go(plugin, metrics=("ssim",), protocol=protocol).computed == 3
    assert sorted(calls()) == WIDTHS
    afterwards = scores()
    go(plugin, metrics=("psnr", "ssim"), protocol=protocol, out=tmp_path / "at-once")
    assert afterwards == scores(tmp_path / "at-once")


def test_a_new_version_of_a_metric_is_scored_from_the_kept_image(go, write_plugin, calls, monkeypatch):
    plugin = write_plugin()
    go(plugin)
    monkeypatch.setattr(ssim_module, "METRIC", dataclasses.replace(ssim_module.METRIC, version=99))
    assert go(plugin).computed == 3
    assert sorted(calls()) == WIDTHS


def test_a_deleted_kept_image_makes_the_method_run_again(go, write_plugin, calls, results):
    plugin = write_plugin()
    go(plugin, metrics=("psnr",))
    kept(results)[0].unlink()
    go(plugin, metrics=("psnr", "ssim"))
    assert sorted(calls()) == [28, *WIDTHS]
    assert len(kept(results)) == 3


def test_a_tampered_kept_image_is_not_scored(go, write_plugin, calls, results, scores, tmp_path):
    plugin = write_plugin()
    go(plugin, metrics=("psnr",))
    path = kept(results)[0]
    write_image(path, 255 - read_image(path))
    go(plugin, metrics=("psnr", "ssim"))
    assert sorted(calls()) == [28, *WIDTHS]
    go(plugin, out=tmp_path / "fresh")
    assert scores() == scores(tmp_path / "fresh")


def test_a_damaged_kept_image_makes_the_method_run_again(go, write_plugin, calls, results):
    plugin = write_plugin()
    go(plugin, metrics=("psnr",))
    kept(results)[1].write_bytes(b"\x89PNG\r\n half of a file")
    assert go(plugin, metrics=("ssim",)).failures == []
    assert sorted(calls()) == [28, 32, 32, 36]


def test_no_images_keeps_none_and_runs_the_method_for_a_later_metric(go, write_plugin, calls, results):
    plugin = write_plugin()
    go(plugin, metrics=("psnr",), keep_images=False)
    assert kept(results) == []
    go(plugin, metrics=("ssim",), keep_images=False)
    assert sorted(calls()) == sorted(WIDTHS * 2)


def test_methods_with_awkward_names_keep_their_images_apart_and_inside_the_folder(go, write_plugin, results, tmp_path):
    go(write_plugin(name="../../up", file="one.py"), write_plugin(name=".. .. up", file="two.py"))
    assert len(kept(results)) == 6
    assert not list(tmp_path.glob("*.png"))


# -- what goes wrong in a cell -----------------------------------------------------------------------------------


def test_a_plugin_that_raises_is_recorded_with_its_traceback_and_the_others_go_on(go, write_plugin, results):
    good = write_plugin()
    bad = write_plugin("raise ValueError('no such luck')", name="bad", file="bad.py")
    summary = go(bad, good)
    assert summary.computed == 3
    assert summary.failed == 3
    assert "ValueError: no such luck" in summary.failures[0]
    assert "bad" in summary.failures[0]
    with Reader(results) as reader:
        failed = [row.outcome for row in reader.outcomes() if row.outcome.status == "failed"]
    assert len(failed) == 3
    assert "bad.py" in failed[0].traceback
    assert "ValueError: no such luck" in failed[0].traceback


def test_a_failure_on_one_image_spoils_neither_the_others_nor_the_mean(go, write_plugin, results):
    summary = go(write_plugin("if lr.shape[-1] == 14: 1 / 0\n        return imresize(lr, scale)"))
    assert (summary.computed, summary.failed) == (2, 1)
    row = means(shown(results)).iloc[0]
    assert (row["n"], row["planned"], row["failed"]) == (2, 3, 1)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_image_that_cannot_be_kept_is_a_failure_of_its_cell_alone(go, write_plugin, pictures, monkeypatch, threads):
    def full(path, pixels):
        if pixels.shape[1] == WIDTHS[1]:
            raise OSError(28, "No space left on device")
        write_image(path, pixels)

    monkeypatch.setattr(kept_images, "write_image", full)
    summary = go(write_plugin(), threads=threads)
    assert (summary.computed, summary.failed) == (2, 1)
    assert "No space left on device" in summary.failures[0]


def test_failed_cells_are_tried_again(go, write_plugin, calls, tmp_path):
    flag = tmp_path / "broken"
    flag.touch()
    plugin = write_plugin(f"if Path({str(flag)!r}).exists(): 1 / 0\n        return imresize(lr, scale)")
    assert go(plugin).failed == 3
    flag.unlink()
    summary = go(plugin)
    assert (summary.computed, summary.failed) == (3, 0)
    assert go(plugin).computed == 0


def test_a_failure_after_a_success_is_recorded(go, write_plugin, tmp_path, results):
    flag = tmp_path / "broken"
    plugin = write_plugin(f"if Path({str(flag)!r}).exists(): 1 / 0\n        return imresize(lr, scale)")
    go(plugin, metrics=("psnr",), keep_images=False)
    flag.touch()
    assert go(plugin, metrics=("ssim",), keep_images=False).failed == 3
    with Reader(results) as reader:
        assert {row.outcome.status for row in reader.outcomes()} == {"failed"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return imresize(lr, scale) * float('nan')", "NaN or infinite"),
        ("return imresize(lr, scale) / 0", "NaN or infinite"),
        ("return lr", "shape"),
        ("return imresize(lr, scale).numpy()", "ndarray"),
        ("return (imresize(lr, scale) * 255).to(torch.uint8)", "uint8"),
        ("return None", "NoneType"),
    ],
)
def test_an_output_that_breaks_the_contract_fails_the_cell(go, write_plugin, body, message):
    summary = go(write_plugin(body))
    assert summary.failed == 3
    assert message in summary.failures[0]


def test_a_scale_that_is_not_supported_is_no_failure(go, write_plugin, calls, results):
    plugin = write_plugin(scales=(3, 4))
    summary = go(plugin)
    assert (summary.not_supported, summary.failed, calls()) == (3, 0, [])
    assert set(shown(results)["status"]) == {"not supported"}
    again = go(plugin)
    assert (again.not_supported, again.failed) == (3, 0)


def test_an_lr_image_smaller_than_the_method_takes_is_not_supported(go, write_plugin, calls):
    summary = go(write_plugin(min_size=15))
    assert (summary.not_supported, summary.computed, summary.failed) == (3, 0, 0)


def test_an_image_without_pixels_left_after_the_shave_fails_alone(go, write_plugin, pictures, make_picture):
    write_image(pictures / "tiny.png", make_picture(4, 4, 0))
    summary = go(write_plugin())
    assert summary.computed == 3
    assert summary.failed == 1
    assert "too small" in summary.failures[0]
    assert "tiny" in summary.failures[0]


def test_an_image_too_small_for_ssim_keeps_its_psnr(go, write_plugin, pictures, make_picture, scores):
    write_image(pictures / "small.png", make_picture(12, 12, 0))
    summary = go(write_plugin())
    assert scores()["mine", "small", "psnr"] > 0
    assert scores()["mine", "small", "ssim"] is None
    assert (summary.computed, summary.failed, len(summary.failures)) == (4, 0, 1)
    assert "too small" in summary.failures[0]


def test_a_perfect_image_is_identical_not_infinite_in_the_mean(go, write_plugin, results, pictures):
    for name in "bc":
        (pictures / f"{name}.png").unlink()
    write_image(pictures / "flat.png", np.full((24, 24, 3), 77, np.uint8))
    go(write_plugin(), metrics=("psnr",))
    table = shown(results).set_index("image")
    assert table.loc["flat", "status"] == "identical"
    row = means(shown(results)).iloc[0]
    assert (row["n"], row["excluded"]) == (1, 1)
    assert row["mean"] == table.loc["a", "value"]


def test_a_method_that_cannot_be_prepared_fails_in_its_cells(go, write_plugin):
    bad = write_plugin(
        "return lr\n    def prepare(self, scale, context): raise RuntimeError('no memory')", file="bad.py"
    )
    good = write_plugin(name="good", file="good.py")
    summary = go(bad, good)
    assert summary.computed == 3
    assert all("no memory" in line for line in summary.failures)
    assert summary.failed == 3
