"""What a worker's process answers: whether it can compute for a run, which files it lacks, what it computed."""

import hashlib
import io
import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srbench import dataset
from srbench.imaging.images import write_image
from srbench.protocol import BASICSR
from srbench.protocol.base import FOLDER
from srbench.records import CellFacts
from srbench.run.executors.messages import BLOB, GROUP, HELLO, Done, Hello, Met, Missing, Parcel, Refusal
from srbench.run.executors.parcels import Packer
from srbench.run.executors.remote import Remote
from srbench.run.job import context_of
from srbench.run.options import RunOptions
from srbench.run.plan import CellTask, MethodSpec, MetricSpec
from srbench.run.selection import load_methods
from srbench.run.windows import Window
from srbench.run.worker import CellWorker


@pytest.fixture
def hello(tmp_path):
    return Hello.of(context_of(RunOptions(device="cpu", out=tmp_path / "out")), {})


@pytest.fixture
def remote(tmp_path, monkeypatch):
    for name in ("SRBENCH_WEIGHTS", "SRBENCH_CHECKPOINTS"):
        monkeypatch.setenv(name, "")  # it sets them
    return Remote(tmp_path / "scratch")


def ask(remote, kind, body):
    return remote.answer(kind, body, lambda: None)


def test_a_worker_of_the_same_kind_says_what_machine_it_is(remote, hello):
    answer = ask(remote, HELLO, hello.pack())
    assert isinstance(answer, Met)
    assert set(answer.machine) == {"host", "processor", "capability", "torch", "gpu", "driver"}


def test_another_version_or_protocol_is_refused_by_name(remote, hello):
    other = ask(remote, HELLO, replace(hello, version="0.0.1").pack())
    assert isinstance(other, Refusal)
    assert "and this is 0.0.1" in other.reason
    other = ask(remote, HELLO, replace(hello, protocol_hash="0").pack())
    assert other == Refusal("its protocol 'basicsr' is another one")
    # What stands in the message is not looked at then: another version may mean something else by it.
    assert isinstance(ask(remote, HELLO, replace(hello, version="9", content=b"?").pack()), Refusal)


def test_a_protocol_of_the_users_own_comes_with_the_run(remote, tmp_path):
    (tmp_path / "mine.toml").write_text(
        (FOLDER / "rgb.toml").read_text().replace('name = "rgb"', 'name = "mine"').replace("shave = 1", "shave = 2")
    )
    spec = f"{tmp_path / 'mine.toml'},classic"
    context = context_of(RunOptions(device="cpu", out=tmp_path / "out", protocol=spec))
    (tmp_path / "mine.toml").unlink()
    hello = Hello.of(context, {})
    assert hello.protocol == "mine,classic"
    assert isinstance(ask(remote, HELLO, hello.pack()), Met)
    other = replace(hello, protocol_hash=hello.protocol_hash[:-16] + "0" * 16)
    assert ask(remote, HELLO, other.pack()) == Refusal("its protocol 'classic' is another one")


def test_a_device_that_is_not_there_is_a_refusal(remote, tmp_path):
    context = replace(context_of(RunOptions(device="cpu", out=tmp_path)), device="cuda:63")
    answer = ask(remote, HELLO, Hello.of(context, {}).pack())
    assert isinstance(answer, Refusal)
    assert "cuda:63" in answer.reason


def task_on(image, name, sha256, facts=None):
    ((method, identity),) = load_methods(["nearest"], (2,), lambda text: None)
    key = CellFacts(*("nearest", identity, name, 1, image.name, sha256, 3, 2, "bicubic/1", BASICSR.name, BASICSR.hash))
    return CellTask(key, MethodSpec(method.card.name, identity, "nearest"), image, (MetricSpec("psnr", 1, "psnr"),))


def test_images_of_its_own_are_taken_by_their_pixels_and_asked_for_otherwise(remote, hello, tmp_path):
    image = dataset.find("sample").images[0]
    ask(remote, HELLO, hello.pack())
    task = task_on(image, "sample", image.facts.sha256)
    assert isinstance(ask(remote, GROUP, pickle.dumps([Parcel(task, "0" * 64)])), Done)
    other = task_on(image, "sample", "1" * 64)  # the same name, other pixels
    assert ask(remote, GROUP, pickle.dumps([Parcel(other, "0" * 64)])) == Missing(("0" * 64,))


