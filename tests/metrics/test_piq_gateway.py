"""The gateway to piq against piq called directly."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import torch

import srbench
from srbench.errors import ImageError, UnavailableError, UnknownNameError
from srbench.metrics import get, piq_gateway
from srbench.metrics.piq_table import TABLE

needs_piq = pytest.mark.skipif(importlib.util.find_spec("piq") is None, reason="no piq: pip install 'srbench[piq]'")


@needs_piq
@pytest.mark.parametrize("name", TABLE)
def test_equals_piq_and_prefers_the_better_image(name, sample_pairs, as_comparison, rng):
    import piq

    hr = sample_pairs[0][1][:176, :180]
    metric = get(f"piq:{name}")
    metric.prepare()
    values = []
    for spread in (0, 4, 40):
        sr = np.clip(hr + rng.normal(0, spread, hr.shape), 0, 255).astype(np.uint8)
        x, y = (torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255 for image in (sr, hr))
        values.append(metric.compute(as_comparison(sr, hr)))
        expected = getattr(piq, TABLE[name].function)(x, y, data_range=1.0).item()
        assert values[-1] == pytest.approx(expected, abs=1e-6)
    assert values == sorted(values, reverse=metric.higher_is_better)
    assert len(set(values)) == 3


@needs_piq
@pytest.mark.parametrize("side", [1, 7, 12])
@pytest.mark.parametrize("name", ["ms_ssim", "vif", "haarpsi", "sr_sim"])
def test_an_image_too_small_for_a_metric_is_told_so(name, side, rng):
    image = rng.integers(0, 256, (side, side + 1, 3), np.uint8)
    with pytest.raises(ImageError, match=f"image (of|has) {side + 1}x{side}; use larger images$"):
        srbench.score(f"piq:{name}", image, image // 2)


@needs_piq
def test_the_card():
    card = get("piq:gmsd")
    assert (card.name, card.higher_is_better, card.needs) == ("piq:gmsd", False, ("sr_rgb", "hr_rgb"))
    assert card.version == 800
    assert card.source == "piq"
    assert get("piq:psnr").unit == "dB"


def test_without_piq_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    piq_gateway.gateway.cache_clear()
    with pytest.raises(UnavailableError, match=r"piq is not installed; get it with: pip install 'srbench\[piq\]'"):
        get("piq:vif")


def test_unknown_names_have_near_ones():
    with pytest.raises(UnknownNameError, match=r"'piq:mdsy'; did you mean piq:mdsi"):
        get("piq:mdsy")


def test_names_behind_the_gateway_are_known_without_importing_it():
    code = """
import sys
from srbench.errors import UnknownNameError
from srbench.metrics.catalog import METRICS
print(METRICS.unknown("haarpsi"), "piq" in sys.modules, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "unknown metric 'haarpsi'; did you mean piq:haarpsi? False False"
