"""Simulated MOS: a function of the images alone, in range, monotone; its calibration is what the script makes."""

import importlib.util
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import srbench
from srbench.metrics import get, mos
from srbench.metrics.raters import interval
from srbench.resize import imresize

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def blurred(sample_pairs):
    """An HR image and versions of it that get worse and worse."""
    hr = sample_pairs[0][1]
    size = (hr.shape[0] // 24 * 24, hr.shape[1] // 24 * 24)
    hr = np.ascontiguousarray(hr[: size[0], : size[1]])
    return hr, [imresize(imresize(hr, 1 / scale), scale) for scale in (2, 4, 8)]


def test_worse_images_have_lower_latent_quality_without_weights(blurred, as_comparison):
    hr, worse = blurred
    latent = [get("mos-structural").compute(as_comparison(sr, hr)).extra["latent"] for sr in (hr, *worse)]
    assert latent == sorted(latent, reverse=True)


@pytest.mark.weights("alex")
def test_worse_images_have_lower_latent_quality_with_lpips(blurred, as_comparison):
    hr, worse = blurred
    results = [get("mos").compute(as_comparison(sr, hr)) for sr in (hr, *worse)]
    latent = [result.extra["latent"] for result in results]
    assert latent == sorted(latent, reverse=True)
    assert results[0] > 3.8
    assert results[-1] < 2


def test_the_original_is_good(blurred):
    hr, _ = blurred
    assert srbench.score("mos-structural", hr, hr) > 3.8


def test_the_value_is_the_expected_rating_and_a_draw_of_26_goes_with_it(blurred, as_comparison):
    hr, worse = blurred
    result = get("mos-structural").compute(as_comparison(worse[1], hr))
    panel = mos.model("mos-structural").panel
    assert result == float(panel.expected(np.asarray(result.extra["latent"])))
    ratings = np.array(result.extra["ratings"])
    assert len(ratings) == 26
    assert set(ratings.tolist()) <= {1, 2, 3, 4, 5}
    assert (result.extra["rater_low"], result.extra["rater_high"]) == interval(ratings)
    # The value is what draws have for their mean: of 4,000 raters' ratings it is within 0.05.
    draws = [panel.rate(result.extra["latent"], seed).mean() for seed in range(160)]
    assert np.mean(draws) == pytest.approx(result, abs=0.05)
    assert np.std(draws) > 0.05  # which a single draw is not


# -- a function of the two images alone ----------------------------------------------------------------------------


def test_the_value_is_the_same_for_any_seed_and_order(blurred, as_comparison, monkeypatch):
    hr, worse = blurred
    metric = get("mos-structural")

    def measure(pairs):
        return {i: metric.compute(as_comparison(sr, hr)) for i, sr in pairs}

    first = measure(enumerate(worse))
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    again = measure(reversed(list(enumerate(worse))))
    assert again == first
    assert {i: own.extra for i, own in again.items()} == {i: own.extra for i, own in first.items()}

    fitted = mos.model
    monkeypatch.setattr(mos, "model", lambda name: replace(fitted(name), seed=1))
    other = measure(enumerate(worse))
    assert other == first
    assert any(other[i].extra["ratings"] != first[i].extra["ratings"] for i in other)


def test_the_value_is_the_same_for_any_name(go, scores, write_plugin):
    copy = write_plugin('return imresize(lr, scale, kernel="nearest")', name="a-copy")
    go("nearest", copy, metrics=("mos-structural",))
    one = scores()
    images = {image for _, image, _ in one}
    assert len(images) == 3
    for image in images:
        assert one["nearest", image, "mos-structural"] == one["a-copy", image, "mos-structural"]


def test_the_value_is_the_same_in_another_process(blurred, tmp_path):
    hr, worse = blurred
    np.savez(tmp_path / "pair.npz", sr=worse[1], hr=hr)
    code = (
        "import sys, numpy, srbench; pair = numpy.load(sys.argv[1]); "
        "print(repr(float(srbench.score('mos-structural', pair['sr'], pair['hr']))))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "pair.npz")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    # Sums over other numbers of threads differ in their last digits; a draw of raters moves the second one.
    assert float(done.stdout) == pytest.approx(srbench.score("mos-structural", worse[1], hr), abs=1e-9)


def test_gradients_of_known_images(as_comparison):
    ramp = torch.arange(20.0).repeat(12, 1)
    assert torch.allclose(mos.gradient(ramp), torch.full((10, 18), 2.0))
    flat = np.full((40, 40, 3), 90, np.uint8)
    assert mos.gradients(as_comparison(flat, flat)) == {"gmsd": 0, "blur": 0}


def test_rater_intervals_are_extra_json_fields(go, results):
    from srbench.report.export import to_csv, to_json
    from srbench.results.reader import Reader

    go("nearest", "bicubic", metrics=("psnr", "mos-structural"))
    with Reader(results) as reader:
        images, means = json.loads(to_json(reader, by_image=True)), json.loads(to_json(reader))
        header = to_csv(reader).splitlines()[0]
    row = next(row for row in images["rows"] if row["metric"] == "mos-structural")
    assert row["extra"]["rater_low"] <= np.mean(row["extra"]["ratings"]) <= row["extra"]["rater_high"]
    assert row["extra"]["ratings"] != [row["value"]] * 26
    said = {row["method"]: row for row in means["opinions"]}
    assert set(said) == {"nearest", "bicubic"}
    mean = next(r["mean"] for r in means["rows"] if (r["method"], r["metric"]) == ("bicubic", "mos-structural"))
    assert said["bicubic"]["mos"] == pytest.approx(mean)
    assert said["bicubic"]["drawn"] == pytest.approx(mean, abs=0.3)  # a draw of 78 ratings
    assert said["bicubic"]["rater_low"] < said["bicubic"]["drawn"] < said["bicubic"]["rater_high"]
    assert said["bicubic"]["corrected"] == pytest.approx(said["bicubic"]["drawn"], abs=0.2)
    assert "rater" not in header


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("calibrate_mos", CHECKOUT / "docs" / "scripts" / "calibrate_mos.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_parameters_are_what_the_script_makes(script, tmp_path, monkeypatch, capsys):
    """The fit and its validation are run again from the inputs in the repository."""
    shipped, before = json.loads(mos.PARAMETERS.read_text()), mos.PARAMETERS.read_bytes()
    again = script.fit_all()
    monkeypatch.setattr(script, "fit_all", lambda: again)  # which takes seconds
    monkeypatch.setattr("sys.argv", ["calibrate_mos.py", "fit"])
    script.main()
    assert json.loads(capsys.readouterr().out) == again
    monkeypatch.setattr("sys.argv", ["calibrate_mos.py", "fit", "--output", str(tmp_path / "mos.json")])
    script.main()
    assert json.loads((tmp_path / "mos.json").read_text()) == again
    assert mos.PARAMETERS.read_bytes() == before
    for name, fitted in shipped["models"].items():
        assert again["models"][name]["weights"] == pytest.approx(fitted["weights"], abs=2e-3)
        assert again["models"][name]["intercept"] == pytest.approx(fitted["intercept"], abs=2e-3)
    for key in ("inputs", "not_close", "outside"):
        named = [[(row["published"], row["dataset"], row["images"]) for row in own[key]] for own in (again, shipped)]
        assert named[0] == named[1]
    assert again["ranks"]["PSNR"] == shipped["ranks"]["PSNR"]
    assert again.keys() == shipped.keys()


def test_images_of_another_psnr_or_trained_for_looks_are_not_in_the_fit(script):
    content = mos.parameters()
    every = content["inputs"] + content["not_close"] + content["outside"]
    assert len(every) == len(script.points())
    assert all(abs(row["gap"]) <= script.CLOSE for row in content["inputs"])
    assert all(abs(row["gap"]) > script.CLOSE for row in content["not_close"])
    named = {row["images"] for row in content["inputs"]}
    assert named >= {"nearest", "bicubic", "original", "aplus", "srcnn", "fsrcnn", "edsr"}
    assert not named & {"srgan", "srgan-mse", "perceptual"}
    assert {row["images"] for row in content["outside"]} == {"srgan", "srgan-mse", "perceptual"}


def test_every_image_of_the_fit_has_its_weights_named(script):
    for row in script.stand_ins().values():
        interpolated = row["images"] in ("original", "nearest", "bicubic")
        assert (row["weights"], row["from"]) == ("", "") if interpolated else len(row["weights"]) == 64 and row["from"]


def test_pairs_are_counted_within_a_dataset(script):
    paper = script.published()
    told = [(paper[p]["mos"], p) for p in paper if p[0] in ("srcnn", "espcn", "drcn", "nearest") and p[1] != "bsd100"]
    right = {point: value for value, point in told}
    assert script.pairs(right) == (6, 6)  # three of the two sets; nearest is none
    assert script.pairs(right | {("espcn", "set5"): 9.0}) == (5, 6)


def test_the_footnote_says_what_it_is_and_what_it_is_worth(go, results, capsys):
    from srbench.cli.tables import print_means

    go("nearest", metrics=("psnr", "mos-structural"))
    print_means(results)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("mos-structural: "))
    assert line == "mos-structural: simulated, no person rated these images (docs/metrics.md)"
    assert mos.validation("mos-structural") in mos.STRUCTURAL.footnote  # what pages say
