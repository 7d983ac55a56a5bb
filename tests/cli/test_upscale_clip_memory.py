"""How much memory ``srbench upscale`` holds for a clip: no more for a long one than for a short one."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

STATUS = Path("/proc/self/status")
MAKING = Path(__file__).parents[1] / "video" / "making.py"
# Of this process alone, since its start: what getrusage says begins with the memory of the process that started it.
CODE = """
import atexit, pathlib, runpy
status = pathlib.Path("/proc/self/status")
peak = lambda: next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
atexit.register(lambda: print(peak()))
runpy.run_module("srbench", run_name="__main__")
"""
SEVERAL = """
from srbench.method import MethodCard, MultiFrameMethod
from srbench.resize import imresize

class Mean(MultiFrameMethod):
    card = MethodCard(name="mean", title="Mean", year=2026, family="test", paper="none", colour="any", frames=(5,))
    def upscale_frames(self, frames, target, scale, shifts=None):
        return imresize(frames.mean(dim=1), scale)
"""


def peak(*arguments):
    """MB that ``srbench`` with these arguments held at once."""
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1]) / 1024


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read from Linux's /proc")
@pytest.mark.parametrize("output", ["out.mp4", "up"])
@pytest.mark.parametrize("method", ["bicubic", "mean"])
def test_a_clip_of_300_frames_holds_no_more_than_one_of_100(tmp_path, output, method):
    """320x180 at x2. 200 more frames of 640x360 in RGB are 138 MB, their LR frames 35 MB."""
    spec = importlib.util.spec_from_file_location("making", MAKING)
    making = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(making)
    tile = making.moving(20, 180, 320)
    (tmp_path / "mean.py").write_text(SEVERAL)
    peaks = {}
    for count in (100, 300):
        clip = making.make_video(tmp_path / f"{count}.mp4", (tile * 15)[:count])
        named = tmp_path / "mean.py" if method == "mean" else method
        target = tmp_path / f"{count}" / output
        peaks[count] = peak("upscale", named, clip, "--scale", 2, "--output", target, "--device", "cpu")
    assert peaks[300] - peaks[100] < 15, peaks
