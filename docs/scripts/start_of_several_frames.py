"""Write the weights from which vespcn starts: those of the shipped espcn, which sees the middle frame.

    python docs/scripts/start_of_several_frames.py FOLDER

makes ``vespcn_x4.safetensors``, for ``srbench train vespcn DATA --init``. The seed is fixed.
"""

import sys
from pathlib import Path

import torch

from srbench.method import plugins
from srbench.training.state import save_weights

SCALE = 4


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    method, still = (plugins.instantiate(plugins.find(name)[0]) for name in ("vespcn", "espcn"))
    torch.manual_seed(0)
    network = method.build(SCALE)
    network.begin_as(still.module(SCALE))
    path = folder / f"{method.weight_name((SCALE,))}.safetensors"
    save_weights(path, network.state_dict(), {"method": method.card.name})
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
