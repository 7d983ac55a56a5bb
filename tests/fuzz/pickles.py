"""Weight files: pickles that run code, damaged archives, states of anything but tensors; checkpoints of a training."""

from __future__ import annotations

import io
import json
import pickle
import pickletools
import random
import shutil
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import mutate
import numpy as np
import safetensors.torch
import torch
from campaign import ANY, WRONG, Case, kind
from world import World, evil

_SUFFIXES = (".pth", ".pth", ".pth", ".pt", ".ckpt", ".safetensors")


@kind("pickles", 100)
def pickles(world: World, rng: random.Random, folder: Path) -> Case:
    content, broken = _content(world, rng)
    path = folder / f"net{rng.choice(_SUFFIXES)}"
    if content is None:
        rng.choice([path.mkdir, lambda: path.symlink_to("nowhere")])()
    else:
        path.write_bytes(content)
    picture = str(world.one / "a.png")
    run = ["run", "--methods", str(path), "--datasets", str(world.one), "--scales", "2", "--metrics", "psnr"]
    train = ["train", str(world.trainable), "--data", str(world.photos), "--scale", "2", "--output", "o", "--device"]
    arguments = rng.choice(
        [
            ["upscale", str(path), picture, "--scale", "2"],
            [*run, "--threads", "1"],
            [*train, "cpu", "--init", str(path)],
        ]
    )
    return Case(arguments, WRONG if broken else ANY)


def _content(world: World, rng: random.Random) -> tuple[bytes | None, bool]:
    """A file's content, and whether no network can be in it; None for no file."""
    how = rng.random()
    if how < 0.03:
        return None, True
    if how < 0.13:
        return _evil(world, rng), True
    if how < 0.23:
        return mutate.damaged(world.saved(world.network), rng), False
    if how < 0.31:
        return mutate.damaged(world.saved(world.network, _use_new_zipfile_serialization=False), rng), False
    if how < 0.43:
        return _opcodes(world, rng), False
    if how < 0.5:
        return _safetensors(world, rng)
    if how < 0.8:
        return world.saved(_odd(world, rng)), False
    if how < 0.86:
        return pickle.dumps(rng.choice(_PLAIN), rng.randrange(6)), True
    if how < 0.9:
        return _script(), True
    return rng.choice(_OTHERS), True


