"""Score SR images that another program made, under the same protocols and into the same leaderboard as a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from srbench import randomness
from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.errors import ImageError, SrbenchError, first_few
from srbench.imaging.images import as_rgb, pixel_hash, read_image
from srbench.method import naming, plugins
from srbench.method.base import Method, MethodCard
from srbench.metrics import choice
from srbench.protocol.base import Protocol
from srbench.records import GIVEN, Entry
from srbench.results.store import Store
from srbench.run import kept
from srbench.run.datasets import Decoding, find_datasets, require_undegraded, settle
from srbench.run.job import Job, Plan, context_of, job_of
from srbench.run.observer import Observer, Silent, Summary
from srbench.run.options import RunOptions
from srbench.run.pairs import with_lr
from srbench.run.partners import pair, pair_frames
from srbench.run.plan import MethodSpec
from srbench.run.recorded import Recorded
from srbench.run.runner import carry_out
from srbench.run.windows import Clips
from srbench.run.worker import CellWorker
from srbench.scale import checked, enlarged_size


@dataclass(frozen=True)
class ForeignOptions:
    """What to score: the images in ``folder`` as ``name``'s results on ``dataset`` at ``scale``."""

    folder: Path
    dataset: str
    scale: float
    name: str
    metrics: tuple[str, ...] = ()  # empty: the default ones
    protocol: str = "basicsr"
    out: Path = Path("results")
    command: str = ""
    no_reference: bool = False  # the images of the dataset are LR images without an original
    lr: str = ""  # the folder of the LR images that the images were made of; empty: they were bicubic ones
    clips: tuple[str, ...] = ()  # names of those that are scored; empty: all


def score(options: ForeignOptions, observer: Observer | None = None) -> Summary:
    """Store a score for every image of the dataset.

    The images are kept in the results folder; what follows is a run whose SR images are all there. Unless LR images
    are given, they are taken to be bicubic ones, as in nearly every published table. Ctrl-C ends it as it ends a run.

    Raises:
        SrbenchError: an unknown name, a ``name`` that is a method's or a row's, a dataset that is not here.
        ImageError: images of the dataset without a partner or with several, files without one, images of the wrong
            size or without colour; each is named. Nothing is stored then.
    """
    observer = observer or Silent()
    options = replace(options, scale=checked(options.scale))
    with randomness.kept(torch.device("cpu")):
        paths: dict[str, Path] = {}

        def resolved() -> Job:
            job, found = _resolve(options, observer.note)
            paths.update(found)
            return job

        return carry_out(resolved, observer, lambda job, planned, store: _hand_over(job, planned, paths, store))


def _resolve(options: ForeignOptions, note: Callable[[str], None]) -> tuple[Job, dict[str, Path]]:
    """The run that scores the images, and the file of each by the name of its HR image."""
    run = RunOptions(
        (options.name,),
        (options.dataset,),
        (options.scale,),
        options.metrics,
        options.protocol,
        GIVEN if options.lr else "bicubic",
        device="cpu",
        threads=1,
        out=options.out,
        command=options.command,
    )
    context = context_of(run)
    recorded = Recorded.of(options.out)
    recorded.require_own_protocols(context.protocols)
    _check_name(options.name, recorded)
    found = find_datasets([options.dataset], note, reference=not options.no_reference, clips=options.clips)
    require_undegraded(found, run.degradation)
    if options.lr:
        found = with_lr(found, [options.lr], run.scales)
    (data,) = found
    bare = not data.reference
    selection = choice.select(
        run.metrics,
        context.protocols,
        references=not bare,
        unreferenced=bare,
        operator=not options.lr,
        clips=bool(data.clips()),
    )
    paths = _partners(options, data, context.protocols, note)
    worker = CellWorker(context)
    settled = settle(
        Decoding(found, worker.images.start_decoding(list(data.files()))), recorded, note, context.protocols
    )
    facts = settled.facts()
    (data,) = settled.datasets
    hashes = _check(data, paths, facts, options.scale, context.protocols)
    identity = hashlib.sha256("".join(hashes[name] for name in sorted(hashes)).encode()).hexdigest()[:16]
    spec = MethodSpec(options.name, identity)
    worker.hold_method(spec, _named(options.name))
    job = job_of(run, worker, [spec], (data,), selection, lambda: facts)
    return replace(job, recorded=recorded, described={"scored_from": options.folder.name}), paths