def test_an_image_without_an_original_is_upscaled_as_it_is(remote, hello, tmp_path):
    """Also where the worker has the image as one of a known dataset, with an original."""
    image = dataset.find("sample").images[0]
    ask(remote, HELLO, hello.pack())
    sides = []
    for reference in (True, False):
        task = task_on(replace(image, reference=reference), "sample", image.facts.sha256)
        task = replace(task, metrics=(), facts=replace(task.facts, degradation="bicubic/1" if reference else "none"))
        (product,) = ask(remote, GROUP, pickle.dumps([Parcel(task, "0" * 64)])).products
        ((content, _),) = product.files.values()
        with Image.open(io.BytesIO(content)) as made:
            sides.append(made.size)
    width, height = image.facts.width, image.facts.height
    assert sides == [(width // 2 * 2, height // 2 * 2), (2 * width, 2 * height)]


def test_a_given_lr_image_travels_as_the_hr_image_does(tmp_path, remote, make_picture):
    hr, lr = tmp_path / "a.png", tmp_path / "ax2.png"
    write_image(hr, make_picture(32, 40, 7))
    write_image(lr, make_picture(16, 20, 1))
    context = context_of(RunOptions(device="cpu", out=tmp_path, degradation="given"))
    ask(remote, HELLO, Hello.of(context, {}).pack())
    task = replace(task_on(dataset.ImageFile("a", hr), "mine", "unknown"), lr=dataset.ImageFile("a", lr), metrics=())
    parcel = Packer(CellWorker(context)).pack(task)
    assert ask(remote, GROUP, pickle.dumps([parcel])) == Missing(tuple(sorted((parcel.image, parcel.lr))))
    for path in (hr, lr):
        content = path.read_bytes()
        ask(remote, BLOB, pickle.dumps((hashlib.sha256(content).hexdigest(), content, True)))
    hr.unlink(), lr.unlink()
    (product,) = ask(remote, GROUP, pickle.dumps([parcel])).products
    ((content, _),) = product.files.values()
    made = np.asarray(Image.open(io.BytesIO(content)))
    assert np.array_equal(made, make_picture(16, 20, 1).repeat(2, axis=0).repeat(2, axis=1))


def test_the_frames_of_a_window_and_of_the_frame_before_travel_too(tmp_path, remote, hello, make_picture):
    frames = [dataset.ImageFile(f"a/{n}", tmp_path / f"{n}.png", clip="a", number=n) for n in range(4)]
    for n, frame in enumerate(frames):
        write_image(frame.path, make_picture(16, 20, 30 + n))
    ask(remote, HELLO, hello.pack())
    before = replace(task_on(frames[1], "mine", "unknown"), window=Window(tuple(frames[0:3]), 1))
    task = replace(task_on(frames[2], "mine", "unknown"), window=Window(tuple(frames[1:4]), 1), before=before)
    task = replace(task, metrics=())
    parcel = Packer(CellWorker(context_of(RunOptions(device="cpu", out=tmp_path / "out")))).pack(task)
    assert set(parcel.beside) == set(frames)
    hashes = {hashlib.sha256(frame.path.read_bytes()).hexdigest() for frame in frames}
    assert ask(remote, GROUP, pickle.dumps([parcel])) == Missing(tuple(sorted(hashes)))
    for frame in frames:
        content = frame.path.read_bytes()
        ask(remote, BLOB, pickle.dumps((hashlib.sha256(content).hexdigest(), content, True)))
        frame.path.unlink()
    placed = remote._run._task(parcel)
    paths = [
        file.path for file in (placed.sample, *placed.window.files, placed.before.sample, *placed.before.window.files)
    ]
    assert all(path.is_file() for path in paths)
    (product,) = ask(remote, GROUP, pickle.dumps([parcel])).products
    assert product.result.outcome.status == "ok"


def test_a_file_comes_in_parts_and_what_was_computed_of_it_goes_back_whole(remote, hello, tmp_path, make_picture):
    path = tmp_path / "image.png"
    write_image(path, make_picture(32, 40, 0))
    content = path.read_bytes()
    name = hashlib.sha256(content).hexdigest()
    ask(remote, HELLO, hello.pack())
    task = task_on(dataset.ImageFile("image", path), "mine", "unknown")
    group = pickle.dumps([Parcel(task, name)])
    assert ask(remote, GROUP, group) == Missing((name,))
    ask(remote, BLOB, pickle.dumps((name, content[:100], False)))
    assert ask(remote, GROUP, group) == Missing((name,))
    ask(remote, BLOB, pickle.dumps((name, content[100:], True)))
    path.unlink()
    done = ask(remote, GROUP, group)
    (product,) = done.products
    assert product.result.outcome.status == "ok"
    ((place, (image, sha256)),) = product.files.items()
    assert place == product.result.outcome.sr_path
    assert hashlib.sha256(image).hexdigest() == sha256
    assert not list((tmp_path / "scratch").rglob("*.png"))  # nothing is left there


def test_a_file_that_is_not_what_it_is_called_is_refused(remote):
    assert isinstance(ask(remote, BLOB, pickle.dumps(("0" * 64, b"other", True))), Refusal)
