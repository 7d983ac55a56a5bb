"""Frames with their neighbours, as they pass by."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.evaluation.clip import reflected
from srbench.video.clip import Frame
from srbench.video.sliding import chunks, windows

PIXEL = np.zeros((1, 1), np.uint8)


def clip(count):
    return [Frame(number, PIXEL, number, f"{number}") for number in range(count)]


def numbers(frames):
    return [frame.number for frame in frames]


def test_what_lies_beyond_the_ends_is_reflected():
    assert [numbers(window.frames) for window in windows(clip(3), 5)] == [
        [2, 1, 0, 1, 2],
        [1, 0, 1, 2, 1],
        [0, 1, 2, 1, 0],
    ]


@given(st.integers(1, 20), st.integers(1, 9))
def test_windows_are_those_of_a_clip_that_is_there_whole(count, length):
    whole = clip(count)
    before = length // 2
    expected = [[reflected(t + k - before, count) for k in range(length)] for t in range(count)]
    found = list(windows(iter(whole), length))
    assert [numbers(window.frames) for window in found] == expected
    assert [window.frame.number for window in found] == list(range(count))


@pytest.mark.parametrize("length", [1, 4, 5])
def test_a_window_reads_no_further_than_it_needs_and_holds_few(length):
    read = []

    def frames():
        for frame in clip(100):
            read.append(frame.number)
            yield frame

    for window in windows(frames(), length):
        assert len(read) <= min(100, window.frame.number + length // 2 + 1)


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_reflection_goes_to_and_fro(total):
    there = [reflected(number, total) for number in range(-20, 20)]
    assert set(there) == set(range(total))
    assert [reflected(number, total) for number in range(total)] == list(range(total))
    assert all(abs(a - b) == 1 for a, b in pairwise(there)) or total == 1
    assert [reflected(-number, total) for number in range(9)] == [reflected(number, total) for number in range(9)]


@given(st.integers(0, 60), st.integers(1, 9), st.integers(0, 9))
def test_chunks_cover_each_frame_once_with_the_frames_around_it(count, length, around):
    whole = clip(count)
    found = list(chunks(iter(whole), length, around))
    assert [n for chunk in found for n in numbers(chunk.frames[chunk.first : chunk.last])] == list(range(count))
    for chunk in found:
        there = numbers(chunk.frames)
        assert there == list(range(there[0], there[-1] + 1))
        first, last = there[chunk.first], there[chunk.last - 1]
        assert there[0] == max(0, first - around)
        assert there[-1] >= min(count - 1, last + around)
        assert len(there) <= length + 2 * around
    assert len(found) == (1 if 0 < count <= length + around else len(found))
