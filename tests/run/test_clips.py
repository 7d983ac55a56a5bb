"""Runs on clips: frames of one clip after the other, what lacks of them said and written down."""

import json

import pytest

from srbench.dataset.locate import find
from srbench.errors import ImageError
from srbench.imaging.images import write_image
from srbench.results.reader import Reader
from srbench.run.observer import Silent


class Notes(Silent):
    def __init__(self):
        self.lines = []

    def note(self, text):
        self.lines.append(text)


@pytest.fixture
def clips(tmp_path, make_picture):
    """A folder of two clips of moving pictures, of 5 and 3 frames."""
    folder = tmp_path / "clips"
    for clip, count, seed in (("fox", 5, 1), ("owl", 3, 2)):
        wide = make_picture(32, 60, seed)
        for number in range(count):
            write_image(folder / clip / f"{number + 1:03d}.png", wide[:, 2 * number : 2 * number + 40].copy())
    return folder


def manifest(results):
    with Reader(results) as reader:
        return reader.runs()[-1].manifest


def planned(results):
    with Reader(results) as reader:
        return [row.facts for row in reader.planned()]


def test_methods_of_one_image_run_frame_by_frame(go, clips, results, scores):
    notes = Notes()
    summary = go("bicubic", "nearest", datasets=(str(clips),), observer=notes)
    assert (summary.total, summary.computed, summary.failed) == (16, 16, 0)
    assert [facts.image for facts in planned(results) if facts.method == "bicubic"] == [
        *(f"fox/{n:03d}" for n in range(1, 6)),
        *(f"owl/{n:03d}" for n in range(1, 4)),
    ]
    alone = go("bicubic", datasets=(str(clips / "fox"),), out=results.parent / "alone")
    assert alone.total == 5
    found, single = scores(), scores(results.parent / "alone")
    for n in range(1, 6):
        assert found["bicubic", f"fox/{n:03d}", "psnr"] == single["bicubic", f"{n:03d}", "psnr"]
    (described,) = manifest(results)["datasets"]
    assert described["clips"] == {"fox": {"frames": 5}, "owl": {"frames": 3}}
    assert go("bicubic", datasets=(str(clips),)).known == 8


def test_a_frame_that_cannot_be_decoded_is_named_and_the_others_go_on(go, clips, results):
    (clips / "fox/003.png").write_bytes(b"broken")
    notes = Notes()
    assert go("bicubic", datasets=(str(clips),), observer=notes).total == 7
    (line,) = [line for line in notes.lines if "cannot be used" in line]
    assert "1 of 8 frames cannot be used and are left out (fox/003): means of fox are over a part of the clip" in line
    (described,) = manifest(results)["datasets"]
    assert described["clips"] == {"fox": {"frames": 4, "partial": ["fox/003.png"]}, "owl": {"frames": 3}}
    assert list(described["left_out"]) == ["fox/003.png"]
    assert json.dumps(described)
    assert "fox/003" not in described["images"]


def test_a_still_image_that_cannot_be_decoded_ends_a_run_with_clips_too(go, clips, pictures):
    (clips / "fox/003.png").write_bytes(b"broken")
    (pictures / "b.png").write_bytes(b"broken")
    with pytest.raises(ImageError, match=r"b\.png"):
        go("bicubic", datasets=(str(clips), str(pictures)))
    for path in clips.rglob("*.png"):
        path.write_bytes(b"broken")
    with pytest.raises(ImageError, match="none of the 8 images"):
        go("bicubic", datasets=(str(clips),))


def test_given_lr_frames_are_those_of_their_clips(go, clips, results, tmp_path):
    for image in find(str(clips)).images:
        write_image(tmp_path / "LR" / f"{image.name}.png", image.read()[::2, ::2].copy())
    assert go("bicubic", datasets=(str(clips),), lr=(str(tmp_path / "LR"),)).computed == 8
    assert len({facts.lr_sha256 for facts in planned(results)}) == 8
