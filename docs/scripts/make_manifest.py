"""Write the images and the bicubic PSNR of a dataset as TOML, for a new file under datasets/.

    python docs/scripts/make_manifest.py ../shared/datasets/Set5/HR
    python docs/scripts/make_manifest.py --manifest sample     (recompute an existing manifest's values)

Add title, version, citation, licence and folders by hand, and compare the bicubic values with a published table
before you trust them.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.evaluation import Example, HrImage
from srbench.evaluation.reference import bicubic, mean_psnr
from srbench.protocol import PROTOCOLS
from srbench.tomlfile import literal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("folder", type=Path, nargs="?")
    group.add_argument("--manifest")
    options = parser.parse_args()
    images = []
    if options.manifest:
        manifest = dataset.manifests()[options.manifest]
        paths = dataset.image_paths(manifest)
        for old in manifest.images:
            pixels = dataset.ImageFile(old.name, paths[old.name], old.crop).read()
            facts = dataset.facts_of(pixels, old.file)
            images.append((replace(facts, source=old.source, crop=old.crop), pixels))
    else:
        for file in dataset.find(str(options.folder)).images:
            pixels = file.read()
            images.append((dataset.facts_of(pixels, file.path.name), pixels))
    print("images = [")
    for facts, _ in images:
        entry = f"file = {literal(facts.file)}, size = [{facts.width}, {facts.height}], channels = {facts.channels}"
        entry += f", sha256 = {literal(facts.sha256)}"
        if facts.source:
            entry += f", source = {literal(facts.source)}, crop = {literal(facts.crop or ())}"
        print(f"    {{ {entry} }},")
    print("]\n")
    for protocol in PROTOCOLS.values():
        print(f"[bicubic.{protocol.name}]")
        for scale in (2, 3, 4):
            examples = [Example(HrImage(pixels, protocol), scale, Bicubic()) for _, pixels in images]
            print(f"x{scale} = {mean_psnr(bicubic(), examples):.4f}")
        print()


if __name__ == "__main__":
    with torch.inference_mode():
        main()
