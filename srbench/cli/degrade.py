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
    output: Annotated[
        Path,
        typer.Option(help="Folder for the LR images, NAME.png, of a burst its frames NAME/00.png, and manifest.toml."),
    ] = Path("lr"),
    seed: Annotated[int, typer.Option(help="Seed of degradations that draw random numbers.")] = 0,
) -> None:
    """Write the LR images of your own pictures, as a run under the protocol basicsr makes them.

    They are PNG files of 8 bits. The manifest says how they were made, and has the hashes of all pixels: the same
    degradation, seed and pictures give the same LR images everywhere.

    Examples:

      srbench degrade bicubic HR/ --scale 4 --output LR/x4

      srbench degrade "blur:1.6 > down > noise:10 > jpeg:40" HR/ --scale 2 --seed 1 --output LR

      srbench degrade "noise:25 > jpeg:40" photo.png --scale 1 --output noisy

      srbench degrade "burst:4 > down > noise:5" photo.png --scale 2 --output burst
    """
    times = parse_scale(scale)
    names.require_degradation(degradation)

    from srbench import degradation as degradations
    from srbench.degradation.images import MANIFEST, Entry, lr_frames, write_manifest
    from srbench.imaging.images import read_image, write_image
    from srbench.randomness import checked_seed
    from srbench.wording import counted

    made = degradations.get(degradation, checked_seed(seed))
    made.require_scale(times)
    targets = _targets(pictures(images), output, made.frames)
    shifts = [None] if made.frames == 1 else [(down, right) for down, right in made.shifts(times).tolist()]
    entries = []
    with progress(err()) as shown:
        bar = shown.bar("degrading", len(targets), unit="pictures")
        for number, (path, files) in enumerate(targets.items(), start=1):
            frames = lr_frames(read_image(path), times, made, path.name)
            for file, image, shift in zip(files, frames, shifts, strict=True):
                with writing(file, "choose another --output", ImageError):
                    write_image(file, image.pixels)
                entries.append(Entry.of(file.relative_to(output).as_posix(), path, image, shift))
            bar.update(number)
        with writing(output / MANIFEST, "choose another --output"):
            write_manifest(output, made, times, seed, entries)
        what = counted(len(entries), "LR image")
        if made.frames > 1:
            what = f"{counted(len(targets), 'burst')} of {made.frames} frames"
        shown.say(f"wrote {what} and {MANIFEST} into {output}: {made.name} at x{times}")


def _targets(paths: list[Path], output: Path, frames: int) -> dict[Path, list[Path]]:
    """The files that pictures become: an LR image, or the frames of a burst. Raises ImageError if two pictures would be
    one file, or one be replaced."""
    targets: dict[Path, list[Path]] = {}
    taken: dict[Path, Path] = {}
    for path in paths:
        files = [output / path.stem / f"{frame:02}.png" for frame in range(frames)]
        if frames == 1:
            files = [output / f"{path.stem}.png"]
        if taken.setdefault(files[0], path) != path:
            raise ImageError(f"'{taken[files[0]]}' and '{path}' would both become '{files[0]}'", "do them one by one")
        if path.resolve() in {file.resolve() for file in files}:
            raise ImageError(f"'{path}' would be replaced by its LR image", "choose another --output")
        targets[path] = files
    return targets
