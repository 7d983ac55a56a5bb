"""The literature's values: the file is well formed, and names lead to methods."""

import pytest

from srbench import dataset
from srbench.errors import SrbenchError, UnknownNameError
from srbench.results import literature

RANGES = {"psnr": (15, 45), "ssim": (0.3, 1), "lpips": (0, 1)}


def test_the_file_is_well_formed():
    entries = literature.entries()
    values = [(entry.name, value) for entry in entries.values() for value in entry.values]
    assert len(entries) > 50
    assert len(values) > 1200
    places = {(name, v.dataset, v.scale, v.metric, v.protocol) for name, v in values}
    assert len(places) == len(values)  # one value for each
    for name, value in values:
        low, high = RANGES[value.metric]
        assert low < value.value < high, (name, value)
        assert value.scale in (2, 3, 4, 8)
        assert value.protocol == ("basicsr" if value.metric == "lpips" else "classic")
        assert value.source
    assert {value.dataset for _, value in values} == {"set5", "set14", "bsd100", "urban100", "manga109"}
    assert {value.dataset for _, value in values} <= set(dataset.manifests())
    assert all(1980 < entry.year < 2030 and entry.title for entry in entries.values())


def test_every_source_is_used_and_every_name_can_be_asked_for():
    text = literature.FILE.read_text(encoding="utf-8")
    keys = [line.partition(" = ")[0] for line in text.partition("[[method]]")[0].splitlines() if " = " in line]
    assert keys
    assert all(f'source = "{key}" }}' in text for key in keys)
    for name, entry in literature.entries().items():
        assert literature.find([name])[0] == entry
        assert name == name.lower()
        assert not set(name) & set(", ~")


@pytest.mark.parametrize(
    ("name", "scale", "psnr"), [("bicubic", 4, 28.42), ("srcnn", 3, 32.75), ("vdsr", 2, 37.53), ("lapsrn", 4, 31.54)]
)
def test_values_are_those_of_the_cards(name, scale, psnr):
    """Set5; the cards' values were taken from the papers by themselves."""
    from srbench.method.plugins import discover

    (card,) = [plugin.value.card for plugin in discover() if plugin.name == name]
    values = [(p.dataset, p.scale, p.metric, p.protocol, p.value) for p in card.published]
    printed = next(value for *place, value in values if place == ["set5", scale, "psnr", "classic"])  # the paper's own
    entry = literature.entries()[name]
    assert entry.value("set5", scale, "psnr", "classic").value == psnr == printed


def test_the_own_protocol_comes_first_and_another_says_so():
    entry = literature.entries()["bicubic"]
    assert entry.value("set5", 4, "lpips", "basicsr").protocol == "basicsr"
    assert entry.value("set5", 4, "psnr", "basicsr").protocol == "classic"
    assert entry.value("set5", 3, "lpips", "basicsr") is None
    assert entry.value("sample", 4, "psnr", "classic") is None


def test_a_name_stands_for_its_variants():
    assert [entry.title for entry in literature.find(["rcan"])] == ["RCAN"]
    assert {entry.name for entry in literature.find(["swinir"])} == {"swinir-df2k", "swinir-div2k", "swinir-light"}
    assert [entry.name for entry in literature.find(["RCAN,hat", "rcan"])] == ["rcan", "hat"]
    assert literature.find([]) == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["rcna"], "unknown method of the literature 'rcna'; did you mean .*rcan"),
        (["zzzz"], "known: a\\+, anr, bicubic, "),
    ],
)
def test_an_unknown_name_says_what_there_is(names, words):
    with pytest.raises(UnknownNameError, match=words):
        literature.find(names)
    with pytest.raises(SrbenchError, match="an empty list"):
        literature.find([","])
