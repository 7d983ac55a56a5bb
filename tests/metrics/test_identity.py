"""The version of a user's metric stands for all files that decide its values."""

import numpy as np
import pytest

from srbench import metrics

METRIC = """
from pathlib import Path
import numpy as np
from srbench.metrics import Metric
{top}
HERE = Path(__file__).parent
STATE = {{}}

def prepare():
    {prepare}

MINE = Metric(name="mine", title="Mine", version={version}, higher_is_better=True, unit="", bounds=(0, 9), digits=2,
              needs=("sr_luma", "hr_luma"), compute=lambda pair: {value}, prepare=prepare)
"""


def write(folder, top="", prepare="pass", version=1, value="1.0"):
    path = folder / "mine.py"
    path.write_text(METRIC.format(top=top, prepare=prepare, version=version, value=value))
    return str(path)


def version(path):
    (metric,) = metrics.find(path)
    return metric.version


def test_a_metrics_version_is_that_of_its_files(tmp_path):
    first = version(write(tmp_path))
    assert version(write(tmp_path)) == first
    assert first // 10**12 == 1
    assert version(write(tmp_path, value="2.0")) != first
    assert version(write(tmp_path, version=2)) // 10**12 == 2


@pytest.mark.parametrize(
    ("file", "how"),
    [
        ("helper.py", {"top": "from helper import VALUE", "value": "VALUE"}),
        ("table.npy", {"prepare": "STATE['x'] = np.load(HERE / 'table.npy')", "value": "float(STATE['x'])"}),
        ("at.npy", {"top": "X = np.load(Path(__file__).with_name('at.npy'))", "value": "float(X)"}),
    ],
)
def test_what_a_metric_imports_and_reads_counts_and_is_measured_again(tmp_path, go, scores, file, how):
    path, found = write(tmp_path, **how), []
    for value in (1.0, 2.0, 2.0, 1.0):  # back to the first, too
        if file.endswith(".py"):
            (tmp_path / file).write_text(f"VALUE = {value}")
        else:
            np.save(tmp_path / file, value)
        summary = go("nearest", metrics=("psnr", path))
        assert not summary.failures
        found.append((version(path), scores()["nearest", "a", "mine"], summary.known))
    assert [value for _, value, _ in found] == [1.0, 2.0, 2.0, 1.0]
    assert [known for *_, known in found] == [0, 0, 3, 0]
    assert found[0][0] == found[3][0] != found[1][0] == found[2][0]


def test_an_edited_metric_is_measured_again_without_a_new_version(tmp_path, go, scores):
    for value in (1.0, 2.0, 1.0):
        go("nearest", metrics=(write(tmp_path, value=str(value)),))
        assert scores()["nearest", "a", "mine"] == value


@pytest.mark.parametrize("name", ["psnr", "ssim", "consistency"])
def test_the_versions_of_built_in_metrics_are_small_numbers(name):
    (metric,) = metrics.find(name)
    assert metric.version == metrics.get(name).version < 100


def test_a_metric_that_cannot_be_prepared_has_a_version_too(tmp_path):
    assert version(write(tmp_path, prepare="raise SystemExit(0)")) > 10**12
