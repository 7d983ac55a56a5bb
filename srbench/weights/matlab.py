"""MATLAB files: the variables in them, and networks of MatConvNet with torch's names and axes.

MatConvNet keeps filters as height x width x in x out, those of transposed convolutions as height x width x out x in;
torch as out x in x height x width, and in x out x height x width: one permutation is right for both. Both correlate, so
that no filter is turned. What MatConvNet says of a layer beside its weights (stride, pad, crop) is kept as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from srbench.weights import mat5
from srbench.weights.rebuilt import as_tensor

_FILTERS = ("weight", "weights", "filters")
_BIASES = ("bias", "biases")


@dataclass
class Network:
    """What a MATLAB file holds. ``doubt``: why its tensors may not be what torch means; empty where the file says."""

    tensors: dict[str, Tensor]
    kind: str  # 'MatConvNet, SimpleNN'
    layers: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)
    doubt: str = ""


def read(path: Path) -> Network:
    """The network in a MATLAB file of version 5 to 7.

    Raises:
        WeightsError: the file is of version 7.3, or unpacks to more than any network.
        DamagedError: it is damaged.
    """
    return _network(mat5.read(path))


def _network(tree: Mapping[str, Any]) -> Network:
    holders = [(name, value) for name, value in [("", tree), *tree.items()] if isinstance(value, dict)]
    for name, value in holders:
        layers = _listed(value.get("layers"))
        if layers and all(isinstance(layer, dict) for layer in layers):
            found = _dag(value, layers) if "params" in value else _simple(layers)
            _drop_others(found, tree, name)
            return found
    for name, value in holders:
        pairs = _pairs(value)
        if pairs:
            found = Network({}, "MATLAB, filters and biases in order")
            for place, (filters, bias) in enumerate(pairs):
                _add(found, str(place), "convolution", filters, bias)
            _drop_others(found, tree, name)
            return found
    return _srcnn(tree) or _arrays(tree)


def _drop_others(found: Network, tree: Mapping[str, Any], taken: str) -> None:
    for name, value in tree.items():
        if taken and name != taken:
            found.dropped[name] = _called(value)


def _called(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {' x '.join(map(str, value.shape))}"
    return "a struct" if isinstance(value, dict) else "a list" if isinstance(value, list) else "no numbers"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else []


def _simple(layers: list[dict[str, Any]]) -> Network:
    """SimpleNN: a chain of layers, each with its own weights."""
    found = Network({}, "MatConvNet, SimpleNN")
    names = [str(layer.get("name") or "") for layer in layers]
    place = 0
    for layer, name in zip(layers, names, strict=True):
        own_weights = _listed(layer.get("weights")) or [layer.get("filters"), layer.get("biases")]
        weights: list[np.ndarray[Any, Any]] = [value for value in own_weights if isinstance(value, np.ndarray)]
        if not weights:
            continue
        own = name if name and names.count(name) == 1 else str(place)
        place += 1
        _add_layer(found, own, str(layer.get("type") or "conv"), weights, layer)
    return found


def _dag(net: Mapping[str, Any], layers: list[dict[str, Any]]) -> Network:
    """DagNN: layers name their parameters, which several may share."""
    found = Network({}, "MatConvNet, DagNN")
    structs = [param for param in _listed(net["params"]) if isinstance(param, dict)]
    values = {str(param.get("name")): param["value"] for param in structs if isinstance(param.get("value"), np.ndarray)}
    used: dict[str, str] = {}
    for layer in layers:
        own = layer.get("params")
        params = [own] if isinstance(own, str) and own else [str(name) for name in own] if isinstance(own, list) else []
        name = str(layer.get("name") or params[:1])
        weights = [values[param] for param in params if param in values]
        if not weights:
            continue
        if params[0] in used:
            found.notes.append(f"{name} shares the weights of {used[params[0]]}")
            continue
        used |= dict.fromkeys(params, name)
        block = layer.get("block")
        kind = str(layer.get("type") or "").rpartition(".")[2]
        _add_layer(found, name, kind, weights, block if isinstance(block, dict) else {})
    for param, value in values.items():
        if param not in used:
            found.dropped[param] = f"{_called(value)}, of no layer"
    return found


def _add_layer(
    found: Network, name: str, kind: str, weights: list[np.ndarray[Any, Any]], facts: Mapping[str, Any]
) -> None:
    lower = kind.lower()
    if lower in ("bnorm", "batchnorm"):
        _add_norm(found, name, weights)
    elif lower in ("conv", "convt", "convtranspose"):
        transposed = lower != "conv"
        kind = "transposed convolution" if transposed else "convolution"
        _add(found, name, kind, weights[0], weights[1] if len(weights) > 1 else None, facts)
    else:
        for place, value in enumerate(weights):
            _put(found, f"{name}.{place}", value)
        found.notes.append(f"{name}, a layer of type {kind}: its arrays are as they were")


def _add(found: Network, name: str, kind: str, filters: Any, bias: Any, facts: Mapping[str, Any] | None = None) -> None:
    """Enter the filters and the biases of a convolution, and what is known of it."""
    while filters.ndim < 4:  # MATLAB leaves axes of one out at the end
        filters = filters[..., None]
    _put(found, f"{name}.weight", filters.transpose(3, 2, 0, 1))
    if isinstance(bias, np.ndarray) and bias.size:
        _put(found, f"{name}.bias", bias.ravel())
    layer: dict[str, Any] = {"name": name, "type": kind, "weight": list(found.tensors[f"{name}.weight"].shape)}
    for fact in ("stride", "upsample", "pad", "crop", "dilate", "numGroups"):
        value = (facts or {}).get(fact)
        if isinstance(value, np.ndarray) and 0 < value.size <= 4:
            layer[fact] = [int(number) if number == int(number) else float(number) for number in value.ravel()]
    found.layers.append(layer)
    if facts is not None:
        _note_borders(found, layer)


def _note_borders(found: Network, layer: Mapping[str, Any]) -> None:
    """Say where torch has no such padding: [top bottom left right], of which two differ."""
    for what in ("pad", "crop"):
        border = layer.get(what, [])
        if len(border) != 4 or (border[0] == border[1] and border[2] == border[3]):
            continue
        shown = " ".join(map(str, border))
        if what == "pad":
            remedy = f"pad the image by [left right top bottom] = {[*border[2:], *border[:2]]} first, with padding=0"
        else:
            rows, columns = (f"{begin or ''}:{-end or ''}" for begin, end in (border[:2], border[2:]))
            remedy = (
                f"take padding=0 and cut the result to [..., {rows}, {columns}]; padding=1 with output_padding=1 is "
                "another network, whose images lie one pixel away"
            )
        note = f"{layer['name']}: {what} [{shown}] is no padding that torch's layers have: {remedy}"
        found.notes.append(note)
        found.doubt = found.doubt or f"{what} [{shown}] of {layer['name']} is no padding that torch's layers have"


def _add_norm(found: Network, name: str, weights: list[np.ndarray[Any, Any]]) -> None:
    """Batch normalisation. MatConvNet keeps the standard deviation with epsilon in it, torch the variance without."""
    for part, value in zip(("weight", "bias"), weights, strict=False):
        _put(found, f"{name}.{part}", value.ravel())
    if len(weights) > 2 and weights[2].ndim == 2 and weights[2].shape[1] == 2:
        moments = weights[2]
        _put(found, f"{name}.running_mean", moments[:, 0])
        _put(found, f"{name}.running_var", moments[:, 1] ** 2)
        found.notes.append(f"{name}: epsilon is in the variance: give the layer eps=0")
    found.layers.append({"name": name, "type": "batch normalisation"})


def _put(found: Network, name: str, value: np.ndarray[Any, Any]) -> None:
    tensor = as_tensor(value)
    if tensor is None:
        found.dropped[name] = _called(value)
    else:
        found.tensors[name] = tensor


def _pairs(tree: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Filters and biases, layer by layer, of two lists of arrays, as the authors of VDSR keep them."""
    filters: list[Any] = next((tree[name] for name in _FILTERS if isinstance(tree.get(name), list)), [])
    biases: list[Any] = next((tree[name] for name in _BIASES if isinstance(tree.get(name), list)), [])
    if not filters or not all(isinstance(value, np.ndarray) and 2 <= value.ndim <= 4 for value in filters):
        return []
    biases = biases if len(biases) == len(filters) else [None] * len(filters)
    return list(zip(filters, biases, strict=True))


