"""Slices of a run: together exactly the run, of about equal cost, few methods each; the same on every machine."""

import random
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srbench.dataset.locate import ImageFile
from srbench.errors import SrbenchError
from srbench.records import CellFacts
from srbench.results.reader import Reader
from srbench.run.plan import CellTask, MethodSpec
from srbench.run.shard import MOST, Shard
from srbench.run.slices import cut


def tasks(methods=5, images=7):
    specs = [MethodSpec(f"method {i}", "0") for i in range(methods)]
    return [
        CellTask(
            CellFacts(spec.name, "0", "set", 1, f"{image}", f"{image}", 3, scale, "bicubic/1", "basicsr", "0"),
            spec,
            ImageFile(f"{image}", Path(f"{image}.png")),
        )
        for image, scale, spec in product(range(images), (2, 4), specs)
    ]


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 10**12), min_size=70, max_size=70),
    st.integers(1, 100),
    st.randoms(use_true_random=False),
)
def test_slices_are_a_partition_of_the_run_whatever_its_costs_and_order(costs, count, order):
    cells = list(zip(tasks(), costs, strict=True))
    slices = []
    for index in range(1, count + 1):
        order.shuffle(cells)  # another machine may find them in another order
        slices.append(cut([cell for cell, _ in cells], [cost for _, cost in cells], Shard(index, count)))
    keys = [key for part in slices for key in part.keys]
    assert len(keys) == len(set(keys))
    assert set(keys) == {cell.facts.key for cell, _ in cells}
    assert len({part.plan for part in slices}) == 1


@pytest.mark.parametrize("count", [2, 3, 8])
def test_slices_cost_the_same_but_for_one_cell_and_share_no_more_methods_than_they_must(count):
    cells, rng = tasks(methods=6, images=40), random.Random(0)
    price = {f"method {i}": 10 ** rng.randint(1, 4) for i in range(6)}
    costs = [price[cell.facts.method] for cell in cells]
    slices = [cut(cells, costs, Shard(i + 1, count)) for i in range(count)]
    cost = dict(zip((cell.facts.key for cell in cells), costs, strict=True))
    share = sum(costs) / count
    assert all(abs(sum(cost[key] for key in part.keys) - share) <= max(costs) for part in slices)
    held = [len({cell.facts.method for cell in cells if cell.facts.key in part.keys}) for part in slices]
    assert sum(held) <= len(price) + count - 1


def frames(lengths=(9, 1, 30, 4), stills=3):
    """Cells of two methods, one of which has two protocols, on clips of so many frames and on still images."""
    names = [f"clip {i}/{t}" for i, count in enumerate(lengths) for t in range(count)]
    names += [f"still {i}" for i in range(stills)]
    found = []
    for method, protocol in (("a", "basicsr"), ("b", "basicsr"), ("b", "rgb")):
        spec = MethodSpec(method, "0")
        for name in names:
            facts = CellFacts(method, "0", "set", 1, name, name, 3, 4, "bicubic/1", protocol, "0")
            file = ImageFile(name, Path(f"{name}.png"), clip=name.rpartition("/")[0])
            found.append(CellTask(facts, spec, file))
    return found


@settings(max_examples=25)
@given(st.data(), st.integers(1, 20), st.randoms(use_true_random=False))
def test_no_clip_is_cut(data, count, order):
    cells = frames()
    costs = data.draw(st.lists(st.integers(0, 10**9), min_size=len(cells), max_size=len(cells)))
    cost = dict(zip((cell.facts.key for cell in cells), costs, strict=True))
    order.shuffle(cells)
    slices = [cut(cells, [cost[cell.facts.key] for cell in cells], Shard(i + 1, count)) for i in range(count)]
    assert sorted(key for part in slices for key in part.keys) == sorted(cost)
    where = {key: number for number, part in enumerate(slices) for key in part.keys}
    for method, clip in {(cell.facts.method, cell.sample.clip) for cell in cells if cell.sample.clip}:
        own = [cell.facts.key for cell in cells if (cell.facts.method, cell.sample.clip) == (method, clip)]
        assert len({where[key] for key in own}) == 1


def test_slices_that_cut_clips_were_of_another_plan():
    cells = frames()
    loose = [replace(cell, sample=replace(cell.sample, clip="")) for cell in cells]
    assert cut(cells, [1] * len(cells), Shard(1, 2)).plan != cut(loose, [1] * len(cells), Shard(1, 2)).plan


def test_slices_of_another_run_or_another_cut_have_another_plan():
    cells = tasks()
    plans = [
        cut(cells, [1] * len(cells), Shard(1, 4)).plan,
        cut(cells, [1] * len(cells), Shard(1, 5)).plan,
        cut(cells[1:], [1] * (len(cells) - 1), Shard(1, 4)).plan,
        cut(cells, [2] + [1] * (len(cells) - 1), Shard(1, 4)).plan,
    ]
    assert len(set(plans)) == len(plans)


def test_a_run_without_cells_has_slices_without_cells():
    assert cut([], [], Shard(2, 3)).keys == frozenset()


@pytest.mark.parametrize("text", ["1/1", "16/16", " 3/16 ", f"1/{MOST}"])
def test_a_slice_is_read(text):
    assert str(Shard.parse(text)) == text.strip()


@pytest.mark.parametrize(
    "text", ["0/4", "5/4", "1/0", f"1/{MOST + 1}", "1", "/", "a/b", "1/2/3", "-1/4", "1.5/4", "٣/٤"]
)
def test_what_is_no_slice_is_refused(text):
    with pytest.raises(SrbenchError) as caught:
        Shard.parse(text)
    assert "--shard" in f"{caught.value} {caught.value.hint}"


def test_the_table_of_one_slice_says_that_others_are_missing(go, results):
    from srbench.results.slices import lacking

    go("nearest", "bicubic", "bilinear", shard=Shard(2, 3), metrics=("psnr",))
    with Reader(results) as reader:
        runs, cells = reader.runs(), reader.cells()
    assert 0 < len(cells) < 9
    (line,) = lacking(runs, {run.id for run in runs})
    assert "2 are not here (1, 3)" in line


def test_a_slice_without_cells_is_no_failure(go):
    summary = go("nearest", shard=Shard(64, 64), metrics=("psnr",))
    empty = go("nearest", shard=Shard(2, 64), metrics=("psnr",))
    assert summary.total + empty.total <= 2
    assert summary.failures + empty.failures == []
    assert not empty.measured_nothing