def _partners(
    options: ForeignOptions, data: Dataset, protocols: Sequence[Protocol], note: Callable[[str], None]
) -> dict[str, Path]:
    """The file of every image that is measured, by its name; of clips without the frames that every protocol leaves
    out, which the frames' makers may have left out, too."""
    if not data.clips():
        return pair(options.folder, [image.name for image in data.images], options.scale, options.name)
    clips = Clips(data, 0)
    clips.require_measured(protocols)
    wanted = {image.name for image in data.images if any(clips.measured(image, rules) for rules in protocols)}
    return pair_frames(options.folder, data, wanted, options.scale, options.name, note)


def _check_name(name: str, recorded: Recorded) -> None:
    """Raise SrbenchError where a method or a row of the results folder is called ``name``, unless its images were made
    elsewhere too: then they are replaced."""
    naming.require_name(name, "--name")
    if name in {plugin.name for plugin in plugins.discover()}:
        raise SrbenchError(f"'{name}' is the name of a method of srbench", "choose another --name")
    known = recorded.methods.get(name)
    if known is not None and not known.foreign:
        raise SrbenchError(f"'{name}' is the name of a method in these results", "choose another --name, or --out")
    if name in recorded.variants:
        raise SrbenchError(
            f"'{name}' is what a row of these results is called, {recorded.variants[name]} with options",
            "choose another --name, or --out",
        )


def _named(name: str) -> Method:
    """A method that is not here, of which there is a card for the manifest."""
    method = Method()
    method.card = MethodCard(name, name, 0, "images made elsewhere", "", colour="rgb")  # type: ignore[misc]
    return method


def _hand_over(job: Job, planned: Plan, paths: dict[str, Path], store: Store) -> None:
    """Keep every image that the results folder does not hold yet, as a run keeps those that it makes."""
    known = store.known(list(planned.ids.values()))
    folder = job.context.folder
    entries = []
    for task in planned.cells:
        number = planned.ids[task.facts.key]
        outcome = known[number].outcome
        if outcome is None or kept.read(folder, outcome) is None:
            pixels = read_image(paths[task.facts.image])
            if task.facts.image_channels == 1 and job.context.protocol(task.facts).grey_as_rgb:
                pixels = as_rgb(pixels)
            entries.append(Entry(number, kept.keep(folder, task.facts, pixels), ()))
    store.record(planned.summary.run_id, entries, again=True)


def _check(
    data: Dataset,
    paths: dict[str, Path],
    facts: dict[ImageFile, ImageFacts],
    scale: float,
    protocols: Sequence[Protocol],
) -> dict[str, str]:
    """Pixel hashes of the foreign images, by name; raises ImageError, naming all that are of the wrong size."""
    hashes, wrong, unreadable = {}, [], []
    in_colour = any(rules.working_space == "rgb" for rules in protocols)
    for image in (own for own in data.images if own.name in paths):
        path, own = paths[image.name], facts[image]
        try:
            pixels = read_image(path)
        except ImageError as error:
            unreadable.append(error)
            continue
        sizes = [rules.sizes(scale, own.height, own.width).hr for rules in protocols]
        if not data.reference:
            sizes = [enlarged_size((own.height, own.width), scale)]
        elif data.lr:
            low = facts[data.lr[scale][image.name]]
            sizes = [enlarged_size((low.height, low.width), scale)]
        if others := [size for size in sizes if pixels.shape[:2] != size]:
            height, width = others[0]
            wrong.append(f"{path.name} is {pixels.shape[1]}x{pixels.shape[0]}, not {width}x{height}")
        elif pixels.ndim == 2 and own.channels == 3 and in_colour:
            wrong.append(f"{path.name} is grey, its image has colours")
        hashes[image.name] = pixel_hash(pixels)
    if unreadable:
        listed = "; ".join(error.message for error in unreadable)
        raise ImageError(
            listed if len(unreadable) == 1 else f"{len(unreadable)} of {len(paths)} images cannot be used: {listed}",
            unreadable[0].hint if len(unreadable) == 1 else "repair them",
        )
    if wrong:
        size = f"the size of the HR image, cut as at x{scale}"
        if not data.reference:
            size = f"{scale} times the size of the LR image"
        raise ImageError(
            f"{len(wrong)} of {len(paths)} images do not fit {data.title} at x{scale}: {first_few(wrong, 5)}",
            f"they must have {size}, and its colours (images of Y alone: --protocol classic)",
        )
    return hashes
