"""srbench's own gate: every method that ships, on sample and Set5, against tests/thresholds.toml.

Set5, which takes twice as long, is held by ``tox -e slow``. CONTRIBUTING says how the file is written anew when a
method changes on purpose.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from srbench import gate
from srbench.method import plugins
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

FILE = Path(__file__).parents[1] / "thresholds.toml"
DATASETS = ("sample", "set5")
SCALE = 4


def shipped():
    """Built-in methods that work at x4 with what ships; not those that 'all' leaves out."""
    methods = [plugins.instantiate(plugin) for plugin in plugins.discover() if plugin.origin == "built in"]
    return {method.card.name for method in methods if method.supports(SCALE) and method.card.default}


def test_every_shipped_method_is_held():
    thresholds = gate.read(FILE).thresholds
    for name in DATASETS:
        assert {t.method for t in thresholds if t.dataset == name} == shipped()
    assert all(t.margin <= 0.02 for t in thresholds if t.metric == "psnr")
    # pixelcnn chooses value after value, so that the last bit of a processor's arithmetic changes all that follow.
    margins = {t.method: t.image_margin for t in thresholds if t.metric == "psnr"}
    assert margins.pop("pixelcnn") == 0.01
    assert set(margins.values()) == {0.001}


@pytest.mark.parametrize(
    "dataset", ["sample", pytest.param("set5", marks=[pytest.mark.slow, pytest.mark.data("set5")])]
)
def test_no_shipped_method_got_worse(dataset, tmp_path):
    run(RunOptions(tuple(sorted(shipped())), (dataset,), (SCALE,), out=tmp_path, device="cpu", keep_images=False))
    baseline = gate.read(FILE)
    held = tuple(threshold for threshold in baseline.thresholds if threshold.dataset == dataset)
    with Reader(tmp_path) as reader:
        verdicts = gate.check(gate.collect(reader), replace(baseline, thresholds=held))
    assert len(verdicts) >= len(held) >= 2 * len(shipped())
    assert [f"{v}: {v.reason}" for v in verdicts if not v.holds] == []
