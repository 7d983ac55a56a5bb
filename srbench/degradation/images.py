"""LR images as files: whole pictures degraded as a run under a protocol of 8 bits has them, and their manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from srbench.degradation.base import Degradation
from srbench.errors import ImageError
from srbench.files import write_text
from srbench.imaging.images import Pixels, as_rgb, pixel_hash
from srbench.protocol.base import BASICSR, Protocol
from srbench.tomlfile import literal
from srbench.version import __version__

MANIFEST = "manifest.toml"


@dataclass(frozen=True)
class LrImage:
    """An LR image and the part of the HR image that it shows; both uint8, (H, W) or (H, W, 3)."""

    pixels: Pixels
    hr: Pixels


def lr_frames(
    pixels: Pixels, scale: float, degradation: Degradation, name: str = "", protocol: Protocol = BASICSR
) -> list[LrImage]:
    """The LR image of a picture, or the frames of its burst, the target frame first: of RGB of 8 bits, as protocols
    that round LR images have it.

    A grey picture is degraded as three equal channels, and its LR image is grey where these are equal.

    Args:
        pixels: uint8 (H, W) or (H, W, 3).
        name: of the picture, for messages.
        protocol: whose sizes the HR image is cut to.

    Raises:
        ImageError: the picture is too small to leave a pixel.
        SrbenchError: the degradation does not make an LR image of it.
    """
    sizes = protocol.sizes(scale, *pixels.shape[:2])
    if min(sizes.lr) < 1:
        raise ImageError(
            f"{name or 'an image'} of {pixels.shape[1]}x{pixels.shape[0]} is too small at x{scale}",
            "use a larger image or a smaller scale",
        )
    hr = np.ascontiguousarray(pixels[: sizes.hr[0], : sizes.hr[1]])
    planes = torch.from_numpy(np.ascontiguousarray(as_rgb(hr).transpose(2, 0, 1)))
    frames = degradation.burst(planes, scale).permute(0, 2, 3, 1).numpy()
    grey = pixels.ndim == 2 and bool((frames == frames[..., :1]).all())
    return [LrImage(np.ascontiguousarray(lr[..., 0] if grey else lr), hr) for lr in frames]


@dataclass(frozen=True)
class Entry:
    """An image of a manifest: its file and the hash of its pixels, and those of the HR image; of a frame of a burst how
    it is moved, (dy, dx) in LR pixels."""

    file: str
    source: str
    lr: tuple[int, int]  # (height, width)
    hr: tuple[int, int]
    lr_sha256: str
    hr_sha256: str
    shift: tuple[float, float] | None = None

    @classmethod
    def of(cls, file: str, source: Path, image: LrImage, shift: tuple[float, float] | None = None) -> Entry:
        (height, width), (tall, wide) = image.pixels.shape[:2], image.hr.shape[:2]
        hashes = pixel_hash(image.pixels), pixel_hash(image.hr)
        return cls(file, source.name, (height, width), (tall, wide), *hashes, shift)


def write_manifest(folder: Path, degradation: Degradation, scale: float, seed: int, entries: Iterable[Entry]) -> None:
    """Say in ``folder`` how its LR images were made, and what they are.

    Raises:
        OSError: it cannot be written.
    """
    head = {
        **{"srbench": __version__, "degradation": degradation.name, "key": degradation.key},
        **{"scale": scale, "seed": seed},
        **({"frames": degradation.frames} if degradation.frames > 1 else {}),
    }
    lines = [f"{name} = {literal(value)}" for name, value in head.items()]
    for entry in entries:
        facts = {
            **{"file": entry.file, "width": entry.lr[1], "height": entry.lr[0], "sha256": entry.lr_sha256},
            **{"hr": entry.source, "hr_width": entry.hr[1], "hr_height": entry.hr[0], "hr_sha256": entry.hr_sha256},
        }
        moved = {} if entry.shift is None else {"shift_down": entry.shift[0], "shift_right": entry.shift[1]}
        lines += ["", "[[images]]", *(f"{name} = {literal(value)}" for name, value in (facts | moved).items())]
    write_text(folder / MANIFEST, "\n".join(lines) + "\n")
