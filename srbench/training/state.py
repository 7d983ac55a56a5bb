"""The files of a training in progress: checkpoint, log, curve, weights and card, each written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import safetensors.torch
import torch
from torch import Tensor

from srbench.errors import TrainingError, hint_for, reason_of
from srbench.files import replace_file

FORMAT = 1
COLUMNS = ("step", "seconds", "rate", "loss", "psnr")
ACCURACY = "discriminator_accuracy"  # a further column of adversarial trainings


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill a stream, then put its content at ``path``: a crash or a cut of power leaves the old file.

    Raises:
        TrainingError: the file cannot be written (no space left, no permission).
    """
    try:
        with replace_file(path) as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, RuntimeError) as error:  # torch.save reports a full disk as RuntimeError
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        kept = "; the one before is kept" if path.exists() else ""
        raise TrainingError(f"cannot write '{path}' ({reason}){kept}", "make room, then go on with --resume") from error


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, lambda stream: torch.save({"format": FORMAT, **content}, stream))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint; raises TrainingError if it is missing, damaged or of another format."""
    if not path.exists():
        raise TrainingError(f"no checkpoint at '{path}'", "leave out --resume to begin")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's remarks on pickle protocols; what matters is raised
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises whatever its opcodes come to
        raise not_intact(path, error) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise TrainingError(
            f"'{path}' is not a checkpoint of this trainer", "begin anew with --force in place of --resume"
        )
    return content


def not_intact(path: Path, error: Exception) -> TrainingError:
    """What a checkpoint that cannot be used is, by what using it raised."""
    hint = hint_for(error, "begin anew: --force in place of --resume")
    return TrainingError(f"'{path}' is not an intact checkpoint ({reason_of(error)[:200]})", hint)


def save_weights(path: Path, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
    tensors = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    write_whole(path, lambda stream: stream.write(safetensors.torch.save(tensors, metadata)))


def write_json(path: Path, content: dict[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=2) + "\n")


def write_log(path: Path, rows: list[list[float]]) -> None:
    """The log as CSV with the columns :data:`COLUMNS`; the PSNR is the validation's, in dB. Of an adversarial training
    the share of images that the discriminator recognised (of the last steps before the row) is a further column."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    adversarial = any(len(row) > len(COLUMNS) for row in rows)
    writer.writerow([*COLUMNS, ACCURACY] if adversarial else COLUMNS)
    for step, seconds, rate, loss, psnr, *accuracy in rows:
        values = [int(step), f"{seconds:.1f}", f"{rate:.3e}", f"{loss:.6f}", f"{psnr:.4f}"]
        writer.writerow([*values, *(f"{share:.3f}" for share in accuracy)])
    write_text(path, stream.getvalue())


def write_text(path: Path, text: str) -> None:
    write_whole(path, lambda stream: stream.write(text.encode()))
