"""From stored cells to tidy tables."""

import math

import pandas as pd
import pytest

from srbench.method import MethodCard, Published
from srbench.results.facts import FolderMetrics
from srbench.results.leaderboard import (
    GROUP,
    MEAN_COLUMNS,
    dataset_order,
    means,
    method_cards,
    methods_by_score,
    per_image,
    published,
)
from srbench.results.store import Store


def images(*rows):
    """Rows of (method, image, value, status) on one dataset, as per_image gives them."""
    fixed = {"dataset": "set5", "scale": 4, "protocol": "classic", "degradation": "bicubic", "options": ""}
    more = {"message": "", "run_id": 1, "extra": ""}
    return pd.DataFrame(
        [
            {
                **{"method": method, **fixed, "image": image},
                **{"metric": "" if status in ("failed", "not supported", "pending") else "psnr"},
                **{"value": value, "status": status, **more},
            }
            for method, image, value, status in rows
        ]
    )


def test_a_mean_is_over_images_with_its_interval_and_count():
    table = means(images(("m", "a", 30.0, "ok"), ("m", "b", 20.0, "ok"), ("m", "c", 25.0, "ok")), cards={})
    (row,) = table.to_dict("records")
    assert (row["mean"], row["n"], row["planned"]) == (25.0, 3, 3)
    assert 20 <= row["ci_low"] < 25 < row["ci_high"] <= 30
    assert list(table.columns[: len(MEAN_COLUMNS)]) == MEAN_COLUMNS


@pytest.mark.parametrize("status", ["identical", "nan", "too small"])
def test_values_that_are_not_ok_are_counted_and_not_averaged(status):
    table = means(images(("m", "a", 30.0, "ok"), ("m", "b", math.nan, status)), cards={})
    (row,) = table.to_dict("records")
    assert (row["mean"], row["n"], row["planned"], row["excluded"]) == (30.0, 1, 2, 1)


@pytest.mark.parametrize(
    ("status", "column"), [("failed", "failed"), ("not supported", "unsupported"), ("pending", "pending")]
)
def test_cells_without_scores_are_counted(status, column):
    table = means(images(("m", "a", 30.0, "ok"), ("m", "b", math.nan, status)), cards={})
    (row,) = table.to_dict("records")
    assert (row["n"], row["planned"], row[column]) == (1, 2, 1)


def test_a_method_that_failed_everywhere_has_a_row_without_a_mean():
    table = means(images(("m", "a", math.nan, "failed"), ("m", "b", math.nan, "failed")), cards={})
    (row,) = table.to_dict("records")
    assert math.isnan(row["mean"])
    assert (row["n"], row["failed"]) == (0, 2)


CARD = MethodCard(
    *("m", "M", 2020, "f", "p", "any"),
    published=(
        Published("set5", 4, "psnr", 28.42, "paper A"),
        Published("set5", 4, "psnr", 28.43, "paper B", protocol="basicsr"),
        Published("set5", 2, "psnr", 33.66, "paper A"),
    ),
)
ROW = {"dataset": "set5", "scale": 4, "protocol": "classic", "degradation": "bicubic", "options": ""}


def test_the_published_value_of_the_same_protocol_is_taken():
    assert published(CARD, ROW, "psnr").value == 28.42
    assert published(CARD, ROW | {"protocol": "basicsr"}, "psnr").value == 28.43


def test_the_other_protocols_value_is_better_than_none_and_says_so():
    entry = published(CARD, ROW | {"scale": 2, "protocol": "basicsr"}, "psnr")
    assert (entry.value, entry.protocol) == (33.66, "classic")


@pytest.mark.parametrize(
    ("change", "metric"),
    [
        ({"scale": 3}, "psnr"),
        ({"dataset": "set14"}, "psnr"),
        ({"degradation": "blur"}, "psnr"),
        ({"options": '{"tile": 64}'}, "psnr"),
        ({}, "ssim"),
    ],
)
def test_other_cells_have_no_published_value(change, metric):
    assert published(CARD, ROW | change, metric) is None
    assert published(None, ROW, metric) is None


def test_published_value_and_source_stand_beside_the_mean():
    (row,) = means(images(("m", "a", 28.5, "ok")), cards={"m": CARD}).to_dict("records")
    assert row["published"] == 28.42
    assert "paper A" in row["published_source"]
    (row,) = means(images(("m", "a", 28.5, "ok")), cards={}).to_dict("records")
    assert math.isnan(row["published"])
    assert row["published_source"] == ""


def test_methods_are_ranked_by_psnr_those_without_last():
    table = means(
        images(
            *(("good", "a", 31.0, "ok"), ("bad", "a", 20.0, "ok"), ("best", "a", 32.0, "ok")),
            *(("zero", "a", math.nan, "failed"), ("broken", "a", math.nan, "failed")),
        ),
        cards={},
    )
    assert methods_by_score(table) == ["best", "good", "bad", "broken", "zero"]


def test_per_image_has_a_row_per_cell_and_metric(go, results):
    go("bicubic", "nearest")
    with Store(results) as store:
        table = per_image(store)
    assert len(table) == 2 * 3 * 2
    assert set(table["degradation"]) == {"bicubic"}
    assert set(table["status"]) == {"ok"}
    assert not table.duplicated([*GROUP, "image", "metric"]).any()


def test_a_run_shows_its_own_cells_although_a_newer_run_planned_them_too(go, results):
    first, second = go("nearest", metrics=("psnr",)), go("nearest", metrics=("psnr",))
    with Store(results) as store:
        for summary in (first, second):
            table = per_image(store, run_id=summary.run_id)
            assert (len(table), set(table["status"])) == (3, {"ok"})


def test_an_empty_store_gives_an_empty_table(results):
    with Store(results, create=True) as store:
        table = per_image(store)
    assert table.empty
    assert means(table, cards={}).empty


def test_protocols_and_scales_have_rows_of_their_own(go, results):
    for protocol in ("classic", "basicsr"):
        go("nearest", scales=(2, 3), protocol=protocol, metrics=("psnr",))
    with Store(results) as store:
        table = means(per_image(store))
    assert sorted(zip(table["protocol"], table["scale"], strict=True)) == [
        ("basicsr", 2),
        ("basicsr", 3),
        ("classic", 2),
        ("classic", 3),
    ]


def test_order_of_datasets_and_digits_of_metrics():
    assert sorted(["mine", "bsd100", "sample", "set5", "set14"], key=dataset_order) == [
        *("set5", "set14", "bsd100", "sample"),
        "mine",
    ]
    facts = FolderMetrics()
    assert [facts[name].digits for name in ("psnr", "ssim", "unheard-of")] == [2, 4, 4]


def test_cards_of_all_built_in_methods():
    assert method_cards()["bicubic"].title == "Bicubic"
