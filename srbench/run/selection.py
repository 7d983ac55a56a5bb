"""From the names on a command line to the methods of a run, each once, under a name that stands for it alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from srbench.errors import MethodError, SrbenchError
from srbench.foreign.contained import contained
from srbench.foreign.trial import died_of
from srbench.method import brought, naming, plugins, series
from srbench.method.base import Method
from srbench.method.cascade import plugins_of
from srbench.method.frames import largest
from srbench.method.network import TorchMethod
from srbench.naming import fold, told_apart
from srbench.registry import BUILT_IN
from srbench.run.recorded import Recorded, RecordedMethod, recognise

Note = Callable[[str], None]


class Selected(NamedTuple):
    """A method of a run: its instance, its identity hash, and the name, plugin file or checkpoint that it came from,
    as ``NAME=FILE`` where the file does not say how it is called. ``place`` is the absolute path of the file, perhaps
    with the network that its weights belong to and the state that was chosen of it, ``NETWORK:FILE#STATE``, or a
    cascade with such a file in it; empty of what is built in or installed."""

    method: Method
    identity: str
    source: str
    place: str = ""


def load_methods(specs: Sequence[str], scales: Sequence[float], note: Note) -> list[tuple[Method, str]]:
    """The methods of :func:`select_methods`, each with its identity hash."""
    return [(selected.method, selected.identity) for selected in select_methods(specs, scales, note)]


def select_methods(
    specs: Sequence[str], scales: Sequence[float], note: Note, recorded: Recorded | None = None, frames: int = 1
) -> list[Selected]:
    """Instances of the methods that ``specs`` name, each once.

    'all' stands for every built-in and installed method, but those that are broken, have nothing for any of the
    scales, or are left to be named (``MethodCard.default``): each is noted. Methods of several frames are left out
    too, in one line, where there are none for them. Asked for by name, a broken one is an error, and one without these
    scales or frames is in the results as 'not supported'.

    A checkpoint is named by its file; where another method of the run or of the results folder has that name, the
    folders it lies in come before it.

    Args:
        recorded: what the results folder holds already.
        frames: the most LR frames that there are of an image.

    Raises:
        SrbenchError: two methods of one name, of which one is no checkpoint.
    """
    made = []
    bare: list[str] = []  # networks without weights
    several: list[str] = []  # methods of several frames, of which there are too few
    for want in _wanted(specs, note):
        plugin = want.plugin
        try:
            for own in plugins_of(plugin):
                if own.source is not None and own.origin != BUILT_IN:
                    _require_makeable(own)
            method = plugins.instantiate(plugin)
            identity = plugins.identity(plugin, method)
        except SrbenchError as error:
            if not want.optional:
                raise
            note(f"method '{plugin.name}' ({plugin.origin}) is left out: {error}")
            continue
        if want.optional and _brings_weights(method, scales):
            bare.append(plugin.name)
            continue
        if want.optional and _needs_frames(method, frames):
            several.append(plugin.name)
            continue
        if want.optional and (reason := _not_in_all(method, scales)):
            note(f"'all' leaves out {plugin.name}: {reason}")
            continue
        made.append(_Made(want, method, identity))
    if bare:
        note(f"'all' leaves out {', '.join(bare)}: they come without weights (--methods {bare[0]}=FILE)")
    if several:
        need = "need" if len(several) > 1 else "needs"
        note(f"'all' leaves out {', '.join(several)}, which {need} several frames (--degradation 'burst:4 > down')")
    if not made:
        raise SrbenchError("no method to run", "see: srbench list methods")
    return _named(made, recorded or Recorded(), note)


def _require_makeable(plugin: plugins.Plugin) -> None:
    """Raise MethodError where the constructor of a plugin ends the process."""
    if text := died_of(lambda: plugins.instantiate(plugin)):
        raise MethodError(f"{plugin.name} ({plugin.origin}) cannot be made: {text}", "fix the plugin, or leave it out")


def _brings_weights(method: Method, scales: Sequence[float]) -> bool:
    """Whether a network has no weights but those that the user brings."""
    if not isinstance(method, TorchMethod) or not method.needs_weights:
        return False
    try:
        with contained(f"supports() of {method.card.name}"):
            return not any(method.supports(scale) for scale in scales)
    except SrbenchError:  # said by what asks it next
        return False


def _needs_frames(method: Method, frames: int) -> bool:
    """Whether it is a method of several frames, and has none but the image itself. One that takes a single frame, too,
    tells nothing there that methods of one image do not."""
    return method.card.multi_frame and largest(method.card.frames, frames) < 2


def _not_in_all(method: Method, scales: Sequence[float]) -> str:
    """Why 'all' does not stand for ``method`` too; empty if it does."""
    if not method.card.default:
        return f"run it with --methods {method.card.name}"
    try:
        with contained(f"supports() of {method.card.name}"):
            if not any(method.supports(scale) for scale in scales):
                method.require_scale(scales[0])
    except SrbenchError as error:
        return str(error)
    return ""


def anywhere(spec: str) -> str:
    """``spec`` (a name, a plugin file, a checkpoint, NAME=FILE) as it is understood in any current folder."""
    parsed = plugins.parse(spec)
    return spec if parsed.file is None else parsed.absolute


# -- what is wanted ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Want:
    """A plugin that was asked for.

    Args:
        source: ``spec`` as it is understood in any current folder.
        optional: only 'all' brought it.
        file: absolute; None of what is built in or installed.
        network: whose weights are in it, where the user says so.
        place: as :attr:`Selected.place`.
        by_file: its name is that of its file, which nobody chose for it.
    """

    plugin: plugins.Plugin
    spec: str
    source: str
    optional: bool = False
    file: Path | None = None
    network: str = ""
    place: str = ""
    by_file: bool = False


def _wanted(specs: Sequence[str], note: Note) -> list[_Want]:
    """All that is asked for, each thing once. Of two names for one file both count. All that cannot be used is named at
    once: who asks for something wants it in the results, so nothing is computed without it."""
    chosen: dict[object, _Want] = {}
    broken: list[SrbenchError] = []
    for spec in specs:
        if spec == "all":
            for plugin in plugins.discover():
                if plugin.error:
                    note(f"method '{plugin.name}' ({plugin.origin}) is broken and left out: {plugin.error}")
                else:
                    optional = plugin.name not in specs
                    chosen.setdefault(plugin.name, _Want(plugin, plugin.name, plugin.name, optional))
            continue
        parsed = plugins.parse(spec)
        source, place = anywhere(spec), parsed.place  # before a plugin can change the current folder
        file = Path(os.path.abspath(parsed.file)) if parsed.file else None  # noqa: PTH100  # links keep their names
        try:
            found = plugins.find(spec)
        except SrbenchError as error:
            broken.append(error)
            continue
        for plugin in found:
            key: object = place or plugin.name
            if file is not None:
                status = file.stat()
                own = f"{parsed.network}#{parsed.part}" if parsed.by_file else plugin.name
                key = (status.st_dev, status.st_ino, own)
            want = _Want(plugin, spec, source, False, file, parsed.network, place, parsed.by_file)
            chosen.setdefault(key, want)
    if broken:
        if len(broken) == 1:
            raise broken[0]
        listed = "; ".join(error.message for error in broken)
        raise MethodError(f"{len(broken)} of the methods cannot be used: {listed}", "mend them, or leave them out")
    wanted = list(chosen.values())
    _require_distinct(wanted)
    return wanted


def _require_distinct(wanted: Sequence[_Want]) -> None:
    """Raise SrbenchError where methods whose names somebody chose have one name, or that of a built-in method."""
    if any(want.file is not None for want in wanted):
        taken = {plugin.name for plugin in plugins.discover()}
        for want in wanted:
            if want.file is not None:
                naming.require_free(want.plugin, want.spec, taken)
    fixed: dict[str, _Want] = {}
    for want in wanted:
        other = want if want.by_file else fixed.setdefault(want.plugin.name, want)
        if other is not want:
            raise SrbenchError(
                f"two methods are called '{want.plugin.name}' ({other.plugin.origin}, {want.plugin.origin})",
                f"rename one, or give it a name: {_a_name(want)}",
            )


def _a_name(want: _Want) -> str:
    """How something from a file is named by who asks for it; of a cascade, one of its parts."""
    if want.file is not None:
        return f"my-{want.plugin.name}={want.file}"
    return series.changed(want.place, lambda name: f"NAME={name}") if want.place else "NAME=FILE"


# -- names ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Made:
    """What was asked for, with its instance."""

    want: _Want
    method: Method
    identity: str

    @property
    def name(self) -> str:
        return self.want.plugin.name

    def called(self, name: str) -> Selected:
        """As a method of the run, under ``name``."""
        source = self.want.source
        if name != self.name:
            naming.call(self.method, name)
            source = f"{name}={self.want.place}"
        return Selected(self.method, self.identity, source, self.want.place)


def _named(made: Sequence[_Made], recorded: Recorded, note: Note) -> list[Selected]:
    """The methods; checkpoints under the names that they have in the results folder, or under names that nothing else
    here or there has."""
    fixed = [one for one in made if not one.want.by_file]
    for one in fixed:
        _check_recorded(one, recorded.methods.get(one.name), note)
    taken = {one.name for one in fixed}
    loose = [one for one in made if one.want.by_file]
    free = {name: known for name, known in recorded.methods.items() if name not in taken}
    recognised = recognise(loose, free, (_is_same_file, _is_same_method))
    names = {id(one): name for one, name in zip(loose, recognised, strict=True) if name is not None}
    fresh = [(one, one.want.file) for one in loose if id(one) not in names and one.want.file]
    things = [(_own_name(one, file, loose), file.parent) for one, file in fresh]
    apart = told_apart(things, {*taken, *names.values(), *recorded.methods, *recorded.variants})
    for (one, file), name in zip(fresh, apart, strict=True):
        names[id(one)] = name
        if one.name in recorded.methods:
            other = recorded.methods[one.name].source or "another method"
            note(f"'{file}' is called '{name}' in these results: '{one.name}' is {other} there")
    return [one.called(names.get(id(one), one.name)) for one in made]


def _own_name(one: _Made, file: Path, others: Sequence[_Made]) -> str:
    """What a checkpoint is called by its file: by its stem, or by its whole name where another from its folder has the
    same."""
    beside = [other for other in others if other.want.file and other.want.file.parent == file.parent]
    alike = [other for other in beside if fold(other.name) == fold(one.name)]
    if len(alike) == 1:
        return one.name
    network = f"{one.want.network}:" if one.want.network else ""
    return f"{network}{file.name}{one.name.removeprefix(network).removeprefix(brought.stem(file))}"


def _is_same_file(known: RecordedMethod, one: _Made) -> bool:
    return known.source == one.want.place


def _is_same_method(known: RecordedMethod, one: _Made) -> bool:
    """Whether a method of this name, from a file elsewhere or of which that is not known, is this one."""
    if known.foreign or known.name.rpartition("/")[2] != one.name:
        return False
    return known.identity == one.identity or (not known.source and known.checkpoint)


def _check_recorded(one: _Made, known: RecordedMethod | None, note: Note) -> None:
    """Hold a method that somebody gave its name against what has that name in the results folder.

    Raises:
        SrbenchError: it is that of images made elsewhere.
    """
    place = one.want.place
    if known is None or not place:
        return
    if known.foreign:
        raise SrbenchError(
            f"'{one.name}' is the name of images made elsewhere in these results",
            f"give the file another name (my-{one.name}={place}), or choose another --out",
        )
    if known.source != place and known.identity != one.identity:
        other = f"'{known.source}'" if known.source else "what had that name"
        note(f"'{one.name}' is '{place}' now, and takes the place of {other} in these results")
