"""Fixtures of all tests: an environment of their own, the benchmark images, small pictures, throw-away plugins."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from srbench import dataset, paths
from srbench.dataset import manifests
from srbench.errors import UnavailableError
from srbench.imaging.images import write_image
from srbench.metrics import get, lpips
from srbench.protocol import BASICSR
from srbench.records import CellFacts, Entry, Outcome, Score, Timing
from srbench.results.facts import to_json
from srbench.results.reader import Reader
from srbench.results.store import Store
from srbench.run.manifest import dataset_facts, metric_facts, protocol_facts
from srbench.run.runner import Observer, RunOptions, Summary, run

# Where this machine keeps its datasets, found before any test changes the environment or the current folder.
DATA = os.pathsep.join(str(folder.resolve()) for folder in paths.data())
WEIGHTS = os.pathsep.join(str(folder.resolve()) for folder in paths.weights())
CHECKPOINTS = [folder.resolve() for folder in paths.checkpoints()]
MISSING = [name for name in dataset.STANDARD if not dataset.available(name)]
MISSING += [f"vid4/{own}" for own in ("city", "walk") if f"{own}/000" not in dataset.image_paths(manifests()["vid4"])]
torch.set_num_threads(1)  # small tensors: threads cost more than they bring, above all on a busy machine
settings.register_profile("srbench", database=None, deadline=None)  # nothing is written into the repository
settings.load_profile("srbench")
# Whole minutes, some of them with few tests. They are begun first: of two processes neither is left alone with one.
LONGEST = ("gate/test_own_thresholds.py", "run/test_kill.py", "training/test_cli.py", "methods/test_shipped.py")
VARIABLES = ("SRBENCH_DATA", "SRBENCH_WEIGHTS", "SRBENCH_CACHE", "SRBENCH_PATH", "SRBENCH_CHECKPOINTS")


@pytest.hookimpl(tryfirst=True)  # before items are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked ``sampled(n)`` every n-th case is quick and the others are slow. The longest files first (with
    ``--no-loadscope-reorder``, this order is kept between processes)."""
    cases: Counter[str] = Counter()
    for item in items:
        if (sampled := item.get_closest_marker("sampled")) is not None:
            test = item.nodeid.partition("[")[0]
            if cases[test] % sampled.args[0]:
                item.add_marker(pytest.mark.slow)
            cases[test] += 1
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked ``data`` (all standard datasets) or ``data("set5", "vid4/city", ...)`` needs them whole; one marked
    ``weights("alex", ...)`` needs those backbones of LPIPS."""
    marker = item.get_closest_marker("data")
    missing = [name for name in (marker.args or dataset.STANDARD) if name in MISSING] if marker else []
    if missing:
        _lack(f"{', '.join(missing)} not on this machine: set SRBENCH_DATA (docs/datasets.md)")
    marker = item.get_closest_marker("weights")
    absent = [net for net in marker.args if not _has_weights(net)] if marker else []
    if absent:
        _lack(f"no {', '.join(absent)} weights on this machine: set SRBENCH_WEIGHTS (docs/metrics.md)")


def _lack(reason: str) -> None:
    """Leave a test out, or have it fail where all that tests need is to be there."""
    (pytest.fail if os.environ.get("SRBENCH_REQUIRE_DATA") == "1" else pytest.skip)(reason)


def _has_weights(net: str) -> bool:
    with suppress(UnavailableError):
        return bool(lpips.find_weights(lpips.BACKBONES[net]))
    return False


@pytest.fixture
def real_checkpoints() -> Path:
    """The folder of other people's checkpoints that tests know, from SRBENCH_CHECKPOINTS."""
    if not CHECKPOINTS:
        _lack("no checkpoints on this machine: set SRBENCH_CHECKPOINTS")
    return CHECKPOINTS[0]


@pytest.fixture(autouse=True)
def own_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Nothing of the user's (variables, data, results, cache) reaches a test; ``data`` shows the benchmark images."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "no-cache"))
    monkeypatch.setenv("COLUMNS", "200")
    cwd = tmp_path_factory.getbasetemp() / "cwd"
    cwd.mkdir(exist_ok=True)
    monkeypatch.chdir(cwd)
    if request.node.get_closest_marker("data"):
        monkeypatch.setenv("SRBENCH_DATA", DATA)
    if request.node.get_closest_marker("weights"):
        monkeypatch.setenv("SRBENCH_WEIGHTS", WEIGHTS)
    else:
        monkeypatch.setenv("TORCH_HOME", str(tmp_path_factory.getbasetemp() / "no-torch-home"))
    yield
    lpips.ALEX.forget()  # the next test may have no weights


@pytest.fixture(scope="session")
def data_folders() -> Iterator[str]:
    """SRBENCH_DATA for fixtures that outlive a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SRBENCH_DATA", DATA)
        yield DATA


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def picture(height: int, width: int, seed: int, channels: int = 3) -> np.ndarray:
    """A smooth picture with some noise, uint8: neither trivial to upscale nor pure noise."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 90 * np.sin(x / (3 + c) + seed) * np.cos(y / (4 + c)) for c in range(channels)]
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, channels))
    pixels = np.clip(np.stack(waves, axis=-1) + noise, 0, 255).astype(np.uint8)
    return pixels if channels == 3 else pixels[..., 0]


