"""Runs on LR images that came with the HR images: numbers, keys, what is not supported, and all that is wrong."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from srbench import dataset
from srbench.degradation import Bicubic
from srbench.errors import DatasetError, ImageError, SrbenchError
from srbench.evaluation.example import planes_of
from srbench.imaging.images import as_rgb, pixel_hash, read_image, write_image
from srbench.report.html.gallery import gallery
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.run.observer import Silent
from srbench.run.options import RunOptions
from srbench.run.runner import run
from srbench.run.shard import Shard


class Notes(Silent):
    def __init__(self):
        self.lines = []

    def note(self, text):
        self.lines.append(text)


def by_bicubic(pixels, scale):
    height, width = (side // scale * scale for side in pixels.shape[:2])
    small = Bicubic()(planes_of(as_rgb(pixels)[:height, :width]), scale)
    return small.permute(1, 2, 0).contiguous().numpy()


@pytest.fixture
def lr(pictures, tmp_path):
    """The LR images of the three small pictures at x2, as bicubic makes them under basicsr."""
    folder = tmp_path / "LR"
    for path in sorted(pictures.iterdir()):
        write_image(folder / f"{path.stem}x2.png", by_bicubic(read_image(path), 2))
    return folder


def cells(folder):
    with Reader(folder) as reader:
        return [row.facts for row in reader.planned()]


def values(folder, degradation):
    """By method, scale, image and metric."""
    with Reader(folder) as reader:
        frame = per_image(reader)
    own = frame[(frame["degradation"] == degradation) & (frame["metric"] != "")]
    return own.set_index(["method", "scale", "image", "metric"])["value"].to_dict()


# -- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.data("set5")
def test_matlabs_lr_images_of_set5_give_exactly_the_scores_of_bicubic_degradation(results):
    low = dataset.find("set5").images[0].path.parents[1] / "LR_bicubic"
    same = {"methods": ("bicubic", "nearest"), "datasets": ("set5",), "scales": (2, 4), "metrics": ("psnr", "ssim")}
    run(RunOptions(**same, out=results, lr=(str(low),), device="cpu", keep_images=False))
    run(RunOptions(**same, out=results, device="cpu", keep_images=False))
    given, made = (values(results, name) for name in ("given", "bicubic"))
    assert len(given) == 2 * 2 * 5 * 2
    assert given == made
    mean = np.mean(
        [
            value
            for (method, scale, _, metric), value in given.items()
            if (method, scale, metric) == ("bicubic", 4, "psnr")
        ]
    )
    assert round(float(mean), 3) == 28.431


def test_the_lr_images_beside_the_hr_images_are_found(go, results, pictures, lr):
    (pictures.parent / "pictures_HR").symlink_to(pictures)  # a name that says nothing is no hindrance
    go("bicubic", degradation="given")
    go("bicubic")
    assert values(results, "given") == values(results, "bicubic")


def test_other_lr_images_give_other_scores_and_the_same_hr_images(go, results, lr):
    write_image(lr / "ax2.png", 255 - read_image(lr / "ax2.png"))
    go("bicubic", lr=(str(lr),))
    go("bicubic")
    given, made = (values(results, name) for name in ("given", "bicubic"))
    assert [key[2] for key in given if given[key] != made[key]] == ["a", "a"]
    assert given["bicubic", 2, "a", "psnr"] < made["bicubic", 2, "a", "psnr"] - 10


def test_under_classic_a_luma_method_sees_the_rounded_y_of_the_lr_image(go, results, lr):
    go("bicubic", lr=(str(lr),), protocol="classic", metrics=("psnr",))
    go("bicubic", protocol="classic", metrics=("psnr",))
    given, made = (values(results, name) for name in ("given", "bicubic"))
    assert given != made  # bicubic degrades Y, and does not round
    assert all(abs(given[key] - made[key]) < 0.7 for key in made)


def test_several_protocols_at_once_are_fed_the_same_lr_image(go, results, lr, write_plugin, calls):
    go(write_plugin(), lr=(str(lr),), protocol="basicsr,rgb", metrics=("psnr",))
    assert len(calls()) == 3
    with Reader(results) as reader:
        hashes = {(row.facts.protocol, row.facts.image): row.facts.lr_sha256 for row in reader.planned()}
    assert len(hashes) == 6
    assert hashes["basicsr", "a"] == hashes["rgb", "a"] != ""


def test_pairs_of_one_size_are_pairs_at_scale_1(go, results, pictures, tmp_path):
    for path in pictures.iterdir():
        write_image(tmp_path / "same" / path.name, np.clip(read_image(path).astype(int) + 3, 0, 255).astype(np.uint8))
    with pytest.raises(ImageError, match="add --scales 1: methods see images of the size of the HR images"):
        go("bicubic", lr=(str(tmp_path / "same"),))
    go("bicubic", lr=(str(tmp_path / "same"),), scales=(1,), metrics=("psnr",))
    assert values(results, "given")["bicubic", 1, "a", "psnr"] == pytest.approx(39.9, abs=0.3)


# -- what is stored ------------------------------------------------------------------------------------------------


def test_the_hash_of_the_lr_pixels_is_in_the_key_and_the_degradation_is_named_given(go, results, lr):
    go("bicubic", lr=(str(lr),))
    first = {facts.image: facts for facts in cells(results)}
    assert {facts.degradation for facts in first.values()} == {"given/v1"}
    assert first["a"].lr_sha256 == pixel_hash(read_image(lr / "ax2.png"))
    write_image(lr / "ax2.png", 255 - read_image(lr / "ax2.png"))
    again = go("bicubic", lr=(str(lr),))
    assert (again.computed, again.known) == (1, 2)
    assert len({facts.key for facts in cells(results)}) == 4


def test_sr_images_of_two_sets_of_lr_images_do_not_replace_each_other(go, results, lr):
    go("bicubic", lr=(str(lr),))
    write_image(lr / "ax2.png", 255 - read_image(lr / "ax2.png"))
    go("bicubic", lr=(str(lr),))
    assert len(list((results / "images").rglob("a-*.png"))) == 2


def test_running_again_and_a_metric_more_compute_no_image(go, write_plugin, calls, lr):
    plugin = write_plugin()
    go(plugin, lr=(str(lr),), metrics=("psnr",))
    assert go(plugin, lr=(str(lr),), metrics=("psnr",)).known == 3
    assert len(calls()) == 3
    go(plugin, lr=(str(lr),), metrics=("psnr", "ssim"))
    assert len(calls()) == 3


def test_slices_are_together_the_run(go, results, lr, tmp_path):
    whole = go("bicubic", "nearest", lr=(str(lr),)).total
    parts = [tmp_path / "one", tmp_path / "two"]
    counts = [
        go("bicubic", "nearest", lr=(str(lr),), shard=Shard(i + 1, 2), out=part).total for i, part in enumerate(parts)
    ]
    assert sum(counts) == whole
    assert {f.key for part in parts for f in cells(part)} == {f.key for f in cells(results)}


def test_the_manifest_and_the_timing_are_of_the_given_lr_images(go, results, lr):
    go("bicubic", lr=(str(lr),), time=True)
    manifest = json.loads((results / "runs" / "0001.json").read_text())
    (data,) = manifest["datasets"]
    assert manifest["degradation"] == "given"
    assert data["lr"]["x2"]["files"]["b"] == str(lr / "bx2.png")
    assert data["lr"]["x2"]["images"]["b"] == pixel_hash(read_image(lr / "bx2.png"))
    with Reader(results) as reader:
        assert tuple(reader.timings()[0].lr_size) == (16, 14)


def test_the_report_shows_the_given_lr_images_while_they_are_there(go, results, lr):
    def sides():
        with Reader(results) as reader:
            images = per_image(reader)
            shown = gallery(
                images.assign(label=images["method"]), results, reader.runs(), {"bicubic": "B"}, reader.facts
            )
        return [("lr" in scene.windows) for scene in shown.scenes], shown.notes

    go("bicubic", lr=(str(lr),))
    assert sides() == ([True] * 3, [])
    write_image(lr / "bx2.png", 255 - read_image(lr / "bx2.png"))
    assert sides()[0] == [True, False, True]


# -- not supported -------------------------------------------------------------------------------------------------


def test_methods_that_invert_the_degradation_are_not_supported(go, lr):
    summary = go("bicubic", "back-projection", lr=(str(lr),))
    assert (summary.computed, summary.not_supported, summary.failed) == (3, 3, 0)
    assert "how given LR images were made of the HR images is not known" in next(iter(summary.unsupported))


def test_the_self_ensemble_is(go, lr):
    assert go("bicubic", lr=(str(lr),), self_ensemble=True).computed == 3


def test_a_metric_that_needs_the_operator_is_not_supported(go, lr):
    summary = go("bicubic", lr=(str(lr),), metrics=("psnr", "consistency"))
    assert (summary.computed, summary.failures) == (3, [])
    with pytest.raises(SrbenchError, match=r"not supported on given LR images.*: consistency; no metric is left"):
        go("bicubic", lr=(str(lr),), metrics=("consistency",))


# -- what is wrong -------------------------------------------------------------------------------------------------


def test_all_lr_images_of_a_wrong_size_are_named_at_once(go, lr, make_picture):
    write_image(lr / "ax2.png", make_picture(13, 14, 0))
    write_image(lr / "bx2.png", make_picture(14, 15, 0))
    with pytest.raises(ImageError) as caught:
        go("bicubic", lr=(str(lr),))
    assert "2 of 3 LR images of pictures do not fit their HR images at x2" in str(caught.value)
    assert "ax2.png is 14x13 and a.png 28x28" in str(caught.value)
    assert "bx2.png is 15x14 and b.png 32x28" in str(caught.value)


def test_lr_images_without_an_hr_image_and_the_other_way_round(go, results, lr):
    (lr / "ax2.png").rename(lr / "zx2.png")
    with pytest.raises(DatasetError, match=r"1 of 3 HR images have no LR image \(a.png\).* 1 LR image \(zx2.png\)"):
        go("bicubic", lr=(str(lr),))
    assert not results.exists()


def test_an_lr_image_that_cannot_be_read_is_named_or_left_out_with_its_hr_image(go, lr):
    (lr / "ax2.png").write_bytes(b"broken")
    with pytest.raises(ImageError, match=r"ax2\.png"):
        go("bicubic", lr=(str(lr),))
    assert go("bicubic", lr=(str(lr),), skip_unreadable=True).total == 2


def test_a_folder_of_lr_images_for_each_dataset(go, lr, pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "more")
    with pytest.raises(SrbenchError, match="1 folder of LR images for 2 datasets"):
        go("bicubic", lr=(str(lr),), datasets=(str(pictures), str(tmp_path / "more")))


def test_another_degradation_with_given_lr_images_is_an_error(go, lr):
    with pytest.raises(SrbenchError, match="--degradation bicubic-noise and --lr"):
        go("bicubic", lr=(str(lr),), degradation="bicubic-noise")


# -- plain runs ----------------------------------------------------------------------------------------------------


def test_a_plain_run_does_not_use_them_and_says_so(go, results, lr):
    seen = Notes()
    go("bicubic", observer=seen)
    (line,) = [line for line in seen.lines if "LR images" in line]
    assert line == (
        f"'{lr}' holds LR images of pictures at x2, which are not used: --degradation given evaluates methods on them"
    )
    assert {facts.degradation for facts in cells(results)} == {"bicubic/v1"}
    assert {facts.lr_sha256 for facts in cells(results)} == {""}


def test_nothing_is_said_of_known_datasets_and_where_there_are_none(go, pictures):
    seen = Notes()
    go("bicubic", datasets=("sample",), metrics=("psnr",), observer=seen)
    go("bicubic", observer=seen)
    assert not [line for line in seen.lines if "LR images" in line]


def test_a_wrong_path_is_an_error(go, pictures):
    with pytest.raises(DatasetError, match="no folder at"):
        go("bicubic", lr=(str(Path(pictures) / "nothing"),))
