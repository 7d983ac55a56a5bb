"""What all commands share: errors become one line and an exit code, warnings become lines, lists are split."""

from __future__ import annotations

import functools
import inspect
import io
import os
import select
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from srbench.errors import SrbenchError, SrbenchWarning, reason_of, refused_by_the_system
from srbench.scale import LARGEST, ScaleSet

if TYPE_CHECKING:
    from rich.console import Console

Debug = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]

Tile = Annotated[
    int, typer.Option("--tile", min=0, help="Overlapping tiles of so many LR pixels a side; 0: whole images.")
]
OneScale = Annotated[int, typer.Option("--scale", min=1, max=LARGEST, help="The scale: 2, 3, 4, ...")]
SelfEnsemble = Annotated[bool, typer.Option("--self-ensemble", help="Average over eight mirrored and turned views.")]

INTERRUPTED = 130
_WIDEST = 10_000  # columns


def out() -> Console:
    """The console for results."""
    from rich.console import Console  # late: --help does without it

    return Console(highlight=False, width=None if sys.stdout.isatty() else _plain_width())


def err() -> Console:
    """The console for progress, notes and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def _plain_width() -> int:
    # A table in a file or a pipe must not be cut to the 80 columns rich assumes there.
    columns = os.environ.get("COLUMNS", "")
    return min(int(columns), _WIDEST) if columns.isascii() and columns.isdigit() and int(columns) else 200


def handled(function: Callable[..., None]) -> Callable[..., None]:
    """Wrap a command: add ``--debug``, and turn :class:`SrbenchError` into one line on stderr and its exit code."""

    @functools.wraps(function)
    def command(*args: Any, debug: bool = False, **kwargs: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always", SrbenchWarning)
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            try:
                function(*args, **kwargs)
            except SrbenchError as error:
                if debug:
                    raise
                _fail(error)
            except KeyboardInterrupt as error:
                err().print("interrupted", style="yellow")
                raise typer.Exit(INTERRUPTED) from error
            except Exception as error:
                if isinstance(error, BrokenPipeError) and _nobody_reads():  # `srbench report --format csv | head`
                    _discard_output()
                    raise typer.Exit(0) from error
                told = refused_by_the_system(error)
                if told is None or debug:
                    raise
                _fail(told, error)

    signature = inspect.signature(function, eval_str=True)
    option = inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Debug)
    parameters = [*signature.parameters.values(), option]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _fail(error: SrbenchError, cause: Exception | None = None) -> NoReturn:
    """End with one line on stderr and the error's exit code."""
    with suppress(OSError):  # stderr is full or closed: the exit code still tells
        err().print(f"error: {error}", style="red", markup=False)
    raise typer.Exit(error.exit_code) from (cause or error)


def _nobody_reads() -> bool:
    """Whether standard output is a pipe whose reader is gone; a plugin may raise BrokenPipeError too."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLOUT)
        return any(events & select.POLLERR for _, events in poll.poll(0))
    except (OSError, ValueError, AttributeError):  # no such descriptor, or none at all
        return False


def _discard_output() -> None:
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


@contextmanager
def streams() -> Iterator[None]:
    """Standard streams that can be written to, whatever the process was given: closed ones lead nowhere, and a letter
    that the terminal's encoding lacks is shown by its number. Output that is lost in the end is an error, exit code 2;
    not where nobody reads any more."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    except SystemExit as end:
        try:
            if sys.stdout is not None:  # a plugin may have taken it away
                sys.stdout.flush()
        except (OSError, ValueError) as error:  # ValueError: it was closed
            _discard_output()
            if not end.code and not isinstance(error, BrokenPipeError):
                _say_lost(error)
        raise
    except OSError as error:  # of --help, which is no command
        if "--debug" in sys.argv:
            raise
        _discard_output()
        _say_lost(error)


def _say_lost(error: Exception) -> NoReturn:
    with suppress(OSError):
        err().print(f"error: cannot write to standard output ({reason_of(error)})", style="red", markup=False)
    sys.exit(2)


def _show_warning(message: Warning | str, category: type[Warning], *rest: Any) -> None:
    if issubclass(category, SrbenchWarning):
        err().print(f"note: {message}", style="yellow", markup=False)


def split(values: Iterable[str]) -> tuple[str, ...]:
    """'a,b' and repeated options to a tuple without doubles. A path that exists is taken whole."""
    parts: dict[str, None] = {}
    for value in values:
        for part in [value] if os.path.exists(value) else value.split(","):  # noqa: PTH110
            if part.strip():
                parts[part.strip()] = None
    return tuple(parts)


def parse_scales(text: str) -> tuple[int, ...]:
    """'2,3,4' to (2, 3, 4); raises SrbenchError."""
    return ScaleSet.parse(text).whole()
