"""The papers of methods as a BibTeX file, for tables that cite them."""

from __future__ import annotations

from collections.abc import Iterable

from srbench.errors import SrbenchError
from srbench.results.facts import FolderFacts


def to_bib(facts: FolderFacts, methods: Iterable[str]) -> str:
    """The entries of the methods' papers, each once, in the order of the methods; '' where none has one.

    Args:
        methods: names, without the options of a row.

    Raises:
        SrbenchError: two methods have different entries under one key.
    """
    entries: dict[str, tuple[str, str]] = {}  # by key: the method that brought it, and the entry
    for name in methods:
        method = facts.method(name)
        if method is None or not method.cite:
            continue
        other, entry = entries.setdefault(method.cite, (name, method.bibtex))
        if entry.split() != method.bibtex.split():
            raise SrbenchError(
                f"'{other}' and '{name}' have different BibTeX entries of the key '{method.cite}'",
                "give the entry on one of the two cards another key",
            )
    return "".join(f"{entry.strip()}\n\n" for _, entry in entries.values())[:-1]
