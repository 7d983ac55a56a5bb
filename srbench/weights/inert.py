"""Pickles read as data: what they would call is written down, and nothing is called.

A pickle is a program for a small stack machine, whose instructions look names up in Python's modules and call what
they find. Here a name becomes a :class:`Name` and a call a :class:`Call` with its arguments; only numbers, texts, bytes
and Python's own containers are made. Nothing is imported, so that a file can do no more than be long.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Any, Final

_MAPPINGS = frozenset(["collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict"])
_LISTS = frozenset(["builtins.set", "builtins.frozenset", "builtins.list", "collections.deque"])
_BYTES = frozenset(["_codecs.encode", "builtins.bytes", "builtins.bytearray"])  # of texts, in older protocols
_OLD = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # Python 2's names of modules
_MARK: Final = object()


class DamagedError(ValueError):
    """It is no pickle, or one that is cut off or changed."""


@dataclass(frozen=True)
class Name:
    """What a pickle refers to by module and name, such as ``torch.FloatStorage``. It is not looked up."""

    dotted: str


@dataclass(frozen=True)
class Persistent:
    """What is kept outside of the pickle: torch's storages, by a tuple that says which."""

    key: Any


@dataclass(eq=False)
class Call:
    """An object that would be made by a call: of what, with which arguments, and what it would be given afterwards."""

    dotted: str
    arguments: tuple[Any, ...]
    state: Any = None
    items: list[Any] = field(default_factory=list)
    entries: dict[Any, Any] = field(default_factory=dict)


def load(stream: IO[bytes], names: set[str]) -> Any:
    """The object in the pickle that begins at the stream's place, which is its end afterwards.

    Args:
        names: gets every name that the pickle refers to, also those it does not call.

    Raises:
        DamagedError: it is none, or a damaged one.
    """
    machine = _Machine(names)
    try:
        for operation, argument, _ in pickletools.genops(stream):
            if operation.name == "STOP":
                return machine.pop()
            machine.steps[operation.name](argument)
    except Exception as error:  # a stack that is empty, a text that is none: whatever bytes can lead to
        lines = str(error).splitlines()
        raise DamagedError(lines[0] if lines else type(error).__name__) from error
    raise DamagedError("it has no end")


def _nothing(_: Any) -> None:
    """Instructions about how the pickle is stored."""


