"""Runs on clips: frames of one clip after the other, what lacks of them said and written down."""

import json
import os
import signal

import pytest
import torch

from srbench import protocol
from srbench.dataset.locate import find
from srbench.degradation.named import Bicubic
from srbench.errors import ImageError, SrbenchError
from srbench.evaluation import Example, HrImage, compare
from srbench.evaluation.example import planes_of
from srbench.imaging.color import levels
from srbench.imaging.images import read_image, write_image
from srbench.method import plugins
from srbench.resize import imresize
from srbench.results.leaderboard import per_image
from srbench.results.partial_clips import partial_clips
from srbench.results.reader import Reader
from srbench.run.executors import base as executor
from srbench.run.kept import to_pixels
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


def test_chosen_clips_have_the_cells_of_a_run_of_all(go, clips, results, scores):
    assert go("bicubic", datasets=(str(clips),), clips=("owl",)).computed == 3
    (described,) = manifest(results)["datasets"]
    assert described["clips"] == {"fox": {"frames": 0, "chosen": False}, "owl": {"frames": 3}}
    assert list(described["images"]) == ["owl/001", "owl/002", "owl/003"]
    alone, notes = {facts.key for facts in planned(results)}, Notes()
    summary = go("bicubic", datasets=(str(clips),), observer=notes)
    assert (summary.known, summary.computed) == (3, 5)
    assert {facts.key for facts in planned(results)} > alone
    assert go("bicubic", datasets=(str(clips),), clips=("owl", "fox"), observer=notes).computed == 0
    assert go("bicubic", datasets=(str(clips),), clips=("fox",), observer=notes).computed == 0
    assert not [line for line in notes.lines if "since the last run" in line]  # what is not chosen has not gone
    with Reader(results) as reader:
        shown = per_image(reader)
        lines = partial_clips(reader.runs(), {4})
    assert set(shown["image"]) == {f"fox/{n:03d}" for n in range(1, 6)}
    assert lines == ["means of clips are over a part of its clips: owl was not here, or not chosen, in some run"]


def test_a_changed_frame_is_told_where_clips_are_chosen(go, clips):
    go("bicubic", datasets=(str(clips),), clips=("owl",))
    write_image(clips / "owl/002.png", read_image(clips / "owl/001.png"))
    notes = Notes()
    go("bicubic", datasets=(str(clips),), observer=notes)
    (line,) = [line for line in notes.lines if "since the last run" in line]
    assert "1 of 3 images of 'clips' are new, changed or gone since the last run (owl/002)" in line


def test_a_moved_folder_is_the_same_dataset_by_the_clips_that_both_runs_measure(go, clips, results):
    go("bicubic", datasets=(str(clips),))
    clips.rename(clips.parent / "elsewhere").parent.joinpath("new").mkdir()
    moved = (clips.parent / "elsewhere").rename(clips.parent / "new" / "clips")
    assert go("bicubic", datasets=(str(moved),), clips=("owl",)).known == 3
    assert [data["name"] for data in manifest(results)["datasets"]] == ["clips"]


def test_given_lr_frames_are_those_of_their_clips(go, clips, results, tmp_path):
    for image in find(str(clips)).images:
        write_image(tmp_path / "LR" / f"{image.name}.png", image.read()[::2, ::2].copy())
    assert go("bicubic", datasets=(str(clips),), lr=(str(tmp_path / "LR"),)).computed == 8
    assert len({facts.lr_sha256 for facts in planned(results)}) == 8


# -- windows -------------------------------------------------------------------------------------------------------

SEVERAL = """\
import torch
from srbench.method import Method, MethodCard
from srbench.method.frames import MultiFrameMethod
from srbench.resize import imresize

class Mean(MultiFrameMethod):
    card = MethodCard(name="mean", title="Mean", year=2026, family="test", paper="none", colour="any", frames=(3, 5))
    def upscale_frames(self, frames, target, scale, shifts=None):
        assert shifts is None and target == frames.shape[1] // 2
        return imresize(frames.mean(dim=1), scale)

class Before(MultiFrameMethod):
    card = MethodCard(name="before", title="Before", year=2026, family="test", paper="none", colour="rgb", frames="any")
    def upscale_frames(self, frames, target, scale, shifts=None):
        return imresize(frames[:, 0], scale)

class Recurrent(Method):
    card = MethodCard(name="recurrent", title="Recurrent", year=2026, family="test", paper="none", colour="any")
    calls = 0
    def upscale(self, lr, scale):
        return imresize(lr, scale)
    def upscale_clip(self, frames, scale):
        type(self).calls += 1
        total, out = torch.zeros_like(frames[0]), []
        for frame in frames:
            total = total + frame
            out.append(total / (len(out) + 1))
        return imresize(torch.stack(out), scale) + 0 * self.calls
"""


@pytest.fixture
def several(tmp_path):
    (tmp_path / "several.py").write_text(SEVERAL)
    return str(tmp_path / "several.py")


def sr_of(results, method, image):
    with Reader(results) as reader:
        (cell,) = [row.cell_id for row in reader.planned() if (row.facts.method, row.facts.image) == (method, image)]
        return read_image(results / {row.cell_id: row.outcome.sr_path for row in reader.outcomes()}[cell])


