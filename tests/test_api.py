"""The Python interface."""

import inspect
import math
from pathlib import Path

import numpy as np
import pytest
import skimage.data

import srbench
from srbench.api import load
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, NotSupportedError, SrbenchError, UnknownNameError
from srbench.evaluation.scoring import Example, HrImage, super_resolve
from srbench.imaging.images import write_image
from srbench.method import MethodContext
from srbench.protocol.base import BASICSR
from srbench.resize import imresize


def test_the_public_names_are_all_there_and_documented():
    assert sorted(srbench.__all__) == ["SrbenchError", "__version__", "evaluate", "resize", "score", "upscale"]
    for name in srbench.__all__:
        thing = getattr(srbench, name)
        assert isinstance(thing, str) or inspect.getdoc(thing)
    namespace = {}
    exec("from srbench import *", namespace)
    assert set(srbench.__all__) - {"__version__"} <= set(namespace)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'upscle'"):
        _ = srbench.upscle


# -- upscale -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 2, 3, 5])
def test_upscale_by_bicubic_is_imresize(make_picture, scale):
    picture = make_picture(13, 18, 0)
    result = srbench.upscale("bicubic", picture, scale=scale)
    assert (result.shape, result.dtype) == ((13 * scale, 18 * scale, 3), np.uint8)
    expected = np.floor(np.clip(imresize(picture.astype(float), scale), 0, 255) + 0.5)
    assert np.abs(result - expected).max() <= 1
    assert np.mean(result != expected) < 1e-3


@pytest.mark.parametrize("colour", ["any", "luma", "rgb"])
def test_upscale_keeps_grey_grey_and_rgb_rgb(write_plugin, make_picture, colour):
    plugin = write_plugin(colour=colour)
    assert srbench.upscale(plugin, make_picture(9, 11, 0), 2).shape == (18, 22, 3)
    grey = make_picture(9, 11, 0, channels=1)
    result = srbench.upscale(plugin, grey, 2)
    assert result.shape == (18, 22)
    assert np.abs(result.astype(int) - srbench.upscale("bicubic", grey, 2)).max() <= 1


@pytest.mark.parametrize("name", ["bicubic", "srcnn"])  # on RGB, and on Y
def test_upscale_gives_the_pixels_that_a_run_measures(name):
    """To the last bit: of 600,000 values some are next to a half."""
    method = load(name)
    method.prepare(4, MethodContext())
    example = Example(HrImage(skimage.data.astronaut()[:448, :448], BASICSR), 4, Bicubic())
    lr = example.lr_pixels.permute(1, 2, 0).numpy()
    measured = super_resolve(method, example).permute(1, 2, 0).numpy()
    assert np.array_equal(srbench.upscale(method, lr, 4), measured)


def test_upscale_takes_views_read_only_arrays_and_loaded_methods(make_picture):
    picture = make_picture(9, 11, 0)
    picture.setflags(write=False)
    method = load("nearest")
    expected = np.repeat(np.repeat(picture[::-1], 2, axis=0), 2, axis=1)
    assert np.array_equal(srbench.upscale(method, picture[::-1], 2), expected)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (("bicubik", np.zeros((8, 8, 3), np.uint8), 2), UnknownNameError, "did you mean bicubic"),
        (("bicubic", np.zeros((8, 8, 3)), 2), ImageError, "float64"),
        (("bicubic", np.zeros((8, 8, 4), np.uint8), 2), ImageError, r"\(8, 8, 4\)"),
        (("bicubic", "picture.png", 2), ImageError, "str"),
        (("bicubic", np.zeros((8, 8, 3), np.uint8), 0), SrbenchError, "'0' is not a scale"),
        (("bicubic", np.zeros((8, 8, 3), np.uint8), 2, "tpu"), SrbenchError, "tpu"),
    ],
)
def test_upscale_says_what_is_wrong(arguments, kind, message):
    with pytest.raises(kind, match=message):
        srbench.upscale(*arguments)


def test_a_scale_that_is_not_supported_names_those_that_are(write_plugin, make_picture):
    with pytest.raises(NotSupportedError, match=r"mine does not support x2.*x3"):
        srbench.upscale(write_plugin(scales=(3,)), make_picture(8, 8, 0), 2)


