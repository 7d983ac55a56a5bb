"""Train a narrow EDSR without and with batch normalisation, same seed, batches and steps, and compare.

python docs/scripts/compare_batch_norm.py T91 --steps 800

The network with it has a normalisation behind every convolution at LR size but the first, where SRResNet has them, and
starts as interpolation by the same gains of zero as SRResNet here. Prints the validation PSNR of both and of bicubic;
of the second also when it normalises by each image's own statistics, as in training; and what a step costs: processor
time, and memory of what the backward pass keeps.
"""

import argparse
import copy
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from srbench.methods.edsr import Edsr, EdsrNet
from srbench.training.session import plan
from srbench.training.start import silence
from srbench.training.trainer import Trainer

WIDTH, BLOCKS = 16, 8


class Without(Edsr):
    def build(self, scale: int) -> nn.Module:
        return EdsrNet(scale, WIDTH, BLOCKS)


class With(Edsr):
    def build(self, scale: int) -> nn.Module:
        network = EdsrNet(scale, WIDTH, BLOCKS)
        for block in network.blocks:
            first, activation, second = block.body
            last = nn.BatchNorm2d(WIDTH)
            nn.init.zeros_(last.weight)
            block.body = nn.Sequential(first, nn.BatchNorm2d(WIDTH), activation, unsilenced(second), last)
        after = nn.BatchNorm2d(WIDTH)
        silence(after, 3)
        network.after = nn.Sequential(unsilenced(network.after), after)
        return network


def unsilenced(conv: nn.Conv2d) -> nn.Conv2d:
    """EDSR starts as interpolation by convolutions that begin at zero. A normalisation behind such a one divides by its
    spread and so undoes that from the first step; there its gain begins at zero instead. Both at zero would stay so.
    """
    conv.reset_parameters()
    return conv


class Quiet:
    def step(self, step: int, loss: float, psnr: float, seconds_left: float) -> None:
        pass

    def note(self, text: str) -> None:
        print(text)


def by_own_statistics(trainer: Trainer, scale: int) -> float:
    """Validation PSNR (dB) when every image is normalised by its own statistics."""
    network = copy.deepcopy(trainer.network)
    network.load_state_dict(trainer.average)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = module.running_var = None
    return trainer.validation.psnr(network, scale, trainer.device)


def cost(trainers: list[Trainer]) -> list[tuple[float, float]]:
    """(seconds of processor time, MB kept for the backward pass) of a step, the trainers taking turns."""
    seconds: list[list[float]] = [[] for _ in trainers]
    kept: list[dict[int, int]] = [{} for _ in trainers]
    for turn in range(10):
        for n, trainer in enumerate(trainers):
            lr, hr, _ = trainer.patches.batch(turn, 0, trainer.recipe.batch)

            def keep(x: Tensor, own: dict[int, int] = kept[n]) -> Tensor:
                own[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
                return x

            kept[n].clear()
            start = time.process_time()
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
                (trainer.network(lr) - hr).abs().mean().backward()
            seconds[n].append(time.process_time() - start)
    return [(sorted(s)[len(s) // 2], sum(k.values()) / 1e6) for s, k in zip(seconds, kept, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--patch", type=int, default=96)
    parser.add_argument("--rate", type=float, default=1e-3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    changes = {
        "steps": options.steps,
        "batch": options.batch,
        "patch": options.patch,
        "learning_rate": options.rate,
        "rescale": [1.0],
        "ema": 0.99,
        "validate_every": max(1, options.steps // 4),
    }
    trainers = []
    for name, method in (("without", Without()), ("with", With())):
        with tempfile.TemporaryDirectory() as folder:
            (job,) = plan(method, options.data, (options.scale,), "cpu", changes, Path(folder))
            trainer = job.trainer(Quiet())
            outcome = trainer.run(Quiet())
        trainers.append(trainer)
        curve = ", ".join(f"{row[4]:.3f}" for row in trainer.rows)
        print(f"{name}: {outcome.psnr:.3f} dB after {outcome.step} steps ({curve})", flush=True)
    print(f"bicubic: {trainers[0].validation.bicubic(options.scale):.3f} dB")
    print(f"with, each image by its own statistics: {by_own_statistics(trainers[1], options.scale):.3f} dB")
    for name, (seconds, megabytes) in zip(("without", "with"), cost(trainers), strict=True):
        print(f"{name}: {1000 * seconds:.0f} ms of processor time and {megabytes:.1f} MB kept a step")


main()
