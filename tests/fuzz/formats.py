"""Weight files of other kinds, damaged and hostile: whole modules, TorchScript, MATLAB, numpy; run and converted."""

from __future__ import annotations

import io
import pickle
import random
import warnings
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import mutate
import numpy as np
import torch
from campaign import ANY, RIGHT, WRONG, Case, kind
from scipy.io import savemat
from torch import nn
from world import World, evil


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ConvTranspose2d(2, 1, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


def _torch(content: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, **options)
    return stream.getvalue()


def _cell(*values: Any) -> Any:
    made = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        made[0, place] = value
    return made


def _matlab(compressed: bool) -> bytes:
    filters, bias = np.ones((3, 3, 1, 2), np.float32), np.zeros((2, 1), np.float32)
    conv = {"type": "conv", "name": "a", "weights": _cell(filters, bias), "pad": [[1, 1, 1, 1]], "stride": 1}
    up = {"type": "convt", "name": "b", "weights": _cell(filters, bias), "crop": [[0, 1, 0, 1]], "upsample": 2}
    stream = io.BytesIO()
    net = {"layers": _cell(conv, {"type": "relu"}, up), "meta": {"x": "y"}}
    savemat(stream, {"net": net, "s": 1.5}, do_compression=compressed)
    return stream.getvalue()


def _npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@cache
def _intact() -> dict[str, tuple[str, bytes]]:
    """One file of each kind, and its suffix."""
    torch.manual_seed(0)
    net, script = Net().eval(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(net), script)
    state = {name: value.numpy() for name, value in net.state_dict().items()}
    objects = np.empty((), object)
    objects[()] = state
    npy = io.BytesIO()
    np.save(npy, objects)
    return {
        "module": (".pth", _torch({"epoch": 3, "model": net})),
        "older module": (".pth", _torch(net, _use_new_zipfile_serialization=False)),
        "pickled module": (".pkl", pickle.dumps(net)),
        "pickled arrays": (".pkl", pickle.dumps({"state_dict": state}, 2)),
        "TorchScript": (".pt", script.getvalue()),
        "MATLAB": (".mat", _matlab(False)),
        "MATLAB, compressed": (".mat", _matlab(True)),
        "npz": (".npz", _npz(**state)),
        "npz of objects": (".npz", _npz(params=objects)),
        "npy": (".npy", npy.getvalue()),
    }


_NO_WEIGHTS = (
    *(b"", b"<html><body>404</body></html>", b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n"),
    *(b"\x1f\x8b\x08" + b"\0" * 99, b"\x89HDF\r\n\x1a\n" + b"\0" * 99, b"MATLAB 7.3 MAT-file".ljust(600, b"\0")),
    *(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM", b"PK\x05\x06" + b"\0" * 18, b"\x93NUMPY", b"PK\x03\x04" * 9),
)


@kind("foreign weights", 60)
def foreign_weights(world: World, rng: random.Random, folder: Path) -> Case:
    suffix, content = rng.choice(list(_intact().values()))
    codes = ANY
    how = rng.random()
    if how < 0.06:
        content, codes = rng.choice(_NO_WEIGHTS), WRONG
    elif how < 0.16:
        content, suffix = _hostile(world, rng), rng.choice([".pth", ".pkl", ".npz", ".npy"])
    elif how < 0.24:
        codes = RIGHT
    elif how < 0.7 or not content.startswith(b"PK"):
        content = mutate.damaged(content, rng)
    else:
        content = _member_damaged(content, rng)
    path = folder / f"net{suffix}"
    path.write_bytes(content)
    if codes is not RIGHT and rng.random() < 0.3:
        run = ["run", "--methods", str(path), "--datasets", str(world.one), "--scales", "2", "--metrics", "psnr"]
        return Case([*run, "--threads", "1"], WRONG)  # of no network that spandrel knows
    return Case(["convert", str(path), "--output", str(folder / "out.safetensors")], codes)


def _member_damaged(content: bytes, rng: random.Random) -> bytes:
    """A zip archive, intact, in which one member is damaged."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    if rng.random() < 0.2:
        del members[name]
    else:
        members[name] = mutate.damaged(members[name], rng)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return stream.getvalue()


def _hostile(world: World, rng: random.Random) -> bytes:
    """A file that would run a command, whatever it is read as, or fill the memory."""
    thing = evil(world.canary, rng)
    how = rng.randrange(5)
    if how == 0:
        objects = np.empty(2, object)
        objects[:] = [thing, np.ones(3)]
        return _npz(params=objects, plain=np.ones((2, 2)))
    if how == 1:
        net = Net()
        net.extra = thing
        return _torch({"model": net}, pickle_protocol=rng.choice([2, 4]))
    if how == 2:
        return pickle.dumps({"params": {"w": torch.ones(2), "x": thing}}, rng.randrange(6))
    if how == 3:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(rng.choice(["w.npy", "net/data.pkl"]), b"\0" * (1 << 24))
        return stream.getvalue()
    deep: Any = torch.ones(1)
    for _ in range(rng.choice([100, 300])):
        deep = {"x": deep} if rng.random() < 0.5 else [deep, deep]
    return _torch({"model": Net(), "deep": deep}) if rng.random() < 0.5 else pickle.dumps(deep)
