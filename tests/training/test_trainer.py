"""The trainer: it resumes bit for bit, stops cleanly, keeps the last good checkpoint, and writes what it says."""

import csv
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import safetensors.torch
import torch

from srbench.errors import TrainingError
from srbench.method.base import MethodContext
from srbench.report.html.plots import learning_curve
from srbench.training import state
from srbench.training.session import plan
from srbench.training.trainer import SCHEDULE


def trainer(method, folder, output, observer, scale=2, **changes):
    (job,) = plan(method, [folder], (scale,), "cpu", changes, output)
    return job.trainer(observer)


def weights(outcome):
    return safetensors.torch.load_file(outcome.weights)


@pytest.mark.parametrize("optimiser", ["adam", "soap"])
def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(tiny, folder, tmp_path, observer, optimiser):
    whole = trainer(tiny, folder, tmp_path / "whole", observer, optimiser=optimiser).run(observer)
    first = trainer(tiny, folder, tmp_path / "halves", observer, optimiser=optimiser)
    first.run(StopAt(first, 6))
    assert first.step == 6
    second = trainer(tiny, folder, tmp_path / "halves", observer, optimiser=optimiser)
    second.resume()
    assert second.step == 6
    resumed = second.run(observer)
    assert resumed.finished
    for key, value in weights(whole).items():
        assert torch.equal(value, weights(resumed)[key]), key
    logs = [
        list(csv.DictReader((tmp_path / name / "tiny_x2/log.csv").read_text().splitlines()))
        for name in ("whole", "halves")
    ]
    assert [(r["step"], r["loss"], r["psnr"]) for r in logs[0]] == [(r["step"], r["loss"], r["psnr"]) for r in logs[1]]


class StopAt:
    def __init__(self, trainer, step):
        self.trainer, self.at = trainer, step

    def step(self, step, loss, psnr, seconds_left):
        self.trainer.stop = step >= self.at

    def note(self, text):
        raise AssertionError(text)


def test_the_files_of_a_finished_training(tiny, folder, tmp_path, observer):
    made = trainer(tiny, folder, tmp_path / "out", observer)
    outcome = made.run(observer, draw=learning_curve)
    assert outcome.finished
    assert observer.steps == list(range(1, 13))
    assert outcome.weights == tmp_path / "out/tiny_x2/tiny_x2.safetensors"
    assert all(value.dtype == torch.float16 for value in weights(outcome).values())
    card = json.loads(outcome.weights.with_suffix(".json").read_text())
    assert card["recipe_hash"] == made.recipe.hash
    assert card["steps"] == 12
    assert card["images"] == {"images": 3}
    assert set(card["validation_psnr"]) == {"x2"}
    rows = list(csv.reader((tmp_path / "out/tiny_x2/log.csv").read_text().splitlines()))
    assert rows[0] == list(state.COLUMNS)
    assert [row[0] for row in rows[1:]] == ["5", "10", "12"]
    curve = ET.parse(tmp_path / "out/tiny_x2/curve.svg").getroot()
    assert curve.tag.endswith("svg")
    texts = {element.text for element in curve.iter() if element.tag.endswith("text")}
    assert {"Tiny, x2", "validation PSNR (dB)", "training loss", "step"} <= texts


def test_the_method_finds_its_weights(tiny, folder, tmp_path, observer, monkeypatch):
    assert not tiny.supports(2)
    with pytest.raises(TrainingError, match="x3"):
        plan(tiny, [folder], (3,))
    outcome = trainer(tiny, folder, tmp_path / "out", observer).run(observer)
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(outcome.weights.parent))
    assert tiny.supports(2)
    assert not tiny.supports(4)
    assert tiny.weight_files() == [outcome.weights]
    assert tiny.training_card(2)["method"] == "tiny"
    tiny.prepare(2, MethodContext())
    assert tiny.upscale(torch.rand(1, 1, 5, 6), 2).shape == (1, 1, 10, 12)


