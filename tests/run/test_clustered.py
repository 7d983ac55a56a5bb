"""Runs on workers of dask that are processes of their own, with an empty cache and no data."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from srbench.imaging.images import write_image
from srbench.protocol.base import FOLDER
from srbench.results.reader import Reader
from srbench.run.executors import profile
from srbench.run.merging import merge
from srbench.run.observer import Silent
from srbench.run.options import RunOptions
from srbench.run.runner import run
from srbench.run.shard import Shard

# On a busy machine it takes a while until dask has replaced a worker.
pytestmark = pytest.mark.filterwarnings("ignore:.*has no worker:srbench.errors.SrbenchWarning")
IMAGES = 24
PACKAGE = """\
from pathlib import Path
import numpy as np
from srbench.method import Method, MethodCard
from srbench.resize import imresize
from .kernels import KERNEL

class Mine(Method):
    card = MethodCard(name="mine", title="Mine", year=2024, family="test", paper="none", colour="any")
    def prepare(self, scale, context):
        super().prepare(scale, context)
        self.shift = float(np.load(Path(__file__).with_name("shift.npy")))
    def upscale(self, lr, scale):
        return imresize(lr, scale, kernel=KERNEL) + self.shift
"""


@pytest.fixture(scope="module")
def worker_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("worker-cache")


@pytest.fixture(scope="module")
def address(worker_cache):
    """Of a scheduler with two workers that have nothing of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SRBENCH_CACHE", str(worker_cache))
        patch.setenv("SRBENCH_DATA", str(worker_cache / "no-data"))
        patch.chdir(worker_cache)
        with profile.started(profile.parse("local:2")) as client:
            yield client.scheduler.address


