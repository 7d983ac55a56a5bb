"""One training: images first, then, once it may use the device, as many steps as its time allows, and its export.

``srbench train`` stops after a time wherever its learning rate stands then, and exports only what is finished. Here
the speed is measured beside the other trainings, and the recipe gets so many steps that the rate falls to its end in
the time there is.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from gpu.images import HELD
from gpu.priority import PRIORITY, Training
from srbench import paths
from srbench.method import plugins
from srbench.training.budget import measure, still
from srbench.training.data import read_pictures
from srbench.training.method import TrainedMethod
from srbench.training.recipe import Recipe, parse_changes
from srbench.training.trainer import Trainer
from srbench.weights.files import load_state

ROOT = Path(__file__).resolve().parents[3]
CHECKPOINT_MINUTES = 1.0
CAUTION = 0.9  # of the steps that the measured speed promises: others may start meanwhile, and validation takes time


class Lines:
    """Prints a line every 20 seconds, and notes."""

    def __init__(self) -> None:
        self._last = 0.0

    def step(self, step: int, loss: float, psnr: float, seconds_left: float) -> None:
        if time.monotonic() - self._last >= 20:
            self._last = time.monotonic()
            print(f"step {step}, loss {loss:.6f}, validation {psnr:.3f} dB, {seconds_left:.0f} s left", flush=True)

    def note(self, text: str) -> None:
        print(f"note: {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of the training, as in gpu.priority")
    parser.add_argument("--device", required=True)
    parser.add_argument("--images", type=Path, required=True, help="what gpu.images unpacked")
    parser.add_argument("--folder", type=Path, required=True, help="of this training")
    parser.add_argument("--end", type=float, required=True, help="when all ends, in seconds since the epoch")
    parser.add_argument("--warm", type=float, required=True, help="seconds in which the speed is measured")
    parser.add_argument("--set", action="append", default=[], dest="changes", help="change the recipe: key=value")
    parser.add_argument("--rescue", action="store_true", help="export the last checkpoint, and train no more")
    options = parser.parse_args()
    os.nice(10)  # images are read while latencies are measured
    torch.set_num_threads(1)
    training = next(t for t in PRIORITY if t.name == options.name)
    bench = Bench(training, options)
    if options.rescue:
        bench.rescue()
    else:
        bench.train(wait_for(options.folder / "go", options.end))


def wait_for(go: Path, end: float) -> float:
    """Wait for the file ``go`` and return what it holds: when the training is to stop."""
    print("images are read", flush=True)
    while not go.is_file():
        if time.time() > end:
            raise SystemExit("there was no time left for this training")
        time.sleep(0.2)
    return float(go.read_text())


class Bench:
    """The images and the recipe of one training."""

    def __init__(self, training: Training, options: argparse.Namespace) -> None:
        method = plugins.instantiate(plugins.find(training.method)[0])
        if not isinstance(method, TrainedMethod) or not isinstance(method.recipe, Recipe):
            raise SystemExit(f"{training.method} is not trained in steps")
        self.training, self.method = training, method
        self.folder, self.device, self.warm = options.folder, torch.device(options.device), options.warm
        changes = parse_changes(options.changes) | {"checkpoint_minutes": CHECKPOINT_MINUTES}
        self.recipe = method.recipe.changed(changes)
        held = set(json.loads((options.images / HELD).read_text()))
        pictures = read_pictures(sorted(path for path in options.images.iterdir() if path.is_dir()))
        own = [p for p in pictures if p.hash not in held]
        self.patches = method.batches(own, training.scales, self.recipe)
        self.validation = method.validation([p for p in pictures if p.hash in held], training.scales)

    def trainer(self, recipe: Recipe, folder: Path) -> Trainer:
        scales = self.training.scales
        return Trainer(self.method, recipe, scales, self.patches, self.validation, folder, self.device)

    def train(self, until: float) -> None:
        """Train until the time ``until`` and export the averaged weights, finished or not."""
        lines = Lines()
        recipe = self.fitting(until)
        (self.folder / "recipe.json").write_text(as_json(recipe))
        print(f"{recipe.steps} steps", flush=True)
        trainer = self.trainer(recipe, self.folder)
        self.start(trainer)
        outcome = trainer.run(lines, max(0.0, until - time.time()) / 60)
        if not outcome.finished:
            lines.note(f"time is up at step {outcome.step} of {recipe.steps}")
            trainer.export(lines)
        print(f"done: {outcome.step} steps, {outcome.seconds:.0f} s, validation {outcome.psnr:.3f} dB", flush=True)

    def fitting(self, until: float) -> Recipe:
        """The recipe with at most so many steps as fit before ``until``."""
        speed = measure(self.trainer(still(self.recipe), self.folder), self.warm)
        fit = int(CAUTION / speed.step * max(0.0, until - time.time()))
        print(f"{1 / speed.step:.1f} steps a second: {fit} fit, the recipe has {self.recipe.steps}", flush=True)
        steps = max(1, min(self.recipe.steps, fit))
        return self.recipe.changed({"steps": steps, "validate_every": max(10, steps // 8)})

    def start(self, trainer: Trainer) -> None:
        """Start from the weights that :func:`beginning` names, or at random where it names none."""
        found = beginning(self.training, self.method.weight_name(self.training.scales))
        if found is None:
            return
        path, names = found
        state = {key: value.detach().cpu().contiguous() for key, value in trainer.network.state_dict().items()}
        taken = body(state, path, names)
        print(f"{len(taken)} of {len(state)} tensors from {path.name}", flush=True)
        if len(taken) == len(state):
            trainer.init(path)
            return
        merged = self.folder / "start" / f"{path.stem}_body.safetensors"
        merged.parent.mkdir(exist_ok=True)
        safetensors.torch.save_file(state | taken, merged)
        trainer.init(merged)

    def rescue(self) -> None:
        """Export the averaged weights of the last checkpoint, of a training that came to grief."""
        values: dict[str, Any] = json.loads((self.folder / "recipe.json").read_text())
        values["loss"] = dict(values["loss"])
        trainer = self.trainer(self.recipe.changed(values), self.folder)
        trainer.resume()
        trainer.export(Lines())
        print(f"exported the checkpoint of step {trainer.step}", flush=True)


def as_json(recipe: Recipe) -> str:
    """Every key of a recipe, for :meth:`Bench.rescue`."""
    return json.dumps(asdict(recipe))


def beginning(training: Training, own: str) -> tuple[Path, tuple[str, ...]] | None:
    """The file to start from and how the names of the tensors begin that are taken: the training's own weights, whose
    file has the stem ``own``, where there are any and it goes on from them, else another network's."""
    path = weights(own) if training.goes_on else None
    if path is not None:
        return path, ("",)
    if not training.body:
        return None
    path = weights(training.body)
    if path is None:
        raise SystemExit(f"no weights {training.body} to start from")
    return path, training.tensors


def body(own: Mapping[str, Tensor], path: Path, names: tuple[str, ...]) -> dict[str, Tensor]:
    """The tensors of the file ``path`` whose names start like one of ``names`` and whose shapes are those of ``own``,
    in its types."""
    return {
        key: value.to(own[key].dtype)
        for key, value in load_state(path)[0].items()
        if key.startswith(names) and key in own and own[key].shape == value.shape
    }


def weights(stem: str) -> Path | None:
    """The file of weights of that name, of what was carried here first, then of what ships."""
    folders = [*paths.weights(), ROOT / "methods" / "weights"]
    return next((f / f"{stem}.safetensors" for f in folders if (f / f"{stem}.safetensors").is_file()), None)


if __name__ == "__main__":
    main()
