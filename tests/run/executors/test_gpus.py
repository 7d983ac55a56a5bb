"""Several GPUs, a process on each: what each process sees, with stand-ins for GPUs. A process knows of its GPU by
CUDA_VISIBLE_DEVICES alone, so that is what is looked at."""

import json
import os
import signal
import sys
from contextlib import closing

import pytest
import torch

from srbench.errors import SrbenchError
from srbench.machine import devices_of, resolve_device, seen_alone, visible_as
from srbench.run import clustered, job, runner
from srbench.run.executors.local import local
from srbench.run.executors.processes import Processes
from srbench.run.options import RunOptions
from srbench.run.stopping import Stop

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked under Linux")
CPU = torch.device("cpu")


@pytest.fixture
def gpus(monkeypatch):
    """As many CUDA devices as are asked for; nothing can be computed on them."""

    def there_are(count, visible=None):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    return there_are


class Caller:
    """Stands for a CellWorker: its tasks are calls."""

    device = CPU

    def begin(self, task):
        return task()


def results_of(tasks, executor):
    with closing(executor.run(Caller(), iter(tasks), len(tasks), Stop())) as batches:
        return [result for batch in batches for _, result in batch]


@pytest.mark.parametrize(
    ("name", "numbers"), [("cuda:all", [0, 1, 2]), ("cuda:0,2", [0, 2]), ("cuda:2,1", [2, 1]), ("cuda:1", [1])]
)
def test_names_of_several_gpus(gpus, name, numbers):
    gpus(3)
    assert devices_of(name) == tuple(torch.device("cuda", number) for number in numbers)
    assert resolve_device(name) == torch.device("cuda", numbers[0])


@pytest.mark.parametrize(
    ("name", "count", "message"),
    [
        ("cuda:all", 0, "no CUDA device here for cuda:all; use --device cpu"),
        ("cuda:0,3", 3, r"no device 'cuda:3' here \(3 CUDA devices\)"),
        ("cuda:0,0", 3, "'cuda:0,0' is no list of GPUs; give each once"),
        ("cpu:0,1", 3, "'cpu:0,1' is no list of GPUs"),
        ("cuda:0,x", 3, "unknown device 'cuda:x'"),
        ("cuda:0,", 3, "unknown device 'cuda:'"),
    ],
)
def test_names_that_are_none(gpus, name, count, message):
    gpus(count)
    with pytest.raises(SrbenchError, match=message):
        devices_of(name)


@pytest.mark.parametrize(("visible", "expected"), [(None, ["0", "2"]), ("", ["0", "2"]), ("5, GPU-3a,7", ["5", "7"])])
def test_numbers_are_those_of_what_this_process_sees(gpus, visible, expected):
    gpus(3, visible)
    assert [visible_as(device) for device in devices_of("cuda:0,2")] == expected


@pytest.mark.parametrize("before", [None, "1,2"])
def test_the_environment_is_as_it_was_afterwards(gpus, before):
    gpus(2, before)
    with seen_alone("7"):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "7"
    with pytest.raises(ZeroDivisionError), seen_alone("7"):
        divmod(1, 0)
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == before
    with seen_alone(""):
        assert os.environ.get("CUDA_VISIBLE_DEVICES") == before


def test_each_gpu_has_a_spawned_process(gpus):
    gpus(3)
    assert local(2, devices_of("cuda:0,2")) == Processes(2, spawned=True, gpus=("0", "2"))
    assert local(3, devices_of("cuda:all"), timeout=400) == Processes(
        3, spawned=True, timeout=400, gpus=("0", "1", "2")
    )


def seen():
    return os.getpid(), os.environ["CUDA_VISIBLE_DEVICES"]


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@LINUX
def test_every_process_sees_one_gpu_and_no_two_the_same():
    found = set(results_of([seen] * 60, Processes(2, gpus=("0", "GPU-2"))))
    assert {gpu for _, gpu in found} == {"0", "GPU-2"}
    assert len(found) == len({pid for pid, _ in found}) == 2


@LINUX
def test_a_process_that_is_replaced_has_the_gpu_of_the_one_that_died():
    found = results_of([seen, die, *[seen] * 40], Processes(2, gpus=("0", "2")))
    died = [result for result in found if not isinstance(result, tuple)]
    assert [result.outcome.message for result in died] == [
        "the process died: signal 9 (SIGKILL, as where memory runs out)"
    ]
    assert {gpu for result in found if isinstance(result, tuple) for gpu in result[1:]} <= {"0", "2"}
    one = results_of([die, *[seen] * 10], Processes(1, gpus=("3",)))  # it is replaced twice
    assert {result[1] for result in one if isinstance(result, tuple)} == {"3"}


@LINUX
def test_a_run_sets_it_before_torch_is_there(go, write_plugin, results, monkeypatch, tmp_path):
    """Two CPUs stand for two GPUs."""
    for module in (job, runner):
        monkeypatch.setattr(module, "devices_of", lambda name: (torch.device("cpu", 3), torch.device("cpu", 5)))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "a,b,c,d,e,f")
    log = tmp_path / "seen"
    path = write_plugin(
        f"import os; from pathlib import Path; begun = Path('/proc/self/environ').read_text().split(chr(0))\n"
        f"        own = [line for line in begun if line.startswith('CUDA_VISIBLE_DEVICES=')]\n"
        f"        with open({str(log)!r}, 'a') as stream: print(os.getpid(), *own, file=stream)\n"
        f"        return imresize(lr, scale)"
    )
    summary = go(path, threads=2)
    assert (summary.computed, summary.failed) == (3, 0)
    lines = {tuple(line.split()) for line in log.read_text().splitlines()}
    assert {gpu for _, gpu in lines} == {"CUDA_VISIBLE_DEVICES=d", "CUDA_VISIBLE_DEVICES=f"}
    assert str(os.getpid()) not in {pid for pid, _ in lines}
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "a,b,c,d,e,f"
    manifest = json.loads((results / "runs" / "0001.json").read_text())
    assert (manifest["device"], manifest["workers"]) == ("cpu:3, cpu:5", 2)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_all_gpus_give_what_one_gives(go, results, scores, tmp_path):
    go("bicubic", "fsrcnn", device="cuda:0", scales=(4,))
    go("bicubic", "fsrcnn", device="cuda:all", scales=(4,), out=tmp_path / "all")
    assert scores() == scores(tmp_path / "all")


@pytest.mark.parametrize("name", ["cuda:all", "cuda:0,2"])
def test_a_cluster_takes_no_list_of_gpus(name):
    with pytest.raises(SrbenchError, match=f"--device {name} is of one machine"):
        clustered.require(RunOptions(device=name, cluster="local:2"))
