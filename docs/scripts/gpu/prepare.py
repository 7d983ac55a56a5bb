"""What travels to the machine: wheels, training images, weights of a content loss."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from gpu import images, wheels

LIMIT = 64 * 2**20  # bytes of the folder
BACKBONE = "squeezenet1_1_features.safetensors"


def main(options: argparse.Namespace) -> None:
    """Fill the folder; other files in its ``weights`` are kept. Raises SystemExit where something is missing or too
    large."""
    target: Path = options.carried
    for name in ("wheels", "work", "site"):
        shutil.rmtree(target / name, ignore_errors=True)
    print(f"wheels: {', '.join(wheels.download(target / 'wheels', options.python))}")
    count, total = images.pack(options.data, target / "images.tar")
    print(f"images: {count} of {total}, {(target / 'images.tar').stat().st_size / 1e6:.1f} MB")
    backbone(target / "weights")
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {size / 2**20:.1f} MiB of at most {LIMIT / 2**20:.0f}")
    if size > LIMIT:
        raise SystemExit(f"'{target}' is larger than {LIMIT} bytes")


def backbone(folder: Path) -> None:
    """Copy the weights of the content loss 'squeeze', which srgan needs."""
    from srbench import paths

    for place in paths.weights():
        if (place / BACKBONE).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / BACKBONE, folder / BACKBONE)
            return
    raise SystemExit(f"no {BACKBONE} on this machine: srbench fetch weights, or set SRBENCH_WEIGHTS")
