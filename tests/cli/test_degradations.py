"""``srbench run --degradation``."""

import numpy as np
import pytest


@pytest.fixture
def run(srbench, pictures, results):
    def call(*arguments):
        fixed = ["--datasets", pictures, "--out", results, "--threads", "1", "--device", "cpu"]
        return srbench("run", *fixed, *arguments)

    return call


@pytest.fixture
def kernel(tmp_path):
    """A motion blur to the right that no product of two vectors gives, and its file."""
    taps = np.diag([0.5, 0.25, 0.25])
    np.save(tmp_path / "motion.npy", taps)
    return f"kernel:{tmp_path}/motion.npy"


def test_every_degradation_has_its_own_scores(run, srbench, results, kernel):
    for name in ("bicubic", "blur-down", "bicubic-noise", kernel):
        result = run("--methods", "bicubic,back-projection", "--scales", "3", "--degradation", name)
        assert result.exit_code == 0, result.output
        assert "6 cells computed" in result.stderr
    rows = [line.split(",") for line in srbench("report", results, "--format", "csv").stdout.splitlines()[1:]]
    psnr = {(row[0], row[4]): float(row[6]) for row in rows if row[5] == "psnr"}
    assert {name for _, name in psnr} == {"bicubic", "blur-down", "bicubic-noise", "kernel:motion"}
    assert psnr["bicubic", "bicubic-noise"] < psnr["bicubic", "blur-down"] < psnr["bicubic", "bicubic"]
    # Back-projection knows the operator that made the LR image, so it undoes part of the blur.
    for name in ("blur-down", "kernel:motion"):
        assert psnr["back-projection", name] > psnr["bicubic", name] + 0.5


def test_a_method_that_needs_a_separable_kernel_says_so(run, kernel):
    result = run("--methods", "tv-map,nearest", "--scales", "3", "--degradation", kernel)
    assert result.exit_code == 0
    assert "3 not supported" in result.stderr


def test_tv_map_inverts_a_blur(srbench, results):
    options = ["--scales", "3", "--metrics", "psnr", "--out", results, "--device", "cpu", "--degradation", "blur-down"]
    assert srbench("run", "--methods", "tv-map,bicubic", "--datasets", "sample", *options).exit_code == 0
    rows = [line.split(",") for line in srbench("report", results, "--format", "csv").stdout.splitlines()[1:]]
    psnr = {row[0]: float(row[6]) for row in rows if row[5] == "psnr"}
    assert psnr["tv-map"] > psnr["bicubic"] + 1


SALT = """\
import torch
from srbench.degradation import BicubicDown, Pipeline, Step


class Salt(Step):
    key, random = "salt", True

    def __call__(self, x, scale, rng):
        return x.masked_fill(torch.from_numpy(rng.random(tuple(x.shape)) < 0.1), 255)


SALTY = Pipeline("salty", (BicubicDown(), Salt()))
"""


def test_tv_map_says_where_it_does_not_know_the_noise(run, tmp_path):
    (tmp_path / "salt.py").write_text(SALT)
    result = run("--methods", "tv-map", "--scales", "2,3", "--metrics", "psnr", "--degradation", f"{tmp_path}/salt.py")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stderr.split())
    assert said.count("note: tv-map: the noise of salty is not known, so its weight is that for none") == 1


def test_another_seed_is_another_cell(run):
    noisy = ["--methods", "nearest", "--scales", "2", "--degradation", "bicubic-noise"]
    assert "3 cells computed" in run(*noisy).stderr
    assert "0 cells computed, 3 already there" in run(*noisy).stderr
    assert "3 cells computed, 0 already there" in run(*noisy, "--seed", "1").stderr
    assert "0 cells computed" in run(*noisy).stderr


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("blur-dwn", "unknown degradation 'blur-dwn'; did you mean blur-down"),
        ("blur-down", "blur-down is defined at x3 alone, not at x2; add --scales 3"),
        ("kernel:./gone.npy", r"cannot read kernel 'gone\.npy' \(No such file"),
    ],
)
def test_what_is_wrong_is_one_line(wrong, pictures, results, name, match):
    arguments = ["--datasets", pictures, "--scales", "2", "--out", results, "--methods", "nearest"]
    wrong("run", *arguments, "--degradation", name, match=match)


def test_kernels_that_change_brightness_or_have_no_middle_are_one_line(wrong, pictures, results, tmp_path):
    arguments = ["--datasets", pictures, "--scales", "2", "--out", results, "--methods", "nearest", "--degradation"]
    for taps, match in ((np.ones((3, 3)), "sums to 9, not 1"), (np.full((2, 2), 0.25), "2x2: an even size")):
        np.save(tmp_path / "k.npy", taps)
        wrong("run", *arguments, f"kernel:{tmp_path}/k.npy", match=match)


def test_kernels_of_one_name_from_two_folders_do_not_share_a_row(srbench, pictures, tmp_path):
    for name, size in (("a", 3), ("b", 5), ("same", 3)):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "motion.npy", np.full((1, size), 1 / size))

    def go(folder, out="results"):
        options = ["--datasets", pictures, "--scales", "2", "--metrics", "psnr", "--out", tmp_path / out]
        return srbench(
            "run", "--methods", "nearest", "--degradation", f"kernel:{tmp_path / folder / 'motion.npy'}", *options
        )

    assert go("a").exit_code == 0
    refused = go("b")
    assert refused.exit_code == 2
    assert "'kernel:motion' is the degradation of" in refused.stderr
    assert "another name, or choose another --out" in refused.stderr
    assert go("b", "other").exit_code == 0
    assert "0 cells computed" in go("same").stderr  # the same kernel
    np.save(tmp_path / "same" / "motion.npy", np.full((1, 7), 1 / 7))  # edited: the file that the last run named
    edited = go("same")
    assert edited.exit_code == 0
    assert "is another degradation" in edited.stderr
