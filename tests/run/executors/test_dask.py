"""The scheduling of cells on workers that come, go, lack files and lie; against a stand-in for dask whose workers are
objects in this process, so that what happens when is decided by the test. Real ones: tests/run/test_clustered.py."""

import hashlib
import pickle
import shutil
import signal
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from srbench.errors import SrbenchError, SrbenchWarning
from srbench.paths import search_path
from srbench.results.reader import Reader
from srbench.run.executors import beside, dask
from srbench.run.executors.messages import BLOB, GROUP, HELLO, Done, Refusal
from srbench.run.executors.remote import Remote


class Answer:
    """A future of dask that is done."""

    def __init__(self, make):
        self._make = make

    def result(self):
        value = self._make()
        if isinstance(value, Exception):
            raise value
        return value

    def add_done_callback(self, call):
        call(self)

    def cancel(self):
        pass


class Client:
    """Has workers by address, each a function of a message; ``asked`` are the messages, in order."""

    def __init__(self):
        self.workers, self.asked, self.dismissed = {}, [], []

    def nthreads(self):
        return dict.fromkeys(self.workers, 1)

    def submit(self, ask, run, kind, body, timeout, *, workers, allow_other_workers, pure, retries):
        (address,) = workers
        assert not allow_other_workers
        self.asked.append((address, kind, body))
        gone = dask.WorkerDiedError("gone")  # as dask's own
        return Answer(partial(self.workers.get(address, lambda kind, body: gone), kind, body))

    def run(self, function, run, **_):
        self.dismissed.append(run)


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setenv("SRBENCH_WEIGHTS", "")  # workers set it
    found = Client()

    @contextmanager
    def started(profile):
        yield found

    monkeypatch.setattr(dask, "started", started)
    monkeypatch.setattr(dask, "_LOOK_EVERY", 0.0)
    return found


@pytest.fixture
def worker(tmp_path):
    """Makes a worker as it is in a process of its own."""

    def make(name="one"):
        remote = Remote(tmp_path / f"scratch-{name}")
        return lambda kind, body: pickle.dumps(remote.answer(kind, body, lambda: None))

    return make


@pytest.fixture
def clustered(go):
    return partial(go, threads=0, cluster="local:2")


def hosts(results):
    with Reader(results) as reader:
        return [row.outcome.host for row in reader.outcomes()]


def manifest(results):
    with Reader(results) as reader:
        return reader.runs()[-1].manifest


def test_files_are_asked_for_once_by_each_machine_and_the_results_are_those_of_this_process(
    client, worker, clustered, go, scores, results, tmp_path, write_plugin
):
    client.workers = {"tcp://a:1": worker("a"), "tcp://b:1": worker("b")}
    plugin = write_plugin("return imresize(lr, scale, kernel='nearest')")
    summary = clustered("fourier", plugin)
    assert (summary.computed, summary.failed) == (6, 0)
    blobs = [pickle.loads(body)[0] for _, kind, body in client.asked if kind == BLOB]
    wanted = [Path(plugin), *(tmp_path / "pictures").glob("*.png")]
    assert set(blobs) == {hashlib.sha256(path.read_bytes()).hexdigest() for path in wanted}
    go("fourier", plugin, out=tmp_path / "inline")
    assert scores() == scores(tmp_path / "inline")
    pictures = {path.name: path.read_bytes() for path in results.glob("images/**/*.png")}
    assert pictures == {path.name: path.read_bytes() for path in (tmp_path / "inline").glob("images/**/*.png")}
    assert client.dismissed


def test_what_computes_is_in_the_manifest_under_the_name_that_outcomes_have(client, worker, clustered, results):
    client.workers = {"tcp://a:1": worker()}
    clustered("nearest")
    (label,) = set(hosts(results))
    assert manifest(results)["machines"][label] == manifest(results)["machine"]
    assert manifest(results)["cluster"]["workers"] == 1
    assert manifest(results)["cluster"]["received"] > 0


def test_two_kinds_of_machine_on_one_host_have_two_names(client, worker, clustered, results):
    real = worker("b")

    def other(kind, body):
        answer = pickle.loads(real(kind, body))
        return pickle.dumps(replace(answer, machine={**answer.machine, "gpu": "A"}) if kind == HELLO else answer)

    client.workers = {"tcp://a:1": worker("a"), "tcp://b:1": other}
    clustered("nearest")
    machines = manifest(results)["machines"]
    assert {machine["gpu"] for machine in machines.values()} == {"", "A"}
    assert sorted(machines) == sorted([min(machines), f"{min(machines)} (2)"])


def test_a_worker_of_another_version_is_refused_by_name_and_the_others_compute(client, worker, clustered):
    client.workers = {
        "tcp://old:1": lambda kind, body: pickle.dumps(Refusal("it has srbench 0.0.1, and this is 9")),
        "tcp://new:1": worker(),
    }
    with pytest.warns(SrbenchWarning, match=r"worker tcp://old:1: it has srbench 0\.0\.1.*: it is not used"):
        assert clustered("nearest").computed == 3
    assert {address for address, kind, _ in client.asked if kind == GROUP} == {"tcp://new:1"}


