"""File names, and files that the user may not read or write."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

from campaign import ANY, FAULTY, NOBODY, QUICK, RIGHT, Case, kind
from world import World

_NAMES = (
    b"a\xff", b"\xe9", b"a\nb", b"\x1b[31m", b"[bold]", b"-x", b"--out", b"x" * 240, b"'\"", b"a b", b"%s%n", b"a,b",
    b"~", b"\xc3\xa9", b"e\xcc\x81", b"CON", b"a\\b", b"\x7f", b"=1+1", b"@x", b"a;b", b"$(x)", b"\xf0\x9f\x98\x80",
    b"a:b", b"#", b"\xe2\x80\xae", b"<script>", b"&amp;", b"*", b"?", b"..a", b"\xed\xa0\x80", b"x=y", b"{{x}}",
    b"a\tb", b"NaN", b"0", b"None",
)  # fmt: skip


@kind("file names", 70)
def file_names(world: World, rng: random.Random, folder: Path) -> Case:
    name = rng.choice(_NAMES)
    place = folder / "set"
    if rng.random() < 0.5:
        place = folder / os.fsdecode(rng.choice(_NAMES))
    place.mkdir()
    picture = place / os.fsdecode(name + b".png")
    shutil.copy(world.one / "a.png", picture)
    shutil.copy(world.one / "a.png", place / "b.png")
    run = [
        "run",
        "--methods",
        "nearest",
        "--datasets",
        f"./{place.name}",
        *QUICK,
    ]
    how = rng.random()
    if how < 0.35:
        results = folder / (os.fsdecode(rng.choice(_NAMES)) + "r")
        return Case([*run, "--out", f"./{results.name}"])
    if how < 0.55:
        return Case(["upscale", "nearest", f"./{place.name}", "--scale", "2", "--output", f"./{os.fsdecode(name)}-u"])
    if how < 0.65:
        (folder / os.fsdecode(b"m" + name + b".py")).write_text("x = 1")
        return Case(["run", "--methods", f"./{os.fsdecode(b'm' + name + b'.py')}"], FAULTY)
    if how < 0.75:
        results = world.copy_results(folder)
        formed = rng.choice([["--format", "csv"], ["--format", "latex"]])
        return Case(["report", str(results), *formed, "--output", f"./{os.fsdecode(name)}.txt"], RIGHT)
    if how < 0.85:
        score = ["score", str(place), "--dataset", f"./{place.name}", "--scale", "2", "--metrics", "psnr"]
        return Case([*score, "--name", os.fsdecode(name)])
    if how < 0.92:
        thresholds = folder / os.fsdecode(name + b".toml")
        thresholds.write_text('[[threshold]]\nmethod = "x"\ndataset = "x"\nscale = 2\nmetric = "psnr"\nmin = 1\n')
        return Case(["check", str(world.results), "--thresholds", f"./{thresholds.name}", "--format", "github"])
    return Case(
        [
            "train",
            str(world.trainable),
            "--data",
            f"./{place.name}",
            "--scale",
            "2",
            "--output",
            f"./{os.fsdecode(name)}",
        ]
    )


@kind("rights", 40)
def rights(world: World, rng: random.Random, folder: Path) -> Case:
    """What may not be read, or not be written, by the user."""
    target = folder / "set"
    shutil.copytree(world.one, target)
    results = world.copy_results(folder)
    plugin, table, network = folder / "m.py", folder / "t.toml", folder / "n.pth"
    shutil.copy(world.trainable, plugin)
    table.write_text("methods = 'nearest'\n")
    shutil.copy(world.root / "net.pth", network)
    (folder / "k.npy").write_bytes(b"x")
    (folder / "datasets").mkdir()
    (folder / "datasets" / "x.toml").write_text("title = 'x'\n")
    run = ["run", "--datasets", str(target), "--scales", "2", "--metrics", "psnr", "--threads", "1", "--methods"]
    train = ["train", str(world.trainable), "--scale", "2", "--device", "cpu"]
    cases: list[tuple[Path, list[str]]] = [
        (target, [*run, "nearest"]),
        (target / "a.png", [*run, "nearest"]),
        (plugin, [*run, str(plugin)]),
        (network, [*run, str(network)]),
        (folder / "k.npy", [*run, "nearest", "--degradation", f"kernel:{folder / 'k.npy'}"]),
        (table, ["run", "--config", str(table)]),
        (table, ["check", str(results), "--thresholds", str(table)]),
        (results, ["report", str(results), "--format", "csv"]),
        (results / "results.sqlite", ["report", str(results), "--format", "csv"]),
        (results / "results.sqlite", [*run, "nearest", "--out", str(results)]),
        (target, ["upscale", "nearest", str(target), "--scale", "2", "--output", str(folder / "u")]),
        (target / "a.png", ["upscale", "nearest", str(target / "a.png"), "--scale", "2"]),
        (target, ["score", str(target), "--dataset", str(world.one), "--scale", "2", "--name", "x"]),
        (target, [*train, "--data", str(target)]),
        (network, [*train, "--data", str(world.photos), "--init", str(network)]),
        (folder / "datasets" / "x.toml", ["list", "datasets"]),
        (folder / "datasets", ["list", "datasets"]),
    ]
    closed, command = rng.choice(cases)
    writable = rng.random() < 0.25
    if writable:  # nothing can be written instead: all else may be read
        command = rng.choice(
            [
                [*run, "nearest", "--out", str(folder / "o")],
                ["report", str(results), "--format", "csv", "--output", str(folder / "x.csv")],
                ["report", str(results), "--format", "csv"],
                ["check", str(results), "--write-baseline", str(folder / "b.toml")],
                ["upscale", "nearest", str(world.one), "--scale", "2", "--output", str(folder / "u")],
                ["new-method", "abc"],
                [*train, "--data", str(world.photos), "--output", str(folder / "o")],
                ["list", "methods"],
            ]
        )
    else:
        closed.chmod(0)
    variables = {"SRBENCH_PATH": str(folder), "SRBENCH_CACHE": str(folder / "cache")}
    codes = ANY if writable or command[0] == "list" else FAULTY
    return Case(command, codes, variables=variables, user=NOBODY if os.getuid() == 0 else None)
