"""What the scripts of a page know."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def content() -> Callable[[str], dict[str, Any]]:
    """The data in a page's text."""

    def parse(text: str) -> dict[str, Any]:
        [found] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
        parsed: dict[str, Any] = json.loads(found)
        return parsed

    return parse
