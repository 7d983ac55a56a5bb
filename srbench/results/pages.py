"""What the methods that srbench ships are, for people: from ``pages.toml`` and ``papers.bib`` in their folder.

A method's identity is the hash of its source. Were these texts on the cards, a comma put right in one would make all
scores of the method stale; so they lie beside. Methods of users have theirs on the card.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from srbench import paths, tomlfile
from srbench.foreign.bibtex import cite_key


@dataclass(frozen=True)
class Page:
    """``idea``: what the method does and why; ``equation``: a formula or pseudocode; ``differs``: how what runs here
    differs from the paper; ``bibtex``: the paper's entry. All plain text, each empty where there is none."""

    idea: str = ""
    equation: str = ""
    differs: str = ""
    bibtex: str = ""

    def __bool__(self) -> bool:
        return self != Page()


@dataclass(frozen=True)
class _Written:
    title: str
    idea: str
    equation: str
    differs: str
    paper: str  # the key of its entry


@dataclass(frozen=True)
class _Pages:
    methods: Mapping[str, _Written]


def shipped(name: str, title: str) -> Page:
    """Of one of srbench's methods; an empty page of any other, also of one that has the name but not the title.

    Raises:
        SrbenchError: a file is damaged.
    """
    written = _pages().methods.get(name)
    if written is None or written.title != title:
        return Page()
    idea, differs = (" ".join(text.split()) for text in (written.idea, written.differs))
    return Page(idea, written.equation.strip(), differs, _papers()[written.paper])


@functools.cache
def _pages() -> _Pages:
    return tomlfile.load(_folder() / "pages.toml", "the methods' pages", _Pages)


@functools.cache
def _papers() -> Mapping[str, str]:
    """BibTeX entries by key."""
    entries = re.split(r"^(?=@)", (_folder() / "papers.bib").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {cite_key(entry): entry.strip() for entry in entries if entry.strip()}


def _folder() -> Path:
    return Path(paths.search_path("methods")[0])
