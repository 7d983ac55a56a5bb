"""Find methods: built in, in an installed package, in a user's file, in a checkpoint. One door for all.

* built in: every file of the ``methods/`` folders is a module ``srbench.methods.NAME``, every folder with an
  ``__init__.py`` a package of that name
* installed: entry points of the group ``srbench.methods``, each a class, named as its card
* ``./my_method.py``: every method class that the file defines
* ``./my_method.py:mine``: one of several methods in a file
* ``./4x_model.pth``, ``.safetensors``: a network that spandrel recognises, one of srbench's own, or what
  ``srbench train`` wrote, named by the file's stem
* ``./4x_model.pth#params``: one of several states of weights in a file
* ``edsr=./x4.pth``: the network of a method with weights of the user's; the method is called ``edsr:x4``
* ``NAME=./4x_model.pth``, ``NAME=edsr:./x4.pth``: a file whose method the user gives a name
* ``espcn@2 > vdsr@1``: a cascade of any of these (:mod:`srbench.method.series`)

A plugin that cannot be imported is listed as broken with its error; it never hides the others.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from srbench import zoo
from srbench.errors import MethodError, SrbenchError, UnknownNameError, WeightsError
from srbench.foreign import opened
from srbench.foreign.contained import contained
from srbench.foreign.named_files import named_files
from srbench.method import naming, series
from srbench.paths import search_path
from srbench.registry import Found, Prefix, Registry, Source
from srbench.sources import source_files
from srbench.weights.kinds import PROGRAMS
from srbench.zoo import openmodeldb

if TYPE_CHECKING:  # else late: what only lists methods does without torch
    from srbench.method.base import Method
    from srbench.method.network import TorchMethod

Plugin: TypeAlias = "Found[type[Method]]"
CHECKPOINTS = (  # what kind a file is, its content says; .tar: x.pth.tar
    *(".pth", ".pt", ".ckpt", ".safetensors", ".bin", ".pkl", ".tar", ".mat", ".npz", ".npy", ".ts", ".torchscript"),
    ".jit",
)
ONNX = ".onnx"
FILES = (".py", *CHECKPOINTS, ONNX)


class _Methods(Registry["type[Method]"]):
    kind = "method"
    group = "srbench.methods"
    required = "a subclass of srbench.method.Method with a card"
    entries_named = False  # a method is named by its card

    def belongs(self, value: object) -> bool:
        from srbench.method.base import Method, MethodCard

        own = isinstance(value, type) and issubclass(value, Method)
        return own and isinstance(getattr(value, "card", None), MethodCard)

    def name_of(self, value: type[Method]) -> str:
        return value.card.name

    def builtin(self) -> Iterator[Source[type[Method]]]:
        for stem, path in builtin_files().items():
            origin = "built in" if _is_built_in(path) else str(path)
            # A file may hold several methods, which only their cards name.
            yield Source(stem.replace("_", "-"), origin, functools.partial(self._module, stem, path), path, named=False)

    def prefixes(self) -> Sequence[Prefix[type[Method]]]:
        return [Prefix(zoo.PREFIX, "NAME", _of_the_zoo), Prefix(openmodeldb.PREFIX, "NAME", _of_openmodeldb)]

    def suffixes(self) -> Mapping[str, Callable[[Path], type[Method]]]:
        # The weight file is the whole method: as source it would be hashed twice.
        others = {**dict.fromkeys(PROGRAMS, _refused), ONNX: _from_onnx}
        return {**dict.fromkeys(CHECKPOINTS, _from_checkpoint), **others}

    def find(self, spec: str) -> list[Plugin]:
        file, state = split_state(spec)
        if not state:
            return super().find(spec)
        value = _from_checkpoint(Path(file), state)
        return [Found(self.kind, self.name_of(value), f"file {file}, state {state}", None, value)]

    def owns(self, module: ModuleType, value: type[Method]) -> bool:
        return f"{value.__module__}.".startswith(f"{module.__name__}.")

    def adopt(self, value: type[Method], path: Path) -> type[Method]:
        from srbench.method.network import TorchMethod

        if issubclass(value, TorchMethod):  # weights lie beside the plugin, be it a file or a folder
            value.source = path.parent if path.name == "__init__.py" else path
        return value

    def _module(self, stem: str, path: Path) -> list[type[Method]]:
        return self.things_in(importlib.import_module(f"{self.group}.{stem}"), path)


METHODS = _Methods()
GROUP = METHODS.group


def discover() -> list[Plugin]:
    """Every built-in and installed method, by name; broken ones included. Raises MethodError if two have one name."""
    return sorted(METHODS.discover(), key=lambda plugin: plugin.name)


def find(spec: str) -> list[Plugin]:
    """The plugins that ``spec`` names: a method's name, a .py file, or a checkpoint, perhaps with ``#STATE`` behind it;
    ``NAME=FILE`` calls the method of a file by another name, ``METHOD@SCALE > METHOD@SCALE`` is a cascade.

    Raises:
        UnknownNameError: no method of that name, with the nearest names.
        MethodError, WeightsError: a file cannot be used.
        SrbenchError: a name that cannot be given.
    """
    parsed = parse(spec)
    if parsed.parts:
        from srbench.method import cascade

        value = cascade.named(parsed, find, instantiate)
        return [Found(METHODS.kind, value.card.name, "cascade", None, value)]
    if parsed.network:
        found = [_brought(parsed)]
    elif parsed.is_code and parsed.part:
        found = [_one_of(METHODS.find(str(parsed.file)), parsed)]
    else:
        found = _found(parsed.text)
    return [naming.renamed(found, parsed.name, spec)] if parsed.name else found


def parse(spec: str) -> naming.Spec:
    """What ``spec`` says; where the name before a weight file is that of a method, it is the network.

    Raises:
        SrbenchError: a name that cannot be given.
    """
    return _told(naming.parse(spec, FILES))


def _told(parsed: naming.Spec) -> naming.Spec:
    """``parsed`` with its name as the network, where it is a method's."""
    if parsed.parts:
        return replace(parsed, parts=tuple((_told(part), scale) for part, scale in parsed.parts))
    if parsed.name and not parsed.network and parsed.file and not parsed.is_code and _is_method(parsed.name):
        return replace(parsed, name="", network=parsed.name)
    return parsed


