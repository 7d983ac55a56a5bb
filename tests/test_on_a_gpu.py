"""docs/scripts/on_a_gpu.py: its dry run on a processor, and what it does where parts fail or time is up."""

import csv
import importlib
import json
import os
import subprocess
import sys
import tarfile
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from srbench.imaging.images import read_image, write_image
from srbench.method import plugins
from srbench.records import Timing
from srbench.training.data import hold_out, read_pictures
from srbench.weights.files import load_into
from srbench.weights.matching import without_counters

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).resolve().parent.parent / "docs" / "scripts"


@pytest.fixture(scope="module")
def gpu():
    """The script's modules by name."""
    before = list(sys.path)
    sys.path.insert(0, str(SCRIPTS))
    try:
        yield lambda name: importlib.import_module(name)
    finally:
        sys.path[:] = before


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of eight real images of 96x96 pixels, two of them JPEG."""
    folder = tmp_path_factory.mktemp("images") / "photographs"
    folder.mkdir()
    sources = (data.astronaut(), data.chelsea(), data.coffee(), data.camera())
    for number, pixels in enumerate(
        part for source in sources for part in (source[100:196, 100:196], source[:96, :96])
    ):
        write_image(folder / f"{number}.png", np.ascontiguousarray(pixels))
    for number in (0, 3):
        with Image.open(folder / f"{number}.png") as image:
            image.save(folder / f"{number}.jpg", quality=95)
        (folder / f"{number}.png").unlink()
    return folder


@pytest.fixture
def told(gpu, photographs, tmp_path):
    """What a training is told for patches of a size: the folder of its name, which is made, and the photographs."""
    images = gpu("gpu.images")
    images.pack([photographs], tmp_path / "images.tar")
    images.unpack(tmp_path / "images.tar", tmp_path / "images")

    def tell(name, patch):
        (tmp_path / name).mkdir()
        changes = ["steps=100000", "batch=2", f"patch={patch}", "rescale=[1.0]"]
        return Namespace(folder=tmp_path / name, device="cpu", warm=0.1, images=tmp_path / "images", changes=changes)

    return tell


def run(out, carried, *more, **variables):
    command = [sys.executable, str(SCRIPTS / "on_a_gpu.py"), "run", "--out", str(out), "--carried", str(carried)]
    environment = {key: value for key, value in os.environ.items() if key != "SRBENCH_REQUIRE_DATA"}
    return subprocess.run(
        [*command, "--dry-run", *more], env=environment | variables, capture_output=True, text=True, timeout=3000
    )


def report(out):
    return json.loads((out / "report.json").read_text())


@pytest.fixture(scope="module")
def dry(gpu, photographs, tmp_path_factory):
    """A dry run in which the tests part fails, and of the three trainings the one that needs SqueezeNet."""
    carried, out = tmp_path_factory.mktemp("carried"), tmp_path_factory.mktemp("out")
    gpu("gpu.images").pack([photographs], carried / "images.tar")
    broken = {"PYTEST_ADDOPTS": "--no-such-option", "SRBENCH_WEIGHTS": "", "TORCH_HOME": str(carried)}
    return run(out, carried, "--minutes", "45", "--slots", "2", **broken), out


def test_a_part_that_fails_does_not_stop_the_others(dry):
    ended, out = dry
    parts = report(out)["parts"]
    assert {name: part["status"] for name, part in parts.items()} == {
        "tests": "failed (4)",
        "timings": "ok",
        "train": "failed (1)",
    }, ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "--no-such-option" in (out / "tests.log").read_text()


def test_a_training_that_fails_does_not_stop_the_others(dry):
    trainings = report(dry[1])["trainings"]
    assert {name: training["status"] for name, training in trainings.items()} == {
        "espcn_x2": "ok",
        "srresnet_x2": "ok",
        "srgan_x4": "failed (1)",
    }
    assert "squeezenet" in trainings["srgan_x4"]["summary"]
    assert trainings["srresnet_x2"]["validation_psnr"]["x2"] > 20


def test_what_comes_back_is_few_small_files_in_one_folder(dry, gpu):
    output, files = gpu("gpu.output"), sorted(dry[1].iterdir())
    assert [path.name for path in files] == [
        *("adversarial.tar", "colour.tar", "luma.tar", "report.json", "tests.log"),
        *("timings.csv", "timings.json", "timings.log"),
    ]
    assert len(files) <= output.FILES
    assert all(path.is_file() and path.stat().st_size <= output.SIZE for path in files)


def test_timings_hold_ten_networks_in_four_precisions(dry, gpu):
    timings, out = gpu("gpu.timings"), dry[1]
    rows = list(csv.DictReader((out / "timings.csv").read_text().splitlines()))
    assert [(r["method"], r["precision"]) for r in rows] == [
        (m, p) for m in timings.METHODS for p in timings.PRECISIONS
    ]
    assert len(timings.METHODS) == 10
    assert {r["precision"] for r in rows if r["status"] == "not supported"} == {"tf32"}
    timed = [r for r in rows if r["status"] == "ok"]
    assert len(timed) == 30
    for row in timed:
        assert float(row["wall_ms"]) >= float(row["event_ms"]) > 0
        assert float(row["max_difference"]) < 0.1
        assert (float(row["max_difference"]) == 0) == (row["precision"] == "float32")
    assert next(r for r in rows if r["method"] == "srcnn")["mult_adds"] == "52700774400"
    records = json.loads((out / "timings.json").read_text())
    for row, record in zip(rows, records, strict=True):
        assert len(record.pop("wall_seconds")) == int(row["calls"])
        record.pop("max_difference")
        timing = Timing(**record)
        assert (timing.method, timing.variant, timing.status) == (row["method"], row["precision"], row["status"])
        assert timing.machine["torch"]


@pytest.mark.parametrize(
    ("group", "name", "method"),
    [("luma", "espcn_x2", "espcn"), ("colour", "srresnet_x2", "srresnet")],
)
def test_weights_that_come_back_load(dry, tmp_path, group, name, method):
    with tarfile.open(dry[1] / f"{group}.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    weights = tmp_path / name / f"{name}.safetensors"
    network = plugins.instantiate(plugins.find(method)[0]).build(2)
    assert load_into(network, weights).complete
    card = json.loads(weights.with_suffix(".json").read_text())
    assert (card["method"], card["scales"], card["steps"]) == (method, [2], 4)
    assert card["started_from"].startswith(f"{name}.safetensors, sha256 ")
    assert card["images"] == {"photographs": 6}
    log = list(csv.DictReader(weights.with_suffix(".csv").read_text().splitlines()))
    assert int(log[-1]["step"]) == 4


def test_the_body_is_another_scales_and_the_head_is_the_own(gpu, told):
    worker, priority = gpu("gpu.worker"), gpu("gpu.priority")
    (training,) = priority.choose("srresnet_x2", dry=False)
    bench = worker.Bench(replace(training, goes_on=False), told(training.name, 48))
    trainer = bench.trainer(bench.recipe, bench.folder)
    own = {key: value.clone() for key, value in trainer.network.state_dict().items()}
    bench.start(trainer)
    assert trainer.started_from.startswith("srresnet_x4_body")
    state, x4 = without_counters(trainer.network.state_dict()), worker.load_state(worker.weights("srresnet_x4"))[0]
    body = {key for key in state if key.startswith(("first.", "blocks.", "after."))}
    assert len([key for key in body if not key.endswith(("running_mean", "running_var"))]) == 118
    for key, value in state.items():
        assert torch.equal(value, x4[key].to(value.dtype) if key in body else own[key]), key


def test_time_that_is_too_short_still_gives_a_report(gpu, photographs, tmp_path):
    gpu("gpu.images").pack([photographs], tmp_path / "carried" / "images.tar")
    ended = run(tmp_path / "out", tmp_path / "carried", "--minutes", "0.01")
    assert ended.returncode == 1
    assert {part["status"] for part in report(tmp_path / "out")["parts"].values()} == {"out of time"}


def test_cuda_tests_are_collected_and_skipped_without_a_gpu(tmp_path):
    ended = run(tmp_path / "out", tmp_path, "--minutes", "60", "--parts", "tests")
    assert ended.returncode == 0, ended.stdout
    assert "skipped" in report(tmp_path / "out")["parts"]["tests"]["summary"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--parts", "tests,dance"], "no part dance"),
        (["--only", "espcn_x9"], "no training espcn_x9"),
    ],
)
def test_unknown_names_are_refused(tmp_path, more, message):
    ended = run(tmp_path / "out", tmp_path, "--minutes", "1", *more)
    assert ended.returncode != 0
    assert message in ended.stderr


def test_a_folder_with_files_is_not_written_to(photographs, tmp_path):
    ended = run(photographs, tmp_path, "--minutes", "1")
    assert ended.returncode == 2
    assert "is not empty" in ended.stderr


def test_a_part_that_is_killed_leaves_its_log(gpu, tmp_path):
    options = Namespace(carried=tmp_path, out=tmp_path / "out", minutes=60, dry_run=True)
    script = gpu("on_a_gpu").Run(options)
    process = script.launch("tests", ["sh", "-c", "echo so far; sleep 10000 & wait"])
    while not (tmp_path / "work" / "tests.log").read_text():
        time.sleep(0.05)
    script.wait("tests", process, time.time())
    assert script.parts["tests"]["status"] == "out of time"
    script.hand_back()
    assert (tmp_path / "out" / "tests.log").read_text() == "so far\n"


def test_a_training_that_dies_is_rescued_from_its_checkpoint(gpu, tmp_path):
    trainings, priority = gpu("gpu.trainings"), gpu("gpu.priority")
    command = [sys.executable, "-c", "import sys; sys.exit(0 if '--rescue' in sys.argv else 3)"]
    seen = []
    for checkpoint in (True, False):
        folder = tmp_path / str(checkpoint)
        folder.mkdir()
        if checkpoint:
            (folder / "checkpoint.pt").write_bytes(b"x")
        job = trainings.Job(priority.PRIORITY[0], folder, command)
        job.launch()
        job.begin(0.0)
        while job.active:
            job.process.wait()
            job.look()
            seen.append(job.status)
    assert seen == ["rescue", "rescued", "failed (3)"]


def test_a_short_training_has_all_the_time_where_none_waits_for_its_place(gpu, tmp_path):
    trainings, priority = gpu("gpu.trainings"), gpu("gpu.priority")
    start = time.time()
    options = Namespace(end=start + 100_000, work=tmp_path, slots=2)
    stops = []
    for count in (2, 3):
        jobs = []
        for training in [t for t in priority.PRIORITY if t.share == 0.5][:count]:
            folder = tmp_path / str(count) / training.name
            folder.mkdir(parents=True)
            jobs.append(trainings.Job(training, folder, [sys.executable, "-c", ""]))
            jobs[-1].launch()
        # A process that has ended by itself before its turn would be a failure.
        for job in jobs:
            job.look = lambda job=job: setattr(job, "status", "ok" if job.active else job.status)
        trainings.schedule(jobs, options)
        assert [job.status for job in jobs] == ["ok"] * count
        stops.append([float((job.folder / "go").read_text()) - start for job in jobs])
        for job in jobs:
            job.process.wait()
    assert all(stop > 99_000 for stop in stops[0])
    assert all(stop < 51_000 for stop in stops[1][:2])
    assert stops[1][2] > 99_000


@pytest.mark.parametrize(("name", "stem", "patch"), [("espcn_x2", "espcn_x2", 48), ("liif_x2_x3_x4_x6", "liif", 24)])
def test_a_rescued_checkpoint_gives_weights(name, stem, patch, gpu, told):
    worker, priority = gpu("gpu.worker"), gpu("gpu.priority")
    (training,) = priority.choose(name, dry=False)
    options = told(name, patch)
    bench, folder = worker.Bench(training, options), options.folder
    recipe = bench.recipe.changed({"steps": 12345})

    def until_the_second_step(trainer):
        class Stop(worker.Lines):
            def step(self, step, *_):
                trainer.stop = step >= 2

        return Stop()

    (folder / "recipe.json").write_text(worker.as_json(recipe))
    trainer = bench.trainer(recipe, folder)
    trainer.run(until_the_second_step(trainer))
    worker.Bench(training, options).rescue()
    card = json.loads((folder / f"{stem}.json").read_text())
    assert (card["steps"], card["recipe"]["steps"]) == (2, 12345)


def test_the_archive_holds_what_validates_whatever_its_size(gpu, photographs, tmp_path):
    images = gpu("gpu.images")
    _, held = hold_out(read_pictures([photographs]), 2, 0)
    whole, limit = tmp_path / "whole.tar", 60_000
    assert images.pack([photographs], whole) == (8, 8)
    (folder,) = images.unpack(whole, tmp_path / "whole")
    assert {p.hash for p in read_pictures([folder])} == {p.hash for p in read_pictures([photographs])}
    for file in photographs.glob("*.jpg"):
        assert (folder / file.name).read_bytes() == file.read_bytes()
    for file in photographs.glob("*.png"):
        assert np.array_equal(read_image(folder / file.name), read_image(file))
    count, total = images.pack([photographs], tmp_path / "small.tar", limit)
    assert len(held) <= count < total == 8
    assert (tmp_path / "small.tar").stat().st_size <= limit
    (folder,) = images.unpack(tmp_path / "small.tar", tmp_path / "small")
    assert {p.hash for p in held} <= {p.hash for p in read_pictures([folder])}
    assert json.loads((tmp_path / "small" / images.HELD).read_text()) == sorted(p.hash for p in held)


def test_a_tar_leaves_out_checkpoints_first_and_then_whole_weights(gpu, tmp_path):
    output, folders = gpu("gpu.output"), [tmp_path / "a_x2", tmp_path / "b_x2"]
    for folder in folders:
        folder.mkdir()
        (folder / f"{folder.name}.safetensors").write_bytes(bytes(40_000))
        (folder / f"{folder.name}.json").write_text("{}")
        (folder / "log.csv").write_text("step\n")
        (folder / "checkpoint.pt").write_bytes(bytes(100_000 if folder.name == "a_x2" else 30_000))
    target = tmp_path / "group.tar"
    assert output.bundle(target, folders, 160_000) == ["a_x2/checkpoint.pt"]
    assert target.stat().st_size <= 160_000
    with tarfile.open(target) as archive:
        assert {"a_x2/a_x2.csv", "b_x2/b_x2.json", "b_x2/checkpoint.pt"} < set(archive.getnames())
    left_out = output.bundle(target, folders, 60_000)
    assert "b_x2/b_x2.safetensors" in left_out
    assert target.stat().st_size <= 60_000


def test_files_beyond_the_limits_are_deleted_the_largest_first(gpu, tmp_path, monkeypatch):
    output = gpu("gpu.output")
    monkeypatch.setattr(output, "SIZE", 100)
    for number in range(10):
        (tmp_path / f"{number}").write_bytes(bytes(90 + number * 2))
    assert sorted(output.hold_limits(tmp_path, keep="0")) == ["6", "7", "8", "9"]
    monkeypatch.setattr(output, "FILES", 4)
    assert sorted(output.hold_limits(tmp_path, keep="0")) == ["4", "5"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "3"]


def test_every_training_of_the_list_can_start(gpu):
    """Methods exist, are built for their scales, and the weights they start from fit some of their tensors."""
    priority, worker = gpu("gpu.priority"), gpu("gpu.worker")
    names = [training.name for training in priority.PRIORITY]
    assert len(set(names)) == len(names)
    for training in priority.PRIORITY:
        assert training.group in priority.GROUPS
        method = plugins.instantiate(plugins.find(training.method)[0])
        assert all(scale in method.card.scales for scale in training.scales)
        own = method.build(training.scales[0]).state_dict()
        if training.body:
            assert worker.body(own, worker.weights(training.body), training.tensors), training.name


def test_a_training_goes_on_from_its_own_weights_unless_the_list_says_otherwise(gpu, tmp_path, monkeypatch):
    priority, worker = gpu("gpu.priority"), gpu("gpu.worker")
    names = {training.name: training for training in priority.PRIORITY}
    assert worker.beginning(names["edsr_x4"], "edsr_x4")[0].name == "edsr_x4.safetensors"
    assert worker.beginning(names["srgan_x4"], "srgan_x4")[0].name == "srresnet_x4.safetensors"
    assert worker.beginning(names["espcn_x2"], "espcn_x7") is None
    (tmp_path / "espcn_x2.safetensors").touch()
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    assert worker.beginning(names["espcn_x2"], "espcn_x2") == (tmp_path / "espcn_x2.safetensors", ("",))


def test_wheels_that_travel_are_those_that_are_not_there(gpu, tmp_path):
    wheels = gpu("gpu.wheels")
    assert {"rich", "markdown-it-py", "mdurl"} <= wheels.closure(["Rich"])
    assert "sqlalchemy" not in wheels.closure(wheels.PRESENT)
    for name in ("SQLAlchemy-2.0-py3-none-any.whl", "not_there-1.0-py3-none-any.whl"):
        (tmp_path / name).touch()
    assert [wheel.name for wheel in wheels.missing(tmp_path)] == ["not_there-1.0-py3-none-any.whl"]