def test_a_file_of_two_methods_cannot_be_loaded_as_one(tmp_path, write_plugin):
    text = "from dataclasses import replace\n" + Path(write_plugin()).read_text()
    (tmp_path / "two.py").write_text(text + "\nclass Other(Mine):\n    card = replace(Mine.card, name='other')\n")
    with pytest.raises(SrbenchError, match="defines 2 methods"):
        load(str(tmp_path / "two.py"))
    (tmp_path / "two.py").write_text(text + "\nclass Other(Mine):\n    card = Mine.card\n")
    with pytest.raises(SrbenchError, match="two methods are called 'mine'"):
        load(str(tmp_path / "two.py"))


# -- evaluate ------------------------------------------------------------------------------------------------------


def test_evaluate_gives_a_row_per_image_and_metric(pictures):
    frame = srbench.evaluate("bicubic", str(pictures), scale=2, metrics=["psnr", "ssim"])
    assert list(frame.columns[:8]) == [
        *("method", "dataset", "scale", "protocol", "degradation", "image", "metric"),
        "value",
    ]
    assert sorted(zip(frame["image"], frame["metric"], strict=True)) == [
        (image, metric) for image in "abc" for metric in ("psnr", "ssim")
    ]
    assert set(frame["status"]) == {"ok"}


def test_evaluate_keeps_nothing_unless_told_where(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    srbench.evaluate("nearest", str(pictures), scale=2, metrics=["psnr"])
    assert sorted(tmp_path.rglob("*")) == before
    srbench.evaluate("nearest", str(pictures), scale=2, metrics=["psnr"], out=tmp_path / "kept")
    assert (tmp_path / "kept" / "results.sqlite").is_file()


def test_evaluate_in_a_folder_gives_only_what_was_asked_for(pictures, tmp_path):
    out = tmp_path / "kept"
    srbench.evaluate("bicubic", str(pictures), scale=2, out=out)
    frame = srbench.evaluate("nearest", str(pictures), scale=2, metrics=["psnr"], out=out)
    assert set(frame["method"]) == {"nearest"}
    assert set(frame["metric"]) == {"psnr"}
    assert len(frame) == 3


def test_evaluate_says_why_there_is_no_value(pictures, write_plugin):
    frame = srbench.evaluate(write_plugin("raise ValueError('no luck')"), str(pictures), scale=2)
    assert set(frame["status"]) == {"failed"}
    assert frame["message"].str.contains("no luck").all()


def test_evaluate_takes_lr_images_of_the_users_own(pictures, tmp_path, make_picture):
    for i, name in enumerate("abc"):
        write_image(tmp_path / "LR" / f"{name}x2.png", make_picture(14, 14 + 2 * i, i))
    frame = srbench.evaluate("bicubic", str(pictures), scale=2, metrics=["psnr"], lr=tmp_path / "LR")
    assert (set(frame["degradation"]), len(frame)) == ({"given"}, 3)


def test_evaluate_takes_images_without_an_original(pictures, tmp_path):
    frame = srbench.evaluate("nearest", str(pictures), scale=2, reference=False)
    assert (set(frame["degradation"]), len(frame)) == ({"none"}, 3)
    with pytest.raises(SrbenchError, match="not supported on images without an original: psnr"):
        srbench.evaluate("nearest", str(pictures), scale=2, metrics=["psnr"], reference=False)


@pytest.mark.data("set5")
def test_evaluate_gives_the_numbers_of_the_literature():
    frame = srbench.evaluate("bicubic", "set5", scale=4, metrics=["psnr"], protocol="classic")
    assert frame["value"].mean() == pytest.approx(28.42, abs=0.005)


# -- score ---------------------------------------------------------------------------------------------------------


def test_score_equals_what_evaluate_stores(pictures):
    from srbench.imaging.images import read_image

    frame = srbench.evaluate("bicubic", str(pictures), scale=2).set_index(["image", "metric"])["value"]
    hr = read_image(pictures / "a.png")
    lr = imresize(hr, 0.5)
    sr = srbench.upscale("bicubic", lr, 2)
    for metric in ("psnr", "ssim"):
        assert srbench.score(metric, sr, hr, shave=2) == frame["a", metric]


def test_score_by_hand():
    hr = np.full((16, 16), 100, np.uint8)
    assert srbench.score("psnr", hr + 16, hr, protocol="classic") == pytest.approx(24.0484, abs=1e-4)
    # Under basicsr grey is read as RGB, whose Y has 219 steps.
    assert srbench.score("psnr", hr + 16, hr) == pytest.approx(24.0484 + 20 * math.log10(255 / 219), abs=1e-4)
    assert srbench.score("psnr", hr, hr) == math.inf
    assert srbench.score("ssim", hr, hr) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("pnsr", (16, 16), (16, 16)), {}, "did you mean psnr"),
        (("psnr", (16, 16), (16, 17)), {}, "differ in shape"),
        (("psnr", (16, 16), (16, 16, 3)), {}, "differ in shape"),
        (("psnr", (16, 16), (16, 16)), {"protocol": "basic"}, "basicsr"),
        (("ssim", (10, 16), (10, 16)), {}, "at least 11"),
        (("psnr", (16, 16), (16, 16)), {"shave": 8}, "is left"),
        (("psnr", (16, 16), (16, 16)), {"shave": 20}, "is left"),
        (("psnr", (16, 16), (16, 16)), {"shave": -1}, "shave"),
    ],
)
def test_score_says_what_is_wrong(arguments, options, message):
    metric, *shapes = arguments
    with pytest.raises(SrbenchError, match=message):
        srbench.score(metric, *(np.zeros(shape, np.uint8) for shape in shapes), **options)


