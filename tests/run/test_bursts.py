"""Runs on bursts: methods of several frames see all of them, methods of one image see the target frame alone."""

import pytest

from srbench.method import plugins
from srbench.registry import Found
from srbench.results.reader import Reader
from srbench.run.observer import Silent
from srbench.run.selection import select_methods

PLUGIN = """\
import torch
from srbench.method import MethodCard, MultiFrameMethod
from srbench.resize import imresize


def card(name, frames, **fields):
    about = {"title": name, "year": 2026, "family": "test", "paper": "none", "colour": "any"}
    return MethodCard(name=name, frames=frames, **about, **fields)


class Interleaved(MultiFrameMethod):
    \"\"\"Puts the pixels of decimated frames back, where it knows how these were moved; else bicubic.\"\"\"

    card = card("interleaved", "any", uses_shifts=True)

    def upscale_frames(self, frames, target, scale, shifts=None):
        sr = imresize(frames[:, target], scale)
        if shifts is not None:
            for frame, moves in zip(frames.unbind(1), (shifts * scale).round().int().tolist()):
                places = [torch.arange(n) * scale - move for n, move in zip(frame.shape[-2:], moves)]
                rows, columns = ((place >= 0) & (place < n) for place, n in zip(places, sr.shape[-2:]))
                sr[..., places[0][rows][:, None], places[1][columns]] = frame[..., rows, :][..., columns]
        return sr


class OfThree(MultiFrameMethod):
    card = card("of-three", (3, 5))

    def upscale_frames(self, frames, target, scale, shifts=None):
        assert shifts is None
        return imresize(frames.mean(dim=1), scale)
"""
BURST = "burst:4 > down:nearest:first"
OPTIONS = {"metrics": ("psnr",)}


class Notes(Silent):
    def __init__(self):
        self.lines = []

    def note(self, text):
        self.lines.append(text)


@pytest.fixture
def several(tmp_path):
    path = tmp_path / "several.py"
    path.write_text(PLUGIN)
    return str(path)


def cells(results):
    """(frames, status, hash of the SR image) by method and image of the newest run."""
    with Reader(results) as reader:
        facts = {row.cell_id: row.facts for row in reader.planned()}
        outcomes = {row.cell_id: row.outcome for row in reader.outcomes()}
    return {
        (own.method, own.image, own.protocol): (own.frames, outcomes[cell].status, outcomes[cell].sr_sha256)
        for cell, own in facts.items()
    }


def test_a_method_that_is_told_the_shifts_finds_the_pixels_again(go, several, scores):
    """All that is lost is noise."""
    assert not go("bicubic", several, degradation=f"{BURST} > noise:2", **OPTIONS).failures
    found = scores()
    for image in ("a", "b", "c"):
        assert found["interleaved", image, "psnr"] > max(40, found["bicubic", image, "psnr"] + 5)


def test_of_a_blind_burst_it_is_told_none(go, several, scores):
    assert not go("bicubic", several, degradation="burst:4:blind > down:nearest:first", **OPTIONS).failures
    found = scores()
    assert all(found["interleaved", image, "psnr"] == found["bicubic", image, "psnr"] for image in ("a", "b", "c"))


def test_cells_say_how_many_frames_their_method_sees(go, several, results):
    go("bicubic", several, degradation=BURST, **OPTIONS)
    frames = {method: own[0] for (method, _, _), own in cells(results).items()}
    assert frames == {"bicubic": 1, "interleaved": 4, "of-three": 3}


def test_what_was_computed_is_not_computed_again(go, several):
    go("bicubic", several, degradation=BURST, **OPTIONS)
    again = go("bicubic", several, degradation=BURST, **OPTIONS)
    assert (again.computed, again.known) == (0, 9)


def test_methods_of_one_image_make_the_image_that_they_make_without_the_burst(go, results, tmp_path):
    go("bicubic", "tv-map", degradation="down > noise:5", **OPTIONS)
    go("bicubic", "tv-map", degradation="burst:9:random > down > noise:5", out=tmp_path / "burst", **OPTIONS)
    alone, burst = cells(results), cells(tmp_path / "burst")
    assert alone == burst
    assert all(status == "ok" for _, status, _ in alone.values())


@pytest.mark.parametrize("options", [{"tile": 16}, {"self_ensemble": True}, {"threads": 2}], ids=str)
def test_variants_and_workers_change_nothing_that_they_should_not(go, several, scores, tmp_path, options):
    """Under the kernel in the middle of the pixels that become one the views are degraded as the image is."""
    chain = "burst:4 > down"
    go(several, degradation=chain, **OPTIONS)
    go(several, degradation=chain, out=tmp_path / "other", **options, **OPTIONS)
    plain, other = scores(), scores(tmp_path / "other")
    for key in plain:
        assert other["of-three", *key[1:]] == pytest.approx(plain["of-three", *key[1:]], abs=0.05)


def test_protocols_together_have_the_scores_of_each_alone(go, several, results, tmp_path):
    both = "classic,basicsr"
    go("bicubic", several, degradation="burst:4:random > down > jpeg:70", protocol=both, **OPTIONS)
    together = cells(results)
    for name in both.split(","):
        out = tmp_path / name
        go("bicubic", several, degradation="burst:4:random > down > jpeg:70", protocol=name, out=out, **OPTIONS)
        assert cells(out).items() <= together.items()
    assert all(status == "ok" for _, status, _ in together.values())


@pytest.mark.parametrize(("degradation", "supported"), [("down", False), ("burst:2 > down", False), (BURST, True)])
def test_too_few_frames_are_not_supported_which_is_no_failure(go, several, results, degradation, supported):
    summary = go(several, degradation=degradation, **OPTIONS)
    assert not summary.failures
    status = {method: own[1] for (method, _, _), own in cells(results).items()}
    assert status == {"interleaved": "ok", "of-three": "ok" if supported else "not supported"}
    if not supported:
        assert any("of-three needs 3 or 5 frames" in message for message in summary.unsupported)


@pytest.mark.parametrize(
    ("frames", "left_out"),
    [(1, ("interleaved", "of-three")), (2, ("of-three",)), (4, ())],
)
def test_all_leaves_out_what_needs_more_frames_in_one_line(several, monkeypatch, frames, left_out):
    added = [Found("method", own.name, "an installed package", None, own.value) for own in plugins.find(several)]
    bicubic = plugins.find("bicubic")
    monkeypatch.setattr(plugins, "discover", lambda: [*bicubic, *added])
    notes = Notes()
    chosen = {own.method.card.name for own in select_methods(["all"], (2,), notes.note, frames=frames)}
    assert chosen == {"bicubic", "interleaved", "of-three"} - set(left_out)
    lines = [line for line in notes.lines if "several frames" in line]
    assert len(lines) == bool(left_out)
    if left_out:
        assert f"'all' leaves out {', '.join(left_out)}, which need" in lines[0]
    monkeypatch.undo()
    named = select_methods([several], (2,), notes.note, frames=frames)
    assert {own.method.card.name for own in named} == {"interleaved", "of-three"}


def test_seams_of_tiles_are_measured_on_the_frames(go, several, results):
    go(several, degradation="burst:3 > down", tile=16, **OPTIONS)
    with Reader(results) as reader:
        found = {own["method"]: own["grey_levels"] for own in reader.runs()[-1].manifest["seams"]}
    assert set(found) == {"interleaved", "of-three"}
    assert found["of-three"] < 0.01
