"""What is said of the methods that are shipped: of every one, in a few sentences, with an entry for LaTeX."""

import re
from pathlib import Path

import pytest

from srbench import paths
from srbench.foreign.bibtex import cite_key
from srbench.method import plugins
from srbench.results import pages
from srbench.results.pages import Page, shipped

CARDS = {plugin.name: plugin.load().card for plugin in plugins.discover() if plugin.origin == "built in"}
FOLDER = Path(paths.search_path("methods")[0])


@pytest.mark.parametrize("name", CARDS)
def test_every_shipped_method_has_a_page(name):
    card = CARDS[name]
    page = shipped(name, card.title)
    assert 4 <= len(re.findall(r"[.:!?](?= |$)", page.idea)) <= 9
    assert 300 < len(page.idea) < 700
    assert 1 <= len(page.equation.splitlines()) <= 4
    assert max(map(len, page.equation.splitlines())) <= 105
    assert page.differs.endswith(".")
    assert "\n" not in page.idea + page.differs


@pytest.mark.parametrize("name", CARDS)
def test_the_entry_is_of_the_paper_on_the_card(name):
    card = CARDS[name]
    entry = shipped(name, card.title).bibtex
    if card.paper.startswith("textbook"):
        assert entry.startswith("@book{")
        return
    title = re.search(r"title\s*=\s*\{(.*?)\},?\n", entry, re.DOTALL)[1]
    plain = " ".join(title.replace("{", "").replace("}", "").split()).casefold()
    assert plain in card.paper.casefold()
    arxiv = re.search(r"arXiv:(\S+?)\}", entry)
    assert arxiv is None or card.url == f"https://arxiv.org/abs/{arxiv[1]}"
    doi = re.search(r"doi\s*=\s*\{(.*)\}", entry)
    assert doi is None or card.url == f"https://doi.org/{doi[1]}"


def test_nothing_is_said_of_methods_that_are_not_there():
    assert set(pages._pages().methods) == set(CARDS)
    used = {cite_key(shipped(name, card.title).bibtex) for name, card in CARDS.items()}
    assert used == set(pages._papers())
    text = (FOLDER / "papers.bib").read_text(encoding="utf-8")
    assert text.count("\n@") + 1 == len(used)
    assert text.isascii()  # every BibTeX reads it


def test_a_method_with_the_name_but_not_the_title_is_another():
    assert shipped("edsr", "edsr (Compact)") == Page()
    assert shipped("mine", "Mine") == Page()
    assert not Page()
