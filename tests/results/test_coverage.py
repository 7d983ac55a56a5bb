"""How much of a dataset a mean is over, and that published means over all of it are like no mean over a part."""

import csv
import io
import json
import re

import pytest

from srbench.cli.tables import print_means
from srbench.dataset.locate import find
from srbench.report.export import to_csv, to_json
from srbench.report.html import render
from srbench.results.coverage import Extent, lacking
from srbench.results.facts import FolderFacts, MethodFacts, PublishedValue
from srbench.results.facts import to_json as facts_to_json
from srbench.results.reader import Reader
from srbench.run.manifest import describe_dataset

SETS = Extent(images=5)
VID4 = Extent(clips={"calendar": None, "city": 6, "foliage": None, "walk": 4})
WITHOUT = "mean over 2 of 4 clips (without calendar, foliage)"


def frames(city=range(6), walk=range(4)):
    return {f"city/{t}" for t in city} | {f"walk/{t}" for t in walk}


@pytest.mark.parametrize(
    ("images", "more", "reasons"),
    [
        ("abcde", {"extent": SETS}, ()),
        ("abcde", {"extent": Extent()}, ()),
        ("abcde", {"extent": SETS, "n": 4}, ("mean over 4 of 5 images",)),
        ("abc", {"extent": SETS}, ("mean over 3 of 5 images",)),
        ("abc", {"extent": Extent()}, ()),
        (frames(), {"extent": VID4}, (WITHOUT,)),
        (frames(), {"extent": Extent(clips={"city": 6, "walk": 4})}, ()),
        (frames(), {"extent": VID4, "n": 9}, (WITHOUT, "mean over 9 of 10 frames of these")),
        (frames(range(5)), {"extent": VID4}, (WITHOUT, "mean over 9 of 10 frames of these")),
        (frames(range(5)), {"extent": Extent(clips={"city": 6, "walk": 4})}, ("mean over 9 of 10 frames",)),
        (frames(range(1, 5), range(1, 3)), {"extent": VID4, "skip_frames": 1}, (WITHOUT,)),
        (
            frames(range(1, 4), range(1, 3)),
            {"extent": VID4, "skip_frames": 1},
            (WITHOUT, "mean over 5 of 6 frames of these"),
        ),
        (frames(), {"extent": VID4, "n": 8, "planned": 8}, (WITHOUT,)),
        (frames(), {"extent": Extent(), "n": 9}, ("mean over 9 of 10 frames",)),
    ],
)
def test_what_a_mean_lacks_of_its_dataset(images, more, reasons):
    assert lacking(set(images), **{"n": len(images), "planned": len(images)} | more) == reasons


@pytest.mark.data("vid4/city", "vid4/walk")
def test_a_run_writes_down_which_clips_are_not_here():
    data = find("vid4", note=lambda text: None)
    described = describe_dataset(data, {image: image.facts for image in data.images})
    facts = FolderFacts([{"datasets": [json.loads(json.dumps(described))]}])
    extent = facts.extent("vid4")
    assert dict(extent.clips) == {"calendar": None, "city": 34, "foliage": None, "walk": 47}
    names = {image.name for image in data.images}
    assert lacking(names, n=81, planned=81, extent=extent) == (WITHOUT,)


def test_frames_that_could_not_be_read_count_and_the_newest_run_says_it():
    old = {"name": "c", "images": {}, "clips": {"city": {"frames": 6}}}
    new = {"name": "c", "images": {}, "clips": {"city": {"frames": 4, "partial": ["city/3.png", "city/4.png"]}}}
    shorter = {"name": "c", "images": {}, "clips": {"city": {"frames": 4}}}
    assert FolderFacts().extent("c") == Extent()
    assert FolderFacts([{"datasets": [shorter]}, {"datasets": [new]}]).extent("c").clips == {"city": 6}
    assert FolderFacts([{"datasets": [old]}, {"datasets": [shorter]}]).extent("c").clips == {"city": 4}


def test_frames_that_a_protocol_leaves_out_stand_in_the_manifest(go, results, tmp_path, make_picture):
    from srbench.imaging.images import write_image

    for t in range(6):
        write_image(tmp_path / "mine" / "pan" / f"{t}.png", make_picture(28, 28, t))
    go("bicubic", datasets=(str(tmp_path / "mine"),), protocol="vsr-y,vsr-y-8-2", metrics=("psnr",))
    with Reader(results) as reader:
        assert (reader.facts.skip_frames("vsr-y"), reader.facts.skip_frames("vsr-y-8-2")) == (0, 2)
        assert reader.facts.extent("mine") == Extent(clips={"pan": 6})
        assert reader.facts.skip_frames("of no run") == 0


# -- in every form of a report -------------------------------------------------------------------------------------

METHOD = MethodFacts(
    *("theirs", "Theirs"),
    size="S",
    published=tuple(
        PublishedValue(data, 4, "psnr", 25.55, "a table", "basicsr", "S", "none") for data in ("vid4", "set5")
    ),
)
CLIPS = {"calendar": {"frames": 0, "chosen": False}, "city": {"frames": 2}, "walk": {"frames": 1}}
PART = "mean over 2 of 3 clips (without calendar)"
IMAGES = "mean over 2 of 3 images"


@pytest.fixture
def folder(scored):
    """Two of three clips of Vid4, two of three images of Set5."""
    places = [("vid4", "city/0"), ("vid4", "city/1"), ("vid4", "walk/0"), ("set5", "baby"), ("set5", "bird")]
    frames_here = {image: "0" for data, image in places if data == "vid4"}
    manifest = {
        "methods": [json.loads(json.dumps(facts_to_json(METHOD))) | {"hash": "hash of theirs", "weights": {}}],
        "datasets": [
            {"name": "vid4", "title": "Vid4", "version": 1, "images": frames_here, "clips": CLIPS},
            {"name": "set5", "title": "Set5", "version": 1, "images": dict.fromkeys(("baby", "bird", "woman"), "0")},
        ],
    }
    content = {"theirs": {place: {"psnr": 30.0} for place in places}}
    return scored("part", content, manifest=manifest)


def test_the_csv_and_the_json_say_it(folder):
    with Reader(folder) as reader:
        rows = {row["dataset"]: row for row in csv.DictReader(io.StringIO(to_csv(reader)))}
        as_json = {row["dataset"]: row for row in json.loads(to_json(reader))["rows"]}
    for data, reason in (("vid4", PART), ("set5", IMAGES)):
        assert (rows[data]["published"], rows[data]["published_like"]) == ("25.55", "False")
        assert rows[data]["published_unlike"] == as_json[data]["published_unlike"] == reason


def test_the_terminal_has_a_star_and_says_it(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    print_means(folder)
    text = capsys.readouterr().out
    assert text.count("25.55*") == 2
    assert f"  {PART}: theirs" in text
    assert f"  {IMAGES}: theirs" in text


def test_the_page_says_it(folder):
    with Reader(folder) as reader:
        text = render(reader).text
    [found] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    data = json.loads(found)
    cells = data["views"][0]["cells"]["theirs"]["psnr"]
    assert {name: cells[name]["published_unlike"] for name in ("vid4", "set5")} == {"vid4": PART, "set5": IMAGES}
    assert not any(cells[name]["published_like"] for name in ("vid4", "set5"))
