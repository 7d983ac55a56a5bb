"""BibTeX entries, as people write them on a card: whether a text is one, and the key that it is cited by."""

from __future__ import annotations

import re

_START = re.compile(r"\s*@(?P<kind>[A-Za-z]+)\s*\{\s*(?P<key>[^\s,{}()\"#%'=~\\]+)\s*,")


def cite_key(entry: str) -> str:
    r"""What stands in ``\cite``; '' where ``entry`` is not one whole BibTeX entry with a key.

    >>> cite_key("@article{keys1981cubic, title = {Cubic convolution}, year = 1981}")
    'keys1981cubic'
    >>> cite_key("@article{keys1981cubic, title = {Cubic convolution")
    ''
    """
    match = _START.match(entry)
    return match["key"] if match and _whole(entry.strip()) else ""


def _whole(entry: str) -> bool:
    """Whether the brace that an entry opens is closed by its last character."""
    depth = 0
    for place, char in enumerate(entry):
        escaped = place > 0 and entry[place - 1] == "\\"
        if char in "{}" and not escaped:
            depth += 1 if char == "{" else -1
            if depth == 0:
                return place == len(entry) - 1
    return False
