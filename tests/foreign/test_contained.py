"""Foreign code may raise anything: it is always an error of srbench, with a line that says what it was."""

import asyncio
import contextlib
import signal
import threading

import pytest

from srbench.errors import ImageError, NotSupportedError, SrbenchError
from srbench.foreign.contained import PluginError, contained, told, traceback_of


class UnshownError(Exception):
    """Cannot be shown."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class ExitingError(Exception):
    """Ends the program when it is shown."""

    def __str__(self):
        raise SystemExit(0)

    __repr__ = __str__


class MuteError(SrbenchError):
    def __str__(self):
        raise KeyboardInterrupt


class Own(BaseException):
    pass


RAISED = [
    (SystemExit(0), "SystemExit: 0"),
    (SystemExit(), "SystemExit"),
    (KeyboardInterrupt(), "KeyboardInterrupt"),
    (GeneratorExit("x"), "GeneratorExit: x"),
    (StopIteration(3), "StopIteration: 3"),
    (asyncio.CancelledError(), "CancelledError"),
    (BrokenPipeError(32, "Broken pipe"), "BrokenPipeError: [Errno 32] Broken pipe"),
    (ValueError("two\nlines  and blanks"), "ValueError: two lines and blanks"),
    (ValueError("half of a pair: \ud83d"), "ValueError: half of a pair: ?"),
    (Own("own"), "Own: own"),
    (BaseExceptionGroup("both", [SystemExit(0), ValueError("x")]), "BaseExceptionGroup: both (2 sub-exceptions)"),
    (UnshownError("x"), "UnshownError: (its text cannot be shown)"),
    (ExitingError("x"), "ExitingError: (its text cannot be shown)"),
    (MuteError("x"), "MuteError: (its text cannot be shown)"),
]


@pytest.mark.parametrize(("error", "text"), RAISED, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("main", [True, False], ids=["main thread", "another"])
def test_whatever_is_raised_becomes_an_error_that_can_be_shown(error, text, main):
    caught = []

    def call():
        try:
            with contained():
                raise error
        except BaseException as found:
            caught.append(found)

    if main:
        call()
    else:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    (found,) = caught
    assert type(found) is PluginError
    assert found.__cause__ is error
    assert str(found) == told(found) == text
    assert type(error).__name__ in traceback_of(found)
    assert "test_contained.py" in traceback_of(found)
    traceback_of(found).encode()


@pytest.mark.parametrize("error", [NotSupportedError("x9"), ImageError("too small", "use a larger one")])
def test_errors_of_srbench_go_through(error):
    with pytest.raises(SrbenchError) as caught, contained():
        raise error
    assert caught.value is error


def test_the_subject_stands_before_what_was_raised():
    with pytest.raises(PluginError, match=r"^prepare\(\) of mine: OSError: gone$"), contained("prepare() of mine"):
        raise OSError("gone")


@pytest.fixture
def default_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def swallow():
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def disguise():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt as error:
        raise ValueError("a wrong number") from error


def switch_off():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("call", [lambda: signal.raise_signal(signal.SIGINT), swallow, disguise, switch_off])
def test_a_real_ctrl_c_is_none_of_the_plugins(default_ctrl_c, call):
    with pytest.raises(KeyboardInterrupt), contained(), contained():
        call()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_raises_nothing_is_called_and_nothing_ends():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        with contained():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(PluginError, match="KeyboardInterrupt"), contained():
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [1]
