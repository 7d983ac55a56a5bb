"""``srbench degrade``."""

import tomllib

import numpy as np
import pytest
import torch
from PIL import Image

from srbench import degradation, protocol
from srbench.evaluation.example import Example, HrImage
from srbench.imaging.images import pixel_hash, read_image

CHAIN = "blur:0.8 > down > noise:5 > jpeg:60"


@pytest.mark.parametrize(("name", "scale"), [(CHAIN, 2), ("bicubic", 3), ("noise:25 > jpeg:40", 1), ("down", 2.5)])
def test_lr_images_are_those_of_a_run(srbench, pictures, tmp_path, name, scale):
    result = srbench("degrade", name, pictures, "--scale", scale, "--output", tmp_path / "lr", "--seed", 3)
    assert result.exit_code == 0, result.output
    assert f"wrote 3 LR images and manifest.toml into {tmp_path / 'lr'}" in " ".join(result.stderr.split())
    made = degradation.get(name, 3)
    manifest = tomllib.loads((tmp_path / "lr" / "manifest.toml").read_text())
    assert (manifest["degradation"], manifest["key"]) == (made.name, made.key)
    assert (manifest["scale"], manifest["seed"]) == (scale, 3)
    entries = {entry["hr"]: entry for entry in manifest["images"]}
    files = sorted(pictures.iterdir())
    assert sorted(entries) == [file.name for file in files]
    for file in files:
        pixels, entry = read_image(file), entries[file.name]
        lr = read_image(tmp_path / "lr" / entry["file"])
        example = Example(HrImage(pixels, protocol.BASICSR), scale, made)
        expected = example.lr_pixels.permute(1, 2, 0).numpy()
        assert np.array_equal(lr if lr.ndim == 3 else lr[..., None].repeat(3, 2), expected)
        assert entry["sha256"] == pixel_hash(lr)
        assert (entry["width"], entry["height"]) == lr.shape[1::-1]
        hr = pixels[: entry["hr_height"], : entry["hr_width"]]
        assert entry["hr_sha256"] == pixel_hash(hr)
        assert hr.shape[:2] == example.hr.shape[-2:]


