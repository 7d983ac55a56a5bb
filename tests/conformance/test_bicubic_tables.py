"""The bicubic and nearest rows of the literature, through the whole of srbench: files, degradation, store, means."""

import pytest

from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

pytestmark = pytest.mark.data

SCALES = (2, 3, 4)
# (PSNR, SSIM) at x2, x3, x4, measured with an independent script on the images that the literature uses.
BICUBIC = {
    ("classic", "set5"): ((33.661, 0.9299), (30.392, 0.8682), (28.421, 0.8104)),
    ("classic", "set14"): ((30.232, 0.8687), (27.541, 0.7736), (26.000, 0.7019)),
    ("classic", "bsd100"): ((29.558, 0.8431), (27.207, 0.7384), (25.961, 0.6674)),
    ("basicsr", "set5"): ((33.678, 0.9304), (30.404, 0.8690), (28.431, 0.8113)),
    ("basicsr", "set14"): ((30.327, 0.8700), (27.632, 0.7759), (26.090, 0.7049)),
    ("basicsr", "bsd100"): ((29.562, 0.8435), (27.210, 0.7391), (25.962, 0.6682)),
}
NEAREST = {
    ("set5", 2): (30.857, 0.9001),
    ("set5", 3): (27.926, 0.8132),
    ("set5", 4): (26.258, 0.7380),
    ("bsd100", 4): (25.038, 0.6299),
}
IMAGES = {"set5": 5, "set14": 14, "bsd100": 100}


@pytest.fixture(scope="module")
def evaluated(data_folders, tmp_path_factory):
    """(method, protocol, dataset, scale, metric) to (mean, n, canary verdict)."""
    folder = tmp_path_factory.mktemp("tables")
    common = {"metrics": ("psnr", "ssim"), "keep_images": False, "out": folder, "device": "cpu"}
    canaries = {}
    for protocol in ("classic", "basicsr"):
        summary = run(RunOptions(("bicubic",), tuple(IMAGES), SCALES, protocol=protocol, **common))
        canaries |= {(protocol, c.dataset, c.scale): c.verdict for c in summary.canaries}
    run(RunOptions(("nearest",), ("set5",), SCALES, **common))
    run(RunOptions(("nearest",), ("bsd100",), (4,), **common))
    with Reader(folder) as reader:
        table = means(per_image(reader))
    keys = ["method", "protocol", "dataset", "scale", "metric"]
    return table.set_index(keys)[["mean", "n"]].to_dict("index"), canaries


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("protocol", ["classic", "basicsr"])
@pytest.mark.sampled(3)
def test_bicubic_equals_the_measured_table(evaluated, protocol, name, scale):
    table, canaries = evaluated
    psnr, ssim = (table["bicubic", protocol, name, scale, metric] for metric in ("psnr", "ssim"))
    expected = BICUBIC[protocol, name][scale - 2]
    assert psnr["mean"] == pytest.approx(expected[0], abs=0.006)
    assert ssim["mean"] == pytest.approx(expected[1], abs=0.0006)
    assert psnr["n"] == ssim["n"] == IMAGES[name]
    assert canaries[protocol, name, scale] == "good"


@pytest.mark.parametrize(("name", "scale"), NEAREST)
def test_nearest_equals_the_measured_table(evaluated, name, scale):
    table, _ = evaluated
    psnr, ssim = (table["nearest", "basicsr", name, scale, metric]["mean"] for metric in ("psnr", "ssim"))
    assert (psnr, ssim) == (
        pytest.approx(NEAREST[name, scale][0], abs=0.006),
        pytest.approx(NEAREST[name, scale][1], abs=0.0006),
    )
