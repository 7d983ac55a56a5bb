"""The fixtures as another repository uses them: its own pytest run, its own method file."""

import json
import math
import subprocess
import sys

import numpy.fft  # noqa: F401  # pytester forgets what is first imported inside it, and this cannot be loaded twice
import pytest

import srbench.api  # noqa: F401  so that inner runs do not import it, and torchvision, anew
from srbench.protocol.base import FOLDER
from srbench.pytest_plugin import require_finite

pytest_plugins = "pytester"

METHOD = """
from srbench.method import Method, MethodCard
from srbench.resize import imresize

class Mine(Method):
    card = MethodCard(name="mine", title="Mine", year=2026, family="test", paper="none", colour="any")
    def upscale(self, lr, scale):
        return {body}
"""


@pytest.fixture
def repository(pytester, monkeypatch):
    """Runs pytest on a test file beside ``mine.py``; returns its exit code and output."""
    # The inner run is not a worker of xdist, even if this one is: pytest-benchmark measures nothing in workers.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def run(tests, *options, body="imresize(lr, scale)"):
        folder = pytester.path / "tests"
        folder.mkdir(exist_ok=True)
        (folder / "mine.py").write_text(METHOD.format(body=body))
        (folder / "test_mine.py").write_text(tests)
        # In this process, which has torch already.
        result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "--benchmark-storage=saved", *options)
        return result.ret, result.stdout.str() + result.stderr.str()

    return run


@pytest.fixture
def small(tmp_path, pictures):
    """Test functions on the small pictures, one after the other."""
    calls = (
        ("holds", ".assert_at_least(psnr=10).assert_at_most(psnr=90).assert_each_at_least(psnr=9)"),
        ("low", ".assert_at_least(psnr=99)"),
        ("high", ".assert_at_most(psnr=1)"),
        ("image", ".assert_each_at_least(psnr=99)"),
        ("none", ".assert_at_least()"),
        ("unknown", ".assert_at_least(pnsr=1)"),
        ("nan", ".assert_at_least({'psnr': float('nan')})"),
    )
    line = f"def test_{{}}(srbench): srbench.evaluate('mine.py', {str(pictures)!r}, scale=2, metrics=['psnr']){{}}\n"
    return "".join(line.format(*call) for call in calls)


def test_quality_in_three_lines(repository, small):
    code, output = repository(small)
    assert code == 1
    assert "6 failed, 1 passed" in output
    for text in (
        "mine on pictures x2 (basicsr): psnr is ",
        "not at least 99",
        "not at most 1",
        "(3 of 3 images fall short)",
        "no bound given",
        "unknown metric 'pnsr'; did you mean psnr",
        "the bound of psnr is NaN",
    ):
        assert text in output


def test_nan_and_a_metric_that_was_not_computed_fail(repository, pictures):
    line = "def test_{}(srbench): srbench.evaluate('mine.py', {!r}, scale=2, metrics=['{}']).assert_at_{}(psnr={})\n"
    tests = "".join(
        line.format(*arguments)
        for arguments in (("a", str(pictures), "psnr", "least", -99), ("b", str(pictures), "psnr", "most", 999))
    )
    code, output = repository(tests, body="imresize(lr, scale) * float('nan')")
    assert (code, "2 failed" in output) == (1, True)
    assert output.count("psnr is nan, not at") == 2 * 2  # in the failure and in the summary
    assert "NaN or infinite values" in output
    code, output = repository(line.format("c", str(pictures), "ssim", "least", 0))
    assert code == 1
    assert "psnr was not computed: evaluate(..., metrics=['psnr'])" in output


SPEED = "def test_speed(srbench_benchmark): srbench_benchmark('{}', size='24x16', scale=4, rounds=5)\n"


def test_speed_through_pytest_benchmark(repository, pytester):
    code, output = repository(SPEED.format("fsrcnn"), "--benchmark-json=out.json", "--benchmark-save=one")
    assert code == 0, output
    (entry,) = json.loads((pytester.path / "out.json").read_text())["benchmarks"]
    assert entry["stats"]["rounds"] == 5
    extra = entry["extra_info"]
    assert (extra["method"], extra["lr_size"], extra["scale"], extra["device"]) == ("fsrcnn", "24x16", 4, "cpu")
    # Per LR pixel: 5x5 to 56, 1x1 to 12, four 3x3, 1x1 to 56; a 9x9 deconvolution with a border of one pixel.
    lr, with_border = 320 * 180, 322 * 182
    assert extra["mult_adds"] == lr * (25 * 56 + 56 * 12 + 4 * 9 * 144 + 12 * 56) + with_border * 81 * 56
    assert 10_000 < extra["parameters"] < 30_000
    assert extra["peak_memory"] is None
    # The compare and fail options work on these numbers: nothing is 100,000 times slower or faster than itself.
    code, output = repository(SPEED.format("fsrcnn"), "--benchmark-compare", "--benchmark-compare-fail=median:9999999%")
    assert code == 0, output
    code, output = repository(
        SPEED.format("mine.py"),
        "--benchmark-compare",
        "--benchmark-compare-fail=min:5%",
        body="(__import__('time').sleep(0.5), imresize(lr, scale))[1]",
    )
    assert code != 0
    assert "Performance has regressed" in output


@pytest.mark.parametrize("seconds", [[0.1, math.nan], [math.inf], [0.0], [-1.0], []])
def test_times_that_are_none_fail(seconds):
    with pytest.raises(pytest.fail.Exception, match="not positive and finite"):
        require_finite(seconds)
    require_finite([0.1, 0.2])


def test_the_plugin_loads_nothing_heavy():
    code = "import sys, srbench.pytest_plugin; print([n for n in ('torch', 'pandas', 'numpy') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_protocol_of_ones_own_stands_beside_the_tests(repository, pytester, pictures):
    (pytester.path / "tests").mkdir()
    text = (FOLDER / "rgb.toml").read_text().replace('name = "rgb"', 'name = "ours"').replace("shave = 1", "shave = 0")
    (pytester.path / "tests" / "ours.toml").write_text(text)
    code, output = repository(
        f"def test_quality(srbench):\n"
        f"    found = srbench.evaluate('mine.py', {str(pictures)!r}, scale=2, protocol='ours.toml')\n"
        f"    assert set(found.frame['protocol']) == {{'ours'}}\n"
        f"    assert found.title.endswith('x2 (ours)')\n"
        f"    found.assert_at_least(psnr=10)\n"
        f"def test_two(srbench):\n"
        f"    srbench.evaluate('mine.py', {str(pictures)!r}, scale=2, protocol='classic,rgb')\n"
    )
    assert code == 1
    assert "1 failed, 1 passed" in output
    assert "unknown protocol 'classic,rgb'" in output


def test_scales_need_not_be_whole(repository, pictures):
    line = f"srbench.evaluate('bicubic', {str(pictures)!r}, scale=2.5, metrics=['psnr'])"
    code, output = repository(
        f"def test_holds(srbench): {line}.assert_at_least(psnr=10)\n"
        f"def test_low(srbench): {line}.assert_at_least(psnr=99)\n"
        "def test_time(srbench_benchmark): srbench_benchmark('bicubic', size='32x18', scale=2.5)\n"
    )
    assert code == 1
    assert "2 passed" in output
    assert "x2.5 (" in output
