"""Weights that trainings of networks in series, and of the one beside them, start from, made of those that ship.

    python docs/scripts/start_cascade.py cascade --output start.safetensors

cascade begins as ``espcn@2 > espcn@2``, and espcn-wide as espcn: each channel that it has more is a copy of one of
espcn's, and copies share what the one led to (Chen, Goodfellow, Shlens, Net2Net, ICLR 2016). vdsr-on-fsrcnn begins
as fsrcnn with a quarter of what vdsr would add to its image, with which held-out images are best; drcn-on-fsrcnn with a
tenth of drcn's, all of which makes them worse.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from srbench.method import plugins
from srbench.methods.drcn import DrcnNet

SCALE = 4
PARTS = {"vdsr-on-fsrcnn": 0.25, "drcn-on-fsrcnn": 0.1}  # of what a network adds that was trained on bicubic's image
UNEVEN = 0.5  # of the standard deviation of a layer's shared weights: by how much the shares of copies differ


def network_of(name, scale):
    return plugins.instantiate(plugins.find(name)[0]).module(scale)


def widened(network, narrow):
    """Fill an ESPCN with copies of a narrower one's channels; it makes the same images.

    Copies that were alike in all would stay so. Those of one channel differ in what they lead to: in each channel of
    the next layer by other amounts, which add up to what the one led to.
    """
    source = torch.zeros(1, dtype=torch.long)  # of the input's channels: which of the narrow network's they are
    for own, other in zip(convolutions(network), convolutions(narrow), strict=True):
        rows = torch.arange(own.out_channels) % other.out_channels
        copies = torch.nn.functional.one_hot(source, other.in_channels).float()  # (own, narrow)
        copies /= copies.sum(dim=0)
        weight = torch.einsum("oikl,ni->onkl", other.weight[rows], copies)
        noise = UNEVEN * weight.std() * torch.randn(weight.shape)
        noise -= torch.einsum("omkl,mi->oikl", noise, copies)[:, source]  # nothing, over the copies of one
        own.weight.copy_(weight + noise)
        own.bias.copy_(other.bias[rows])
        source = rows


def convolutions(network):
    return [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]


def on_fsrcnn(network, second, part):
    """Fill fsrcnn and what follows it, of which the last layer adds ``part`` of what that of ``second`` does."""
    state = {name: value.clone() for name, value in second.state_dict().items()}
    last = [name for name, value in state.items() if value.dim() == 4][-1].removesuffix(".weight")
    same = torch.zeros_like(state[f"{last}.weight"])
    if f"{last}.bias" in state:
        state[f"{last}.bias"] *= part
    if isinstance(second, DrcnNet):  # whose last layer is shown the image beside its features
        same[:, -1, 1, 1] = 1
    state[f"{last}.weight"] = same + part * (state[f"{last}.weight"] - same)
    first = {f"first.{name}": value for name, value in network_of("fsrcnn", SCALE).state_dict().items()}
    network.load_state_dict(first | state)


def start(name, part=None):
    """The network of that name, filled; ``part`` of what it adds, where it stands on another's image."""
    torch.manual_seed(0)
    network = plugins.instantiate(plugins.find(name)[0]).build(SCALE)
    with torch.no_grad():
        if name == "cascade":
            weights = network_of("espcn", 2).state_dict()
            network.first.load_state_dict(weights)
            network.second.load_state_dict(weights)
        elif name == "espcn-wide":
            widened(network, network_of("espcn", SCALE))
        else:
            on_fsrcnn(network, network_of(name.split("-")[0], SCALE), PARTS[name] if part is None else part)
    return network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=("cascade", "espcn-wide", *PARTS))
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    tensors = {name: value.contiguous() for name, value in start(arguments.name).state_dict().items()}
    save_file(tensors, arguments.output)
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
