"""Videos as clips: what they say, the frames they hold, and files that are no videos or damaged ones."""

import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from srbench.errors import ImageError
from srbench.video import extra
from srbench.video.clip import FULL, LIMITED, Colour
from srbench.video.reading import VideoClip

NTSC = Fraction(30000, 1001)


def read(path):
    """(clip, frames, what was said)."""
    clip, said = VideoClip(path), []
    return clip, list(clip.frames(said.append)), said


@pytest.mark.parametrize("suffix", extra.SUFFIXES)
def test_every_format_gives_its_frames_in_order(make_video, making, moving, suffix):
    clip, frames, said = read(make_video(f"clip{suffix}"))
    assert said == []
    assert (clip.facts.total, clip.facts.size, clip.facts.rate, clip.facts.constant) == (12, (48, 64), 25, True)
    assert [frame.number for frame in frames] == [frame.time for frame in frames] == list(range(12))
    closest = [np.argmax([making.psnr(frame.pixels, own) for own in moving]) for frame in frames]
    assert closest == list(range(12))
    assert frames[5].name == "00000005"


@pytest.mark.parametrize(
    ("matrix", "full"), [(1, False), (6, False), (6, True), (1, True)], ids=["709", "601", "601 full", "709 full"]
)
def test_colours_are_what_the_file_says(make_video, moving, making, matrix, full):
    path = make_video(colorspace=matrix, color_range=FULL if full else LIMITED, pix_fmt="yuv444p")
    clip, frames, _ = read(path)
    assert clip.facts.colour == Colour(matrix, FULL if full else LIMITED)
    assert making.psnr(frames[3].pixels, moving[3]) > 42  # read by the other matrix it is 38, by the other range 25


def test_untagged_videos_are_what_players_take_them_for(make_video):
    assert VideoClip(make_video()).facts.colour.matrix == 6
    tall = [np.zeros((720, 64, 3), np.uint8)] * 2
    assert VideoClip(make_video("tall.mp4", tall)).facts.colour.matrix == 1


def test_a_rate_that_is_no_whole_number_is_kept_from_milliseconds(make_video):
    clip, frames, _ = read(make_video("clip.mkv", rate=NTSC))
    assert (clip.facts.rate, clip.facts.time_base, clip.facts.constant) == (NTSC, 1 / NTSC, True)
    assert [frame.time for frame in frames] == list(range(12))


def test_a_variable_rate_keeps_each_time(make_video):
    times = [0, 1, 2, 5, 6, 7, 8, 12, 13, 14, 15, 20]
    clip, frames, _ = read(make_video(times=times))
    assert not clip.facts.constant
    assert [float(frame.time * clip.facts.time_base) for frame in frames] == [time / 25 for time in times]


def test_times_count_from_the_first_frame(make_video):
    clip, frames, _ = read(make_video("clip.mkv", offset=10))
    assert (clip.facts.start, frames[0].time) == (Fraction(10, 25), 0)


@pytest.mark.parametrize("degrees", [90, -90, 180])
def test_rotation_is_applied(make_video, making, moving, degrees):
    clip, frames, said = read(make_video(rotation=degrees, sample_aspect_ratio=Fraction(4, 3)))
    turned = np.rot90(moving[0], degrees // 90)
    assert said == []
    assert clip.facts.size == turned.shape[:2] == frames[0].pixels.shape[:2]
    assert making.psnr(frames[0].pixels, turned) > 30
    assert clip.facts.aspect == (Fraction(4, 3) if degrees == 180 else Fraction(3, 4))


def test_a_rotation_by_another_angle_is_said_and_left_aside(make_video):
    clip, frames, said = read(make_video(rotation=30))
    assert frames[0].pixels.shape[:2] == clip.facts.size == (48, 64)
    assert any("other than a quarter" in line for line in said)


def test_more_than_eight_bits_are_read_as_sixteen(make_video, making, moving):
    clip, frames, _ = read(make_video("deep.mkv", codec="ffv1", pix_fmt="yuv444p10le"))
    assert clip.facts.deep
    assert frames[0].pixels.dtype == np.uint16
    assert making.psnr(frames[0].pixels // 257, moving[0]) > 40


def test_a_damaged_frame_in_the_middle_is_named_and_left_out(make_video, making, moving):
    """A packet of a video of key frames alone, overwritten."""
    path = make_video("clip.mkv", codec="mjpeg", pix_fmt="yuvj420p")
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    content = path.read_bytes()
    assert content.count(packets[5]) == 1
    path.write_bytes(content.replace(packets[5], b"\0" * len(packets[5])))
    _, frames, said = read(path)
    assert len(frames) == 11
    assert [frame.time for frame in frames] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert any("after frame 4 cannot be decoded" in line for line in said)
    assert making.psnr(frames[5].pixels, moving[6]) > 25


def test_what_a_decoder_repairs_is_said(make_video):
    path = make_video("clip.mkv")
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packet = [bytes(packet) for packet in container.demux(video=0) if packet.size][6]
    at = bytes(content).index(packet)
    content[at + len(packet) // 2 : at + len(packet)] = b"\xff" * (len(packet) - len(packet) // 2)
    path.write_bytes(content)
    _, frames, said = read(path)
    assert 1 <= len(frames) <= 12
    assert any("damaged" in line or "cannot be decoded" in line for line in said)


def test_a_file_that_is_cut_gives_what_is_there_and_says_so(make_video):
    path = make_video("clip.mp4")
    whole = make_video("clip.mkv").read_bytes()
    cut = path.with_name("cut.mkv")
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    _, frames, _ = read(cut)
    assert 1 <= len(frames) < 12
    cut.with_suffix(".mp4").write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ImageError, match="cannot read"):
        VideoClip(cut.with_suffix(".mp4"))


@pytest.mark.parametrize(
    ("content", "match"), [(b"", "is empty"), (b"no video at all, but text" * 40, "cannot read"), (None, "no video at")]
)
def test_what_is_no_video_is_said(tmp_path, content, match):
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImageError, match=match):
        VideoClip(path)


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    with pytest.raises(ImageError, match="no video in"):
        VideoClip(path)


def test_a_codec_that_nothing_decodes_is_said(make_video):
    path = make_video("clip.mkv")
    content = path.read_bytes()
    assert content.count(b"V_MPEG4/ISO/AVC") == 1
    path.write_bytes(content.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XYZ"))
    with pytest.raises(ImageError, match="a codec that this PyAV does not decode"):
        VideoClip(path)


def test_a_change_of_the_file_is_another_clip(make_video, moving):
    one, other = make_video("one.mp4"), make_video("other.mp4", moving[::-1])
    assert VideoClip(one).fingerprint == VideoClip(one).fingerprint != VideoClip(other).fingerprint


def test_formats_by_name(tmp_path):
    assert all(extra.is_video(tmp_path / f"clip{suffix.upper()}") for suffix in extra.SUFFIXES)
    assert not extra.is_video(tmp_path / "frames")
    with pytest.raises(ImageError, match=r"no format that srbench knows; use one of \.mp4"):
        extra.is_video(tmp_path / "clip.mov")
    (tmp_path / "folder.mov").mkdir()
    assert not extra.is_video(tmp_path / "folder.mov")


def test_without_the_extra_its_install_line_is_said(make_video):
    path = make_video()
    code = (
        "import sys; sys.modules['av'] = None\n"
        "from pathlib import Path; from srbench.video.reading import VideoClip\n"
        f"VideoClip(Path({str(path)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UnavailableError" in done.stderr
    assert "pip install 'srbench[video]'" in done.stderr
