"""The templates of all pages, and what each of them may say."""

from __future__ import annotations

from datetime import UTC, datetime

import jinja2
from markupsafe import Markup

from srbench import paths
from srbench.version import __version__


def environment() -> jinja2.Environment:
    """Templates of the ``reports/`` folders; all values are escaped. ``file(name)`` is a style sheet or script of
    these folders as it stands: to compile them as templates costs time, and there is nothing in them to fill in.
    ``version`` is that of srbench, ``made`` says when."""
    loader = jinja2.FileSystemLoader(paths.search_path("reports")[::-1])
    found = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {
        "file": lambda name: Markup(loader.get_source(found, name)[0]),
        "version": __version__,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    return found