def bicubic_of(frames, scale=2):
    """What imresize makes of the mean of LR frames."""
    rules = protocol.get("basicsr")
    lr = [Example(HrImage(frame.read(), rules), scale, Bicubic()).lr_pixels.double() for frame in frames]
    mean = (torch.stack(lr).mean(dim=0) / 255).float()
    return to_pixels(levels(imresize(mean[None], scale)[0]))


def test_a_method_of_several_frames_is_given_those_around_the_target(go, clips, several, results):
    summary = go(several, datasets=(str(clips),), metrics=("psnr",))
    assert (summary.computed, summary.failed) == (24, 0)
    facts = {(own.method, own.image): own for own in planned(results)}
    assert {own.frames for (method, _), own in facts.items() if method == "mean"} == {3}  # the middle one of 3 and 5
    assert {own.frames for (method, _), own in facts.items() if method == "before"} == {5}
    frames = {image.name: image for image in find(str(clips)).images}
    fox = [frames[f"fox/{n:03d}"] for n in range(1, 6)]
    expected = {
        "fox/003": fox[1:4],
        "fox/001": [fox[1], fox[0], fox[1]],  # mirrored at both ends
        "fox/005": [fox[3], fox[4], fox[3]],
    }
    for image, seen in expected.items():
        assert (abs(sr_of(results, "mean", image).astype(int) - bicubic_of(seen)) <= 1).all()
    # Five frames: the first of them is two before the target, in 'owl' the last of three.
    assert (sr_of(results, "before", "owl/001") == bicubic_of([frames["owl/003"]])).all()


def test_frames_are_as_many_as_asked_for_or_the_largest_number_below(go, clips, several, results):
    notes = Notes()
    go(several, datasets=(str(clips),), metrics=("psnr",), frames=4, observer=notes)
    facts = {own.method: (own.frames, own.options) for own in planned(results)}
    assert facts["mean"] == (3, '{"frames": 4}')
    assert facts["before"] == (4, '{"frames": 4}')
    (line,) = [line for line in notes.lines if "mirrored" in line]
    assert line.startswith("fewer frames than the 4 that methods are given: 1 clip (owl)")


def test_too_few_frames_are_not_supported(go, clips, pictures, several, results):
    summary = go(several, datasets=(str(clips), str(pictures)), metrics=("psnr",), frames=2)
    assert summary.not_supported == 8 + 3  # 'mean' has no number so small, and a still image is one frame
    assert {own.frames for own in planned(results) if own.method == "mean"} == {1}


def test_the_pixels_of_all_frames_are_in_the_key(go, clips, several, results):
    go(several, datasets=(str(clips),), metrics=("psnr",))
    before = {(own.method, own.image): own.key for own in planned(results)}
    write_image(clips / "fox/003.png", 255 - read_image(clips / "fox/003.png"))
    summary = go(several, datasets=(str(clips),), metrics=("psnr",))
    after = {(own.method, own.image): own.key for own in planned(results)}
    changed = {place for place in before if before[place] != after[place]}
    assert {image for method, image in changed if method == "mean"} == {"fox/002", "fox/003", "fox/004"}
    assert {image for method, image in changed if method == "before"} == {f"fox/{n:03d}" for n in range(1, 6)}
    assert {image for method, image in changed if method == "recurrent"} == {f"fox/{n:03d}" for n in range(1, 6)}
    assert summary.known == 24 - len(changed)


def test_a_recurrent_method_makes_a_clip_at_once_and_in_order(go, clips, several, results):
    for workers in (1, 2):
        folder = results.parent / f"results-{workers}"
        go(several, datasets=(str(clips),), metrics=("psnr",), threads=workers, out=folder)
        frames = {image.name: image for image in find(str(clips)).images}
        for n in (1, 3, 5):
            seen = [frames[f"fox/{k:03d}"] for k in range(1, n + 1)]
            assert (abs(sr_of(folder, "recurrent", f"fox/{n:03d}").astype(int) - bicubic_of(seen)) <= 1).all()
        assert [own.image for own in planned(folder) if own.method == "recurrent"] == list(frames)


def test_all_stands_for_methods_of_several_frames_on_clips_alone(go, clips, pictures, several, results, monkeypatch):
    found = {plugin.name: plugin for plugin in plugins.find(several)} | {"bicubic": plugins.find("bicubic")[0]}
    monkeypatch.setattr(plugins, "discover", lambda: list(found.values()))
    go("all", datasets=(str(pictures),), metrics=("psnr",))
    assert {own.method for own in planned(results)} == {"bicubic", "recurrent"}
    go("all", datasets=(str(clips),), metrics=("psnr",))
    assert {own.method for own in planned(results)} == {"bicubic", "recurrent", "mean", "before"}


