"""Costs in the table and in the plots."""

import math
import re
from dataclasses import dataclass

import pytest

from srbench.report.html import render
from srbench.report.html.costs import Cost, summarise
from srbench.results.reader import Reader
from srbench.results.store import Store
from srbench.timing import measure as timings


@dataclass
class Timing:
    method: str
    median: float = 0.01
    subject: str = "320x180"
    device: str = "cpu"
    status: str = "ok"
    scale: int = 4
    variant: str = "fp32"
    threads: int = 1
    seconds: tuple[float, ...] = (0.01,)
    peak_memory: int | None = None
    parameters: int | None = 1000
    mult_adds: int | None = None
    noisy: bool = False


def test_one_set_of_conditions_per_scale_that_with_the_most_methods():
    timings = [Timing("a"), Timing("b", 0.02), Timing("a", 0.5, subject="set5"), Timing("a", 0.03, scale=2)]
    found = summarise(timings)
    assert set(found) == {("a", 4), ("b", 4), ("a", 2)}
    assert (found["a", 4].latency_ms, found["b", 4].latency_ms) == (10, 20)
    assert found["a", 4].conditions == "320x180, cpu, fp32, 1 thread"


def test_the_newest_timing_counts_and_failed_ones_do_not():
    timings = [Timing("a"), Timing("a", 0.04), Timing("b", status="failed", seconds=(), median=math.nan)]
    assert {key: cost.latency_ms for key, cost in summarise(timings).items()} == {("a", 4): 40}
    assert summarise([]) == {}


def test_a_timing_that_is_too_noisy_has_no_digit():
    (cost,) = summarise([Timing("a", noisy=True)]).values()
    assert (cost.latency_ms, cost.noisy, cost.parameters) == (None, True, 1000)


def test_memory_is_in_mebibytes():
    assert summarise([Timing("a", device="cuda", peak_memory=3 * 2**20)])["a", 4].memory_mib == 3


def test_costs_are_columns_and_plots(made_up, content):
    folder = made_up(methods=3, datasets={"set14": 14}, scales=(4,))
    costs = {
        ("made-up-0", 4): Cost(57_184, 52.7e9, 12.5, 40.0, "320x180, cpu"),
        ("made-up-1", 4): Cost(12_464, 4.6e9, 3.25, None, "320x180, cpu"),
        ("made-up-2", 4): Cost(latency_ms=100.0),
    }
    with Reader(folder) as reader:
        text = render(reader, costs=costs).text
    conditions = {"conditions": "320x180, cpu"}
    assert content(text)["views"][0]["costs"] == {
        "made-up-2": {"latency_ms": 100.0},
        "made-up-1": {"parameters": 12_464, "mult_adds": 4.6e9, "latency_ms": 3.25, **conditions},
        "made-up-0": {"parameters": 57_184, "mult_adds": 52.7e9, "latency_ms": 12.5, "memory_mib": 40.0, **conditions},
    }
    assert "PSNR against latency" in text
    assert "PSNR (dB) against latency (ms)" in text  # the drawing's name
    front = re.findall(r'<th scope="row">(made-up-\d)</th><td>[\d.,]+</td><td>[\d.]+</td><td>yes</td>', text)
    assert set(front) >= {"made-up-1", "made-up-2"}
    assert "320x180, cpu" in text


def test_timings_of_the_store_are_shown(made_up, content):
    folder = made_up(methods=2, datasets={"set14": 14}, scales=(4,))
    facts = {"subject": "320x180", "scale": 4, "lr_size": (320, 180), "channels": 3, "device": "cpu"}
    more = {"variant": "fp32", "threads": 1, "session": "s", "parameters": 1234}
    with Store(folder) as store, Reader(folder) as reader:
        for i in range(2):
            timing = timings.Timing(method=f"made-up-{i}", **facts, **more, seconds=(0.02, 0.02, 0.02 + i))
            store.add_timings(1, [timing])
        text = render(reader).text
    costs = content(text)["views"][0]["costs"]
    assert {label: cost.get("latency_ms") for label, cost in costs.items()} == {
        "made-up-1": None,
        "made-up-0": pytest.approx(20),
    }
    assert costs["made-up-1"]["noisy"]
    assert {cost["parameters"] for cost in costs.values()} == {1234}
    assert all(cost["conditions"].startswith("320x180, cpu") for cost in costs.values())


def test_without_costs_the_page_says_how_to_get_them(made_up, content):
    with Reader(made_up(methods=3, datasets={"set14": 14}, scales=(4,))) as reader:
        text = render(reader).text
    assert set(map(str, content(text)["views"][0]["costs"].values())) == {"{}"}
    assert "Measure it with srbench run --time" in text
