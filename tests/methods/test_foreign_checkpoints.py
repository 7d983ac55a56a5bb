"""Real weight files of other people, in the networks here: what comes out is what was measured of them before.

The values were measured once, apart from this code, and stand in the README beside the files.
"""

import pytest

from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run import RunOptions, run

DECIBELS, SSIM = 0.006, 0.0006


@pytest.fixture
def measured(real_checkpoints, tmp_path):
    """PSNR and SSIM of Set5, as ``srbench run --methods row=NETWORK:FILE`` gives them."""

    def measure(network, file, scale, protocol):
        options = RunOptions(
            methods=(f"row={network}:{real_checkpoints / file}",),
            datasets=("set5",),
            scales=(scale,),
            protocol=protocol,
            metrics=("psnr", "ssim"),
            out=tmp_path,
            keep_images=False,
        )
        run(options)
        with Reader(tmp_path) as reader:
            rows = means(per_image(reader), reader.facts).to_dict("records")
        return {row["metric"]: row["mean"] for row in rows if row["method"] == "row"}

    return measure


slow = pytest.mark.slow


@pytest.mark.data("set5")
@pytest.mark.parametrize(
    ("network", "file", "scale", "protocol", "psnr", "ssim"),
    [
        # On every run of the tests in tests/method/test_zoo.py.
        pytest.param("bsrn", "BSRN_x4.pth", 4, "basicsr", 32.349, 0.8965, marks=slow),
        ("smfanet", "SMFANet_DF2K_x4.pth", 4, "basicsr", 32.252, 0.8956),
        ("rlfn", "rlfn_x4.pth", 4, "basicsr", 32.238, 0.8953),
        ("carn", "carn_m.pth", 4, "basicsr", 31.883, None),
        pytest.param("carn", "carn_m.pth", 3, "basicsr", 34.058, None, marks=slow),
        pytest.param("carn", "carn_m.pth", 2, "basicsr", 37.678, None, marks=slow),
        pytest.param("vdsr", "VDSR_Official.mat", 4, "classic", 31.343, 0.8838, marks=slow),
        pytest.param("vdsr", "VDSR_Official.mat", 3, "classic", 33.658, 0.9213, marks=slow),
        pytest.param("vdsr", "VDSR_Official.mat", 2, "classic", 37.527, 0.9587, marks=slow),
        pytest.param("vdsr", "vdsr_retrained.safetensors", 3, "classic", 33.748, 0.9226, marks=slow),
        pytest.param("vdsr", "vdsr_retrained.safetensors", 4, "classic", 31.434, 0.8849, marks=slow),
    ],
)
@pytest.mark.sampled(3)
def test_what_was_measured_comes_out(measured, network, file, scale, protocol, psnr, ssim):
    values = measured(network, file, scale, protocol)
    assert values["psnr"] == pytest.approx(psnr, abs=DECIBELS)
    if ssim is not None:
        assert values["ssim"] == pytest.approx(ssim, abs=SSIM)
