"""Clips in the page's pictures: one entry a clip, frames, rows of pixels over time, scores frame by frame."""

import base64
import io
import json
import re
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from srbench import dataset
from srbench.imaging.images import pixel_hash, read_image, write_image
from srbench.metrics import get
from srbench.protocol.named import BASICSR
from srbench.records import CellFacts, Entry, Outcome, Score
from srbench.report.html import clips, render
from srbench.report.html.embedding import WINDOWS
from srbench.report.html.gallery import gallery
from srbench.results.clips import clip_of
from srbench.results.facts import to_json
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.results.store import Store
from srbench.run.manifest import metric_facts, protocol_facts

RESAMPLE = {
    "nearest": Image.Resampling.NEAREST,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def moving(count, name="cat", height=96, width=120):
    """Crops of a photograph that move on by two pixels."""
    pixels = next(image for image in dataset.find("sample").images if image.name == name).read()
    return [np.ascontiguousarray(pixels[:height, 2 * i : 2 * i + width]) for i in range(count)]


def psnr(one, other):
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other.astype(float)) ** 2)))


@pytest.fixture
def of_clips(tmp_path):
    """A results folder of clips of real frames, ``{clip: frames}``, with a still image where the frames are one array;
    SR images are made by Pillow."""

    def fill(content, methods=tuple(RESAMPLE), originals=True, scores=None):
        folder = tmp_path / "results"
        frames = {
            (f"{name}/{number + 1}" if isinstance(own, list) else name): pixels
            for name, own in content.items()
            for number, pixels in enumerate(own if isinstance(own, list) else [own])
        }
        files = {}
        for name, pixels in frames.items():
            write_image(tmp_path / "hr" / f"{name}.png", pixels)
            files[name] = str(tmp_path / "hr" / f"{name}.png")
        manifest = {
            **{
                "command": "made up by a test",
                "srbench": "0",
                "git": "",
                "python": "3",
                "packages": {},
                "device": "cpu",
            },
            **{"processor": "none", "workers": 1, "seed": 0, "degradation": "bicubic"},
            **{"protocol": to_json(protocol_facts(BASICSR)) | {"hash": "0"}, "methods": []},
            "metrics": [to_json(metric_facts(get("psnr")))],
            "datasets": [
                {"name": "walks", "title": "Walks", "licence": "", "citation": "", "order": None, "version": 1}
                | {"images": {}, "files": files if originals else {}}
            ],
        }
        with Store(folder, create=True) as store:
            run_id = store.start_run(manifest)
            cells, entries = [], []
            for label in methods:
                for name, pixels in frames.items():
                    low = Image.fromarray(pixels).resize((pixels.shape[1] // 4, pixels.shape[0] // 4), Image.BICUBIC)
                    kind = RESAMPLE.get(label, Image.Resampling.BILINEAR)
                    sr = np.asarray(low.resize(pixels.shape[1::-1], kind))
                    path = f"images/{label}/{name}.png"
                    write_image(folder / path, sr)
                    facts = (label, "0", "walks", 1, name, pixel_hash(pixels), 3, 4, "bicubic/1")
                    cells.append(CellFacts(*facts, "basicsr", "0", ""))
                    value = psnr(sr, pixels) if scores is None else scores[label][clip_of(name)]
                    entries.append((Outcome("ok", sr_path=path), (Score("psnr", 1, value, "ok"),)))
            ids = store.plan(run_id, cells)
            store.record(run_id, [Entry(ids[cell.key], *own) for cell, own in zip(cells, entries, strict=True)])
            store.finish_run(run_id, "finished", manifest)
        return folder

    return fill


def made(folder):
    with Reader(folder) as reader:
        images = per_image(reader)
        titles = {own: own.capitalize() for own in images["method"].unique()}
        return gallery(images.assign(label=images["method"]), folder, reader.runs(), titles, reader.facts)


def decoded(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_a_clip_is_one_entry_and_a_still_image_is_one_too(of_clips):
    found = made(of_clips({"cat": moving(12), "page": moving(11, "page"), "still": moving(1)[0]}))
    assert sorted(clip_of(scene.image) or scene.image for scene in found.scenes) == ["cat", "page", "still"]
    assert [scene.clip is None for scene in sorted(found.scenes, key=lambda scene: scene.image)] == [False, False, True]
    assert found.notes == []


def test_every_frame_shows_the_pixels_that_were_scored(of_clips, tmp_path):
    folder = of_clips({"cat": moving(12)})
    (scene,) = made(folder).scenes
    clip = scene.clip
    assert clip.frames == [f"cat/{number}" for number in range(1, 13)]  # numbers as numbers
    assert clip.shown == list(range(12))
    for place, windows in zip(clip.shown, clip.windows, strict=True):
        assert set(windows) == {*RESAMPLE, "original", "lr"}
        for side in ("bicubic", "lanczos"):
            sr = read_image(folder / "images" / side / f"cat/{place + 1}.png")
            assert np.array_equal(decoded(windows[side]), scene.window.of(sr))
        hr = read_image(tmp_path / "hr" / f"cat/{place + 1}.png")
        assert np.array_equal(decoded(windows["original"]), scene.window.of(hr))
    assert scene.windows == clip.windows[clip.frames.index(scene.image)]


def test_a_profile_is_one_row_of_every_frame_one_below_the_other(of_clips):
    frames = moving(12)
    (scene,) = made(of_clips({"cat": frames})).scenes
    profile = scene.clip.profile
    assert (profile.first, profile.count, profile.width) == (0, 12, 120)
    expected = np.stack([own[profile.row, profile.left : profile.left + profile.width] for own in frames])
    assert np.array_equal(decoded(profile.sides["original"]), expected)
    # The camera pans by two pixels a frame: so do the lines of the profile.
    assert all(np.array_equal(one[2:], two[:-2]) for one, two in pairwise(decoded(profile.sides["original"])))
    assert scene.window.top <= profile.row < scene.window.top + scene.window.height


def test_scores_are_kept_frame_by_frame(of_clips):
    folder = of_clips({"cat": moving(12)})
    (scene,) = made(folder).scenes
    with Reader(folder) as reader:
        rows = per_image(reader).set_index(["method", "image"])["value"]
    for label in RESAMPLE:
        own = [rows[label, frame] for frame in scene.clip.frames]
        assert scene.clip.values[label]["psnr"] == pytest.approx(own, rel=1e-4)
    assert scene.values["bicubic"]["psnr"] == pytest.approx(rows["bicubic", scene.image], rel=1e-5)


def test_a_long_clip_has_frames_all_over_it_and_a_profile_around_the_one_that_was_chosen(of_clips, monkeypatch):
    monkeypatch.setattr(clips, "FRAMES", 4)
    monkeypatch.setattr(clips, "LONGEST", 10)
    (scene,) = made(of_clips({"cat": moving(24)}, ("bicubic", "nearest"))).scenes
    here, clip = scene.clip.frames.index(scene.image), scene.clip
    assert len(clip.shown) == len(clip.windows) == 4
    assert here in clip.shown
    assert clip.shown == sorted(clip.shown)
    assert clip.profile.count == 10
    assert clip.profile.first <= here < clip.profile.first + 10
    assert all(clip.profile.first <= place < clip.profile.first + 10 for place in clip.shown)
    assert len(clip.frames) == 24


def test_of_many_methods_a_clip_shows_the_best_and_bicubic(of_clips):
    names = ("bicubic", "nearest", *(f"mine-{i}" for i in range(7)))
    (scene,) = made(of_clips({"cat": moving(3)}, names)).scenes
    assert len(scene.labels) == clips.METHODS
    assert "bicubic" in scene.labels
    assert any(re.fullmatch(r".*: a clip shows 6 methods", text) for text in scene.missing)


def test_methods_are_ranked_by_means_over_clips(of_clips):
    """Over all eight frames 'lanczos' would be the best: 27.5 dB, and 'nearest' 27.25."""
    means = {"bicubic": (20, 20), "nearest": (29, 22), "lanczos": (30, 20)}
    scores = {label: dict(zip(("cat", "page"), own, strict=True)) for label, own in means.items()}
    found = made(of_clips({"cat": moving(6), "page": moving(2, "page")}, scores=scores))
    assert {scene.right for scene in found.scenes} == {"nearest"}


def test_a_frame_that_is_lost_leaves_no_gap_in_the_profile(of_clips):
    folder = of_clips({"cat": moving(12)})
    for label in RESAMPLE:
        (folder / "images" / label / "cat" / "9.png").unlink()
    (scene,) = made(folder).scenes
    here, profile = scene.clip.frames.index(scene.image), scene.clip.profile
    shown = range(profile.first, profile.first + profile.count)
    assert here in shown
    assert scene.clip.frames.index("cat/9") not in shown
    assert set(scene.clip.shown) <= set(shown)


def test_without_originals_one_line_says_so(of_clips):
    found = made(of_clips({"cat": moving(8)}, originals=False))
    assert "original" not in found.scenes[0].clip.windows[0]
    assert len([note for note in found.notes if "original" in note]) == 1


def test_what_is_too_heavy_is_left_out_and_the_page_keeps_its_size(of_clips, monkeypatch):
    folder = of_clips({"cat": moving(12)})
    (whole,) = made(folder).scenes
    assert whole.weight <= WINDOWS
    room = whole.weight // 3
    monkeypatch.setattr("srbench.report.html.gallery.WINDOWS", room)
    (scene,) = made(folder).scenes
    assert scene.weight <= room
    assert len(scene.clip.windows) < 12
    assert scene.clip.values == whole.clip.values


def test_the_page_holds_clips_as_data_of_its_own(of_clips):
    folder = of_clips({"cat": moving(5)})
    with Reader(folder) as reader:
        text = render(reader).text
    content = json.loads(re.search(r'id="pictures-data">(.*?)</script>', text, re.DOTALL)[1])
    (scene,) = content["scenes"]
    assert scene["clip"]["name"] == "cat"
    assert len(scene["clip"]["windows"]) == 5
    assert "http" not in json.dumps(scene["clip"])
    assert "srb.clips" in text
