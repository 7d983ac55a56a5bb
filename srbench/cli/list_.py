"""``srbench list``: what there is to run."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srbench.cli.shell import handled, out
from srbench.errors import UnknownNameError
from srbench.scale import ScaleRange, ScaleSet

if TYPE_CHECKING:
    from srbench.method.frames import Counts
    from srbench.method.plugins import Plugin
    from srbench.metrics import Metric
    from srbench.protocol import Protocol
    from srbench.registry import Found
    from srbench.zoo import Checkpoint


@handled
def command(
    kind: Annotated[str, typer.Argument(help="methods, zoo, datasets, metrics, degradations or protocols.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List methods, checkpoints of the zoo, datasets, metrics, degradations or protocols.

    Examples:

      srbench list methods

      srbench list zoo

      srbench list datasets --json

      srbench list protocols
    """
    if kind not in _LISTS:
        raise UnknownNameError("list", kind, _LISTS)
    rows = _LISTS[kind]()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from srbench.cli.widths import Column, fit, show

    console = out()
    columns = [
        Column(name, [_text(row[name]) for row in rows], _GIVES_WAY[kind].get(name, 0), sentences=name in _SENTENCES)
        for name in rows[0]
        if name not in _IN_JSON_ALONE.get(kind, ())
    ]
    fitting = fit(columns, console.width)
    show(console, fitting)
    if kind == "degradations":
        from srbench.degradation.grammar import SUMMARY

        console.print(f"or a chain of steps: {SUMMARY}", markup=False)
    if len(fitting) < len(columns):
        left_out = [column.head for column in columns if column.head not in {own.head for own in fitting}]
        console.print(f"left out for want of room: {', '.join(left_out)} (a wider terminal, COLUMNS=200, or --json)")


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _methods() -> list[dict[str, Any]]:
    from srbench import listing
    from srbench.method.plugins import METHODS

    code = (Path(__file__), Path(__file__).parents[1] / "training" / "shipped.py")
    return sorted(listing.rows(METHODS, _method, code, _weight_cards), key=lambda row: row["name"])


def method_names() -> list[str]:
    """Of all methods that are built in or installed; broken ones included."""
    return [row["name"] for row in _methods()]


def _method(plugin: Plugin) -> dict[str, Any]:
    card = None if plugin.value is None else plugin.value.card
    return {
        "name": plugin.name,
        "title": card.title if card else f"BROKEN: {plugin.error}",
        "year": card.year if card else "",
        "family": card.family if card else "",
        "scales": (["whole"] if card.scales is None else _scales(card.scales)) if card else [],
        "frames": _frames(card.frames) if card else [],
        "weights": _weights(plugin),
        "origin": plugin.origin,
    }


def _scales(scales: tuple[float, ...] | ScaleRange | None) -> list[str]:
    if scales is None or scales == ScaleRange():
        return ["any"]
    return [str(scales)] if isinstance(scales, ScaleRange) else [str(scale) for scale in ScaleSet.of(scales)]


def _frames(frames: Counts) -> list[str]:
    """The numbers of frames that a method takes at once."""
    return ["any"] if frames == "any" else [str(own) for own in frames]


def _weight_cards(source: Path) -> str:
    """Which weights there are for methods in a file, and the hashes of their cards."""
    from srbench import paths

    folder = source.parents[1] if source.name == "__init__.py" else source.parent
    texts = []
    for place in (*paths.weights(), folder / "weights"):
        for pattern in ("*", "*/*"):  # where TrainedMethod looks
            texts += [str(file) for file in sorted(place.glob(f"{pattern}.safetensors"))]
            texts += [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(place.glob(f"{pattern}.json"))]
    return " ".join(texts)


def _weights(plugin: Plugin) -> list[str]:
    """What is shipped, by scale, with the measured PSNR and its distance to the published one."""
    from srbench.method import plugins
    from srbench.method.network import TorchMethod
    from srbench.training.shipped import shipped

    if plugin.value is None:
        return []
    found = shipped(plugins.instantiate(plugin))
    brings = issubclass(plugin.value, TorchMethod) and plugin.value.needs_weights
    return found or ([f"bring weights: {plugin.name}=FILE"] if brings else [])


def _zoo() -> list[dict[str, Any]]:
    from srbench import zoo

    rows = [_checkpoint(checkpoint) for checkpoint in zoo.checkpoints().values()]
    return rows + [
        {**dict.fromkeys(_CHECKPOINT, ""), "name": name, "title": f"BROKEN: {error}", "scales": []}
        for name, error in zoo.broken().items()
    ]