class _Machine:
    """The stack and the memo, and what each instruction does to them."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.stack: list[Any] = []
        self.memo: dict[Any, Any] = {}
        push = self.stack.append

        def pushes(make: Callable[[], Any]) -> Callable[[Any], None]:
            return lambda _: push(make())

        # The values that an instruction carries itself: numbers, texts, bytes.
        carried = """INT BININT BININT1 BININT2 LONG LONG1 LONG4 STRING BINSTRING SHORT_BINSTRING BINBYTES
            SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 FLOAT BINFLOAT"""
        makers: dict[str, Callable[[], Any]] = {
            **{"NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "MARK": lambda: _MARK},
            **{"EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": list},
        }
        self.steps: dict[str, Callable[[Any], Any]] = {
            **dict.fromkeys(carried.split(), push),
            **{name: pushes(make) for name, make in makers.items()},
            **dict.fromkeys(["PROTO", "FRAME", "READONLY_BUFFER"], _nothing),
            **dict.fromkeys(["GET", "BINGET", "LONG_BINGET"], lambda at: push(self.memo[int(at)])),
            **dict.fromkeys(["PUT", "BINPUT", "LONG_BINPUT"], self._put),
            **dict.fromkeys(["EXT1", "EXT2", "EXT4"], lambda code: push(self._name("copyreg", f"extension {code}"))),
            **dict.fromkeys(["LIST", "FROZENSET"], lambda _: push(self.marked())),
            "MEMOIZE": lambda _: self._put(len(self.memo)),
            "POP": lambda _: self.stack.pop(),  # a mark as well
            "POP_MARK": lambda _: self.marked(),
            "DUP": lambda _: push(self.stack[-1]),
            "TUPLE": lambda _: push(tuple(self.marked())),
            "TUPLE1": lambda _: push(self._tuple(1)),
            "TUPLE2": lambda _: push(self._tuple(2)),
            "TUPLE3": lambda _: push(self._tuple(3)),
            "DICT": lambda _: push(_mapping(_pairs(self.marked()))),
            "APPEND": lambda _: self._extend([self.pop()]),
            "APPENDS": lambda _: self._extend(self.marked()),
            "ADDITEMS": lambda _: self._extend(self.marked()),
            "SETITEM": lambda _: self._set(_pairs(self._tuple(2))),
            "SETITEMS": lambda _: self._set(_pairs(self.marked())),
            "GLOBAL": lambda text: push(self._name(*text.split(" ", 1))),
            "STACK_GLOBAL": lambda _: push(self._name(*self._tuple(2))),
            "PERSID": lambda text: push(Persistent(text)),
            "BINPERSID": lambda _: push(_persistent(self.pop())),
            "REDUCE": lambda _: push(_call(*self._tuple(2))),
            "NEWOBJ": lambda _: push(_call(*self._tuple(2))),
            "NEWOBJ_EX": lambda _: push(_call(*self._tuple(3)[:2])),
            "INST": lambda text: push(_call(self._name(*text.split(" ", 1)), tuple(self.marked()))),
            "OBJ": lambda _: self._object(self.marked()),
            "BUILD": lambda _: self._build(self.pop()),
        }

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise DamagedError("a mark where a value should be")
        return value

    def marked(self) -> list[Any]:
        """What lies above the topmost mark, which goes too."""
        at = next(place for place in range(len(self.stack) - 1, -1, -1) if self.stack[place] is _MARK)
        values = self.stack[at + 1 :]
        del self.stack[at:]
        return values

    def _tuple(self, count: int) -> tuple[Any, ...]:
        return tuple(self.pop() for _ in range(count))[::-1]

    def _put(self, at: Any) -> None:
        self.memo[int(at)] = self.stack[-1]

    def _name(self, module: Any, name: Any) -> Name:
        dotted = f"{_OLD.get(module, module)}.{name}"
        self.names.add(dotted)
        return Name(dotted)

    def _object(self, values: list[Any]) -> None:
        self.stack.append(_call(values[0], tuple(values[1:])))

    def _extend(self, values: Iterable[Any]) -> None:
        target = self.stack[-1]
        (target.items if isinstance(target, Call) else target).extend(values)

    def _set(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        target = self.stack[-1]
        (target.entries if isinstance(target, Call) else target).update(_mapping(pairs))

    def _build(self, state: Any) -> None:
        target = self.stack[-1]
        if isinstance(target, Call):
            target.state = state  # that of a container, such as the versions of modules, is of no use


def _persistent(key: Any) -> Name | Persistent:
    """torch once kept the source of modules' classes so, beside their names."""
    module = isinstance(key, tuple) and len(key) > 1 and key[0] == "module" and isinstance(key[1], Name)
    return key[1] if module else Persistent(key)


def _pairs(values: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(*[iter(values)] * 2, strict=True)


def _mapping(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """A dictionary of those pairs whose key can be one: what stands for an object can, but a list cannot."""
    made: dict[Any, Any] = {}
    for key, value in pairs:
        try:
            made[key] = value
        except TypeError:
            continue
    return made


def _call(function: Any, arguments: Any) -> Any:
    if not isinstance(function, Name) or not isinstance(arguments, tuple):
        return Call("", arguments if isinstance(arguments, tuple) else (arguments,))
    if function.dotted == "copyreg._reconstructor" or function.dotted == "copyreg.__newobj__":
        # How objects are made anew: the class comes first.
        cls = arguments[0] if arguments else None
        return _call(cls, arguments[1:]) if function.dotted.endswith("newobj__") else _call(cls, ())
    if function.dotted in _MAPPINGS:
        return _container(arguments)
    if function.dotted in _LISTS:
        return list(arguments[0]) if arguments and isinstance(arguments[0], list | tuple) else []
    if function.dotted in _BYTES:
        value = arguments[0] if arguments else b""
        return value.encode("latin-1") if isinstance(value, str) else value
    return Call(function.dotted, arguments)


def _container(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    made = next((value for value in arguments if isinstance(value, dict | list)), {})
    if isinstance(made, dict):
        return dict(made)
    return _mapping(pair for pair in made if isinstance(pair, list | tuple) and len(pair) == 2)  # type: ignore[misc]
