"""From stored cells to tidy tables."""

import math

import pandas as pd
import pytest

from srbench.results.facts import FolderFacts, MethodFacts, PublishedValue, to_json
from srbench.results.leaderboard import (
    GROUP,
    MEAN_COLUMNS,
    means,
    methods_by_score,
    per_image,
    published,
)
from srbench.results.reader import Reader
from srbench.results.store import Store


def images(*rows):
    """Rows of (method, image, value, status) on one dataset, as per_image gives them."""
    fixed = {"dataset": "set5", "scale": 4, "protocol": "classic", "degradation": "bicubic", "options": ""}
    more = {"message": "", "run_id": 1, "extra": "", "method_hash": "0", "handling": ""}
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
    table = means(images(("m", "a", 30.0, "ok"), ("m", "b", 20.0, "ok"), ("m", "c", 25.0, "ok")))
    (row,) = table.to_dict("records")
    assert (row["mean"], row["n"], row["planned"]) == (25.0, 3, 3)
    assert 20 <= row["ci_low"] < 25 < row["ci_high"] <= 30
    assert list(table.columns[: len(MEAN_COLUMNS)]) == MEAN_COLUMNS


@pytest.mark.parametrize("status", ["identical", "nan", "too small"])
def test_values_that_are_not_ok_are_counted_and_not_averaged(status):
    table = means(images(("m", "a", 30.0, "ok"), ("m", "b", math.nan, status)))
    (row,) = table.to_dict("records")
    assert (row["mean"], row["n"], row["planned"], row["excluded"]) == (30.0, 1, 2, 1)


@pytest.mark.parametrize(
    ("status", "column"), [("failed", "failed"), ("not supported", "unsupported"), ("pending", "pending")]
)
def test_cells_without_scores_are_counted(status, column):
    table = means(images(("m", "a", 30.0, "ok"), ("m", "b", math.nan, status)))
    (row,) = table.to_dict("records")
    assert (row["n"], row["planned"], row[column]) == (1, 2, 1)


def test_a_method_that_failed_everywhere_has_a_row_without_a_mean():
    table = means(images(("m", "a", math.nan, "failed"), ("m", "b", math.nan, "failed")))
    (row,) = table.to_dict("records")
    assert math.isnan(row["mean"])
    assert (row["n"], row["failed"]) == (0, 2)


METHOD = MethodFacts(
    *("m", "M"),
    published=(
        PublishedValue("set5", 4, "psnr", 28.42, "paper A"),
        PublishedValue("set5", 4, "psnr", 28.43, "paper B", protocol="basicsr"),
        PublishedValue("set5", 2, "psnr", 33.66, "paper A"),
    ),
)
ROW = {"dataset": "set5", "scale": 4, "protocol": "classic", "degradation": "bicubic", "options": ""}
ROW |= {"metric": "psnr"}


def test_the_published_value_of_the_same_protocol_is_taken_and_the_others_stand_behind():
    assert [own.value.value for own in published(METHOD, ROW)] == [28.42, 28.43]
    assert [own.value.value for own in published(METHOD, ROW | {"protocol": "basicsr"})] == [28.43, 28.42]


def test_the_other_protocols_value_is_better_than_none_and_says_so():
    [own] = published(METHOD, ROW | {"scale": 2, "protocol": "basicsr"})
    assert (own.value.value, own.value.protocol) == (33.66, "classic")
    assert "another protocol: classic (here basicsr)" in own.unlike


@pytest.mark.parametrize(
    "change",
    [{"scale": 3}, {"dataset": "set14"}, {"degradation": "blur"}, {"options": '{"tile": 64}'}, {"metric": "ssim"}],
)
def test_other_cells_have_no_published_value(change):
    assert published(METHOD, ROW | change) == []
    assert published(None, ROW) == []


def test_published_value_and_source_stand_beside_the_mean():
    (row,) = means(images(("m", "a", 28.5, "ok")), FolderFacts([{"methods": [to_json(METHOD)]}])).to_dict("records")
    assert row["published"] == 28.42
    assert "paper A" in row["published_source"]
    assert (row["published_like"], row["published_size"]) == (False, "")
    assert row["published_unlike"] == "size not stated; training images not stated"
    (row,) = means(images(("m", "a", 28.5, "ok"))).to_dict("records")
    assert math.isnan(row["published"])
    assert (row["published_source"], row["published_like"]) == ("", None)


def test_methods_are_ranked_by_psnr_those_without_last():
    table = means(
        images(
            *(("good", "a", 31.0, "ok"), ("bad", "a", 20.0, "ok"), ("best", "a", 32.0, "ok")),
            *(("zero", "a", math.nan, "failed"), ("broken", "a", math.nan, "failed")),
        ),
    )
    assert methods_by_score(table) == ["best", "good", "bad", "broken", "zero"]


def test_per_image_has_a_row_per_cell_and_metric(go, results):
    go("bicubic", "nearest")
    with Reader(results) as reader:
        table = per_image(reader)
    assert len(table) == 2 * 3 * 2
    assert set(table["degradation"]) == {"bicubic"}
    assert set(table["status"]) == {"ok"}
    assert not table.duplicated([*GROUP, "image", "metric"]).any()


def test_a_run_shows_its_own_cells_although_a_newer_run_planned_them_too(go, results):
    first, second = go("nearest", metrics=("psnr",)), go("nearest", metrics=("psnr",))
    with Reader(results) as reader:
        for summary in (first, second):
            table = per_image(reader, run_id=summary.run_id)
            assert (len(table), set(table["status"])) == (3, {"ok"})


def test_an_empty_store_gives_an_empty_table(results):
    with Store(results, create=True), Reader(results) as reader:
        table = per_image(reader)
    assert table.empty
    assert means(table).empty


def test_protocols_and_scales_have_rows_of_their_own(go, results):
    for protocol in ("classic", "basicsr"):
        go("nearest", scales=(2, 3), protocol=protocol, metrics=("psnr",))
    with Reader(results) as reader:
        table = means(per_image(reader))
    assert sorted(zip(table["protocol"], table["scale"], strict=True)) == [
        ("basicsr", 2),
        ("basicsr", 3),
        ("classic", 2),
        ("classic", 3),
    ]
