"""Which cluster ``--cluster`` names: workers on this machine, a scheduler that is there, a class of dask's to start."""

from __future__ import annotations

import difflib
import importlib
import inspect
import ipaddress
import logging
import re
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srbench import tomlfile
from srbench.errors import SrbenchError, SrbenchWarning, UnknownNameError
from srbench.foreign.contained import told

ANSWER = 10  # seconds that a scheduler has to answer
INSTALL = "get it with: pip install 'srbench[cluster]'"
FORMS = "give local:4, tcp://HOST:8786 or a profile in TOML (docs/cluster.md)"
_CLASSES = {  # by the names that need no module
    **dict.fromkeys(("LocalCluster", "SSHCluster"), "distributed"),
    **{f"{queue}Cluster": "dask_jobqueue" for queue in ("SLURM", "PBS", "SGE", "LSF", "OAR", "HTCondor", "Moab")},
}
_MOST = 1024
_LONGEST_GREETING = 1 << 20  # bytes


@dataclass(frozen=True)
class Profile:
    """A cluster.

    Args:
        name: as the user wrote it.
        address: of a scheduler that is there; empty where one is started.
        factory: makes a cluster of dask's, with ``arguments``.
        workers: how many to ask it for; 0: as many as it has.
        security: arguments of ``distributed.Security``.
    """

    name: str
    address: str = ""
    factory: Callable[..., Any] | None = None
    workers: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)
    security: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _File:
    """A profile as it is written."""

    address: str | None = None
    cluster: str | None = None
    workers: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    security: Mapping[str, Any] = field(default_factory=dict)


def parse(text: str) -> Profile:
    """The cluster that ``--cluster`` names: ``local:N``, an address of a scheduler, or a file.

    Raises:
        SrbenchError: it is none of these; dask.distributed is not installed; a file names an unknown class or argument.
    """
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise SrbenchError("--cluster needs dask.distributed, which is not installed", INSTALL) from error
    if match := re.fullmatch(r"local:(\d{1,4})", text):
        count = int(match[1])
        if not 1 <= count <= _MOST:
            raise SrbenchError(f"--cluster {text}: from 1 to {_MOST} workers", "give local:4")
        return _of_class(text, "LocalCluster", count, {}, {})
    if "://" in text:
        return Profile(text, _checked_address(text))
    if text.endswith(".toml"):
        return _of_file(Path(text))
    raise SrbenchError(f"'{text}' is no cluster", FORMS)


def _of_file(path: Path) -> Profile:
    written = tomlfile.load(path, "profile", _File)
    if (written.address is None) == (written.cluster is None):
        raise SrbenchError(
            f"'{path}' names no cluster, or two", 'set either address = "tcp://HOST:8786" or cluster = ...'
        )
    security = _checked_security(written.security, path)
    if written.address is not None:
        if written.arguments or written.workers is not None:
            raise SrbenchError(f"'{path}' has arguments for a scheduler that is there already", "take them out")
        return Profile(str(path), _checked_address(written.address), security=security)
    assert written.cluster is not None
    workers = 0 if written.workers is None else written.workers
    if not 0 <= workers <= _MOST:
        raise SrbenchError(f"'{path}': workers = {workers} is not from 0 to {_MOST}", "fix the value")
    return _of_class(str(path), written.cluster, workers, written.arguments, security)


def _checked_address(address: str) -> str:
    if not re.fullmatch(r"(tcp|tls|ucx|ws|wss)://(\[[0-9a-fA-F:]+\]|[^/:\s]+):\d{1,5}", address):
        raise SrbenchError(f"'{address}' is no address of a scheduler", "give one such as tcp://HOST:8786")
    return address


