"""Images of one size that go through a method together: which, in which order, and what comes out."""

import os
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from srbench.dataset.locate import ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.imaging.images import write_image
from srbench.records import CellFacts, Outcome
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.run import batches
from srbench.run.batches import Batched, Batching, CellBatch
from srbench.run.executors.local import Inline
from srbench.run.executors.processes import Processes
from srbench.run.plan import CellResult, CellTask, MethodSpec
from srbench.run.stopping import Stop

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked under Linux")
A, B = MethodSpec("a", "1", "a"), MethodSpec("b", "2", "b")


def task(method, name, size, scale=2, **changes):
    sample = ImageFile(name, f"/nowhere/{size[0]}x{size[1]}/{name}.png")
    facts = CellFacts(method.name, method.identity, "set", 1, name, name, 3, scale, "bicubic", "basicsr", "0")
    return CellTask(facts, method, sample, **changes), ImageFacts(f"{name}.png", *size, 3, "")


@pytest.fixture
def planned():
    """Tasks, image by image, and how they are batched."""

    def make(sizes, methods=(A, B), scales=(2,), most=4):
        made = [
            task(method, str(number), size, scale)
            for number, size in enumerate(sizes)
            for scale in scales
            for method in methods
        ]
        return [one for one, _ in made], Batching({one.sample: facts for one, facts in made}, most)

    return make


def joined(batching, tasks):
    """What a worker is given: names of images, those of a batch in brackets."""
    given = Batched(Inline(), batching)._joined(iter(tasks), batches.deque(), set())
    found = []
    for item in given:
        if item is None:
            break  # it waits for what is under way
        own = item.tasks if isinstance(item, CellBatch) else (item,)
        found.append((own[0].method.name, "".join(one.facts.image for one in own)))
    return found


def test_as_many_images_of_a_size_as_a_batch_holds_go_through_all_methods(planned):
    tasks, batching = planned([(32, 28), (40, 28), (32, 28), (33, 29), (40, 28), (32, 28), (32, 28), (50, 50)])
    ordered = batching.ordered(tasks)
    assert sorted(map(str, ordered)) == sorted(map(str, tasks))
    # 33x29 is 32x28 when it is cut to multiples of the scale.
    expected = [("a", "0235"), ("b", "0235"), ("a", "14"), ("b", "14"), ("a", "6"), ("b", "6"), ("a", "7"), ("b", "7")]
    assert joined(batching, ordered) == expected


def test_scales_and_large_images_go_apart(planned, monkeypatch):
    tasks, batching = planned([(32, 28)] * 4, methods=(A,), scales=(2, 4))
    assert joined(batching, batching.ordered(tasks)) == [("a", "0123"), ("a", "0123")]
    monkeypatch.setattr(batches, "PIXELS", 2 * 32 * 28)
    assert joined(batching, batching.ordered(tasks)) == [("a", "01"), ("a", "01"), ("a", "23"), ("a", "23")]
    monkeypatch.setattr(batches, "PIXELS", 100)
    assert len(joined(batching, batching.ordered(tasks))) == 8


def test_what_is_only_scored_drawn_at_random_or_for_the_canary_goes_alone(planned):
    tasks, batching = planned([(32, 28)] * 5, methods=(A,))
    tasks[1] = replace(tasks[1], kept=Outcome("ok"))
    tasks[2] = replace(tasks[2], canary=True)
    assert joined(batching, tasks) == [("a", "1"), ("a", "2"), ("a", "034")]
    random, batching = planned([(32, 28)] * 2, methods=(replace(A, random=True),))
    assert joined(batching, random) == [("a", "0"), ("a", "1")]


class Worker:
    """Stands for a CellWorker. Image 'x' is the end of its process."""

    def begin(self, item):
        own = item.tasks if isinstance(item, CellBatch) else (item,)
        if any(one.facts.image == "x" for one in own):
            os.kill(os.getpid(), signal.SIGKILL)
        found = [CellResult(Outcome("ok", message=f"{len(own)} at once")) for _ in own]
        return found if isinstance(item, CellBatch) else found[0]


def results_of(tasks, executor):
    stop = Stop()
    return {
        (one.method.name, one.facts.image): result.outcome.message
        for delivered in executor.run(Worker(), iter(tasks), len(tasks), stop)
        for one, result in delivered
    }


def test_every_task_comes_back_with_its_own_result(planned):
    tasks, batching = planned([(32, 28)] * 6 + [(40, 28)])
    found = results_of(batching.ordered(tasks), Batched(Inline(), batching))
    assert len(found) == 14
    assert {found["a", "0"], found["b", "3"]} == {"4 at once"}
    assert {found["a", "4"], found["b", "5"]} == {"2 at once"}
    assert found["a", "6"] == "1 at once"


@LINUX
def test_a_batch_that_its_workers_die_of_is_taken_apart(planned):
    tasks, batching = planned([(32, 28)] * 8, methods=(A,))
    tasks[5] = replace(tasks[5], facts=replace(tasks[5].facts, image="x"))
    found = results_of(batching.ordered(tasks), Batched(Processes(1), batching))
    assert len(found) == 8
    assert {found["a", str(n)] for n in range(4)} == {"4 at once"}
    assert {found["a", str(n)] for n in (4, 6, 7)} == {"1 at once"}
    assert "SIGKILL" in found["a", "x"]


# -- whole runs, where a processor stands for a GPU ---------------------------------------------------------------


