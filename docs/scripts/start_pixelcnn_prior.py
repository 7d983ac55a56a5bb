"""Weights that the recipe ``prior`` of pixelcnn starts from: the conditioning network of another file, and a new prior
whose first layer foretells R, G and B by linear regression.

    python docs/scripts/start_pixelcnn_prior.py path/to/T91 path/to/BSDS400 --output start.safetensors

A level is nearly a linear function of its neighbours, which are nearly equal: gradient descent finds such a function
slowly, least squares at once. Errors are weighted as Student's t weighs them, so that edges do not decide.
"""

import argparse
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from srbench.errors import WeightsError
from srbench.method import plugins
from srbench.methods.pixelcnn import to_levels, to_unit
from srbench.methods.pixelcnn.expert import SHARPEST, STEEPEST
from srbench.methods.pixelcnn.method import CONTEXT, LEVELS, PixelCnnNet
from srbench.training.data import Patches, hold_out, read_pictures
from srbench.training.losses import inside
from srbench.weights.files import load_into

ROUNDS = 6  # of reweighting
FREEDOM = 3.0  # degrees of Student's t
SEED = 1


def pasts(prior, y):
    """What the first layer sees of every pixel that has it all, with a 1 at the end, (pixels, inputs), and the pixels,
    (pixels, channels). The taps of the vertical stack stand before those of the horizontal one."""
    up, side, left = prior.first_vertical.up, prior.first_vertical.side, prior.first_horizontal.side
    margin = max(side, left)
    height, width = y.shape[2] - up, y.shape[3] - margin - side

    def moved(rows, columns):
        return y[:, :, up - rows :, margin + columns :][:, :, :height, :width]

    taps = [moved(up - i, j - side) for i, j in prior.first_vertical.mask.nonzero().tolist()]
    taps += [moved(0, j - left) for j in range(left)]
    inputs = torch.cat([*taps, torch.ones_like(taps[0][:, :1])], dim=1)
    return inputs.permute(0, 2, 3, 1).flatten(0, 2), moved(0, 0).permute(0, 2, 3, 1).flatten(0, 2)


def regression(inputs, wanted):
    """Weights (inputs,) and the scale of the errors' t distribution."""
    weights, scale = torch.ones_like(wanted), 1.0
    for _ in range(ROUNDS):
        weighted = inputs * weights[:, None]
        square = (weighted.T @ inputs).double()
        square += 1e-6 * square.diagonal().mean() * torch.eye(len(square), dtype=torch.float64)
        found = torch.linalg.solve(square, (weighted.T @ wanted).double()).float()
        errors = wanted - inputs @ found
        scale = float((weights * errors.square()).mean().sqrt())
        weights = (FREEDOM + 1) / (FREEDOM + (errors / scale).square())
    return found, scale


@torch.no_grad()
def start(prior, y):
    """Put regressions over the pixels of ``y`` (N, C, H, W) in [-1, 1] into a new ``prior``."""
    inputs, here = pasts(prior, y)
    channels = prior.channels
    for c, head in enumerate(prior.heads):
        found, scale = regression(torch.cat([inputs, here[:, :c]], dim=1), here[:, c])
        print(f"channel {c}: a t distribution of scale {scale * (LEVELS - 1) / 2:.2f} levels", flush=True)
        bias, current = found[inputs.shape[1] - 1], found[inputs.shape[1] :]
        of_taps = found[: inputs.shape[1] - 1].view(-1, channels)
        above, places = channels + c, prior.first_vertical.mask.nonzero().tolist()
        prior.first_vertical.weight[above] = 0
        for (i, j), weights in zip(places, of_taps, strict=False):
            prior.first_vertical.weight[above, :channels, i, j] = weights
        prior.first_horizontal.weight[c] = 0
        prior.first_horizontal.weight[c, :channels, 0] = of_taps[len(places) :].T
        head.shape.weight[0] = 0
        head.shape.weight[0, [c, above]] = 1
        head.shape.weight[0, prior.width : prior.width + c] = current
        precision, tails = (FREEDOM + 1) / FREEDOM / scale**2, (FREEDOM + 1) / 2
        head.shape.bias[0] = bias
        head.shape.bias[1] = SHARPEST * math.atanh(math.log(precision) / SHARPEST)
        head.shape.bias[2] = STEEPEST * math.atanh(math.log(tails) / STEEPEST)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="the training folders")
    parser.add_argument("--conditioning", type=Path, help="whose conditioning network is taken (default: what ships)")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    method = plugins.instantiate(plugins.find("pixelcnn")[0])
    recipe = method.recipes["prior"]
    torch.manual_seed(SEED)
    network = PixelCnnNet()
    new = {key: value.clone() for key, value in network.prior.state_dict().items()}
    audit = load_into(network, options.conditioning or method.weight_path(4), allow_partial=True)
    if lacking := [key for key in audit.missing if key.startswith("conditioning.")]:
        raise WeightsError(f"no conditioning network of this kind in '{audit.path}': no {lacking[0]}")
    network.prior.load_state_dict(new)
    pictures, _ = hold_out(read_pictures(options.folders), recipe.validation_images, recipe.seed)
    patches = Patches(pictures, (4,), recipe.patch, recipe.rescale, recipe.by_folder, "rgb")
    _, hr, _ = patches.batch(0, SEED, 256)
    start(network.prior, to_unit(to_levels(inside(hr, 4 * CONTEXT), LEVELS), LEVELS))
    save_file({key: value.detach().contiguous() for key, value in network.state_dict().items()}, options.output)


if __name__ == "__main__":
    main()
