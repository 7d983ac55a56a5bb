"""What registration costs methods of several frames: bursts with shifts that are known, and with shifts that are found.

python docs/scripts/measure_registration.py set5

Prints, for every chain, the mean PSNR of Y under 'classic' of back-projection of the target frame alone, of each method
with the shifts told and with the shifts found, and by how many LR pixels found shifts are off.
"""

import argparse

import numpy as np
import torch
from torch import Tensor

from srbench import dataset, degradation, protocol
from srbench.evaluation.example import HrImage
from srbench.imaging.registration import shift_between
from srbench.method import MethodContext, plugins

ALONE = "back-projection"
METHODS = ("frame-average", "shift-and-add", "multi-frame-back-projection", "multi-frame-tv")
CHAINS = ("down", "down:nearest:first", "down > noise:5", "down:nearest:first > noise:5")


def psnr(sr: Tensor, hr: Tensor, scale: int) -> float:
    error = (sr[0, 0].double() * 255).clamp(0, 255).round() - hr
    return float(10 * torch.log10(255**2 / error[scale:-scale, scale:-scale].square().mean()))


def lumas(data: str, scale: int) -> list[Tensor]:
    """Y of every image (H, W), as 'classic' measures it, cut to the scale."""
    found = [HrImage(image.read(), protocol.CLASSIC).luma for image in dataset.find(data).images]
    return [y[: y.shape[0] // scale * scale, : y.shape[1] // scale * scale] for y in found]


def measure(chain: str, kind: str, images: list[Tensor], scale: int, count: int) -> None:
    made = degradation.get(f"burst:{count}:{kind} > {chain}")
    shifts = made.shifts(scale)
    bursts = [(made.burst(hr, scale) / 255).float()[None, :, None] for hr in images]
    off = [
        float(np.abs(np.subtract(shift_between(frames[0, 0], frames[0, t]), shifts[t].numpy())).max())
        for frames in bursts
        for t in range(1, count)
    ]
    print(f"burst:{count}:{kind} > {chain}: shifts off by {np.mean(off):.4f} LR pixels, at most {max(off):.4f}")
    for name in (ALONE, *METHODS):
        method = plugins.instantiate(plugins.find(name)[0])
        method.prepare(scale, MethodContext(degradation=made))
        several = method.card.multi_frame
        for told in (shifts, None) if several else (None,):
            with torch.no_grad():
                made_of = [
                    method.upscale_frames(frames, 0, scale, told) if several else method.upscale(frames[:, 0], scale)
                    for frames in bursts
                ]
            values = [psnr(sr, hr, scale) for sr, hr in zip(made_of, images, strict=True)]
            which = " known" if told is not None else " found" if several else ""
            print(f"  {name}{which}: {np.mean(values):.2f} ({min(values):.2f} at least)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", help="a dataset's name or folder")
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--shifts", choices=("grid", "random"), default="grid")
    parser.add_argument("--chains", nargs="+", default=CHAINS)
    own = parser.parse_args()
    images = lumas(own.data, own.scale)
    for chain in own.chains:
        measure(chain, own.shifts, images, own.scale, own.frames)


if __name__ == "__main__":
    main()
