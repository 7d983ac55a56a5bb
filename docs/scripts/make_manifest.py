"""Write the images and the bicubic PSNR of a dataset as TOML, for a new file under datasets/.

    python docs/scripts/make_manifest.py ../shared/datasets/Set5/HR
    python docs/scripts/make_manifest.py ../shared/datasets/Vid4     (clips, each in a folder of its own)
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
from srbench.evaluation.reference import bicubic, mean_psnr, psnr_of
from srbench.protocol import PROTOCOLS
from srbench.tomlfile import literal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("folder", type=Path, nargs="?")
    group.add_argument("--manifest")
    options = parser.parse_args()
    clips = dataset.find(options.manifest or str(options.folder)).clips()
    if clips:
        print_clips(clips)
        return
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


def print_clips(clips: dict[str, list[dataset.ImageFile]]) -> None:
    """The table of each clip, and the hashes of all frames at the end of the file, where they are in nobody's way."""
    for clip, frames in clips.items():
        pixels = [frame.read() for frame in frames]
        height, width = pixels[0].shape[:2]
        print(f"[[clips]]\nname = {literal(clip)}\nframes = {len(frames)}\nsize = [{width}, {height}]\n")
        for name in ("vsr-y", "basicsr"):
            print(f"[clips.bicubic.{name}]")
            for scale in (2, 3, 4):
                examples = (Example(HrImage(own, PROTOCOLS[name]), scale, Bicubic()) for own in pixels)
                values = [psnr_of(bicubic(), example) for example in examples]
                print(f"x{scale} = {sum(values) / len(values):.4f}")
            print()
    print("[pixels]")
    for clip, frames in clips.items():
        print(f"{clip if clip.isidentifier() else literal(clip)} = [")
        for frame in frames:
            print(f"    {literal(dataset.facts_of(frame.read(), frame.path.name).sha256)},")
        print("]")


if __name__ == "__main__":
    with torch.inference_mode():
        main()
