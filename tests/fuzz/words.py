"""Command lines: values of every option, changes of a recipe, variables of the environment."""

from __future__ import annotations

import random
from pathlib import Path

import mutate
from campaign import ANY, WRONG, Case, kind
from world import World

_PATHS = (
    *(
        "",
        " ",
        "~no-such-user/x",
        "~",
        "~nouser",
        "\0",
        "x" * 256,
        "x" * 300,
        mutate.LONG,
        "/" * 300,
        "a/" * 2500,
        "/dev/null",
    ),
    *(
        "/proc/self/mem",
        "/",
        ".",
        "..",
        "no/such",
        "a\nb",
        "\x1b[31m",
        "[/red]",
        "\udcff",
        "é\udce9",
        "x.py",
        "x.pth",
        ".py",
    ),
    *(".npy", "x.safetensors", "/dev/full", "/dev/full/x", "/proc/x", "res?ults", "feature%2Fx", "a#b", "file:x", "-"),
)
_SCALES = (
    "",
    ",",
    "0",
    "-1",
    "1",
    "1000000",
    "1" * 25,
    "2.5",
    "10/3",
    "1/0",
    "x",
    "2,x",
    "²",
    "٢",
    "1e3",
    "nan",
    "+2",
    "02",
    " 2",
)
_WHOLE = (
    "",
    "0",
    "-1",
    "x",
    "2.5",
    "1e3",
    "1" * 25,
    str(2**31),
    str(2**63),
    str(2**64),
    "nan",
    "\0",
    "٢",
    " 3",
    "-" + "9" * 30,
)
_LISTS = (
    ",",
    " ",
    "",
    "x,y",
    "\0",
    mutate.LONG,
    "pyiqa:",
    "pyiqa:x",
    "kernel:",
    "kernel:x",
    ":",
    "[/red]",
    "\udcff",
    "a" * 256,
)
_DEVICES = (
    "x",
    "",
    "cuda:99",
    "meta",
    "cpu:7",
    "mps",
    "cuda:-1",
    "cuda:" + "9" * 30,
    "\0",
    "\udcff",
    "vulkan",
    "cpu:x",
)
_SIZES = (
    "",
    ",",
    "x",
    "8",
    "8x",
    "x8",
    "0x0",
    "-1x8",
    "8x8x8",
    "8X8,",
    "9" * 25 + "x8",
    "1e3x8",
    "٢x8",
    "8\u00d78",
    "\0",
    "2.5x8",
)


def _run(world: World) -> dict[str, str]:
    options = {"--methods": "nearest", "--datasets": str(world.one), "--scales": "2", "--metrics": "psnr"}
    return {**options, "--threads": "1", "--device": "cpu", "--out": "o"}


@kind("command lines", 110)
def command_lines(world: World, rng: random.Random, folder: Path) -> Case:
    arguments = rng.choice((_of_run, _of_run, _of_report, _of_check, _of_upscale, _of_score, _of_others))(world, rng)
    variables = {}
    if rng.random() < 0.15:
        names = ("COLUMNS", "SRBENCH_DATA", "SRBENCH_PATH", "SRBENCH_WEIGHTS", "SRBENCH_CACHE", "TERM", "HOME", "LINES")
        values = (
            "abc",
            "-1",
            "0",
            "~no-such-user/x",
            "x" * 300,
            mutate.LONG,
            "/dev/null",
            ":",
            "99999999999",
            "/root/x",
            "\udcff",
            ".",
        )
        variables[rng.choice(names)] = rng.choice(values)
    arguments = [argument.replace("\0", "") or "" for argument in arguments]  # no command line can hold it
    return Case(arguments, ANY, variables=variables)


def _with(options: dict[str, str]) -> list[str]:
    return [part for pair in options.items() for part in pair]


