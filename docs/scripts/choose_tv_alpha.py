"""Choose tv-map's regularisation weight on training images (never on a test set).

    python docs/scripts/choose_tv_alpha.py ../shared/datasets/train/BSDS400 --every 8

Prints the mean PSNR (classic protocol) on every N-th image for a range of weights at x2, x3 and x4.
"""

import argparse
from pathlib import Path

import torch

from srbench import protocol
from srbench.dataset.folder import image_files
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage
from srbench.imaging.color import round_half_up
from srbench.imaging.images import read_image
from srbench.methods.bicubic import Bicubic as BicubicMethod
from srbench.methods.tv_map import TvMap
from srbench.metrics.psnr import psnr

ALPHAS = (0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.7, 1.0)  # times 1/255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=8)
    options = parser.parse_args()
    files = image_files(options.folder)[:: options.every]
    images = [read_image(path) for path in files]
    print(f"{len(images)} images of {options.folder}")
    for scale in (2, 3, 4):
        examples = [Example(HrImage(image, protocol.CLASSIC), scale, Bicubic()) for image in images]
        print(f"x{scale}  bicubic {_mean(BicubicMethod().upscale, examples):.3f}", end="", flush=True)
        for alpha in ALPHAS:
            mean = _mean(lambda lr, s, a=alpha: TvMap().upscale(lr, s, alpha=a / 255), examples)
            print(f"  {alpha}/255 {mean:.3f}", end="", flush=True)
        print()


def _mean(upscale, examples: list[Example]) -> float:  # type: ignore[no-untyped-def]
    total = 0.0
    for example in examples:
        sr = upscale(example.lr_luma[None, None].float() / 255, example.scale)[0, 0]
        shave = example.shave
        pair = (round_half_up(sr * 255), example.hr_luma)
        total += psnr(*(x[shave:-shave, shave:-shave] for x in pair)).item()
    return total / len(examples)


if __name__ == "__main__":
    with torch.inference_mode():
        main()
