"""What the page of a method says, from the facts of a results folder."""

import json

from srbench.records import TrainingFacts
from srbench.report.html.method_pages import page_of
from srbench.results.facts import MethodFacts, WeightFile
from srbench.results.reader import Reader

CURVE = ((100, 27.123456), (200, 27.5))


def test_texts_training_and_weights_of_a_method():
    files = (WeightFile("/home/me/nets/m.safetensors", "0a", False, "params"), WeightFile(r"C:\w\n.pth", "0b", True))
    training = TrainingFacts(8, 200, 330, "CPU", {"T91": 91, "mine": 1}, "random weights", ("VGG-19",), CURVE, 26.6)
    card = MethodFacts(
        "m", "M", idea="I.", equation="y = x", differs="D.", weight_files=files, training={4: training, 2: training}
    )
    page = page_of(card)
    assert (page["idea"], page["equation"], page["differs"]) == ("I.", "y = x", "D.")
    assert (page["cite"], page["bibtex"]) == ("", "")
    assert list(page["trained"]) == ["4", "2"]
    assert page["trained"]["4"] == {
        "data": "91 images of T91, 1 image of mine",
        "minutes": 5.5,
        "steps": 200,
        "device": "CPU",
        "start": "random weights",
        "further": False,
        "features": ["VGG-19"],
        "curve": [[100, 27.1235], [200, 27.5]],
        "reference": 26.6,
    }
    assert page["files"] == [
        {"name": "m.safetensors", "sha256": "0a", "whose": "yours", "state": "params"},
        {"name": "n.pth", "sha256": "0b", "whose": "shipped", "state": ""},
    ]
    assert "/home/me" not in json.dumps(page)


def test_the_key_is_read_from_the_entry():
    page = page_of(MethodFacts("m", "M", bibtex="@misc{me2026, title = {M}}"))
    assert (page["cite"], page["trained"]) == ("me2026", {})


def test_a_method_that_nobody_knows_has_an_empty_page():
    page = page_of(None)
    assert set(page) == set(page_of(MethodFacts("m", "M")))
    assert not any(page.values())


def test_a_folder_says_all_of_it(go, results):
    go("fsrcnn", "bicubic", scales=(4,), metrics=("psnr",))
    with Reader(results) as reader:
        fsrcnn, bicubic = (page_of(reader.facts.method(name)) for name in ("fsrcnn", "bicubic"))
    assert (fsrcnn["cite"], fsrcnn["files"][0]["whose"]) == ("dong2016accelerating", "shipped")
    trained = fsrcnn["trained"]["4"]
    assert trained["data"] == "87 images of T91, 392 images of BSDS400"
    assert trained["curve"][-1][0] == trained["steps"] == 2400
    assert trained["reference"] == 26.641
    assert (bicubic["trained"], bicubic["files"]) == ({}, [])
    assert "baseline" in bicubic["idea"]