def test_frames_of_a_burst_are_a_folder_each_with_their_shifts(srbench, pictures, tmp_path):
    name, output = "burst:3:random:blind > down > noise:4", tmp_path / "lr"
    result = srbench("degrade", name, pictures, "--scale", 2, "--output", output, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert f"wrote 3 bursts of 3 frames and manifest.toml into {output}" in " ".join(result.stderr.split())
    made = degradation.get(name, 3)
    manifest = tomllib.loads((output / "manifest.toml").read_text())
    assert (manifest["frames"], len(manifest["images"])) == (3, 9)
    for file in sorted(pictures.iterdir()):
        example = Example(HrImage(read_image(file), protocol.BASICSR), 2, made)
        entries = [entry for entry in manifest["images"] if entry["hr"] == file.name]
        assert [entry["file"] for entry in entries] == [f"{file.stem}/{number:02}.png" for number in range(3)]
        assert [[entry["shift_down"], entry["shift_right"]] for entry in entries] == made.shifts(2).tolist()
        for entry, expected in zip(entries, example.burst_pixels, strict=True):
            lr = read_image(output / entry["file"])
            assert entry["sha256"] == pixel_hash(lr)
            colour = lr if lr.ndim == 3 else lr[..., None].repeat(3, 2)
            assert np.array_equal(colour, expected.permute(1, 2, 0).numpy())


def test_a_burst_of_one_frame_is_written_as_an_image(srbench, make_picture, tmp_path):
    Image.fromarray(make_picture(24, 24, 1)).save(tmp_path / "one.png")
    for name, folder in (("burst:1 > down", "burst"), ("down", "plain")):
        srbench("degrade", name, tmp_path / "one.png", "--scale", 2, "--output", tmp_path / folder)
    assert (tmp_path / "burst" / "one.png").read_bytes() == (tmp_path / "plain" / "one.png").read_bytes()
    assert "shift" not in (tmp_path / "burst" / "manifest.toml").read_text()


def test_a_burst_replaces_no_picture(srbench, make_picture, tmp_path):
    (tmp_path / "01").mkdir()
    picture = tmp_path / "01" / "01.png"
    Image.fromarray(make_picture(24, 24, 1)).save(picture)
    result = srbench("degrade", "burst:2 > down", picture, "--scale", 2, "--output", tmp_path)
    assert result.exit_code == 2
    assert "would be replaced by its LR image" in " ".join(result.stderr.split())


def test_lr_images_are_the_same_in_any_order_and_on_every_run(srbench, pictures, tmp_path):
    files = sorted(pictures.iterdir())
    runs = {"one": files, "again": files, "turned": files[::-1], "alone": files[1:2]}
    for name, own in runs.items():
        assert srbench("degrade", CHAIN, *own, "--scale", 2, "--output", tmp_path / name).exit_code == 0
    content = {name: {file.name: file.read_bytes() for file in (tmp_path / name).glob("*.png")} for name in runs}
    assert content["one"] == content["again"] == content["turned"]
    assert content["alone"].items() <= content["one"].items()
    assert (tmp_path / "one" / "manifest.toml").read_text() == (tmp_path / "again" / "manifest.toml").read_text()


def test_a_grey_picture_stays_grey_where_its_lr_image_is(srbench, make_picture, tmp_path):
    Image.fromarray(make_picture(24, 24, 1)[..., 0]).save(tmp_path / "grey.png")
    for name, shape in (
        ("down > jpeg:50", (12, 12)),
        ("down > noise:9:grey", (12, 12)),
        ("down > noise:9", (12, 12, 3)),
    ):
        srbench("degrade", name, tmp_path / "grey.png", "--scale", 2, "--output", tmp_path / "lr")
        assert read_image(tmp_path / "lr" / "grey.png").shape == shape


def test_every_step_keeps_images_as_they_are_stored(make_picture):
    """What is made of one image depends neither on how it lies in memory nor on whether it may be written to."""
    planes = torch.from_numpy(make_picture(24, 24, 1)).permute(2, 0, 1)
    made = degradation.get("blur:1 > down:area > poisson:500 > noise:3:grey > jpeg:80")
    assert torch.equal(made(planes, 2), made(planes.contiguous(), 2))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["dwon > jpeg:40", "{data}"], "step 1 of 'dwon > jpeg:40' is 'dwon', which is no step; did you mean down"),
        (["bicubik", "{data}"], "unknown degradation 'bicubik'; did you mean bicubic"),
        (["jpeg:40", "{data}", "--scale", "2"], "has no step that shrinks images"),
        (["bicubic", "{data}/gone.png"], "gone"),
        (["bicubic", "{empty}"], "no pictures there"),
        (["bicubic", "{data}", "--seed", "-1"], "is not a seed"),
        (["bicubic", "{data}", "--scale", "0"], "'0' is not a scale"),
        (["bicubic", "{data}", "--scale", "200"], "is too small at x200; use a larger image or a smaller scale"),
        (["bicubic", "{data}", "{other}"], "would both become"),
        (["blur-down", "{data}", "--scale", "4"], "blur-down is defined at x3 alone"),
    ],
)
def test_what_is_wrong_is_one_line(wrong, pictures, tmp_path, arguments, match):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    first = min(pictures.iterdir())
    (tmp_path / "other" / first.name).write_bytes(first.read_bytes())
    places = {"data": pictures, "empty": tmp_path / "empty", "other": tmp_path / "other"}
    texts = [argument.format(**places) for argument in arguments]
    wrong("degrade", *texts, "--output", tmp_path / "lr", match=match)


def test_a_picture_is_not_replaced(wrong, pictures):
    wrong("degrade", "bicubic", pictures, "--scale", 2, "--output", pictures, match="would be replaced by its LR image")
