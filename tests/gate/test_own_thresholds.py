"""srbench's own gate: every method that ships, on sample and Set5, against tests/thresholds.toml.

With all others of the suite each is held on three images of the sample, value by value; on all images, through the
gate and by the means too, with ``tox -e slow``. CONTRIBUTING says how the file is written anew when a method changes on
purpose.
"""

from pathlib import Path

import pytest

import srbench
from srbench import dataset, gate
from srbench.imaging.images import write_image
from srbench.method import plugins
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

FILE = Path(__file__).parents[1] / "thresholds.toml"
DATASETS = ("sample", "set5")
SCALE = 4
SHIPPED = sorted(plugin.name for plugin in plugins.discover() if plugin.origin == "built in")
IMAGES = ("cup", "motorcycle", "page")  # the last one grey


def held(name):
    """Whether a built-in method works at x4 with what ships, and is none of those that 'all' leaves out."""
    method = plugins.instantiate(plugins.find(name)[0])
    return method.supports(SCALE) and method.card.default


@pytest.fixture(scope="module")
def thresholds():
    return gate.read(FILE).thresholds


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for image in dataset.find("sample").images:
        if image.name in IMAGES:
            write_image(folder / f"{image.name}.png", image.read())  # of its file, a part
    return folder


def test_every_shipped_method_is_held(thresholds):
    for name in DATASETS:
        assert {t.method for t in thresholds if t.dataset == name} == {name for name in SHIPPED if held(name)}
    assert all(t.margin <= 0.02 for t in thresholds if t.metric == "psnr")
    # pixelcnn chooses value after value, so that the last bit of a processor's arithmetic changes all that follow.
    margins = {t.method: t.image_margin for t in thresholds if t.metric == "psnr"}
    assert margins.pop("pixelcnn") == 0.01
    assert set(margins.values()) == {0.001}


@pytest.mark.parametrize("method", [name for name in SHIPPED if held(name)])
@pytest.mark.sampled(3)
def test_no_image_got_worse_or_better(method, thresholds, images):
    frame = srbench.evaluate(method, str(images), SCALE, ["psnr", "ssim"], device="cpu")
    limits = {t.metric: t for t in thresholds if (t.method, t.dataset) == (method, "sample")}
    assert len(frame) == 2 * len(IMAGES)
    for row in frame.itertuples():
        limit = limits[row.metric]
        assert row.value == pytest.approx(limit.images[row.image], abs=limit.image_margin), (row.image, row.metric)


@pytest.mark.slow
@pytest.mark.data("set5")
def test_no_shipped_method_got_worse(tmp_path):
    methods = tuple(name for name in SHIPPED if held(name))
    run(RunOptions(methods, DATASETS, (SCALE,), out=tmp_path, device="cpu", keep_images=False))
    with Reader(tmp_path) as reader:
        verdicts = gate.check(gate.collect(reader), gate.read(FILE))
    assert [f"{v}: {v.reason}" for v in verdicts if not v.holds] == []
