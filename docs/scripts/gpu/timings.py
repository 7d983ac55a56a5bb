"""Latency, memory and Mult-Adds of ten networks in four precisions, by device events and by the wall clock.

As ``srbench time`` does for its rows in half precision, weights and input are cast; nothing is cast in the calls.
``float32`` is without TF32, which is torch's default for convolutions on CUDA.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srbench.machine import available_processors, describe_device, load_average
from srbench.method import Method, MethodContext, TorchMethod, plugins
from srbench.records import Timing
from srbench.timing import cost
from srbench.timing.clocks import CpuClock, CudaClock, peak_memory
from srbench.timing.subjects import Subject, synthetic

METHODS = ("srcnn", "fsrcnn", "espcn", "vdsr", "drcn", "lapsrn", "srresnet", "edsr", "dbpn", "srfbn")
PRECISIONS = {
    "float32": torch.float32,
    "tf32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
SCALE = 4
COLUMNS = (
    *("method", "precision", "status", "device", "lr_width", "lr_height", "scale", "calls"),
    *("event_ms", "event_q1_ms", "event_q3_ms", "wall_ms", "megapixels_per_second", "peak_memory_mib"),
    *("parameters", "mult_adds", "max_difference", "message"),
)


def main() -> None:
    """Time until all is done or time is up; the files are written anew after every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", required=True)
    parser.add_argument("--size", type=int, nargs=2, required=True, help="width and height of the LR image")
    parser.add_argument("--calls", type=int, required=True, help="the most calls of a row")
    parser.add_argument("--seconds", type=float, required=True, help="of warm-up, and of calls, of a row")
    parser.add_argument("--until", type=float, required=True, help="when to stop, in seconds since the epoch")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    device = torch.device(options.device)
    machine = describe_device(device, torch.get_num_threads()) | {"load_before": load_average()}
    rows: list[dict[str, Any]] = []
    for name in METHODS:
        for row in measure(name, synthetic(*options.size, SCALE), device, options):
            rows.append(row | {"machine": machine})
            write(rows, options.out)
            print(f"{row['method']} {row['variant']}: {row['status']} {row['message']}", flush=True)
    unfinished = [row for row in rows if row["status"] in ("failed", "no time left")]
    print(f"{len(rows) - len(unfinished)} of {len(rows)} rows")
    raise SystemExit(1 if unfinished else 0)


def measure(name: str, subject: Subject, device: torch.device, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row for each precision: the fields of a Timing, with ``wall_seconds`` and ``max_difference``."""
    reference: Tensor | None = None
    counts: tuple[int | None, int | None] = None, None
    height, width = subject.picture.shape[-2:]
    for precision in PRECISIONS:
        timing = Timing(
            method=name,
            subject=subject.name,
            scale=subject.scale,
            lr_size=(width, height),
            channels=0,
            device=str(device),
            variant=precision,
            threads=available_processors(),
            session="",
        )
        wall: list[float] = []
        difference: float | None = None
        try:
            if time.time() > options.until:
                timing = replace(timing, status="no time left")
            elif precision == "tf32" and device.type != "cuda":
                timing = replace(timing, status="not supported", message="TF32 is of CUDA")
            else:
                with settings(precision), torch.no_grad():
                    method, lr = cast(name, subject, device, PRECISIONS[precision])
                    if precision == "float32":
                        counts = cost.parameters(method, subject.scale), cost.mult_adds(method, subject.scale)
                    sr = method.upscale(lr, subject.scale).float()
                    reference = sr if precision == "float32" else reference
                    difference = None if reference is None else float((sr - reference).abs().max())
                    timing, wall = clocked(timing, lambda m=method, x=lr: m.upscale(x, SCALE), device, options)
                    timing = replace(timing, channels=int(lr.shape[1]), method_hash=identity(name, method))
        except Exception as error:  # of one network in one precision: the other rows go on
            timing = replace(timing, status="failed", message=" ".join(f"{type(error).__name__}: {error}".split()))
        timing = replace(timing, parameters=counts[0], mult_adds=counts[1])
        yield asdict(timing) | {"wall_seconds": wall, "max_difference": difference}


def identity(name: str, method: Method) -> str:
    """The hash by which results know this method with these weights."""
    return plugins.identity(plugins.find(name)[0], method)


@contextlib.contextmanager
def settings(precision: str) -> Iterator[None]:
    """TF32 in convolutions and products for ``tf32`` alone."""
    places = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [place.allow_tf32 for place in places]
    try:
        for place in places:
            place.allow_tf32 = precision == "tf32"
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.allow_tf32 = value


def cast(name: str, subject: Subject, device: torch.device, dtype: torch.dtype) -> tuple[Method, Tensor]:
    """A network with its weights and its input in ``dtype`` on ``device``."""
    method = plugins.instantiate(plugins.find(name)[0])
    if not isinstance(method, TorchMethod):
        raise TypeError(f"{name} is not a network")
    method.require_scale(subject.scale)
    method.prepare(subject.scale, MethodContext(device))
    method.module(subject.scale).to(dtype)
    return method, subject.input_for(method).to(dtype)


def clocked(
    timing: Timing, call: Callable[[], object], device: torch.device, options: argparse.Namespace
) -> tuple[Timing, list[float]]:
    """Call after a warm-up. Seconds of a call are by device events (on a processor by the timer of ``srbench time``);
    the wall clock is read around the same calls, from an idle device to an idle device."""
    clock = CudaClock(device) if device.type == "cuda" else CpuClock(timing.threads)
    seconds: list[float] = []
    wall: list[float] = []
    for keep in (False, True):
        seconds, wall = [], []
        start = time.perf_counter()
        while len(wall) < options.calls and (len(wall) < 3 or time.perf_counter() - start < options.seconds):
            before = time.perf_counter()
            seconds.append(clock(call))
            wall.append(time.perf_counter() - before)
        if not keep:
            timing = replace(timing, peak_memory=peak_memory(call, device))
    return replace(timing, seconds=tuple(seconds)), wall


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """Every call as JSON, and a line for each row as CSV."""
    for name, text in (("timings.json", json.dumps(rows, indent=1) + "\n"), ("timings.csv", table(rows))):
        part = out / f".{name}"
        part.write_text(text, encoding="utf-8")
        part.replace(out / name)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as CSV, with medians in milliseconds."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        own = {key: value for key, value in row.items() if key not in ("wall_seconds", "max_difference")}
        timing = Timing(**own)
        line = {
            "method": timing.method,
            "precision": timing.variant,
            "status": timing.status,
            "device": timing.machine.get("gpu", timing.machine.get("processor", timing.device)),
            "lr_width": timing.lr_size[0],
            "lr_height": timing.lr_size[1],
            "scale": timing.scale,
            "calls": len(timing.seconds),
            "parameters": timing.parameters,
            "mult_adds": timing.mult_adds,
            "max_difference": row["max_difference"],
            "message": timing.message,
        }
        if timing.seconds:
            low, high = timing.quartiles
            line |= {
                "event_ms": f"{1e3 * timing.median:.4f}",
                "event_q1_ms": f"{1e3 * low:.4f}",
                "event_q3_ms": f"{1e3 * high:.4f}",
                "wall_ms": f"{1e3 * float(np.median(row['wall_seconds'])):.4f}",
                "megapixels_per_second": f"{timing.megapixels_per_second:.2f}",
            }
        if timing.peak_memory is not None:
            line["peak_memory_mib"] = f"{timing.peak_memory / 2**20:.1f}"
        writer.writerow(line)
    return stream.getvalue()


if __name__ == "__main__":
    main()
