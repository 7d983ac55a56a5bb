"""The LR images of a run that came with the HR images: found, held against the sizes of their HR images, and told of
where a run does not use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from srbench.dataset import pairs
from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.errors import DatasetError, ImageError, SrbenchError, first_few
from srbench.protocol.base import Protocol
from srbench.records import GIVEN
from srbench.wording import counted


def degradation_of(degradation: str, lr: Sequence[str]) -> str:
    """The degradation that a run has which is asked for ``degradation`` and for the LR images in the folders ``lr``.

    Raises:
        SrbenchError: it would make other LR images.
    """
    if lr and degradation not in ("bicubic", GIVEN):  # bicubic is the default
        raise SrbenchError(f"--degradation {degradation} and --lr: given LR images are not made", "leave one out")
    return GIVEN if lr else degradation


def with_lr(datasets: Sequence[Dataset], folders: Sequence[str], scales: Sequence[float]) -> tuple[Dataset, ...]:
    """The datasets with the LR images that are given of them at every scale.

    Args:
        folders: of the LR images, one for each dataset in the same order; empty: those beside the HR images.

    Raises:
        SrbenchError: not a folder for each dataset.
        DatasetError: images without a partner, or with several, in any of them.
    """
    if folders and len(folders) != len(datasets):
        raise SrbenchError(
            f"{counted(len(folders), 'folder')} of LR images for {len(datasets)} datasets",
            "give --lr one for each of --datasets, in their order",
        )
    found, wrong = [], []
    for data, folder in zip(datasets, folders or [""] * len(datasets), strict=True):
        lr: dict[float, Mapping[str, ImageFile]] = {}
        for scale in scales:
            try:
                lr[scale] = pairs.given(data, folder, scale)
            except DatasetError as error:
                wrong.append(error)
        found.append(replace(data, lr=lr))
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise DatasetError("; ".join(error.message for error in wrong), wrong[0].hint)
    return tuple(found)


def note_unused(datasets: Sequence[Dataset], scales: Sequence[float], note: Callable[[str], None]) -> None:
    """Tell of the LR images that came with users' HR images, and with known datasets whose manifests say so, in a run
    that makes its own."""
    for data in datasets:
        if not data.reference or not (data.folder is not None or (data.manifest and data.manifest.lr)):
            continue
        places = {}
        for scale in scales:
            try:
                places[scale] = pairs.beside(data, scale)
            except DatasetError:  # several
                continue
        there = [scale for scale, own in places.items() if own]
        if there:
            of = ", ".join(f"x{scale}" for scale in there)
            note(
                f"'{places[there[0]][0]}' holds LR images of {data.title} at {of}, which are not used: "
                "--degradation given evaluates methods on them"
            )


def require_fitting(
    datasets: Sequence[Dataset], facts: Mapping[ImageFile, ImageFacts], protocols: Sequence[Protocol]
) -> None:
    """Raise ImageError that names all LR images whose sizes no HR image explains at their scale."""
    wrong = []
    hint = "an LR image has the size of its HR image divided by the scale, rounded down"
    for data in datasets:
        for scale, low in data.lr.items():
            sizes = {image: (_size(facts[image]), _size(facts[low[image.name]])) for image in data.images}
            unfit = {image: own for image, own in sizes.items() if not pairs.fits(protocols, scale, *own)}
            if not unfit:
                continue
            listed = [
                f"{low[image.name].path.name} is {lr[1]}x{lr[0]} and {image.path.name} {hr[1]}x{hr[0]}"
                for image, (hr, lr) in unfit.items()
            ]
            count = f"{len(unfit)} of {len(sizes)} LR images of {data.title}"
            wrong.append(f"{count} do not fit their HR images at x{scale}: {first_few(listed, 5)}")
            if other := pairs.likely_scale(protocols, list(sizes.values())):
                same = ": methods see images of the size of the HR images" if other == 1 else ""
                hint = f"they are LR images at x{other}: add --scales {other}{same}"
    if wrong:
        raise ImageError("; ".join(wrong), hint)


def _size(facts: ImageFacts) -> tuple[int, int]:
    return facts.height, facts.width
