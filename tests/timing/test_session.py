"""Methods of a run, timed on real images."""

from srbench.results.reader import Reader


def test_run_with_time(go, results):
    summary = go("bicubic", "nearest", time=True)
    with Reader(results) as reader:
        found = reader.timings()
    assert [(t.method, t.subject, t.image, t.scale, t.threads) for t in found] == [
        ("bicubic", "pictures", "b", 2, 1),
        ("nearest", "pictures", "b", 2, 1),
    ]
    assert len(summary.timings) == 2
    assert all(t.status == "ok" and len(t.seconds) >= 50 and min(t.seconds) > 0 for t in found)
    assert tuple(found[0].lr_size) == (16, 14)


def test_a_network_in_half_precision_is_timed_as_such(go, results):
    go("fsrcnn", scales=(4,), time=True, precision="bf16")
    with Reader(results) as reader:
        (found,) = reader.timings()
    assert (found.status, found.variant, found.parameters) == ("ok", "bf16", 12_809)
    assert found.mult_adds > 10**8
