"""Which frames of a clip the methods of a run are given, and in which order the frames of a clip are computed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from srbench.dataset.locate import Dataset, ImageFile
from srbench.dataset.manifest import ImageFacts
from srbench.errors import SrbenchError, first_few
from srbench.evaluation.clip import around
from srbench.method.base import MOST_FRAMES
from srbench.method.frames import Counts, largest, usual
from srbench.protocol.base import Protocol as Rules
from srbench.wording import counted

SEGMENT = 4  # frames of a clip that one worker computes in a row, all of a method before the next one


@dataclass(frozen=True)
class Window:
    """The frames that a method is given in one cell, in order.

    Args:
        files: of the HR images, or of LR images that have no original.
        target: the index of the one that is super-resolved.
        lr: the files of their LR images, where these came with the HR images.
    """

    files: tuple[ImageFile, ...]
    target: int
    lr: tuple[ImageFile, ...] = ()

    def mark(self, pixels: Mapping[ImageFile, ImageFacts]) -> str:
        """16 hex digits over the pixels of all its frames."""
        hashes = [pixels[file].sha256 for file in self.lr or self.files]
        return hashlib.sha256(" ".join(hashes).encode()).hexdigest()[:16]


def in_order(dataset: Dataset) -> Iterator[Sequence[ImageFile]]:
    """The images of a dataset in groups, of which all is computed before the next one: still images one by one, frames
    of a clip several in a row."""
    if not (clips := dataset.clips()):
        yield from ((image,) for image in dataset.images)
    for frames in clips.values():
        yield from (frames[first : first + SEGMENT] for first in range(0, len(frames), SEGMENT))


class Taking(Protocol):
    """A method of a run (:class:`srbench.run.plan.MethodSpec`)."""

    @property
    def frames(self) -> Counts: ...

    @property
    def recurrent(self) -> bool: ...


class Asking(Protocol):
    """What a run asks for (:class:`srbench.run.plan.RunContext`)."""

    @property
    def burst(self) -> int: ...

    @property
    def frames(self) -> int: ...


class Clips:
    """The clips of a dataset, for the windows of its frames.

    Args:
        asked: how many frames methods are given; 0: as many as suit each.
    """

    def __init__(self, dataset: Dataset, asked: int) -> None:
        self._clips, self._asked = dataset.clips(), asked
        self._lr = dataset.lr
        self._places = {frame: place for frames in self._clips.values() for place, frame in enumerate(frames)}

    def measured(self, image: ImageFile, rules: Rules) -> bool:
        """Whether an image is measured under a protocol, which may leave out the ends of clips."""
        if not image.clip or not rules.skip_frames:
            return True
        return rules.measures(image.number, self._clips[image.clip][-1].number + 1)

    def require_measured(self, protocols: Sequence[Rules]) -> None:
        """Raise SrbenchError where a protocol leaves nothing of a clip."""
        for rules in protocols:
            for clip, frames in self._clips.items():
                if not any(self.measured(frame, rules) for frame in frames):
                    raise SrbenchError(
                        f"the protocol {rules.name} leaves out {rules.skip_frames} frames at both ends, and nothing is "
                        f"left of the clip '{clip}' with {len(frames)}",
                        "use longer clips, or another protocol",
                    )

    def window(self, frames: Counts, recurrent: bool, image: ImageFile, scale: float) -> Window | None:
        """What a method that takes so many ``frames`` is given of a frame of a clip; None of one that is given the
        frame alone. A ``recurrent`` method is given the whole clip."""
        if not image.clip:
            return None
        clip = self._clips[image.clip]
        if recurrent:
            files, target = tuple(clip), self._places[image]
        else:
            count = given(frames, self._asked)
            if count < 2:
                return None
            places, target = around(self._places[image], count, len(clip))
            files = tuple(clip[place] for place in places)
        low = self._lr.get(scale)
        return Window(files, target, () if low is None else tuple(low[file.name] for file in files))


def most_frames(datasets: Sequence[Dataset], burst: int) -> int:
    """The most LR frames that there are of an image: of a ``burst`` that the degradation makes, or of clips."""
    clips = [frames for data in datasets for frames in data.clips().values()]
    return max(burst, *(MOST_FRAMES for frames in clips if len(frames) > 1), 1)


def note_short(
    datasets: Sequence[Dataset], methods: Sequence[Taking], context: Asking, note: Callable[[str], None]
) -> None:
    """Say once which clips have fewer frames than methods are given."""
    if context.burst > 1:
        return
    several = [method.frames for method in methods if not method.recurrent and method.frames != (1,)]
    most = max((given(frames, context.frames) for frames in several), default=1)
    short = [name for data in datasets for name, own in data.clips().items() if len(own) < most]
    if short:
        note(
            f"fewer frames than the {most} that methods are given: {counted(len(short), 'clip')} ({first_few(short)}), "
            "mirrored at the ends, so that some frames come twice"
        )


def given(frames: Counts, asked: int) -> int:
    """How many frames a method is given of a clip: the largest of its numbers that is not above what is ``asked`` for;
    where nothing is (0), the one that suits it. 1 where it takes no number so small, which its cells say."""
    return largest(frames, asked or usual(frames)) or 1