@pytest.mark.filterwarnings("ignore:worker tcp")
def test_where_no_worker_can_be_used_the_run_says_why(client, clustered):
    client.workers = {"tcp://old:1": lambda kind, body: ModuleNotFoundError("No module named 'srbench'")}
    with pytest.raises(
        SrbenchError, match=r"no worker of local:2 can be used: tcp://old:1: .*No module named 'srbench'"
    ):
        clustered("nearest")


def test_a_worker_that_comes_later_gets_cells_too(client, worker, clustered):
    first = worker("first")

    def slowly(kind, body):
        if kind == GROUP:
            client.workers.setdefault("tcp://b:1", worker("second"))
        return first(kind, body)

    client.workers = {"tcp://a:1": slowly}
    assert clustered("nearest", "bilinear", "fourier", cell_timeout=3600).computed == 9
    assert {address for address, kind, _ in client.asked if kind == GROUP} == {"tcp://a:1", "tcp://b:1"}


def test_the_cells_of_a_lost_worker_go_to_others(client, worker, clustered, calls, write_plugin):
    real = worker("real")

    def lost(kind, body):
        if kind != GROUP:
            return worker("lost")(kind, body) if kind == HELLO else pickle.dumps(None)
        del client.workers["tcp://a:1"]
        client.workers["tcp://b:1"] = real
        return dask.WorkerDiedError("gone")  # as dask's own

    client.workers = {"tcp://a:1": lost}
    summary = clustered(write_plugin())
    assert (summary.computed, summary.failed) == (3, 0)
    assert sorted(calls()) == [28, 32, 36]


def test_a_cell_at_which_worker_after_worker_is_lost_is_failed_and_the_others_go_on(client, worker, clustered):
    """As one that needs more memory than a node has."""
    losses = []

    def deadly(kind, body, real=None):
        if kind == GROUP and any(parcel.task.facts.image == "b" for parcel in pickle.loads(body)):
            losses.append(None)
            client.workers = {f"tcp://a:{len(losses) + 1}": partial(deadly, real=worker(len(losses)))}
            return dask.WorkerDiedError("gone")  # as dask's own
        return real(kind, body)

    client.workers = {"tcp://a:1": partial(deadly, real=worker("first"))}
    summary = clustered("nearest")
    assert (summary.computed, summary.failed) == (2, 1)
    assert "on pictures/b x2: the worker tcp://a:3 on" in summary.failures[0]
    assert len(losses) == 3


def test_a_cell_that_kills_two_workers_is_failed_and_the_others_go_on(client, worker, clustered):
    real = worker()

    def deadly(kind, body):
        if kind == GROUP and any(parcel.task.facts.image == "b" for parcel in pickle.loads(body)):
            return beside.Died("the process died: signal 9 (SIGKILL)")
        return real(kind, body)

    client.workers = {"tcp://a:1": deadly}
    summary = clustered("nearest", "bilinear")
    assert (summary.computed, summary.failed) == (4, 2)
    assert summary.failures == [
        f"{method} on pictures/b x2: the process died: signal 9 (SIGKILL)" for method in ("nearest", "bilinear")
    ]


def test_a_damaged_image_is_computed_again(client, worker, clustered, results):
    real, damaged = worker(), []

    def lying(kind, body):
        answer = pickle.loads(real(kind, body))
        if isinstance(answer, Done) and not damaged:
            first = answer.products[0]
            files = {place: (content + b"!", sha256) for place, (content, sha256) in first.files.items()}
            damaged.append(files)
            answer = replace(answer, products=(replace(first, files=files), *answer.products[1:]))
        return pickle.dumps(answer)

    client.workers = {"tcp://a:1": lying}
    summary = clustered("nearest")
    assert damaged
    assert (summary.computed, summary.failed) == (3, 0)
    assert all(path.read_bytes().endswith(b"IEND\xaeB`\x82") for path in results.glob("images/**/*.png"))


@pytest.mark.filterwarnings("ignore:worker tcp")
def test_a_worker_that_keeps_nothing_is_not_asked_for_ever(client, worker, clustered):
    real = worker()
    client.workers = {"tcp://a:1": lambda kind, body: pickle.dumps(None) if kind == BLOB else real(kind, body)}
    client.workers["tcp://b:1"] = worker("b")
    assert clustered("nearest").computed == 3
    assert sum(kind == GROUP for address, kind, _ in client.asked if address == "tcp://a:1") < 20


def test_a_worker_whose_process_dask_has_replaced_is_told_of_the_run_again(client, worker, clustered):
    real, asked = worker(), []

    def forgetful(kind, body):
        asked.append(kind)
        return beside.STRANGER if asked.count(GROUP) == 1 and kind == GROUP else real(kind, body)

    client.workers = {"tcp://a:1": forgetful}
    assert clustered("nearest").computed == 3
    assert asked.count(HELLO) == 2


