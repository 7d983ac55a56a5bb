"""Standard streams that are closed, full, of another encoding or nowhere; each case runs in a child process."""

from __future__ import annotations

import io
import os
import random
import sys
from pathlib import Path

from campaign import ANY, QUICK, Case, kind
from world import World


def _closed() -> None:
    os.close(1)
    sys.stdout = None  # type: ignore[assignment]  # as Python has it then


def _both_closed() -> None:
    _closed()
    os.close(2)
    sys.stderr = None  # type: ignore[assignment]


def _without_errors() -> None:
    os.close(2)
    sys.stderr = None  # type: ignore[assignment]


def _to(path: str, number: int = 1) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    os.dup2(descriptor, number)


def _full() -> None:
    _to("/dev/full")


def _errors_full() -> None:
    _to("/dev/full", 2)


def _ascii() -> None:
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="ascii")
    sys.stderr = io.TextIOWrapper(
        os.fdopen(2, "wb", closefd=False), encoding="ascii", errors="backslashreplace", write_through=True
    )


def _latin() -> None:
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="latin-1")


def _broken_pipe() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)


def _no_input() -> None:
    os.close(0)
    sys.stdin = None  # type: ignore[assignment]


def _plain() -> None:
    pass


_STREAMS = (
    _closed,
    _both_closed,
    _without_errors,
    _full,
    _errors_full,
    _ascii,
    _latin,
    _broken_pipe,
    _no_input,
    _plain,
)
_NOT_WRITTEN = (_full, _closed, _both_closed)


@kind("streams", 45)
def streams(world: World, rng: random.Random, folder: Path) -> Case:
    arrange = rng.choice(_STREAMS)
    results = str(world.copy_results(folder))
    one = folder / rng.choice(["set", "日本", "é", "\udcff"])
    one.mkdir()
    (one / "a.png").write_bytes((world.one / "a.png").read_bytes())
    (folder / "t.toml").write_text('[[threshold]]\nmethod = "*"\ndataset = "*"\nscale = 2\nmetric = "psnr"\nmin = 99\n')
    forms = ("table", "csv", "json", "markdown", "latex")
    run = [
        "run",
        "--methods",
        "nearest",
        "--datasets",
        str(one),
        *QUICK,
    ]
    command = rng.choice(
        [
            *(["report", results, "--format", form] for form in forms),
            ["report", results, "--compare", results, results, "--format", "table"],
            run,
            run,
            ["check", results, "--thresholds", "t.toml", "--format", rng.choice(["text", "github"])],
            ["list", "datasets"],
            ["list", "protocols"],
            ["list", "datasets", "--json"],
            ["--help"],
            ["run", "--help"],
            ["report", "日本"],
            ["upscale", "nearest", str(one), "--scale", "2"],
            ["verify", "sample"],
            [],
        ]
    )
    variables = {}
    if rng.random() < 0.3:
        variables["COLUMNS"] = rng.choice(["abc", "0", "-5", "1", "", "9" * 20, "\u0665"])
    return Case(command, ANY, variables=variables, streams=arrange)
