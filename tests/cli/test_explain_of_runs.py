"""``explain`` of a run's own number names the run's protocol first and has its value, for every shipped method.

The methods of SUITE are tested with all others of the suite, the quick ones on the embedded sample; the rest, which
take minutes, with ``tox -e explain``, on two pieces of its images.
"""

import re

import pytest

import srbench as package
from srbench import dataset
from srbench.imaging.images import write_image
from srbench.method import plugins

SUITE = ("bicubic", "espcn", "srresnet")  # one of each colour: any, luma, rgb
SHIPPED = sorted(plugin.name for plugin in plugins.discover() if plugin.origin == "built in")
PROTOCOLS = ("basicsr", "classic")
SIDE = 96  # pixels of a piece


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """A folder with the middles of a colour and of a grey image of the sample."""
    folder = tmp_path_factory.mktemp("pieces")
    for image in dataset.find("sample").images:
        if image.name in ("face", "cameraman"):
            pixels = image.read()
            top, left = ((n - SIDE) // 2 for n in pixels.shape[:2])
            write_image(folder / f"{image.name}.png", pixels[top : top + SIDE, left : left + SIDE])
    return folder


def check(srbench, method, data, protocol, metric):
    frame = package.evaluate(method, str(data), scale=4, metrics=[metric], protocol=protocol, device="cpu")
    assert set(frame["status"]) == {"ok"}, frame["message"].tolist()
    value = float(frame["value"].mean())
    options = ["--dataset", data, "--expect", f"{value:.10f}", "--metric", metric, "--rows", "1", "--device", "cpu"]
    result = srbench("explain", method, *options)
    assert result.exit_code == 0, result.output
    assert f"{value:.10f} is {protocol}\n" in result.stderr
    first = next(line for line in result.stdout.splitlines() if line.startswith("│"))
    found, difference, name = re.split(r"\s*│\s*", first)[1:4]
    assert name == protocol
    assert float(found) == pytest.approx(value, abs=1e-9)
    assert abs(float(difference)) < 1e-9


def test_the_suite_has_every_colour():
    assert set(SUITE) < set(SHIPPED)
    colours = {plugins.instantiate(plugins.find(name)[0]).card.colour for name in SUITE}
    assert colours == {"any", "luma", "rgb"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("protocol", [*PROTOCOLS, "matlab-rgb"])
@pytest.mark.parametrize("method", SUITE)
def test_psnr_of_a_run_is_its_protocols(srbench, pieces, method, protocol):
    check(srbench, method, pieces if method == "srresnet" else "sample", protocol, "psnr")


@pytest.mark.sampled(6)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("method", SUITE)
def test_ssim_of_a_run_is_its_protocols(srbench, pieces, method, protocol):
    check(srbench, method, pieces, protocol, "ssim")


@pytest.mark.explain
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("method", [name for name in SHIPPED if name not in SUITE])
def test_every_shipped_method(srbench, pieces, method, protocol):
    check(srbench, method, pieces, protocol, "psnr")