def _is_method(name: str) -> bool:
    if naming.split_file(name, (".py",))[0] is not None:
        return True
    try:
        METHODS.find(name)
    except SrbenchError:  # a name of the user's own
        return False
    return True


def _found(text: str) -> list[Plugin]:
    if naming.split_file(text, {".py", *METHODS.suffixes()})[0] is None:
        naming.require_no_folder(text, FILES)
    try:
        return METHODS.find(text)
    except UnknownNameError:
        naming.require_no_file(text, FILES)
        series.require_not_alone(text)
        raise


def _one_of(found: Sequence[Plugin], parsed: naming.Spec) -> Plugin:
    """The method of a plugin file that is named behind it."""
    for plugin in found:
        if plugin.name == parsed.part:
            return plugin
    names = [plugin.name for plugin in found]
    raise UnknownNameError(f"method of '{parsed.file}'", parsed.part, names)


def _brought(parsed: naming.Spec) -> Plugin:
    """The network of a method with weights of the user's."""
    from srbench.method.brought import brought

    network = find(parsed.network)
    if len(network) != 1:
        names = ", ".join(f"{parsed.network}:{plugin.name}" for plugin in network)
        raise MethodError(f"'{parsed.network}' defines {len(network)} methods", f"name one: {names}")
    assert parsed.file is not None  # else there is no network before it
    value = _known(brought(parsed.file, network[0].load(), parsed.part), parsed.file, parsed.part)
    # With the plugin's file, so that what that reads while it is loaded is part of the identity.
    return Found(METHODS.kind, value.card.name, f"file {parsed.place}", network[0].source, value)


def networks() -> list[type[TorchMethod]]:
    """Those of the built-in and installed methods that take weights."""
    from srbench.method.network import TorchMethod

    found = (plugin.value for plugin in discover())
    return [value for value in found if value is not None and issubclass(value, TorchMethod)]


def require_own_name(spec: str) -> None:
    """Raise MethodError where ``spec`` is a file whose method has the name of a built-in or installed one."""
    if not parse(spec).place:
        return
    taken = {plugin.name for plugin in discover()}
    for plugin in find(spec):
        naming.require_free(plugin, spec, taken)


def split_state(spec: str) -> tuple[str, str]:
    """A checkpoint and the state of it that ``spec`` names; no state for any other ``spec``, or where none is named.

    >>> split_state("nets/4x_model.pth#params_ema")
    ('nets/4x_model.pth', 'params_ema')
    >>> split_state("edsr")
    ('edsr', '')
    """
    file, mark, state = spec.rpartition("#")
    if mark and is_checkpoint(file) and not is_checkpoint(state):
        return file, state
    return spec, ""


def is_checkpoint(file: str) -> bool:
    return Path(file).suffix.lower() in CHECKPOINTS


def in_state(specs: Sequence[str], state: str) -> tuple[str, ...]:
    """``specs`` with ``#STATE`` behind every checkpoint that names none itself, in cascades too; no change for an empty
    ``state``.

    Raises:
        SrbenchError: there is no checkpoint among them.
    """
    if not state:
        return tuple(specs)
    names = [name for spec in specs for name in series.methods_in(spec)]
    if not any(is_checkpoint(split_state(name)[0]) for name in names):
        raise SrbenchError(
            f"--state {state}: none of the methods is a checkpoint", "leave it out, or name a weight file"
        )
    return tuple(
        series.changed(spec, lambda name: f"{name}#{state}" if is_checkpoint(name) else name) for spec in specs
    )


