"""TOML files: manifests of datasets, thresholds, campaigns."""

from __future__ import annotations

import os
import random
import zipfile
from pathlib import Path
from typing import Any

import mutate
from campaign import ANY, WRONG, Case, kind
from world import World

from srbench.fetch.download import place


def _bytes(table: dict[str, Any], rng: random.Random) -> tuple[bytes, bool]:
    """A file, and whether it surely is no TOML."""
    how = rng.random()
    text = mutate.toml(mutate.tree(table, rng) if how < 0.82 else table).encode("utf-8", "surrogateescape")
    if how < 0.82:
        return text, False
    if how < 0.89:
        return mutate.damaged(text, rng), False
    deep = b"a = " + b"[" * 3000
    broken = (b"\xff\xfe", b"=", b"\0", deep, deep + b"]" * 3000, b"digits = " + b"9" * 5000 + b"\n[")
    return text + rng.choice(broken), True


def write(path: Path, table: dict[str, Any], rng: random.Random) -> bool:
    """Write a mutant of a table; whether it is surely wrong. Now and then no file at all."""
    how = rng.random()
    if how < 0.03:
        path.mkdir()
        return True
    if how < 0.05:
        path.symlink_to("nowhere")
        return True
    content, broken = _bytes(table, rng)
    path.write_bytes(content)
    return broken


@kind("manifests", 60)
def manifests(world: World, rng: random.Random, folder: Path) -> Case:
    (folder / "datasets").mkdir()
    name = rng.choice(["mine", "mine", "mine", "MINE", "a b", "\u00e9"])
    table = _manifest(world, rng)
    broken = write(folder / "datasets" / f"{name}.toml", table, rng)
    variables = {"SRBENCH_PATH": str(folder), "SRBENCH_DATA": str(world.root / "data")}
    run = ["run", "--methods", "nearest", "--metrics", "psnr", "--threads", "1", "--scales", "2", "--datasets", name]
    listed = [["list", "datasets"], ["list", "datasets", "--json"]]
    arguments = rng.choice([*listed, ["verify", name], ["verify", name], ["fetch", name], ["fetch", name], run])
    codes = WRONG if broken and arguments[0] != "list" and name == "mine" else ANY
    variables["SRBENCH_CACHE"] = str(folder / "cache")
    if arguments[0] == "fetch":
        variables["SRBENCH_DATA"] = ""
        _downloaded(world, folder / "cache", table["source"][0]["address"])
    before = {path.name for path in world.root.iterdir()}

    def escaped() -> bool:
        inside = {path.name for path in folder.iterdir()} <= {"datasets", "cache", "results"}
        return not inside or {path.name for path in world.root.iterdir()} != before

    return Case(arguments, codes, variables=variables, escaped=escaped)


def _downloaded(world: World, cache: Path, address: str) -> None:
    """Put an archive of the images where a download of it would be: nothing is brought over the network."""
    kept, os.environ["SRBENCH_CACHE"] = os.environ.get("SRBENCH_CACHE"), str(cache)
    archive = place(address)
    os.environ.pop("SRBENCH_CACHE")
    if kept is not None:
        os.environ["SRBENCH_CACHE"] = kept
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as stream:
        for path in sorted(world.images.iterdir()):
            stream.write(path, path.name)


def _manifest(world: World, rng: random.Random) -> dict[str, Any]:
    """Of a folder, of images that ship in a package, or of images that are only counted."""
    how = rng.random()
    if how < 0.5:
        return world.dataset
    if how < 0.85:
        facts = {"file": "x.png", "size": [12, 12], "channels": 3, "sha256": "0" * 64}
        images = [{**facts, "source": "skimage:coffee.png", "crop": [10, 10, 12, 12]}]
        return {**world.dataset, "images": images}
    return {**world.dataset, "images": "unknown", "count": 3, "published": {"classic": {"x2": 30.12}}}


def _limits() -> dict[str, Any]:
    scope = {"method": "bicubic", "dataset": "pictures", "scale": 2}
    return {
        "baseline": {
            "srbench": "1",
            "protocols": {"basicsr": "0"},
            "datasets": {"pictures": 0},
            "metrics": {"psnr": 1},
        },
        "threshold": [
            {**scope, "metric": "psnr", "min": 10.0, "image_min": 1.5},
            {**scope, "metric": "ssim", "value": 0.9, "margin": 0.9, "images": {"a": 0.9, "b": 0.8}, "image_margin": 1},
            {**scope, "pixels": "identical", "sha256": {"a": "0" * 64}},
            {**scope, "scale": "*", "dataset": "8x*", "metric": "latency", "max_ratio": 9.0, "relative_to": "nearest"},
        ],
    }


@kind("thresholds", 80)
def thresholds(world: World, rng: random.Random, folder: Path) -> Case:
    path = folder / "t.toml"
    table = _limits()
    if rng.random() < 0.4:  # the baseline in a file of its own, which is whole or is a mutant too
        baseline = folder / "b.toml"
        baseline.write_text(mutate.toml(mutate.tree(table, rng) if rng.random() < 0.3 else table))
        table = {"baseline": rng.choice(["b.toml", "b.toml", "b.toml", "t.toml", ".", "../b.toml"]), **_without(table)}
    broken = write(path, table, rng)
    formats = rng.choice([[], ["--format", "github"], ["--junit", "j.xml", "--summary", "s.md"]])
    return Case(["check", str(world.results), "--thresholds", str(path), *formats], WRONG if broken else ANY)


def _without(table: dict[str, Any]) -> dict[str, Any]:
    """Limits whose measured values are those of a baseline."""
    measured = ("value", "images", "sha256")
    return {"threshold": [{k: v for k, v in limit.items() if k not in measured} for limit in table["threshold"]]}


@kind("campaigns", 60)
def campaigns(world: World, rng: random.Random, folder: Path) -> Case:
    run = {"datasets": str(world.one), "scales": [2], "metrics": ["psnr"], "methods": ["nearest"], "seed": 1}
    shared = {"device": "cpu", "threads": 1, "out": "results", "no_images": True, "tile": 0, "protocol": "basicsr"}
    table: dict[str, Any] = {
        **shared,
        "run": [{**run, "self_ensemble": False, "force": True, "degradation": "bicubic"}],
    }
    path = folder / "c.toml"
    broken = write(path, table, rng)
    # What is given on the command line keeps a mutant from running all methods on all datasets.
    given = ["--methods", "nearest"] if rng.random() < 0.5 else ["--datasets", str(world.one)]
    given += ["--datasets", str(world.one)] if "--methods" in given else ["--methods", "nearest"]
    return Case(["run", "--config", str(path), *given, "--metrics", "psnr"], WRONG if broken else ANY)
