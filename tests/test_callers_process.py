"""What srbench leaves of the process that calls it: random numbers, threads, standard output, and no other process."""

import contextlib
import importlib.util
import io
import multiprocessing
import os
import random
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import srbench
from srbench import randomness
from srbench.errors import SrbenchError
from srbench.metrics import iqa

CPU = torch.device("cpu")
DRAW = "np.random.rand(3), random.random(), torch.rand(3); return imresize(lr, scale)"
MADE = """
    def __init__(self):
        super().__init__()
        torch.manual_seed(3), torch.rand(1), random.seed(3)
"""


def state():
    """All that decides which random numbers the process draws next."""
    kind, keys, *rest = np.random.get_state()
    return torch.get_rng_state().tolist(), random.getstate(), (kind, keys.tolist(), rest)


@pytest.fixture
def drawing(write_plugin):
    """A method that draws from every global generator when it is made, and at every image."""
    path = Path(write_plugin(DRAW))
    text = path.read_text().replace("import time", "import random, time\nimport numpy as np")
    path.write_text(
        text + "    def __init__(self):\n        super().__init__()\n        torch.manual_seed(3), torch.rand(1)\n"
    )
    return str(path)


# -- random numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_evaluate_leaves_the_callers_random_numbers(drawing, pictures, workers):
    for seed in (1, 2):
        torch.manual_seed(seed), np.random.seed(seed), random.seed(seed)
        before = state()
        frame = srbench.evaluate(drawing, str(pictures), scale=2, workers=workers)
        assert set(frame["status"]) == {"ok"}
        assert state() == before


def test_the_random_numbers_are_the_callers_too_where_it_fails(pictures):
    before = state()
    with pytest.raises(SrbenchError):
        srbench.evaluate("bicubic", str(pictures), scale=2, metrics=["pnsr"])
    assert state() == before


def test_a_run_draws_the_same_numbers_whatever_the_caller_drew(write_plugin, pictures):
    plugin = write_plugin("return imresize(lr, scale) + 0.1 * torch.rand(1)")
    values = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        values.append(list(srbench.evaluate(plugin, str(pictures), scale=2)["value"]))
    assert values[0] == values[1]


def test_a_seed_is_that_of_torch_and_leaves_nothing_for_cuda(monkeypatch):
    """Seeding by torch.manual_seed waits in a queue until CUDA is initialised, and is then the caller's seed."""
    queued = []
    monkeypatch.setattr(torch.cuda, "_lazy_call", lambda *args, **options: queued.append(args))
    with randomness.kept(CPU):
        randomness.seed(5, CPU)
        ours = torch.rand(4)
    assert queued == []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        assert torch.equal(torch.rand(4), ours)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_random_numbers_of_a_gpu_are_left_too(drawing, pictures):
    torch.manual_seed(1)
    before = torch.cuda.get_rng_state().tolist()
    for device in ("cuda", "cpu"):
        srbench.evaluate(drawing, str(pictures), scale=2, device=device)
        assert torch.cuda.get_rng_state().tolist() == before


# -- processes and threads -----------------------------------------------------------------------------------------


def processes(write_plugin, pictures, tmp_path, **options):
    """In which processes the method's images are made."""
    mark = f"(Path({str(tmp_path)!r}) / f'pid-{{os.getpid()}}').touch()"
    path = Path(write_plugin(f"{mark}; return imresize(lr, scale)"))
    path.write_text(path.read_text().replace("import time", "import os, time"))
    srbench.evaluate(str(path), str(pictures), scale=2, device="cpu", **options)
    return {int(path.name.removeprefix("pid-")) for path in tmp_path.glob("pid-*")}


def test_evaluate_forks_nothing_unless_told(write_plugin, pictures, tmp_path, monkeypatch):
    def fork():
        raise AssertionError("the process was forked")

    monkeypatch.setattr(os, "fork", fork)
    assert processes(write_plugin, pictures, tmp_path) == {os.getpid()}
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked under Linux")
def test_more_workers_are_processes(write_plugin, pictures, tmp_path):
    made = processes(write_plugin, pictures, tmp_path, workers=2)
    assert made
    assert os.getpid() not in made
    assert multiprocessing.active_children() == []


def test_fewer_than_one_worker_is_an_error(pictures):
    with pytest.raises(SrbenchError, match="workers = 0 is less than one"):
        srbench.evaluate("bicubic", str(pictures), scale=2, workers=0)


def test_evaluate_leaves_the_numbers_of_threads(pictures):
    import threadpoolctl

    before = torch.get_num_threads(), [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    torch.set_num_threads(2)
    try:
        srbench.evaluate("bicubic", str(pictures), scale=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before[0])
    assert [pool["num_threads"] for pool in threadpoolctl.threadpool_info()] == before[1]


# -- standard output -----------------------------------------------------------------------------------------------


@pytest.fixture
def pyiqa_that_waits(monkeypatch, tmp_path):
    """pyiqa, whose creation of a metric loads weights from a file, as most do, and then waits until it may go on."""
    if importlib.util.find_spec("pyiqa") is None:
        pytest.skip("no pyiqa: pip install 'srbench[iqa]'")
    import pyiqa
    from pyiqa.archs.arch_util import load_pretrained_network

    weights, made, go_on = tmp_path / "w.pth", threading.Event(), threading.Event()
    torch.save(torch.nn.Linear(1, 1).state_dict(), weights)
    create = pyiqa.create_metric

    def load_and_wait(name, **options):
        load_pretrained_network(torch.nn.Linear(1, 1), str(weights))
        made.set()
        assert go_on.wait(timeout=300)
        return create(name, **options)

    monkeypatch.setattr(pyiqa, "create_metric", load_and_wait)
    return made, go_on, lambda: load_pretrained_network(torch.nn.Linear(1, 1), str(weights))


def test_a_metric_of_pyiqa_leaves_standard_output_to_other_threads(pyiqa_that_waits, capsys):
    made, go_on, load = pyiqa_that_waits
    before = sys.stdout
    creating = threading.Thread(target=iqa.Model("gmsd").prepare)
    creating.start()
    try:
        assert made.wait(timeout=300)
        assert sys.stdout is before
        print("results of another thread")
        load()  # the caller's own use of pyiqa prints where it always did
    finally:
        go_on.set()
        creating.join()
    out, errors = capsys.readouterr()
    first, second = out.splitlines()
    assert first == "results of another thread"
    assert second.startswith("Loading pretrained model Linear")
    assert "Loading pretrained model Linear" in errors
    assert sys.stdout is before


def test_a_stream_that_the_caller_redirects_stays_redirected(pyiqa_that_waits):
    _, go_on, _ = pyiqa_that_waits
    go_on.set()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        iqa.Model("gmsd").prepare()
        print("mine")
    assert out.getvalue() == "mine\n"


def test_modules_that_pyiqa_imports_late_print_to_standard_error_too(pyiqa_that_waits):
    del pyiqa_that_waits
    with iqa._notes_to_stderr("metaiqa"):
        assert vars(sys.modules["pyiqa.archs.metaiqa_arch"])["print"] is iqa._print