def _script() -> bytes:
    """What torch.jit saves."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), stream)
    return stream.getvalue()


_PLAIN: tuple[Any, ...] = (
    None,
    3,
    "x",
    b"x",
    [],
    {},
    (),
    {1: 2},
    {"a": None},
    [torch.nn.Linear],
    mutate.deep(300),
    {1, 2},
)
_OTHERS = (
    *(b"", b"x", b"\x80\x02.", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"\x80\x04\x95", b"\x08\x07\x12\x07pytorch"),
    *(b"<html>not found</html>", b"version https://git-lfs.github.com/spec/v1\n", b"\0" * 1000, b"\x80\xff.", b"I1\n."),
    *(b"(" * 10_000, b"]" * 100_000 + b".", b"\x89HDF\r\n\x1a\n" + b"\0" * 100, b"(lp0\nI1\na.", b"c__main__\nx\n."),
)


def _evil(world: World, rng: random.Random) -> bytes:
    thing = evil(world.canary, rng)
    content = rng.choice([thing, {"params": thing}, {**world.network, "x": thing}, OrderedDict(a=thing)])
    protocol = rng.randrange(6)
    how = rng.randrange(3)
    if how == 0:
        return pickle.dumps(thing, protocol)
    return world.saved(content, pickle_protocol=max(2, protocol), _use_new_zipfile_serialization=how == 1)


def _opcodes(world: World, rng: random.Random) -> bytes:
    """An archive whose pickle is of random or of changed opcodes."""
    with zipfile.ZipFile(io.BytesIO(world.saved(world.network))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in members if name.endswith("data.pkl"))
    if rng.random() < 0.5:
        codes = [code.code.encode("latin-1") for code in pickletools.opcodes]
        known = b"".join(rng.choice([rng.choice(codes), b"K\x01", b"]", b"}", b"(", b"t", b"N"]) for _ in range(20))
        members[name] = b"\x80\x02" + known + b"."
    else:
        members[name] = mutate.damaged(members[name], rng)
    if rng.random() < 0.2:
        del members[rng.choice(list(members))]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return stream.getvalue()


def _safetensors(world: World, rng: random.Random) -> tuple[bytes, bool]:
    data = safetensors.torch.save(world.network)
    length = int.from_bytes(data[:8], "little")
    how = rng.random()
    if how < 0.4:
        return mutate.damaged(data, rng), False
    header = json.loads(data[8 : 8 + length])
    if how < 0.8:
        header = mutate.tree(header, rng)
    else:
        header["__metadata__"] = rng.choice([{"packing": "x"}, {"a": "b"}, {"format": "pt"}, 3, {"a": 1}])
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + data[8 + length :], False


def _odd(world: World, rng: random.Random) -> Any:
    """A state that torch can read and a network perhaps cannot use."""
    state: dict[Any, Any] = dict(world.network)
    for _ in range(rng.choice([1, 1, 2, 4])):
        key = rng.choice(list(state))
        tensor = state[key]
        if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided or tensor.is_quantized:
            continue
        if tensor.dtype is torch.float8_e4m3fn:  # which torch cannot add up
            continue
        how = rng.randrange(12)
        if how == 0:
            del state[key]
        elif how == 1:
            state[rng.choice([1, None, "", mutate.text(rng), (1, 2), True, 2.5, "x.weight"])] = tensor
        elif how == 2:
            state[key] = tensor.to(rng.choice([torch.int8, torch.complex64, torch.bool, torch.float16, torch.int64]))
        elif how == 3:
            state[key] = torch.full_like(tensor, rng.choice([float("nan"), float("inf"), -1e38, 0.0]))
        elif how == 4:
            state[key] = rng.choice(
                [tensor.flatten()[:0], tensor[None], tensor.flatten(), tensor.sum(), tensor.expand(2, *tensor.shape)]
            )
        elif how == 5:
            state[key] = tensor.to_sparse() if tensor.ndim else tensor
        elif how == 6:
            state[key] = rng.choice([None, 3, "x", [tensor], {"a": tensor}, 2.5, (), b"x", {}])
        elif how == 7:
            state[key] = (
                torch.empty(tensor.shape, device="meta")
                if rng.random() < 0.5
                else torch.nn.Parameter(tensor, requires_grad=tensor.is_floating_point())
            )
        elif how == 8:
            state[key] = (
                torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8) if tensor.is_floating_point() else tensor
            )
        elif how == 9:
            state = {f"{rng.choice(['module.', '_orig_mod.', 'model.', '.', '0.'])}{k}": v for k, v in state.items()}
        elif how == 10:
            state[key] = rng.choice([np.float64(1.0), np.int64(3), np.zeros(3), tensor.expand(2, *tensor.shape)])
        else:
            state[key] = tensor.to(torch.float8_e4m3fn) if tensor.is_floating_point() else tensor
    wrapper = rng.choice([None, None, "params", "params_ema", "state_dict", "model", "net", "x", 3, ""])
    if wrapper is None:
        return state
    other = rng.choice([{}, {"epoch": 3}, {"params": None}, {"state_dict": {}}, {"optimizer": {"state": []}}])
    return {wrapper: rng.choice([state, state, {"x": state}, [state]]), **other}


_TRAIN = ("--scale", "2", "--device", "cpu", "--output", "trained")


@kind("resume", 25)
def resume(world: World, rng: random.Random, folder: Path) -> Case:
    """Go on with a training whose checkpoint is damaged, or holds other things than it should."""
    command = ["train", str(world.trainable), "--data", str(world.photos), *_TRAIN]
    shutil.copytree(trained(world), folder / "trained")
    path = folder / "trained" / "tiny_x2" / "checkpoint.pt"
    data = path.read_bytes()
    how = rng.random()
    broken = False
    if how < 0.35:
        path.write_bytes(mutate.damaged(data, rng))
    elif how < 0.45:
        path.unlink()
        rng.choice([path.mkdir, lambda: path.symlink_to("nowhere")])()
        broken = path.is_dir()
    elif how < 0.6:
        path.write_bytes(rng.choice([_evil(world, rng), *_OTHERS]))
        broken = True
    else:
        content = torch.load(path, weights_only=True)
        for _ in range(rng.choice([1, 1, 2])):
            key = rng.choice(list(content))
            if rng.random() < 0.3:
                content.pop(key)
            elif isinstance(content.get(key), dict) and content[key] and rng.random() < 0.6:
                content[key] = {**content[key], rng.choice(list(content[key])): mutate.value(rng)}
            else:
                content[key] = mutate.value(rng)
        path.write_bytes(world.saved(content))
    return Case([*command, "--resume"], WRONG if broken else ANY)


def trained(world: World) -> Path:
    """The folder of a finished training, made by the first case that needs it."""
    folder = world.root / "trained"
    if not folder.exists():
        from srbench.method import plugins
        from srbench.training.recipe import parse_changes
        from srbench.training.session import plan

        method = plugins.instantiate(plugins.find(str(world.trainable))[0])
        (job,) = plan(method, [world.photos], [2], "cpu", parse_changes([]), folder)

        class Silent:
            def step(self, *_: object) -> None: ...

            def note(self, *_: object) -> None: ...

        job.trainer(Silent()).run(Silent())
    return folder
