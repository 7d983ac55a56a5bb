"""A new method's two files: a plugin that works at once, and a test that would fail if it were wrong."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from string import Template

from srbench.errors import SrbenchError
from srbench.files import writing_into

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_PLUGIN = Template('''\
"""${title}: say here what it does, and from which paper it comes."""

from torch import Tensor

from srbench.method.base import Method, MethodCard
from srbench.imaging.resize import imresize


class ${cls}(Method):
    card = MethodCard(
        name="${name}",
        title="${title}",
        year=2026,
        family="interpolation",
        paper="none",  # authors, title, venue
        colour="any",  # each channel alone; or "luma" (Y alone), or "rgb"
        scales=None,  # every whole number; or a tuple such as (2, 3, 4)
        idea="",  # what it does and why, in a few sentences: for its page in the report
    )

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        """(N, C, H, W) float32 in [0, 1] to (N, C, scale * H, scale * W)."""
        sr = imresize(lr, scale)
        detail = sr - imresize(imresize(sr, 1 / scale), scale)
        return sr + 0.3 * detail  # sharpened bicubic: put your method here
''')

_TEST = Template('''\
"""${title}: run with pytest."""

from pathlib import Path

import numpy as np
import srbench

PLUGIN = str(Path(__file__).with_name("${module}.py"))


def test_it_upscales_a_picture():
    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    for scale in (2, 3, 4):
        assert srbench.upscale(PLUGIN, picture, scale=scale).shape == (24 * scale, 32 * scale, 3)


def test_a_flat_picture_stays_flat():
    flat = np.full((16, 16, 3), 100, np.uint8)
    assert np.abs(srbench.upscale(PLUGIN, flat, scale=2).astype(int) - 100).max() <= 1


def test_it_beats_bicubic():
    mine, bicubic = (srbench.evaluate(method, "sample", scale=2, metrics=["psnr"]) for method in (PLUGIN, "bicubic"))
    assert mine["value"].mean() > bicubic["value"].mean()
''')


def write(name: str, folder: Path) -> tuple[Path, Path]:
    """Write ``NAME.py`` and ``test_NAME.py`` (``-`` is ``_`` there) into ``folder``; returns their paths.

    Raises:
        SrbenchError: a name that a method cannot have; a file that is there already, or cannot be written.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise SrbenchError(
            f"'{name}' cannot be a method's name", "use small letters, digits and single hyphens, such as my-method"
        )
    module = name.replace("-", "_")
    words = name.split("-")
    fields = {
        "name": name,
        "module": module,
        "cls": "".join(map(str.capitalize, words)),
        "title": " ".join(words).capitalize(),
    }
    paths = folder / f"{module}.py", folder / f"test_{module}.py"
    for path in paths:
        if path.exists():
            raise SrbenchError(f"'{path}' is there already", "choose another name, or move it away")
    with writing_into(folder, "change to another folder"):
        for path, template in zip(paths, (_PLUGIN, _TEST), strict=True):
            path.write_text(template.substitute(fields), encoding="utf-8")
    return paths
