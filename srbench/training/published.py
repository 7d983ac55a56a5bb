"""Published numbers as a table in a method's file, compact enough to be checked against the paper by eye."""

from __future__ import annotations

from collections.abc import Mapping

from srbench.method.base import Published

Row = tuple[int, float, float | None]  # scale, PSNR, SSIM


def published(
    source: str, table: Mapping[str, tuple[Row, ...]], *, size: str, images: str, protocol: str = "classic"
) -> tuple[Published, ...]:
    """{dataset: ((scale, PSNR, SSIM or None), ...)}, printed in ``source``.

    Args:
        size, images, protocol: of the network that the numbers are of, see :class:`srbench.method.Published`.
    """
    found = []
    for dataset, rows in table.items():
        for scale, psnr, ssim in rows:
            found.append(Published(dataset, scale, "psnr", psnr, source, protocol, size, images))
            if ssim is not None:
                found.append(Published(dataset, scale, "ssim", ssim, source, protocol, size, images))
    return tuple(found)
