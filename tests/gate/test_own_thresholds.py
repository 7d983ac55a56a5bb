"""srbench's own gate: every method that ships, at x4 on sample and Set5, and at x2 and x3 on Set5.

With all others of the suite each is held at x4 on three images of the sample, value by value; on all images, through
the gate and by the means too, with ``tox -e slow``, at x2 and x3 alone with ``tox -e gate-scales``. CONTRIBUTING says
how the files are written anew when a method changes on purpose.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

import srbench
from srbench import dataset, gate
from srbench.imaging.images import write_image
from srbench.method import plugins
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

SHIPPED = sorted(plugin.name for plugin in plugins.discover() if plugin.origin == "built in")
IMAGES = ("cup", "motorcycle", "page")  # the last one grey


class Held(NamedTuple):
    """What a file of thresholds holds: every method at these scales."""

    file: str
    datasets: tuple[str, ...]
    scales: tuple[int, ...]
    protocol: str

    @property
    def thresholds(self):
        return self.read().thresholds

    def read(self):
        return gate.read(Path(__file__).parents[1] / self.file)


X4 = Held("thresholds.toml", ("sample", "set5"), (4,), "basicsr")
SCALES = Held("thresholds-scales.toml", ("set5",), (2, 3), "classic")
BOTH = pytest.mark.parametrize("own", [X4, SCALES], ids=["x4", "scales"])


def held(name, scale):
    """Whether a built-in method works at that scale with what ships, and is none of those that 'all' leaves out."""
    method = plugins.instantiate(plugins.find(name)[0])
    return method.supports(scale) and method.card.default and not method.card.multi_frame


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for image in dataset.find("sample").images:
        if image.name in IMAGES:
            write_image(folder / f"{image.name}.png", image.read())  # of its file, a part
    return folder


@BOTH
def test_every_shipped_method_is_held(own):
    for scale in own.scales:
        for data in own.datasets:
            found = {t.method for t in own.thresholds if (t.dataset, t.scale) == (data, scale)}
            assert found == {name for name in SHIPPED if held(name, scale)}
    assert {(t.protocol, t.metric) for t in own.thresholds} == {(own.protocol, "psnr"), (own.protocol, "ssim")}
    assert all(t.margin <= 0.02 for t in own.thresholds if t.metric == "psnr")
    # pixelcnn chooses value after value, so that the last bit of a processor's arithmetic changes all that follow.
    margins = {t.method: t.image_margin for t in own.thresholds if t.metric == "psnr"}
    assert margins.pop("pixelcnn", 0.01) == 0.01
    assert set(margins.values()) == {0.001}


@pytest.mark.parametrize("method", [name for name in SHIPPED if held(name, 4)])
@pytest.mark.sampled(3)
def test_no_image_got_worse_or_better(method, images):
    frame = srbench.evaluate(method, str(images), 4, ["psnr", "ssim"], device="cpu")
    limits = {t.metric: t for t in X4.thresholds if (t.method, t.dataset) == (method, "sample")}
    assert len(frame) == 2 * len(IMAGES)
    for row in frame.itertuples():
        limit = limits[row.metric]
        assert row.value == pytest.approx(limit.images[row.image], abs=limit.image_margin), (row.image, row.metric)


@BOTH
@pytest.mark.slow
@pytest.mark.data("set5")
def test_no_shipped_method_got_worse(own, tmp_path):
    methods = tuple(name for name in SHIPPED if any(held(name, scale) for scale in own.scales))
    run(
        RunOptions(
            methods, own.datasets, own.scales, protocol=own.protocol, out=tmp_path, device="cpu", keep_images=False
        )
    )
    with Reader(tmp_path) as reader:
        verdicts = gate.check(gate.collect(reader), own.read())
    assert [f"{v}: {v.reason}" for v in verdicts if not v.holds] == []
