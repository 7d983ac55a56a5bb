"""Cases, how one is run in this process, and what counts as a failure."""

from __future__ import annotations

import importlib
import io
import os
import random
import shutil
import signal
import sys
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import typer
from world import World

from srbench.cli import main
from srbench.errors import SrbenchError

LIMIT = 30  # seconds after which a case hangs
QUICK = ("--scales", "2", "--metrics", "psnr", "--threads", "1")  # of a run that takes a moment
RIGHT, FAULTY, ANY = frozenset({0}), frozenset({1, 2}), frozenset({0, 1, 2, 3})
WRONG = frozenset({2})
FAILURES = ("traceback", "hang", "executed", "exit code")


@dataclass
class Case:
    """What is run: a command line, or a call of the Python interface.

    ``codes`` are the exit codes that are right: of an input that is surely wrong never 0. ``variables`` of the
    environment are set for the case. A case with ``streams``, which arranges the standard streams, or that may never
    end (``apart``) runs in a child process.
    """

    arguments: Sequence[str] = ()
    codes: frozenset[int] = ANY
    call: Callable[[], object] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    streams: Callable[[], None] | None = None
    apart: bool = False
    user: int | None = None  # whose rights it has
    escaped: Callable[[], bool] | None = None  # whether something was written where it must not be

    def __str__(self) -> str:
        words = " ".join(ascii(word)[1:-1][:120] for word in self.arguments) if self.call is None else str(self.call)
        return f"{words} (right: {', '.join(map(str, sorted(self.codes)))})"


NOBODY = 65534


def closed() -> str:
    """The folder that keeps another user from reading srbench, torch or Python's own modules, if there is one. Cases
    that run with another user's rights import as they go, and would end in an ImportError there."""
    places = [Path(importlib.import_module(name).__file__ or "").resolve() for name in ("srbench", "torch", "os")]
    shut = [folder for place in places for folder in place.parents if folder.stat().st_mode & 0o005 != 0o005]
    return str(shut[0]) if shut and os.getuid() == 0 else ""


Make = Callable[[World, random.Random, Path], Case]


@dataclass(frozen=True)
class Kind:
    """A class of inputs. Of a thousand cases of a campaign, ``share`` are of it."""

    name: str
    share: int
    make: Make


KINDS: dict[str, Kind] = {}


def kind(name: str, share: int) -> Callable[[Make], Make]:
    """Register the maker of a class of inputs."""

    def register(make: Make) -> Make:
        KINDS[name] = Kind(name, share, make)
        return make

    return register


@dataclass(frozen=True)
class Failure:
    kind: str
    number: int
    what: str  # one of FAILURES
    where: str  # the same for failures of one cause
    case: str
    detail: str


class Hang(BaseException):
    """A case did not end."""


@dataclass
class Ended:
    """How a case ended. ``error`` is what came out of the program instead of an exit code."""

    code: int | None
    output: str
    error: BaseException | None = None


def run_case(world: World, which: Kind, seed: int, number: int) -> list[Failure]:
    """Make case ``number`` of a class and run it; what was wrong with how it ended."""
    rng = random.Random(f"{seed}/{which.name}/{number}")
    folder = world.fresh()
    case = which.make(world, rng, folder)
    with _process(folder, case):
        ended = _forked(case) if case.apart or case.streams is not None else _inline(case)
    os.chdir(world.root)
    failures = [Failure(which.name, number, *found) for found in _judged(world, case, ended)]
    shutil.rmtree(folder, ignore_errors=True)
    return failures


def _judged(world: World, case: Case, ended: Ended) -> Iterator[tuple[str, str, str, str]]:
    shown = str(case)
    if isinstance(ended.error, Hang):
        yield "hang", _place(ended.error), shown, f"more than {LIMIT} s"
    elif ended.error is not None:
        text = "".join(traceback.format_exception(ended.error))
        yield "traceback", _place(ended.error), shown, text
    elif "Traceback (most recent call last)" in ended.output:
        yield "traceback", ended.output.strip().splitlines()[-1][:100], shown, ended.output
    elif ended.code not in case.codes:
        yield "exit code", f"{ended.code} for {sorted(case.codes)}", shown, ended.output[-2000:]
    if world.canary.exists() or (case.escaped is not None and case.escaped()):
        world.canary.unlink(missing_ok=True)
        yield "executed", "something was run, or written elsewhere", shown, ""