VIEWS = {
    "mirrored": lambda x: x[::-1],
    "mirrored both ways": lambda x: x[::-1, ::-1],
    "other channel order": lambda x: x[..., ::-1],
    "every second": lambda x: x[::2, ::-2],
    "transposed": lambda x: x.swapaxes(0, 1),
    "by columns": np.asfortranarray,
    "masked": np.ma.masked_array,
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_taken_as_its_copy(make_picture, view):
    picture = make_picture(16, 18, 0)
    own, other = VIEWS[view](picture), VIEWS[view](255 - picture)
    copy = np.array(own, order="C")
    np.testing.assert_array_equal(srbench.upscale("nearest", own, 2), srbench.upscale("nearest", copy, 2))
    expected = srbench.score("psnr", copy, np.array(other, order="C"))
    assert srbench.score("psnr", own, other) == expected


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_and_the_other_byte_order_are_pictures(make_picture):
    grey = make_picture(8, 10, 0, channels=1)
    assert srbench.upscale("nearest", np.matrix(grey), 2).shape == (16, 20)
    deep = grey.astype(np.uint16) * 257
    found = srbench.upscale("nearest", deep.astype(">u2"), 2)
    np.testing.assert_array_equal(found, srbench.upscale("nearest", deep, 2))


@pytest.mark.parametrize(
    "options",
    [
        *({"scale": scale} for scale in (0.5, "2", None, 10**30)),
        *({"seed": seed} for seed in (None, 2**64)),
        *({"device": device} for device in (None, 3, "cuda:" + "9" * 30, "")),
        *({"method": method} for method in (None, b"nearest", "x" * 5000, ["nearest"])),
    ],
)
def test_upscale_refuses_values_of_other_types(make_picture, options):
    with pytest.raises(SrbenchError) as caught:
        srbench.upscale(**{"method": "nearest", "image": make_picture(8, 8, 0), "scale": 2, "device": "cpu"} | options)
    assert len(str(caught.value)) < 700  # the names of all methods, but not what was given


@pytest.mark.parametrize("options", [{"shave": None}, {"shave": 1.5}, {"protocol": None}, {"protocol": ["basicsr"]}])
def test_score_refuses_values_of_other_types(make_picture, options):
    with pytest.raises(SrbenchError):
        srbench.score("psnr", make_picture(16, 16, 0), make_picture(16, 16, 1), **options)


def test_a_metric_that_needs_no_original_scores_an_image_alone(make_picture, monkeypatch):
    from srbench import metrics
    from srbench.metrics import Metric

    mean = Metric(
        "mean", "Mean", 1, True, "", (0, 255), 2, ("sr_rgb",), lambda pair: float(pair.sr_rgb.double().mean())
    )
    monkeypatch.setattr(metrics, "get", lambda name: mean)
    image = make_picture(12, 14, 0)
    assert srbench.score("mean", image) == pytest.approx(image.mean())
    monkeypatch.undo()
    with pytest.raises(SrbenchError, match="PSNR compares with an original; give hr too"):
        srbench.score("psnr", image)
