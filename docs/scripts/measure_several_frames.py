"""What neighbouring frames are worth to networks that were trained on synthetic motion.

    python docs/scripts/measure_several_frames.py CLIPS --data T91 --data BSDS400 [--methods vespcn,rbpn] [--every 1]

CLIPS is a folder of folders of frames, such as Vid4. Printed for each method at x4, in dB of Y:

- held-out synthetic motion: the images that every training holds out, one clip of each, with its neighbours and with
  the target repeated in their place;
- each folder of CLIPS: Y in floating point, all frames, no border cut (protocol vsr-y), LR by bicubic of the uint8 RGB
  frame; beyond the ends of a clip its frames are reflected. The same two values, and bicubic's.
"""

import argparse
import statistics
from pathlib import Path

import torch

from srbench import protocol
from srbench.dataset.folder import image_files
from srbench.degradation.named import Bicubic
from srbench.evaluation.clip import around
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.inference import lr_of, rounded
from srbench.evaluation.reference import bicubic, psnr_of
from srbench.evaluation.scoring import compare
from srbench.imaging.images import read_image
from srbench.method import Method, MethodContext, plugins
from srbench.metrics.psnr import METRIC
from srbench.training.clips import MotionTrained
from srbench.training.data import hold_out, read_pictures

SCALE = 4


def of_clip(method: MotionTrained, examples: list[Example], numbers: range, repeated: bool) -> float:
    """Mean PSNR of the frames of these numbers."""
    luma = (torch.stack([lr_of(method, example) for example in examples]) / 255).to(torch.float32)
    values = []
    for number in numbers:
        neighbours, target = around(number, method.window, len(examples))
        chosen = [number] * len(neighbours) if repeated else neighbours
        with torch.no_grad():
            sr = method.upscale_frames(luma[chosen][None], target, SCALE)[0]
        values.append(METRIC.compute(compare(rounded(sr, examples[number]), examples[number])))
    return statistics.mean(values)


def prepared(name: str) -> MotionTrained:
    method: Method = plugins.instantiate(plugins.find(name)[0])
    assert isinstance(method, MotionTrained)
    method.prepare(SCALE, MethodContext())
    return method


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--methods", default="vespcn,rbpn")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th frame of a clip")
    options = parser.parse_args()
    methods = {name: prepared(name) for name in options.methods.split(",")}
    if options.data:
        recipe = next(iter(methods.values())).recipe
        held = hold_out(read_pictures(options.data), recipe.validation_images, recipe.seed)[1]
        for name, method in methods.items():
            validation, network = method.validation(held, (SCALE,)), method.module(SCALE)
            with_all, alone = (validation.psnr(network, SCALE, method.device, repeated) for repeated in (False, True))
            reference = validation.bicubic(SCALE)
            print(f"synthetic {name}: {with_all:.3f}, repeated {alone:.3f}, bicubic {reference:.3f}", flush=True)
    for folder in sorted(path for path in options.clips.iterdir() if path.is_dir()):
        images = (read_image(path) for path in image_files(folder))
        rules = protocol.get("vsr-y")
        examples = [Example(HrImage(pixels, rules), SCALE, Bicubic()) for pixels in images]
        numbers = range(0, len(examples), options.every)
        reference = statistics.mean(psnr_of(bicubic(), examples[number]) for number in numbers)
        print(f"{folder.name} bicubic: {reference:.3f}", flush=True)
        for name, method in methods.items():
            with_all, alone = (of_clip(method, examples, numbers, repeated) for repeated in (False, True))
            print(f"{folder.name} {name}: {with_all:.3f}, repeated {alone:.3f}", flush=True)


if __name__ == "__main__":
    main()
