"""The trainer: steps of a recipe on patches, validation on held-out images, checkpoints that resume bit for bit."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from srbench.errors import SrbenchError, TrainingError, UnknownNameError
from srbench.training import state
from srbench.training.adversarial import PIECE, Adversary
from srbench.training.card import TrainingResult
from srbench.training.data import Batches
from srbench.training.export import export
from srbench.training.features import FEATURES, feature_losses
from srbench.training.losses import PIECES, Loss
from srbench.training.method import TrainedMethod
from srbench.training.optimiser import optimiser_of
from srbench.training.precision import Precision, channels_last, resolved
from srbench.training.recipe import AdversarialRecipe, Recipe
from srbench.training.validation import Validation
from srbench.training.views import shown
from srbench.weights.files import load_into

SCHEDULE = ("steps", "validate_every", "warmup")  # the fields of a recipe that a time budget decides
PATIENCE = 0.1  # of the time, before steps that are slower than foreseen shorten a schedule
FORMS = 4  # validations at the end at most: of the average, and of it as exported exactly, in halves and in 8 bits
Draw = Callable[[str, Sequence[float], Sequence[float], Sequence[float]], str]


class Observer(Protocol):
    """What a training reports to; the command line draws it."""

    def step(self, step: int, loss: float, psnr: float, seconds_left: float) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """How a call of :meth:`Trainer.run` ended: after all steps, or stopped (time is up, interrupted)."""

    finished: bool
    step: int
    seconds: float  # of all calls together
    psnr: float  # validation, dB, of the averaged weights
    weights: Path | None  # None where it was interrupted


class Trainer:
    """Trains one network for one scale, or for several that share it.

    Everything random is a function of the recipe's seed and the step; so a training that is stopped and resumed
    on one device gives the same weights, bit for bit, as one that was not.

    Args:
        folder: where checkpoint, log, curve and weights are kept.
        fitted: the recipe's schedule is that of a time budget (:mod:`srbench.training.budget`), which a checkpoint
            keeps: who goes on need not name the number of steps.
    """

    def __init__(
        self,
        method: TrainedMethod,
        recipe: Recipe,
        scales: Sequence[int],
        patches: Batches,
        validation: Validation,
        folder: Path,
        device: torch.device,
        fitted: bool = False,
    ) -> None:
        self.fitted = fitted
        self.method, self.recipe, self.scales = method, recipe, tuple(scales)
        self.patches, self.validation, self.folder, self.device = patches, validation, folder, device
        self.step, self.seconds = 0, 0.0
        self.started_from = ""  # the weights given to init(), for the card
        self.rows: list[list[float]] = []
        self._since: list[float] = []  # losses since the last row of the log
        self._validating = 0.0  # seconds of the last validation
        self.stop = False  # set it from a signal handler or another thread: the step in work is finished first
        self.precision = Precision(resolved(recipe.precision, device), device, recipe.full_precision_from)
        torch.manual_seed(recipe.seed)
        self.networks = {scale: method.build(scale).to(device).train() for scale in self.scales}
        self.network = self.networks[self.scales[0]]
        for other in list(self.networks.values())[1:]:
            _share(self.network, other)
        for network in self.networks.values():
            channels_last(network)
        self.average = {key: value.detach().clone() for key, value in self.network.state_dict().items()}
        self.optimiser, self.scaler = optimiser_of(recipe, self.network), self.precision.scaler()
        self.adversary = self._adversary()
        self.loss = self._loss()

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _adversary(self) -> Adversary | None:
        recipe, scale = self.recipe, max(self.scales)
        if PIECE not in dict(recipe.loss):
            return None
        if not isinstance(recipe, AdversarialRecipe):
            raise TrainingError(
                f"{self.method.card.name} has no discriminator, which the loss '{PIECE}' needs",
                "train a method whose recipe is an AdversarialRecipe (docs/training.md)",
            )
        side = self.patches.side(scale) - 2 * (recipe.shave // scale * scale) - recipe.discriminator_shift
        discriminator = self.method.build_discriminator(scale, side, recipe.discriminator_width)
        return Adversary(discriminator, recipe, self.device, self.precision.scaler())

    def _loss(self) -> Loss:
        names = dict(self.recipe.loss)
        for name in names:
            if name not in (known := {*PIECES, *FEATURES, PIECE}):
                raise UnknownNameError("loss", name, known)
        others = feature_losses(names, self.device)
        others |= {PIECE: self.adversary.deceive} if self.adversary is not None else {}
        return Loss(self.recipe.loss, self.recipe.shave, shown(others, self.recipe, lambda: self.step))

    def init(self, path: Path) -> None:
        """Start from the weights in ``path`` (any file that holds exactly the network's tensors)."""
        audit = load_into(self.network, path)
        self.started_from = f"{path.name}, sha256 {audit.sha256[:16]}"
        self.average = {key: value.detach().clone() for key, value in self.network.state_dict().items()}

    def save(self) -> None:
        """Write everything that going on needs; raises TrainingError, with the previous checkpoint kept."""
        content = {
            "method": self.method.card.name,
            "scales": list(self.scales),
            "recipe": self.recipe.hash,
            "images": self.validation.hash,
            "schedule": {key: getattr(self.recipe, key) for key in SCHEDULE} if self.fitted else {},
            "precision": self.precision.name,
            "started_from": self.started_from,
            "step": self.step,
            "seconds": self.seconds,
            "rows": self.rows,
            "since": self._since,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "adversary": self.adversary.state() if self.adversary is not None else None,
            "rng": torch.get_rng_state(),
            "rng_cuda": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        }
        state.save_checkpoint(self.checkpoint, content)

    def resume(self) -> None:
        """Go on from the checkpoint in the folder, in the precision that the training began with.

        Raises:
            TrainingError: there is none, or it belongs to another method, scale, recipe, set of images or network
                (another width or depth of the method).
        """
        content = state.load_checkpoint(self.checkpoint)
        try:
            self._take_schedule(content.get("schedule", {}), content.get("recipe"))
            self._require_own(content)
            self._restore(content)
        except SrbenchError:
            raise
        except Exception as error:  # values of other types than were saved, tensors of other shapes
            raise state.not_intact(self.checkpoint, error) from error

    def _require_own(self, content: Mapping[str, Any]) -> None:
        own = {
            "method": self.method.card.name,
            "scales": list(self.scales),
            "recipe": self.recipe.hash,
            "images": self.validation.hash,
        }
        for key, value in own.items():
            if content.get(key) != value:
                raise TrainingError(
                    f"the checkpoint '{self.checkpoint}' is of another {key.rstrip('s')} "
                    f"({content.get(key)}, not {value})",
                    "give the same --data, --scale, --recipe and --set as before, or another --output to begin anew",
                )

    def _restore(self, content: Mapping[str, Any]) -> None:
        """Take everything from a checkpoint's content; raises whatever a damaged one comes to."""
        try:
            self.network.load_state_dict(content["network"])
        except RuntimeError as error:  # names every tensor that does not fit, one a line
            reason = " ".join(str(error).split(":", 1)[-1].split())[:200]
            raise TrainingError(
                f"the checkpoint '{self.checkpoint}' is of another network ({reason})",
                "use the variant that it was made with, or another --output to begin anew",
            ) from error
        average = {key: value.to(self.device) for key, value in content["average"].items()}
        if {key: value.shape for key, value in average.items()} != {k: v.shape for k, v in self.average.items()}:
            raise ValueError("the average has not the network's tensors")
        self.average = average
        self.optimiser.load_state_dict(content["optimiser"])
        self.scaler.load_state_dict(content["scaler"])
        if content["precision"] not in ("float32", "bfloat16", "float16"):
            raise ValueError(f"precision {content['precision']}")
        self.precision = replace(self.precision, name=content["precision"])
        if self.adversary is not None:
            self.adversary.load(content["adversary"])
        torch.set_rng_state(content["rng"])
        if content["rng_cuda"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(content["rng_cuda"], self.device)
        self.step, self.seconds = operator.index(content["step"]), float(content["seconds"])
        if not 0 <= self.step <= self.recipe.steps or not 0 <= self.seconds < math.inf:
            raise ValueError(f"step {self.step}, {self.seconds} seconds")
        self.started_from = str(content.get("started_from", ""))
        self.rows = [[float(value) for value in row] for row in content["rows"]]
        if any(len(row) < len(state.COLUMNS) for row in self.rows):
            raise ValueError("rows of the log are cut")
        self._since = [float(loss) for loss in content["since"]]

    def _take_schedule(self, schedule: Mapping[str, int], recipe_hash: object) -> None:
        """Go on by the schedule of a checkpoint that was fitted to a time budget, if only that differs."""
        given = {key: value.__index__() for key, value in schedule.items()}
        if set(given) == set(SCHEDULE) and (recipe := self.recipe.changed(given)).hash == recipe_hash:
            self.fitted = True
            self._follow(recipe)

    def _follow(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.precision = Precision(self.precision.name, self.device, recipe.full_precision_from)

    def _shorten(self, seconds: float, step_seconds: float) -> None:
        """Let a fitted schedule end with the steps that can still be made in ``seconds``, if those are fewer."""
        steps = self.step + max(0, int(seconds / max(step_seconds, 1e-9)))
        if steps < self.recipe.steps:
            self._follow(replace(self.recipe, steps=steps))

    def run(self, observer: Observer, max_minutes: float | None = None, draw: Draw | None = None) -> Outcome:
        """Train until the recipe's last step, ``max_minutes`` from now, or until ``stop`` is set.

        With ``max_minutes`` a training is validated before its first step, and weights, log and curve of what was
        reached are written when the time is up; the time for that is set aside. A fitted schedule is shortened where
        steps take longer than was foreseen, so that its learning rate falls to the end in time.

        Args:
            draw: makes ``curve.svg`` of a title, steps, validation PSNR and losses, at every validation.

        Raises:
            TrainingError: the loss is not finite (the last checkpoint is from before), or no space is left.
        """
        start, before = time.monotonic(), self.seconds
        first, saved = self.step, start
        deadline = math.inf if max_minutes is None else start + 60 * max_minutes
        if max_minutes is not None and self.step == 0:
            self._log(draw)
        began = time.monotonic()
        with ThreadPoolExecutor(1) as loader:
            ahead: Future[tuple[Tensor, Tensor, int]] | None = None
            while self.step < self.recipe.steps and not self.stop:
                batch = ahead.result() if ahead else self._batch(self.step)
                ahead = loader.submit(self._batch, self.step + 1)
                self._since.append(self._train(*batch))
                warning = self.adversary.warning() if self.adversary is not None else None
                if warning is not None:
                    observer.note(warning)
                self.step += 1
                now = time.monotonic()
                self.seconds, each = before + now - start, (now - began) / (self.step - first)
                time_left = deadline - now - FORMS * self._validating
                if self.fitted and now - began >= PATIENCE * (deadline - began):
                    self._shorten(time_left, each)
                if self.step % self.recipe.validate_every == 0 or self.step == self.recipe.steps:
                    self._log(draw)
                left = (self.recipe.steps - self.step) * each
                loss = self._since[-1] if self._since else self.rows[-1][3]
                observer.step(self.step, loss, self.psnr, max(0.0, min(left, time_left)))
                if time_left <= 0:
                    break
                if now - saved >= 60 * self.recipe.checkpoint_minutes:
                    self.save()
                    saved = now
        self.seconds = before + time.monotonic() - start
        self.save()
        finished = self.step >= self.recipe.steps
        psnr, weights = self.psnr, None
        if finished or (max_minutes is not None and not self.stop):
            if self._since:  # not kept: a training in pieces has the log of one in one piece
                psnr = self._log(draw, keep=False)
            weights = self.export(observer)
        return Outcome(finished, self.step, self.seconds, psnr, weights)

    def single_step(self, step: int) -> None:
        """Make the step of that number, out of turn: for measuring how long steps take."""
        self.step = step
        self._train(*self._batch(step))

    @property
    def psnr(self) -> float:
        """The last validation PSNR; NaN before the first."""
        return self.rows[-1][4] if self.rows else math.nan

    def _batch(self, step: int) -> tuple[Tensor, Tensor, int]:
        return self.patches.batch(step, self.recipe.seed, self.recipe.batch)

    def _train(self, lr: Tensor, hr: Tensor, scale: int) -> float:
        recipe, rate = self.recipe, self.recipe.rate(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        lr, hr = (x.to(self.device, non_blocking=True, memory_format=torch.channels_last) for x in (lr, hr))
        mixed = self.precision.autocast(self.step)
        with mixed:
            progress = self.step / max(1, recipe.steps - 1)
            loss = self.method.training_loss(self.networks[scale], lr, hr, scale, progress, self.loss)
        value = float(loss.detach())
        if not math.isfinite(value):
            known = (
                f"the last good checkpoint is '{self.checkpoint}'" if self.checkpoint.is_file() else "no checkpoint yet"
            )
            raise TrainingError(
                f"the loss is {value} at step {self.step}; {known}",
                "lower the learning rate (--set learning_rate=...) or set clip_norm",
            )
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(self.optimiser)
        parameters = [p for p in self.network.parameters() if p.grad is not None]
        if recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(parameters, recipe.clip_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self.adversary is not None:
            self.adversary.update(self.step, mixed)
        # A young average would still hold the random start; it forgets faster at first.
        decay = min(recipe.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            current = self.network.state_dict()
            floating = [key for key, value in current.items() if value.is_floating_point()]
            torch._foreach_lerp_([self.average[k] for k in floating], [current[k] for k in floating], 1 - decay)
            for key in current.keys() - floating:
                self.average[key].copy_(current[key])
        return value

    def _log(self, draw: Draw | None, *, keep: bool = True) -> float:
        """Validate, and write the log and the curve with what was found; the PSNR in dB.

        Args:
            keep: go on from this row; else it is of these two files alone.
        """
        psnr = self.validate(self.average)
        mean = sum(self._since) / len(self._since) if self._since else math.nan
        row = [float(self.step), self.seconds, self.recipe.rate(max(0, self.step - 1)), mean, psnr]
        if self.adversary is not None:
            row.append(self.adversary.accuracy(len(self._since)))
        rows = [*self.rows, row]
        if keep:
            self.rows, self._since = rows, []
        state.write_log(self.folder / "log.csv", rows)
        if draw is not None:
            title = f"{self.method.card.title}, {', '.join(f'x{s}' for s in self.scales)}"
            steps, losses, values = ([row[column] for row in rows] for column in (0, 3, 4))
            state.write_text(self.folder / "curve.svg", draw(title, steps, values, losses))
        return psnr

    def validate(self, weights: dict[str, Tensor]) -> float:
        """Mean validation PSNR over images and scales with ``weights`` in place of the network's own."""
        start = time.monotonic()
        values = self.validation.with_weights(self.networks, weights, self.device)
        self._validating = time.monotonic() - start
        return sum(values.values()) / len(values)

    def export(self, observer: Observer) -> Path:
        """Write the averaged weights and their card."""
        result = TrainingResult(
            self.method,
            self.recipe,
            self.networks,
            self.average,
            self.patches.images,
            self.step,
            self.seconds,
            self.device,
            self.precision.name,
            self.started_from,
        )
        return export(result, self.validation, self.folder, observer).path


def _share(source: nn.Module, other: nn.Module) -> None:
    """Make ``other`` hold the very parameters of ``source``, by name."""
    own = dict(source.named_parameters())
    if own.keys() != dict(other.named_parameters()).keys():
        raise TrainingError("the networks of joint scales have different parameters", "train each scale alone")
    for name, parameter in own.items():
        parent, _, leaf = name.rpartition(".")
        setattr(other.get_submodule(parent), leaf, parameter)
