"""The machine that timings are made on: device, settings that decide speed, other load."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from srbench.errors import SrbenchError

_VISIBLE = "CUDA_VISIBLE_DEVICES"


def devices_of(name: str) -> tuple[torch.device, ...]:
    """The devices that a run computes on: all GPUs of 'cuda:all', those of 'cuda:0,2' in this order, else the one that
    the name stands for. Raises SrbenchError if one is not there or is named twice."""
    if name == "cuda:all":
        if not torch.cuda.device_count():
            raise SrbenchError("no CUDA device here for cuda:all", "use --device cpu")
        return tuple(torch.device("cuda", number) for number in range(torch.cuda.device_count()))
    kind, _, numbers = name.partition(":")
    if "," not in numbers:
        return (_device(name),)
    found = tuple(_device(f"{kind}:{number.strip()}") for number in numbers.split(","))
    if kind != "cuda" or len(set(found)) < len(found):
        raise SrbenchError(f"'{name[:40]}' is no list of GPUs", "give each once, as in cuda:0,2, or cuda:all")
    return found


def visible_as(device: torch.device) -> str:
    """What CUDA_VISIBLE_DEVICES is in a process that is to see this GPU alone. Where this process sees some of the
    machine's only, their numbers here are not those there."""
    number = device.index or 0
    seen = [own.strip() for own in os.environ.get(_VISIBLE, "").split(",")]
    return seen[number] if seen != [""] else str(number)


@contextmanager
def seen_alone(gpu: str) -> Iterator[None]:
    """Processes that are started meanwhile see one GPU, from before they import torch; none of its own is ``gpu`` empty
    and changes nothing."""
    before = os.environ.get(_VISIBLE)
    if gpu:
        os.environ[_VISIBLE] = gpu
    try:
        yield
    finally:
        if gpu and before is None:
            del os.environ[_VISIBLE]
        elif gpu and before is not None:
            os.environ[_VISIBLE] = before


def resolve_device(name: str) -> torch.device:
    """'auto', 'cpu', 'cuda' or 'cuda:N' as a device, of several the first; raises SrbenchError if one is not there."""
    return devices_of(str(name))[0]


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:  # of other types, and of numbers too large
        raise SrbenchError(f"unknown device '{str(name)[:40]}'", "use auto, cpu, cuda or cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise SrbenchError(f"device '{name}' is not supported", "use auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise SrbenchError(f"no device '{name}' here ({torch.cuda.device_count()} CUDA devices)", "use --device cpu")
    return device


def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def available_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_average() -> float | None:
    """Processes that ran or waited to, averaged over the last minute; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def describe_device(device: torch.device, threads: int) -> dict[str, Any]:
    """Everything about the machine that decides a latency, as plain JSON values."""
    facts: dict[str, Any] = {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "processors": available_processors(),
        "threads": threads,
    }
    if device.type == "cuda":
        facts |= _cuda(device)
    return facts


def computes_on(device: torch.device) -> dict[str, str]:
    """What computes here, as far as it may show in the last digits of a value: the host's name, its processor and which
    instructions torch uses of it, the GPU with its driver (empty where it is not used), and torch's version."""
    facts = {
        "host": socket.gethostname(),
        "processor": processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "gpu": "",
        "driver": "",
    }
    if device.type == "cuda":
        own = _cuda(device)
        facts |= {"gpu": str(own["gpu"]), "driver": str(own.get("driver_version", ""))}
    return facts


def _cuda(device: torch.device) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "tf32_convolutions": torch.backends.cudnn.allow_tf32,
        "matmul_precision": torch.get_float32_matmul_precision(),
    }
    try:
        facts["gpu"] = torch.cuda.get_device_name(device)
    except RuntimeError as error:  # it is gone
        facts["gpu"] = f"not readable: {error}".splitlines()[0]
    return facts | _clocks(device.index or 0)


_QUERY = ("clocks.sm", "clocks.mem", "power.draw", "pstate", "temperature.gpu", "driver_version")


def _clocks(index: int) -> dict[str, str]:
    """Clocks and power state from nvidia-smi; empty where it cannot be read."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return {}
    command = [tool, f"--id={index}", f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return {}
    values = [part.strip() for part in result.stdout.strip().split(",")]
    return dict(zip(_QUERY, values, strict=False)) if len(values) == len(_QUERY) else {}
