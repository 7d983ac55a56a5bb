"""Every metric that pyiqa offers, as ``pyiqa:NAME``; NIQE and the perceptual index also as ``niqe`` and ``pi``.

pyiqa is the extra ``srbench[iqa]`` (licence: PolyForm-Noncommercial). Direction and whether a metric compares with HR
are read from pyiqa's own table, which needs no import of it; pyiqa itself, which takes seconds and much memory, is
imported when a metric is first computed. Its defaults are kept, among them its own Y (full-range YIQ in ``psnry`` and
``ssim``), which is not the Y of BT.601 that srbench measures on.
"""

from __future__ import annotations

import builtins
import functools
import importlib.metadata
import importlib.util
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from srbench import paths, randomness
from srbench.errors import ImageError, UnavailableError
from srbench.metrics.base import Comparison, Metric
from srbench.metrics.pyiqa_table import HINT, table

# Smallest side that the levels of the pyramid leave something of.
_MIN_SIZE = {"ms_ssim": 161}
# What torch and pyiqa say where an image is smaller than a window or than the levels of a pyramid need.
_TOO_SMALL = re.compile(
    r"kernel size can't be greater|padding size should be less|output size is too small|non-?zero size"
    r"|invalid shape dimension|only one dimension can be inferred|is invalid for input of size"
    r"|too small|smaller|must be (larger|greater|bigger)|at least",
    re.IGNORECASE,
)
_ADDRESS = "https://github.com/chaofengc/IQA-PyTorch/releases/download/v0.1-weights"  # pyiqa's own files
_FILES = {
    "niqe": ("niqe_modelparameters.mat",),
    "pi": ("niqe_modelparameters.mat", "NRQM_model.mat"),
}


def _version() -> int:
    """pyiqa's version as a number: scores of another version are stale."""
    parts = importlib.metadata.version("pyiqa").split(".")
    return sum(int(part) * 100**i for i, part in enumerate(reversed(parts[:3])) if part.isdigit())


class Model:
    """One of pyiqa's metrics, created once per process and device."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._models: dict[torch.device, Any] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Create it; raises UnavailableError if pyiqa or its weights are not here."""
        self._on(torch.device("cpu"))

    def _on(self, device: torch.device) -> Any:
        with self._lock:
            if device not in self._models:
                _bring(self.name)
                self._models[device] = self._create(device)
            return self._models[device]

    def _create(self, device: torch.device) -> Any:
        try:
            import pyiqa
        except ImportError as error:
            raise UnavailableError(f"pyiqa cannot be imported ({error})", HINT) from error
        try:
            with _notes_to_stderr(self.name):
                return pyiqa.create_metric(self.name, device=device)
        except Exception as error:  # mostly weights that cannot be downloaded
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UnavailableError(
                f"pyiqa cannot create '{self.name}' ({reason[:200]})",
                f"connect to the internet, or put its weights into {_cache()}",
            ) from error

    def __call__(self, pair: Comparison) -> float:
        model = self._on(pair.sr_rgb.device)
        images = [pair.sr_rgb] if model.metric_mode == "NR" else [pair.sr_rgb, pair.hr_rgb]
        device = pair.sr_rgb.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), torch.inference_mode():
            randomness.seed(0, device)  # some draw random patches
            try:
                result = model(*(image[None].to(torch.float32) / 255 for image in images))
            except (RuntimeError, ValueError, AssertionError) as error:
                if not _TOO_SMALL.search(str(error)):
                    raise
                height, width = pair.sr_rgb.shape[-2:]
                raise ImageError(f"pyiqa cannot measure an image of {width}x{height}") from error
        if not isinstance(result, torch.Tensor) or result.numel() != 1:
            raise ImageError(f"pyiqa's {self.name} gives no single number for a pair", "use another metric")
        return float(result)


_creating = threading.local()


def _print(*values: object, **options: Any) -> None:
    """``print`` of pyiqa's modules: to standard error while this thread creates a metric, else as ever."""
    if getattr(_creating, "here", False):
        options.setdefault("file", sys.stderr)
    builtins.print(*values, **options)


@contextmanager
def _notes_to_stderr(name: str) -> Iterator[None]:
    """pyiqa prints what it loads to where srbench's results go. Its modules are given a ``print`` of their own:
    ``contextlib.redirect_stdout`` would take standard output from all other threads of the process too."""
    import pyiqa.archs

    # The metric's own module is imported when it is created; here already, so that it is given one as well.
    getattr(pyiqa.archs, "_lazy_import_arch", lambda _: None)(table()[name]["metric_opts"]["type"])
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] == "pyiqa":
            vars(module).setdefault("print", _print)
    _creating.here = True
    try:
        yield
    finally:
        _creating.here = False


def _cache() -> Path:
    return Path(torch.hub.get_dir()) / "pyiqa"


def _bring(name: str) -> None:
    """Parameter files of NIQE and PI to where pyiqa looks for them. Nothing is downloaded for these two: they are
    metrics of srbench's own list."""
    for file in _FILES.get(name, ()):
        target = _cache() / file
        if target.is_file():
            continue
        found = next((folder / file for folder in paths.weights() if (folder / file).is_file()), None)
        if found is None:
            raise UnavailableError(
                f"no {file} on this machine",
                f"download {_ADDRESS}/{file} and put it into a folder of $SRBENCH_WEIGHTS or into {_cache()}",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, target)


@functools.cache
def gateway(name: str) -> Metric:
    """The metric ``pyiqa:NAME``, NAME one of :func:`srbench.metrics.pyiqa_table.names`; UnavailableError if pyiqa is
    not installed."""
    settings = table()[name]
    return _metric(f"pyiqa:{name}", f"{name} (pyiqa)", name, settings, _version())


def _metric(name: str, title: str, model_name: str, settings: dict[str, Any], version: int) -> Metric:
    model = Model(model_name)
    return Metric(
        name=name,
        title=title,
        version=version,
        higher_is_better=not settings.get("lower_better", False),
        unit="",
        bounds=_bounds(settings.get("score_range", "")),
        digits=4,
        needs=("sr_rgb",) if settings.get("metric_mode") == "NR" else ("sr_rgb", "hr_rgb"),
        compute=model,
        min_size=_MIN_SIZE.get(model_name, 1),
        prepare=model.prepare,
        footnote="computed by pyiqa with its defaults (PolyForm-Noncommercial licence)",
    )


def _bounds(text: str) -> tuple[float, float]:
    """'0, 1' as numbers; pyiqa's rough ends ('~0, ~100') bound nothing."""
    ends = [part.strip() for part in text.split(",")]
    if len(ends) != 2:
        return (-float("inf"), float("inf"))
    return tuple(  # type: ignore[return-value]
        rough if "~" in end else float(end) for end, rough in zip(ends, (-float("inf"), float("inf")), strict=True)
    )


_NO_REFERENCE = {"metric_mode": "NR", "lower_better": True}
NIQE = _metric("niqe", "NIQE", "niqe", _NO_REFERENCE, 1)
PI = _metric("pi", "Perceptual index", "pi", _NO_REFERENCE, 1)
