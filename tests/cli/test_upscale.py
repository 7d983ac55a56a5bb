"""``srbench upscale``: a method on one's own pictures."""

import numpy as np
import pytest

import srbench as package
from srbench.imaging.images import read_image


def test_pictures_and_folders_are_upscaled(srbench, pictures, tmp_path):
    out = tmp_path / "up"
    result = srbench("upscale", "bicubic", pictures / "a.png", pictures, "--scale", 3, "--output", out)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == [f"{name}_bicubic_x3.png" for name in "abc"]
    for name in "abc":
        expected = package.upscale("bicubic", read_image(pictures / f"{name}.png"), 3)
        assert np.array_equal(read_image(out / f"{name}_bicubic_x3.png"), expected)
    assert str(out / "b_bicubic_x3.png") in result.stderr


def test_a_users_plugin_is_a_method(srbench, pictures, write_plugin, tmp_path):
    out = tmp_path / "up"
    assert srbench("upscale", write_plugin(), pictures / "a.png", "--scale", 2, "--output", out).exit_code == 0
    assert read_image(out / "a_mine_x2.png").shape == (56, 56, 3)


def test_hidden_files_of_a_folder_are_left_out(srbench, pictures, tmp_path):
    (pictures / ".part-1.png").write_bytes(b"half a file")
    result = srbench("upscale", "nearest", pictures, "--scale", 2, "--output", tmp_path / "up")
    assert result.exit_code == 0, result.output


def test_two_pictures_of_one_name_do_not_overwrite_each_other(srbench, pictures, tmp_path, make_picture):
    from srbench.imaging.images import write_image

    write_image(tmp_path / "other" / "a.png", make_picture(30, 30, 8))
    result = srbench("upscale", "nearest", pictures / "a.png", tmp_path / "other", "--output", tmp_path / "up")
    if result.exit_code == 0:
        assert len(list((tmp_path / "up").iterdir())) == 2
    else:
        assert result.exit_code == 2
        assert "a.png" in result.stderr


@pytest.mark.parametrize(
    ("method", "image", "arguments", "match"),
    [
        ("bicubik", "a.png", [], "unknown method 'bicubik'; did you mean bicubic"),
        ("nearest", "gone.png", [], r"no image at '.*gone\.png'"),
        ("nearest", "empty", [], "no pictures"),
        ("nearest", "notes.txt", [], r"cannot decode '.*notes\.txt'"),
        ("nearest", "a.png", ["--device", "tpu"], "tpu"),
        ("nearest", "a.png", ["--output", "{tmp}/file"], "file"),
        ("./gone.py", "a.png", [], "no plugin file"),
    ],
)
def test_what_is_wrong_is_one_line(wrong, pictures, tmp_path, monkeypatch, method, image, arguments, match):
    monkeypatch.chdir(tmp_path)
    (pictures / "empty").mkdir()
    (pictures / "notes.txt").write_text("no image")
    (tmp_path / "file").write_text("in the way")
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    wrong("upscale", method, pictures / image, *arguments, match=match)


def test_a_scale_that_is_not_supported_is_one_line(wrong, pictures, write_plugin, tmp_path):
    arguments = ["--scale", 3, "--output", tmp_path / "up"]
    wrong("upscale", write_plugin(scales=(2,)), pictures / "a.png", *arguments, match=r"does not support x3.*x2")


def test_a_method_that_raises_says_so_without_a_traceback(srbench, pictures, write_plugin, tmp_path):
    plugin = write_plugin("raise ValueError('no such luck')")
    result = srbench("upscale", plugin, pictures / "a.png", "--output", tmp_path / "up")
    assert result.exit_code in (1, 2)
    assert "no such luck" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.glob("up/*"))


def test_a_file_is_given_a_name_that_is_safe_in_the_results(srbench, pictures, write_plugin, tmp_path):
    out = tmp_path / "up"
    for name in ("theirs", "a/net", "../../x"):
        result = srbench("upscale", f"{name}={write_plugin()}", pictures / "a.png", "--scale", 2, "--output", out)
        assert result.exit_code == 0, result.output
    assert (out / "a_theirs_x2.png").is_file()
    assert len(list(out.iterdir())) == len(list(tmp_path.rglob("*x2.png"))) == 3


@pytest.mark.parametrize(
    ("body", "wrong"), [("return 255 * imresize(lr, scale)", True), ("return imresize(lr, scale)", False)]
)
@pytest.mark.parametrize("colour", ["any", "luma"])
@pytest.mark.parametrize("name", ["a", "c"])
def test_an_output_in_another_range_is_noted_as_in_a_run(
    srbench, pictures, write_plugin, tmp_path, body, wrong, colour, name
):
    picture = pictures / f"{name}.png"
    result = srbench("upscale", write_plugin(body, colour=colour), picture, "--scale", 2, "--output", tmp_path / "up")
    assert result.exit_code == 0, result.output
    assert (f"note: '{picture}', out of range: up to " in result.stderr) == wrong
    assert ("does the network answer in 0..255 or -1..1?" in result.stderr) == wrong
    assert (tmp_path / "up" / f"{name}_mine_x2.png").is_file()
