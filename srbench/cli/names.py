"""Names on a command line that nothing carries are said before anything large is imported: a typo costs a moment.

What is looked at is what can be known without torch: the lists that the cache folder keeps (:mod:`srbench.listing`),
manifests, and the names of metrics, protocols and degradations. What files hold, folders and ``PREFIX:VALUE`` are
left to the code that reads them, and so is all that is well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.errors import MethodError, SrbenchError, UnknownNameError
from srbench.files import expanded
from srbench.registry import BUILT_IN, Source

if TYPE_CHECKING:
    from srbench.method.base import Method

# As in srbench.degradation.named, which imports torch.
DEGRADATIONS = ("bicubic", "blur-down", "bicubic-noise", "bd-centre", "bd-first", "realesrgan", "bsrgan", "given")


def require_methods(specs: Iterable[str]) -> None:
    """Raise UnknownNameError for a plain name that no method has, for a name of the zoo what it lacks here, and
    MethodError for a file that is not there, and for a cascade that cannot be read; of cascades all parts are looked
    at."""
    from srbench import zoo
    from srbench.method import networks, series
    from srbench.method.plugins import METHODS
    from srbench.zoo import openmodeldb

    specs = [name for spec in specs for name in series.methods_in(spec)]
    for spec in specs:
        if spec.startswith(zoo.PREFIX):
            networks.require(zoo.known_as(spec))
        if spec.startswith(openmodeldb.PREFIX):
            openmodeldb.require_here(spec)
        else:
            require_file(spec)

    wanted = [spec for spec in specs if _plain(spec) and spec != "all"]
    sources = list(METHODS.sources()) if wanted else []
    files = [source.path for source in sources if source.path is not None]
    wanted = [
        spec for spec in wanted if spec not in {source.name for source in sources} and not _stands_in(spec, files)
    ]
    if not wanted:
        return
    known = _all_methods(source for source in sources if source.origin != BUILT_IN)
    for spec in wanted:
        if spec not in known:
            series.require_not_alone(spec)
            gateways = {name: [f"{zoo.PREFIX}{name}"] for name in zoo.checkpoints()}
            raise UnknownNameError("method", spec, known, gateways)


def require_file(spec: str) -> None:
    """Raise MethodError where a method is a file that is not there, or weights of a network that is none."""
    from srbench.method import naming
    from srbench.method.plugins import FILES

    parsed = naming.parse(spec, FILES)
    if parsed.file is not None and not parsed.file.exists():
        what = "plugin file" if parsed.is_code else "weights"
        raise MethodError(f"no {what} at '{parsed.file}'", "check the path")
    if parsed.network and _plain(parsed.network):
        require_methods([parsed.network])


def _all_methods(others: Iterable[Source[type[Method]]]) -> list[str]:
    """The names of srbench's own methods and of others. These are imported only where one may put its name together."""
    from srbench import listing
    from srbench.method.written import names_in

    known = own_methods()
    for source in others:
        path = source.path or listing.located(source.module)
        names = None if path is None else names_in(path)
        if names is None or (source.module and source.name not in names):  # an entry point may lead elsewhere
            from srbench.cli.list_ import method_names

            return method_names()
        known += sorted(names)
    return known


def own_methods() -> list[str]:
    """The names of the methods that come with srbench, read from their files: those of the files, and longer ones that
    begin so."""
    from srbench.method.plugins import METHODS

    found = []
    for source in METHODS.sources():
        if source.origin == BUILT_IN and source.path is not None:
            longer = re.compile(rf"""["']({re.escape(source.name)}-[a-z0-9-]+)["']""".encode())
            found += [source.name, *sorted({name.decode() for name in longer.findall(_content(source.path))})]
    return list(dict.fromkeys(found))


def require_device(name: str) -> None:
    """Raise SrbenchError for what names no device; whether it is here is not looked at."""
    if not re.fullmatch(r"auto|(cpu|cuda)(:[0-9]{1,3})?", name):
        raise SrbenchError(f"unknown device '{name[:40]}'", "use auto, cpu, cuda or cuda:N")


def require_devices(name: str) -> None:
    """As :func:`require_device`; several GPUs may be named too."""
    if name != "cuda:all" and not re.fullmatch(r"cuda(:[0-9]{1,3})(,[0-9]{1,3})+", name):
        try:
            require_device(name)
        except SrbenchError as error:
            error.hint += ", cuda:all or a list such as cuda:0,2"
            raise


def require_datasets(specs: Iterable[str]) -> None:
    """Raise as :func:`srbench.dataset.find` for what is neither a dataset's name nor there."""
    from srbench import dataset
    from srbench.files import expanded

    known = dataset.manifests()
    for spec in specs:
        if spec.lower() not in known and "=" not in spec and not expanded(spec).exists():
            dataset.find(spec)


def require_metrics(specs: Iterable[str]) -> None:
    """Raise UnknownNameError for a plain name that no metric has."""
    from srbench.metrics.catalog import METRICS

    known = METRICS.names()
    for spec in specs:
        if _plain(spec) and spec not in known:
            raise METRICS.unknown(spec)


def require_protocols(text: str) -> None:
    """Raise as :func:`srbench.protocol.several` for protocols that there are not, or that cannot be used."""
    from srbench import protocol

    protocol.several(text)


def protocol_names(values: Iterable[str]) -> list[str]:
    """The names of protocols, of which some may be given as files; those of a results folder need not be here."""
    from srbench import protocol

    specs = [spec.strip() for value in values for spec in ([value] if Path(value).is_file() else value.split(","))]
    return [protocol.read(expanded(spec)).name if spec.endswith(".toml") else spec for spec in specs]


def require_degradation(spec: str) -> None:
    """Raise UnknownNameError for a plain name that no degradation has, and SrbenchError for a chain that is wrong."""
    from srbench import registry
    from srbench.degradation import grammar

    if grammar.names_chain(spec):
        grammar.parse(spec)
        return
    known = [*DEGRADATIONS, *(entry.name for entry in registry.entry_points("srbench.degradations"))]
    if _plain(spec) and spec not in known:
        raise UnknownNameError("degradation", spec, [*known, "kernel:FILE.npy"])


def _plain(spec: str) -> bool:
    """Whether ``spec`` is a name and nothing else."""
    separators = {os.sep, os.altsep or os.sep, "=", ":", "~"}
    return not any(s in spec for s in separators) and not Path(spec).suffix and not os.path.exists(spec)  # noqa: PTH110


def _stands_in(name: str, files: Iterable[Path]) -> bool:
    """Whether ``name`` is written in one of the files as a text, and so may be that of a method in it."""
    texts = (f'"{name}"'.encode(), f"'{name}'".encode())
    return any(text in content for content in map(_content, files) for text in texts)


def _content(path: Path) -> bytes:
    """Of the file, and of those beside it where it is a package."""
    files = sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]
    return b"\n".join(file.read_bytes() for file in files if file.is_file())