@pytest.fixture
def make_picture() -> Callable[..., np.ndarray]:
    return picture


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three small images of different widths, the last one grey."""
    folder = tmp_path / "pictures"
    for i, name in enumerate(("a", "b", "c")):
        write_image(folder / f"{name}.png", picture(28, 28 + 4 * i, i, channels=1 if name == "c" else 3))
    return folder


BODY = "return imresize(lr, scale)"
PLUGIN = """\
import time
from pathlib import Path
import torch
from srbench.method import Method, MethodCard
from srbench.resize import imresize

def log(lr, scale):
    with Path({log!r}).open("a") as stream:
        stream.write(f"{{lr.shape[-1] * scale}}\\n")

class Mine(Method):
    card = MethodCard(name={name!r}, title={title!r}, year=2024, family="test", paper="none",
                      colour={colour!r}, scales={scales!r}, min_size={min_size})
    def upscale(self, lr, scale):
        log(lr, scale)
        {body}
"""


@pytest.fixture
def write_plugin(tmp_path: Path) -> Callable[..., str]:
    """Writes a plugin file whose ``upscale`` runs ``body`` and logs the HR width of every call; returns its path."""

    def write(
        body: str = BODY,
        name: str = "mine",
        *,
        file: str = "mine.py",
        title: str = "Mine",
        colour: str = "any",
        scales: tuple[int, ...] | None = None,
        min_size: int = 1,
    ) -> str:
        path = tmp_path / file
        facts = {"log": str(tmp_path / "calls.log"), "name": name, "title": title, "colour": colour, "scales": scales}
        path.write_text(PLUGIN.format(**facts, min_size=min_size, body=body))
        return str(path)

    return write


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[int]]:
    """The HR widths of all calls of the plugins of ``write_plugin`` so far."""

    def read() -> list[int]:
        path = tmp_path / "calls.log"
        return [int(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def go(results: Path, pictures: Path) -> Callable[..., Summary]:
    """Runs methods on the three small pictures at x2 into ``results``; any field of RunOptions can be given."""

    def start(*methods: str, observer: Observer | None = None, **options: object) -> Summary:
        chosen = {"datasets": (str(pictures),), "scales": (2,), "out": results, "threads": 1, "device": "cpu"} | options
        return run(RunOptions(methods=methods, **chosen), observer)

    return start


@pytest.fixture
def scores(results: Path) -> Callable[..., dict[tuple[str, str, str], float | None]]:
    """All scores of a results folder by (method, image, metric), in full precision."""

    def read(folder: Path | None = None) -> dict[tuple[str, str, str], float | None]:
        with Reader(folder or results) as reader:
            cells = {row.cell_id: (row.facts.method, row.facts.image) for row in reader.planned()}
            scores = [(row.cell_id, row.score.metric, row.score.value) for row in reader.scores()]
        return {(*cells[cell], metric): None if math.isnan(value) else value for cell, metric, value in scores}

    return read


MANIFEST = {
    "command": "made up by a test",
    **{"srbench": "0", "git": "", "python": "3", "packages": {}, "device": "cpu", "processor": "none", "workers": 1},
    **{
        "seed": 0,
        "degradation": "bicubic",
        "protocol": to_json(protocol_facts(BASICSR)) | {"hash": "0"},
        "methods": [],
        "metrics": [to_json(metric_facts(get(name))) for name in ("psnr", "ssim")],
        "datasets": [to_json(dataset_facts(data)) | {"version": 1, "images": {}} for data in manifests().values()],
    },
}


@pytest.fixture
def made_up(tmp_path: Path) -> Callable[..., Path]:
    """A results folder with made-up scores: method i is better than method i - 1 by about 0.3 dB on every image."""

    def fill(
        methods: int = 20,
        datasets: dict[str, int] | None = None,
        scales: tuple[int, ...] = (4,),
        options: tuple[str, ...] = ("",),
        pictures: bool = False,
    ) -> Path:
        folder = tmp_path / "made-up"
        rng = np.random.default_rng(0)
        names = [f"made-up-{i}" for i in range(methods)]
        for i, name in enumerate(names if pictures else ()):
            soft = np.kron(rng.integers(0, 256, (16, 16, 3)), np.ones((8, 8, 1))) + rng.normal(
                0, 1 + i / 4, (128, 128, 3)
            )
            write_image(folder / f"{name}.png", np.clip(soft, 0, 255).astype(np.uint8))
        with Store(folder, create=True) as store:
            run_id = store.start_run(MANIFEST)
            cells, values = [], []
            for dataset_name, images in (datasets or {"set5": 5}).items():
                for scale, image, option in itertools.product(scales, range(images), options):
                    base = rng.normal(36 - 2 * scale, 3)
                    for i, name in enumerate(names):
                        facts = (name, "0", dataset_name, 1, f"{image}", f"{image}", 3, scale, "bicubic/0")
                        cells.append(CellFacts(*facts, "basicsr", "0", option))
                        values.append(base + 0.3 * i + rng.normal(0, 0.1))
            ids = store.plan(run_id, cells)
            entries = [
                Entry(
                    ids[cell.key],
                    Outcome("ok", sr_path=f"{cell.method}.png" if pictures and cell.scale == 4 else ""),
                    (Score("psnr", 1, value, "ok"), Score("ssim", 1, value / 50, "ok")),
                )
                for cell, value in zip(cells, values, strict=True)
            ]
            store.record(run_id, entries)
            store.finish_run(run_id, "finished", MANIFEST)
        return folder

    return fill


@pytest.fixture
def scored(tmp_path: Path) -> Callable[..., Path]:
    """Adds a run to a results folder: ``{method: {(dataset, image): {metric: value, or a status}}}``; None in place of
    the metrics is an image that failed. ``facts`` change those of every cell, ``versions`` are the metrics'."""

    def fill(
        name: str,
        content: dict[str, dict[tuple[str, str], dict[str, float | str] | None]],
        *,
        versions: dict[str, int] | None = None,
        facts: dict[str, Any] | None = None,
        manifest: dict[str, Any] | None = None,
        outcome: dict[str, str] | None = None,
    ) -> Path:
        folder, described = tmp_path / name, MANIFEST | (manifest or {})
        with Store(folder, create=True) as store:
            run_id = store.start_run(described)
            cells = {
                (method, *image): CellFacts(
                    **(
                        {
                            "method": method,
                            "method_hash": f"hash of {method}",
                            "dataset": image[0],
                            "dataset_version": 1,
                        }
                        | {"image": image[1], "image_sha256": image[1], "image_channels": 3, "scale": 4}
                        | {"degradation": "bicubic/1", "protocol": "basicsr", "protocol_hash": "0"}
                        | (facts or {})
                    )
                )
                for method, images in content.items()
                for image in images
            }
            ids = store.plan(run_id, list(cells.values()))
            entries = []
            for (method, *image), cell in cells.items():
                own = content[method][image[0], image[1]]
                values = [
                    Score(metric, (versions or {}).get(metric, 1), math.nan, value)
                    if isinstance(value, str)
                    else Score(metric, (versions or {}).get(metric, 1), value, "ok")
                    for metric, value in (own or {}).items()
                ]
                ended = Outcome("failed", "boom") if own is None else Outcome("ok", **(outcome or {}))
                entries.append(Entry(ids[cell.key], ended, tuple(values)))
            store.record(run_id, entries)
            store.finish_run(run_id, "finished", described)
        return folder

    return fill


