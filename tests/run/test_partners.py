"""Which file is of which frame, where another program made the SR images of clips; and their scores."""

import shutil

import pytest

from srbench.dataset import choose_clips, find
from srbench.errors import ImageError
from srbench.imaging.images import write_image
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run.external import ForeignOptions, score
from srbench.run.partners import pair_frames


@pytest.fixture
def clips(tmp_path, make_picture):
    """A folder of two clips of moving pictures, of 6 and 5 frames, counted from 7 and from 0."""
    folder = tmp_path / "clips"
    for clip, first, count, seed in (("fox", 7, 6, 1), ("owl", 0, 5, 2)):
        wide = make_picture(64, 80, seed)
        for number in range(count):
            write_image(folder / clip / f"f{first + number}.png", wide[:, 2 * number : 2 * number + 64].copy())
    return folder


@pytest.fixture
def files(tmp_path):
    """Makes files in a folder for each clip; returns the folder above."""

    def make(**names):
        folder = tmp_path / "sr"
        for clip, own in names.items():
            (folder / clip).mkdir(parents=True)
            for name in own:
                (folder / clip / name).touch()
        return folder

    return make


def paired(folder, clips, wanted=None, chosen=(), note=lambda text: None):
    (data,) = choose_clips([find(str(clips), note=lambda text: None)], chosen)
    names = {image.name for image in data.images} if wanted is None else set(wanted)
    found = pair_frames(folder, data, names, 4, "theirs", note)
    return {name: str(path.relative_to(folder)) for name, path in found.items()}


OWN = [f"f{n}.png" for n in range(7, 13)]
OWL = [f"{n:08d}_x4_SR.png" for n in range(5)]


@pytest.mark.parametrize(
    "numbers", [range(7, 13), range(6), range(1, 7)], ids=["as the clip's own", "from 0 on", "from 1 on"]
)
def test_frames_are_matched_by_number(files, clips, numbers):
    folder = files(fox=[f"out_{n}.png" for n in reversed(numbers)], owl=OWL)
    found = paired(folder, clips)
    assert [found[f"fox/f{n}"] for n in range(7, 13)] == [f"fox/out_{n}.png" for n in numbers]
    assert found["owl/f3"] == "owl/00000003_x4_SR.png"


def test_folders_may_have_what_programs_append_and_any_case(files, clips):
    found = paired(files(FOX_x4=OWN, Owl_theirs=OWL), clips)
    assert (found["fox/f7"], found["owl/f0"]) == ("FOX_x4/f7.png", "Owl_theirs/00000000_x4_SR.png")


def test_a_clip_of_one_frame_has_its_file_whatever_is_appended(files, tmp_path, make_picture):
    for clip, count in (("one", 1), ("two", 2)):
        for number in range(count):
            write_image(tmp_path / "short" / clip / f"{number}.png", make_picture(16, 16, number))
    found = paired(files(one=["0_x4.png"], two=["0_x4.png", "1_x4.png"]), tmp_path / "short")
    assert found == {"one/0": "one/0_x4.png", "two/0": "two/0_x4.png", "two/1": "two/1_x4.png"}


def test_frames_that_no_protocol_measures_may_lack_and_are_left_alone(files, clips):
    wanted = [f"fox/f{n}" for n in range(9, 11)] + ["owl/f2"]
    found = paired(files(fox=OWN[2:-2], owl=OWL), clips, wanted)
    assert found == {"fox/f9": "fox/f9.png", "fox/f10": "fox/f10.png", "owl/f2": "owl/00000002_x4_SR.png"}


def test_of_chosen_clips_the_other_folders_are_left_alone(files, clips):
    notes = []
    assert set(paired(files(fox=OWN, owl=OWL[:2]), clips, chosen=["fox"], note=notes.append)) == {
        f"fox/f{n}" for n in range(7, 13)
    }
    assert notes == ["folders of clips that are not measured here are left alone: owl"]


