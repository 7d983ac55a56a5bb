"""``srbench time``: latency, memory and Mult-Adds of methods."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli import names
from srbench.cli.shell import MOST_THREADS, State, err, handled, out, parse_scales, split
from srbench.files import write_text, writing
from srbench.scale import enlarged
from srbench.wording import counted, significant

if TYPE_CHECKING:
    from srbench.records import Timing


@handled
def command(
    methods: Annotated[
        list[str],
        typer.Argument(help="all, names, plugin files (.py) or checkpoints, also NAME=FILE, edsr=FILE, 'A@2 > B@2'."),
    ],
    size: Annotated[str, typer.Option(help="LR sizes, WIDTHxHEIGHT, separated by commas.")] = "320x180",
    scale: Annotated[str, typer.Option("--scale", help="Scales, for example 2,3,4.")] = "4",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    threads: Annotated[int, typer.Option(min=0, max=MOST_THREADS, help="Processor threads; 0: one per processor.")] = 0,
    state: State = "",
    output: Annotated[Path | None, typer.Option(help="Write every call's seconds to this JSON file.")] = None,
) -> None:
    """Time methods alone: no loading, no file, no metric. The protocol is in docs/timing.md.

    'all' stands for the same methods as in srbench run.

    320x180 at x4 gives 1280x720; 256x256 is the setting of the efficient-SR challenges. Exit code 1 if a method
    failed.

    Examples:

      srbench time bicubic srcnn fsrcnn

      srbench time all --size 320x180,256x256 --device cuda --output timings.json
    """
    scales = parse_scales(scale)
    names.require_device(device)
    names.require_methods(split(methods))

    from srbench.machine import available_processors, resolve_device
    from srbench.method.base import MethodContext
    from srbench.method.plugins import in_state
    from srbench.run.loaded import yours
    from srbench.run.selection import load_methods
    from srbench.timing.measure import measure
    from srbench.timing.subjects import parse_size, synthetic

    place = resolve_device(device)
    sizes = [parse_size(text) for text in split([size]) or [""]]

    def note(text: str) -> None:
        err().print(f"note: {text}", markup=False)

    chosen = load_methods(in_state(split(methods), state), scales, note)
    for line in yours([method for method, _ in chosen]):
        note(line)
    timings: list[Timing] = []
    for width, height in sizes:
        for s in scales:
            err().print(f"timing {counted(len(chosen), 'method')} on {width}x{height} x{s}")
            timings += measure(
                chosen, synthetic(width, height, s), MethodContext(place), threads or available_processors()
            )
    print_timings(timings)
    if output is not None:
        _save(timings, output)
    failed = [timing for timing in timings if timing.status == "failed"]
    for timing in failed:
        err().print(f"failed: {timing}: {timing.message}", style="red", markup=False)
    if failed:
        raise typer.Exit(1)


def _save(timings: Sequence[Timing], path: Path) -> None:
    with writing(path, "choose another --output"):
        write_text(path, json.dumps([asdict(timing) for timing in timings], indent=1) + "\n")


def print_timings(timings: Sequence[Timing]) -> None:
    """One table per subject and scale, fastest first, and what the numbers were measured on."""
    from srbench.cli.widths import Column, fit, show

    console = out()
    left_out: dict[str, None] = {}
    for subject, scale in dict.fromkeys((t.subject, t.scale) for t in timings):
        own = [t for t in timings if (t.subject, t.scale) == (subject, scale)]
        width, height = own[0].lr_size
        image = f"/{own[0].image}" if own[0].image else ""
        title = f"{subject}{image} x{scale}: LR {width}x{height} to {enlarged(width, scale)}x{enlarged(height, scale)}"
        rows = [_row(timing) for timing in sorted(own, key=lambda t: (math.isnan(t.median), t.median))]
        columns = [
            Column(head, [row[i] for row in rows], gives_way, number=i > 1)
            for i, (head, gives_way) in enumerate(_COLUMNS.items())
            if any(row[i] for row in rows)
        ]
        fitting = fit(columns, console.width)
        show(console, fitting, title=title)
        heads = {column.head for column in fitting}
        left_out |= {column.head: None for column in columns if column.head not in heads}
    if left_out:
        console.print(f"left out for want of room: {', '.join(left_out)} (a wider terminal, COLUMNS=200, or --output)")
    for line in _conditions(timings):
        console.print(line, markup=False)


_COLUMNS = {  # heads, and which of them give way first where the terminal is narrow
    **{"method": 0, "variant": 4, "median ms": 0, "quartiles": 5, "p95": 3},
    **{"calls": 1, "MP/s": 2, "memory": 6, "parameters": 0, "Mult-Adds": 0},
}


def _row(t: Timing) -> list[str]:
    name = [t.method, t.variant]
    cost = [
        "" if t.peak_memory is None else f"{t.peak_memory / 2**20:.0f} MiB",
        "" if t.parameters is None else f"{t.parameters:,}",
        "" if t.mult_adds is None else f"{t.mult_adds / 1e9:.2f} G",
    ]
    if t.status != "ok":
        return [*name, t.status, "", "", "", "", *cost]
    calls = str(len(t.seconds))
    if t.noisy:  # a digit would be taken for one
        return [*name, "too noisy", "", "", calls, "", *cost]
    low, high = (1000 * x for x in t.quartiles)
    times = [significant(1000 * t.median), f"{significant(low)} to {significant(high)}", significant(1000 * t.p95)]
    return [*name, *times, calls, significant(t.megapixels_per_second), *cost]


def _conditions(timings: Sequence[Timing]) -> list[str]:
    machine = timings[0].machine
    device = machine.get("gpu", machine["processor"])
    lines = [f"{device}, {timings[0].device}, {counted(timings[0].threads, 'thread')}, torch {machine['torch']}"]
    if "gpu" in machine:
        keys = [key for key in machine if key.startswith(("cudnn", "tf32", "matmul", "clocks", "power", "pstate"))]
        lines.append(", ".join(f"{key} {machine[key]}" for key in keys))
    load = machine["load_before"]
    if load is not None and load > 0.5:
        lines.append(
            f"other load before it began: {load:.1f} processes on {counted(machine['processors'], 'processor')}"
        )
    lines.append("parameters and Mult-Adds of networks; Mult-Adds at 1280x720 output")
    if any(t.noisy and t.status == "ok" for t in timings):
        lines.append("too noisy: the middle half of the calls spreads over more than 25% of the median")
    return lines
