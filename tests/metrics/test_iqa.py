"""The gateway to pyiqa against pyiqa called directly."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import srbench
from srbench.errors import ImageError, SrbenchError, UnavailableError, UnknownNameError
from srbench.metrics import get, iqa

installed = importlib.util.find_spec("pyiqa") is not None
needs_pyiqa = pytest.mark.skipif(not installed, reason="no pyiqa: pip install 'srbench[iqa]'")
# They need no weights.
OFFLINE = ("ms_ssim", "gmsd", "fsim", "vif", "vsi", "nlpd", "mad")


@pytest.fixture(autouse=True)
def _quiet():
    """pyiqa's own warnings are not ours."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@needs_pyiqa
@pytest.mark.parametrize("name", ["pyiqa:qqqqqq", "pyiqa:", "qqqqqq"])
def test_an_unknown_name_does_not_print_all_of_them(name):
    with pytest.raises(UnknownNameError) as error:
        get(name)
    assert "pyiqa:NAME" in error.value.hint
    assert len(str(error.value)) < 300


@needs_pyiqa
@pytest.mark.parametrize("name", [pytest.param("ms_ssim", marks=pytest.mark.slow), "gmsd"])
def test_equals_pyiqa_on_ten_images(name, sample_pairs, as_comparison):
    import pyiqa

    model = pyiqa.create_metric(name, device="cpu")
    for sr, hr in sample_pairs:
        batch = [torch.from_numpy(x.copy()).permute(2, 0, 1)[None].float() / 255 for x in (sr, hr)]
        assert get(f"pyiqa:{name}").compute(as_comparison(sr, hr)) == pytest.approx(model(*batch).item(), abs=1e-6)


@needs_pyiqa
@pytest.mark.parametrize("name", OFFLINE)
@pytest.mark.sampled(3)
def test_the_classical_metrics_work_offline_and_prefer_the_better_image(name, sample_pairs, as_comparison, rng):
    size = 64 if name == "mad" else 176  # MAD is slow
    hr = sample_pairs[0][1][:size, :size]
    slightly, much = (np.clip(hr + rng.normal(0, s, hr.shape), 0, 255).astype(np.uint8) for s in (4, 40))
    metric = get(f"pyiqa:{name}")
    metric.prepare()
    good, bad = (metric.compute(as_comparison(sr, hr)) for sr in (slightly, much))
    assert (good > bad) == metric.higher_is_better
    assert good != bad
    assert metric.compute(as_comparison(slightly, hr)) == good


@needs_pyiqa
def test_direction_and_needs_are_pyiqas_own():
    assert get("pyiqa:gmsd").higher_is_better is False
    assert get("pyiqa:ms_ssim").higher_is_better is True
    assert get("pyiqa:dists").needs == ("sr_rgb", "hr_rgb")
    assert get("pyiqa:niqe").needs == ("sr_rgb",)
    assert get("pyiqa:ms_ssim").bounds == (0, 1)


@needs_pyiqa
def test_a_model_is_created_once(monkeypatch, sample_pairs, as_comparison):
    import pyiqa

    created = []
    create = pyiqa.create_metric
    monkeypatch.setattr(pyiqa, "create_metric", lambda name, **rest: created.append(name) or create(name, **rest))
    iqa.gateway.cache_clear()
    for sr, hr in sample_pairs[:3]:
        get("pyiqa:gmsd").compute(as_comparison(sr, hr))
    assert created == ["gmsd"]


@needs_pyiqa
def test_unknown_names_have_near_ones():
    with pytest.raises(UnknownNameError, match=r"'pyiqa:ms_sim'; did you mean pyiqa:ms_ssim"):
        get("pyiqa:ms_sim")
    with pytest.raises(UnknownNameError):
        get("pyiqa:fid")  # measures sets