@pytest.fixture(scope="session")
def record() -> Callable[..., Timing]:
    """Makes a timing from the seconds of its calls."""

    def make(seconds: list[float], **changes: Any) -> Timing:
        facts = {"method": "m", "subject": "8x8", "scale": 2, "lr_size": (500, 500), "channels": 3, "device": "cpu"}
        facts |= {"variant": "fp32", "threads": 1, "session": "s"}
        return Timing(**(facts | changes), seconds=tuple(seconds))

    return make


def _needed_by(names: Iterable[str]) -> set[str]:
    """The distributions named and all that they need, as far as they are installed, by normalised name."""
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = canonicalize_name(ahead.pop())
        with suppress(metadata.PackageNotFoundError):
            requirements = map(Requirement, metadata.requires(name) or [] if name not in found else [])
            ahead += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
            found.add(name)
    return found


@pytest.fixture
def bare_checkout() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``python -m srbench`` in the checkout, where of other packages only ``present`` and what these need can be
    imported. An import of another fails as if it were not installed."""

    def call(*arguments: object, present: Iterable[str]) -> subprocess.CompletedProcess[str]:
        there = {"srbench", "packaging", *_needed_by(present)}  # setuptools, which torch needs, brings packaging along
        # In a process of its own: once imported, setuptools shows its copies of other packages.
        code = "import json; from importlib import metadata; print(json.dumps(metadata.packages_distributions()))"
        owners = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        missing = [name for name, names in owners.items() if there.isdisjoint(map(canonicalize_name, names))]
        assert {"pandas", "msgspec", "sqlalchemy", "platformdirs"} <= {*missing}
        code = (
            f"import runpy, sys; sys.modules.update(dict.fromkeys({missing!r})); "
            f"sys.argv[1:] = {[*map(str, arguments)]!r}; runpy.run_module('srbench', run_name='__main__')"
        )
        own = {key: value for key, value in os.environ.items() if not key.startswith("SRBENCH")}
        options = {"cwd": Path(paths.__file__).parents[1], "env": own, "capture_output": True, "text": True}
        return subprocess.run([sys.executable, "-c", code], check=False, **options)

    return call