@pytest.fixture
def like_a_gpu(monkeypatch):
    monkeypatch.setattr(batches, "pay", lambda device: True)
    monkeypatch.setattr("srbench.run.worker.pay", lambda device: True)


@pytest.fixture
def equal_pictures(pictures, make_picture):
    """Five of one size besides the three of different sizes."""
    for number in range(5):
        write_image(pictures / f"equal-{number}.png", make_picture(28, 40, 10 + number))
    return pictures


def shown(folder):
    with Reader(folder) as reader:
        return per_image(reader)


def values(folder):
    rows = shown(folder)
    return {(row.method, row.image, row.metric): row.value for row in rows.itertuples()}


def write_logging(write_plugin, tmp_path, body):
    log = tmp_path / "batches"
    note = f"with open({str(log)!r}, 'a') as stream: print(len(lr), lr.shape[-1], file=stream)"
    return write_plugin(f"{note}\n        {body}"), lambda: log.read_text().split("\n")[:-1]


@pytest.mark.parametrize("protocol", ["basicsr", "classic"])
@pytest.mark.usefixtures("like_a_gpu")
def test_a_run_in_batches_gives_what_single_images_give(go, write_plugin, results, equal_pictures, tmp_path, protocol):
    path, log = write_logging(write_plugin, tmp_path, "return imresize(lr, scale)")
    names = (path, "bicubic", "back-projection")
    assert go(*names, protocol=protocol).computed == 24
    assert "5 20" in log()  # the batch
    assert log().count("1 20") == 1  # the first of it, to compare
    go(*names, protocol=protocol, batch=1, out=tmp_path / "single")
    together, single = values(results), values(tmp_path / "single")
    assert together.keys() == single.keys()
    assert all(together[key] == pytest.approx(single[key], rel=1e-9) for key in single)
    same = shown(results).sort_values("cell_id")["sr_path"].tolist()
    assert all((results / path).read_bytes() == (tmp_path / "single" / path).read_bytes() for path in same)
    assert go(*names, protocol=protocol).known == 24


@pytest.mark.parametrize(
    "body",
    [
        "return imresize(lr, scale) * lr.mean() * 2",
        "if len(lr) > 1: raise ValueError\n        return imresize(lr, scale)",
    ],
    ids=["looks at the whole batch", "takes one image"],
)
@pytest.mark.usefixtures("like_a_gpu")
def test_a_method_that_does_not_take_several_gets_one_image(
    go, write_plugin, results, equal_pictures, make_picture, tmp_path, body
):
    for number in range(5, 9):
        write_image(equal_pictures / f"equal-{number}.png", make_picture(28, 40, 10 + number))
    path, log = write_logging(write_plugin, tmp_path, body)
    assert go(path, batch=3).computed == 12
    assert [line for line in log() if not line.startswith("1")] == ["3 20"]  # tried once
    go(path, batch=1, out=tmp_path / "single")
    assert values(results) == values(tmp_path / "single")


@pytest.mark.usefixtures("like_a_gpu")
def test_only_the_image_that_fails_fails(go, write_plugin, results, equal_pictures):
    for number, level in ((5, 0), (6, 200)):
        write_image(equal_pictures / f"equal-{number}.png", np.full((28, 40, 3), level, np.uint8))
    body = "x = imresize(lr, scale)\n        return torch.where((lr.amax((1, 2, 3), True) == 0), x / 0, x)"
    summary = go(write_plugin("import torch\n        " + body))
    assert (summary.computed, summary.failed) == (9, 1)
    rows = shown(results)
    assert rows.loc[rows["status"] == "failed", "image"].tolist() == ["equal-5"]


@pytest.mark.filterwarnings("ignore::srbench.errors.SrbenchWarning")
@pytest.mark.usefixtures("like_a_gpu")
def test_a_batch_that_does_not_fit_into_memory_is_computed_one_by_one(go, write_plugin, results, equal_pictures):
    body = "if lr.numel() > 3 * 40 * 28: raise MemoryError\n        return imresize(lr, scale)"
    assert go(write_plugin(body)).computed == 8
    assert set(shown(results)["handling"]) == {""}  # in no tiles


def test_a_processor_computes_one_by_one(go, write_plugin, equal_pictures, tmp_path, results):
    path, log = write_logging(write_plugin, tmp_path, "return imresize(lr, scale)")
    go(path)
    assert {line.split()[0] for line in log()} == {"1"}


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_batches_on_a_gpu(go, results, equal_pictures, tmp_path):
    names = ("bicubic", "fsrcnn", "edsr")
    go(*names, scales=(4,), device="cuda", metrics=("psnr",))
    go(*names, scales=(4,), device="cuda", metrics=("psnr",), batch=1, out=tmp_path / "single")
    together, single = values(results), values(tmp_path / "single")
    assert all(together[key] == pytest.approx(single[key], abs=1e-3) for key in single)


def test_images_without_an_original_go_together_by_their_own_size(planned):
    """They are LR images: what a batch holds is counted at the size of the SR images."""
    tasks, batching = planned([(24, 16), (25, 17), (24, 16)], methods=(A,))
    bare = [replace(task, sample=replace(task.sample, reference=False)) for task in tasks]
    facts = {one.sample: batching.facts[task.sample] for task, one in zip(tasks, bare, strict=True)}
    assert batching.shape(tasks[0]) == batching.shape(tasks[1])
    alone = Batching(facts, 1 << 20)
    assert alone.shape(bare[0]) == alone.shape(bare[2]) != alone.shape(bare[1])
    assert alone.limit(bare[0]) == batches.PIXELS // (4 * 24 * 16)
