"""How much of a fine grid methods leave in flat areas: the share of their high-pass power that has period 2.

Of each SR image's luma, [0, 255], what a 5x5 mean takes away is cut into blocks of 16x16. The quarter of the blocks
whose HR luma has the smallest deviation is multiplied by Hann's window and summed as power spectra; the share is that
of the frequencies of period 2 along rows or columns. White noise has 0.12. The table has the mean over the images.

python docs/scripts/measure_grid.py srresnet perceptual srgan --dataset set5
python docs/scripts/measure_grid.py srgan --data T91 --data BSDS400      # the ten images that trainings hold out
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.imaging.color import luma
from srbench.imaging.images import read_image
from srbench.method import MethodContext, plugins
from srbench.training.data import hold_out, picture_planes, read_pictures

SIDE, SCALE = 16, 4


def blocks(x: Tensor) -> Tensor:
    """(H, W) to (N, 16, 16)."""
    height, width = (n // SIDE * SIDE for n in x.shape)
    parts = x[:height, :width].reshape(height // SIDE, SIDE, width // SIDE, SIDE)
    return parts.transpose(1, 2).reshape(-1, SIDE, SIDE)


def share(sr: Tensor, hr: Tensor) -> float:
    """The share of period 2 in flat blocks of luma ``sr``; flat is where luma ``hr`` is. Both (H, W) in [0, 255]."""
    mean = F.avg_pool2d(F.pad(sr[None, None], (2, 2, 2, 2), mode="reflect"), 5, stride=1)[0, 0]
    deviation = blocks(hr).std(dim=(1, 2))
    flat = blocks(sr - mean)[deviation <= deviation.quantile(0.25)]
    window = torch.hann_window(SIDE + 1, periodic=False, dtype=sr.dtype)[:SIDE]
    power = torch.fft.fft2(flat * window[:, None] * window).abs().square().sum(0)
    half = SIDE // 2
    return float((power[half].sum() + power[:, half].sum() - power[half, half]) / power.sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="+")
    parser.add_argument("--dataset", default="set5")
    parser.add_argument("--data", type=Path, action="append", help="folders of training images, in place of a dataset")
    options = parser.parse_args()
    if options.data:
        images = [picture.pixels for picture in hold_out(read_pictures(options.data), 10, 0)[1]]
    else:
        images = [read_image(image.path) for image in dataset.find(options.dataset).images]
    torch.set_num_threads(1)
    for name in options.methods:
        method = plugins.instantiate(plugins.find(name)[0])
        method.prepare(SCALE, MethodContext(torch.device("cpu")))
        shares = []
        for pixels in images:
            height, width = (n // SCALE * SCALE for n in pixels.shape[:2])
            whole = picture_planes(pixels[:height, :width], method.card.fed("luma")).to(torch.float64)
            with torch.no_grad():
                sr = method.upscale((Bicubic()(whole, SCALE) / 255).float()[None], SCALE)[0]
            planes = [255 * sr.clamp(0, 1).to(torch.float64), whole]
            shares.append(share(*(luma(x) if len(x) == 3 else x[0] for x in planes)))
        print(f"{name}: {sum(shares) / len(shares):.3f} ({', '.join(f'{value:.3f}' for value in shares)})", flush=True)


if __name__ == "__main__":
    main()
