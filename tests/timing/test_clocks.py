"""Clocks: what they measure, and that they leave the process as it was."""

import time

import numpy as np
import pytest
import torch

from srbench.method import MethodContext, plugins
from srbench.timing.clocks import CpuClock, CudaClock
from srbench.timing.subjects import synthetic


def test_the_cpu_clock_pins_threads_and_measures_seconds():
    before = torch.get_num_threads()
    seen = []
    start = time.perf_counter()
    seconds = CpuClock(3)(lambda: (seen.append(torch.get_num_threads()), time.sleep(0.02)))
    assert seen == [3]
    assert 0.02 <= seconds <= time.perf_counter() - start
    assert torch.get_num_threads() == before


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_events_agree_with_the_wall_clock():
    device = torch.device("cuda")
    method = plugins.instantiate(plugins.find("srcnn")[0])
    method.prepare(4, MethodContext(device))
    lr = synthetic(320, 180, 4).input_for(method)
    clock = CudaClock(device)

    def wall():
        torch.cuda.synchronize()
        start = time.perf_counter()
        method.upscale(lr, 4)
        torch.cuda.synchronize()
        return time.perf_counter() - start

    with torch.no_grad():
        for _ in range(20):
            wall()
        events, walls = zip(*((clock(lambda: method.upscale(lr, 4)), wall()) for _ in range(50)), strict=True)
    assert np.median(walls) > 0.001
    assert np.median(events) == pytest.approx(np.median(walls), rel=0.05)
