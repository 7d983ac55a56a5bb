"""Values on RGB against BasicSR's formulas, written out here (basicsr/metrics/psnr_ssim.py without test_y_channel)."""

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from srbench import dataset
from srbench.imaging.images import read_image
from srbench.results.reader import Reader

pytestmark = pytest.mark.data("set5")

BORDER = {"rgb": 4, "ntire-esr": 4, "div2k": 10}


def psnr(sr, hr):
    """Over all three channels together."""
    return 10 * np.log10(255.0**2 / np.mean((sr - hr) ** 2))


def ssim(sr, hr):
    """Of each channel, with cv2.getGaussianKernel(11, 1.5) where the window is within the image; their mean."""
    window = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(plane):
        return correlate1d(correlate1d(plane, window, axis=0), window, axis=1)[5:-5, 5:-5]

    values = []
    for channel in range(3):
        x, y = sr[..., channel], hr[..., channel]
        mx, my = mean(x), mean(y)
        vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        index = (2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
        values.append(index.mean())
    return np.mean(values)


def test_bicubic_on_set5_at_x4_under_all_of_them_at_once(go, results):
    summary = go("bicubic", datasets=("set5",), scales=(4,), protocol=",".join(BORDER), threads=2)
    assert (summary.computed, summary.failures) == (15, [])
    with Reader(results) as reader:
        cells = {row.cell_id: (row.facts.protocol, row.facts.image) for row in reader.planned()}
        found = {(*cells[row.cell_id], row.score.metric): row.score.value for row in reader.scores()}
    images = {image.name: image.read() for image in dataset.find("set5").images}
    for protocol, border in BORDER.items():
        for name, pixels in images.items():
            sr = read_image(next(results.glob(f"images/{protocol}/set5/x4/*/{name}.png"))).astype(float)
            hr = pixels[: sr.shape[0], : sr.shape[1]].astype(float)
            shaved = [image[border:-border, border:-border] for image in (sr, hr)]
            assert found[protocol, name, "psnr"] == pytest.approx(psnr(*shaved), abs=1e-6)
            assert found[protocol, name, "ssim"] == pytest.approx(ssim(*shaved), abs=1e-6)
    means = {
        (protocol, metric): np.mean([found[protocol, name, metric] for name in images])
        for protocol in BORDER
        for metric in ("psnr", "ssim")
    }
    assert means["rgb", "psnr"] == pytest.approx(26.6947, abs=5e-5)  # as docs/protocol.md says
    assert means["rgb", "ssim"] == pytest.approx(0.77337, abs=5e-6)
    assert means["rgb", "psnr"] == means["ntire-esr", "psnr"]  # which differ at other scales
