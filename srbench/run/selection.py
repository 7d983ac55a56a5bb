"""From the names on a command line to the methods and datasets of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from srbench import dataset
from srbench.contained import contained
from srbench.errors import SrbenchError
from srbench.method import plugins
from srbench.method.base import Method


class Selected(NamedTuple):
    """A method of a run: its instance, its identity hash, and the name, plugin file or checkpoint that it came from."""

    method: Method
    identity: str
    source: str


def load_methods(
    specs: Sequence[str],
    scales: Sequence[int],
    note: Callable[[str], None],
) -> list[tuple[Method, str]]:
    """The methods of :func:`select_methods`, each with its identity hash."""
    return [(method, identity) for method, identity, _ in select_methods(specs, scales, note)]


def select_methods(specs: Sequence[str], scales: Sequence[int], note: Callable[[str], None]) -> list[Selected]:
    """Instances of the methods that ``specs`` name.

    'all' stands for every built-in and installed method, but those that are broken, have nothing for any of the
    scales, or are left to be named (``MethodCard.default``): each is noted. Asked for by name, a broken one is an
    error, and one without these scales is in the results as 'not supported'.
    """
    chosen: dict[str, plugins.Plugin] = {}
    sources: dict[str, str] = {}
    optional: set[str] = set()  # only 'all' brought them
    for spec in specs:
        if spec == "all":
            found = plugins.discover()
            for plugin in found:
                if plugin.error:
                    note(f"method '{plugin.name}' ({plugin.origin}) is broken and left out: {plugin.error}")
            found = [plugin for plugin in found if not plugin.error]
            optional = {plugin.name for plugin in found} - set(specs)
        else:
            found = plugins.find(spec)
        for plugin in found:
            other = chosen.setdefault(plugin.name, plugin)
            sources.setdefault(plugin.name, plugin.name if spec == "all" else anywhere(spec))
            if other.origin != plugin.origin:
                raise SrbenchError(
                    f"two methods are called '{plugin.name}' ({other.origin}, {plugin.origin})", "rename one"
                )
    methods = []
    for plugin in chosen.values():
        try:
            method = plugins.instantiate(plugin)
            identity = plugins.identity(plugin, method)
        except SrbenchError as error:
            if plugin.name not in optional:
                raise
            note(f"method '{plugin.name}' ({plugin.origin}) is left out: {error}")
            continue
        if plugin.name in optional and (reason := _not_in_all(method, scales)):
            note(f"'all' leaves out {plugin.name}: {reason}")
            continue
        methods.append(Selected(method, identity, sources[plugin.name]))
    if not methods:
        raise SrbenchError("no method to run", "see: srbench list methods")
    return methods


def anywhere(spec: str) -> str:
    """``spec`` (a name, a plugin file or a checkpoint) as it is understood in any current folder."""
    path = Path(spec)
    return str(path.absolute()) if path.suffix in (".py", *plugins.CHECKPOINTS) else spec


def _not_in_all(method: Method, scales: Sequence[int]) -> str:
    """Why 'all' does not stand for ``method`` too; empty if it does."""
    if not method.card.default:
        return f"it is slow; run it with --methods {method.card.name}"
    try:
        with contained(f"supports() of {method.card.name}"):
            if not any(method.supports(scale) for scale in scales):
                method.require_scale(scales[0])
    except SrbenchError as error:
        return str(error)
    return ""


def default_datasets(note: Callable[[str], None]) -> tuple[str, ...]:
    """The standard datasets that are on this machine; if none is, the embedded sample. Says what it left out."""
    here = tuple(name for name in dataset.STANDARD if dataset.available(name))
    missing = [name for name in dataset.STANDARD if name not in here]
    if not here:
        note(
            "Set5, Set14 and BSD100 are not on this machine: using the embedded 'sample' "
            "(get them: srbench fetch set5,set14,bsd100)"
        )
        return ("sample",)
    if missing:
        note(f"not on this machine, left out: {', '.join(missing)} (srbench fetch {','.join(missing)})")
    return here