def _checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    from srbench import zoo
    from srbench.method.networks import missing

    path = zoo.find(checkpoint)
    lacking = missing(checkpoint.architecture)
    to_get = "forbidden" if checkpoint.forbids else "by hand" if checkpoint.by_hand else "to fetch"
    values = (
        checkpoint.spec,
        checkpoint.title,
        checkpoint.architecture + (f" ({lacking})" if lacking else ""),
        [str(scale) for scale in checkpoint.scales],
        checkpoint.published(),
        f"{checkpoint.size / 1e6:.1f}",
        checkpoint.licence,
        str(path) if path else to_get,
    )
    return dict(zip(_CHECKPOINT, values, strict=True))


def _datasets() -> list[dict[str, Any]]:
    from srbench import dataset

    rows = []
    for manifest in dataset.manifests().values():
        found = dataset.image_paths(manifest)
        total = manifest.count
        if not found:
            where = "not on this machine"
        elif manifest.embedded:
            where = "embedded"
        else:
            first = next(iter(found.values())).parent
            where = str(first.parent if manifest.clips else first)
        if manifest.clips and found and len(found) < total:
            here = dict.fromkeys(name.partition("/")[0] for name in found)
            where = f"{len(found)} of {total} frames in {where} ({', '.join(here)})"
        elif found and len(found) < total:
            where = f"{len(found)} of {total} images in {where}"
        title = manifest.title if manifest.reference else f"{manifest.title} (no originals)"
        rows.append({"name": manifest.name, "title": title, "images": total, "where": where})
    for name, error in dataset.broken().items():
        rows.append({"name": name, "title": f"BROKEN: {error}", "images": 0, "where": ""})
    return rows


def _metrics() -> list[dict[str, Any]]:
    from srbench import listing
    from srbench.metrics.catalog import METRICS

    rows = listing.rows(METRICS, _metric, (Path(__file__),))
    return [{name: row[name] for name in ("name", "title", "better", "unit", "source")} for row in rows]


def _metric(found: Found[Metric]) -> dict[str, Any]:
    metric = found.value
    return {
        "name": found.name,
        "title": metric.title if metric else f"BROKEN: {found.error}",
        "better": ("higher" if metric.higher_is_better else "lower") if metric else "",
        "unit": metric.unit if metric else "",
        "source": metric.source if metric else "",
        "origin": found.origin,
    }


def _degradations() -> list[dict[str, Any]]:
    from srbench import degradation

    rows = []
    for found in degradation.discover():
        scales = [] if found.value is None else _scales(found.value.scales)
        key = f"BROKEN: {found.error}" if found.value is None else found.value.key
        chain = degradation.CHAINS.get(found.name, "")
        rows.append({"name": found.name, "scales": scales, "chain": chain, "key": key, "origin": found.origin})
    return rows


def _protocols() -> list[dict[str, Any]]:
    from srbench import protocol

    return [_protocol(found) for found in protocol.discover()]


def _protocol(found: Found[Protocol]) -> dict[str, Any]:
    from srbench.protocol.words import describe

    rules = found.value
    return {
        "name": found.name,
        "version": rules.version if rules else "",
        "hash": rules.hash if rules else "",
        "in words": describe(rules) if rules else f"BROKEN: {found.error}",
        "origin": found.origin,
        "title": rules.title if rules else "",
        "source": rules.source if rules else "",
        "decisions": rules.decisions() if rules else {},
    }


_CHECKPOINT = ("name", "title", "network", "scales", "Set5 PSNR", "MB", "licence", "where")
# Columns that go on in the next line before another gives way.
_SENTENCES = ("title", "weights", "chain", "key", "where", "network", "source", "in words")
_IN_JSON_ALONE = {"protocols": ("title", "source", "decisions")}
_GIVES_WAY = {  # columns that are left out where the terminal is narrow, by kind
    "methods": {"origin": 1, "family": 2, "frames": 3, "year": 4},
    "zoo": {"MB": 1, "title": 2, "licence": 3},
    "datasets": {},
    "metrics": {"source": 1},
    "degradations": {"origin": 1, "key": 2},
    "protocols": {"origin": 1, "version": 2},
}
_LISTS = {
    "methods": _methods,
    "zoo": _zoo,
    "datasets": _datasets,
    "metrics": _metrics,
    "degradations": _degradations,
    "protocols": _protocols,
}
