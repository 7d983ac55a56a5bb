"""Image files made by hand, with whatever tags a test wants."""

import itertools
import struct
import zlib

import numpy as np
import pytest


def packed(codes):
    """Codes of 9 bits, the first bit of a byte first."""
    bits = "".join(f"{code:09b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8) if bits else b""


def lzw(data):
    """TIFF's LZW without its point: every byte as it is, and the table cleared before a code takes 10 bits."""
    codes = []
    for start in range(0, len(data), 200):
        codes += [256, *data[start : start + 200]]
    return packed([*codes, 257])


def packbits(data):
    parts = (data[start : start + 128] for start in range(0, len(data), 128))
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


COMPRESSIONS = {1: bytes, 5: lzw, 8: zlib.compress, 32773: packbits}


def strips(values, planar, rows, tile):
    """The parts of an image in the order of a TIFF file, each (rows, columns, channels)."""
    planes = np.moveaxis(values, 2, 0)[..., None] if planar else [values]
    for plane in planes:
        if tile:
            for top, left in itertools.product(range(0, len(plane), tile), range(0, plane.shape[1], tile)):
                part = plane[top : top + tile, left : left + tile]
                yield np.pad(part, [(0, tile - part.shape[0]), (0, tile - part.shape[1]), (0, 0)])
        else:
            yield from (plane[top : top + rows] for top in range(0, len(plane), rows))


@pytest.fixture
def tiff():
    """Writes a TIFF of ``values`` (H, W, C), uint8 or uint16."""

    def write(
        path, values, photometric, *, compression=1, predictor=1, planar=False, rows=4, tile=0, order="<", **more
    ):
        tags = {256: [values.shape[1]], 257: [values.shape[0]], 258: [8 * values.itemsize] * values.shape[2]}
        tags |= {259: [compression], 262: [photometric], 277: [values.shape[2]], 284: [2 if planar else 1]}
        tags |= {322: [tile], 323: [tile]} if tile else {278: [rows]}
        tags |= {317: [predictor]} if predictor != 1 else {}
        body, offsets, counts = b"", [], []
        for part in strips(values, planar, rows, tile):
            if predictor == 2:
                part = np.diff(part, axis=1, prepend=part.dtype.type(0))
            data = COMPRESSIONS[compression](part.astype(part.dtype.newbyteorder(order)).tobytes())
            offsets.append(8 + len(body))
            counts.append(len(data))
            body += data + b"\0" * (len(data) % 2)
        tags |= {324: offsets, 325: counts} if tile else {273: offsets, 279: counts}
        tags |= {int(tag[1:]): value for tag, value in more.items()}  # t338: the tag 338
        behind = 8 + len(body) + 2 + 12 * len(tags) + 4
        entries, far = b"", b""
        for tag, numbers in sorted(tags.items()):
            kind, letter = (4, "I") if tag in (273, 279, 324, 325) else (3, "H")
            data = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
            if len(data) > 4:
                field = struct.pack(order + "I", behind + len(far))
                far += data
            else:
                field = data.ljust(4, b"\0")
            entries += struct.pack(order + "HHI", tag, kind, len(numbers)) + field
        mark = b"II" if order == "<" else b"MM"
        head = mark + struct.pack(order + "HI", 42, 8 + len(body))
        count = struct.pack(order + "H", len(tags))
        path.write_bytes(head + body + count + entries + bytes(4) + far)

    return write
