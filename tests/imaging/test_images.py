"""Reading, writing and hashing 8-bit images."""

import hashlib
import struct

import numpy as np
import pytest
from PIL import Image

from srbench.errors import ImageError, SrbenchWarning
from srbench.imaging.images import as_rgb, check_pixels, pixel_hash, read_image, write_image


@pytest.fixture
def rgb(rng):
    return rng.integers(0, 256, (6, 9, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp"])
@pytest.mark.parametrize("shape", [(6, 9), (6, 9, 3)])
def test_lossless_files_come_back_as_they_were(tmp_path, rng, suffix, shape):
    pixels = rng.integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels).save(tmp_path / f"x.{suffix}")
    found = read_image(tmp_path / f"x.{suffix}")
    assert found.dtype == np.uint8
    assert np.array_equal(found, pixels)


def test_jpeg_is_decoded(tmp_path):
    Image.new("RGB", (16, 8), (200, 30, 60)).save(tmp_path / "x.jpg", quality=95)
    pixels = read_image(tmp_path / "x.jpg")
    assert pixels.shape == (8, 16, 3)
    assert np.abs(pixels.astype(int) - [200, 30, 60]).max() <= 3


def test_a_grey_jpeg_is_grey(tmp_path):
    Image.new("L", (16, 8), 77).save(tmp_path / "x.jpg")
    assert read_image(tmp_path / "x.jpg").shape == (8, 16)


def test_a_palette_is_resolved(tmp_path, rgb):
    image = Image.fromarray(rgb).quantize(4)
    image.save(tmp_path / "x.png")
    assert np.array_equal(read_image(tmp_path / "x.png"), np.asarray(image.convert("RGB")))


def test_one_bit_is_black_and_white(tmp_path):
    Image.fromarray(np.eye(4, dtype=bool)).save(tmp_path / "x.png")
    assert np.array_equal(read_image(tmp_path / "x.png"), np.eye(4, dtype=np.uint8) * 255)


@pytest.mark.parametrize(("mode", "ndim"), [("RGBA", 3), ("LA", 2)])
def test_alpha_is_dropped_with_a_warning_that_names_the_file(tmp_path, rgb, mode, ndim):
    image = Image.fromarray(rgb).convert(mode)
    image.putalpha(99)
    image.save(tmp_path / "x.png")
    with pytest.warns(SrbenchWarning, match=r"x\.png.*alpha"):
        pixels = read_image(tmp_path / "x.png")
    assert pixels.ndim == ndim
    if mode == "RGBA":
        assert np.array_equal(pixels, rgb)


def test_a_transparent_colour_is_alpha_too(tmp_path, rgb):
    Image.fromarray(rgb).save(tmp_path / "x.png", transparency=(1, 2, 3))
    with pytest.warns(SrbenchWarning, match="alpha"):
        assert np.array_equal(read_image(tmp_path / "x.png"), rgb)


def test_exif_orientation_is_applied(tmp_path, rgb):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees to see it upright
    Image.fromarray(rgb).save(tmp_path / "x.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "x.png"), np.rot90(rgb, -1))


def png16(path, colour_type, channels):
    """A 16-bit PNG, by hand: Pillow writes only grey ones."""
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes(2 * channels * 4) for _ in range(3))
    header = struct.pack(">IIBBBBB", 4, 3, 16, colour_type, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bits_per_channel_are_refused(tmp_path, colour_type, channels):
    png16(tmp_path / "deep.png", colour_type, channels)
    with pytest.raises(ImageError, match=r"deep\.png.*more than 8 bits"):
        read_image(tmp_path / "deep.png")


def test_a_bmp_of_16_bits_per_pixel_is_no_deep_image(tmp_path):
    pixels = struct.pack("<4H", 0x7FFF, 0, 0x7C00, 0x001F)  # 5 bits per channel, bottom row first
    header = struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, 16, 0, len(pixels), 2835, 2835, 0, 0)
    data = b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + header + pixels
    (tmp_path / "x.bmp").write_bytes(data)
    assert read_image(tmp_path / "x.bmp").tolist() == [[[255, 0, 0], [0, 0, 255]], [[255, 255, 255], [0, 0, 0]]]


def test_float_images_are_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "x.tiff")
    with pytest.raises(ImageError, match="more than 8 bits"):
        read_image(tmp_path / "x.tiff")


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ImageError, match=r"no image at .*gone\.png"):
        read_image(tmp_path / "gone.png")


@pytest.mark.parametrize("content", [b"", b"not an image at all", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_a_file_that_is_no_image_is_an_error_of_one_line(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ImageError, match=r"cannot decode .*x\.png") as error:
        read_image(tmp_path / "x.png")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_a_truncated_file_is_an_error(tmp_path, rng, suffix):
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match="cannot decode"):
        read_image(path)


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(ImageError):
        read_image(tmp_path)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_what_is_written_is_read_back(tmp_path, rng, shape):
    pixels = rng.integers(0, 256, shape, np.uint8)
    write_image(tmp_path / "new" / "folder" / "x.png", pixels)
    assert np.array_equal(read_image(tmp_path / "new" / "folder" / "x.png"), pixels)
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["x.png"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, rgb, monkeypatch):
    write_image(tmp_path / "x.png", rgb)

    def fail(self, stream, **options):
        stream.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        write_image(tmp_path / "x.png", 255 - rgb)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
    assert np.array_equal(read_image(tmp_path / "x.png"), rgb)


def test_the_hash_names_the_picture_not_the_file(tmp_path, rgb):
    Image.fromarray(rgb).save(tmp_path / "x.png")
    Image.fromarray(rgb).save(tmp_path / "x.bmp")
    expected = hashlib.sha256(rgb.tobytes()).hexdigest()
    assert pixel_hash(read_image(tmp_path / "x.png")) == pixel_hash(read_image(tmp_path / "x.bmp")) == expected


def test_the_hash_sees_every_pixel_and_reads_grey_as_rgb(rgb):
    changed = rgb.copy()
    changed[-1, -1, -1] ^= 1
    assert pixel_hash(changed) != pixel_hash(rgb)
    assert pixel_hash(rgb[..., 0]) == pixel_hash(as_rgb(rgb[..., 0]))
    assert pixel_hash(rgb[:, ::-1]) == pixel_hash(rgb[:, ::-1].copy())


def test_as_rgb_repeats_grey_and_keeps_rgb(rgb):
    assert as_rgb(rgb) is rgb
    assert np.array_equal(as_rgb(rgb[..., 1])[..., 2], rgb[..., 1])


@pytest.mark.parametrize(
    "thing",
    [
        np.zeros((4, 4)),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4,), np.uint8),
        np.zeros((0, 4), np.uint8),
        [[1, 2]],
        "picture.png",
        None,
    ],
    ids=lambda thing: getattr(thing, "shape", thing),
)
def test_things_that_are_no_image_are_errors(thing):
    with pytest.raises(ImageError, match="an image must be"):
        check_pixels(thing)


def test_images_pass_the_check(rgb):
    assert check_pixels(rgb) is rgb
