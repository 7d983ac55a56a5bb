"""``srbench degrade``: write LR images, with the hashes of their pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli import names
from srbench.cli.progress import progress
from srbench.cli.shell import OneScale, err, handled, parse_scale
from srbench.cli.upscale import pictures
from srbench.errors import ImageError
from srbench.files import writing


@handled
def command(
    degradation: Annotated[
        str,
        typer.Argument(
            help="A name (srbench list degradations), a chain such as 'blur:1.6 > down > jpeg:40', kernel:FILE.npy, "
            "a .toml or .py file."
        ),
    ],
    images: Annotated[list[Path], typer.Argument(help="Pictures (PNG, BMP, JPEG, TIFF, WebP) or folders of pictures.")],
    scale: OneScale = "4",
    output: Annotated[Path, typer.Option(help="Folder for the LR images, NAME.png, and manifest.toml.")] = Path("lr"),
    seed: Annotated[int, typer.Option(help="Seed of degradations that draw random numbers.")] = 0,
) -> None:
    """Write the LR images of your own pictures, as a run under the protocol basicsr makes them.

    They are PNG files of 8 bits. The manifest says how they were made, and has the hashes of all pixels: the same
    degradation, seed and pictures give the same LR images everywhere.

    Examples:

      srbench degrade bicubic HR/ --scale 4 --output LR/x4

      srbench degrade "blur:1.6 > down > noise:10 > jpeg:40" HR/ --scale 2 --seed 1 --output LR

      srbench degrade "noise:25 > jpeg:40" photo.png --scale 1 --output noisy
    """
    times = parse_scale(scale)
    names.require_degradation(degradation)

    from srbench import degradation as degradations
    from srbench.degradation.images import MANIFEST, Entry, lr_image, write_manifest
    from srbench.imaging.images import read_image, write_image
    from srbench.randomness import checked_seed
    from srbench.wording import counted

    made = degradations.get(degradation, checked_seed(seed))
    made.require_scale(times)
    targets = _targets(pictures(images), output)
    entries = []
    with progress(err()) as shown:
        bar = shown.bar("degrading", len(targets), unit="pictures")
        for number, (target, path) in enumerate(targets.items(), start=1):
            image = lr_image(read_image(path), times, made, path.name)
            with writing(target, "choose another --output", ImageError):
                write_image(target, image.pixels)
            entries.append(Entry.of(target.name, path, image))
            bar.update(number)
        with writing(output / MANIFEST, "choose another --output"):
            write_manifest(output, made, times, seed, entries)
        shown.say(f"wrote {counted(len(entries), 'LR image')} and {MANIFEST} into {output}: {made.name} at x{times}")


def _targets(paths: list[Path], output: Path) -> dict[Path, Path]:
    """LR images by the files that they become; raises ImageError if two would be one file, or replace a picture."""
    targets: dict[Path, Path] = {}
    for path in paths:
        target = output / f"{path.stem}.png"
        if targets.get(target, path) != path:
            raise ImageError(f"'{targets[target]}' and '{path}' would both become '{target}'", "do them one by one")
        if target.resolve() == path.resolve():
            raise ImageError(f"'{path}' would be replaced by its LR image", "choose another --output")
        targets[target] = path
    return targets
