"""What tiles change, measured once per method and scale."""

from __future__ import annotations

from collections.abc import Sequence

from srbench.evaluation.inference import as_fed
from srbench.foreign.contained import contained
from srbench.method.base import Method
from srbench.method.wrappers import SelfEnsemble, Tiled, seams
from srbench.run.observer import Observer
from srbench.run.plan import CellTask
from srbench.run.worker import CellWorker


def compare_tiles(plan: Sequence[CellTask], worker: CellWorker, observer: Observer) -> list[dict[str, object]]:
    """The difference between tiles and the whole on the first image that is larger than a tile, for every method and
    scale, as the manifest tells it; noted too."""
    found: dict[tuple[str, float], dict[str, object]] = {}
    for task in plan:
        key = (task.facts.method, task.scale)
        tiled = _tiled(worker.method(task.method))
        if key in found or tiled is None or worker.prepare(task.method, task.scale) or not tiled.supports(task.scale):
            continue
        try:
            example = worker.example(task)
            planes, target, shifts = example.frames_of(tiled)
            lr = as_fed(tiled, planes[0] if len(planes) == 1 else planes)
            if max(lr.shape[-2:]) <= tiled.tile:
                continue
            with contained():
                difference = seams(tiled, lr, task.scale, target, shifts)
        except Exception:  # the cell itself will say what is wrong
            continue
        found[key] = {"method": key[0], "scale": key[1], "image": task.facts.image, "grey_levels": difference}
        by = "an unknown amount (no memory for the whole)" if difference is None else f"{difference:.2g} grey levels"
        observer.note(
            f"{key[0]} x{key[1]}: tiles of {tiled.tile} and the whole {task.facts.image} differ by at most {by}"
        )
    return list(found.values())


def _tiled(method: Method) -> Tiled | None:
    inner = method.inner if isinstance(method, SelfEnsemble) else method
    return inner if isinstance(inner, Tiled) else None
