"""What the scripts of a page know, and a view from made-up scores of methods with all facts that plots show."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from srbench.report.html.costs import Cost
from srbench.report.html.shown import Shown
from srbench.report.html.views import View, views
from srbench.results.facts import FolderFacts
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader


@pytest.fixture(scope="session")
def content() -> Callable[[str], dict[str, Any]]:
    """The data in a page's text."""

    def parse(text: str) -> dict[str, Any]:
        [found] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
        parsed: dict[str, Any] = json.loads(found)
        return parsed

    return parse


FAMILIES = ("interpolation", "cnn", "gan, srgan", "examples", "autoregressive", "reconstruction")
TRAINING = {"parameters": 1, "steps": 200, "wall_seconds": 1.0, "device": "cpu", "images": {}, "started_from": ""}


def method(i: int, **changes: Any) -> dict[str, Any]:
    """Facts of 'made-up-i' as a manifest has them."""
    values = [{"dataset": "set14", "scale": 4, "metric": "psnr", "value": 22.0 + 0.3 * i, "source": "Table 1"}]
    curve = [[100, 27.0 + 0.1 * i], [200, 27.5 + 0.1 * i]]
    training = {"4": TRAINING | {"content_features": [], "curve": curve, "bicubic": 26.5}}
    facts = {"name": f"made-up-{i}", "title": f"Made up {i}, in words", "year": 1980 + 5 * i, "paper": "", "url": ""}
    facts |= {"family": FAMILIES[i % len(FAMILIES)], "colour": "any", "aims_at_pixels": True, "published": values}
    return (
        facts | {"training": training, "idea": "", "equation": "", "differs": "", "bibtex": "", "hash": "0"} | changes
    )


@pytest.fixture
def a_view(made_up) -> Callable[..., SimpleNamespace]:
    """``view`` and ``facts``. ``lpips`` is made of SSIM; ``changes`` are of the methods' facts, by number."""

    def make(
        methods: int = 6,
        costs: dict[tuple[str, int], Cost] | None = None,
        lpips: bool = True,
        changes: dict[int, dict[str, Any]] | None = None,
        **folder: Any,
    ) -> SimpleNamespace:
        folder.setdefault("datasets", {"set14": 8})
        written = [method(i, **(changes or {}).get(i, {})) for i in range(methods)]
        known = {"name": "lpips", "title": "LPIPS", "unit": "", "higher_is_better": False, "digits": 4, "footnote": ""}
        metrics = [known | {"version": 1, "bounds": None, "order": 5}]
        metrics += [{"name": "psnr", "title": "PSNR", "unit": "dB", "higher_is_better": True, "digits": 2, "order": 0}]
        data = [{"name": name, "title": name.capitalize()} for name in folder["datasets"]]
        facts = FolderFacts([{"methods": written, "metrics": metrics, "datasets": data}])
        with Reader(made_up(methods=methods, **folder)) as reader:
            images = per_image(reader)
        if lpips:
            eye = images[images["metric"] == "ssim"].assign(metric="lpips", value=lambda own: 1 - own["value"])
            images = pd.concat([images, eye], ignore_index=True)
        images = images.assign(label=images["method"])
        found: list[View] = views(images, means(images, facts), costs or {}, facts)
        return SimpleNamespace(view=found[0], views=found, facts=facts)

    return make


@pytest.fixture
def shown(a_view: Callable[..., SimpleNamespace]) -> Callable[..., Shown | None]:
    """What plots are made of, from such a view."""

    def make(**options: Any) -> Shown | None:
        made = a_view(**options)
        return Shown.of(made.view, made.facts)

    return make
