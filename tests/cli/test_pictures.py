"""``srbench upscale`` with 16 bits, TIFF, WebP and alpha."""

import os

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

import srbench as package
from srbench import dataset
from srbench.errors import ImageError
from srbench.imaging.images import read_image
from srbench.imaging.pictures import Picture, read_picture, write_picture
from srbench.results.reader import Reader


@pytest.fixture
def deep(rng):
    """A smooth picture with values between those of 8 bits."""
    y, x = np.mgrid[:20, :26]
    planes = [32000 + 30000 * np.sin(x / (4 + c)) * np.cos(y / 5) for c in range(3)]
    return (np.stack(planes, axis=-1) + rng.integers(0, 99, (20, 26, 3))).astype(np.uint16)


@pytest.fixture
def upscale(srbench, tmp_path):
    def call(path, *arguments, method="bicubic"):
        result = srbench("upscale", method, path, "--scale", "2", "--output", tmp_path / "up", *arguments)
        assert result.exit_code == 0, result.output
        return read_picture(tmp_path / "up" / f"{path.stem}_{method}_x2.png"), result.stderr

    return call


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_written_is_read_back_by_us_and_by_others(tmp_path, rng, channels, dtype):
    samples = rng.integers(0, np.iinfo(dtype).max + 1, (7, 9, channels)).astype(dtype)
    colours = 3 if channels > 2 else 1
    alpha = samples[..., colours] if channels > colours else None
    write_picture(tmp_path / "x.png", Picture(samples[..., :3] if colours == 3 else samples[..., 0], alpha))
    found = read_picture(tmp_path / "x.png")
    assert found.pixels.dtype == dtype
    assert np.array_equal(found.pixels, samples[..., :3] if colours == 3 else samples[..., 0])
    assert (found.alpha is None) == (alpha is None)
    assert alpha is None or np.array_equal(found.alpha, alpha)
    if dtype == np.uint8 or channels == 1:
        with Image.open(tmp_path / "x.png") as image:
            assert np.array_equal(np.asarray(image).reshape(samples.shape), samples)


@pytest.mark.parametrize("suffix", ["png", "tiff"])
@pytest.mark.parametrize("grey", [False, True])
def test_16_bits_stay_16_bits(upscale, deep, tmp_path, suffix, grey):
    pixels = deep[..., 0] if grey else deep
    path = tmp_path / f"x.{suffix}"
    write_picture(path, Picture(pixels)) if suffix == "png" else tifffile.imwrite(path, pixels)
    found, _ = upscale(path)
    assert found.pixels.dtype == np.uint16
    planes = torch.from_numpy((pixels if not grey else pixels[..., None]).transpose(2, 0, 1).astype(np.float64))
    exact = package.resize.imresize(planes, 2).numpy().transpose(1, 2, 0)
    exact = exact[..., 0] if grey else exact
    assert np.abs(found.pixels - exact.clip(0, 65535)).max() < 1  # half a level, and single precision
    assert (found.pixels % 257 != 0).mean() > 0.9  # not 8 bits in disguise


@pytest.mark.parametrize("colour", ["any", "luma", "rgb"])
def test_every_kind_of_method_takes_16_bits(deep, write_plugin, colour):
    plugin = write_plugin(colour=colour)
    for pixels in (deep, deep[..., 0].copy()):
        found = package.upscale(plugin, pixels, 2)
        shallow = package.upscale(plugin, np.round(pixels / 257).astype(np.uint8), 2)
        assert found.dtype == np.uint16
        assert np.abs(found / 257 - shallow).max() < 2.5