def _of_run(world: World, rng: random.Random) -> list[str]:
    options = _run(world)
    wrong = {
        "--methods": (*_LISTS, *_PATHS), "--datasets": (*_LISTS, *_PATHS), "--scales": _SCALES, "--metrics": (*_LISTS,
        *_PATHS), "--protocol": _LISTS, "--degradation": (*_LISTS, *_PATHS), "--device": _DEVICES, "--threads": _WHOLE,
        "--out": _PATHS, "--tile": _WHOLE, "--seed": _WHOLE, "--config": _PATHS, "--nothing": _LISTS,
    }  # fmt: skip
    for option in rng.sample(list(wrong), rng.choice([1, 1, 2])):
        options[option] = rng.choice(wrong[option])
    if options["--threads"] != "1":  # a run of one image in many processes shows nothing new and costs much
        options["--methods"] = "no-such-method"
    if not options["--methods"].strip(", ") or not options["--datasets"].strip(", "):
        options["--scales"] = "x"  # an empty list stands for all
    return ["run", *_with(options)]


def _of_report(world: World, rng: random.Random) -> list[str]:
    results = rng.choice([str(world.results)] * 3 + list(_PATHS))
    options = rng.choice(
        [
            ["--output", rng.choice(_PATHS), "--format", rng.choice(["csv", "json", "markdown", "latex"])],
            ["--format", rng.choice(_LISTS)],
            ["--compare", rng.choice(("1", "2", "0", "-1", "9" * 25, *_PATHS)), str(world.later), "--format", "csv"],
            ["--per-image", "--format", "csv"],
        ]
    )
    return ["report", results, *options]


def _of_check(world: World, rng: random.Random) -> list[str]:
    results = rng.choice([str(world.results)] * 3 + list(_PATHS))
    margins = (
        "",
        "x",
        "psnr=",
        "=1",
        "psnr=nan",
        "psnr=-1",
        "psnr=1e400",
        "a=b=1",
        "x=1",
        ",",
        "psnr=1,ssim",
        "\udcff=1",
    )
    options = rng.choice(
        [
            ["--thresholds", rng.choice(_PATHS)],
            ["--write-baseline", rng.choice(_PATHS)],
            ["--write-baseline", "b.toml", "--margin", rng.choice(margins)],
            ["--write-baseline", "b.toml", "--image-margin", rng.choice(margins)],
            ["--write-baseline", "b.toml", "--pixels", rng.choice(_WHOLE)],
            ["--format", rng.choice(_LISTS)],
        ]
    )
    return ["check", results, *options]


def _of_upscale(world: World, rng: random.Random) -> list[str]:
    options = {"--scale": "2", "--output": "u", "--device": "cpu"}
    wrong = {"--scale": _WHOLE, "--output": _PATHS, "--device": _DEVICES, "--tile": _WHOLE, "--seed": _WHOLE}
    option = rng.choice(list(wrong))
    options[option] = rng.choice(wrong[option])
    if options["--scale"].isdigit() and options["--scale"] not in ("0", "2"):
        options["--device"] = "x"  # larger scales than this machine has memory for are tried below
    method = rng.choice(["nearest", "bicubic", "nearest", rng.choice((*_LISTS, *_PATHS))])
    picture = rng.choice([str(world.one / "a.png"), str(world.one), rng.choice(_PATHS)])
    return ["upscale", method, picture, *_with(options)]


def _of_score(world: World, rng: random.Random) -> list[str]:
    options = {"--dataset": str(world.one), "--scale": "2", "--name": "theirs", "--metrics": "psnr", "--out": "o"}
    wrong = {
        "--dataset": (*_LISTS, *_PATHS), "--scale": ("1000000", "9" * 25, *_WHOLE), "--name": (*_PATHS, *mutate.TEXTS),
        "--metrics": _LISTS, "--protocol": _LISTS, "--out": _PATHS,
    }  # fmt: skip
    option = rng.choice(list(wrong))
    options[option] = rng.choice(wrong[option])
    return ["score", rng.choice([str(world.one)] * 3 + list(_PATHS)), *_with(options)]


