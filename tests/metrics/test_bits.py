"""Bits per sub-pixel: measured of methods that have a likelihood, of nobody else; seeds are part of what was run."""

import json
from pathlib import Path

import numpy as np
import pytest

from srbench.imaging.images import read_image, write_image
from srbench.records import label
from srbench.report.html import render
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run.runner import Silent

PLUGIN = """\
import torch
from srbench.method import Likelihood, Method, MethodCard
from srbench.resize import imresize

class Guess(Method):
    '''Every sub-pixel costs as many bits as the HR image is bright; draws noise.'''
    card = MethodCard(name="guess", title="Guess", year=2024, family="test", paper="none",
                      colour="COLOUR", random=True)
    def upscale(self, lr, scale):
        sr = imresize(lr, scale)
        return sr + 0.1 * torch.rand(sr.shape[-2:], generator=torch.Generator().manual_seed(self.seed))
    def bits(self, lr, hr, scale):
        assert hr.shape[-1] == scale * lr.shape[-1] and hr.dtype == torch.float32
        return Likelihood(float(8 * hr.mean()), 8 * hr.mean(dim=1))
"""


@pytest.fixture
def guess(tmp_path):
    def write(colour="rgb"):
        path = tmp_path / "guess.py"
        path.write_text(PLUGIN.replace("COLOUR", colour))
        return str(path)

    return write


def rows(results):
    with Reader(results) as reader:
        return per_image(reader)


def test_it_is_a_default_where_a_method_has_it(go, guess, scores, pictures):
    summary = go(guess(), "bicubic")
    assert not summary.failures
    found = {(method, image): value for (method, image, metric), value in scores().items() if metric == "bits"}
    assert set(found) == {("guess", image) for image in "abc"}
    for image in "ab":
        assert found["guess", image] == pytest.approx(8 * read_image(pictures / f"{image}.png").mean() / 255, abs=1e-4)
    go(guess(), "bicubic")  # nothing is missing
    assert go(guess(), "bicubic").known == 6


MIXES = [
    (("guess", "bicubic"), ("psnr", "bits")),
    (("bicubic",), ("psnr", "bits")),
    (("guess",), ("psnr", "bits")),
    (("guess", "bicubic"), ("bits",)),
    (("bicubic", "nearest"), ("bits",)),
    (("guess", "bicubic", "srcnn"), ("psnr", "ssim", "bits", "consistency")),
]


@pytest.mark.parametrize(("methods", "metrics"), MIXES)
def test_any_mix_of_methods_and_metrics_computes_nothing_the_second_time(go, guess, methods, metrics):
    methods = [guess() if name == "guess" else name for name in methods]
    first, second = (go(*methods, metrics=metrics) for _ in range(2))
    assert (second.computed, second.failures) == (0, [])
    assert second.known == first.computed
    assert second.not_supported == first.not_supported


def test_a_mix_that_was_interrupted_goes_on(go, guess):
    class Impatient(Silent):
        def done(self, cell, outcome):
            raise KeyboardInterrupt

    options = {"metrics": ("psnr", "bits"), "scales": (2, 3)}
    first = go("bicubic", guess(), observer=Impatient(), **options)
    assert first.interrupted
    assert first.computed > 0
    second = go("bicubic", guess(), **options)
    assert second.known >= first.computed
    assert second.known + second.computed == second.total == 12
    assert not second.failures


def test_other_runs_have_no_such_column(go, scores):
    go("bicubic")
    assert "bits" not in {metric for _, _, metric in scores()}


def test_asked_for_by_name(go, guess, scores):
    summary = go(guess(), "bicubic", metrics=("bits",))
    assert not summary.failures
    assert {(method, metric) for method, _, metric in scores()} == {("guess", "bits")}


