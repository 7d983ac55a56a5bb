"""Train one network by L1 and by L2 with the same steps and batches, and compare the validation PSNR.

python docs/scripts/compare_losses.py T91 BSDS400 --method fsrcnn --steps 4000
"""

import argparse
import tempfile
from pathlib import Path

from srbench.method import plugins
from srbench.training.session import plan


class Quiet:
    def step(self, step: int, loss: float, psnr: float, seconds_left: float) -> None:
        pass

    def note(self, text: str) -> None:
        print(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--method", default="fsrcnn")
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args()
    method = plugins.instantiate(plugins.find(options.method)[0])
    for loss in ("l1", "l2"):
        with tempfile.TemporaryDirectory() as folder:
            changes = {"loss": loss, "steps": options.steps, "validate_every": max(1, options.steps // 4)}
            (job,) = plan(method, options.data, (options.scale,), changes=changes, output=Path(folder))
            trainer = job.trainer(Quiet())
            outcome = trainer.run(Quiet())
            curve = ", ".join(f"{row[4]:.3f}" for row in trainer.rows)
            print(f"{loss}: {outcome.psnr:.3f} dB after {outcome.step} steps, {outcome.seconds:.0f} s ({curve})")


main()
