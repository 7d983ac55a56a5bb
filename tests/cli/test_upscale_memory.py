"""How much memory ``srbench upscale --tile`` holds for a picture."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srbench.imaging.images import write_image
from srbench.imaging.pictures import Picture, write_picture

pytestmark = pytest.mark.slow

STATUS = Path("/proc/self/status")
# Of this process alone, since its start: what getrusage says begins with the memory of the process that started it.
CODE = """
import atexit, pathlib, runpy
status = pathlib.Path("/proc/self/status")
peak = lambda: next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
atexit.register(lambda: print(peak()))
runpy.run_module("srbench", run_name="__main__")
"""


def peak(*arguments):
    """Bytes that ``srbench`` with these arguments held at once."""
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return 1024 * int(done.stdout.split()[-1])


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read from Linux's /proc")
@pytest.mark.parametrize("kind", ["luma", "luma of 16 bits with alpha", "rgb, self-ensemble"])
def test_tiles_hold_no_more_than_six_bytes_for_each_pixel_of_the_output(tmp_path, make_picture, write_plugin, kind):
    """A picture of 12 times the height, all else being equal: so much for a pixel, and a part that stays."""
    colour = kind.split()[0].rstrip(",")
    plugin = write_plugin(colour=colour)
    options = ["--scale", 2, "--tile", 64, "--output", tmp_path / "up", "--device", "cpu"]
    options += ["--self-ensemble"] if "ensemble" in kind else ["--alpha"]
    peaks, pixels = [], []
    strip = make_picture(320, 320, 1)
    for name, times in (("low", 1), ("high", 12)):
        image, path = np.tile(strip, (times, 1, 1)), tmp_path / f"{name}.png"
        if "16" in kind:
            write_picture(path, Picture(image.astype(np.uint16) * 257, image[..., 0].astype(np.uint16) * 257))
        else:
            write_image(path, image)
        peaks.append(peak("upscale", plugin, path, *options))
        pixels.append(4 * image.shape[0] * image.shape[1])
        with Image.open(tmp_path / "up" / f"{name}_mine_x2.png") as written:
            assert written.size == (640, 640 * times)
    assert (peaks[1] - peaks[0]) / (pixels[1] - pixels[0]) < 6
