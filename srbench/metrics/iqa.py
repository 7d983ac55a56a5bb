"""Every metric that pyiqa offers, as ``pyiqa:NAME``; some of them under names of their own, with weights and settings
fixed, are in :mod:`srbench.metrics.named`.

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
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from srbench import randomness
from srbench.errors import ImageError, UnavailableError
from srbench.metrics.base import Comparison, Metric
from srbench.metrics.pyiqa_table import HINT, table

# Smallest side that the levels of the pyramid leave something of.
_MIN_SIZE = {"ms_ssim": 161}
SEED = 0  # of what a metric draws, the same for every image
# What torch, pyiqa and piq say where an image is smaller than a window or than the levels of a pyramid need.
_TOO_SMALL = re.compile(
    r"kernel size can't be greater|padding size should be less|output size is too small|non-?zero size"
    r"|invalid shape dimension|only one dimension can be inferred|is invalid for input of size"
    r"|too small|smaller|must be (larger|greater|bigger)|at least",
    re.IGNORECASE,
)


def version_of(package: str) -> int:
    """A package's version as a number: scores of another version are stale."""
    parts = importlib.metadata.version(package).split(".")
    return sum(int(part) * 100**i for i, part in enumerate(reversed(parts[:3])) if part.isdigit())


@contextmanager
def measuring(library: str, image: torch.Tensor) -> Iterator[None]:
    """Turn what a library raises of an image (..., H, W) that is too small for it into an ImageError."""
    try:
        yield
    except (RuntimeError, ValueError, AssertionError) as error:
        if not _TOO_SMALL.search(str(error)):
            raise
        height, width = image.shape[-2:]
        raise ImageError(f"{library} cannot measure an image of {width}x{height}") from error


class Model:
    """One of pyiqa's metrics, created once per process and device.

    Args:
        options: what is said to pyiqa of it beside its defaults.
        bring: puts its weights where pyiqa looks for them; raises UnavailableError where they are nowhere.
        creating: what holds while it is created.
    """

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        bring: Callable[[], None] = lambda: None,
        creating: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.name, self.options = name, dict(options or {})
        self._bring, self._creating = bring, creating
        self._models: dict[torch.device, Any] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Create it; raises UnavailableError if pyiqa or its weights are not here."""
        self._on(torch.device("cpu"))

    def _on(self, device: torch.device) -> Any:
        with self._lock:
            if device not in self._models:
                self._bring()
                self._models[device] = self._create(device)
            return self._models[device]

    def _create(self, device: torch.device) -> Any:
        try:
            import pyiqa
        except ImportError as error:
            raise UnavailableError(f"pyiqa cannot be imported ({error})", HINT) from error
        try:
            with randomness.kept(device), _notes_to_stderr(self.name), self._creating():
                return pyiqa.create_metric(self.name, device=device, **self.options)
        except Exception as error:  # mostly weights that cannot be downloaded
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UnavailableError(
                f"pyiqa cannot create '{self.name}' ({reason[:200]})",
                f"connect to the internet, or put its weights into {cache()}",
            ) from error

    def __call__(self, pair: Comparison) -> float:
        model = self._on(pair.sr_rgb.device)
        images = [pair.sr_rgb] if model.metric_mode == "NR" else [pair.sr_rgb, pair.hr_rgb]
        device = pair.sr_rgb.device
        with randomness.kept(device), torch.inference_mode():
            randomness.seed(SEED, device)  # some draw random patches, of torch's numbers or of NumPy's
            np.random.seed(SEED)
            with measuring("pyiqa", pair.sr_rgb):
                result = model(*(image[None].to(torch.float32) / 255 for image in images))
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


def cache() -> Path:
    """Where pyiqa keeps its weights: below torch's folder of hubs as that was when pyiqa was imported."""
    module = sys.modules.get("pyiqa.utils.download_util")
    return Path(getattr(module, "DEFAULT_CACHE_DIR", Path(torch.hub.get_dir()) / "pyiqa"))


@functools.cache
def gateway(name: str) -> Metric:
    """The metric ``pyiqa:NAME``, NAME one of :func:`srbench.metrics.pyiqa_table.names`; UnavailableError if pyiqa is
    not installed."""
    settings, model = table()[name], Model(name)
    return Metric(
        name=f"pyiqa:{name}",
        title=f"{name} (pyiqa)",
        version=version_of("pyiqa"),
        higher_is_better=not settings.get("lower_better", False),
        unit="",
        bounds=_bounds(settings.get("score_range", "")),
        digits=4,
        needs=("sr_rgb",) if settings.get("metric_mode") == "NR" else ("sr_rgb", "hr_rgb"),
        compute=model,
        min_size=_MIN_SIZE.get(name, 1),
        prepare=model.prepare,
        footnote="computed by pyiqa with its defaults (PolyForm-Noncommercial licence)",
        source="pyiqa",
    )


def _bounds(text: str) -> tuple[float, float]:
    """'0, 1' as numbers; pyiqa's rough ends ('~0, ~100') bound nothing."""
    ends = [part.strip() for part in text.split(",")]
    if len(ends) != 2:
        return (-float("inf"), float("inf"))
    return tuple(  # type: ignore[return-value]
        rough if "~" in end else float(end) for end, rough in zip(ends, (-float("inf"), float("inf")), strict=True)
    )
