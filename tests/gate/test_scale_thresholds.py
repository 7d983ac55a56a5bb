"""srbench's own gate at x2 and x3: every method that works there, on Set5 under classic, against
tests/thresholds-scales.toml. Run by ``tox -e gate-scales``; how the file is written anew stands in CONTRIBUTING."""

from pathlib import Path

import pytest

from srbench import gate
from srbench.method import plugins
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

FILE = Path(__file__).parents[1] / "thresholds-scales.toml"
SCALES = (2, 3)
SHIPPED = sorted(plugin.name for plugin in plugins.discover() if plugin.origin == "built in")


def held(name, scale):
    """Whether a built-in method of still images works at that scale with what ships, and is in 'all'."""
    method = plugins.instantiate(plugins.find(name)[0])
    return method.supports(scale) and method.card.default


@pytest.fixture(scope="module")
def thresholds():
    return gate.read(FILE).thresholds


@pytest.mark.parametrize("scale", SCALES)
def test_every_shipped_method_is_held(scale, thresholds):
    own = [t for t in thresholds if t.scale == scale]
    assert {t.method for t in own} == {name for name in SHIPPED if held(name, scale)}
    assert {(t.dataset, t.protocol, t.metric) for t in own} == {
        ("set5", "classic", "psnr"),
        ("set5", "classic", "ssim"),
    }
    assert all(t.margin <= 0.02 and t.image_margin == 0.001 for t in own if t.metric == "psnr")


@pytest.mark.slow
@pytest.mark.data("set5")
def test_no_shipped_method_got_worse(tmp_path):
    methods = tuple(name for name in SHIPPED if any(held(name, scale) for scale in SCALES))
    run(RunOptions(methods, ("set5",), SCALES, protocol="classic", out=tmp_path, device="cpu", keep_images=False))
    with Reader(tmp_path) as reader:
        verdicts = gate.check(gate.collect(reader), gate.read(FILE))
    assert [f"{v}: {v.reason}" for v in verdicts if not v.holds] == []
