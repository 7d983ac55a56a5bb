"""From what a pickle would call (:mod:`srbench.weights.inert`) to tensors by name.

Known calls are those by which torch and numpy write tensors, arrays and numbers: their values are made here, from the
bytes. Of a module that was pickled whole its parameters, persistent buffers and parts are taken, as its ``state_dict``
would have named them. All else is left out, and said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srbench.weights.inert import Call, DamagedError, Name, Persistent

Storages = Callable[[str, torch.dtype, int], Tensor]  # (key, kind of number, how many) -> one axis of numbers

_STORAGES = {
    **{"Float": torch.float32, "Double": torch.float64, "Half": torch.float16, "BFloat16": torch.bfloat16},
    **{"Long": torch.int64, "Int": torch.int32, "Short": torch.int16, "Char": torch.int8, "Byte": torch.uint8},
    **{"Bool": torch.bool, "ComplexFloat": torch.complex64, "ComplexDouble": torch.complex128, "Untyped": torch.uint8},
}
_WIDENED = {"u2": np.int32, "u4": np.int64}  # numpy's kinds that torch lacks
_KEPT = frozenset(["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1", "c8", "c16"])
_DEEPEST = 60  # containers in containers
_MOST_PARTS = 100_000  # modules and tensors in a module
_SPREAD = 1 << 26  # numbers of a tensor that may be more than those its storage holds
_SCALARS = (str, bytes, int, float, complex, bool, type(None))


class Rebuilder:
    """Makes plain values of what :func:`srbench.weights.inert.load` returns.

    Args:
        storages: the numbers that lie outside of the pickle.
        unpickle: reads a pickle in a pickle, as the storages of tensors that torch did not save.
    """

    def __init__(self, storages: Storages, unpickle: Callable[[bytes], tuple[Any, Rebuilder]]) -> None:
        self.storages = storages
        self.unpickle = unpickle
        self.dropped: dict[str, str] = {}  # by place in the file: what was there
        self.modules: list[str] = []  # the classes of modules that were found whole
        self._made: dict[int, tuple[Any, Any]] = {}  # by identity: what a value was made from, and the value

    def plain(self, node: Any, path: tuple[str, ...] = ()) -> Any:
        """Mappings, lists, tensors, numbers and texts; None where there was something else."""
        if isinstance(node, _SCALARS):
            return node
        if id(node) in self._made:
            return self._made[id(node)][1]
        if len(path) > _DEEPEST:
            return self._drop(path, "containers in containers")
        made = self._container(node, path) if isinstance(node, dict | list | tuple) else self._object(node, path)
        self._made[id(node)] = node, made
        return made

    def _container(self, node: Any, path: tuple[str, ...]) -> Any:
        made: Any = {} if isinstance(node, dict) else []
        self._made[id(node)] = node, made  # it may hold itself
        if isinstance(node, dict):
            for key, value in node.items():
                if isinstance(key, _SCALARS):
                    made[key] = self.plain(value, (*path, str(key)))
            return made
        made.extend(self.plain(value, (*path, str(place))) for place, value in enumerate(node))
        return tuple(made) if isinstance(node, tuple) else made

    def _object(self, node: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(node, Call):
            return node.dotted if isinstance(node, Name) else node if isinstance(node, Tensor) else None
        if _is_module(node):
            self.modules.append(node.dotted)
            return dict(self._module(node, path))
        if (maker := _MAKERS.get(node.dotted)) is not None:
            try:
                return self.plain(maker(self, node), path)
            except NotReadError as reason:
                return self._drop(path, str(reason))
        inside = _inside(node)
        self._drop(path, f"an object of {node.dotted or 'no name'}")
        return None if inside is None else self.plain(inside, path)

    def _drop(self, path: tuple[str, ...], what: str) -> None:
        self.dropped.setdefault(".".join(path) or "the file", what)

    # -- modules -------------------------------------------------------------------------------------------------------

    def _module(self, module: Call, path: tuple[str, ...]) -> Iterator[tuple[str, Tensor]]:
        """The tensors of a module and of its parts, named as in its ``state_dict``."""
        stack: list[tuple[str, Call, tuple[int, ...]]] = [("", module, ())]
        parts = 0
        while stack:
            prefix, whole, above = stack.pop()
            if id(whole) in above or len(above) > _DEEPEST:
                raise DamagedError("a module that is a part of itself")
            inner = []
            for name, value in _attributes(whole):
                parts += 1
                if parts > _MOST_PARTS:
                    raise DamagedError(f"a module of more than {_MOST_PARTS:,} parts")
                if _is_module(value):
                    inner.append((f"{prefix}{name}.", value, (*above, id(whole))))
                elif isinstance(made := self.plain(value, (*path, f"{prefix}{name}")), Tensor):
                    yield f"{prefix}{name}", made
            stack.extend(reversed(inner))  # in the order in which they were added to the module

    # -- tensors -------------------------------------------------------------------------------------------------------

    def storage(self, node: Any) -> Tensor:
        """The numbers of a storage, on one axis."""
        if isinstance(node, Call) and node.dotted == "torch.storage._load_from_bytes" and node.arguments:
            inner, rebuilder = self.unpickle(node.arguments[0])
            return rebuilder.storage(inner)
        if not isinstance(node, Persistent) or not isinstance(node.key, tuple) or len(node.key) < 5:
            raise NotReadError("a tensor without a storage")
        tag, kind, key, _, count, *view = node.key
        if tag != "storage" or not isinstance(kind, Name) or not isinstance(count, int):
            raise DamagedError("a storage of another kind")
        dtype = storage_type(kind)
        numbers = self.storages(str(key), dtype, count)
        if view and view[0] is not None:  # a part of another storage
            _, start, length = view[0]
            numbers = numbers[start : start + length]
        return numbers

    def tensor(self, storage: Any, offset: Any, size: Any, stride: Any, dtype: Any = None) -> Tensor:
        """The tensor of that shape in a storage."""
        numbers = self.storage(storage)
        if dtype is not None:
            numbers = numbers.view(storage_type(dtype))
        size, stride = (tuple(map(int, _listed(axis))) for axis in (size, stride))
        if min((*size, *stride, offset), default=0) < 0:
            raise DamagedError("a tensor of a negative size")
        require_there(math.prod(size), len(numbers))
        return torch.as_strided(numbers, size, stride, offset)

    def array(self, node: Call) -> Any:
        """A numpy array: a tensor, or of objects a list."""
        if node.dotted.endswith("_frombuffer"):
            data, dtype, size, order = node.arguments
        else:  # _reconstruct, which is given all else afterwards
            _, size, dtype, fortran, data = node.state
            order = "F" if fortran else "C"
        kind = _numpy_type(dtype)
        if kind is None:
            if not isinstance(data, list):
                raise NotReadError("an array of numpy of a kind that torch has not")
            return data
        values = np.frombuffer(data.encode("latin-1") if isinstance(data, str) else bytes(data), kind)
        return as_tensor(values.reshape(tuple(map(int, _listed(size))), order=order))


class NotReadError(Exception):
    """A tensor of a kind that holds no plain numbers."""


def require_there(count: int, stored: int) -> None:
    """Raise DamagedError where a tensor is so many more numbers than are stored that it would fill the memory: one
    number can be given any size without being written again."""
    if count > max(stored, _SPREAD):
        raise DamagedError(f"a tensor of {count:,} numbers, of which {stored:,} are there")


def as_tensor(values: np.ndarray[Any, Any]) -> Tensor | None:
    """An array as a tensor of the same kind of number, in this machine's byte order; None of another kind."""
    kind = values.dtype.newbyteorder("=")
    code = f"{kind.kind}{kind.itemsize}"
    if code not in _KEPT and code not in _WIDENED:
        return None
    return torch.from_numpy(np.array(values, _WIDENED.get(code, kind), order="C"))  # a copy, of shape () too


