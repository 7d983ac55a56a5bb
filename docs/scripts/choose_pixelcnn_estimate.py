"""Which estimate of the PixelCNN prior has the best PSNR on the validation images of its training, and what its
likelihood is with and without the prior. No test set is looked at.

    python docs/scripts/choose_pixelcnn_estimate.py path/to/T91 path/to/BSDS400
"""

import argparse
import statistics
from pathlib import Path

import torch

from srbench import metrics
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare, super_resolve
from srbench.method import plugins
from srbench.methods.pixelcnn import to_levels
from srbench.methods.pixelcnn.likelihood import code_length
from srbench.protocol.base import CLASSIC
from srbench.training.data import hold_out, read_pictures

SCALE = 4


def middle(pixels, side):
    height, width = (min(n, side) // SCALE * SCALE for n in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="the training folders")
    parser.add_argument("--side", type=int, default=160, help="of the middle of every image that is measured")
    parser.add_argument("--samples", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--temperatures", type=float, nargs="+", default=[1.0, 1.1, 1.2])
    options = parser.parse_args()
    method = plugins.instantiate(plugins.find("pixelcnn")[0])
    recipe, network = method.recipe, method.module(SCALE)
    _, held = hold_out(read_pictures(options.folders), recipe.validation_images, recipe.seed)
    examples = [Example(HrImage(middle(p.pixels, options.side), CLASSIC), SCALE, Bicubic()) for p in held]
    measured = [metrics.get(name) for name in ("psnr", "consistency")]

    def line(label):
        pairs = [compare(super_resolve(method, example), example) for example in examples]
        values = [statistics.mean(metric.compute(pair) for pair in pairs) for metric in measured]
        print(f"{label:34s} {values[0]:8.3f} {values[1]:12.2f}", flush=True)

    with torch.no_grad():
        lengths = {"with the prior": [], "conditioning alone": []}
        for example in examples:
            lr, hr = (x[None].to(torch.float32) / 255 for x in (example.lr_rgb, example.hr.expand(3, -1, -1)))
            condition, index = network.condition(lr), to_levels(hr, 256)
            lengths["with the prior"].append(code_length(network.prior, condition, index).bits.mean().item())
            lengths["conditioning alone"].append(code_length(None, condition, index).bits.mean().item())
    for name, values in lengths.items():
        print(f"bits per sub-pixel, {name:20s} {statistics.mean(values):.3f}")
    print(f"{'estimate':34s} {'PSNR':>8s} {'consistency':>12s}")
    for temperature in options.temperatures:
        for samples in options.samples:
            method.temperature, method.samples = temperature, samples
            line(f"{samples} samples, temperature {temperature:g}")
    method.temperature, method.samples = None, 1
    line("likeliest levels")


if __name__ == "__main__":
    main()
