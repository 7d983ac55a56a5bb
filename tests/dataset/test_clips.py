"""Clips: folders of frames, sorted by number, whole, of one size; what is wrong with them is named."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from srbench import dataset
from srbench.dataset import clips, manifest, pairs
from srbench.dataset.clip_facts import ClipFacts
from srbench.dataset.manifest import Manifest, facts_of
from srbench.dataset.verify import check_images
from srbench.errors import DatasetError, DatasetMissingError


@pytest.fixture
def put(tmp_path):
    """Writes images of given sizes below a folder; returns it."""

    def write(files, size=(8, 6), folder=tmp_path / "clips"):
        for number, name in enumerate(files):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size, (number % 256, 99, 199)).save(folder / name)
        return folder

    return write


@pytest.fixture
def notes():
    return []


# -- a user's folder -----------------------------------------------------------------------------------------------


def test_a_folder_of_folders_of_frames_is_a_dataset_of_clips(put, notes):
    root = put([f"b/frame_{n}.png" for n in (9, 10, 8)] + [f"a/{n:08d}.png" for n in range(3)])
    data = dataset.find(str(root), notes.append)
    assert [image.name for image in data.images] == [
        *("a/00000000", "a/00000001", "a/00000002"),
        *("b/frame_8", "b/frame_9", "b/frame_10"),  # as numbers, not as texts
    ]
    assert [(image.clip, image.number) for image in data.images] == [("a", 0), ("a", 1), ("a", 2)] + [
        ("b", n) for n in range(3)
    ]
    assert (data.name, data.folder, list(data.clips()), notes) == ("clips", root.resolve(), ["a", "b"], [])


@pytest.mark.parametrize("pattern", ["{}.png", "Frame {:03d}.png", "im{}.bmp", "scene2_{:04d}_hq.png", "2_{}.jpg"])
def test_frames_are_named_alike_but_for_one_number(put, pattern):
    root = put([f"clip/{pattern.format(n)}" for n in (1, 2, 3)])
    assert [image.number for image in dataset.find(str(root)).images] == [0, 1, 2]
    assert clips.read_clip(root / "clip").numbers == (1, 2, 3)


@given(st.sets(st.integers(0, 10**6), min_size=2, max_size=9), st.sampled_from(["{}.png", "f{:05d}.png", "v1-{}.png"]))
def test_frames_come_in_the_order_of_their_numbers(tmp_path_factory, numbers, pattern):
    folder = tmp_path_factory.mktemp("clip")
    for number in numbers:
        (folder / pattern.format(number)).touch()
    assert clips.read_clip(folder).numbers == tuple(sorted(numbers))


@pytest.mark.parametrize(
    "names", [("baby.png", "bird.png"), ("baby1.png", "bird2.png"), ("1_1.png", "2_2.png"), ("a1.png", "a.png")]
)
def test_other_images_are_no_clip(put, names):
    root = put([f"Set5/{name}" for name in names])
    assert clips.read_clip(root / "Set5") is None
    with pytest.raises(DatasetError, match="no images in") as caught:
        dataset.find(str(root))
    assert "Set5" in caught.value.hint


def test_folders_of_one_image_each_are_no_clips(put):
    with pytest.raises(DatasetError, match="no images in"):
        dataset.find(str(put(["a/1.png", "b/2.png"])))


def test_a_clip_of_one_frame_is_told(put, notes):
    data = dataset.find(str(put(["a/1.png", "a/2.png", "b/1.png"])), notes.append)
    assert [image.name for image in data.images] == ["a/1", "a/2", "b/1"]
    (note,) = notes
    assert note.startswith("the clip 'b' has one frame")


def test_missing_numbers_are_named(put):
    root = put([f"a/{n}.png" for n in (1, 2, 4, 8, 9)] + ["b/0.png", "b/2.png", "c/1.png", "c/2.png"])
    with pytest.raises(DatasetError, match=r"frames are missing .*: a lacks frames 3, 5-7; b lacks frame 1;"):
        dataset.find(str(root))


def test_two_files_of_one_number_are_named(put):
    with pytest.raises(DatasetError, match=r"several frames of one number: 01.png, 1.png"):
        dataset.find(str(put(["a/01.png", "a/1.png", "a/2.png"])))


def test_frames_of_two_sizes_are_named(put):
    root = put([f"a/{n}.png" for n in range(4)])
    put(["a/4.png"], size=(10, 6), folder=root)
    with pytest.raises(DatasetError, match=r"clip 'a' has frames of 8x6 and 1 of another size, such as 10x6 \(4.png\)"):
        dataset.find(str(root))


def test_frames_beside_other_images_in_folders_are_an_error(put):
    root = put(["a/1.png", "a/2.png", "b/baby.png", "b/bird.png"])
    with pytest.raises(DatasetError, match=r"folders of frames \(a\) and folders of other images \(b\)"):
        dataset.find(str(root))


def test_of_stills_and_folders_of_frames_the_stills_are_taken_and_it_is_said(put, notes):
    root = put(["baby.png", "bird.png", "a/1.png", "a/2.png", "LR/1.png", "LR/2.png", "c/x.png", "c/y.png"])
    data = dataset.find(str(root), notes.append)
    assert [image.name for image in data.images] == ["baby", "bird"]
    assert not data.clips()
    (note,) = notes
    assert "holds images and folders of frames (a): the images are taken" in note


def test_hidden_files_and_folders_of_lr_images_do_not_count(put):
    root = put(["a/1.png", "a/2.png", "a/._1.png", ".b/1.png", ".b/2.png", "X4/1.png", "X4/2.png"])
    assert [image.name for image in dataset.find(str(root)).images] == ["a/1", "a/2"]


def test_an_unreadable_frame_is_left_to_who_decodes_it(put):
    root = put([f"a/{n}.png" for n in range(3)])
    (root / "a/1.png").write_bytes(b"broken")
    assert len(dataset.find(str(root)).images) == 3


# -- LR frames that are given --------------------------------------------------------------------------------------


def test_lr_frames_are_found_by_clip_and_name(put, tmp_path):
    root = put([f"{clip}/{n:03d}.png" for clip in "ab" for n in range(2)])
    for scale in (2, 4):
        names = [f"X{scale}/{clip}/{n:03d}.png" for clip in "ab" for n in range(2)]
        put(names, size=(8 // scale, 6 // scale), folder=tmp_path / "LR")
    data = dataset.find(str(root))
    for place in (tmp_path / "LR", tmp_path / "LR/X2"):
        found = pairs.given(data, str(place), 2)
        assert {name: low.path.relative_to(tmp_path / "LR").as_posix() for name, low in found.items()} == {
            f"{clip}/{n:03d}": f"X2/{clip}/{n:03d}.png" for clip in "ab" for n in range(2)
        }
    (tmp_path / "LR/X2/b/001.png").unlink()
    with pytest.raises(DatasetError, match="no LR image"):
        pairs.given(data, str(tmp_path / "LR"), 2)
    shutil.rmtree(tmp_path / "LR/X2/b")
    with pytest.raises(DatasetError, match="holds no LR frames of a, b at x2"):
        pairs.given(data, str(tmp_path / "LR/X2"), 2)
    with pytest.raises(DatasetMissingError, match="no LR images"):
        pairs.given(data, "", 2)


# -- known clips ---------------------------------------------------------------------------------------------------


@pytest.fixture
def known(monkeypatch, make_picture, tmp_path):
    """A known dataset of the clips 'fox' (3 frames, recorded) and 'owl' (2 frames of 12x10, not recorded), and the
    pixels of both, by clip."""
    pixels = {"fox": [make_picture(10, 12, seed) for seed in range(3)], "owl": [make_picture(10, 12, 9)] * 2}
    hashes = tuple(facts_of(own, "x").sha256 for own in pixels["fox"])
    own = (ClipFacts("fox", 3, (12, 10), sha256=hashes), ClipFacts("owl", 2, (12, 10)))
    images = tuple(frame for clip in own for frame in manifest._frames(clip))
    both = Manifest("both", "Both", 1, "", "", "", ("Both",), images, {}, clips=own)
    monkeypatch.setattr(manifest, "manifests", lambda: {"both": both})
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path / "data"))
    return both, pixels


@pytest.fixture
def lay_out_clips(tmp_path):
    def write(pixels, pattern="{:08d}.png", first=0, below="Both"):
        for clip, frames in pixels.items():
            folder = tmp_path / "data" / below / clip
            folder.mkdir(parents=True, exist_ok=True)
            for number, frame in enumerate(frames, first):
                Image.fromarray(frame).save(folder / pattern.format(number))
        return tmp_path / "data" / below

    return write


def verdicts(known):
    return {verdict.image: verdict.verdict for verdict in check_images(known)}


@pytest.mark.parametrize(
    "layout", [("{:08d}.png", 0, "Both"), ("Frame {:03d}.png", 1, "both/GT"), ("{}.bmp", 7, "Both")]
)
def test_public_copies_are_matched_by_number(known, lay_out_clips, layout, notes):
    both, pixels = known
    lay_out_clips(pixels, *layout)
    data = dataset.find("both", notes.append)
    assert [image.name for image in data.images] == ["fox/000", "fox/001", "fox/002", "owl/000", "owl/001"]
    assert [image.facts and image.facts.name for image in data.images] == ["fox/000", "fox/001", "fox/002", None, None]
    assert all((image.read() == pixels[image.clip][image.number]).all() for image in data.images)
    assert (both.count, both.recorded, dataset.available("both"), notes) == (5, False, True, [])
    assert verdicts(both) == dict.fromkeys(("fox/000", "fox/001", "fox/002"), "identical") | dict.fromkeys(
        ("owl/000", "owl/001"), "not recorded"
    )


def test_clips_that_are_not_whole_are_left_out_and_told(known, lay_out_clips, notes):
    both, pixels = known
    root = lay_out_clips(pixels, "Frame {:03d}.png", 1)
    (root / "fox/Frame 001.png").unlink()
    assert {image.clip for image in dataset.find("both", notes.append).images} == {"owl"}
    assert notes == ["1 of 2 clips of Both are here (owl), and means are over these; not here: fox (2 of 3 frames)"]
    assert verdicts(both)["fox/000"] == "missing"
    assert verdicts(both)["fox/001"] == verdicts(both)["fox/002"] == "identical"
    shutil.rmtree(root / "owl")
    with pytest.raises(DatasetMissingError, match=r"no clip of Both is whole .*: fox \(2 of 3 frames\), owl"):
        dataset.find("both")
    shutil.rmtree(root)
    with pytest.raises(DatasetMissingError, match="Both is not on this machine"):
        dataset.find("both")


def test_other_frames_are_told_apart_from_the_recorded_ones(known, lay_out_clips):
    both, pixels = known
    root = lay_out_clips({"fox": [*pixels["fox"][:1], pixels["fox"][2], 255 - pixels["fox"][2]], "owl": pixels["owl"]})
    Image.fromarray(pixels["owl"][0][:6]).save(root / "owl/00000001.png")
    (root / "owl/00000000.png").write_bytes(b"broken")
    assert verdicts(both) == {
        "fox/000": "identical",
        **dict.fromkeys(("fox/001", "fox/002"), "other pixels"),
        "owl/000": "unreadable",
        "owl/001": "wrong size",
    }


# -- Vid4 ----------------------------------------------------------------------------------------------------------


def test_what_the_manifest_says_of_vid4():
    vid4 = dataset.manifests()["vid4"]
    assert vid4.frames == {"calendar": 41, "city": 34, "foliage": 49, "walk": 47}
    assert (vid4.count, vid4.recorded, vid4.embedded) == (171, False, False)
    assert {clip.name: (clip.size, clip.recorded) for clip in vid4.clips} == {
        "calendar": ((720, 576), False),
        "city": ((704, 576), True),
        "foliage": ((720, 480), False),
        "walk": ((720, 480), True),
    }
    mean = sum(clip.bicubic["vsr-y"][4] for clip in vid4.clips) / 4
    assert vid4.bicubic["vsr-y"][4] == pytest.approx(mean, abs=0.001)
    assert vid4.published["vsr-y"][4] == pytest.approx(mean, abs=0.005)


@pytest.mark.data("vid4/city", "vid4/walk")
def test_city_and_walk_are_the_recorded_ones():
    found = [verdict for verdict in check_images(dataset.manifests()["vid4"]) if verdict.image[:4] in ("city", "walk")]
    assert [verdict.verdict for verdict in found] == ["identical"] * 81