def _is_module(node: Any) -> bool:
    if not isinstance(node, Call):
        return False
    if node.dotted.startswith("__torch__."):  # TorchScript's own name for a compiled class
        return isinstance(node.state, dict)
    state = _state(node)
    return isinstance(state.get("_parameters"), dict) and isinstance(state.get("_modules"), dict)


def _state(node: Call) -> Mapping[Any, Any]:
    """The attributes of an object; those of slots stand behind others."""
    state = node.state[0] if isinstance(node.state, tuple) and node.state else node.state
    return state if isinstance(state, dict) else {}


def _attributes(module: Call) -> Iterator[tuple[str, Any]]:
    state = _state(module)
    if module.dotted.startswith("__torch__."):
        yield from ((name, value) for name, value in state.items() if isinstance(name, str))
        return
    passing = state.get("_non_persistent_buffers_set")
    passing = {name for name in passing if isinstance(name, str)} if isinstance(passing, list) else set()
    for table in ("_parameters", "_buffers", "_modules"):
        found = state.get(table)
        for name, value in found.items() if isinstance(found, dict) else ():
            if isinstance(name, str) and (table != "_buffers" or name not in passing):
                yield name, value


def _inside(node: Call) -> Any:
    """What an object holds that may be tensors."""
    if node.entries:
        return node.entries
    if node.items:
        return node.items
    given = [value for value in node.arguments if isinstance(value, Call | dict | list | tuple)]
    return _state(node) or given or None


def storage_type(kind: Name) -> torch.dtype:
    """The kind of number of a storage's class, or of ``torch.float32``."""
    last = kind.dotted.rpartition(".")[2]
    found = _STORAGES.get(last.removesuffix("Storage").lstrip("_"))
    named = getattr(torch, last, None) if kind.dotted == f"torch.{last}" else None
    if found is None and isinstance(named, torch.dtype):
        found = named
    if found is None:
        raise NotReadError(f"a tensor of {last.removesuffix('Storage') or 'no kind'}")
    return found


