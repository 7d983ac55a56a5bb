"""Weights of srfbn or dbpn at x2 or x3 that a training starts from, made of those at x4.

    python docs/scripts/start_projections.py srfbn 2 --output start.safetensors

Nothing but the projections between the LR and the HR grid depends on the scale. Their kernels are resampled, so that
one covers as much of the image as before: what goes up keeps its values, what comes down its sum.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from srbench.method import plugins

SCALE = 4  # whose weights ship


def shares(scale, kernel, padding, wide, wide_padding):
    """(kernel, wide): the share of each position of a kernel at x4 that lies on each position of one at ``scale``.

    Positions are intervals of an LR pixel's width, counted from where that pixel begins.
    """
    own = (torch.arange(kernel + 1, dtype=torch.float64) - padding) / scale
    theirs = (torch.arange(wide + 1, dtype=torch.float64) - wide_padding) / SCALE
    begin = torch.maximum(own[:-1, None], theirs[None, :-1])
    end = torch.minimum(own[1:, None], theirs[None, 1:])
    return (end - begin).clamp(min=0) * SCALE


def resampled(wide, layer, other, scale):
    """The kernels ``wide`` of ``other``, at x4, for ``layer``."""
    share = shares(scale, layer.kernel_size[0], layer.padding[0], other.kernel_size[0], other.padding[0])
    if isinstance(layer, torch.nn.ConvTranspose2d):  # a mean: a pixel at ``scale`` holds several of x4
        share *= scale / SCALE
    share = share.to(wide.dtype)
    return torch.einsum("ab,oibc,dc->oiad", share, wide, share)


def start(name, scale):
    """The network of that name at ``scale``, filled."""
    method = plugins.instantiate(plugins.find(name)[0])
    network, other = method.build(scale), method.module(SCALE)
    parts = dict(other.named_modules())
    state = other.state_dict()
    for part, layer in network.named_modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d) and layer.stride != (1, 1):
            key = f"{part}.weight"
            state[key] = resampled(state[key], layer, parts[part], scale)
    network.load_state_dict(state)
    return network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=("srfbn", "dbpn"))
    parser.add_argument("scale", type=int, choices=(2, 3))
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    scales = plugins.instantiate(plugins.find(arguments.name)[0]).card.scales
    if arguments.scale not in scales:
        parser.error(f"{arguments.name} is no network for x{arguments.scale}")
    network = start(arguments.name, arguments.scale)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, arguments.output)
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
