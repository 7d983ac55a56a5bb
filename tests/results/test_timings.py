"""Timings in the store."""

from dataclasses import replace

from srbench.results.store import Store
from srbench.results.timings import add_timings, read_timings


def test_timings_are_stored_whole_and_an_old_folder_has_none(go, results, record):
    go("nearest")
    with Store(results) as store:
        assert read_timings(store) == []
        first, second = record([1.0, 2.0], machine={"torch": "2"}), record([3.0], status="failed", message="boom")
        add_timings(store, 1, [first])
        add_timings(store, 1, [second])
        assert [replace(t, lr_size=tuple(t.lr_size)) for t in read_timings(store)] == [first, second]
