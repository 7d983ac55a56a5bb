"""``srbench list``: what there is to run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srbench.cli.shell import handled, out
from srbench.errors import UnknownNameError

if TYPE_CHECKING:
    from srbench.method.plugins import Plugin


@handled
def command(
    kind: Annotated[str, typer.Argument(help="methods, datasets, metrics or protocols.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List methods, datasets, metrics or protocols.

    Examples:

      srbench list methods

      srbench list datasets --json
    """
    if kind not in _LISTS:
        raise UnknownNameError("list", kind, _LISTS)
    rows = _LISTS[kind]()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.table import Table

    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    out().print(table)


def _text(value: Any) -> str:
    from rich.markup import escape

    return escape(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _methods() -> list[dict[str, Any]]:
    from srbench.method import plugins

    rows = []
    for plugin in plugins.discover():
        card = None if plugin.method is None else plugin.method.card
        rows.append(
            {
                "name": plugin.name,
                "title": card.title if card else f"BROKEN: {plugin.error}",
                "year": card.year if card else "",
                "family": card.family if card else "",
                "scales": ([f"x{s}" for s in card.scales] if card.scales else ["any"]) if card else [],
                "weights": _weights(plugin),
                "origin": plugin.origin,
            }
        )
    return rows


def _weights(plugin: Plugin) -> list[str]:
    """What is shipped, by scale, with the measured PSNR and its distance to the published one."""
    from srbench.method import plugins
    from srbench.training.shipped import shipped

    return [] if plugin.method is None else shipped(plugins.instantiate(plugin))


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
            where = str(next(iter(found.values())).parent)
        if found and len(found) < total:
            where = f"{len(found)} of {total} images in {where}"
        rows.append({"name": manifest.name, "title": manifest.title, "images": total, "where": where})
    return rows


def _metrics() -> list[dict[str, Any]]:
    from srbench import metrics

    rows = []
    for name in metrics.names():
        metric = metrics.get(name)
        better = "higher" if metric.higher_is_better else "lower"
        rows.append({"name": name, "title": metric.title, "better": better, "unit": metric.unit})
    return rows


def _protocols() -> list[dict[str, Any]]:
    from srbench import protocol

    return [
        {"name": p.name, "version": p.version, "hash": p.hash, "title": p.title} for p in protocol.PROTOCOLS.values()
    ]


_LISTS = {"methods": _methods, "datasets": _datasets, "metrics": _metrics, "protocols": _protocols}
