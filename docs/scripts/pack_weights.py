"""Write the weights of trained methods anew, in 8 bits where the method's ``packed`` says so and it costs little.

Measured is the mean PSNR on the images that trainings hold out of the folders; a file that would lose 0.005 dB at one
of its scales stays as it is. With ``--parts`` no file is written: lines say what each part would change.

python docs/scripts/pack_weights.py srresnet lapsrn --data T91 --data BSDS400
python docs/scripts/pack_weights.py srresnet --data T91 --data BSDS400 --parts first. blocks. last.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from srbench.method import plugins
from srbench.training import TrainedMethod
from srbench.training.data import Picture, hold_out, read_pictures
from srbench.training.state import save_weights
from srbench.weights.packing import pack, unpack

LIMIT = 0.005  # dB


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file as they are written, and its metadata."""
    with safe_open(path, "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118


def single(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state, packed or not, as a network loads it: in single precision."""
    return {key: value.float() if value.is_floating_point() else value for key, value in unpack(state).items()}


def cost(
    method: TrainedMethod,
    pictures: list[Picture],
    state: dict[str, Tensor],
    packed: dict[str, Tensor],
    scales: Sequence[int],
) -> dict[int, float]:
    """dB that ``packed`` loses against ``state`` on ``pictures``, by scale."""
    validation = method.validation(pictures, scales)

    def psnr(form: dict[str, Tensor], scale: int) -> float:
        network = method.build(scale)
        network.load_state_dict(single(form))
        return validation.psnr(network, scale, torch.device("cpu"))

    return {scale: psnr(state, scale) - psnr(packed, scale) for scale in scales}


def size(state: dict[str, Tensor]) -> int:
    return sum(value.numel() * value.element_size() for value in state.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="+")
    parser.add_argument("--data", type=Path, action="append", required=True, help="folders of training images")
    parser.add_argument("--parts", nargs="+", default=[], help="names that tensors begin with: each measured alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pictures = hold_out(read_pictures(options.data), 10, 0)[1]
    for name in options.methods:
        method = plugins.instantiate(plugins.find(name)[0])
        for path in method.weight_files():
            state, metadata = read(path)
            scales = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["scales"]
            for parts in [(part,) for part in options.parts] or [method.packed]:
                packed = pack(single(state), parts)
                lost = cost(method, pictures, state, packed, scales)
                words = ", ".join(f"x{scale} {-value:+.5f} dB" for scale, value in lost.items())
                print(f"{path.stem} {','.join(parts)}: {size(state)} to {size(packed)} bytes, {words}", flush=True)
                if not options.parts and max(lost.values()) < LIMIT and size(packed) < size(state):
                    save_weights(path, packed, metadata)


if __name__ == "__main__":
    main()
