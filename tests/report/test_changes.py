"""What one set of results changed against another, in words."""

import numpy as np
import pytest

from srbench.report import changes
from srbench.results.comparison import compare, load

SET14 = [("set14", f"{i:02d}") for i in range(14)]
SET5 = [("set5", f"{i}") for i in range(5)]
BASE = np.linspace(25, 35, 14)
STEP = np.linspace(0.1, 0.2, 14)


def psnr(images, values):
    return {image: {"psnr": float(value)} for image, value in zip(images, values, strict=True)}


@pytest.fixture
def found(scored):
    noise = BASE + STEP * np.array([1, -1] * 7)
    before = {name: psnr(SET14, BASE) for name in ("same", "up", "noise", "down", "old")}
    after = {"same": BASE, "up": BASE + STEP, "noise": noise, "down": BASE - STEP}
    after = {name: psnr(SET14, values) for name, values in after.items()}
    folders = scored("before", before), scored("after", after)
    return compare(*(load(folder, str(folder)) for folder in folders))


def test_changed_rows_come_first(found):
    [group] = changes.groups(found)
    assert [(row.method, row.verdict) for row in group.changed] == [
        ("down", "worse"),
        ("up", "better"),
        ("noise", "undecided"),
    ]
    assert [row.method for row in group.same] == ["same"]
    assert changes.summary(found) == "1 worse, 1 better, 1 undecided, 1 the same, of 4 means that both have."


def test_markdown(found):
    lines = changes.to_markdown(found).splitlines()
    rows = [line for line in lines if line.startswith("| down ")]
    assert rows[0].startswith("| down | Set14 | PSNR, dB ↑ | 30.00 | 29.85 | **-0.150** | -0.1")
    assert rows[0].endswith("| &lt; 0.001 | 14 | worse |")
    assert "<details><summary>1 mean the same</summary>" in lines
    assert "| Set14: 13 | down | PSNR | 35.00 | 34.80 | -0.200 |" in lines
    assert "- old on set14 x4 (basicsr, bicubic)" in lines


def test_a_row_over_all_datasets(scored):
    one = scored("one", {"m": psnr(SET14, BASE) | psnr(SET5, BASE[:5])})
    two = scored("two", {"m": psnr(SET14, BASE + STEP) | psnr(SET5, BASE[:5] + 1)})
    [group] = changes.groups(compare(load(one, str(one)), load(two, str(two))))
    assert [(row.dataset, row.n) for row in group.changed] == [("all datasets", "19"), ("Set14", "14"), ("Set5", "5")]
    assert group.changed[-1].interval == ""


def test_nothing_in_common(scored):
    one, two = scored("one", {"a": psnr(SET14, BASE)}), scored("two", {"b": psnr(SET14, BASE)})
    found = compare(load(one, str(one)), load(two, str(two)))
    assert changes.summary(found) == "The two have no score in common."
    assert "a on set14 x4" in changes.to_markdown(found)