def _of_others(world: World, rng: random.Random) -> list[str]:
    photos = str(world.photos)
    train = {
        "--data": photos,
        "--scale": "2",
        "--output": "o",
        "--device": "cpu",
        "--threads": "1",
        "--max-minutes": "0",
    }
    wrong = {
        "--data": _PATHS, "--scale": _SCALES, "--output": _PATHS, "--device": _DEVICES, "--recipe": _LISTS,
        "--init": _PATHS, "--threads": _WHOLE, "--max-minutes": (*_WHOLE, "inf", "-inf"),
    }  # fmt: skip
    option = rng.choice(list(wrong))
    train[option] = rng.choice(wrong[option])
    expect = rng.choice(("", "x", "nan", "inf", "1e400", "28.", ".", "28,42", "٢", "1_0", "0x1", "\udcff", "-5"))
    dataset = ["--dataset", str(world.one)]
    return rng.choice(
        [
            ["train", str(world.trainable), *_with(train)],
            ["train", rng.choice((*_PATHS, *_LISTS)), "--data", photos],
            ["explain", "nearest", *dataset, "--scale", rng.choice(("2", "9" * 25)), "--expect", expect],
            ["explain", rng.choice((*_PATHS, *_LISTS)), *dataset, "--expect", "28.42", "--results", rng.choice(_PATHS)],
            ["time", "nearest", "--size", rng.choice(_SIZES), "--device", "x"],
            ["time", rng.choice(_LISTS) or ",", "--size", rng.choice(_SIZES), "--output", rng.choice(_PATHS)],
            ["fetch", rng.choice((*_PATHS, "set5/..", "weights,x"))],
            ["verify", rng.choice((*_PATHS, *_LISTS, "sample"))],
            ["list", rng.choice((*_LISTS, "datasets", "metrics", "protocols", "degradations"))],
            ["new-method", rng.choice((*_PATHS, "bicubic", "A", "a--b", "class", "a" * 300, "a" * 254))],
            ["experiment", rng.choice((*_LISTS, "corners")), "--seed", rng.choice(_WHOLE), "--steps", "x"],
            ["experiment", "corners", "--out", rng.choice(_PATHS), "--steps", rng.choice(("x", "0", "-1"))],
            [rng.choice((*_LISTS, *_PATHS)), *rng.sample(mutate.TEXTS, 2)],
        ]
    )


@kind("train --set", 50)
def train_set(world: World, rng: random.Random, folder: Path) -> Case:
    keys = (
        "seed", "validation_images", "rescale", "joint_scales", "steps", "batch", "patch", "shave", "by_folder", "loss",
        "optimiser", "learning_rate", "final_rate", "warmup", "weight_decay", "clip_norm", "ema",
        "precision", "validate_every", "checkpoint_minutes", "full_precision_end", "nothing", "",
    )  # fmt: skip
    values = (
        "null", "[[2]]", "[]", "{}", "true", "1", "0", "-1", "2.5", "1e400", "NaN", "Infinity", "x", "", '"x"',
        "[" * 3000, "[2]", '[["l1", 1.0]]', '[["l1", "x"]]', '{"l1": "x"}', '{"l1": null}', '{"l2": -1}', '[["x"]]',
        "[1, null]", '["a"]', "1" * 25, "[NaN]", '{"": 1}', "[3, 4]", "[2, 4]", "1" * 5000, '{"l1": {}}', "sgd", "soap",
        "bfloat16", '"\\ud800"', "\udcff", "-0.0", '{"adversarial": 1}', "[0.5, true]", "9" * 400,
    )  # fmt: skip
    changes = []
    for _ in range(rng.choice([1, 1, 2])):
        key = rng.choice(keys)
        value = rng.choice(values)
        if key in ("steps", "batch", "patch", "warmup", "validation_images") and value.isdigit() and len(value) > 1:
            value = rng.choice(("null", "[1]", "1e3", "1" * 5000))  # what would take for ever to train
        changes += ["--set", rng.choice([f"{key}={value}", f"{key}={value}", f" {key} = {value}", key, f"={value}"])]
    command = [
        "train",
        str(world.trainable),
        "--data",
        str(world.photos),
        "--scale",
        "2",
        "--output",
        "o",
        "--device",
        "cpu",
    ]
    broken = any(change in ("seed=null", "loss=[]", "rescale=[[2]]", "steps=null") for change in changes)
    return Case([*command, *changes], WRONG if broken else ANY)
