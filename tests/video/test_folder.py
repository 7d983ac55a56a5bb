"""Folders of frames as clips."""

from fractions import Fraction

import numpy as np
import pytest

from srbench.errors import ImageError
from srbench.imaging.images import write_image
from srbench.imaging.pictures import Picture, write_picture
from srbench.video.folder import FolderClip


def fill(folder, moving, names):
    for name, own in zip(names, moving, strict=False):
        write_image(folder / name, own)
    return folder


def test_frames_are_in_the_order_of_their_numbers(tmp_path, moving):
    names = [f"Frame {number}.png" for number in (9, 10, 11, 100)]
    clip = FolderClip(fill(tmp_path, moving, names), Fraction(24))
    frames = list(clip.frames([].append))
    assert [frame.name for frame in frames] == [name[:-4] for name in names]
    assert all(np.array_equal(frame.pixels, own) for frame, own in zip(frames, moving, strict=False))
    assert (clip.facts.rate, clip.facts.total, clip.facts.size, clip.facts.audio) == (24, 4, (48, 64), ())
    assert [frame.time * clip.facts.time_base for frame in frames] == [Fraction(n, 24) for n in range(4)]


def test_frames_of_two_sizes_are_named(tmp_path, moving):
    fill(tmp_path, [*moving[:3], moving[3][:40]], ["0.png", "1.png", "2.png", "3.png"])
    with pytest.raises(ImageError, match=r"3 frames of 64x48, but 3.png of 64x40; give the frames of one clip"):
        FolderClip(tmp_path)


def test_a_damaged_frame_is_named_when_its_turn_comes(tmp_path, moving):
    fill(tmp_path, moving[:4], ["0.png", "1.png", "2.png", "3.png"])
    content = (tmp_path / "2.png").read_bytes()
    (tmp_path / "2.png").write_bytes(content[: len(content) // 2])
    read = []
    with pytest.raises(ImageError, match=r"2\.png"):
        read += FolderClip(tmp_path).frames([].append)
    found = FolderClip(tmp_path).frames([].append)
    assert [next(found).number, next(found).number] == [0, 1]


def test_an_empty_folder_is_no_clip(tmp_path):
    with pytest.raises(ImageError, match="no frames in"):
        FolderClip(tmp_path)


def test_alpha_is_dropped_with_one_line(tmp_path, moving):
    for number in range(3):
        write_picture(tmp_path / f"{number}.png", Picture(moving[number], moving[number][..., 0]))
    said = []
    assert [frame.pixels.shape for frame in FolderClip(tmp_path).frames(said.append)] == [(48, 64, 3)] * 3
    assert len(said) == 1


def test_a_change_of_the_folder_is_another_clip(tmp_path, moving):
    fill(tmp_path, moving[:3], ["0.png", "1.png", "2.png"])
    before = FolderClip(tmp_path).fingerprint
    fill(tmp_path, moving[3:4], ["3.png"])
    assert FolderClip(tmp_path).fingerprint != before
