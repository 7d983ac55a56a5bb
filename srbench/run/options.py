"""What is asked of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srbench.run.shard import Shard


@dataclass(frozen=True)
class RunOptions:
    """What to run. ``methods``, ``datasets`` and ``metrics`` are names or paths as on the command line."""

    methods: tuple[str, ...] = ("all",)
    datasets: tuple[str, ...] = ()  # empty: the standard ones that are on this machine, else sample
    scales: tuple[float, ...] = (4,)
    metrics: tuple[str, ...] = ()  # empty: the default ones
    protocol: str = "basicsr"  # names and files, with commas between
    degradation: str = "bicubic"
    frames: int = 0  # of a clip that methods of several frames are given; 0: as many as suit each
    clips: tuple[str, ...] = ()  # names of those that are measured; empty: all
    lr: tuple[str, ...] = ()  # folders of given LR images, one for each dataset; empty: the degradation makes them
    no_reference: bool = False  # the images of the datasets are LR images without an original
    device: str = "auto"
    threads: int = 0  # workers; 0: one per processor
    out: Path = Path("results")
    keep_images: bool = True
    force: bool = False
    skip_unreadable: bool = False  # leave out images of users' folders that cannot be used
    time: bool = False  # time every method after the cells are done, on one thread
    seed: int = 0
    verify_pixels: bool = False  # decode all images, also those that have not changed since an earlier run
    tile: int = 0  # side of LR tiles; 0: whole images
    self_ensemble: bool = False
    precision: str = "fp32"  # of networks: fp32, fp16 or bf16
    batch: int = 16  # images of one size that a GPU computes at once; 1: one by one
    apart: bool = False  # cells are computed in other processes, so that a crash of a method does not end this one
    cell_timeout: float = 0  # seconds after which a cell has failed, which then is in another process; 0: none
    max_failures: int = 0  # failed cells after which the run stops; 0: it goes on whatever fails
    cluster: str = ""  # whose workers compute: local:N, a scheduler's address or a profile; empty: this process's own
    exclusive: bool = False  # with a cluster and ``time``: nothing else runs on this machine
    shard: Shard | None = None  # the slice of the run that is computed here; None: all of it
    command: str = ""  # the command line, for the manifest
