"""What all commands share: errors become one line and an exit code, warnings become lines, lists are split."""

from __future__ import annotations

import ctypes
import functools
import inspect
import io
import os
import select
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from srbench.cli.empty import refuse_empty
from srbench.errors import SrbenchError, SrbenchWarning, reason_of, refused_by_the_system
from srbench.files import expanded as expanded_path
from srbench.files import write_text, writing
from srbench.foreign import unraised
from srbench.foreign.contained import told
from srbench.scale import Scale, ScaleSet
from srbench.wording import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Debug = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]

Tile = Annotated[
    int, typer.Option("--tile", min=0, help="Overlapping tiles of so many LR pixels a side; 0: whole images.")
]
OneScale = Annotated[str, typer.Option("--scale", metavar="NUMBER", help="The scale: 2, 3, 4, 2.5, 10/3, ...")]
SelfEnsemble = Annotated[bool, typer.Option("--self-ensemble", help="Average over eight mirrored and turned views.")]
Precision = Annotated[
    str, typer.Option("--precision", help="Of networks: fp32, or fp16 or bf16, to which weights and input are cast.")
]
State = Annotated[
    str,
    typer.Option(
        "--state", help="Which state of weights to take from checkpoints; else their average, if they have one."
    ),
]

MOST_THREADS = 1024  # far more than pay, and fewer than a system refuses
STOPPED = 128  # and the signal's number: how a shell is told
INTERRUPTED = STOPPED + signal.SIGINT
_WIDEST = 10_000  # columns


def out() -> Console:
    """The console for results."""
    return _console(width=None if sys.stdout.isatty() else _plain_width())


def err() -> Console:
    """The console for progress, notes and errors."""
    return _console(stderr=True, soft_wrap=True)


def _console(**options: Any) -> Console:
    from rich.console import Console  # late: --help does without it

    class Visible(Console):
        """Shows what cannot be seen as Python escapes it: a file's name may hold escape sequences of terminals."""

        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str("\n".join(map(printable, text.split("\n"))), **options)

        def on_broken_pipe(self) -> None:
            raise  # rich would end the program; whoever called the command decides

    return Visible(highlight=False, **options)


def shown(text: str) -> str:
    """A name from outside as a table's cell shows it: in one line, and brackets are no markup."""
    from rich.markup import escape

    return escape(printable(text))


def _plain_width() -> int:
    # A table in a file or a pipe must not be cut to the 80 columns rich assumes there.
    columns = os.environ.get("COLUMNS", "")
    return min(int(columns), _WIDEST) if columns.isascii() and columns.isdigit() and int(columns) else 200


def handled(function: Callable[..., None]) -> Callable[..., None]:
    """Wrap a command: add ``--debug``, expand ``~`` in paths, and turn :class:`SrbenchError` into one line on stderr
    and its exit code."""

    @functools.wraps(function)
    def command(*args: Any, debug: bool = False, **kwargs: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always", SrbenchWarning)
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            try:
                refuse_empty()
                function(*args, **expanded(kwargs))
            except SrbenchError as error:
                if debug:
                    raise
                _fail(error)
            except KeyboardInterrupt as error:
                err().print("interrupted", style="yellow")
                raise typer.Exit(INTERRUPTED) from error
            except (SystemExit, GeneratorExit) as error:  # of foreign code: no command ends so
                err().print(f"error: a plugin ended the program ({told(error)}); fix it", style="red", markup=False)
                raise typer.Exit(SrbenchError.exit_code) from error
            except Exception as error:
                if isinstance(error, BrokenPipeError) and _nobody_reads():  # `srbench report --format csv | head`
                    _discard_output()
                    raise typer.Exit(0) from error
                refused = refused_by_the_system(error)
                if refused is None or debug:
                    raise
                _fail(refused, error)

    signature = inspect.signature(function, eval_str=True)
    option = inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Debug)
    parameters = [*signature.parameters.values(), option]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _fail(error: SrbenchError, cause: Exception | None = None) -> NoReturn:
    """End with one line on stderr and the error's exit code."""
    with suppress(OSError, ValueError):  # stderr is full or closed: the exit code still tells
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
    not where nobody reads any more. What libraries write past Python goes to standard error."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if "--debug" not in sys.argv:
        unraised.in_a_line()
    with _output_apart():
        yield from _ended_in_order()


def _ended_in_order() -> Iterator[None]:
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


@contextmanager
def _output_apart() -> Iterator[None]:
    """Standard output for what Python writes alone. Descriptor 1, on which C code of a plugin prints and which child
    processes inherit, is standard error inside."""
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper) or not _is_descriptor_1(stream):
        yield
        return
    stream.flush()
    own = os.dup(1)
    try:
        os.dup2(2, 1)
    except OSError:  # it is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    inside = io.TextIOWrapper(
        open(own, "wb"),  # noqa: PTH123, SIM115
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    sys.stdout = inside
    try:
        yield
    finally:
        with suppress(OSError, AttributeError):  # what C code has not written yet
            ctypes.CDLL(None).fflush(None)
        os.dup2(own, 1)
        if sys.stdout is inside:
            sys.stdout = stream
        with suppress(OSError, ValueError):
            inside.close()


def _is_descriptor_1(stream: io.TextIOWrapper) -> bool:
    try:
        return stream.fileno() == 1
    except (OSError, ValueError):
        return False


def _say_lost(error: Exception) -> NoReturn:
    try:
        err().print(f"error: cannot write to standard output ({reason_of(error)})", style="red", markup=False)
        sys.stderr.flush()
    except (OSError, ValueError):  # what is left in its buffer would make Python end with 120
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.exit(2)


def _show_warning(message: Warning | str, category: type[Warning], *rest: Any) -> None:
    if issubclass(category, SrbenchWarning):
        err().print(f"note: {message}", style="yellow", markup=False)


def expanded(value: Any) -> Any:
    """``value`` with ``~`` at the start of a path as the user's folder, as a shell has it: of a path, of a text with a
    slash in it, and of those in lists, tuples and dictionaries."""
    if isinstance(value, dict):
        return {key: expanded(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(expanded(own) for own in value)
    if isinstance(value, Path):
        return expanded_path(value)
    return os.path.expanduser(value) if isinstance(value, str) and value.startswith("~") and "/" in value else value  # noqa: PTH111


def deliver(text: str, output: Path | None, open_: bool = False) -> None:
    """Print ``text``, or write it into a file, say so, and open that in the browser if it is wanted.

    Raises:
        SrbenchError: the file cannot be written.
    """
    if output is None:
        typer.echo(text, nl=False)
        return
    with writing(output, "choose another --output"):
        write_text(output, text)
    err().print(f"wrote {output}", markup=False)
    if open_:
        typer.launch(output.resolve().as_uri())


def split(values: Sequence[str]) -> tuple[str, ...]:
    """'a,b' and repeated options to a tuple without doubles. A path that exists is taken whole, ``~`` is expanded.
    Raises SrbenchError if there is nothing but commas."""
    parts: dict[str, None] = {}
    for value in values:
        for part in [value] if os.path.exists(value) else value.split(","):  # noqa: PTH110
            if part.strip():
                parts[expanded(part.strip())] = None
    if values and not parts:
        raise SrbenchError("an empty list of names", "give a name, or leave the option out")
    return tuple(parts)


def parse_scale(text: str) -> float:
    """'4' to 4, '2.5' to 2.5; raises SrbenchError."""
    return Scale.parse(text.strip()).number


def parse_scales(text: str) -> tuple[float, ...]:
    """'2,3,2.5' to (2, 3, 2.5); raises SrbenchError."""
    return ScaleSet.parse(text).numbers