def _place(error: BaseException) -> str:
    """What was raised, and the innermost function of srbench that let it through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/srbench/" in frame.filename]
    last = frames[-1] if frames else None
    where = f"{last.filename.rpartition('/srbench/')[2]}:{last.name}" if last else "outside of srbench"
    return f"{type(error).__name__} in {where}"


@contextmanager
def _process(folder: Path, case: Case) -> Iterator[None]:
    """The process as a case finds it, and as it was before afterwards."""
    variables, modules = dict(os.environ), set(sys.modules)
    hooks = sys.excepthook, sys.unraisablehook
    os.environ.update(case.variables)
    for name in [name for name, value in case.variables.items() if not value]:
        os.environ.pop(name, None)
    os.chdir(folder)
    if case.user is not None:
        os.seteuid(case.user)
    try:
        yield
    finally:
        if case.user is not None:
            os.seteuid(os.getuid())
        os.environ.clear()
        os.environ.update(variables)
        sys.excepthook, sys.unraisablehook = hooks
        for name in [name for name in set(sys.modules) - modules if name.startswith("srbench_plugin")]:
            del sys.modules[name]


def _inline(case: Case) -> Ended:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors) for errors in ("strict", "replace"))
    before = sys.stdout, sys.stderr, sys.argv
    descriptors = os.dup(1), os.dup(2)
    sys.stdout, sys.stderr, sys.argv = out, err, ["srbench", *case.arguments]
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(LIMIT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code, error = _called(case)
    finally:
        signal.alarm(0)
        sys.stdout, sys.stderr, sys.argv = before
        for number, kept in enumerate(descriptors, start=1):  # a command may have pointed them elsewhere
            os.dup2(kept, number)
            os.close(kept)
    return Ended(code, _text(out) + _text(err), error)


def _called(case: Case) -> tuple[int | None, BaseException | None]:
    try:
        if case.call is not None:
            case.call()
        else:
            main()
    except SrbenchError as error:
        return (error.exit_code, None) if case.call is not None else (None, error)
    except (SystemExit, typer.Exit) as end:
        code = end.code if isinstance(end, SystemExit) else end.exit_code
        return (0 if code is None else code) if isinstance(code, int | None) else 1, None
    except BaseException as error:
        return None, error
    return 0, None


def _text(stream: io.TextIOWrapper) -> str:
    try:
        stream.flush()
        return stream.buffer.getvalue().decode("utf-8", "replace")  # type: ignore[attr-defined]
    except ValueError:  # the program closed it
        return ""


def _hangs(*_: object) -> None:
    raise Hang


def _forked(case: Case) -> Ended:
    """Run it in a child, whose standard streams are those of the case. What the child says on a stream that is left
    to it is read; its exit code is the one with which Python would have ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _child(case, reader, writer)
    os.close(writer)
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(LIMIT)
    error: BaseException | None = None
    text = b""
    try:
        with os.fdopen(reader, "rb") as stream:
            text = stream.read()
        status = os.waitpid(child, 0)[1]
    except Hang as hang:
        os.kill(child, signal.SIGKILL)
        status, error = os.waitpid(child, 0)[1], hang
    finally:
        signal.alarm(0)
    return Ended(os.waitstatus_to_exitcode(status), text.decode("utf-8", "replace"), error)


def _child(case: Case, reader: int, writer: int) -> None:
    os.close(reader)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.close(writer)
    code: int | None = 1
    try:
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8")
        sys.stderr = io.TextIOWrapper(
            os.fdopen(2, "wb", closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True
        )
        if case.streams is not None:
            case.streams()
        sys.argv = ["srbench", *case.arguments]
        warnings.simplefilter("ignore")
        code, error = _called(case)
        if error is not None:
            os.write(2, "".join(traceback.format_exception(error)).encode())
            code = 1
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except (OSError, ValueError) as failed:  # Python says so when it ends, and ends with 120
            os.write(2, f"Traceback (most recent call last)\n{failed!r} at the end".encode())
            code = 120
    finally:
        os._exit(1 if code is None else code)


@dataclass
class Report:
    """Counts by class, and the failures."""

    cases: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def counted(self) -> dict[str, Counter[str]]:
        counts: dict[str, Counter[str]] = {name: Counter() for name in self.cases}
        for failure in self.failures:
            counts[failure.kind][failure.what] += 1
        return counts

    def table(self) -> str:
        lines = [f"{'class':<16}{'cases':>7}" + "".join(f"{what:>11}" for what in FAILURES) + f"{'seconds':>9}"]
        counts = self.counted()
        for name, number in self.cases.items():
            row = "".join(f"{counts[name][what]:>11}" for what in FAILURES)
            lines.append(f"{name:<16}{number:>7}{row}{self.seconds[name]:>9.1f}")
        total = "".join(f"{sum(c[what] for c in counts.values()):>11}" for what in FAILURES)
        lines.append(f"{'all':<16}{sum(self.cases.values()):>7}{total}{sum(self.seconds.values()):>9.1f}")
        return "\n".join(lines)

    def causes(self) -> str:
        """Failures of one cause together, each with a case to repeat."""
        groups: dict[tuple[str, str], list[Failure]] = defaultdict(list)
        for failure in self.failures:
            groups[failure.what, failure.where].append(failure)
        lines = []
        for (what, where), own in sorted(groups.items(), key=lambda item: -len(item[1])):
            kinds = ", ".join(f"{kind} {n}" for kind, n in Counter(f.kind for f in own).items())
            lines.append(f"{len(own):>4}  {what}: {where}  [{kinds}]")
            lines += [f"        --only {f.kind} --case {f.number}: {f.case[:200]}" for f in own[:2]]
        return "\n".join(lines)
