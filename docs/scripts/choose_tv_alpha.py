"""Choose tv-map's regularisation weight on training images (never on a test set).

    python docs/scripts/choose_tv_alpha.py BSDS400 --every 8 --sigma 0,5,15,30,50 --protocol classic

Prints the mean PSNR of the centres of every N-th image, for a range of weights at x2, x3 and x4 and noise of every
standard deviation.
"""

import argparse
from pathlib import Path

import torch

from srbench import protocol
from srbench.dataset.folder import image_files
from srbench.degradation import BicubicDown, GaussianNoise, Pipeline
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.reference import bicubic, mean_psnr
from srbench.imaging.images import Pixels, read_image
from srbench.method import MethodContext
from srbench.methods.tv_map import TvMap, weight

FIXED = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # weights times 255, without noise
PARTS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)  # parts of what srbench.methods.tv_map.weight gives


class Weighted(TvMap):
    """tv-map with a weight of its own."""

    alpha: float

    def upscale(self, lr: torch.Tensor, scale: int) -> torch.Tensor:  # type: ignore[override]
        return super().upscale(lr, scale, alpha=self.alpha)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--side", type=int, default=192, help="of the centre that is taken, in pixels")
    parser.add_argument("--sigma", default="0,15,30", help="of the noise, in grey levels")
    parser.add_argument("--protocol", default="classic", choices=("classic", "basicsr"))
    options = parser.parse_args()
    images = [centre(read_image(path), options.side) for path in image_files(options.folder)[:: options.every]]
    print(f"{len(images)} images of {options.folder}, {options.protocol}; PSNR in dB by alpha x 255")
    for sigma in map(float, options.sigma.split(",")):
        steps = (BicubicDown(), GaussianNoise(sigma)) if sigma else (BicubicDown(),)
        degradation = Pipeline(f"noise-{sigma:g}", steps)
        for scale in (2, 3, 4):
            rules = protocol.get(options.protocol)
            examples = [Example(HrImage(image, rules), scale, degradation) for image in images]
            print(f"sigma {sigma:g} x{scale}  bicubic {mean_psnr(bicubic(), examples):.3f}", end="", flush=True)
            parts = [part * weight(scale, sigma) for part in PARTS]
            for alpha in parts if sigma else [value / 255 for value in FIXED]:
                method = Weighted()
                method.alpha = alpha
                method.prepare(scale, MethodContext(degradation=degradation))
                print(f"  {255 * alpha:.3g}: {mean_psnr(method, examples):.3f}", end="", flush=True)
            print()


def centre(image: Pixels, side: int) -> Pixels:
    top, left = (max(0, n - side) // 2 for n in image.shape[:2])
    return image[top : top + side, left : left + side]


if __name__ == "__main__":
    torch.set_num_threads(1)  # small images: threads cost more than they bring
    with torch.inference_mode():
        main()
