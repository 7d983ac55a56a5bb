"""Arrays: kernels in .npy files, and images of the Python interface."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import mutate
import numpy as np
from campaign import ANY, RIGHT, WRONG, Case, kind
from world import World, evil, smooth

from srbench import api


def npy(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def _with_header(header: str, data: bytes = b"") -> bytes:
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


_BOX = np.full((3, 3), 1 / 9)
_SHAPES = (
    "()", "(3,)", "(3, 3, 3)", "(1000000000, 1000000000)", "(-3, -3)", "(3, -3)", "(3.0, 3.0)", "(True, 3)", "None",
    "[3, 3]", "'33'", "(3, 3", f"({10**30}, 3)", "((3, 3), 3)", "(0, 3)", "(65537, 65537)", "(3, 'x')",
)  # fmt: skip
_TYPES = (
    "<f8", "<f4", "<f2", ">f8", "<i8", "|u1", "<c16", "|b1", "<U4", "|S8", "|O", "|V8", "<M8[s]", "<m8[ns]", "", "x",
    "<f99", "<f16", "|S0", "<U100000000", "(2,3)f8", "f8,f8", "O8",
)  # fmt: skip


@kind("kernels", 90)
def kernels(world: World, rng: random.Random, folder: Path) -> Case:
    path = folder / rng.choice(["k.npy", "k.npy", "k", "k k.npy", "[k].npy"])
    content, broken = _kernel(world, rng)
    if content is None:
        rng.choice([path.mkdir, lambda: path.symlink_to("nowhere"), lambda: None])()
    else:
        path.write_bytes(content)
    scale = rng.choice(["2", "2", "3"])
    run = ["run", "--methods", "nearest", "--metrics", "psnr", "--threads", "1", "--scales", scale]
    return Case([*run, "--datasets", str(world.one), "--degradation", f"kernel:{path}"], WRONG if broken else ANY)


def _kernel(world: World, rng: random.Random) -> tuple[bytes | None, bool]:
    """A file's content, and whether it surely is no kernel; None for no file."""
    how = rng.random()
    if how < 0.04:
        return None, True
    if how < 0.25:
        return mutate.beginning(npy(_BOX), rng, 100), False
    if how < 0.35:
        return mutate.damaged(npy(_BOX), rng), False
    if how < 0.6:
        descr = rng.choice(_TYPES) if rng.random() < 0.6 else "<f8"
        shape = rng.choice(_SHAPES) if rng.random() < 0.7 else "(3, 3)"
        shown = rng.choice([repr(descr), repr(descr), "[('a', '<f8')]", "[('a', 'x', 3)]", "{}", "3", "None"])
        order = rng.choice(["True", "False", "False", "1", "None"])
        header = f"{{'descr': {shown}, 'fortran_order': {order}, 'shape': {shape}, }}"
        broken = "(3, 3)" not in shape or shown in ("{}", "3", "None")
        return _with_header(header, _BOX.tobytes()), broken
    if how < 0.66:
        header = rng.choice(["[" * 3000, "{" * 200, "(" * 100_000 + ")" * 100_000, "lambda: 0", "{}", "\0", "1" * 9000])
        return _with_header(header[:65_000], _BOX.tobytes()), True
    if how < 0.74:
        array = np.empty((3, 3), object)
        array[:] = evil(world.canary, rng)
        return npy(array, allow_pickle=True), True
    if how < 0.79:
        stream = io.BytesIO()
        np.savez(stream, **rng.choice([{"k": _BOX}, {}, {"k": _BOX, "l": _BOX}]))
        return rng.choice([stream.getvalue(), mutate.damaged(stream.getvalue(), rng)]), True
    arrays = [
        *(np.zeros((3, 3)), np.ones((3, 3)), np.full((3, 3), np.nan), np.full((3, 3), np.inf), np.zeros((0, 0))),
        *(np.array(1.0), np.ones((3, 3), complex) / 9, np.ones((3, 3), bool), np.full((2, 2), 0.25), np.full(3, 1 / 3)),
        *(np.full((3, 3), 1e308), np.array([[1e308, -1e308, 1.0]]), np.array([["a"]]), np.zeros((1, 1), "V8")),
        *(np.array([[2**64 - 1]], np.uint64), np.zeros((3, 3), [("a", "f8")]), np.array([[np.datetime64("nat")]])),
        *(np.array([[np.longdouble("1e4000")]]), np.array([[1.0, -1.0, 1.0]]) * [[1e200]]),
    ]
    if rng.random() < 0.75:
        return npy(rng.choice(arrays)), True
    wide, cancels = np.zeros((41, 41)), np.array([[0, 1, 0], [1, -3, 1], [0, 1, 0]], float)
    wide[20, 20] = 1
    good = [
        np.ones((1, 1), np.float16),
        np.ones((1, 1), ">i2"),
        wide,
        cancels,
        np.asfortranarray(_BOX),
        _BOX[:, :1] * 3,
    ]
    good.append(np.outer([1, -2, 1], [1, 0, 1]) + np.diag([0, 1, 0]))
    return npy(rng.choice(good)), False


