"""Take README's pictures of the leaderboard from what srbench report wrote.

python docs/scripts/screenshots.py results/report.html --output docs/images

Needs Playwright and a Chromium, as tests/browser does (tox -e browser): SRBENCH_CHROMIUM says where it is, if not on
the path.
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SCREEN = {"width": 1400, "height": 900}


def first_screen(page: Page, path: Path) -> None:
    page.screenshot(path=path)


def pictures(page: Page, path: Path) -> None:
    section = page.locator("#pictures")
    section.scroll_into_view_if_needed()
    box = section.bounding_box()
    assert box is not None
    top = box["y"] + page.evaluate("scrollY")
    page.screenshot(path=path, full_page=True, clip={"x": 0, "y": top, "width": SCREEN["width"], "height": 1000})


def head_to_head(page: Page, path: Path) -> None:
    ticks = page.locator("#board tbody input[type=checkbox]")
    ticks.nth(0).check()
    ticks.nth(1).check()
    page.locator("#versus[open]").wait_for()
    page.screenshot(path=path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take README's pictures of a leaderboard.")
    parser.add_argument("page", type=Path, help="what srbench report wrote")
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    chosen = parser.parse_args()
    chromium = os.environ.get("SRBENCH_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, shot in {"leaderboard": first_screen, "pictures": pictures, "head-to-head": head_to_head}.items():
            page = browser.new_page(viewport=SCREEN, color_scheme="light")
            page.goto(chosen.page.resolve().as_uri())
            page.wait_for_timeout(500)  # images of the page are decoded
            shot(page, chosen.output / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