@needs_pyiqa
@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("topiq_fr", "pyiqa:topiq_fr"),  # there by that very name
        ("TOPIQ_FR", "pyiqa:topiq_fr"),
        ("vif", "pyiqa:vif or piq:vif"),  # there behind both gateways
        ("ms_ssim", "pyiqa:ms_ssim or piq:ms_ssim"),
        ("MUSIQ", "musiq"),
        ("maniqua", "pyiqa:maniqa"),
        ("pyiqa:musik", "pyiqa:musiq"),
        ("pnsr", "psnr"),  # srbench's own before pyiqa's of the same name
        ("lpisp", "lpips"),
        ("pyiqa:consistency", "consistency"),
    ],
)
def test_the_nearest_name_is_sought_behind_all_gateways(name, nearest):
    with pytest.raises(UnknownNameError, match=rf"unknown metric '{name}'; did you mean {nearest}( or |\?)"):
        get(name)


@needs_pyiqa
def test_names_behind_a_gateway_are_known_without_importing_what_is_there():
    code = """
import sys
from srbench.errors import UnknownNameError
from srbench.metrics import get
try:
    get("topiq_fr")
except UnknownNameError as error:
    assert "pyiqa:topiq_fr" in str(error)
    print("pyiqa" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_the_library_the_nearest_of_the_others_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    iqa.table.cache_clear()
    try:
        with pytest.raises(UnknownNameError, match="did you mean psnr"):
            get("pnsr")
    finally:
        iqa.table.cache_clear()


@needs_pyiqa
def test_an_image_too_small_for_ms_ssims_levels(sample_pairs, rng):
    hr = sample_pairs[0][1]
    smallest = rng.integers(0, 256, (161, 161, 3), dtype=np.uint8)
    assert srbench.score("pyiqa:ms_ssim", smallest, smallest) == pytest.approx(1)
    with pytest.raises(ImageError, match="needs at least 161 pixels a side, this image has 192x160"):
        srbench.score("pyiqa:ms_ssim", hr[:160, :192], hr[:160, :192])
    with pytest.raises((ImageError, SrbenchError), match="vif"):
        srbench.score("pyiqa:vif", hr[:8, :8], hr[:8, :8])


def test_without_pyiqa_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    iqa.table.cache_clear()
    iqa.gateway.cache_clear()
    with pytest.raises(UnavailableError, match=r"pip install 'srbench\[iqa\]'"):
        get("pyiqa:dists")


BLOCKED = """
import sys
sys.modules["pyiqa"] = sys.modules["piq"] = None
from srbench.cli import main
run = ["run", "--methods", "nearest", "--datasets", "pictures", "--scales", "2"]
for arguments in (run, ["report"], [*run, "--metrics", "psnr,pyiqa:vif"]):
    sys.argv = ["srbench", *arguments]
    try:
        main()
    except SystemExit as end:
        print("exit", end.code, file=sys.stderr)
"""


def test_a_default_run_and_its_report_need_no_gateway(pictures):
    done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, cwd=pictures.parent)
    said = " ".join(done.stderr.split())
    run, report, asked = said.split("exit ")[1:]
    assert (run[0], report[0], asked[0]) == ("0", "0", "1"), done.stderr
    assert "pyiqa is not installed; get it with: pip install 'srbench[iqa]'" in report
    assert "pyiqa" not in said.split("exit 0")[0]
    assert (pictures.parent / "results" / "report.html").is_file()


def test_the_first_command_installs_no_extra():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (first,) = [line for line in readme.splitlines() if "fetch weights ||" in line]
    assert "install -q -c constraints.txt -e . &&" in first


@needs_pyiqa
@pytest.mark.parametrize("side", [1, 4, 12])
@pytest.mark.parametrize("name", ["vif", "mad", "ms_ssim"])
def test_an_image_too_small_for_a_metric_is_told_so(name, side, rng):
    image = rng.integers(0, 256, (side, side + 1, 3), np.uint8)
    with pytest.raises(ImageError, match=f"image (of|has) {side + 1}x{side}; use larger images$"):
        srbench.score(f"pyiqa:{name}", image, image // 2)
