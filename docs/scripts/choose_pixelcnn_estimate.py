"""What the PixelCNN prior is worth on the validation images of its training: bits per sub-pixel at some temperatures,
of the conditioning alone, and of PNG and lossless WebP, which do not see the LR image; then PSNR and LR consistency of
its estimates. No test set is looked at.

    python docs/scripts/choose_pixelcnn_estimate.py path/to/T91 path/to/BSDS400
"""

import argparse
import io
import statistics
from pathlib import Path

import torch
from PIL import Image

from srbench import metrics
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare, super_resolve
from srbench.method import plugins
from srbench.methods.pixelcnn import to_levels
from srbench.methods.pixelcnn.likelihood import code_length
from srbench.protocol.base import CLASSIC
from srbench.training.data import hold_out, read_pictures

SCALE = 4
FILES = {
    "PNG": {"format": "PNG", "optimize": True},
    "WebP": {"format": "WEBP", "lossless": True, "quality": 100, "method": 6},
}


def middle(pixels, side):
    height, width = (min(n, side) // SCALE * SCALE for n in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def file_bits(pixels, options):
    """Bits per sub-pixel of an image file, its headers included."""
    stream = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(stream, **options)
    return 8 * stream.tell() / (3 * pixels.shape[0] * pixels.shape[1])


@torch.no_grad()
def print_bits(network, examples, temperatures):
    rows = {f"temperature {t:g}": [] for t in temperatures} | {"conditioning alone": []}
    for example in examples:
        lr, hr = (x[None].to(torch.float32) / 255 for x in (example.lr_rgb, example.hr.expand(3, -1, -1)))
        condition, index = network.condition(lr), to_levels(hr, 256)
        found = [code_length(network.prior, condition, index, t) for t in temperatures]
        for row, length in zip(rows.values(), [*found, code_length(None, condition, index)], strict=True):
            row.append(length.bits.mean(dim=(0, 1, 2)))
    print(f"{'bits per sub-pixel':22s} {'mean':>6s} {'R':>6s} {'G':>6s} {'B':>6s}   of each image")
    for name, row in rows.items():
        channels = torch.stack(row)
        values = [channels.mean(), *channels.mean(dim=0)]
        each = " ".join(f"{value:.2f}" for value in channels.mean(dim=1))
        print(f"{name:22s} {' '.join(f'{value:6.3f}' for value in values)}   {each}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="the training folders")
    parser.add_argument("--side", type=int, default=112, help="of the middle of every image that is measured")
    parser.add_argument("--samples", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--temperatures", type=float, nargs="+", default=[1.0, 1.1, 1.2, 1.3])
    parser.add_argument("--drawn", type=float, nargs="*", help="temperatures of the samples (default: the shipped one)")
    options = parser.parse_args()
    method, greedy, alone = (
        plugins.instantiate(plugins.find(name)[0]) for name in ("pixelcnn", "pixelcnn-greedy", "pixelcnn-conditioning")
    )
    recipe, network = method.recipe, method.module(SCALE)
    _, held = hold_out(read_pictures(options.folders), recipe.validation_images, recipe.seed)
    parts = [middle(p.pixels, options.side) for p in held]
    examples = [Example(HrImage(part, CLASSIC), SCALE, Bicubic()) for part in parts]
    print_bits(network, examples, options.temperatures)
    for name, how in FILES.items():
        each = [file_bits(part, how) for part in parts]
        print(f"{name:22s} {statistics.mean(each):6.3f} {'':20s}   {' '.join(f'{value:.2f}' for value in each)}")
    measured = [metrics.get(name) for name in ("psnr", "consistency")]

    def line(label, estimate):
        pairs = [compare(super_resolve(estimate, example), example) for example in examples]
        values = [statistics.mean(metric.compute(pair) for pair in pairs) for metric in measured]
        print(f"{label:34s} {values[0]:8.3f} {values[1]:12.2f}", flush=True)

    print(f"{'estimate':34s} {'PSNR':>8s} {'consistency':>12s}")
    line("means of the conditioning", alone)
    line("likeliest levels", greedy)
    for temperature in options.drawn or [method.temperature]:
        for samples in options.samples:
            method.temperature, method.samples = temperature, samples
            line(f"{samples} samples, temperature {temperature:g}", method)


if __name__ == "__main__":
    main()
