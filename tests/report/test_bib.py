"""The BibTeX file beside a LaTeX table."""

import pytest

from srbench.cli.installed import Installed
from srbench.errors import SrbenchError
from srbench.foreign.bibtex import cite_key
from srbench.report.bib import to_bib
from srbench.results.facts import FolderFacts, MethodFacts, to_json


def written(name, bibtex):
    return to_json(MethodFacts(name, name, family="f")) | {"bibtex": bibtex}


def test_every_paper_once_in_the_order_of_the_methods():
    facts = FolderFacts(fallback=Installed())
    text = to_bib(facts, ["srgan", "bicubic", "srresnet", "srgan-mse", "no-such-method"])
    entries = text.split("\n\n")
    assert [cite_key(entry) for entry in entries] == ["ledig2017photo", "keys1981cubic"]
    assert text.startswith("@inproceedings{ledig2017photo,\n  author")
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


def test_methods_without_an_entry_are_left_out():
    facts = FolderFacts([{"methods": [written("mine", ""), written("ours", "@misc{ours, title = {O}}")]}])
    assert to_bib(facts, ["mine", "ours"]) == "@misc{ours, title = {O}}\n"
    assert to_bib(facts, ["mine"]) == ""


def test_one_key_of_two_entries_is_an_error():
    same = "@misc{x2026,\n  title = {One}}"
    facts = FolderFacts([{"methods": [written("a", same), written("b", "@misc{x2026, title = {One}}")]}])
    assert to_bib(facts, ["a", "b"]).count("@") == 1
    facts = FolderFacts([{"methods": [written("a", same), written("b", "@misc{x2026, title = {Two}}")]}])
    with pytest.raises(SrbenchError, match="'a' and 'b' have different BibTeX entries of the key 'x2026'") as caught:
        to_bib(facts, ["a", "b"])
    assert "another key" in caught.value.hint


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ("@article{a1, title = {x}}", "a1"),
        ('\n @Article { doe:2020-b ,\n title = "x" }\n', "doe:2020-b"),
        (r"@misc{a, author = {G{\"o}del}, title = {\{}}", "a"),
        ("", ""),
        ("Keys 1981", ""),
        ("@article{title = {x}}", ""),
        ("@article{a, title = {x}", ""),
        ("@article{a, title = {x}} and more", ""),
        ("@article{a, title = x}}", ""),
        ("@article{a}", ""),
    ],
)
def test_what_is_an_entry_and_its_key(entry, key):
    assert cite_key(entry) == key
