"""What manifests and timings of runs may hold: whatever else stands there is damage, said in one line."""

import copy
import json
import random
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from srbench.errors import StoreError
from srbench.records import CellFacts, Entry, Outcome, Score
from srbench.report.html.notes import overview
from srbench.report.html.originals import Originals
from srbench.results import written
from srbench.results.contestant import load
from srbench.results.differing import facts_of
from srbench.results.facts import FolderFacts
from srbench.results.folder import FILE
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.results.store import Store

IMAGES = {("pictures", "a"): {"psnr": 30.0}, ("pictures", "b"): {"psnr": 31.0}}
GOLDEN = sorted(Path(__file__).parents[1].glob("golden/results-v[0-9]"))
TRAINING = {
    **{"parameters": 3, "steps": 10, "wall_seconds": 2.5, "device": "cpu", "images": {"T91": 91}, "started_from": "x"},
    **{"content_features": ["vgg"], "curve": [[0, 20.0], [10, 21]], "bicubic": 19.5},
}
METHOD = {
    **{"name": "m", "title": "M", "hash": "hash of m", "year": 2020, "family": "f", "paper": "p", "colour": "any"},
    **{"url": "", "aims_at_pixels": True, "own": False, "idea": "", "equation": "", "differs": "", "bibtex": ""},
    "published": [{"dataset": "set5", "scale": 4, "metric": "psnr", "value": 30, "source": "s", "protocol": "classic"}],
    "training": {"4": TRAINING},
    "weights": {"m.safetensors": "0f"},
    "weight_files": [{"path": "m.safetensors", "sha256": "0f", "shipped": None, "state": "ema"}],
}
MANIFEST = {
    **{"command": "srbench run", "srbench": "1", "git": "0-dirty", "python": "3", "packages": {"torch": "2"}},
    **{"platform": "x", "processor": "y", "device": "cpu"},
    "protocol": {"name": "basicsr", "hash": "0", "version": 1, "description": "Y of both.", "skip_frames": 2},
    "methods": [METHOD],
    "metrics": [
        {"name": "psnr", "title": "PSNR", "unit": "dB", "higher_is_better": True, "digits": 2, "footnote": ""}
        | {"version": 1, "bounds": [None, 100.0], "order": 0}
    ],
    "datasets": [
        {"name": "pictures", "title": "Pictures", "licence": "", "citation": "", "order": None}
        | {"images": {"a": "0"}, "files": {"a": "/a.png"}}
        | {"clips": {"c": {"frames": 2, "partial": ["c/1.png"]}, "d": {"frames": 0, "missing": True, "chosen": False}}}
    ],
}
VALUES = (
    *(None, True, 0, -1, 3, 10**30, 10**400, 2.5, float("nan"), float("inf"), "", "x", "4", "\ud800", "\0"),
    *([], {}, [3], ["x"], [[]], [None], [None, None], {"a": 1}, {"": {}}, [{"name": 3}], [{"name": "m"}], [METHOD]),
)


