"""``srbench upscale`` on videos and folders of frames."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import srbench as package
from srbench.cli.upscale_clip import parse_rate
from srbench.errors import SrbenchError
from srbench.imaging.images import read_image, write_image

MAKING = Path(__file__).parents[1] / "video" / "making.py"
MEAN = """
from srbench.method import MethodCard, MultiFrameMethod
from srbench.resize import imresize

class Mean(MultiFrameMethod):
    card = MethodCard(name="mean", title="Mean", year=2026, family="test", paper="none", colour="any", frames=(3, 5))
    def upscale_frames(self, frames, target, scale, shifts=None):
        return imresize(frames.mean(dim=1), scale)
"""


@pytest.fixture(scope="module")
def making():
    spec = importlib.util.spec_from_file_location("making", MAKING)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clip(making, tmp_path):
    return making.make_video(tmp_path / "clip.mp4", rate=Fraction(30000, 1001), audio="aac")


@pytest.fixture
def folder(making, tmp_path):
    for number, own in enumerate(making.moving()):
        write_image(tmp_path / "frames" / f"{number + 1}.png", own)
    return tmp_path / "frames"


def test_a_video_becomes_a_video_with_its_rate_and_sound(srbench, clip, making, tmp_path):
    out = tmp_path / "large.mkv"
    result = srbench("upscale", "bicubic", clip, "--scale", 2, "--output", out)
    assert result.exit_code == 0, result.output
    there, source = making.look(out), making.look(clip)
    assert (there["rate"], there["audio"], len(there["frames"])) == (Fraction(30000, 1001), ["aac"], 12)
    for one, own in zip(there["frames"], source["frames"], strict=True):
        assert making.psnr(one, package.upscale("bicubic", own, 2)) > 34
    assert "12 frames of 64x48 to 128x96, 29.97 a second; bicubic frame by frame" in result.stderr
    assert re.search(r"wrote .*large.mkv \(12 frames, [\d.]+ a second\)", result.stderr)


def test_a_video_becomes_a_folder_of_frames_without_loss(srbench, clip, making, tmp_path):
    result = srbench("upscale", "bicubic", clip, "--scale", 2, "--output", tmp_path / "up")
    assert result.exit_code == 0, result.output
    frames = tmp_path / "up" / "clip_bicubic_x2"
    assert sorted(path.name for path in frames.glob("*.png")) == [f"{n:08d}.png" for n in range(12)]
    for number, own in enumerate(making.look(clip)["frames"]):
        there = read_image(frames / f"{number:08d}.png").astype(int)
        assert np.abs(there - package.upscale("bicubic", own, 2)).max() <= 2  # of two conversions to RGB


def test_a_folder_of_frames_becomes_one_or_a_video(srbench, folder, making, tmp_path):
    arguments = ("upscale", "bicubic", folder, "--scale", 2)
    assert srbench(*arguments, "--clip", "--output", tmp_path / "up").exit_code == 0
    for path in folder.iterdir():
        expected = package.upscale("bicubic", read_image(path), 2)
        assert np.array_equal(read_image(tmp_path / "up" / "frames_bicubic_x2" / path.name), expected)
    assert srbench(*arguments, "--fps", "24", "--output", tmp_path / "out.mp4").exit_code == 0
    there = making.look(tmp_path / "out.mp4")
    assert (there["rate"], len(there["frames"])) == (24, 12)
    order = [making.psnr(there["frames"][9], package.upscale("bicubic", own, 2)) for own in making.moving()]
    assert np.argmax(order) == 9  # '10.png' comes after '9.png'


def test_without_more_said_a_folder_is_one_of_pictures(srbench, folder, tmp_path):
    assert srbench("upscale", "bicubic", folder, "--scale", 2, "--output", tmp_path / "up").exit_code == 0
    assert (tmp_path / "up" / "7_bicubic_x2.png").is_file()


def test_a_method_of_several_frames_takes_a_folder_for_a_clip(srbench, folder, making, tmp_path):
    (tmp_path / "mean.py").write_text(MEAN)
    out = tmp_path / "up"
    result = srbench("upscale", tmp_path / "mean.py", folder, "--scale", 2, "--frames", 5, "--output", out)
    assert result.exit_code == 0, result.output
    assert "mean each frame with 4 neighbours, reflected at the ends of the clip" in result.stderr
    there = read_image(out / "frames_mean_x2" / "1.png").astype(int)
    frames = [own.astype(float) for own in making.moving()]
    mean = np.mean([frames[n] for n in (2, 1, 0, 1, 2)], axis=0)
    expected = package.upscale("bicubic", np.round(mean).astype(np.uint8), 2)
    assert np.abs(there - expected).mean() < 1


KILLED_AT = 30  # calls
BODY = """if Path({flag!r}).exists() and len(Path({log!r}).read_text().splitlines()) == {calls}:
            import os, signal
            os.kill(os.getpid(), signal.SIGKILL)
        return imresize(lr, scale)"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize("name", ["out.mp4", "up"])