def test_max_minutes_stops_and_leaves_a_checkpoint(tiny, folder, tmp_path, observer):
    outcome = trainer(tiny, folder, tmp_path, observer).run(observer, max_minutes=0)
    assert not outcome.finished
    assert outcome.step == 1
    assert (tmp_path / "tiny_x2/checkpoint.pt").is_file()
    assert {path.name for path in (tmp_path / "tiny_x2").iterdir()} == {
        *("checkpoint.pt", "log.csv", "tiny_x2.safetensors", "tiny_x2.json")
    }
    rows = list(csv.DictReader((tmp_path / "tiny_x2/log.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["0", "1"]
    assert float(rows[1]["psnr"]) == pytest.approx(outcome.psnr, abs=1e-4)
    assert json.loads(outcome.weights.with_suffix(".json").read_text())["steps"] == 1


def test_pieces_by_time_make_the_weights_and_the_log_of_one_training(tiny, folder, tmp_path, observer):
    whole = trainer(tiny, folder, tmp_path / "whole", observer).run(observer)
    finished = False
    while not finished:
        piece = trainer(tiny, folder, tmp_path / "pieces", observer)
        if piece.checkpoint.is_file():
            piece.resume()
        outcome = piece.run(observer, max_minutes=0)
        finished = outcome.finished
        assert outcome.weights.is_file()
    for key, value in weights(whole).items():
        assert torch.equal(value, weights(outcome)[key]), key
    logs = [
        list(csv.DictReader((tmp_path / name / "tiny_x2/log.csv").read_text().splitlines()))
        for name in ("whole", "pieces")
    ]
    assert [(r["step"], r["psnr"]) for r in logs[0]] == [(r["step"], r["psnr"]) for r in logs[1][1:]]
    assert logs[1][0]["step"] == "0"


def test_nan_stops_and_keeps_the_checkpoint(tiny, folder, tmp_path, observer):
    made = trainer(tiny, folder, tmp_path, observer)
    made.run(StopAt(made, 3))
    before = made.checkpoint.read_bytes()
    broken = trainer(tiny, folder, tmp_path, observer)
    broken.resume()
    with torch.no_grad():
        broken.network.conv.weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"loss is nan at step 3.*checkpoint"):
        broken.run(observer)
    assert made.checkpoint.read_bytes() == before


def test_a_full_disk_leaves_the_previous_checkpoint(tiny, folder, tmp_path, observer, monkeypatch):
    made = trainer(tiny, folder, tmp_path, observer)
    made.run(observer, max_minutes=0)
    before = made.checkpoint.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state.torch, "save", full)
    with pytest.raises(TrainingError, match=r"No space left.*the one before is kept.*--resume"):
        made.save()
    assert made.checkpoint.read_bytes() == before
    assert [p.name for p in made.folder.iterdir() if p.name.startswith(".part")] == []


@pytest.mark.parametrize(
    ("other", "what"), [({"scale": 4}, "scale"), ({"learning_rate": 0.5}, "recipe"), ({"validation_images": 2}, "")]
)
def test_a_checkpoint_of_another_training_is_refused(tiny, folder, tmp_path, observer, other, what):
    made = trainer(tiny, folder, tmp_path / "a", observer)
    made.run(observer, max_minutes=0)
    another = trainer(tiny, folder, tmp_path / "b", observer, **other)
    another.folder.mkdir(parents=True)
    another.checkpoint.write_bytes(made.checkpoint.read_bytes())
    with pytest.raises(TrainingError, match=f"is of another {what}"):
        another.resume()


@pytest.mark.parametrize(("content", "message"), [(None, "no checkpoint"), (b"PK\3\4rubbish", "not an intact")])
def test_no_or_a_damaged_checkpoint(tiny, folder, tmp_path, observer, content, message):
    made = trainer(tiny, folder, tmp_path, observer)
    if content is not None:
        made.folder.mkdir(parents=True)
        made.checkpoint.write_bytes(content)
    with pytest.raises(TrainingError, match=message):
        made.resume()


DAMAGES = {
    "a step of text": {"step": "x"},
    "a step beyond the end": {"step": 10**9},
    "no step": {"step": ...},
    "seconds of no number": {"seconds": float("nan")},
    "no network": {"network": None},
    "an average of another shape": {"average": {"conv.weight": torch.zeros(1)}},
    "no average": {"average": ...},
    "an optimiser without state": {"optimiser": {}},
    "an optimiser of text": {"optimiser": "adam"},
    "another precision": {"precision": []},
    "random numbers of another size": {"rng": torch.zeros(3, dtype=torch.uint8)},
    "no random numbers": {"rng": None},
    "a log of text": {"rows": ["x"]},
    "a log that is cut": {"rows": [[1.0]]},
    "losses of text": {"since": ["x"]},
    "a schedule of a number": {"schedule": 3},
    "a schedule of text": {"schedule": dict.fromkeys(SCHEDULE, "x")},
    "a schedule of nothing": {"schedule": None},
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_checkpoint_with_other_values_is_not_intact(tiny, folder, tmp_path, observer, name):
    made = trainer(tiny, folder, tmp_path, observer)
    made.run(observer, max_minutes=0)
    content = torch.load(made.checkpoint, weights_only=True) | DAMAGES[name]
    torch.save({key: value for key, value in content.items() if value is not ...}, made.checkpoint)
    with pytest.raises(TrainingError, match=r"checkpoint\.pt' is not an intact checkpoint \(.+\); begin anew: --force"):
        trainer(tiny, folder, tmp_path, observer).resume()


def test_init_starts_from_weights(tiny, folder, tmp_path, observer):
    outcome = trainer(tiny, folder, tmp_path / "a", observer).run(observer)
    other = trainer(tiny, folder, tmp_path / "b", observer)
    other.init(outcome.weights)
    for key, value in weights(outcome).items():
        assert torch.equal(other.network.state_dict()[key], value.float())
    card = json.loads(other.run(observer).weights.with_suffix(".json").read_text())
    assert card["started_from"].startswith("tiny_x2.safetensors, sha256 ")


def test_joint_scales_share_their_parameters(folder, tmp_path, observer):
    from srbench.methods.vdsr import Vdsr

    (job,) = plan(Vdsr(), [folder], (2, 4), "cpu", {"validation_images": 1, "steps": 1}, tmp_path)
    networks = job.trainer(observer).networks
    assert [id(p) for p in networks[2].parameters()] == [id(p) for p in networks[4].parameters()]
    assert networks[2].scale != networks[4].scale


def test_a_method_brings_its_own_training_data_and_validation(tiny, folder, tmp_path, observer):
    """Of all that is held out and trained on, darkened: the network sees no other images."""

    class Dark:
        def __init__(self, patches):
            self.inner, self.images, self.skipped, self.side = patches, {"dark": 3}, 0, patches.side

        def batch(self, step, seed, size):
            lr, hr, scale = self.inner.batch(step, seed, size)
            return lr / 8, hr / 8, scale

    class Darker(type(tiny)):
        def batches(self, pictures, scales, recipe):
            return Dark(super().batches(pictures, scales, recipe))

        def validation(self, pictures, scales):
            dark = [replace(picture, pixels=picture.pixels // 8) for picture in pictures]
            return super().validation(dark, scales)

    (job,) = plan(Darker(), [folder], (2,), "cpu", {}, tmp_path / "out")
    made = job.trainer(observer)
    (usual,) = plan(tiny, [folder], (2,), "cpu", {}, tmp_path / "usual")
    assert made.validation.bicubic(2) > usual.trainer(observer).validation.bicubic(2) + 15  # an eighth: 18 dB
    seen = []
    batch = made.patches.batch
    made.patches.batch = lambda *which: seen.append(batch(*which)) or seen[-1]
    outcome = made.run(observer)
    assert len(seen) >= 12
    assert all(max(lr.max(), hr.max()) < 0.14 for lr, hr, _ in seen)  # bicubic overshoots
    assert json.loads(outcome.weights.with_suffix(".json").read_text())["images"] == {"dark": 3}


@pytest.mark.slow
@pytest.mark.data
def test_srcnn_from_scratch_beats_bicubic_on_held_out_photographs(training_images, tmp_path, observer):
    """The trainer really learns: at most two minutes on the 91 images, ten of which are held out."""
    from srbench.methods.srcnn import Srcnn

    changes = {"steps": 200, "validate_every": 200, "batch": 4, "patch": 32, "shave": 4, "rescale": [1.0]}
    changes |= {"learning_rate": 0.001, "ema": 0.98}
    (job,) = plan(Srcnn(), [training_images], (2,), "cpu", changes, tmp_path)
    made = job.trainer(observer)
    outcome = made.run(observer, max_minutes=2)
    assert outcome.psnr > made.validation.bicubic(2) + 0.3


def test_kernels_are_written_in_8_bits_where_asked_for(tiny, folder, tmp_path, observer, monkeypatch):
    def build(scale):
        network = type(tiny).build(tiny, scale)
        network.conv = torch.nn.Conv2d(1, scale**2, 9, padding=4)
        return network

    monkeypatch.setattr(tiny, "build", build)
    kinds = set()
    for packed in ((), ("conv.",)):
        monkeypatch.setattr(type(tiny), "packed", packed)
        outcome = trainer(tiny, folder, tmp_path / str(len(packed)), observer).run(observer)
        kinds |= {(packed, value.dtype) for key, value in weights(outcome).items() if key == "conv.weight"}
        card = json.loads(outcome.weights.with_suffix(".json").read_text())
        assert card["validation_psnr"]["x2"] == pytest.approx(outcome.psnr, abs=0.02)
    assert kinds == {((), torch.float16), (("conv.",), torch.int8)}
    assert not observer.notes


@pytest.mark.parametrize("packed", [True, "conv."])
def test_packed_that_is_no_tuple_is_refused_before_anything_is_trained(tiny, folder, tmp_path, monkeypatch, packed):
    monkeypatch.setattr(type(tiny), "packed", packed)
    with pytest.raises(TrainingError, match="'packed' is a tuple of texts") as caught:
        plan(tiny, [folder], (2,), "cpu", {}, tmp_path)
    assert '("blocks.",)' in caught.value.hint