def _numpy_type(node: Any) -> np.dtype[Any] | None:
    """The type that ``numpy.dtype(code)`` and the byte order it is given afterwards say; None for objects."""
    if not isinstance(node, Call) or not node.arguments:
        raise DamagedError("an array of no type")
    code = node.arguments[0]
    code = code.decode("ascii") if isinstance(code, bytes) else str(code)
    order = node.state[1] if isinstance(node.state, tuple) and len(node.state) > 1 else "="
    if code[:1] not in "?bBhHiIlLqQefdgFDfiubc" or not code[1:].isdigit():
        return None
    return np.dtype(code).newbyteorder(">" if order == ">" else "<")


def _listed(axes: Any) -> Any:
    if isinstance(axes, Call) and axes.dotted == "torch.Size" and axes.arguments:
        return axes.arguments[0]
    return axes


def _needs(count: int, make: Callable[[Rebuilder, tuple[Any, ...]], Any]) -> Callable[[Rebuilder, Call], Any]:
    def made(rebuilder: Rebuilder, node: Call) -> Any:
        if len(node.arguments) < count:
            raise DamagedError(f"{node.dotted} of {len(node.arguments)} arguments")
        return make(rebuilder, node.arguments)

    return made


def _refused(what: str) -> Callable[[Rebuilder, Call], Any]:
    def refuse(_: Rebuilder, __: Call) -> Any:
        raise NotReadError(f"{what}, which holds no plain numbers")

    return refuse


def _of_type(_: Rebuilder, arguments: tuple[Any, ...]) -> Any:
    """A subclass of tensor: what its own call makes."""
    function, _type, inner = arguments[:3]
    return Call(function.dotted if isinstance(function, Name) else "", inner if isinstance(inner, tuple) else ())


def _of_kind(rebuilder: Rebuilder, arguments: tuple[Any, ...]) -> Any:
    """A tensor in a storage of bytes, whose kind of number is said apart."""
    storage, offset, size, stride, _gradient, _hooks, dtype = arguments[:7]
    return rebuilder.tensor(storage, offset, size, stride, dtype)


def _ancient(rebuilder: Rebuilder, node: Call) -> Any:
    """torch's tensors of 2016: storage, offset, size and stride are given afterwards."""
    if not isinstance(node.state, tuple) or len(node.state) < 4:
        raise NotReadError("a tensor without a storage")
    return rebuilder.tensor(*node.state[:4])


def _number(_: Rebuilder, arguments: tuple[Any, ...]) -> Any:
    kind = _numpy_type(arguments[0])
    data = arguments[1]
    if kind is None:
        return None
    return np.frombuffer(data.encode("latin-1") if isinstance(data, str) else bytes(data), kind)[0].item()


_FIRST = _needs(1, lambda _, arguments: arguments[0])
_MAKERS: dict[str, Callable[[Rebuilder, Call], Any]] = {
    "torch._utils._rebuild_tensor": _needs(4, lambda rebuilder, arguments: rebuilder.tensor(*arguments[:4])),
    "torch._utils._rebuild_tensor_v2": _needs(4, lambda rebuilder, arguments: rebuilder.tensor(*arguments[:4])),
    "torch._utils._rebuild_tensor_v3": _needs(7, _of_kind),
    **dict.fromkeys(
        [
            *("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"),
            *("torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer", "torch.autograd.variable.Variable"),
            *("torch._utils._rebuild_device_tensor_from_numpy", "torch._utils._rebuild_device_tensor_from_cpu_tensor"),
            "torch._dynamo.eval_frame.OptimizedModule",  # of torch.compile
            *("torch.Size", "torch.device", "torch.jit._pickle.restore_type_tag"),
            *(f"torch.jit._pickle.build_{kind}list" for kind in ("tensor", "int", "double", "bool")),
        ],
        _FIRST,
    ),
    "torch._tensor._rebuild_from_type_v2": _needs(3, _of_type),
    "torch._utils._rebuild_qtensor": _refused("a quantised tensor"),
    "torch._utils._rebuild_sparse_tensor": _refused("a sparse tensor"),
    "torch._utils._rebuild_meta_tensor_no_storage": _refused("a tensor on the meta device"),
    "torch._utils._rebuild_nested_tensor": _refused("a nested tensor"),
    "torch._utils._rebuild_wrapper_subclass": _refused("a tensor of a subclass"),
    **{f"torch.{kind}Tensor": _ancient for kind in _STORAGES},
    **{f"torch.cuda.{kind}Tensor": _ancient for kind in _STORAGES},
    **{f"{module}._reconstruct": Rebuilder.array for module in ("numpy.core.multiarray", "numpy._core.multiarray")},
    **{f"{module}._frombuffer": Rebuilder.array for module in ("numpy.core.numeric", "numpy._core.numeric")},
    **{f"{module}.scalar": _needs(2, _number) for module in ("numpy.core.multiarray", "numpy._core.multiarray")},
}