@pytest.mark.parametrize("protocol", ["basicsr", "classic"])
@pytest.mark.parametrize("colour", ["rgb", "luma", "any"])
def test_the_hr_image_is_what_the_method_is_fed(go, guess, scores, colour, protocol, pictures):
    from srbench.imaging.color import luma
    from srbench.protocol import get

    assert not go(guess(colour), protocol=protocol, metrics=("bits",)).failures
    pixels = read_image(pictures / "a.png")
    wanted = pixels.mean()
    if colour == "luma" or (colour == "any" and get(protocol).working_space == "luma"):
        import torch

        wanted = luma(torch.from_numpy(pixels.copy()).permute(2, 0, 1)).mean().item()
    assert scores()["guess", "a", "bits"] == pytest.approx(8 * wanted / 255, abs=0.01)


def test_the_entropy_is_kept_beside_the_image_and_shown(go, guess, results, pictures):
    go(guess(), "bicubic")
    own = rows(results)
    extra = own[(own["metric"] == "bits") & (own["image"] == "a")]["extra"].item()
    kept = read_image(results / json.loads(extra)["entropy"])
    hr = read_image(pictures / "a.png").astype(float)
    assert np.abs(kept - hr.mean(axis=2)).max() <= 1
    with Reader(results) as reader:
        text = render(reader).text
    assert text.count('"title":"Entropy of Guess","about":"black 0, white 8 bits per sub-pixel"') == 3
    write_image(results / json.loads(extra)["entropy"], np.zeros((3, 3), np.uint8))
    with Reader(results) as reader:
        assert render(reader).text.count("Entropy of Guess") == 2


def test_without_kept_images_there_is_no_map(go, guess, results):
    go(guess(), keep_images=False)
    assert not list(results.glob("**/*.entropy.png"))
    assert (rows(results)["metric"] == "bits").sum() == 3


def test_another_seed_is_another_row_with_its_own_images(go, guess, results):
    for seed in (0, 1, 2):
        assert go(guess(), "bicubic", seed=seed).computed == (6 if seed == 0 else 3)
    assert go(guess(), "bicubic", seed=1).known == 6
    table = means(rows(results))
    assert set(table["method"]) == {"guess", "guess (seed 1)", "guess (seed 2)", "bicubic"}
    assert table[table["metric"] == "psnr"]["mean"].nunique() == 4
    with Reader(results) as reader:
        text = render(reader).text
    assert "Guess (seed 1)" in text
    assert text.count('"Entropy of Guess"') == text.count("Entropy of Guess") == 3  # one network, one map an image


def test_labels_name_the_seed():
    assert label("a", '{"seed": 3}') == "a (seed 3)"
    assert label("a", '{"seed": 3, "self_ensemble": true, "tile": 64}') == "a+ (tile 64) (seed 3)"


def test_the_self_ensemble_has_no_likelihood_tiles_have_the_methods(go, guess, scores):
    go(guess(), self_ensemble=True)
    assert "bits" not in {metric for _, _, metric in scores()}
    go(guess(), tile=16)
    assert "bits" in {metric for _, _, metric in scores()}


def test_a_pair_of_images_has_none(make_picture):
    import srbench
    from srbench.errors import SrbenchError

    pixels = make_picture(20, 20, 0)
    with pytest.raises(SrbenchError, match="needs the LR image"):
        srbench.score("bits", pixels, pixels)


def test_upscale_takes_a_seed(guess, pictures, tmp_path):
    from typer.testing import CliRunner

    from srbench.cli import app

    found = {}
    for seed in (0, 1):
        arguments = ["upscale", guess(), str(pictures / "a.png"), "--scale", "2", "--seed", str(seed)]
        result = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path / str(seed))])
        assert result.exit_code == 0, result.output
        found[seed] = read_image(next((tmp_path / str(seed)).iterdir()))
    assert not np.array_equal(found[0], found[1])


def test_the_seed_is_in_the_key_of_a_method_that_could_not_be_prepared(go, guess, results):
    path = Path(guess())
    path.write_text(path.read_text() + "    def prepare(self, scale, context): raise RuntimeError('no memory')\n")
    go(str(path), seed=4)
    assert set(rows(results)["method"]) == {"guess (seed 4)"}
