"""Score SR images that another program made, under the same protocols and into the same leaderboard as a run."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from srbench import dataset, degradation, metrics, protocol
from srbench.dataset.manifest import SUFFIXES, Dataset, ImageFacts, ImageFile
from srbench.errors import ImageError, MethodError, SrbenchError
from srbench.evaluation.scoring import fits
from srbench.imaging.images import Pixels, as_rgb, pixel_hash, read_image, write_image
from srbench.method import plugins
from srbench.method.base import Method, MethodCard
from srbench.metrics import choice
from srbench.protocol.base import Protocol
from srbench.records import Entry, Outcome
from srbench.results.store import Store
from srbench.run import canary
from srbench.run.executors.local import single_threaded
from srbench.run.manifest import describe, describe_dataset, describe_metric
from srbench.run.plan import Cell, cells
from srbench.run.runner import Observer, RunOptions, Silent, Summary, complaints, finish
from srbench.run.worker import Workshop, image_path

# What programs append to the name of an image that they made, beside the scale and the method's name.
_DECORATIONS = ("sr", "hr", "lr", "gt", "out", "output", "result", "pred", "rlt")


@dataclass(frozen=True)
class ForeignOptions:
    """What to score: the images in ``folder`` as ``name``'s results on ``dataset`` at ``scale``."""

    folder: Path
    dataset: str
    scale: int
    name: str
    metrics: tuple[str, ...] = ()  # empty: the default ones
    protocol: str = "basicsr"
    out: Path = Path("results")
    command: str = ""


def score(options: ForeignOptions, observer: Observer | None = None) -> Summary:
    """Store a score for every image of the dataset.

    The LR images are taken to be bicubic ones, as in nearly every published table.

    Raises:
        SrbenchError: an unknown name, a ``name`` that is a method's, a dataset that is not here.
        ImageError: images of the dataset without a partner or with several, files without one, images of the wrong
            size or without colour; each is named. Nothing is stored then.
    """
    observer = observer or Silent()
    rules, degrade = protocol.get(options.protocol), degradation.get("bicubic")
    ready, unavailable = choice.ready(options.metrics, rules, observer.note)
    data = dataset.find(options.dataset)
    if options.name in {plugin.name for plugin in plugins.discover()} or not options.name.strip():
        raise SrbenchError(f"'{options.name}' is the name of a method of srbench", "choose another --name")
    paths = pair(options.folder, [image.name for image in data.images], options.scale, options.name)
    workshop = Workshop(rules, degrade, options.out, keep_images=True, workers=1)
    facts = workshop.look_at(data.images)()
    hashes = _check(data, paths, facts, options.scale, rules)

    card = MethodCard(options.name, options.name, 0, "images made elsewhere", "", colour="rgb")
    method: Method = type("Foreign", (_Foreign,), {"card": card})()
    wanted = [metric for metric in ready if fits(metric, method)]
    identity = hashlib.sha256("".join(hashes[name] for name in sorted(hashes)).encode()).hexdigest()[:16]
    with Store(options.out, create=True) as store, single_threaded():
        plan = list(cells([(method, identity)], [data], facts, [options.scale], rules, degrade))
        manifest = _manifest(options, method, identity, data, facts, rules)
        manifest["metrics"] = [describe_metric(metric) for metric in wanted]
        run_id = store.start_run(manifest)
        ids = store.plan(run_id, [cell.facts for cell in plan])
        known = store.known(list(ids.values()))
        summary = Summary(run_id, total=len(plan), unavailable=unavailable)
        observer.begin(len(plan), 0)
        for cell in plan:
            number = ids[cell.facts.key]
            have = known[number]
            left = [metric for metric in wanted if (metric.name, metric.version) not in have.metrics]
            kept = have.outcome or _keep(cell, paths[cell.facts.image], rules, options.out)
            result = workshop.compute(cell, left, kept=kept)
            if result.outcome is not None and result.outcome.status != "ok":
                summary.failed += 1
                summary.failures.append(f"{cell}: {result.outcome.message}")
                store.record(run_id, [Entry(number, result.outcome, ())])
            else:
                summary.known += not left
                summary.computed += bool(left)
                summary.failures += complaints(cell, result.scores)
                store.record(run_id, [Entry(number, None if have.outcome else kept, result.scores)])
            observer.done(cell, kept)
        guards = canary.plan([data], facts, [options.scale], rules, degrade)
        psnr = metrics.get("psnr")
        values = {cell.facts.key: workshop.psnr(cell, psnr) for cell in guards}
        summary.canaries = canary.judge_all([data], facts, [options.scale], rules, degrade, guards, values)
        store.add_canaries(run_id, summary.canaries)
        finish(store, run_id, "finished", manifest)
    return summary