def places(tree, at=()):
    """Where the values of a tree stand, at every depth."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


def changed(tree, place, value):
    """A copy with another value at a place; without that place for ``...``."""
    tree = copy.deepcopy(tree)
    *above, key = place
    holder = tree
    for part in above:
        holder = holder[part]
    if value is ...:
        del holder[key]
    else:
        holder[key] = value
    return tree


def write(folder, manifest):
    with closing(sqlite3.connect(folder / FILE)) as database, database:
        database.execute("UPDATE runs SET manifest = ?", (json.dumps(manifest),))


def ask(side, images, manifest):
    """All that is made of manifests."""
    run = replace(side.runs[1], manifest=manifest)
    facts = FolderFacts([manifest])
    for each in (facts, facts | FolderFacts()):
        for name in ("m", *each.names("method")):
            if (method := each.method(name, "hash of m")) is not None:
                assert isinstance(f"{method} {method.cite}", str)
        found = [each.metric(name) for name in sorted(each.names("metric"), key=each.metric_order)]
        assert all(float(f"{1.5:.{metric.digits}f}") in (1.5, 2) for metric in found)
        titles = [each.dataset(name).title for name in sorted(each.names("dataset"), key=each.dataset_order)]
        assert isinstance(", ".join(titles), str)
        assert isinstance(f"{each.protocols('basicsr')} {each.training('m', 4)}", str)
    json.dumps([asdict(pair) for pair in [overview(images, [run], facts)]], ensure_ascii=False).encode()
    Originals([run], facts)
    own = replace(side, runs={1: run}, facts=facts)
    assert facts_of(own, own)


@pytest.fixture
def folder(scored):
    return scored("r", {"m": IMAGES}, manifest=MANIFEST)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """A method of a folder and the images on which it was scored."""
    folder = tmp_path_factory.mktemp("r")
    with Store(folder, create=True) as store:
        run = store.start_run(MANIFEST)
        cell = CellFacts("m", "hash of m", "pictures", 1, "a", "a", 3, 4, "bicubic/v1", "basicsr", "0")
        store.record(run, [Entry(store.plan(run, [cell])[cell.key], Outcome("ok"), (Score("psnr", 1, 30.0, "ok"),))])
        store.finish_run(run, "finished", MANIFEST)
    with Reader(folder) as reader:
        return load(folder, "m"), per_image(reader)


def test_what_srbench_writes_is_read(folder, read):
    ask(*read, MANIFEST)
    with Reader(folder) as reader:
        method = reader.facts.method("m")
        assert method.training[4].curve == ((0, 20.0), (10, 21.0))
        assert method.published[0].value == 30
        assert reader.facts.metric("psnr").bounds == (None, 100.0)


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda path: path.name)
def test_what_every_srbench_wrote_is_read(folder):
    with Reader(folder) as reader:
        assert reader.runs()
        reader.timings()
        str([reader.facts.method(name) for name in reader.facts.names("method")])


@pytest.mark.parametrize("place", list(places(MANIFEST)), ids=lambda place: ".".join(map(str, place)))
def test_every_value_of_another_kind_is_damage_or_does_no_harm(read, place):
    refused = 0
    for value in (*VALUES, ...):
        manifest = json.loads(json.dumps(changed(MANIFEST, place, value)))
        if wrong := written.MANIFEST(manifest):
            assert "\n" not in wrong
            refused += 1
        else:
            ask(*read, manifest)
    assert refused


@pytest.mark.parametrize("seed", range(20))
def test_several_at_once_do_no_harm_either(read, seed):
    rng = random.Random(seed)
    passed = 0
    for _ in range(200):
        manifest = MANIFEST
        for _ in range(rng.choice([1, 2, 3])):
            spots = list(places(manifest))
            manifest = changed(manifest, rng.choice(spots), rng.choice((*VALUES, ..., ..., ...))) if spots else manifest
        manifest = json.loads(json.dumps(manifest))
        if not written.MANIFEST(manifest):
            ask(*read, manifest)
            passed += 1
    assert passed


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("methods",), 3, "methods = 3 is not a list"),
        (("methods", 0), "m", "methods[0] = 'm' is not an object"),
        (("methods", 0, "name"), ..., "methods[0] has no 'name'"),
        (("methods", 0, "published", 0, "value"), "30", "methods[0].published[0].value = '30' is not a finite number"),
        (("methods", 0, "training", "x"), TRAINING, "methods[0].training has the name 'x', which is not a scale"),
        (("methods", 0, "training", "4", "curve", 1), [1], "curve[1] = [1] is not a list of two values"),
        (("metrics", 0, "digits"), 2**31, "metrics[0].digits = 2147483648 is not a whole number from 0 to 15"),
        (("protocol",), "basicsr", "protocol = 'basicsr' is not an object"),
        (("packages",), {"a": None}, "packages.'a' = None is not text"),
    ],
)
def test_the_message_names_the_place(folder, place, value, said):
    write(folder, changed(MANIFEST, place, value))
    with pytest.raises(StoreError) as error, Reader(folder) as reader:
        reader.runs()
    assert str(error.value).startswith(f"'{folder / FILE}' is damaged: the manifest of run 1: {place[0]}")
    assert said in str(error.value)


@pytest.mark.parametrize("field", ["seconds", "mult_adds", "parameters", "lr_size", "scale", "variant", "machine"])
def test_a_timing_of_other_values_is_damage_or_does_no_harm(folder, record, field):
    with Store(folder) as store:
        store.add_timings(1, [record([0.1, 0.2], method="m")])
    with closing(sqlite3.connect(folder / FILE)) as database:
        ((text,),) = database.execute("SELECT record FROM timings").fetchall()
    refused = 0
    for value in (*VALUES, [0, 0], [1e-400], ["0.1"]):
        with closing(sqlite3.connect(folder / FILE)) as database, database:
            database.execute("UPDATE timings SET record = ?", (json.dumps(json.loads(text) | {field: value}),))
        try:
            with Reader(folder) as reader:
                (timing,) = reader.timings()
            str(timing), timing.median, timing.mean, timing.p95, float(timing.mult_adds or 0)
            if timing.seconds:
                assert timing.noisy in (True, False)
                assert timing.megapixels_per_second > 0
        except StoreError as error:
            assert "is damaged: a timing" in str(error)  # noqa: PT017
            refused += 1
    assert refused
