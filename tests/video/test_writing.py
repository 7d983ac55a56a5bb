"""SR frames into folders and videos: what is kept of a clip, what is said to be lost, and what is there of one that was
stopped."""

from fractions import Fraction

import numpy as np
import pytest

from srbench.errors import ImageError, UnavailableError
from srbench.imaging.pictures import read_picture
from srbench.video import encoding
from srbench.video.clip import FULL, LIMITED, ClipFacts, Colour, Frame
from srbench.video.encoding import Encoder, require_encoder
from srbench.video.extra import SUFFIXES
from srbench.video.joining import losses
from srbench.video.reading import VideoClip
from srbench.video.writing import PART, FrameFolder, VideoFile

NTSC = Fraction(30000, 1001)
MADE = {"clip": "a.mp4", "scale": 2}


def facts(**changes):
    return ClipFacts(**({"size": (48, 64), "total": 12, "rate": NTSC, "time_base": 1 / NTSC} | changes))


def frames_of(moving, times=None):
    return [Frame(i, own, i if times is None else times[i], f"{i:08d}") for i, own in enumerate(moving)]


def write(path, moving, about, *, times=None, said=None, **options):
    target = VideoFile(
        path, moving[0].shape[:2], about, MADE, say=[].append if said is None else said.append, **options
    )
    for frame in frames_of(moving, times):
        target.write(frame, frame.pixels)
    target.finish()
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_and_their_rate_come_back(tmp_path, making, moving, suffix):
    frames = (moving * 3)[: PART + 6]  # more than one part
    path = write(tmp_path / f"out{suffix}", frames, facts())
    there = making.look(path)
    assert len(there["frames"]) == len(frames)
    assert min(making.psnr(one, own) for one, own in zip(there["frames"], frames, strict=True)) > 28
    slack = {".mp4": 1e-9, ".avi": 1e-9, ".gif": 0.0051}.get(suffix, 0.00051)
    assert np.abs(np.array(there["times"]) - np.arange(len(frames)) / float(NTSC)).max() <= slack
    if suffix != ".gif":  # which counts hundredths of a second
        assert there["rate"] == NTSC
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_frame_of_a_variable_rate_keeps_its_time_or_that_is_said(tmp_path, making, moving, suffix):
    times, said = [0, 1, 2, 5, 6, 7, 8, 12, 13, 14, 15, 20], []
    about = facts(rate=Fraction(100, 7), time_base=Fraction(1, 25), constant=False)
    path = write(tmp_path / f"out{suffix}", moving, about, times=times, said=said)
    kept = making.look(path)["times"] == [time / 25 for time in times]
    assert kept == (suffix != ".avi")
    assert ("has one frame rate" in " ".join(said)) == (suffix == ".avi")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_shape_of_pixels_is_kept_or_that_is_said(tmp_path, making, moving, suffix):
    said = []
    path = write(tmp_path / f"out{suffix}", moving, facts(aspect=Fraction(4, 3)), said=said)
    kept = making.look(path)["aspect"] == Fraction(4, 3)
    assert kept == (suffix in (".mp4", ".mkv", ".avi"))
    assert ("they become square" in " ".join(said)) == (not kept)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
@pytest.mark.parametrize("colour", [Colour(1, FULL), Colour(6, LIMITED), Colour(9, LIMITED)], ids=str)
def test_colours_are_kept_with_what_is_said_of_them(tmp_path, making, moving, suffix, colour):
    path = write(tmp_path / f"out{suffix}", moving[:3], facts(colour=colour))
    clip = VideoClip(path)
    assert (clip.facts.colour.matrix, clip.facts.colour.range) == (colour.matrix, colour.range)
    ramp = np.repeat((4 * np.arange(64, dtype=np.uint8)[None, :, None]).repeat(48, 0), 3, 2)
    path = write(tmp_path / f"ramp{suffix}", [ramp] * 2, facts(colour=colour))
    (frame, *_) = VideoClip(path).frames([].append)
    assert np.abs(frame.pixels.astype(int) - ramp).max() <= 5


def test_odd_sizes_are_kept(tmp_path, making, moving):
    odd = [own[:47, :63] for own in moving[:3]]
    for suffix in SUFFIXES:
        assert making.look(write(tmp_path / f"out{suffix}", odd, facts()))["frames"][0].shape == (47, 63, 3)


def test_grey_frames_and_frames_of_sixteen_bits_become_videos(tmp_path, making, moving):
    grey = [own[..., 0].astype(np.uint16) * 257 for own in moving[:3]]
    there = making.look(write(tmp_path / "out.mkv", grey, facts()))["frames"]
    assert making.psnr(there[1], moving[1][..., :1].repeat(3, 2)) > 32


