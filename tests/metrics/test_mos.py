"""Simulated MOS: repeatable, in range, monotone; its calibration is the one that the script makes."""

import importlib.util
import json
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


def test_the_original_is_good_and_scores_repeat_exactly(blurred, as_comparison):
    hr, worse = blurred
    assert srbench.score("mos-structural", hr, hr) > 3.8
    one, two = (get("mos-structural").compute(as_comparison(worse[0], hr)) for _ in range(2))
    assert one == two
    assert one.extra == two.extra


def test_the_value_is_the_mean_of_26_ratings_with_their_interval(blurred, as_comparison):
    hr, worse = blurred
    result = get("mos-structural").compute(as_comparison(worse[1], hr))
    ratings = np.array(result.extra["ratings"])
    assert len(ratings) == 26
    assert set(ratings.tolist()) <= {1, 2, 3, 4, 5}
    assert result == ratings.mean()
    assert (result.extra["rater_low"], result.extra["rater_high"]) == interval(ratings)


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
    assert row["extra"]["rater_low"] <= row["value"] <= row["extra"]["rater_high"]
    said = {row["method"]: row for row in means["opinions"]}
    assert set(said) == {"nearest", "bicubic"}
    mean = next(r["mean"] for r in means["rows"] if (r["method"], r["metric"]) == ("bicubic", "mos-structural"))
    assert said["bicubic"]["mos"] == pytest.approx(mean)
    assert said["bicubic"]["rater_low"] < mean < said["bicubic"]["rater_high"]
    assert said["bicubic"]["corrected"] == pytest.approx(mean, abs=0.2)
    assert "rater" not in header


def test_the_parameters_are_what_the_script_makes_and_say_how(tmp_path, monkeypatch, capsys):
    """The fit is run again from the inputs in the repository."""
    shipped = json.loads(mos.PARAMETERS.read_text())
    spec = importlib.util.spec_from_file_location("calibrate_mos", CHECKOUT / "docs" / "scripts" / "calibrate_mos.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    before = mos.PARAMETERS.read_bytes()
    monkeypatch.setattr("sys.argv", ["calibrate_mos.py", "fit"])
    script.main()
    again = json.loads(capsys.readouterr().out)
    monkeypatch.setattr("sys.argv", ["calibrate_mos.py", "fit", "--output", str(tmp_path / "mos.json")])
    script.main()
    assert json.loads((tmp_path / "mos.json").read_text()) == again
    assert mos.PARAMETERS.read_bytes() == before
    for name, fitted in shipped["models"].items():
        assert again["models"][name]["weights"] == pytest.approx(fitted["weights"], abs=2e-3)
        assert again["models"][name]["intercept"] == pytest.approx(fitted["intercept"], abs=2e-3)
    assert again["inputs"] == shipped["inputs"]
    assert {"version", "date", "source", "panel", "validation"} <= set(shipped)


def test_the_footnote_says_what_it_is_and_what_it_is_worth(go, results, capsys):
    from srbench.cli.tables import print_means

    go("nearest", metrics=("psnr", "mos-structural"))
    print_means(results)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("mos-structural: "))
    assert line == "mos-structural: simulated, no person rated these images (docs/metrics.md)"
    assert mos.validation("mos-structural") in mos.STRUCTURAL.footnote  # what pages say