@pytest.fixture
def package(tmp_path):
    """A method in a package of two modules, which reads a file of numbers."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "kernels.py").write_text("KERNEL = 'nearest'\n")
    (folder / "method.py").write_text(PACKAGE)
    np.save(folder / "shift.npy", 0.25)
    return str(folder / "method.py")


def outcomes(folder):
    """(image, scale) to outcomes, all that there are."""
    with Reader(folder) as reader:
        names = {row.cell_id: (row.facts.image, row.facts.scale) for row in reader.planned()}
        rows = reader._rows("SELECT cell_id, status, sr_sha256, host FROM outcomes ORDER BY id")
    found = {}
    for cell, *row in rows:
        found.setdefault(names[cell], []).append(tuple(row))
    return found


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.glob("images/**/*.png"))}


@pytest.mark.data("set5")
def test_workers_without_data_compute_set5_for_a_plugin_and_a_crash_costs_one_cell(
    address, worker_cache, package, write_plugin, results, tmp_path, scores
):
    crash = 'lr.shape[-1] == 57 and __import__("os")._exit(3)'  # the woman, at x4
    crashing = write_plugin(f"{crash}\n        return imresize(lr, scale)", "crashing", file="crashing.py")
    options = RunOptions(("fourier", package, crashing), ("set5",), (4,), ("psnr", "ssim"), device="cpu")
    summary = run(RunOptions(**{**vars(options), "out": results, "cluster": address}))
    assert summary.failures == ["crashing on set5/woman x4: the process died: exit code 3"]
    assert summary.computed == 14
    assert [canary.verdict for canary in summary.canaries] == ["good"]
    run(RunOptions(**{**vars(options), "out": tmp_path / "forked", "threads": 2, "apart": True}))
    assert scores() == scores(tmp_path / "forked")
    assert files(results) == files(tmp_path / "forked")
    assert len(files(results)) == 14
    kept = {path.name for path in (worker_cache / "blobs").iterdir()}
    sent = [Path(package), Path(package).with_name("kernels.py"), Path(package).with_name("shift.npy"), Path(crashing)]
    assert kept >= {hashlib.sha256(path.read_bytes()).hexdigest() for path in sent}
    assert len(kept) == 5 + 1 + len(sent)  # five images, and the package's empty file


@pytest.mark.slow
def test_protocols_of_one_run_go_to_one_worker_together(address, go, write_plugin, calls, results, tmp_path, scores):
    text = (FOLDER / "rgb.toml").read_text().replace('name = "rgb"', 'name = "mine"').replace("shave = 1", "shave = 0")
    (tmp_path / "mine.toml").write_text(text)
    method = write_plugin("time.sleep(0.3); return imresize(lr, scale)", colour="rgb")
    protocols = f"basicsr,{tmp_path / 'mine.toml'},rgb"
    summary = go(method, protocol=protocols, cluster=address, threads=0)
    assert (summary.computed, summary.failures) == (9, [])
    assert len(calls()) == 3
    go(method, protocol=protocols, out=tmp_path / "alone")
    assert scores() == scores(tmp_path / "alone")
    assert files(results) == files(tmp_path / "alone")


class Killing(Silent):
    """Kills, when so many cells are done, the process that computed last, and every other time the dask worker that it
    belongs to. None while it is at a cell at which another was killed: what two workers die of has failed."""

    def __init__(self, at_work, moments):
        self.at_work, self.moments, self.done_cells, self.hit, self.killed = at_work, sorted(moments), 0, set(), []

    def done(self, cell, outcome):
        self.done_cells += 1
        if not self.moments or self.done_cells < self.moments[0]:
            return
        pid, cell_at_work = self.at_work.read_text().split("\n")[-2].split()
        if cell_at_work in self.hit:  # at the next moment
            return
        with suppress(OSError):
            victim = int(pid)
            if len(self.killed) % 2:
                victim = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(victim, signal.SIGKILL)
            self.killed.append(victim)
            self.hit.add(cell_at_work)
            del self.moments[0]


def kill_during(moments, cluster, write_plugin, results, tmp_path, make_picture):
    folder, pids = tmp_path / "many", tmp_path / "pids"
    for i in range(IMAGES):
        write_image(folder / f"{i:02}.png", make_picture(28, 28 + 4 * i, i))
    log = '{__import__("os").getpid()} {lr.shape[-1]}/{scale}\\n'
    body = f"open({str(pids)!r}, 'a').write(f'{log}'); time.sleep(0.05)"
    plugin = write_plugin(f"{body}\n        return imresize(lr, scale)")
    observer = Killing(pids, moments)
    what = (plugin,), (str(folder),), (2, 3), ("psnr",)
    # With a limit of time cells are handed out one by one: a whole group would be suspected of each death.
    options = RunOptions(*what, out=results, device="cpu", cluster=cluster, cell_timeout=36000)
    summary = run(options, observer)
    assert (summary.computed, summary.failures) == (2 * IMAGES, [])
    assert [len(rows) for rows in outcomes(results).values()] == [1] * (2 * IMAGES)
    assert len(files(results)) == 2 * IMAGES
    return observer.killed


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the dask worker of a process in /proc")
def test_processes_that_are_killed_lose_nothing_and_double_nothing(
    address, write_plugin, results, tmp_path, make_picture
):
    killed = kill_during((4, 16), address, write_plugin, results, tmp_path, make_picture)
    assert killed


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the dask worker of a process in /proc")
def test_twenty_kills_lose_nothing_and_double_nothing(write_plugin, results, tmp_path, make_picture):
    moments = random.Random(0).sample(range(1, 2 * IMAGES - 2), 20)
    killed = kill_during(moments, "local:2", write_plugin, results, tmp_path, make_picture)
    assert len(killed) >= 15


@pytest.mark.slow
def test_ctrl_c_in_a_terminal_keeps_what_is_under_way_and_the_same_command_goes_on(
    write_plugin, results, tmp_path, make_picture, calls
):
    """A terminal sends it to all processes of the run."""
    folder = tmp_path / "many"
    for i in range(IMAGES):
        write_image(folder / f"{i:02}.png", make_picture(28, 28 + 4 * i, i))
    release = tmp_path / "release"  # what is under way when the signal is sent waits for it, however busy the machine
    plugin = write_plugin(
        f"while len(open({str(tmp_path / 'calls.log')!r}).readlines()) >= 5 and not Path({str(release)!r}).exists():\n"
        "            time.sleep(0.05)\n        return imresize(lr, scale)"
    )
    command = [sys.executable, "-m", "srbench", "run", "--methods", plugin, "--datasets", str(folder), "--scales", "2"]
    command += ["--cluster", "local:2", "--out", str(results), "--device", "cpu", "--metrics", "psnr"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        deadline = time.monotonic() + 300
        while len(calls()) < 5 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        release.touch()
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    begun = calls()
    assert 5 <= len(begun) < IMAGES
    assert f"interrupted with {IMAGES - len(begun)} cells left" in errors
    assert len(outcomes(results)) == len(begun)
    summary = run(RunOptions((plugin,), (str(folder),), (2,), ("psnr",), out=results, device="cpu", threads=2))
    assert (summary.known, summary.computed) == (len(begun), IMAGES - len(begun))
    assert len(calls()) == IMAGES


TWELVE = ("nearest", "bilinear", "bicubic", "lanczos", "fourier", "back-projection", "tv-map", "srcnn", "fsrcnn")
TWELVE += ("espcn", "vdsr", "aplus")


@pytest.mark.slow
@pytest.mark.data("set5")
def test_all_ways_of_computing_give_the_same_bits(tmp_path, scores):
    def go(name, **how):
        options = {"datasets": ("set5", "sample"), "metrics": ("psnr", "ssim"), "out": tmp_path / name, "device": "cpu"}
        assert run(RunOptions(TWELVE, **options, **how)).failed == 0

    go("one", threads=1)
    go("two", threads=2)
    go("cluster", cluster="local:2")
    for index in range(1, 5):
        go(f"shard-{index}", threads=2, shard=Shard(index, 4))
    merge([tmp_path / f"shard-{index}" for index in range(1, 5)], tmp_path / "merged")
    expected = scores(tmp_path / "one")
    pictures = files(tmp_path / "one")
    assert len(pictures) == 12 * (5 + 8)
    for name in ("two", "cluster", "merged"):
        assert scores(tmp_path / name) == expected
        assert files(tmp_path / name) == pictures