def _image(rng: random.Random) -> tuple[Any, bool]:
    """An array or something else, and whether it surely is no image."""
    base = smooth(8, 10, 0)
    grey = base[..., 0]
    good = [
        *(base, grey, base[::-1], base[:, ::-1], base[..., ::-1], base[::2, ::-2], np.asfortranarray(base), grey.T),
        *(base.transpose(1, 0, 2), np.ma.masked_array(base), np.broadcast_to(np.uint8(3), (4, 5)), base[:1, :1]),
        *(
            base.astype(np.uint16) * 257,
            base.astype(">u2")[::-1],
            np.lib.stride_tricks.as_strided(grey, (4, 4), (0, 0)),
        ),
        *(base.view(np.recarray), np.matrix(grey), grey.astype("<u2")[:, ::-1]),
    ]
    readonly = base.copy()
    readonly.flags.writeable = False
    good.append(readonly)
    bad = [
        *(None, 3, "x", b"x", [], [[1, 2]], {}, object(), base.tolist(), base.astype(float), base.astype(np.int8)),
        *(base.astype(bool), base.astype(complex), base.astype(object), base.astype(np.uint32), base[..., :2]),
        *(np.zeros((8, 8, 4), np.uint8), np.zeros((2, 8, 8, 3), np.uint8), np.zeros((0, 3), np.uint8), np.uint8(3)),
        *(np.zeros((8, 8, 0), np.uint8), np.zeros((3, 8, 8), np.uint8), np.zeros(8, np.uint8), np.array(3, np.uint16)),
        *(np.zeros((4, 4), "V1"), np.zeros((4, 4), "M8[s]"), np.zeros((4, 4), "U3"), type, lambda: base, iter([])),
        *(base.astype(np.float16), np.zeros((4, 0, 3), np.uint16), np.zeros((4, 4), [("a", "u1")])),
    ]
    return (rng.choice(good), False) if rng.random() < 0.6 else (rng.choice(bad), True)


_SCALES: tuple[Any, ...] = (0, -1, 0.5, "2", None, [], 10**30, 2**31, float("nan"), float("inf"), np.float64(0.5), b"2")
_NAMES: tuple[Any, ...] = (
    None,
    3,
    "",
    "nothing",
    "\0",
    "a/b",
    "x" * 5000,
    b"nearest",
    ["nearest"],
    "x.py",
    "x.pth",
    ".py",
)


class Call:
    """A call of the Python interface, with words for the report."""

    def __init__(self, function: Any, *arguments: Any, **options: Any) -> None:
        self.function, self.arguments, self.options = function, arguments, options

    def __call__(self) -> object:
        return self.function(*self.arguments, **self.options)

    def __str__(self) -> str:
        shown = [_short(argument) for argument in self.arguments]
        shown += [f"{name}={_short(value)}" for name, value in self.options.items()]
        return f"{self.function.__name__}({', '.join(shown)})"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{type(value).__name__} {value.dtype} {value.shape} strides {value.strides}"
    return ascii(value)[:60]


@kind("python", 80)
def python(world: World, rng: random.Random, folder: Path) -> Case:
    image, bad = _image(rng)
    how = rng.random()
    if how < 0.35:
        method = rng.choice(["nearest", "bicubic"])
        return Case(call=Call(api.upscale, method, image, 2, device="cpu"), codes=WRONG if bad else RIGHT)
    base = smooth(8, 10, 0)
    if how < 0.5:
        scale: Any = rng.choice(_SCALES)
        return Case(call=Call(api.upscale, "nearest", base, scale, device="cpu"), codes=WRONG)
    if how < 0.58:
        return Case(call=Call(rng.choice([api.load, _upscale]), rng.choice(_NAMES)), codes=WRONG)
    if how < 0.66:
        seed: Any = rng.choice([2**64, -(2**63) - 1, 10**30, "x", None, 1.5])
        return Case(call=Call(api.upscale, "nearest", base, 2, device="cpu", seed=seed), codes=WRONG)
    if how < 0.72:
        device: Any = rng.choice(
            ["x", "", "cuda:99", "meta", "cpu:7", None, 3, "mps", "cuda:-1", "\0", "cuda:" + "9" * 30]
        )
        return Case(call=Call(api.upscale, "nearest", base, 2, device=device), codes=ANY)
    if how < 0.9:
        other, also_bad = (image, bad) if rng.random() < 0.6 else _image(rng)
        metric = rng.choice(["psnr", "ssim"])
        return Case(call=Call(api.score, metric, image, other), codes=WRONG if bad or also_bad else ANY)
    odd: Any = rng.choice(
        [{"shave": -1}, {"shave": 10**30}, {"shave": "1"}, {"shave": 1.5}, {"shave": None}, {"shave": 4}]
        + [{"protocol": name} for name in _NAMES]
    )
    return Case(call=Call(api.score, rng.choice(["psnr", "ssim"]), base, base[::-1], **odd), codes=WRONG)


def _upscale(name: Any) -> object:
    return api.upscale(name, smooth(8, 10, 0), 2, device="cpu")