def instantiate(plugin: Plugin) -> Method:
    """A method ready to be prepared; raises MethodError if its constructor fails."""
    cls = plugin.load()
    with contained(f"method '{plugin.name}' cannot be created"), opened.recorded(opened.files_of(cls.__module__)):
        return cls()


def identity(plugin: Plugin, method: Method) -> str:
    """16 hex digits over the plugin's source file, the files beside it (:mod:`srbench.sources`), its weight files, what
    else it reads while it is loaded, how its network is fed, and its card's version: another hash is another method.
    Of a cascade, over those of its parts.

    Raises:
        MethodError: ``weight_files()`` of the method raises.
        WeightsError: a file cannot be read.
    """
    from srbench.method.cascade import Cascade
    from srbench.method.rehearsal import read_while_loaded
    from srbench.weights.files import file_hash

    if isinstance(method, Cascade):
        return method.identity(identity)

    digest = hashlib.sha256()
    files = source_files(plugin.source, type(method).__mro__)
    named = named_files(method.weight_files, f"weight_files() of {plugin.name}")
    weights = [path for path in named if path not in files]
    for path in (*files, *weights):
        digest.update(file_hash(path).encode())
    if method.chosen_state:
        digest.update(f"state {method.chosen_state}".encode())
    if method.configuration:
        digest.update(f"configuration {method.configuration}".encode())
    if plugin.source is not None and not _is_built_in(plugin.source):
        known = {path.resolve() for path in (*files, *weights)}
        others = (path for path in read_while_loaded(type(method)) if path.resolve() not in known)
        for content in sorted({file_hash(path) for path in others}):  # wherever they lie
            digest.update(content.encode())
    if method.card.version != 1:
        digest.update(f"version {method.card.version}".encode())
    return digest.hexdigest()[:16]


def _is_built_in(path: Path) -> bool:
    return Path(search_path("methods")[0]) in path.parents


def is_built_in(method: type[Method]) -> bool:
    """Whether a method is one of srbench's, not a user's own, an installed package's or a checkpoint."""
    package, _, name = method.__module__.removeprefix("srbench.").partition(".")
    path = builtin_files().get(name.partition(".")[0])
    return package == "methods" and path is not None and _is_built_in(path)


def builtin_files() -> dict[str, Path]:
    """The files of the ``methods/`` folders by the names of their modules; raises MethodError if two have one name."""
    files: dict[str, Path] = {}
    for folder in search_path("methods"):
        for path in sorted([*Path(folder).glob("*.py"), *Path(folder).glob("*/__init__.py")]):
            stem = path.parent.name if path.name == "__init__.py" else path.stem
            if stem in files:
                raise MethodError(f"'{files[stem]}' and '{path}' have one name", "rename one of the two")
            files[stem] = path
    return files


def _from_checkpoint(path: Path, state: str = "") -> type[Method]:
    from srbench.method import checkpoint
    from srbench.weights.reading import trained_for

    name = trained_for(path)
    if name is None:
        known = zoo.recognised(path, state)
        return checkpoint.method_from(path, state, networks) if known is None else _recognised(known, path, state)
    try:
        method = METHODS.get(name)
    except UnknownNameError as error:
        raise WeightsError(
            f"'{path}' holds weights that were trained for '{name}', and there is no such method here",
            f"put it into the folder 'weights' beside the plugin, as {path.name}, and give the plugin",
        ) from error
    return checkpoint.trained(path, method, state)


def _recognised(known: zoo.Checkpoint, path: Path, state: str) -> type[Method]:
    """The method in a file that the zoo knows by its tensors."""
    from srbench.method.brought import stem
    from srbench.method.networks import missing
    from srbench.method.zoo import from_file

    if lacking := missing(known.architecture):
        raise MethodError(
            f"'{path}' is {known.title} of the zoo ({known.spec}), a network '{known.architecture}' ({lacking})",
            "install it, or write a plugin for this file (docs/zoo.md)",
        )
    return from_file(known, path, METHODS.get, stem(path, state), state=state)


def _of_the_zoo(name: str) -> type[Method]:
    from srbench.method.zoo import method_of

    return method_of(zoo.known_as(name), METHODS.get)


def _of_openmodeldb(name: str) -> type[Method]:
    from srbench.method.zoo import of_openmodeldb

    return of_openmodeldb(name)


def _known(value: type[Method], file: Path, state: str) -> type[Method]:
    """``value`` with what the zoo says of its weights, where it knows them."""
    from srbench.method.zoo import told

    checkpoint = zoo.recognised(file, state)
    return value if checkpoint is None else told(value, checkpoint)


def _from_onnx(path: Path) -> type[Method]:
    from srbench.method import onnx

    return onnx.method_from(path)


def _refused(path: Path) -> type[Method]:
    what = PROGRAMS[path.suffix.lower()]
    raise WeightsError(
        f"'{path}' is {what}, and srbench reads weights of PyTorch networks alone",
        f"give its weights as {', '.join(CHECKPOINTS)}, or write a plugin that runs it (docs/plugins.md)",
    )
