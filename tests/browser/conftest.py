"""A headless Chromium, a page from made-up and real scores, and a place for screenshots.

Without Playwright or a Chromium these tests are skipped with the reason, unless SRBENCH_REQUIRE_BROWSER=1.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from srbench.imaging.images import write_image
from srbench.report.html import render
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

CHROMIUM = os.environ.get("SRBENCH_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARTEFACTS = os.environ.get("SRBENCH_ARTEFACTS")
NAMES = ("bicubic", "bilinear", "nearest", "lanczos")
LONG = """A method's "name" / with <script>alert(1)</script>, ünïcödé and no end to it, as people call them"""


def _missing() -> str:
    if importlib.util.find_spec("playwright") is None or importlib.util.find_spec("axe_playwright_python") is None:
        return "playwright or axe-playwright-python is not installed: run tox -e browser"
    return "" if CHROMIUM else "no chromium on this machine: install it, or set SRBENCH_CHROMIUM"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = _missing()
    if not reason:
        return
    if os.environ.get("SRBENCH_REQUIRE_BROWSER") == "1":
        raise pytest.UsageError(reason)
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept: $SRBENCH_ARTEFACTS, else pytest's own folder."""
    folder = Path(ARTEFACTS) if ARTEFACTS else tmp_path_factory.mktemp("artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # The sandbox needs rights that containers rarely give; the page is our own.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


PLUGIN = """
from srbench.method import Method, MethodCard
from srbench.resize import imresize

class Long(Method):
    card = MethodCard(name={name!r}, title={name!r}, year=2024, family="strange", paper="none", colour="any")
    def upscale(self, lr, scale):
        if lr.shape[-1] * scale > {most}:
            raise ValueError("too wide for <b>me</b>")
        return imresize(lr, scale) * 0.9
"""


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two datasets, two scales, two protocols; one method fails on an image and has a name that hurts."""
    import numpy as np

    folder = tmp_path_factory.mktemp("report")
    y, x = np.mgrid[:120, :140]
    for data, images in (("first", 3), ("second", 8)):
        for i in range(images):
            waves = [128 + 100 * np.sin(x * y / (150 + 30 * i) + c) for c in range(3)]
            pixels = np.stack(waves, axis=-1).astype(np.uint8)
            write_image(folder / data / f"{data}-{i}.png", pixels[:, : 140 - 4 * i])
    (folder / "long.py").write_text(PLUGIN.format(name=LONG, most=136))
    chosen = {"out": folder / "results", "threads": 1, "device": "cpu", "metrics": ("psnr", "ssim")}
    datasets = (str(folder / "first"), str(folder / "second"))
    run(RunOptions(methods=(*NAMES, str(folder / "long.py")), datasets=datasets, scales=(2, 4), **chosen))
    run(RunOptions(methods=NAMES[:2], datasets=datasets[:1], scales=(2,), protocol="classic", **chosen))
    path = folder / "report.html"
    with Reader(folder / "results") as reader:
        path.write_text(render(reader).text, encoding="utf-8")
    return path


@pytest.fixture
def visit(browser):
    """Opens a page and fails the test on a console error, an exception or a request to anywhere else."""
    contexts, wrong = [], []

    def start(path: Path, width: int = 1400, scheme: str = "light", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
        page.goto(path.as_uri())
        return page

    yield start
    for context in contexts:
        context.close()
    assert wrong == []


_SCREENS = [(1400, "light"), (390, "dark")]
_SCREENS += [pytest.param(other, marks=pytest.mark.slow) for other in ((1400, "dark"), (390, "light"))]


@pytest.fixture(params=_SCREENS, ids=str)
def screen(request):
    """Width in pixels and colour scheme."""
    return request.param


@pytest.fixture
def axe():
    """What axe-core finds wrong with a page, or a place in it, by WCAG 2.2 AA: rules, impacts, elements."""
    from axe_playwright_python.sync_playwright import Axe

    def found(page, place=None):
        run = Axe().run(
            page, context=place, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        )
        return [(v["id"], v["impact"], [n["target"] for n in v["nodes"]][:3]) for v in run.response["violations"]]

    return found


@pytest.fixture
def write():
    """Writes the page of a results folder."""

    def written(folder: Path, path: Path) -> Path:
        with Reader(folder) as reader:
            path.write_text(render(reader).text, encoding="utf-8")
        return path

    return written
