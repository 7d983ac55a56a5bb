"""Bicubic is measured with every run, against the value that the manifest records."""

import dataclasses
import shutil
import statistics

import pytest

from srbench.dataset import manifest as dataset
from srbench.dataset.clip_facts import ClipFacts
from srbench.dataset.locate import find
from srbench.dataset.manifest import Manifest, facts_of
from srbench.evaluation.reference import TOLERANCE
from srbench.imaging.images import read_image, write_image
from srbench.results.reader import Reader
from srbench.results.store import Store

NAMES = ("a", "b", "c")


@pytest.fixture
def known(pictures, go, scores, tmp_path, monkeypatch):
    """The three small pictures as a known dataset 'toys', with bicubic's PSNR at x2 recorded."""
    go("bicubic", metrics=("psnr",), out=tmp_path / "truth")
    truth = statistics.mean(scores(tmp_path / "truth").values())
    images = tuple(facts_of(read_image(pictures / f"{name}.png"), f"{name}.png") for name in NAMES)
    manifest = Manifest("toys", "Toys", 1, "", "", "", ("toys",), images, {"basicsr": {2: truth}})
    monkeypatch.setattr(dataset, "manifests", lambda: {"toys": manifest})
    pictures.rename(tmp_path / "toys")
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    return tmp_path / "toys", truth


def test_it_is_good_on_the_published_images(known, go, write_plugin, results):
    summary = go(write_plugin(), datasets=("toys",))
    (canary,) = summary.canaries
    assert (canary.dataset, canary.scale, canary.verdict) == ("toys", 2, "good")
    assert canary.measured == pytest.approx(known[1], abs=1e-9)
    with Reader(results) as reader:
        assert reader.runs()[0].canaries[0].verdict == "good"


def test_it_is_no_row_of_the_results_unless_bicubic_was_asked_for(known, go, write_plugin, scores, results):
    go(write_plugin(), datasets=("toys",))
    assert {key[0] for key in scores()} == {"mine"}
    assert not list(results.glob("images/**/bicubic*"))
    go("bicubic", datasets=("toys",))
    assert {key[0] for key in scores()} == {"mine", "bicubic"}


