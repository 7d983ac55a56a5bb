"""What one set of results changed against another."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from srbench.cli.installed import Installed
from srbench.errors import StoreError
from srbench.report.html import render_comparison
from srbench.results.comparison import COLUMNS, Side, compare, load, to_csv, to_json
from srbench.results.facts import FolderFacts
from srbench.results.signflips import Sample, differences

ROW = {"dataset": "set14", "scale": 4, "protocol": "classic", "degradation": "bicubic", "options": ""}


def side(name, **methods):
    """Scores per method, one per image; NaN is an image without a score."""
    rows = [
        ROW
        | {"method": method, "image": f"{i}", "metric": metric, "value": value, "version": 1, "image_sha256": f"{i}"}
        | {"status": "nan" if math.isnan(value) else "ok"}
        for key, values in methods.items()
        for method, _, metric in [key.partition("_")]
        for i, value in enumerate(values)
    ]
    return Side(name, pd.DataFrame(rows), FolderFacts(fallback=Installed()))


BASE = np.linspace(25, 35, 14)
STEP = np.linspace(0.1, 0.2, 14)


def verdicts(found):
    return dict(zip(found.rows["method"], found.rows["verdict"], strict=True))


def test_verdicts():
    a = side("A", up_psnr=BASE, down_psnr=BASE, same_psnr=BASE, noise_psnr=BASE)
    noise = BASE + STEP * np.array([1, -1] * 7)
    b = side("B", up_psnr=BASE + STEP, down_psnr=BASE - STEP, same_psnr=BASE, noise_psnr=noise)
    found = compare(a, b)
    assert verdicts(found) == {"up": "better", "down": "worse", "same": "same", "noise": "undecided"}
    row = found.rows.set_index("method").loc["up"]
    assert row["difference"] == pytest.approx(STEP.mean())
    assert row["ci_low"] < row["difference"] < row["ci_high"]
    assert row["p"] <= 0.001
    assert (row["n"], row["changed"]) == (14, 14)


def test_a_metric_this_srbench_does_not_know_gets_no_verdict():
    found = compare(side("A", m_unheard=BASE), side("B", m_unheard=BASE + STEP))
    assert verdicts(found) == {"m": "undecided"}


def test_five_images_decide_nothing():
    found = compare(side("A", m_psnr=BASE[:5]), side("B", m_psnr=BASE[:5] + 3))
    assert verdicts(found) == {"m": "undecided"}
    assert found.rows["p"].tolist() == [0.0625]
    assert math.isnan(found.rows["ci_low"][0])
    assert json.loads(to_json(found))["rows"][0]["ci_high"] is None


def test_all_rows_are_tested_together_and_say_certain_where_the_interval_leaves_out_zero():
    rng = np.random.default_rng(0)
    changes = {f"m{i}_psnr": rng.normal(i / 10, 0.2, 14) for i in range(8)}
    found = compare(side("A", **dict.fromkeys(changes, BASE)), side("B", **{m: BASE + d for m, d in changes.items()}))
    expected = differences(np.stack(list(changes.values())), Sample(("set14",) * 14))
    assert found.rows["p"].tolist() == pytest.approx([row.p for row in expected])
    decided = (found.rows["ci_low"] > 0) | (found.rows["ci_high"] < 0)
    assert 0 < decided.sum() < 8
    assert (found.rows["verdict"] != "undecided").tolist() == decided.tolist()


def test_several_datasets_have_a_row_together_whose_mean_is_that_of_their_means():
    def both(name, shift):
        five = side(name, m_psnr=BASE[:5] + 3 * shift).images.assign(dataset="set5")
        return Side(name, pd.concat([five, side(name, m_psnr=BASE + shift).images]), FolderFacts(fallback=Installed()))

    found = compare(both("A", 0 * STEP[:1]), both("B", 0.2 + 0 * STEP[:1]))
    rows = found.rows.set_index("dataset")
    assert list(rows.index) == ["all", "set5", "set14"]
    assert rows["n"].tolist() == [19, 5, 14]
    assert rows["difference"].tolist() == pytest.approx([0.4, 0.6, 0.2])
    assert rows.loc["all", "mean_a"] == pytest.approx((BASE.mean() + BASE[:5].mean()) / 2)
    assert rows["verdict"].tolist() == ["better", "undecided", "better"]
    assert "all datasets" in render_comparison(found)


def test_only_images_with_both_scores_are_paired():
    b = BASE + STEP
    b[:4] = math.nan
    found = compare(side("A", m_psnr=BASE), side("B", m_psnr=b))
    assert found.rows["n"].tolist() == [10]
    assert found.rows["mean_a"][0] == pytest.approx(BASE[4:].mean())


@pytest.mark.parametrize(
    ("column", "other_value", "why"),
    [("version", 2, "other versions of the metric"), ("image_sha256", "x", "the originals have other pixels")],
)
def test_values_of_other_things_are_not_compared(column, other_value, why):
    other = side("B", m_psnr=BASE, m_ssim=BASE)
    other.images.loc[:3, column] = other_value  # of PSNR
    found = compare(side("A", m_psnr=BASE, m_ssim=BASE), other)
    assert found.rows["n"].tolist() == [10, 14]
    assert found.left_out == [f"psnr of m on set14 x4: 4 images ({why})"]
    assert why in render_comparison(found)
    assert json.loads(to_json(found))["left_out"] == found.left_out


def test_the_images_that_changed_most_come_first():
    b = BASE.copy()
    b[3] -= 2
    b[7] += 1
    found = compare(side("A", m_psnr=BASE), side("B", m_psnr=b))
    assert found.images["image"].tolist() == ["3", "7"]
    assert found.images["difference"].tolist() == pytest.approx([-2, 1])


def test_what_only_one_side_has_is_named():
    found = compare(side("A", m_psnr=BASE, old_psnr=BASE), side("B", m_psnr=BASE, new_psnr=BASE))
    assert found.only_a == ["old on set14 x4 (classic, bicubic)"]
    assert found.only_b == ["new on set14 x4 (classic, bicubic)"]
    assert verdicts(found) == {"m": "same"}


def test_nothing_in_common():
    found = compare(side("A", m_psnr=BASE), side("B", n_psnr=BASE))
    assert found.rows.empty
    assert list(found.rows.columns) == COLUMNS
    assert "no score in common" in render_comparison(found)


def test_runs_and_folders_are_loaded(go, results):
    go("bicubic", metrics=("psnr",))
    go("nearest", metrics=("psnr",))
    assert set(load(results, "1").images["method"]) == {"bicubic"}
    assert set(load(results, "2").images["method"]) == {"nearest"}
    assert set(load(results, str(results)).images["method"]) == {"bicubic", "nearest"}
    with pytest.raises(StoreError, match=r"no run 3 in .*its runs: 1, 2"):
        load(results, "3")


def test_csv_and_json_carry_the_same_rows():
    found = compare(side("A", m_psnr=BASE), side("B", m_psnr=BASE + STEP))
    assert to_csv(found).splitlines()[0] == ",".join(COLUMNS)
    content = json.loads(to_json(found))
    assert content["rows"][0]["verdict"] == "better"
    assert len(content["images"]) == 10


def test_names_stay_text():
    evil = "<script>alert(1)</script>"
    found = compare(Side(evil, side("", m_psnr=BASE).images), side("B", m_psnr=BASE + STEP))
    assert evil not in render_comparison(found)