def test_workers_that_cannot_go_on_end_the_run_when_no_other_comes(client, worker, clustered, monkeypatch):
    monkeypatch.setattr(dask, "_MOST_PATIENCE", -1.0)
    real = worker()

    def full(kind, body):
        return pickle.dumps(Refusal("no space left on device")) if kind == GROUP else real(kind, body)

    client.workers = {"tcp://a:1": full}
    with (
        pytest.warns(SrbenchWarning, match="no space left on device: it is not used"),
        pytest.raises(SrbenchError, match="can be used: tcp://a:1: no space left on device"),
    ):
        clustered("nearest")


def test_a_run_without_workers_says_so_and_can_be_interrupted(client, worker, clustered, monkeypatch, results):
    monkeypatch.setattr(dask, "_PATIENCE", 0.0)
    real = worker()

    def gone(kind, body):
        if kind != GROUP:
            return real(kind, body)
        client.workers.clear()
        return dask.WorkerDiedError("gone")  # as dask's own

    def looks():
        looked.append(None)
        if len(looked) == 20:
            signal.raise_signal(signal.SIGINT)
        return dict.fromkeys(client.workers, 1)

    looked = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    monkeypatch.setattr(client, "nthreads", looks)
    client.workers = {"tcp://a:1": gone}
    try:
        with pytest.warns(SrbenchWarning, match="local:2 has no worker: the run goes on when one comes"):
            summary = clustered("nearest")
    finally:
        signal.signal(signal.SIGINT, before)
    assert summary.interrupted
    assert summary.left == 3


def test_a_scheduler_that_goes_away_ends_the_run_and_the_same_command_goes_on(client, worker, clustered, monkeypatch):
    client.workers = {"tcp://a:1": worker()}
    begun = []

    def gone():
        begun.append(None)
        if len(begun) > 3:
            raise OSError("connection refused")
        return {"tcp://a:1": 1}

    with monkeypatch.context() as patch:
        patch.setattr(client, "nthreads", gone)
        with pytest.raises(SrbenchError, match="the scheduler of local:2 is gone"):
            clustered("nearest", "bilinear", "fourier", cell_timeout=3600)
    summary = clustered("nearest", "bilinear", "fourier")
    assert (summary.known + summary.computed, summary.failed) == (9, 0)


METRIC = """
import numpy as np
from pathlib import Path
from srbench.metrics import Metric
from weight import WEIGHT
BIAS = float(np.load(Path(__file__).with_name("bias.npy")))


def compute(pair):
    return WEIGHT * float(pair.sr_luma.mean()) + BIAS


METRIC = Metric("mine", "Mine", 1, True, "", (0, 1000), 2, ("sr_luma",), compute)
"""
DEGRADATION = """
from srbench.degradation import Blur, Pipeline, Subsample, gaussian
from sigma import SIGMA
SOFT = Pipeline("soft", (Blur(gaussian(9, SIGMA)), Subsample()))
"""


def test_all_that_a_user_may_bring_travels_and_nothing_is_read_where_the_run_was_planned(
    client, worker, clustered, go, scores, tmp_path, write_plugin
):
    """The folder with all of it is not there while the worker is at something."""
    own = tmp_path / "own"
    own.mkdir()
    weights = Path(search_path("methods")[0]) / "weights"
    for suffix in (".safetensors", ".json"):
        shutil.copy(weights / f"srcnn_x4{suffix}", own / f"trained_x4{suffix}")
    shutil.copy(weights / "srcnn_x4.safetensors", own / "brought.safetensors")
    (own / "weight.py").write_text("WEIGHT = 3.0")
    np.save(own / "bias.npy", 0.5)
    (own / "metric.py").write_text(METRIC)
    (own / "sigma.py").write_text("SIGMA = 1.2")
    (own / "degradation.py").write_text(DEGRADATION)
    (own / "link.py").symlink_to(write_plugin("return imresize(lr, scale, kernel='nearest')", file="own/target.py"))
    (tmp_path / "pictures").rename(own / "pictures")
    real = worker()

    def blind(kind, body):
        own.rename(tmp_path / "hidden")
        try:
            return real(kind, body)
        finally:
            (tmp_path / "hidden").rename(own)

    client.workers = {"tcp://a:1": blind}
    methods = (str(own / "trained_x4.safetensors"), f"srcnn={own / 'brought.safetensors'}", f"linked={own / 'link.py'}")
    options = {
        "datasets": (str(own / "pictures"),),
        "scales": (4,),
        "metrics": ("psnr", str(own / "metric.py")),
        "degradation": str(own / "degradation.py"),
    }
    summary = clustered(*methods, **options)
    assert (summary.computed, summary.failures) == (9, [])
    go(*methods, **options, out=tmp_path / "inline")
    assert scores() == scores(tmp_path / "inline")
    assert len(scores()) == 18


def test_an_earlier_image_travels_to_be_scored_by_another_metric(client, worker, clustered, calls, write_plugin):
    client.workers = {"tcp://a:1": worker()}
    clustered(write_plugin(), metrics=("psnr",))
    summary = clustered(write_plugin(), metrics=("psnr", "ssim"))
    assert (summary.computed, summary.failed) == (3, 0)
    assert len(calls()) == 3