def pair(folder: Path, names: Sequence[str], scale: int, method: str) -> dict[str, Path]:
    """The file of every image of a dataset, by name: never by order.

    A file belongs to an image if its stem is the image's name, in any case, perhaps followed by what programs
    append: the scale (``_x4``, ``x4``), ``_SR`` and the like, the method's name, in any order.

    Raises:
        ImageError: no such folder; images without a file or with several, files without an image.
    """
    if not folder.is_dir():
        raise ImageError(f"no folder at '{folder}'", "check the path")
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    exact = {path.stem.lower(): path.stem.lower() for path in files}
    plain = _plain(scale, method)
    wanted = {name.lower(): name for name in names} | {dataset.plain_name(name): name for name in names}
    found: dict[str, list[Path]] = defaultdict(list)
    strangers = []
    for path in files:
        name = wanted.get(exact[path.stem.lower()]) or wanted.get(plain(path.stem))
        if name is None:
            strangers.append(path.name)
        else:
            found[name].append(path)
    several = next(((name, paths) for name, paths in found.items() if len(paths) > 1), None)
    if several:
        both = " and ".join(path.name for path in several[1])
        raise ImageError(f"two files for '{several[0]}' in '{folder}': {both}", "leave one of them")
    missing = [name for name in names if name not in found]
    if missing or strangers:
        parts = []
        if missing:
            parts.append(f"{len(missing)} of {len(names)} images have no file in '{folder}' ({_names(missing)})")
        if strangers:
            parts.append(f"{len(strangers)} files in '{folder}' belong to no image ({_names(strangers)})")
        raise ImageError("; ".join(parts), f"name each as its image, with _x{scale} or the like behind it if you wish")
    return {name: paths[0] for name, paths in found.items()}


def _plain(scale: int, method: str) -> Any:
    ends = "|".join((rf"x{scale}", rf"{scale}x", rf"srf_{scale}", *_DECORATIONS, re.escape(method.lower())))
    decoration = re.compile(rf"(?:[ _.-]+(?:{ends})|x{scale})$")

    def plain(stem: str) -> str:
        stem = stem.lower()
        while (shorter := decoration.sub("", stem)) not in (stem, ""):
            stem = shorter
        return stem

    return plain


def _check(
    data: Dataset, paths: dict[str, Path], facts: dict[ImageFile, ImageFacts], scale: int, rules: Protocol
) -> dict[str, str]:
    """Pixel hashes of the foreign images, by name; raises ImageError, naming all that are of the wrong size."""
    hashes, wrong = {}, []
    for image in data.images:
        path, own = paths[image.name], facts[image]
        pixels = read_image(path)
        height, width = own.height // scale * scale, own.width // scale * scale
        if pixels.shape[:2] != (height, width):
            wrong.append(f"{path.name} is {pixels.shape[1]}x{pixels.shape[0]}, not {width}x{height}")
        elif pixels.ndim == 2 and own.channels == 3 and rules.working_space == "rgb":
            wrong.append(f"{path.name} is grey, its image has colours")
        hashes[image.name] = pixel_hash(pixels)
    if wrong:
        raise ImageError(
            f"{len(wrong)} of {len(paths)} images do not fit {data.title} at x{scale}: {_names(wrong)}",
            f"they must have the size of the HR image, cut to a multiple of {scale}, and its colours (images of Y "
            "alone: --protocol classic)",
        )
    return hashes


def _keep(cell: Cell, path: Path, rules: Protocol, out: Path) -> Outcome:
    pixels: Pixels = read_image(path)
    if cell.facts.image_channels == 1 and rules.grey_as_rgb:
        pixels = as_rgb(pixels)
    place = image_path(cell)
    write_image(out / place, pixels)
    return Outcome("ok", sr_path=place.as_posix(), sr_sha256=pixel_hash(pixels))


class _Foreign(Method):
    """Stands for a program that is not here: its images are, its code is not."""

    def upscale(self, lr: Tensor, scale: int) -> Tensor:
        raise MethodError(f"the images of '{self.card.name}' were made elsewhere", "give them again: srbench score")


def _manifest(
    options: ForeignOptions,
    method: Method,
    identity: str,
    data: Dataset,
    facts: dict[ImageFile, ImageFacts],
    rules: Protocol,
) -> dict[str, Any]:
    run = RunOptions(
        scales=(options.scale,), protocol=options.protocol, out=options.out, command=options.command, threads=1
    )
    described = describe(run, [(method, identity)], rules, torch.device("cpu"), 1)
    return described | {"datasets": [describe_dataset(data, facts)], "scored_from": options.folder.name}


def _names(items: Sequence[str]) -> str:
    return ", ".join(items[:5]) + (", ..." if len(items) > 5 else "")
