"""Statistics of timings, labels of rows, keys of cells."""

import hashlib
import json
import math

import numpy as np
import pytest

from srbench.records import CellFacts, labels


def test_statistics_of_the_calls(record):
    found = record([1, 2, 3, 4, 5])
    assert (found.median, found.quartiles, found.mean) == (3, (2, 4), 3)
    assert found.p95 == pytest.approx(4.8)
    assert found.megapixels_per_second == pytest.approx(1 / 3)
    assert found.noisy
    assert not record([3.0, 3.1, 3.2]).noisy
    assert record([]).noisy
    assert math.isnan(record([]).median)


def test_without_warm_up_one_call_lifts_the_mean_and_not_the_median(record):
    # A published result file of an efficiency challenge: 1033.8 ms for the first of 200 images, 9.82 ms on average
    # for the others, a median of 10.8 ms.
    published = record([1033.8, *[9.82] * 99, *[10.8] * 100])
    assert published.mean / np.mean(published.seconds[1:]) > 1.4
    assert published.median == 10.8


SELF, TILES = '{"self_ensemble": true}', '{"tile": 128}'


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", ""), ("a", SELF), ("a", TILES)], ["a", "a+", "a (tile 128)"]),
        ([("a+", ""), ("a", SELF)], ["a+", "a (self-ensemble)"]),
        ([("a (tile 128)", ""), ("a", TILES)], ["a (tile 128)", "a (tile 128)'"]),
        ([("a+", ""), ("a (self-ensemble)", ""), ("a", SELF)], ["a+", "a (self-ensemble)", "a (self-ensemble)'"]),
        ([("a", '{"self_ensemble": true, "tile": 8}'), ("a+", '{"tile": 8}')], None),
        ([("a", '{"precision": "fp16"}'), ("a", "")], ["a (fp16)", "a"]),
        ([("a", '{"x": 1}'), ("a", '{"x": 2}')], ["a (x 1)", "a (x 2)"]),
    ],
)
def test_no_two_rows_have_one_label(rows, expected):
    found = labels(rows)
    assert len(set(found.values())) == len(rows)
    assert labels(reversed(rows)) == found
    if expected:
        assert [found[row] for row in rows] == expected


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": 'a"b\\c\n', "image": "Kähler 漢字", "options": '{"tile": 64}'},
        {"image_channels": 1, "dataset_version": 1, "scale": 1, "frames": 5},
        {"lr_sha256": "aa", "precision": "fp16"},
    ],
)
def test_the_key_is_the_hash_of_the_facts_as_sorted_json(changes):
    """Without those that came later where they have their default: what was stored under a key stays under it."""
    facts = {
        **dict.fromkeys(("method", "method_hash", "dataset", "image", "image_sha256", "degradation", "protocol"), "x"),
        **{"protocol_hash": "0", "dataset_version": 2, "image_channels": 3, "scale": 4, "options": ""},
        **changes,
    }
    assert CellFacts(**facts).key == hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
