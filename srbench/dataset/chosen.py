"""Some clips of datasets, chosen by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from srbench.dataset.locate import Dataset
from srbench.errors import DatasetError, first_few

_NAMED = 20  # clips that a message names


def choose_clips(datasets: Sequence[Dataset], names: Sequence[str]) -> tuple[Dataset, ...]:
    """The datasets with the frames of the chosen clips alone, in their order; :attr:`Dataset.not_chosen` are the
    others.

    Args:
        names: of clips, in any case; each is one of some dataset. None: all clips.

    Raises:
        DatasetError: a dataset of still images; a name that no clip has; a dataset without a chosen clip. The message
            names the clips that there are.
    """
    if not names:
        return tuple(datasets)
    for data in datasets:
        if not data.clips():
            raise DatasetError(
                f"'{data.name}' is a dataset of still images, of which no clips can be chosen",
                "leave --clips out, or run it apart from the clips",
            )
    there = {clip.lower() for data in datasets for clip in data.clips()}
    if strangers := [name for name in names if name.lower() not in there]:
        raise DatasetError(f"there is no clip {', '.join(map(repr, strangers))}", _those_there(datasets))
    return tuple(_chosen(data, {name.lower() for name in names}) for data in datasets)


def _chosen(data: Dataset, names: set[str]) -> Dataset:
    others = tuple(clip for clip in data.clips() if clip.lower() not in names)
    kept = tuple(image for image in data.images if image.clip not in others)
    if not kept:
        raise DatasetError(f"no clip of '{data.name}' is chosen", _those_there([data]))
    return replace(data, images=kept, not_chosen=others)


def _those_there(datasets: Sequence[Dataset]) -> str:
    """A hint, with the clips of known datasets that are not here."""
    texts = []
    for data in datasets:
        here = list(data.clips())
        text = f"clips of '{data.name}': {first_few(here, _NAMED)}"
        absent = [clip for clip in data.manifest.frames if clip not in here] if data.manifest else []
        texts.append(text + (f" (not here: {', '.join(absent)})" if absent else ""))
    return "; ".join(texts)
