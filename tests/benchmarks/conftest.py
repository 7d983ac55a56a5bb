"""Speed, as ratios measured in one run; nothing here asserts on seconds."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def standard_images() -> dict[str, list[Path]]:
    """HR files of Set5, Set14 and BSD100."""
    from srbench import dataset

    missing = [name for name in dataset.STANDARD if not dataset.available(name)]
    if missing:
        message = f"{', '.join(missing)} not found through SRBENCH_DATA"
        if os.environ.get("SRBENCH_REQUIRE_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return {name: [image.path for image in dataset.find(name).images] for name in dataset.STANDARD}