def test_after_a_kill_it_goes_on_and_what_comes_of_it_is_the_same(srbench, write_plugin, making, tmp_path, name):
    """The method kills the process in its 30th call; parts or frames that were whole then are not computed again."""
    source = making.make_video(tmp_path / "long.mkv", (making.moving() * 4)[:40])
    flag, calls = tmp_path / "kill", tmp_path / "calls.log"
    plugin = write_plugin(BODY.format(flag=str(flag), log=str(calls), calls=KILLED_AT))
    command = ["upscale", plugin, str(source), "--scale", "2"]
    killed, whole = tmp_path / "killed" / name, tmp_path / "whole" / name
    flag.touch()
    done = subprocess.run(
        [sys.executable, "-m", "srbench", *command, "--output", str(killed)],
        env=os.environ | {"PYTHONPATH": str(Path(package.__file__).parents[1])},
        capture_output=True,
        check=False,
    )
    flag.unlink()
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (tmp_path / "killed" / "out.mp4").exists()
    refused = srbench(*command, "--output", killed)
    assert (refused.exit_code, "--resume goes on with it" in refused.stderr) == (2, True)
    result = srbench(*command, "--output", killed, "--resume")
    assert result.exit_code == 0, result.output
    kept = 24 if name == "out.mp4" else KILLED_AT - 1
    assert f"{kept} frames are there already" in result.stderr
    assert len(calls.read_text().splitlines()) == KILLED_AT + 40 - kept
    assert srbench(*command, "--output", whole).exit_code == 0
    files, again = (
        {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        for place in (whole.parent, killed.parent)
    )
    assert again == files
    assert len(files) == (1 if name == "out.mp4" else 41)


def test_what_is_whole_is_not_made_again_unless_that_is_said(srbench, wrong, clip, tmp_path):
    arguments = ("upscale", "nearest", clip, "--scale", 2, "--output", tmp_path / "out.mp4")
    assert srbench(*arguments).exit_code == 0
    wrong(*arguments, match="out.mp4' exists; --force replaces it, or choose another --output")
    wrong(*arguments, "--resume", match="exists; it is whole; --force makes it anew")
    assert srbench(*arguments, "--force").exit_code == 0
    frames = (*arguments[:-1], tmp_path / "up")
    assert srbench(*frames).exit_code == 0
    wrong(*frames, match="clip_nearest_x2' exists; --resume goes on with it, --force begins anew")
    result = srbench(*frames, "--resume")
    assert (result.exit_code, "(12 frames)" in result.stderr) == (0, True)


def test_another_method_does_not_go_on_with_what_is_there(srbench, wrong, write_plugin, clip, tmp_path):
    out = tmp_path / "out.mp4"
    stops = write_plugin("raise ValueError('no such luck')")
    result = srbench("upscale", stops, clip, "--scale", 2, "--output", out)
    assert (result.exit_code, "mine failed on frame '00000000': ValueError: no such luck" in result.stderr) == (2, True)
    assert not out.exists()
    wrong("upscale", "nearest", clip, "--scale", 2, "--output", out, "--resume", match="method was 'mine' and is 'near")


def test_a_variable_rate_is_said_where_a_folder_loses_it(srbench, making, tmp_path):
    clip = making.make_video(tmp_path / "clip.mkv", times=[0, 1, 2, 5, 6, 7, 8, 12, 13, 14, 15, 20])
    result = srbench("upscale", "nearest", clip, "--scale", 2, "--output", tmp_path / "up")
    assert result.exit_code == 0
    assert "its frames last for different times, which a folder of frames does not tell" in result.stderr


@pytest.mark.parametrize(
    ("paths", "arguments", "match"),
    [
        (["gone.mp4"], [], r"no video at '.*gone\.mp4'"),
        (["empty.mp4"], [], r"empty\.mp4': the file is empty"),
        (["text.webm"], [], r"cannot read '.*text\.webm'"),
        (["clip.mov"], [], r"\.mov is no format that srbench knows; use one of \.mp4, \.mkv"),
        (["clip.mp4"], ["--output", "{tmp}/out.mov"], r"\.mov is no format"),
        (["clip.mp4", "clip.mp4"], ["--output", "{tmp}/out.mp4"], "2 clips do not become the one video"),
        (["clip.mp4", "frames/1.png"], ["--output", "{tmp}/out.mp4"], "pictures do not become the one video"),
        (["frames/1.png"], ["--output", "{tmp}/out.mp4"], "pictures do not become the one video"),
        (["frames/1.png"], ["--resume"], "are for clips; give a video"),
        (["clip.mp4"], ["--fps", "24"], "--fps is for folders of frames"),
        (["frames"], ["--clip", "--fps", "fast"], "--fps fast is no frame rate"),
        (["clip.mp4"], ["--resume", "--force"], "exclude each other"),
        (["none"], ["--clip"], "no frames in"),
        (["two"], ["--clip"], "frames of several sizes"),
        (["clip.mp4"], ["--output", "{tmp}/text.webm/out.mp4"], "cannot write '.*out.mp4'"),
    ],
)
def test_what_is_wrong_is_one_line(wrong, clip, folder, tmp_path, making, paths, arguments, match):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.webm").write_text("no video")
    (tmp_path / "clip.mov").write_bytes(clip.read_bytes())
    (tmp_path / "none").mkdir()
    write_image(tmp_path / "two" / "1.png", making.moving()[0])
    write_image(tmp_path / "two" / "2.png", making.moving()[0][:40])
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    if "--output" not in arguments:
        arguments += ["--output", tmp_path / "up"]
    wrong("upscale", "nearest", *(tmp_path / path for path in paths), "--scale", 2, *arguments, match=match)
    assert not list(tmp_path.glob("out.*"))


def test_without_the_extra_folders_work_and_videos_say_what_to_install(
    srbench, wrong, clip, folder, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "av", None)
    up = ["--scale", 2, "--output", tmp_path / "up"]
    wrong("upscale", "nearest", clip, *up, match=r"need PyAV.*pip install 'srbench\[video\]'", code=1)
    wrong("upscale", "nearest", folder, "--scale", 2, "--output", tmp_path / "out.mp4", match="need PyAV", code=1)
    assert srbench("upscale", "nearest", folder, "--clip", *up).exit_code == 0


def test_rates_as_they_are_written():
    assert [parse_rate(text) for text in ("25", "29.97", "30000/1001", "")] == [
        25,
        Fraction(2997, 100),
        Fraction(30000, 1001),
        None,
    ]
    for text in ("0", "-1", "1/0", "nan", "2000"):
        with pytest.raises(SrbenchError, match="no frame rate"):
            parse_rate(text)
