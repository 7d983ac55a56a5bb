"""A GPU that disappears in the middle of a run: recorded with the cells it concerns, the others go on."""

import torch

from srbench.results.reader import Reader

LOST = "if lr.shape[-1] > 14: raise RuntimeError('CUDA error: device lost')\n        return imresize(lr, scale)"


def test_cells_of_a_lost_device_are_recorded_and_the_others_go_on(go, write_plugin, results):
    lost = write_plugin(LOST, name="lost", file="lost.py")
    summary = go(lost, write_plugin(name="whole", file="whole.py"), time=True)
    with Reader(results) as reader:
        cells = {row.cell_id: row.facts.method for row in reader.planned()}
        outcomes = sorted((cells[o.cell_id], o.outcome.status, o.outcome.message[:12]) for o in reader.outcomes())
    failed = ("lost", "failed", "RuntimeError")
    assert outcomes == [failed, failed, ("lost", "ok", ""), *[("whole", "ok", "")] * 3]
    assert [(t.method, t.status) for t in summary.timings] == [("lost", "failed"), ("whole", "ok")]
    assert summary.failures[-1].startswith("timing of lost on pictures x2 (cpu, fp32): RuntimeError: CUDA error: dev")


def test_the_canary_that_cannot_be_measured_ends_no_run(go, monkeypatch):
    from srbench.run import worker as cells

    real = cells.raw

    def gone(method, example):
        if method.card.name == "bicubic":
            raise torch.AcceleratorError("CUDA error: device lost")
        return real(method, example)

    monkeypatch.setattr(cells, "raw", gone)
    summary = go("nearest", datasets=("sample",), scales=(4,))
    (canary,) = summary.canaries
    assert (summary.computed, canary.verdict, canary.measured) == (8, "off", None)
