"""Write weights from which networks of several frames start: those of the shipped espcn and dbpn, of the target alone.

    python docs/scripts/start_of_several_frames.py FOLDER

makes ``vespcn_x4.safetensors``, ``vespcn_fusion_x4.safetensors`` and ``rbpn_x4.safetensors``, for ``srbench train NAME
DATA --init``. The seed is fixed.
"""

import sys
from pathlib import Path

import torch

from srbench.method import plugins
from srbench.training.state import save_weights

SCALE = 4
BEGUN_AS = {"vespcn": "espcn", "vespcn-fusion": "espcn", "rbpn": "dbpn"}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, single in BEGUN_AS.items():
        method, still = (plugins.instantiate(plugins.find(n)[0]) for n in (name, single))
        torch.manual_seed(0)
        network = method.build(SCALE)
        network.begin_as(still.module(SCALE))
        path = folder / f"{method.weight_name((SCALE,))}.safetensors"
        save_weights(path, network.state_dict(), {"method": method.card.name})
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
