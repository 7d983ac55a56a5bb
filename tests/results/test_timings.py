"""Timings in the store."""

from dataclasses import replace

from srbench.results.reader import Reader
from srbench.results.store import Store


def test_timings_are_stored_whole_and_an_old_folder_has_none(go, results, record):
    go("nearest")
    with Store(results) as store, Reader(results) as reader:
        assert reader.timings() == []
        first, second = record([1.0, 2.0], machine={"torch": "2"}), record([3.0], status="failed", message="boom")
        store.add_timings(1, [first])
        store.add_timings(1, [second])
        assert [replace(t, lr_size=tuple(t.lr_size)) for t in reader.timings()] == [first, second]
