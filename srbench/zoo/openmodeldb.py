"""Checkpoints of OpenModelDB (https://openmodeldb.info) as ``omdb:NAME``: its catalogue is read when one is fetched.

Nothing of the catalogue is kept: what is fetched lies beside the zoo's files, and runs by its name from then on.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

from srbench.errors import FetchError, WeightsError
from srbench.zoo.manifest import NO_LICENCE, Checkpoint
from srbench.zoo.places import folder

PREFIX = "omdb:"
CATALOGUE = "https://openmodeldb.info/api/v1/models.json"  # {id: model}
MOST = 64 << 20  # bytes of the catalogue
_PAGE = "https://openmodeldb.info/models/{}"


def checkpoint_of(catalogue: str, name: str) -> Checkpoint:
    """The model of that name, in any case, as a checkpoint of the zoo.

    Raises:
        FetchError: the catalogue is not what it was; there is no such model (with the nearest); it has no PyTorch file
            with a size, a hash and an address.
    """
    try:
        models = json.loads(catalogue)
        ids = {own.lower(): own for own in models}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FetchError(f"{CATALOGUE} is no catalogue of models", "try again later") from error
    name = name.removeprefix(PREFIX)
    if name.lower() not in ids:
        near = [ids[own] for own in difflib.get_close_matches(name.lower(), ids, n=3, cutoff=0.5)]
        hint = f"did you mean {' or '.join(near)}?" if near else "see https://openmodeldb.info"
        raise FetchError(f"unknown model of OpenModelDB '{name[:100]}'", hint)
    own = ids[name.lower()]
    try:
        return _checkpoint(own, models[own])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FetchError(
            f"OpenModelDB has no PyTorch file of '{own}' with size, hash and address",
            f"get one by hand from {_PAGE.format(own)}, and run it as NAME=FILE",
        ) from error


def _checkpoint(name: str, model: dict[str, Any]) -> Checkpoint:
    resource = next(
        (own for own in model["resources"] if own["platform"] == "pytorch" and own["sha256"] and own["size"]), None
    )
    if resource is None:
        raise ValueError(name)
    found = [
        Checkpoint(
            name=f"omdb-{name.lower()}",
            title=f"{model['name']} (OpenModelDB)",
            architecture=f"spandrel:{model['architecture']}",
            paper="OpenModelDB",
            licence=model["license"] or NO_LICENCE,
            homepage=_PAGE.format(name),
            scales=(int(model["scale"]),),
            address=str(address),
            size=int(resource["size"]),
            sha256=str(resource["sha256"]).lower(),
            known_as=f"{PREFIX}{name}",
        )
        for address in resource["urls"]
    ]
    return min(found, key=lambda own: own.by_hand)  # one that a program gets, where there is one


def require_here(name: str) -> Path:
    """The fetched file of that name; raises WeightsError, with the line that brings it."""
    name = name.removeprefix(PREFIX)
    found = sorted(folder().glob("omdb-*.*"))
    path = next((own for own in found if own.stem == f"omdb-{name.lower()}" and own.suffix != ".json"), None)
    if path is None:
        raise WeightsError(f"{PREFIX}{name} is not on this machine", f"srbench fetch {PREFIX}{name}")
    return path


def page_of(name: str) -> str:
    return _PAGE.format(name.removeprefix(PREFIX))