@pytest.mark.parametrize("asked", [("bicubic",), ("nearest",)])
def test_a_tampered_image_puts_it_off_and_is_named(known, go, asked):
    folder, truth = known
    write_image(folder / "b.png", 255 - read_image(folder / "b.png") // 2)
    (canary,) = go(*asked, datasets=("toys",)).canaries
    assert canary.verdict == "off"
    assert abs(canary.measured - truth) > TOLERANCE
    assert "1 image (b) with other pixels" in canary.cause
    assert "srbench verify toys" in canary.cause


def test_a_cropped_copy_puts_it_off_and_is_named(known, go):
    folder, _ = known
    write_image(folder / "a.png", read_image(folder / "a.png")[:-2, :-2])
    (canary,) = go("nearest", datasets=("toys",)).canaries
    assert canary.verdict == "off"
    assert "1 image (a) of another size" in canary.cause


def test_an_image_that_bicubic_cannot_measure_puts_it_off(known, go):
    folder, _ = known
    write_image(folder / "a.png", read_image(folder / "a.png")[:4, :4])
    (canary,) = go("nearest", datasets=("toys",)).canaries
    assert (canary.verdict, canary.measured) == ("off", None)
    assert "(a) of another size" in canary.cause


def test_true_images_and_a_wrong_value_point_at_the_computation(known, go, monkeypatch):
    manifest = dataset.manifests()["toys"]
    wrong = dataclasses.replace(manifest, bicubic={"basicsr": {2: known[1] + 0.01}})
    monkeypatch.setattr(dataset, "manifests", lambda: {"toys": wrong})
    (canary,) = go("nearest", datasets=("toys",)).canaries
    assert canary.verdict == "off"
    assert "computation differs" in canary.cause


def test_images_that_are_only_counted_may_be_others(known, go, monkeypatch):
    _, truth = known
    manifest = Manifest("toys", "Toys", 1, "", "", "", ("toys",), (), {"basicsr": {2: truth - 1}}, unrecorded=3)
    monkeypatch.setattr(dataset, "manifests", lambda: {"toys": manifest})
    (canary,) = go("nearest", datasets=("toys",)).canaries
    assert (canary.verdict, canary.measured) == ("off", pytest.approx(truth, abs=1e-9))
    assert "not recorded" in canary.cause


def test_a_folder_has_none_and_says_so(go):
    (canary,) = go("nearest").canaries
    assert (canary.verdict, canary.measured) == ("none", None)
    assert "no recorded value" in canary.cause


@pytest.mark.parametrize("other", [{"scales": (4,)}, {"protocol": "classic"}])
def test_a_scale_or_protocol_without_a_recorded_value_has_none(known, go, other):
    (canary,) = go("nearest", datasets=("toys",), **other).canaries
    assert canary.verdict == "none"


def test_of_several_protocols_the_one_that_says_most_counts(known, go, monkeypatch):
    (canary,) = go("nearest", datasets=("toys",), protocol="classic,basicsr,rgb").canaries
    assert (canary.verdict, canary.measured) == ("good", pytest.approx(known[1], abs=1e-9))
    manifest = dataset.manifests()["toys"]
    wrong = dataclasses.replace(manifest, bicubic=manifest.bicubic | {"rgb": {2: 20.0}})
    monkeypatch.setattr(dataset, "manifests", lambda: {"toys": wrong})
    (canary,) = go("nearest", datasets=("toys",), protocol="basicsr,rgb").canaries
    assert (canary.verdict, canary.expected) == ("off", 20.0)
    assert canary.cause.startswith("under rgb: ")


def test_the_sample_has_its_recorded_values(go):
    summary = go("nearest", datasets=("sample",), scales=(2, 3, 4), metrics=("psnr",), keep_images=False, threads=2)
    assert [(canary.scale, canary.verdict) for canary in summary.canaries] == [(2, "good"), (3, "good"), (4, "good")]


def test_a_run_that_was_killed_before_its_canary_gets_it_later(known, go, results, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Store, "add_canaries", lambda *arguments: None)
        go("nearest", datasets=("toys",))
    go("nearest", datasets=("toys",))
    with Reader(results) as reader:
        verdicts = [canary.verdict for run in reader.runs() for canary in run.canaries]
    assert verdicts == ["good"]


@pytest.mark.data("set5")
def test_a_cropped_image_of_set5_is_caught(go, tmp_path, monkeypatch):
    for image in find("set5").images:
        pixels = image.read()
        write_image(tmp_path / "Set5" / f"{image.name}.png", pixels[:-4] if image.name == "bird" else pixels)
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    summary = go("nearest", datasets=("set5",), scales=(4,), metrics=("psnr",), keep_images=False)
    (canary,) = summary.canaries
    assert canary.verdict == "off"
    assert canary.expected == pytest.approx(28.43, abs=0.01)
    assert "bird" in canary.cause


# -- clips ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def known_clips(go, make_picture, scores, tmp_path, monkeypatch):
    """A known dataset 'film' of clips of 2 and 3 frames, with bicubic's PSNR at x2 recorded; the clips' values."""
    folder, clips = tmp_path / "film", []
    for clip, count in (("fox", 2), ("owl", 3)):
        for n in range(count):
            write_image(folder / clip / f"{n}.png", make_picture(28, 30, n + count))
    go("bicubic", metrics=("psnr",), datasets=(str(folder),), out=tmp_path / "truth")
    found = scores(tmp_path / "truth")
    for clip, count in (("fox", 2), ("owl", 3)):
        truth = statistics.mean(found["bicubic", f"{clip}/{n}", "psnr"] for n in range(count))
        hashes = tuple(facts_of(read_image(folder / clip / f"{n}.png"), "").sha256 for n in range(count))
        clips.append(ClipFacts(clip, count, (30, 28), {"basicsr": {2: truth}}, hashes))
    images = tuple(frame for clip in clips for frame in dataset._frames(clip))
    manifest = Manifest("film", "Film", 1, "", "", "", ("film",), images, {}, clips=tuple(clips))
    monkeypatch.setattr(dataset, "manifests", lambda: {"film": manifest})
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    return folder, {clip.name: clip.bicubic["basicsr"][2] for clip in clips}


def test_of_clips_the_mean_is_over_frames_and_then_over_clips(known_clips, go):
    _, truth = known_clips
    (canary,) = go("nearest", datasets=("film",)).canaries
    assert (canary.verdict, canary.dataset) == ("good", "film")
    assert canary.measured == pytest.approx(statistics.mean(truth.values()), abs=1e-9)


def test_a_single_clip_is_held_to_its_own_value(known_clips, go):
    folder, truth = known_clips
    shutil.rmtree(folder / "fox")
    (canary,) = go("nearest", datasets=("film",)).canaries
    assert canary.verdict == "good"
    assert canary.measured == pytest.approx(truth["owl"], abs=1e-9)


def test_a_clip_that_is_off_is_named(known_clips, go):
    folder, truth = known_clips
    write_image(folder / "owl/1.png", 255 - read_image(folder / "owl/1.png") // 2)
    (canary,) = go("nearest", datasets=("film",)).canaries
    assert canary.verdict == "off"
    assert canary.cause.startswith("clip owl: ")
    assert f"not {truth['owl']:.3f} dB; 1 image (owl/001) with other pixels" in canary.cause
    assert "clip fox" not in canary.cause


def test_a_clip_of_which_a_frame_is_broken_is_held_to_nothing(known_clips, go):
    folder, truth = known_clips
    (folder / "owl/1.png").write_bytes(b"broken")
    (canary,) = go("nearest", datasets=("film",)).canaries
    assert canary.verdict == "good"
    assert canary.measured == pytest.approx(truth["fox"], abs=1e-9)
    (folder / "fox/1.png").write_bytes(b"broken")
    (canary,) = go("nearest", datasets=("film",), force=True).canaries
    assert (canary.verdict, canary.measured) == ("none", None)