def test_a_protocol_may_leave_out_the_ends_of_clips(go, clips, several, results):
    (clips.parent / "mine.toml").write_text(
        'name = "mine"\nversion = 1\ntitle = "t"\nworking_space = "rgb"\nlr_rounded = true\nluma_rounded = false\n'
        "grey_as_rgb = true\nshave = 0\nskip_frames = 1\n"
    )
    mine = str(clips.parent / "mine.toml")
    go(several, datasets=(str(clips),), metrics=("psnr",), protocol=f"{mine},basicsr")
    images = {name: {own.image for own in planned(results) if own.protocol == name} for name in ("mine", "basicsr")}
    assert images["mine"] == {"fox/002", "fox/003", "fox/004", "owl/002"}
    assert len(images["basicsr"]) == 8
    with pytest.raises(SrbenchError, match=r"leaves out 2 frames at both ends, and nothing is left of the clip 'owl'"):
        go("bicubic", datasets=(str(clips),), protocol="vsr-y-8-2")


# -- from frame to frame -------------------------------------------------------------------------------------------

OVER_TIME = """\
from srbench.metrics import Metric

def step(pair):
    before, now = pair.previous, pair
    return float(abs((now.sr_luma - before.sr_luma) - (now.hr_luma - before.hr_luma)).mean())

METRIC = Metric(name="step", version=1, title="Step", unit="", higher_is_better=False, bounds=(0.0, 255.0), digits=4,
                needs=("sr_luma", "hr_luma", "previous"), compute=step)
"""


@pytest.fixture
def step(tmp_path):
    (tmp_path / "step.py").write_text(OVER_TIME)
    return str(tmp_path / "step.py")


class Killed(Silent):
    """Presses Ctrl-C after some cells."""

    def __init__(self, after):
        self.left = after

    def done(self, task, outcome):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_metrics_over_time_see_the_frame_before(go, clips, several, step, results, scores):
    go("bicubic", several, datasets=(str(clips),), metrics=("psnr", step), protocol="basicsr,vsr-y")
    assert {facts.protocol for facts in planned(results)} == {"basicsr", "vsr-y"}
    go("bicubic", several, datasets=(str(clips),), metrics=("psnr", step), out=results.parent / "one")
    found = scores(results.parent / "one")
    assert {image for _, image, metric in found if metric == "step"} == {
        *(f"fox/{n:03d}" for n in range(2, 6)),
        *(f"owl/{n:03d}" for n in (2, 3)),
    }
    rules, frames = protocol.get("basicsr"), {image.name: image for image in find(str(clips)).images}
    for method, n in (("bicubic", 2), ("bicubic", 5), ("mean", 3), ("recurrent", 4)):
        measured = []
        for image in (f"fox/{n - 1:03d}", f"fox/{n:03d}"):
            sr = planes_of(sr_of(results.parent / "one", method, image)).double()
            pair = compare(sr, Example(HrImage(frames[image].read(), rules), 2, Bicubic()))
            measured.append((pair.sr_luma, pair.hr_luma))
        (sr_before, hr_before), (sr, hr) = measured
        expected = float(abs((sr - sr_before) - (hr - hr_before)).mean())
        assert found[method, f"fox/{n:03d}", "step"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("keep_images", [True, False])
def test_a_run_that_ends_within_a_clip_is_continued(
    go, clips, several, step, scores, tmp_path, monkeypatch, threads, keep_images
):
    monkeypatch.setattr(executor, "DELIVER_EVERY", 0.0)  # so that a fast machine does not deliver all frames at once
    options = {"datasets": (str(clips),), "metrics": ("psnr", step), "keep_images": keep_images, "threads": threads}
    go(several, out=tmp_path / "whole", **options)
    out = tmp_path / "parts"
    for after in (3, 5, 100):
        summary = go(several, observer=Killed(after), out=out, **options)
        assert summary.interrupted == (after < 100)
    assert summary.known + summary.computed == 24
    assert scores(out) == scores(tmp_path / "whole")


def test_a_run_that_is_killed_within_a_clip_is_continued(go, clips, several, step, scores, tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "DELIVER_EVERY", 0.0)
    options = {"datasets": (str(clips),), "metrics": ("psnr", step)}
    go(several, out=tmp_path / "whole", **options)
    out = tmp_path / "parts"
    process = os.fork()
    if process == 0:

        class Killer(Silent):
            left = 5

            def done(self, task, outcome):
                self.left -= 1
                if self.left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        go(several, observer=Killer(), out=out, **options)
        os._exit(1)
    _, status = os.waitpid(process, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    summary = go(several, out=out, **options)
    assert 3 <= summary.known < 24
    assert summary.known + summary.computed == 24
    assert scores(out) == scores(tmp_path / "whole")


def test_scores_over_time_are_added_to_frames_that_are_known(go, clips, step, results, scores):
    go("bicubic", datasets=(str(clips),), metrics=("psnr",))
    summary = go("bicubic", datasets=(str(clips),), metrics=("psnr", step))
    assert summary.known == 2  # the first frames, of which there is nothing to measure over time
    assert len([key for key in scores() if key[2] == "step"]) == 6
    (results.parent / "other").mkdir()
    go("bicubic", datasets=(str(clips),), metrics=("psnr", step), out=results.parent / "other")
    assert scores() == scores(results.parent / "other")