def _srcnn(tree: Mapping[str, Any]) -> Network | None:
    """The files of SRCNN's authors: weights_conv1 (taps, filters), weights_conv2 (in, taps, out), weights_conv3 (in,
    taps), the taps of a square filter in MATLAB's order, column by column."""
    first, second, third = (tree.get(f"weights_conv{place}") for place in (1, 2, 3))
    arrays = [value for value in (first, second, third) if isinstance(value, np.ndarray)]
    if [value.ndim for value in arrays] not in ([2, 3, 2], [2, 2, 2]):
        return None
    one, two, three = arrays
    if two.ndim == 2:
        two = two[..., None]
    found = Network({}, "MATLAB, as SRCNN's authors keep it")
    # To (taps, in, out), and the taps to a square.
    for place, taps in enumerate((one[:, None, :], two.transpose(1, 0, 2), three.T[:, :, None]), start=1):
        side = round(taps.shape[0] ** 0.5)
        if side * side != taps.shape[0]:
            return None
        filters = taps.reshape(side, side, *taps.shape[1:], order="F")
        _add(found, f"conv{place}", "convolution", filters, tree.get(f"biases_conv{place}"))
    return found


def _arrays(tree: Mapping[str, Any]) -> Network:
    """All arrays of a file that says nothing of layers."""
    found = Network({}, "MATLAB")
    turned = False
    for name, value in _every_array(tree):
        filters = value.ndim == 4 and value.dtype.kind == "f"
        turned = turned or filters
        _put(found, name, value.transpose(3, 2, 0, 1) if filters else value)
    axes = "; arrays of four axes are taken as height x width x in x out" if turned else ""
    found.doubt = f"it says nothing of layers{axes}"
    found.notes.append(f"the file says nothing of layers: arrays are as they were{axes}")
    return found


def _every_array(tree: Any, path: str = "") -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        name = f"{path}.{re.sub(r'[.]', '_', str(key))}".lstrip(".")
        if isinstance(value, np.ndarray) and value.size:
            yield name, value
        elif not isinstance(value, np.ndarray):
            yield from _every_array(value, name)
