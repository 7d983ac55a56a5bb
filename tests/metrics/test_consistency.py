"""LR consistency: bounds that are known, and methods that respect the observation or do not."""

import numpy as np
import pytest

import srbench
from srbench.errors import SrbenchError
from srbench.imaging.images import write_image


@pytest.fixture
def one_picture(tmp_path, make_picture):
    write_image(tmp_path / "one" / "a.png", make_picture(48, 64, 1))
    return str(tmp_path / "one")


def value(method, folder, protocol="basicsr"):
    frame = srbench.evaluate(method, folder, scale=2, metrics=["consistency"], protocol=protocol, device="cpu")
    return frame["value"].item()


def test_back_projection_respects_the_input_more_than_bicubic_and_that_more_than_nearest(one_picture):
    corrected, plain = (value(name, one_picture) for name in ("back-projection", "bicubic"))
    assert corrected > plain + 3


@pytest.mark.parametrize("protocol", ["basicsr", "classic"])
def test_the_hr_image_itself_is_as_consistent_as_rounding_lets_it(one_picture, tmp_path, protocol):
    plugin = tmp_path / "oracle.py"
    plugin.write_text(
        "import numpy as np, torch\n"
        "from PIL import Image\n"
        "from srbench.imaging.color import luma, round_half_up\n"
        "from srbench.method import Method, MethodCard\n"
        "class Oracle(Method):\n"
        "    card = MethodCard(name='oracle', title='', year=2024, family='', paper='', colour='any')\n"
        "    def upscale(self, lr, scale):\n"
        f"        hr = torch.from_numpy(np.array(Image.open({one_picture!r} + '/a.png'))).permute(2, 0, 1)\n"
        "        hr = round_half_up(luma(hr))[None] if lr.shape[1] == 1 else hr\n"
        "        return (hr / 255).float()[None]\n"
    )
    frame = srbench.evaluate(
        str(plugin), one_picture, scale=2, metrics=["consistency"], protocol=protocol, device="cpu"
    )
    if protocol == "classic":  # nothing is rounded
        assert frame["status"].item() == "identical"
    else:  # rounding of LR's three channels leaves an error of 1/12 in each; its part in Y is less
        assert 58 < frame["value"].item() < 68


def test_it_needs_more_than_a_pair(rng):
    x = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    with pytest.raises(SrbenchError, match="needs the LR image"):
        srbench.score("consistency", x, x)