def _checked_security(given: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    from distributed import Security

    known = ["require_encryption", *Security.__slots__]
    for name in given:
        if name not in known:
            raise UnknownNameError(f"setting of [security] in '{path}'", name, known)
    return dict(given)


def _of_class(
    name: str, wanted: str, workers: int, arguments: Mapping[str, Any], security: Mapping[str, Any]
) -> Profile:
    factory = _class(wanted)
    known = _parameters(factory)
    for argument in arguments:
        if known and argument not in known:
            raise UnknownNameError(f"argument of {wanted}", argument, known)
    chosen = dict(arguments)
    if wanted == "LocalCluster":
        own = {"threads_per_worker": 1, "n_workers": workers or 1, "memory_limit": 0, "dashboard_address": None}
        quiet = {"silence_logs": logging.CRITICAL, "preload": ["srbench.run.executors.beside"]}
        return Profile(name, "", factory, 0, {**own, **quiet, **chosen}, security)
    if "scheduler_options" in known:
        chosen["scheduler_options"] = {"dashboard": False, **chosen.get("scheduler_options", {})}
    return Profile(name, "", factory, workers, chosen, security)


def _class(wanted: str) -> Callable[..., Any]:
    """A class by its name, one that needs no module or ``module.Class``."""
    module, _, name = wanted.rpartition(".")
    if not module:
        if wanted not in _CLASSES:
            near = difflib.get_close_matches(wanted.lower(), [own.lower() for own in _CLASSES], n=1, cutoff=0.5)
            exact = [own for own in _CLASSES if own.lower() in near]
            if exact:
                raise SrbenchError(f"unknown class of clusters '{wanted}'", f"did you mean {exact[0]}?")
            raise UnknownNameError("class of clusters", wanted, _CLASSES)
        module, name = _CLASSES[wanted], wanted
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        reason = f"{wanted} needs {package}, which cannot be imported ({told(error)})"
        raise SrbenchError(reason, f"get it with: pip install {package}") from error
    if not callable(found):
        near = [own for own in dir(importlib.import_module(module)) if own.endswith("Cluster")]
        raise UnknownNameError(f"class in {module}", name, near)
    factory: Callable[..., Any] = found
    return factory


def _parameters(factory: Callable[..., Any]) -> list[str]:
    """Names of all arguments that a class takes, also through what it hands on; empty where that is not known."""
    places: list[Any] = [factory]
    if inspect.isclass(factory):
        places = [vars(cls).get("__init__") for cls in factory.__mro__ if cls is not object]
        if inspect.isclass(job := getattr(factory, "job_cls", None)):
            places += [vars(cls).get("__init__") for cls in job.__mro__ if cls is not object]
        if factory.__name__ == "LocalCluster":
            own: Any = importlib.import_module("distributed")
            places += [own.Nanny.__init__, own.Worker.__init__]
    else:
        from distributed import SpecCluster

        places.append(SpecCluster.__init__)
    names: dict[str, None] = {}
    for place in places:
        with suppress(TypeError, ValueError):
            for parameter in inspect.signature(place).parameters.values():
                if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                    names[parameter.name] = None
    names.pop("self", None)
    return list(names)


# -- at work -------------------------------------------------------------------------------------------------------


def probe(profile: Profile) -> None:
    """Raise SrbenchError if no scheduler is at a profile's address: dask itself would wait for ever for one who takes
    the call and says nothing."""
    if not profile.address:
        return
    scheme, _, place = profile.address.partition("://")
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER) as line:
            if scheme == "tcp":  # the scheduler speaks first: the length of its greeting, in eight bytes
                greeting = line.recv(8)
                if not 0 < int.from_bytes(greeting, "little") < _LONGEST_GREETING:
                    raise OSError("what is there is no scheduler")
    except (OSError, OverflowError) as error:
        raise _silent(profile, error) from error


def _silent(profile: Profile, error: BaseException) -> SrbenchError:
    return SrbenchError(
        f"no scheduler answers at {profile.address} within {ANSWER} s ({told(error)})",
        "start one (dask scheduler, docs/cluster.md), or check the address",
    )


@contextmanager
def started(profile: Profile) -> Iterator[Any]:
    """A ``distributed.Client`` of a cluster, which is started where it is not there, and ended with what was started.

    Raises:
        SrbenchError: it cannot be started, or does not answer.
    """
    probe(profile)
    with ExitStack() as stack:
        with _quiet():
            client = _client(profile, stack)
        yield client


def _client(profile: Profile, stack: ExitStack) -> Any:
    distributed: Any = importlib.import_module("distributed")
    security = distributed.Security(**profile.security) if profile.security else None
    where: Any = profile.address
    if profile.factory is not None:
        own = {"security": security} if security is not None else {}
        try:
            where = profile.factory(**profile.arguments, **own)
            stack.callback(_close, where)
            if profile.workers:
                where.scale(profile.workers)
        except Exception as error:
            raise SrbenchError(f"{profile.name} cannot be started: {told(error)}", "docs/cluster.md") from error
    try:
        client = distributed.Client(where, timeout=ANSWER, security=security, set_as_default=False)
    except Exception as error:
        raise _silent(profile, error) if profile.address else SrbenchError(told(error)) from error
    stack.callback(_close, client)
    return client


def _close(thing: Any) -> None:
    with _quiet(), suppress(Exception):  # it may be gone
        thing.close(timeout=ANSWER)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what dask says of versions and ports. Of workers that come and go the run tells: dask's log is off from
    here on."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def warn_if_open(profile: Profile) -> None:
    """Say that a scheduler on another host is used without TLS: whoever can reach it can run code on its workers."""
    scheme, _, rest = profile.address.partition("://")
    host = rest.rpartition(":")[0].strip("[]")
    if scheme in ("tcp", "ucx", "ws") and not _is_loopback(host):
        warnings.warn(
            f"{profile.address} is used without TLS: whoever reaches it can run code on its workers and here "
            "(docs/cluster.md)",
            SrbenchWarning,
            stacklevel=2,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