@pytest.mark.parametrize(
    ("source", "codec", "suffix", "kept"),
    [
        (".mp4", "aac", ".mp4", True),
        (".mp4", "aac", ".mkv", True),
        (".mp4", "aac", ".avi", True),
        (".mp4", "aac", ".webm", False),
        (".mp4", "aac", ".gif", False),
        (".mkv", "libopus", ".webm", True),
        (".mkv", "libopus", ".avi", False),
    ],
)
def test_sound_is_copied_where_the_format_takes_it(tmp_path, making, make_video, moving, source, codec, suffix, kept):
    path = make_video(f"source{source}", audio=codec, offset=0)
    clip, said = VideoClip(path), []
    out = write(tmp_path / f"out{suffix}", moving, clip.facts, source=path, said=said)
    there = making.look(out)
    assert bool(there["audio"]) == kept
    assert ("audio is left out" in " ".join(said)) == (not kept)
    if kept:
        (began, own), (begins, copy) = making.samples(path), making.samples(out)
        skipped = round((begins - began) * 48000)  # sound from before the first frame may be missing
        assert 0 <= skipped <= 2048
        length = min(len(own) - skipped, len(copy)) - 3000
        assert np.allclose(copy[2000:length], own[skipped + 2000 : skipped + length], atol=1e-3)
    assert np.allclose(there["times"], np.arange(12) / 25, atol=0.006)


def test_sound_stays_with_its_frames_where_these_begin_late(tmp_path, making, make_video, moving):
    path = make_video("source.mkv", audio="libopus", offset=10)
    out = write(tmp_path / "out.mkv", moving, VideoClip(path).facts, source=path)
    (began, _), (begins, _) = making.samples(path), making.samples(out)
    assert begins == pytest.approx(0, abs=0.021)  # what sounded before is cut by the packet
    assert began == pytest.approx(0, abs=0.021)
    assert making.look(out)["times"][0] == pytest.approx(0, abs=0.021)


def test_what_a_format_loses():
    assert losses(".mp4", facts()) == losses(".gif", facts()) == []
    assert "8 bits" in losses(".mp4", facts(deep=True))[0]


def test_a_video_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, making, moving):
    frames = frames_of((moving * 5)[: 2 * PART + 5])
    about, size = facts(), (48, 64)
    whole = write(tmp_path / "whole.mp4", [frame.pixels for frame in frames], about)
    path = tmp_path / "out.mp4"
    target = VideoFile(path, size, about, MADE)
    for frame in frames[: PART + 7]:
        target.write(frame, frame.pixels)
    target.close()  # as an error does; a kill leaves a file of another name
    (tmp_path / "out.mp4.parts" / ".part-0123.nut").write_bytes(b"half a part")
    assert not path.exists()
    assert len(list(path.with_name("out.mp4.parts").glob("part-*"))) == 1
    with pytest.raises(ImageError, match="exists; --resume goes on with it, --force begins anew"):
        VideoFile(path, size, about, MADE)
    with pytest.raises(ImageError, match="scale was 2 and is 3"):
        VideoFile(path, size, about, MADE | {"scale": 3}, resume=True)
    again = VideoFile(path, size, about, MADE, resume=True)
    there = [frame.number for frame in frames if again.has(frame)]
    assert there == list(range(PART))
    for frame in frames[PART:]:
        again.write(frame, frame.pixels)
    again.finish()
    again.close()
    assert path.read_bytes() == whole.read_bytes()
    assert sorted(tmp_path.iterdir()) == [path, whole]


def test_a_video_that_is_whole_is_neither_replaced_nor_gone_on_with(tmp_path, moving):
    path = write(tmp_path / "out.mp4", moving, facts())
    before = path.read_bytes()
    for options, hint in (({}, "--force replaces it"), ({"resume": True}, "it is whole")):
        with pytest.raises(ImageError, match=hint):
            VideoFile(path, (48, 64), facts(), MADE, **options)
    assert path.read_bytes() == before
    write(path, moving[:3], facts(), force=True)
    assert path.read_bytes() != before


def test_a_folder_of_frames_goes_on(tmp_path, moving):
    frames = frames_of(moving)
    target = FrameFolder(tmp_path / "out", MADE, resume=False, force=False)
    for frame in frames[:5]:
        target.write(frame, frame.pixels)
    again = FrameFolder(tmp_path / "out", MADE, resume=True, force=False)
    assert [again.has(frame) for frame in frames] == [True] * 5 + [False] * 7
    assert np.array_equal(read_picture(tmp_path / "out" / "00000003.png").pixels, moving[3])
    anew = FrameFolder(tmp_path / "out", MADE | {"scale": 3}, resume=False, force=True)
    assert not any(map(anew.has, frames))


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.png").write_bytes(b"mine")
    for force in (False, True):
        with pytest.raises(ImageError, match="holds other files"):
            FrameFolder(tmp_path, MADE, resume=False, force=force)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.png"]


def test_an_encoder_that_is_not_there_is_said(tmp_path, monkeypatch):
    with pytest.raises(UnavailableError, match=r"without the encoder libnone, which \.mp4 needs"):
        require_encoder(Encoder("libnone"), ".mp4")
    monkeypatch.setitem(encoding.ENCODERS, ".mp4", Encoder("libnone"))
    with pytest.raises(UnavailableError):
        VideoFile(tmp_path / "out.mp4", (48, 64), facts(), MADE)
    assert list(tmp_path.iterdir()) == []
