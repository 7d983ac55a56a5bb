"""A checkpoint of the zoo as a method: ``zoo:bsrn-x4``, or a user's file whose tensors the zoo knows.

The network is that of its manifest, fed as that says. What is published of a checkpoint is of these very weights, so it
stands beside what is measured of them, whatever the file is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from srbench.errors import MethodError
from srbench.method import networks
from srbench.method.base import Method, Published
from srbench.method.brought import brought
from srbench.method.checkpoint import method_from
from srbench.zoo import Checkpoint, openmodeldb

Networks = Callable[[str], type[Method]]  # a method by its name


def method_of(checkpoint: Checkpoint, network: Networks) -> type[Method]:
    """The method called 'zoo:NAME'.

    Args:
        network: finds the method whose network a file is for.

    Raises:
        MethodError: its network is not here.
        WeightsError: its file is not, or does not fit.
    """
    path = networks.require(checkpoint)
    return from_file(checkpoint, path, network, checkpoint.spec, title=checkpoint.title)


def of_openmodeldb(name: str) -> type[Method]:
    """The method called 'omdb:NAME', of a file that was fetched; raises WeightsError where none was."""
    path = openmodeldb.require_here(name)
    cls = method_from(path)
    card = replace(
        cls.card,
        name=f"{openmodeldb.PREFIX}{name}",
        title=f"{name} (OpenModelDB)",
        paper="OpenModelDB",
        url=openmodeldb.page_of(name),
    )
    return type(cls.__name__, (cls,), {"card": card, "__module__": cls.__module__})


def from_file(
    checkpoint: Checkpoint, path: Path, network: Networks, name: str, *, state: str = "", title: str = ""
) -> type[Method]:
    """The method in a file that holds the checkpoint's tensors.

    Args:
        name: of the method, and ``title`` what it is called where there is room; by default both.
    """
    if checkpoint.architecture.startswith((networks.SPANDREL, networks.EXTRA)):
        cls: type[Method] = method_from(path, state)
    else:
        given = {"input_range": checkpoint.range, "channel_order": checkpoint.order, "scales": checkpoint.scales}
        cls = brought(path, network(checkpoint.architecture), state, name=name, given=given)
    if not set(checkpoint.scales) <= set(cls.card.listed_scales or checkpoint.scales):
        raise MethodError(
            f"{checkpoint.spec} is said to be for x{checkpoint.scales}, its file is for x{cls.card.scales}",
            "correct its manifest",
        )
    return told(cls, checkpoint, name, title or f"{name} ({checkpoint.title})")


def told(cls: type[Method], checkpoint: Checkpoint, name: str = "", title: str = "") -> type[Method]:
    """``cls``, whose weights are the checkpoint's, with what the zoo says of them."""
    card = replace(
        cls.card,
        name=name or cls.card.name,
        title=title or cls.card.title,
        paper=checkpoint.paper,
        url=checkpoint.homepage,
        published=published(checkpoint),
    )
    return type(cls.__name__, (cls,), {"card": card, "__module__": cls.__module__})


def published(checkpoint: Checkpoint) -> tuple[Published, ...]:
    """What is published of a checkpoint, as a card has it."""
    return tuple(
        Published(claim.dataset, claim.scale, metric, value, claim.source, claim.protocol, exact=True)
        for claim in checkpoint.reported
        for metric, value in claim.values.items()
    )
