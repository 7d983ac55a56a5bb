"""Score SR images that another program made, under the same protocols and into the same leaderboard as a run."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from srbench import dataset, randomness
from srbench.dataset.folder import image_files
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
from srbench.run.plan import MethodSpec
from srbench.run.recorded import Recorded
from srbench.run.runner import carry_out
from srbench.run.worker import CellWorker
from srbench.scale import checked, enlarged_size

# What programs append to the name of an image that they made, in addition to the scale and the method's name.
_DECORATIONS = ("sr", "hr", "lr", "gt", "out", "output", "result", "pred", "rlt")


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
    found = find_datasets([options.dataset], note, reference=not options.no_reference)
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
    paths = pair(options.folder, [image.name for image in data.images], options.scale, options.name)
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


def pair(folder: Path, names: Sequence[str], scale: float, method: str) -> dict[str, Path]:
    """The file of every image of a dataset, by name: never by order.

    A file belongs to an image if its stem is the image's name, in any case, perhaps followed by what programs
    append: the scale (``_x4``, ``x4``), ``_SR`` and the like, the method's name, in any order.

    Raises:
        ImageError: no such folder; images without a file or with several, files without an image.
    """
    if not folder.is_dir():
        raise ImageError(f"no folder at '{folder}'", "check the path")
    files = image_files(folder)
    stems = _stems(scale, method)
    wanted = {name.lower(): name for name in names} | {dataset.plain_name(name): name for name in names}
    found: dict[str, list[Path]] = defaultdict(list)
    strangers = []
    for path in files:
        name = next((wanted[stem] for stem in stems(path.stem) if stem in wanted), None)
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
            parts.append(f"{len(missing)} of {len(names)} images have no file in '{folder}' ({first_few(missing, 5)})")
        if strangers:
            parts.append(f"{len(strangers)} files in '{folder}' belong to no image ({first_few(strangers, 5)})")
        raise ImageError("; ".join(parts), f"name each as its image, with _x{scale} or the like behind it if you wish")
    return {name: paths[0] for name, paths in found.items()}


def _stems(scale: float, method: str) -> Callable[[str], Iterator[str]]:
    """A stem, then without one decoration after the other: 'a_x4_sr', 'a_x4', 'a'."""
    number = re.escape(str(scale))
    ends = "|".join((rf"x{number}", rf"{number}x", rf"srf_{number}", *_DECORATIONS, re.escape(method.lower())))
    decoration = re.compile(rf"(?:[ _.-]+(?:{ends})|x{number})$")

    def stems(stem: str) -> Iterator[str]:
        stem = stem.lower()
        yield stem
        while (shorter := decoration.sub("", stem)) not in (stem, ""):
            yield (stem := shorter)

    return stems


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
    for image in data.images:
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
