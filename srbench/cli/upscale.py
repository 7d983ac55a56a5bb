"""``srbench upscale``: try a method on one's own pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli import names
from srbench.cli.progress import progress
from srbench.cli.shell import SelfEnsemble, Tile, err, handled
from srbench.errors import ImageError, MethodError, SrbenchError
from srbench.files import writing

if TYPE_CHECKING:
    from srbench.imaging.pictures import Picture
    from srbench.method.base import Method


@handled
def command(
    method: Annotated[str, typer.Argument(help="A method's name, a plugin file or a checkpoint.")],
    images: Annotated[list[Path], typer.Argument(help="Pictures (PNG, BMP, JPEG, TIFF, WebP) or folders of pictures.")],
    scale: Annotated[int, typer.Option(min=1, help="Magnification.")] = 4,
    output: Annotated[Path, typer.Option(help="Folder for the results, NAME_METHOD_xSCALE.png.")] = Path("upscaled"),
    tile: Tile = 0,
    self_ensemble: SelfEnsemble = False,
    seed: Annotated[int, typer.Option(help="Seed of methods that draw random numbers.")] = 0,
    alpha: Annotated[bool, typer.Option("--alpha", help="Keep the alpha channel, upscaled by bicubic.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Super-resolve your own pictures.

    A picture of 16 bits per channel gives one of 16 bits.

    Examples:

      srbench upscale tv-map photo.jpg --scale 4 --output upscaled

      srbench upscale ./4x_model.safetensors pictures/ --scale 4
    """
    names.require_methods([method])

    from srbench import api
    from srbench.imaging.pictures import read_picture, write_picture
    from srbench.method.variant import Variant

    loaded = Variant(tile, self_ensemble).apply(api.load(method))
    targets: dict[Path, Path] = {}  # result: picture
    for path in _pictures(images):
        result = output / f"{path.stem}_{loaded.card.name}_x{scale}.png"
        if targets.get(result, path) != path:
            raise ImageError(f"'{targets[result]}' and '{path}' would both become '{result}'", "do them one by one")
        targets[result] = path
    console = err()
    with progress(console) as shown:
        bar = shown.bar("upscaling", len(targets), unit="pictures")
        for number, (result, path) in enumerate(targets.items(), start=1):
            picture = read_picture(path)
            if picture.alpha is not None and not alpha:
                shown.say(f"note: '{path}': the alpha channel is dropped (keep it with --alpha)")
                picture = replace(picture, alpha=None)
            try:
                upscaled = _upscaled(loaded, picture, scale, device, seed)
            except SrbenchError:
                raise
            except Exception as error:
                raise MethodError(
                    f"{loaded.card.name} failed on '{path}': {error!r}", "see it whole with --debug"
                ) from error
            with writing(result, "choose another --output", ImageError):
                write_picture(result, upscaled)
            shown.say(f"wrote {result}")
            bar.update(number)


def _upscaled(method: Method, picture: Picture, scale: int, device: str, seed: int) -> Picture:
    from srbench import api

    pixels = api.upscale(method, picture.pixels, scale, device, seed)
    alpha = None if picture.alpha is None else api.upscale("bicubic", picture.alpha, scale, device)
    return replace(picture, pixels=pixels, alpha=alpha)


def _pictures(paths: list[Path]) -> list[Path]:
    from srbench.dataset.locate import SUFFIXES

    found: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else []
        found += [p for p in inside if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
        found += [] if path.is_dir() else [path]
    if not found:
        raise ImageError("no pictures there", f"srbench reads {', '.join(s[1:].upper() for s in SUFFIXES)}")
    return found