@pytest.mark.parametrize(("suffix", "options"), [("webp", {"lossless": True}), ("tif", {"compression": "tiff_lzw"})])
def test_webp_and_tiff_of_8_bits_are_read(upscale, srbench, pictures, tmp_path, suffix, options):
    pixels = read_image(pictures / "a.png")
    (tmp_path / "other").mkdir()
    Image.fromarray(pixels).save(tmp_path / "other" / f"a.{suffix}", **options)
    found, _ = upscale(tmp_path / "other" / f"a.{suffix}")
    assert np.array_equal(found.pixels, package.upscale("bicubic", pixels, 2))
    arguments = ["--scales", "2", "--out", tmp_path / "r", "--device", "cpu", "--threads", "1", "--no-images"]
    run = srbench("run", "--methods", "nearest", "--datasets", tmp_path / "other", *arguments)
    assert run.exit_code == 0, run.output


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_kept_on_request(upscale, pictures, tmp_path, mode):
    image = Image.open(pictures / "a.png").convert(mode)
    ramp = np.tile(np.linspace(0, 255, image.width).astype(np.uint8), (image.height, 1))
    image.putalpha(Image.fromarray(ramp))
    image.save(tmp_path / "logo.png")
    plain, notes = upscale(tmp_path / "logo.png")
    assert plain.alpha is None
    assert "alpha channel is dropped (keep it with --alpha)" in notes
    kept, notes = upscale(tmp_path / "logo.png", "--alpha", method="nearest")
    assert "dropped" not in notes
    assert np.array_equal(kept.alpha, package.upscale("bicubic", ramp, 2))
    assert kept.pixels.ndim == (2 if mode == "LA" else 3)


def test_alpha_of_16_bits_is_kept(upscale, deep, tmp_path):
    write_picture(tmp_path / "x.png", Picture(deep, deep[..., 0].copy()))
    found, _ = upscale(tmp_path / "x.png", "--alpha")
    assert np.array_equal(found.alpha, package.upscale("bicubic", deep[..., 0].copy(), 2))


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + bytes(16) + b"\x10", b"II*\0rest", b"RIFF....WEBP"])
def test_a_file_that_cannot_be_decoded_is_one_line(wrong, tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    wrong("upscale", "nearest", tmp_path / "x.png", match=r"cannot decode '.*x\.png'")


def test_other_kinds_of_samples_are_refused(tmp_path, rng):
    tifffile.imwrite(
        tmp_path / "y.tiff", rng.integers(0, 9, (5, 4, 6), np.uint16), planarconfig="contig", photometric="rgb"
    )
    with pytest.raises(ImageError, match="neither grey nor RGB"):
        read_picture(tmp_path / "y.tiff")


def test_evaluation_still_refuses_16_bits(wrong, deep, tmp_path):
    (tmp_path / "set").mkdir()
    write_picture(tmp_path / "set" / "x.png", Picture(deep))
    arguments = ["--datasets", tmp_path / "set", "--out", tmp_path / "r", "--scales", "2"]
    wrong("run", "--methods", "nearest", *arguments, match="more than 8 bits per channel")


@pytest.mark.data("set14")
def test_set14_as_bmp_gets_the_recorded_bicubic(srbench, tmp_path):
    """Its widths are among those whose rows take as many bytes as a number with 16 in it."""
    for image in dataset.find("set14").images:
        (tmp_path / "bmp").mkdir(exist_ok=True)
        Image.fromarray(image.read()).save(tmp_path / "bmp" / f"{image.name}.bmp")
    arguments = ["--datasets", tmp_path / "bmp", "--scales", "4", "--metrics", "psnr", "--protocol", "classic"]
    result = srbench(
        "run", "--methods", "bicubic", *arguments, "--out", tmp_path / "r", "--no-images", "--threads", "1"
    )
    assert result.exit_code == 0, result.output
    with Reader(tmp_path / "r") as reader:
        values = [row.score.value for row in reader.scores()]
    assert len(values) == 14
    assert round(float(np.mean(values)), 2) == 26.00


def test_the_mode_of_results_is_as_the_umask_says(upscale, srbench, pictures, tmp_path):
    before = os.umask(0o022)
    try:
        upscale(pictures / "a.png")
        arguments = ["--datasets", pictures, "--scales", "2", "--metrics", "psnr", "--threads", "1"]
        assert srbench("run", "--methods", "nearest", *arguments, "--out", tmp_path / "r").exit_code == 0
    finally:
        os.umask(before)
    written = [*(tmp_path / "up").iterdir(), *(tmp_path / "r" / "images").rglob("*.png")]
    assert len(written) == 4
    assert {path.stat().st_mode & 0o777 for path in written} == {0o644}
