"""Parts of Markdown that GitHub and GitLab show: texts from outside, tables, and what can be unfolded."""

from __future__ import annotations

import html
from collections.abc import Sequence

from srbench.wording import printable


def escaped(text: str) -> str:
    """A text from outside as Markdown shows it: as it is, in one line, and no markup."""
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\`*_[]|#~" else c for c in text)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: range) -> str:
    """Of texts that are Markdown.

    Args:
        right: columns that are set to the right.
    """
    rule = ["---:" if i in right else "---" for i in range(len(heads))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, rule, *rows])


def folded(title: str, content: str) -> str:
    """Content, which is Markdown, that is unfolded by a click.

    Args:
        title: as it is, no markup: within this tag nobody reads Markdown.
    """
    return f"<details><summary>{html.escape(printable(title))}</summary>\n\n{content}\n\n</details>"