@pytest.mark.parametrize(
    ("names", "match"),
    [
        ({"fox": OWN[:2] + OWN[4:], "owl": OWL[1:]}, "fox' lacks frames 9-10; '.*owl' lacks frame 0"),
        ({"fox": OWN, "owl": [*OWL, "00000009_x4_SR.png"]}, "owl' has frame 9, which the clip has not: .* frames 0-4"),
        ({"fox": OWN}, r"1 of 2 clips have no folder in '.*sr' \(owl\)"),
        ({"fox": OWN, "owl": OWL, "cat": ["1.png"]}, r"1 folders in '.*sr' belong to no clip \(cat\)"),
        ({"fox": OWN, "fox_x4": OWN, "owl": OWL}, "two folders for the clip 'fox' in '.*': fox and fox_x4"),
        ({"fox": [*OWN, "f07.png"], "owl": OWL}, "two files of one frame in '.*fox': f07.png and f7.png"),
        ({"fox": [*OWN, "a.png"], "owl": OWL}, "images in '.*fox' are not called alike but for one number"),
        ({"fox": [], "owl": OWL}, "fox' lacks frames 7-12"),
    ],
)
def test_what_does_not_match_is_named(files, clips, names, match):
    with pytest.raises(ImageError, match=match):
        paired(files(**names), clips)


def test_a_folder_that_is_none_is_said(clips, tmp_path):
    with pytest.raises(ImageError, match="no folder at"):
        paired(tmp_path / "gone", clips)


# -- scores --------------------------------------------------------------------------------------------------------


@pytest.fixture
def theirs(go, clips, results, tmp_path):
    """Frames as another program may have written them: those of a bicubic run, renamed and counted from 1."""
    go("bicubic", datasets=(str(clips),), metrics=METRICS)
    with Reader(results) as reader:
        kept = per_image(reader).drop_duplicates("image").set_index("image")["sr_path"]
    for clip, first, count in (("fox", 7, 6), ("owl", 0, 5)):
        (tmp_path / "theirs" / clip).mkdir(parents=True)
        for place in range(count):
            path = results / kept[f"{clip}/f{first + place}"]
            shutil.copy(path, tmp_path / "theirs" / clip / f"{place + 1:03d}_SR.png")
    return tmp_path / "theirs"


METRICS = ("psnr", "ssim", "t-of-ilk")


def test_scores_are_those_of_a_run_to_the_last_bit_also_over_time(theirs, clips, results, scores):
    summary = score(ForeignOptions(theirs, str(clips), 2, "theirs", METRICS, out=results))
    assert (summary.computed, summary.failed) == (11, 0)
    found = scores()
    own = {key[1:]: value for key, value in found.items() if key[0] == "bicubic"}
    assert {key[1:]: value for key, value in found.items() if key[0] == "theirs"} == own
    over_time = [value for (_, metric), value in own.items() if metric == "t-of-ilk"]
    assert len(over_time) == 11 - 2  # a clip's first frame has none
    assert None not in over_time
    with Reader(results) as reader:
        rows = means(per_image(reader)).set_index(["method", "metric"])
    assert rows.loc[("theirs", "psnr"), "clips"] == 2
    assert rows.loc[("theirs", "psnr"), "mean"] == rows.loc[("bicubic", "psnr"), "mean"]
    fox, owl = ([own[image, "psnr"] for image in {name for name, _ in own} if clip in image] for clip in ("fox", "owl"))
    expected = (sum(fox) / 6 + sum(owl) / 5) / 2
    assert rows.loc[("theirs", "psnr"), "mean"] == pytest.approx(expected, abs=1e-9)


def test_a_clip_is_scored_alone_and_without_the_ends_that_a_protocol_leaves_out(theirs, clips, results, scores):
    for number in (1, 2, 5, 6):
        (theirs / "fox" / f"{number:03d}_SR.png").rename(theirs / f"{number}.png")
    for number, name in ((3, "f9_SR"), (4, "f10_SR")):
        (theirs / "fox" / f"{number:03d}_SR.png").rename(theirs / "fox" / f"{name}.png")
    options = ForeignOptions(theirs, str(clips), 2, "theirs", ("psnr",), "vsr-y-8-2", results, clips=("fox",))
    assert score(options).computed == 2
    assert {image for method, image, _ in scores() if method == "theirs"} == {"fox/f9", "fox/f10"}
    with pytest.raises(ImageError, match="fox' lacks frames 7-8, 11-12"):
        score(ForeignOptions(theirs, str(clips), 2, "theirs", ("psnr",), "vsr-y", results, clips=("fox",)))
