"""``srbench upscale``: try a method on one's own pictures and clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli import names
from srbench.cli.progress import progress
from srbench.cli.shell import OneScale, Precision, SelfEnsemble, State, Tile, err, handled, parse_scale
from srbench.errors import ImageError, MethodError, SrbenchError
from srbench.files import replace_file, safe_name, writing
from srbench.scale import enlarged_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from srbench.cli.progress import Progress
    from srbench.evaluation.strips import Strip
    from srbench.imaging.pictures import Deep, Picture
    from srbench.method.base import Method


@handled
def command(
    method: Annotated[
        str, typer.Argument(help="A name, a plugin file or a checkpoint, also NAME=FILE, edsr=FILE, 'A@2 > B@2'.")
    ],
    images: Annotated[
        list[Path],
        typer.Argument(help="Pictures (PNG, BMP, JPEG, TIFF, WebP), videos (mp4, mkv, avi, webm, gif), or folders."),
    ],
    scale: OneScale = "4",
    output: Annotated[
        Path, typer.Option(help="Folder for the results, NAME_METHOD_xSCALE.png; or the video that a clip becomes.")
    ] = Path("upscaled"),
    tile: Tile = 0,
    self_ensemble: SelfEnsemble = False,
    precision: Precision = "fp32",
    seed: Annotated[int, typer.Option(help="Seed of methods that draw random numbers.")] = 0,
    state: State = "",
    alpha: Annotated[bool, typer.Option("--alpha", help="Keep the alpha channel, upscaled by bicubic.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    clip: Annotated[bool, typer.Option("--clip", help="Take a folder as the frames of one clip, in order.")] = False,
    frames: Annotated[
        int | None, typer.Option(min=1, max=64, help="How many frames at a time a method of several frames sees.")
    ] = None,
    fps: Annotated[
        str, typer.Option(metavar="NUMBER", help="Frames a second of the video that a folder of frames becomes (25).")
    ] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a clip that was stopped.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Make a clip anew over what is there.")] = False,
) -> None:
    """Super-resolve your own pictures and clips.

    A picture of 16 bits per channel gives one of 16 bits. A video becomes a folder of frames, or a video where --output
    is one (it needs pip install 'srbench[video]').

    Examples:

      srbench upscale tv-map photo.jpg --scale 4 --output upscaled

      srbench upscale ./4x_model.safetensors pictures/ --scale 4

      srbench upscale fsrcnn clip.mp4 --scale 2 --output large.mp4
    """
    times = parse_scale(scale)
    names.require_device(device)
    names.require_methods([method])

    from srbench import api
    from srbench.cli import upscale_clip
    from srbench.method.plugins import in_state
    from srbench.method.variant import Variant
    from srbench.randomness import checked_seed
    from srbench.run.loaded import yours

    seed = checked_seed(seed)
    if resume and force:
        raise SrbenchError("--resume and --force exclude each other", "--force begins anew, --resume goes on")
    rate = upscale_clip.parse_rate(fps)
    options = upscale_clip.ClipOptions(output, times, device, seed, frames, rate, clip, resume, force)
    variant = Variant(tile, self_ensemble, precision)
    (spec,) = in_state([method], state)
    loaded = variant.apply(api.load(spec))
    clips, others = upscale_clip.split_clips(images, loaded, options)
    with progress(err()) as shown:
        for line in yours([loaded]):
            shown.note(line)
        for path in clips:
            upscale_clip.upscale(loaded, spec, variant.key, path, options, shown)
        if others:
            _upscale_pictures(loaded, pictures(others), times, device, seed, output, alpha, shown)


def _upscale_pictures(
    loaded: Method,
    paths: list[Path],
    scale: float,
    device: str,
    seed: int,
    output: Path,
    alpha: bool,
    shown: Progress,
) -> None:
    from srbench.imaging.pictures import read_picture
    from srbench.results.handling import encode, remarks

    targets: dict[Path, Path] = {}  # result: picture
    for path in paths:
        result = output / f"{path.stem}_{safe_name(loaded.card.name)}_x{scale}.png"
        if targets.get(result, path) != path:
            raise ImageError(f"'{targets[result]}' and '{path}' would both become '{result}'", "do them one by one")
        targets[result] = path
    bar = shown.bar("upscaling", len(targets), unit="pictures")
    for number, (result, path) in enumerate(targets.items(), start=1):
        picture = read_picture(path)
        if picture.alpha is not None and not alpha:
            shown.say(f"note: '{path}': the alpha channel is dropped (keep it with --alpha)")
            picture = replace(picture, alpha=None)
        with writing(result, "choose another --output", ImageError):
            share = _upscale(loaded, picture, scale, device, seed, path, result)
        for remark in remarks([encode(out_of_range=share)]):
            shown.say(f"note: '{path}', {remark.word}: {remark.reason}")
        shown.say(f"wrote {result}")
        bar.update(number)


def _upscale(
    method: Method, picture: Picture, scale: float, device: str, seed: int, source: Path, target: Path
) -> float:
    """Write a picture's strips as they are made, so that a large one is never held whole; returns the share of the
    method's values that were out of range."""
    from srbench.evaluation.strips import bicubic
    from srbench.imaging.pictures import Picture
    from srbench.imaging.pngs import PngRows
    from srbench.machine import resolve_device
    from srbench.method.base import MethodContext, prepare

    method.require_scale(scale)
    prepare(method, scale, MethodContext(resolve_device(device), seed))
    pixels, alpha = picture.pixels, picture.alpha
    channels = (1 if pixels.ndim == 2 else 3) + (alpha is not None)
    share = 0.0
    with replace_file(target) as stream:
        height, width = enlarged_size(pixels.shape[:2], scale)
        file = PngRows(stream, height, width, channels, pixels.dtype)
        for strip in _strips(method, pixels, scale, source):
            rows = None if alpha is None else bicubic(alpha, strip.first, strip.last, scale)
            file.write(Picture(strip.pixels, rows).planes())
            share += strip.out_of_range * (strip.last - strip.first) / pixels.shape[0]
        file.close()
    return share


def _strips(method: Method, pixels: Deep, scale: float, source: Path) -> Iterator[Strip]:
    from srbench.evaluation.strips import strips

    try:
        yield from strips(method, pixels, scale)
    except SrbenchError:
        raise
    except Exception as error:
        raise MethodError(f"{method.card.name} failed on '{source}': {error!r}", "see it whole with --debug") from error


def pictures(paths: list[Path]) -> list[Path]:
    """Files, with those of folders; raises ImageError where there is none."""
    from srbench.dataset.folder import SUFFIXES, image_files

    found: list[Path] = []
    for path in paths:
        found += image_files(path) if path.is_dir() else [path]
    if not found:
        raise ImageError("no pictures there", f"srbench reads {', '.join(s[1:].upper() for s in SUFFIXES)}")
    return found
