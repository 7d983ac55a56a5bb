"""How large may a campaign be? A run of made-up methods and images through the real plan, claims and store.

Cells do nothing: an executor returns at once. What is measured is the harness alone: how long it takes to plan, how
much memory a plan has, and how many cells a second it can claim and store. The numbers are in docs/scale.md.

    python docs/scripts/simulate_campaign.py                                  # 300 methods, 1,228 images, 3 scales
    python docs/scripts/simulate_campaign.py --methods 30 --deliver 5000
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from srbench import metrics
from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.method.variant import Variant
from srbench.metrics.choice import Selection
from srbench.protocol import BASICSR
from srbench.records import CellState, Entry, Outcome, Score, ScoreState
from srbench.results.claims import Claims
from srbench.results.store import Store
from srbench.run.observer import Silent, Summary
from srbench.run.plan import CellResult, CellTask, MethodSpec, MetricSpec, RunContext, cells
from srbench.run.todo import pending, unclaimed

METRICS = ("psnr", "ssim", "lpips")


def sha(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def images_of(dataset: str, count: int) -> tuple[ImageFile, ...]:
    return tuple(ImageFile(f"{dataset}-{i:04d}", Path(f"/made-up/{dataset}/{i:04d}.png")) for i in range(count))


@contextmanager
def measured(what: str, count: int) -> Iterator[None]:
    """Prints the seconds that something took, of the clock and of the processor, and the peak of memory so far."""
    wall, cpu = time.monotonic(), time.process_time()
    yield
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (30 if sys.platform == "darwin" else 20))
    rate = f"{count / cpu:,.0f} a second" if cpu else ""
    print(f"{what:34} {wall:7.1f} s, {cpu:7.1f} s of processor, {rate}; peak {peak:.2f} GB", flush=True)


def result_of(task: CellTask) -> CellResult:
    key = task.facts.key
    outcome = Outcome(CellState.OK, seconds=0.1, sr_path=f"images/{key[:2]}/{key}.png", sr_sha256=key)
    return CellResult(outcome, tuple(Score(m.name, m.version, 30.0, ScoreState.OK) for m in task.metrics))


def deliver(
    tasks: Iterator[CellTask | None], ids: dict[str, int], store: Store, summary: Summary, most: int, batch: int
) -> int:
    """Record what an executor that returns at once would deliver; returns how many cells."""
    done = 0
    mine = (task for task in tasks if task is not None)
    while done < most and (group := list(islice(mine, min(batch, most - done)))):
        pairs = [(task, result_of(task)) for task in group]
        entries = [Entry(ids[task.facts.key], result.outcome, result.scores) for task, result in pairs]
        store.record(summary.run_id, entries)
        for task, result in pairs:
            summary.count(task, result)
        done += len(group)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", type=int, default=300)
    parser.add_argument("--images", default="5,14,100,109,1000", help="of each dataset")
    parser.add_argument("--scales", default="2,3,4")
    parser.add_argument("--deliver", type=int, default=20_000, help="cells that are 'computed'")
    parser.add_argument("--batch", type=int, default=16, help="cells that are delivered at once")
    parser.add_argument("--out", type=Path, help="a folder to keep; default: a temporary one")
    options = parser.parse_args()
    scales = [int(scale) for scale in options.scales.split(",")]
    methods = [
        MethodSpec(f"made-up-{i:03d}", sha("method", i)[:16], f"made-up-{i:03d}") for i in range(options.methods)
    ]
    sizes = [int(count) for count in options.images.split(",")]
    datasets = [Dataset(f"set-{n}", f"Set {n}", 1, images_of(f"set-{n}", count)) for n, count in enumerate(sizes)]
    facts = {
        image: ImageFacts(f"{image.name}.png", 512, 512, 3, sha("image", image.name))
        for data in datasets
        for image in data.images
    }
    wanted = {MetricSpec(name, metrics.get(name).version, name): metrics.get(name) for name in METRICS}

    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary) / "results"
        context = RunContext((BASICSR,), "bicubic", "bicubic", Variant(), "cpu", 0, keep_images=True, folder=folder)
        with Store(folder, create=True) as store:
            for again in (False, True):
                with measured("cells of the plan", options.methods * sum(sizes) * len(scales)):
                    plan = list(cells(methods, datasets, facts, scales, context))
                with measured("keys of the cells", len(plan)):
                    for task in plan:
                        _ = task.facts.key
                run_id = store.start_run({"command": "simulate_campaign.py"})
                with measured("known already" if again else "entering them into the store", len(plan)):
                    ids = store.plan(run_id, [task.facts for task in plan])
                summary = Summary(run_id, total=len(plan))
                with measured("what is left to compute", len(plan)):
                    tasks = pending(plan, ids, store, wanted, Selection(tuple(wanted.values()), True), False, summary)
                print(f"{len(plan):,} cells, {len(tasks):,} left", flush=True)
                claims = Claims(store, run_id)
                fresh = unclaimed(tasks, ids, store, claims, summary, Silent())
                with measured("claimed, delivered and stored", options.deliver):
                    done = deliver(fresh, ids, store, summary, options.deliver, options.batch)
                print(f"{done:,} cells stored in batches of {options.batch}", flush=True)
                store.finish_run(run_id, "interrupted", {"command": "simulate_campaign.py"})
                del plan, tasks, ids, fresh
        size = sum(path.stat().st_size for path in folder.glob("results.sqlite*")) / (1 << 30)
        print(f"the store has {size:.2f} GB", flush=True)


if __name__ == "__main__":
    main()
