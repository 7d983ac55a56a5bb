"""Image files as they are found: of 8 and 16 bits the same picture, only promised formats, none too large."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import EpsImagePlugin, Image, ImageOps

from srbench.errors import ImageError, SrbenchWarning
from srbench.imaging.images import read_image
from srbench.imaging.pictures import read_picture
from srbench.imaging.pngs import chunk

GREY, RGB, CMYK = 1, 2, 5
STRAIGHT, ASSOCIATED, UNKNOWN = {"t338": [2]}, {"t338": [1]}, {"t338": [0]}
TIFFS = {  # photometric, channels, other tags
    "grey": (GREY, 1, {}),
    "white is zero": (0, 1, {}),
    "white is zero, with alpha": (0, 2, STRAIGHT),
    "grey with alpha": (GREY, 2, STRAIGHT),
    "grey with associated alpha": (GREY, 2, ASSOCIATED),
    "grey and something": (GREY, 2, UNKNOWN),
    "rgb": (RGB, 3, {}),
    "rgb of big-endian order": (RGB, 3, {"order": ">"}),
    "rgb with alpha": (RGB, 4, STRAIGHT),
    "rgb and a channel without a word": (RGB, 4, {}),
    "rgb and something": (RGB, 4, UNKNOWN),
    "rgb with associated alpha": (RGB, 4, ASSOCIATED),
    "cmyk": (CMYK, 4, {}),
    "cmyk with alpha": (CMYK, 5, STRAIGHT),
    "planar rgb": (RGB, 3, {"planar": True}),
    "planar rgb with associated alpha": (RGB, 4, {"planar": True} | ASSOCIATED),
    "planar cmyk": (CMYK, 4, {"planar": True}),
    "planar grey with alpha": (GREY, 2, {"planar": True} | STRAIGHT),
    "tiles": (RGB, 3, {"tile": 16}),
    "planar tiles": (RGB, 3, {"tile": 16, "planar": True}),
    "one strip": (RGB, 3, {"rows": 100}),
    "lzw": (RGB, 3, {"compression": 5}),
    "lzw of grey": (GREY, 1, {"compression": 5}),
    "lzw with predictor": (RGB, 3, {"compression": 5, "predictor": 2}),
    "lzw with predictor, big-endian": (RGB, 3, {"compression": 5, "predictor": 2, "order": ">"}),
    "lzw, planar, with predictor": (RGB, 3, {"compression": 5, "predictor": 2, "planar": True}),
    "lzw in tiles": (RGB, 4, {"compression": 5, "tile": 16} | STRAIGHT),
    "deflate": (RGB, 3, {"compression": 8}),
    "deflate with predictor": (RGB, 4, {"compression": 8, "predictor": 2} | ASSOCIATED),
    "packbits": (RGB, 3, {"compression": 32773}),
} | {f"orientation {number}": (RGB, 4, {"t274": [number]} | STRAIGHT) for number in range(1, 9)}


def both_depths(path, write, values):
    """The pictures of the file that ``write`` makes of ``values`` and of 257 times the values."""
    write(path, values)
    shallow = read_picture(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SrbenchWarning)  # of alpha that is dropped
        assert np.array_equal(read_image(path), shallow.pixels)
    write(path, values.astype(np.uint16) * 257)
    with pytest.raises(ImageError, match="more than 8 bits per channel"):
        read_image(path)
    return shallow, read_picture(path)


def agree(shallow, deep, *, exact):
    assert (shallow.alpha is None) == (deep.alpha is None)
    for small, large in ((shallow.pixels, deep.pixels), (shallow.alpha, deep.alpha)):
        if small is not None:
            assert (small.dtype, large.dtype) == (np.uint8, np.uint16)
            if exact:
                assert np.array_equal(large, small.astype(np.uint16) * 257)
            else:  # what is rounded to 8 bits
                assert np.array_equal((large.astype(int) + 128) // 257, small)


@pytest.mark.parametrize("name", TIFFS)
def test_a_tiff_of_16_bits_is_the_picture_of_8_bits(tmp_path, rng, tiff, name):
    photometric, channels, tags = TIFFS[name]
    values = rng.integers(0, 256, (21, 37, channels), np.uint8)
    if tags.get("t338") == [1]:  # what is multiplied by alpha is not larger
        values = (values.astype(int) * values[..., -1:] // 255).astype(np.uint8)
    path = tmp_path / "x.tif"
    shallow, deep = both_depths(path, lambda path, values: tiff(path, values, photometric, **tags), values)
    agree(shallow, deep, exact=photometric != CMYK and tags.get("t338") != [1])
    tiff(path, values, photometric, **tags)
    expected, alpha = by_pillow(path)
    if expected is not None:
        assert (shallow.alpha is None) == (alpha is None)
        # Pillow cuts off what is left of a division by alpha.
        apart = np.abs(shallow.pixels.astype(int) - expected)
        assert apart.max() <= (tags.get("t338") == [1])
        assert alpha is None or np.array_equal(shallow.alpha, alpha)


def by_pillow(path):
    """Pixels and alpha as Pillow has them, or None where it cannot read the file."""
    try:
        with Image.open(path) as upright:
            upright.load()
    except (OSError, ValueError):
        return None, None
    if upright.mode == "La":
        return None, None  # cannot be converted
    if upright.mode in ("LA", "RGBA"):
        planes = np.asarray(upright)
        return planes[..., 0] if upright.mode == "LA" else planes[..., :3], planes[..., -1]
    return np.asarray(upright if upright.mode == "L" else upright.convert("RGB")).astype(int), None


def test_tifffile_reads_the_files_of_these_tests_alike(tmp_path, rng, tiff):
    values = rng.integers(0, 65536, (21, 37, 3), np.uint16)
    for tags in ({}, {"order": ">"}, {"planar": True}, {"tile": 16}, {"compression": 8, "predictor": 2}):
        tiff(tmp_path / "x.tif", values, RGB, **tags)
        found = tifffile.imread(tmp_path / "x.tif")
        assert np.array_equal(np.moveaxis(found, 0, 2) if "planar" in tags else found, values)
        assert np.array_equal(read_picture(tmp_path / "x.tif").pixels, values)


def test_what_tifffile_and_pillow_write_is_read(tmp_path, rng):
    values = rng.integers(0, 65536, (21, 37, 3), np.uint16)
    for options in ({}, {"bigtiff": True}, {"compression": "zlib", "predictor": True}, {"tile": (16, 32)}):
        tifffile.imwrite(tmp_path / "x.tif", values, photometric="rgb", **options)
        assert np.array_equal(read_picture(tmp_path / "x.tif").pixels, values)
    Image.fromarray(values[..., 0]).save(tmp_path / "x.tif", compression="tiff_lzw")
    assert np.array_equal(read_picture(tmp_path / "x.tif").pixels, values[..., 0])


def test_cmyk_is_what_pillow_makes_of_it(tmp_path):
    ink, black = np.mgrid[:256, :256].astype(np.uint8)
    image = Image.fromarray(np.stack([ink, ink[::-1], ink, black], axis=-1), "CMYK")
    image.save(tmp_path / "x.tif")
    assert np.array_equal(read_image(tmp_path / "x.tif"), np.asarray(image.convert("RGB")))
    image.save(tmp_path / "x.jpg")
    with Image.open(tmp_path / "x.jpg") as again:
        assert np.array_equal(read_image(tmp_path / "x.jpg"), np.asarray(again.convert("RGB")))


PNGS = {  # channels, options of pypng, orientation, whether EXIF stands behind the pixels
    "grey": (1, {}, 1, False),
    "grey with alpha": (2, {}, 1, False),
    "rgb": (3, {}, 1, False),
    "rgb with alpha": (4, {}, 1, False),
    "grey with a transparent level": (1, {"transparent": 77}, 1, False),
    "rgb with a transparent colour": (3, {"transparent": (77, 0, 255)}, 1, False),
    "interlaced": (4, {"interlace": True}, 1, False),
    "turned and transparent": (3, {"transparent": (77, 0, 255)}, 6, False),
} | {f"orientation {number}": (3, {}, number, number % 2 == 0) for number in range(2, 9)}


@pytest.mark.parametrize("name", PNGS)
def test_a_png_of_16_bits_is_the_picture_of_8_bits(tmp_path, rng, name):
    channels, options, orientation, behind = PNGS[name]
    values = rng.choice(np.array([0, 77, 255, 130], np.uint8), (21, 37, channels))

    def write(path, values):
        step = 257 if values.dtype == np.uint16 else 1
        more = dict(options)
        if "transparent" in more:
            more["transparent"] = tuple((np.atleast_1d(more["transparent"]) * step).tolist())
            more["transparent"] = more["transparent"][0] if channels == 1 else more["transparent"]
        stream = io.BytesIO()
        writer = png.Writer(
            37, 21, greyscale=channels < 3, alpha=channels in (2, 4), bitdepth=8 * values.itemsize, **more
        )
        writer.write(stream, values.reshape(21, -1))
        exif = Image.Exif()
        exif[0x0112] = orientation
        note = chunk(b"eXIf", exif.tobytes()[6:])
        data = stream.getvalue()
        place = len(data) - 12 if behind else 33
        path.write_bytes(data[:place] + note + data[place:])

    shallow, deep = both_depths(tmp_path / "x.png", write, values)
    agree(shallow, deep, exact=True)
    assert (shallow.alpha is not None) == (channels in (2, 4) or "transparent" in options)
    if "transparent" in options:
        hidden = (shallow.pixels.reshape(*shallow.pixels.shape[:2], -1) == options["transparent"]).all(axis=2)
        assert 0 < hidden.sum() < hidden.size
        assert np.array_equal(shallow.alpha, np.where(hidden, 0, 255))
    write(tmp_path / "x.png", values)
    with Image.open(tmp_path / "x.png") as image:
        expected = ImageOps.exif_transpose(image)
        expected = np.asarray(expected.convert("L" if channels < 3 else "RGB"))
    assert np.array_equal(shallow.pixels, expected)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_level_of_few_bits_is_found(tmp_path, bits):
    levels = np.arange(2**bits, dtype=np.uint8)[None].repeat(2, axis=0)
    writer = png.Writer(2**bits, 2, greyscale=True, bitdepth=bits, transparent=1)
    with (tmp_path / "x.png").open("wb") as stream:
        writer.write(stream, levels)
    found = read_picture(tmp_path / "x.png")
    assert np.array_equal(found.pixels, levels * (255 // (2**bits - 1)))
    assert np.array_equal(found.alpha, np.where(levels == 1, 0, 255))


def bmp16(path, values, masks=None):
    """A BMP of 16 bits per pixel: 5 bits per channel, or by ``masks``."""
    height, width = values.shape
    rows = np.zeros((height, width + width % 2), "<u2")
    rows[:, :width] = values[::-1]
    behind = struct.pack("<3I", *masks) if masks else b""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 16, 3 if masks else 0, rows.nbytes, 2835, 2835, 0, 0)
    start = 54 + len(behind)
    path.write_bytes(b"BM" + struct.pack("<IHHI", start + rows.nbytes, 0, 0, start) + header + behind + rows.tobytes())


@pytest.mark.parametrize("suffix", ["bmp", *(pytest.param(name, marks=pytest.mark.slow) for name in ("tiff", "png"))])
def test_every_width_is_read(tmp_path, rng, suffix):
    path = tmp_path / f"x.{suffix}"
    pixels = rng.integers(0, 256, (2, 600, 3), np.uint8)
    for width in range(1, 601):
        part = np.ascontiguousarray(pixels[:, :width])
        for image in (Image.fromarray(part), Image.fromarray(part[..., 0]), Image.fromarray(part[..., 0] > 99)):
            image.save(path)
            expected = np.asarray(image.convert("L") if image.mode == "1" else image)
            assert np.array_equal(read_image(path), expected), (width, image.mode)


@pytest.mark.parametrize("masks", [None, (0xF800, 0x07E0, 0x001F)], ids=["555", "565"])
def test_every_width_of_a_bmp_of_16_bits_per_pixel_is_read(tmp_path, rng, masks):
    values = rng.integers(0, 65536 if masks else 32768, (2, 600), np.uint16)
    for width in range(1, 601):
        bmp16(tmp_path / "x.bmp", values[:, :width], masks)
        bits = ((11, 32), (5, 64), (0, 32)) if masks else ((10, 32), (5, 32), (0, 32))
        planes = [(values[:, :width] >> shift) % count * 255 / (count - 1) for shift, count in bits]
        assert np.abs(read_image(tmp_path / "x.bmp") - np.stack(planes, axis=-1)).max() <= 1, width


@pytest.mark.parametrize("kind", ["int16", "12 bits", "float16", "jpeg", "palette"])
def test_other_samples_of_more_than_8_bits_are_refused_with_a_way_out(tmp_path, rng, tiff, kind):
    values = rng.integers(0, 4096, (5, 6, 1), np.uint16)
    tags = {"int16": {"t339": [2]}, "float16": {"t339": [3]}, "jpeg": {"t259": [7]}, "12 bits": {"t258": [12]}}
    tiff(tmp_path / "x.tif", values, 3 if kind == "palette" else GREY, **tags.get(kind, {}))
    with pytest.raises(ImageError, match=r"x\.tif.*(neither grey nor RGB|not read at 16 bits)") as error:
        read_picture(tmp_path / "x.tif")
    assert "intact copy" not in error.value.hint
    with pytest.raises(ImageError, match="more than 8 bits"):
        read_image(tmp_path / "x.tif")


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("wrong", [{"t257": [80]}, {"t257": [50], "t278": [50]}, {"t273": [10**6]}, {"t257": [0]}])
def test_a_tiff_that_holds_less_than_it_says_is_an_error(tmp_path, rng, tiff, compression, dtype, wrong):
    values = rng.integers(0, 256, (40, 40, 3)).astype(dtype)
    tiff(tmp_path / "x.tif", values, RGB, compression=compression, rows=40, **wrong)
    with pytest.raises(ImageError, match=r"cannot decode .*x\.tif"):
        read_picture(tmp_path / "x.tif")


def test_more_channels_than_colours_and_alpha_are_refused_at_both_depths(tmp_path, rng, tiff):
    for dtype in (np.uint8, np.uint16):
        tiff(tmp_path / "x.tif", rng.integers(0, 99, (5, 4, 6)).astype(dtype), RGB, t338=[0, 0, 0])
        with pytest.raises(ImageError, match="neither grey nor RGB"):
            read_picture(tmp_path / "x.tif")


def large_png16(path, width, height):
    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@pytest.mark.parametrize("kind", ["png of 16 bits", "tiff of 16 bits", "png of 8 bits", "tiff of 8 bits"])
def test_no_image_has_more_pixels_than_the_limit(tmp_path, tiff, monkeypatch, kind):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    path = tmp_path / f"x.{kind[:3]}"
    values = np.zeros((20, 51, 3), np.uint16 if "16" in kind else np.uint8)
    if kind.startswith("tiff"):
        tiff(path, values, RGB)
    elif "16" in kind:
        large_png16(path, 51, 20)
    else:
        Image.fromarray(values).save(path)
    with pytest.raises(ImageError, match="more than 1,000 pixels, the limit") as error:
        read_picture(path)
    assert "parts" in error.value.hint


def test_a_small_file_that_says_it_is_huge_takes_no_memory(tmp_path):
    large_png16(tmp_path / "x.png", 40_000, 20_000)
    with pytest.raises(ImageError, match="178,956,970 pixels"):
        read_picture(tmp_path / "x.png")


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize("kind", ["eps", "gif", "ppm", "ico", "tga", "jp2", "pcx", "sgi", "dds"])
@pytest.mark.parametrize("read", [read_image, read_picture])
def test_only_the_promised_formats_are_opened(tmp_path, monkeypatch, kind, read):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *a, **k: pytest.fail("Ghostscript was called"))
    path = tmp_path / "x.png"
    if kind == "eps":
        path.write_bytes(EPS)
    else:
        image = Image.new("RGB", (16, 16), (9, 8, 7))
        stream = io.BytesIO()
        image.save(stream, {"jp2": "JPEG2000"}.get(kind, kind))
        path.write_bytes(stream.getvalue())
    with pytest.raises(ImageError, match=r"cannot decode .*x\.png.*PNG, BMP, JPEG, TIFF or WebP"):
        read(path)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda path: os.mkfifo(path), "not a regular file"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.symlink_to(path.with_name("gone.png")), "no image at"),
        (lambda path: path.symlink_to(path), "cannot read"),
        (lambda path: None, "no image at"),
    ],
    ids=["pipe", "folder", "device", "dangling", "circle", "missing"],
)
def test_what_is_no_file_is_said_and_not_waited_for(tmp_path, make, match):
    make(tmp_path / "x.png")
    for read in (read_image, read_picture):
        with pytest.raises(ImageError, match=match) as error:
            read(tmp_path / "x.png")
        assert "intact" not in error.value.hint


@pytest.mark.parametrize("name", ["x\0.png", "x" * 300 + ".png", "file/x.png"])
def test_names_that_cannot_be_are_one_line(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(ImageError):
        read_image(tmp_path / name)
