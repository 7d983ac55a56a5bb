"""``srbench upscale``: try a method on one's own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.shell import err, handled
from srbench.errors import ImageError


@handled
def command(
    method: Annotated[str, typer.Argument(help="A method's name, a plugin file or a checkpoint.")],
    images: Annotated[list[Path], typer.Argument(help="Pictures (PNG, BMP, JPEG) or folders of pictures.")],
    scale: Annotated[int, typer.Option(min=1, help="Magnification.")] = 4,
    output: Annotated[Path, typer.Option(help="Folder for the results, NAME_METHOD_xSCALE.png.")] = Path("upscaled"),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Super-resolve your own pictures.

    Examples:

      srbench upscale tv-map photo.jpg --scale 4 --output upscaled

      srbench upscale ./4x_model.safetensors pictures/ --scale 4
    """
    from rich.progress import track

    from srbench import api
    from srbench.images import SUFFIXES, read_image, write_image

    paths: list[Path] = []
    for path in images:
        paths += sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    if not paths:
        raise ImageError("no pictures there", f"srbench reads {', '.join(s[1:].upper() for s in SUFFIXES)}")
    loaded = api.load(method, device)
    console = err()
    steps = track(paths, "upscaling", console=console, transient=True) if console.is_terminal else paths
    for path in steps:
        result = output / f"{path.stem}_{loaded.card.name}_x{scale}.png"
        write_image(result, api.upscale(loaded, read_image(path), scale))
        console.print(f"wrote {result}", markup=False)
