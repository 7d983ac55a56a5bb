"""Weights that the training of cascade starts from, made of those of espcn that ship: ``espcn@2 > espcn@2``.

python docs/scripts/start_cascade.py --output start.safetensors
"""

import argparse
from pathlib import Path

from safetensors.torch import save_file

from srbench.method import plugins

SCALE = 4


def network_of(name, scale):
    return plugins.instantiate(plugins.find(name)[0]).module(scale)


def start(name="cascade"):
    """The network of that name, filled."""
    network = plugins.instantiate(plugins.find(name)[0]).build(SCALE)
    weights = network_of("espcn", 2).state_dict()
    network.first.load_state_dict(weights)
    network.second.load_state_dict(weights)
    return network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    save_file({name: value.contiguous() for name, value in start().state_dict().items()}, arguments.output)
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
