"""Printed values beside measured rows, and whether the two are like with like.

They are where the printed value is

* under the protocol of the row,
* of a network of the size of the row's card, in the same words, and
* trained on the same kind of images as the weights that were run. Image sets are of one kind if they have the same
  names, or if both are several of the small collections of photographs that networks were trained on before DIV2K
  (``SMALL``, 100 to 500 images each): 'T91 + BSDS200' and 'T91 + BSDS400' are of one kind, 'T91' alone is another.

What is not stated, of the value or of the row, counts as a difference. So does a mean that lacks images or clips
(:mod:`srbench.results.coverage`). A value that is known to be of the very weights that were run needs the row's
protocol and a whole mean alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from srbench.results.facts import MethodFacts, PublishedValue

NO_IMAGES = "none"  # of a method that learns from none
SMALL = frozenset({"t91", "bsds200", "bsds300", "bsds400", "bsds500", "general-100"})
_PARTS = {"df2k": ("div2k", "flickr2k")}

SIZE, IMAGES, PROTOCOL = "another size", "other training images", "another protocol"
NO_SIZE, NO_SETS, UNKNOWN_SETS = "size not stated", "training images not stated", "the row's training images not known"


class Conditions(Protocol):
    """What a printed value is of, see :class:`srbench.results.facts.PublishedValue`."""

    @property
    def protocol(self) -> str: ...

    @property
    def size(self) -> str: ...

    @property
    def images(self) -> str: ...

    @property
    def exact(self) -> bool: ...


@dataclass(frozen=True)
class Printed:
    """A printed value and in what it differs from the row that it stands beside, in words; () if in nothing."""

    value: PublishedValue
    unlike: tuple[str, ...]


def unlike(value: Conditions, *, size: str, images: Collection[str] | None, protocol: str) -> tuple[str, ...]:
    """In what a printed value is another's than a row's; () where they are like with like.

    Args:
        size: of the row's method; '' where it is not known.
        images: the image sets that the row was trained on, none for one that was not trained; None: not known.
        protocol: of the row.
    """
    found = [] if value.exact else _other_weights(value, size, images)
    if value.protocol != protocol:
        found.append(f"{PROTOCOL}: {value.protocol} (here {protocol})")
    return tuple(found)


def _other_weights(value: Conditions, size: str, images: Collection[str] | None) -> list[str]:
    """In what the weights of a printed value are others than a row's."""
    found = []
    if not value.size or not size:
        found.append(NO_SIZE)
    elif value.size != size:
        found.append(f"{SIZE}: {value.size} (here {size})")
    printed = [name.strip() for name in value.images.split("+")] if value.images != NO_IMAGES else []
    if not value.images:
        found.append(NO_SETS)
    elif images is None:
        found.append(f"{UNKNOWN_SETS} ({value.images} in print)")
    elif _kind(printed) != _kind(images):
        found.append(f"{IMAGES}: {value.images} (here {' + '.join(images) or NO_IMAGES})")
    return found


def beside(
    method: MethodFacts | None,
    dataset: str,
    scale: float,
    metric: str,
    protocol: str,
    *,
    lacking: tuple[str, ...] = (),
) -> list[Printed]:
    """What is printed of a method, the value nearest to the row first: the one with the fewest differences, of these
    one under the row's protocol.

    Args:
        lacking: what the row's mean lacks of the dataset (:func:`srbench.results.coverage.lacking`).
    """
    if method is None:
        return []
    training = method.training.get(scale)
    trained = bool(method.training or method.weight_files)
    images = training.images if training is not None and training.images else None if trained else ()
    found = [
        Printed(own, unlike(own, size=method.size, images=images, protocol=protocol) + lacking)
        for own in method.published
        if (own.dataset, own.scale, own.metric) == (dataset, scale, metric)
    ]
    return sorted(found, key=lambda own: (len(own.unlike), own.value.protocol != protocol))


def _kind(names: Iterable[str]) -> frozenset[str]:
    parts = [part for name in names for part in _PARTS.get(name.casefold(), (name.casefold(),))]
    own = frozenset(parts)
    return frozenset({"several small collections"}) if len(own) > 1 and own <= SMALL else own
