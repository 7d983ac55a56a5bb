"""What all cases start from: a few tiny images, results, weights and a training, made once."""

from __future__ import annotations

import io
import random
import shutil
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from srbench import api
from srbench.imaging.images import pixel_hash, write_image
from srbench.records import Timing
from srbench.results.folder import FILE
from srbench.results.reader import Reader
from srbench.results.store import Store
from srbench.run import RunOptions, run

TRAINABLE = """\
import torch
from srbench.method import MethodCard
from srbench.training import Recipe, TrainedMethod

class Net(torch.nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, scale**2, 3, padding=1)
        self.shuffle = torch.nn.PixelShuffle(scale)

    def forward(self, x):
        return self.shuffle(self.conv(x))

class Tiny(TrainedMethod):
    card = MethodCard("tiny", "Tiny", 2024, "cnn", "none", "luma", (2, 4))
    recipe = Recipe(steps=1, batch=1, patch=8, rescale=(1.0,), validation_images=1, validate_every=1, warmup=1,
                    precision="float32")

    def build(self, scale):
        return Net(scale)
"""


def smooth(height: int, width: int, seed: int, channels: int = 3) -> np.ndarray:
    """A smooth picture, uint8 (H, W) or (H, W, 3)."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 90 * np.sin(x / (3 + c) + seed) * np.cos(y / (4 + c)) for c in range(channels)]
    pixels = np.stack(waves, axis=-1).astype(np.uint8)
    return pixels if channels == 3 else pixels[..., 0]


class World:
    """A folder with everything; a context manager that removes it.

    ``canary`` is the file that evil inputs would make. ``dataset`` is a manifest as a tree.
    """

    def __enter__(self) -> World:
        self.root = Path(tempfile.mkdtemp(prefix="srbench-fuzz-"))
        self.root.chmod(0o755)  # cases may run with another user's rights
        self._cases = 0
        self.canary = self.root / "executed"
        self.images = self.root / "pictures"
        for number, name in enumerate(("a", "b", "c")):
            write_image(self.images / f"{name}.png", smooth(14, 12 + 2 * number, number, 1 if name == "c" else 3))
        self.one = self.root / "one"
        write_image(self.one / "a.png", smooth(12, 12, 0))
        self.photos = self.root / "photos"
        for number in range(2):
            write_image(self.photos / f"{number}.png", smooth(24, 24, number))
        self.results, self.later = (self._evaluated(name) for name in ("results", "later"))
        self.dataset: dict[str, Any] = {
            "title": "Mine",
            "version": 1,
            "citation": "none",
            "licence": "none",
            "folders": ["Mine"],
            "images": [self._entry("a.png"), self._entry("b.png")],
            "bicubic": {"basicsr": {"x2": 30.1234}, "classic": {"x4": 28.5}},
            "source": [{"address": "http://127.0.0.1:9/none.zip", "inside": ""}],
            "how": "by hand",
        }
        shutil.copytree(self.images, self.root / "data" / "Mine")
        self.network = self._network()
        self.trainable = self.root / "tiny.py"
        self.trainable.write_text(TRAINABLE)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def fresh(self) -> Path:
        """An empty folder for a case."""
        self._cases += 1
        folder = self.root / f"case-{self._cases}"
        folder.mkdir()
        return folder

    def note(self, text: str) -> None:
        """Keep which case is at work, for the case that it ends the process."""
        (self.root / "at-work").write_text(text)

    def copy_results(self, folder: Path, which: str = "results") -> Path:
        """A results folder without its images, which the database is enough to report on."""
        target = folder / which
        target.mkdir()
        shutil.copy(getattr(self, which) / FILE, target / FILE)
        return target

    def _evaluated(self, name: str) -> Path:
        folder = self.root / name
        options = RunOptions(("bicubic", "nearest"), (str(self.images),), (2,), ("psnr", "ssim"), device="cpu")
        run(replace(options, threads=1, out=folder))
        facts = {"method": "nearest", "subject": "8x8", "scale": 2, "lr_size": (8, 8), "channels": 3, "device": "cpu"}
        machine = {"processor": "none", "torch": "2", "load_before": 0.0, "processors": 1}
        timing = Timing(**facts, variant="fp32", threads=1, session="s", seconds=(0.1, 0.2, 0.1), machine=machine)
        with Store(folder) as store:
            store.add_timings(1, [timing])
        with sqlite3.connect(folder / FILE) as database:  # one file to copy
            database.execute("PRAGMA journal_mode = DELETE")
        with Reader(folder) as reader:
            assert len(reader.scores()) == 12
        return folder

    def _entry(self, file: str) -> dict[str, Any]:
        pixels = np.asarray(Image.open(self.images / file))
        return {"file": file, "size": [pixels.shape[1], pixels.shape[0]], "channels": 3, "sha256": pixel_hash(pixels)}

    def _network(self) -> dict[str, torch.Tensor]:
        from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

        torch.manual_seed(0)
        state = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=4, num_conv=1, upscale=2).state_dict()
        file = self.root / "net.pth"
        torch.save(state, file)
        api.load(str(file))  # imports what checkpoints need
        return state

    def saved(self, content: Any, **options: Any) -> bytes:
        """What torch.save makes of an object."""
        stream = io.BytesIO()
        torch.save(content, stream, **options)
        return stream.getvalue()


def evil(canary: Path, rng: random.Random) -> Any:
    """An object that runs a command when it is unpickled."""
    import os
    import subprocess

    how: Any = rng.choice([os.system, subprocess.getoutput, eval, exec])
    command = f"touch '{canary}'" if how in (os.system, subprocess.getoutput) else f"open({str(canary)!r}, 'w')"

    class Evil:
        def __reduce__(self) -> Any:
            return how, (command,)

    return Evil()
