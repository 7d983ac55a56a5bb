"""The version of a metric that is not srbench's own: it stands for all files that decide its values.

Authors raise a version by hand, and forget it; an edited metric would then be taken for the one that was measured.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch

from srbench import randomness
from srbench.errors import SrbenchError
from srbench.foreign import opened
from srbench.foreign.contained import contained
from srbench.foreign.loading import private_name
from srbench.foreign.named_files import named_files
from srbench.metrics.base import Metric
from srbench.records import VERSION_STEP
from srbench.sources import source_files
from srbench.weights.files import file_hash

_MOST = 10**6


def versioned(metric: Metric, source: Path) -> Metric:
    """``metric`` with a version made of its own, and of a hash over its source file, the files this imports, what it
    reads while it is imported and prepared, and its ``files``.

    It is prepared here, for what it reads then. Where that fails it is not computed, and its caller is told when it
    prepares the metric.
    """
    read = opened.files_of(private_name(source))
    weights: list[Path] = []
    try:
        with randomness.kept(torch.device("cpu")), contained(), opened.recorded(read):
            metric.prepare()
            weights = named_files(metric.files, "files()")
    except SrbenchError:
        weights = []
    files = source_files(source)
    known = {path.resolve() for path in files}
    others = {path.resolve() for path in (*read, *weights)} - known
    digest = hashlib.sha256()
    for path in files:
        digest.update(file_hash(path).encode())
    for content in sorted({file_hash(path) for path in others}):  # wherever they lie
        digest.update(content.encode())
    return replace(metric, version=metric.version % _MOST * VERSION_STEP + int(digest.hexdigest(), 16) % VERSION_STEP)
