"""``srbench run --degradation`` with a chain of steps."""

import json

import numpy as np
import pytest

from srbench.imaging.images import read_image

CHAIN = "blur:0.8 > down > noise:5 > jpeg:60"


@pytest.fixture
def run(srbench, pictures, results):
    def call(*arguments, out=results, threads=1):
        fixed = ["--datasets", pictures, "--out", out, "--threads", threads, "--device", "cpu", "--metrics", "psnr"]
        return srbench("run", *fixed, *arguments)

    return call


def kept(folder):
    """The pixels of kept SR images by method and image; a method's folder ends with a mark of the degradation."""
    files = sorted((folder / "images").rglob("*.png"))
    assert files
    return {(file.parent.name.rpartition("-")[0], file.name): read_image(file).tobytes() for file in files}


def test_a_chain_is_a_name_in_every_report(run, srbench, results, tmp_path):
    for chain in (CHAIN, "down > jpeg:60"):
        result = run("--methods", "bicubic,nearest", "--scales", "2", "--degradation", chain)
        assert result.exit_code == 0, result.output
        assert "6 cells computed" in result.stderr
    again = run("--methods", "bicubic", "--scales", "2", "--degradation", CHAIN.replace(" ", ""))
    assert "0 cells computed, 3 already there" in again.stderr
    rows = [line.split(",") for line in srbench("report", results, "--format", "csv").stdout.splitlines()[1:]]
    assert {row[4] for row in rows} == {CHAIN, "down > jpeg:60"}
    only = srbench("report", results, "--degradation", CHAIN, "--format", "csv").stdout.splitlines()
    assert len(only) == 1 + len(rows) // 2
    assert CHAIN in json.dumps(json.loads(srbench("report", results, "--format", "json").stdout))
    for kind in ("markdown", "latex"):
        made = srbench("report", results, "--format", kind)
        assert made.exit_code == 0, made.output
        assert "jpeg:60" in made.stdout
    page = tmp_path / "page.html"
    made = srbench("report", results, "--output", page)
    assert made.exit_code == 0, made.output
    html = page.read_text()
    assert "blur:0.8 &gt; down &gt; noise:5 &gt; jpeg:60" in html
    assert len(list((results / "images").rglob("*.png"))) == 12


def test_lr_images_are_the_same_with_any_number_of_workers_and_in_any_order(run, tmp_path):
    options = ["--scales", "2", "--degradation", CHAIN]
    run("--methods", "nearest,bicubic", *options, out=tmp_path / "one", threads=1)
    run("--methods", "bicubic,nearest", *options, out=tmp_path / "two", threads=2)
    run("--methods", "nearest", *options, out=tmp_path / "apart", threads=1)
    one, two, apart = (kept(tmp_path / name) for name in ("one", "two", "apart"))
    assert one == two
    assert {key: one[key] for key in apart} == apart
    run("--methods", "nearest", *options, "--seed", "1", out=tmp_path / "seed")
    assert kept(tmp_path / "seed") != apart


def test_restoration_at_scale_1(run, srbench, results):
    methods = ("bicubic", "bilinear", "lanczos", "nearest", "fourier")
    result = run("--methods", ",".join(methods), "--scales", "1", "--degradation", "noise:10 > jpeg:60")
    assert result.exit_code == 0, result.output
    assert "15 cells computed" in result.stderr
    rows = [line.split(",") for line in srbench("report", results, "--format", "csv").stdout.splitlines()[1:]]
    psnr = {row[0]: float(row[6]) for row in rows}
    assert [psnr[method] for method in methods] == [psnr["nearest"]] * 5  # interpolation at scale 1 is its input
    assert psnr["nearest"] < 40


def test_a_kernel_of_a_chain_keeps_its_name_for_one_file(run, tmp_path):
    for name, size in (("a", 3), ("b", 5)):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "motion.npy", np.full((1, size), 1 / size))
    options = ["--methods", "nearest", "--scales", "2", "--degradation"]
    assert run(*options, f"blur:{tmp_path}/a/motion.npy > down").exit_code == 0
    refused = run(*options, f"blur:{tmp_path}/b/motion.npy > down")
    assert refused.exit_code == 2
    assert "'blur:motion.npy > down' is the degradation of" in refused.stderr


def test_a_file_with_a_chain(run, srbench, results, tmp_path):
    (tmp_path / "phone.toml").write_text('name = "phone"\nsteps = ["blur:0.8", "down", "jpeg:75"]\n')
    result = run("--methods", "nearest", "--scales", "2", "--degradation", f"{tmp_path}/phone.toml")
    assert result.exit_code == 0, result.output
    assert ",phone," in srbench("report", results, "--format", "csv").stdout


@pytest.mark.parametrize(
    ("chain", "match"),
    [
        ("blur:1.6:12 > down", "step 1 of .* has a kernel of 12x12: an even size has no middle pixel"),
        ("down > jpeg:0", "step 2 of 'down > jpeg:0' has a quality of '0'; give a whole number from 1 to 100"),
        ("down > jpeg:101", "has a quality of '101'"),
        ("down > noise:nan", "step 2 of 'down > noise:nan' has a sigma of 'nan'"),
        ("dwon > noise:3", "step 1 of 'dwon > noise:3' is 'dwon', which is no step; did you mean down"),
        ("down > down", r"step 2 of 'down > down' is a second 'down' \(the first is step 1\)"),
        ("down > > jpeg:40", "step 2 of 'down > > jpeg:40' is empty"),
        ("blur:./gone.npy > down", r"cannot read kernel 'gone\.npy' \(No such file"),
        ("noise:10 > jpeg:40", "has no step that shrinks images, so it makes no LR images at x2; add 'down'"),
        ("./gone.toml", r"cannot read degradation 'gone\.toml' \(No such file"),
    ],
)
def test_what_is_wrong_is_one_line_before_anything_is_computed(wrong, pictures, results, chain, match):
    arguments = ["--datasets", pictures, "--scales", "2", "--out", results, "--methods", "nearest"]
    wrong("run", *arguments, "--degradation", chain, match=match)
    assert not results.exists()


def test_what_needs_the_operator_is_not_supported_where_the_chain_is_drawn(run, srbench, pictures, results):
    result = run("--methods", "back-projection,tv-map,nearest", "--scales", "2", "--degradation", "realesrgan")
    assert result.exit_code == 0, result.output
    assert "3 cells computed, 0 already there, 6 not supported" in result.stderr
    fixed = ["--methods", "nearest", "--datasets", pictures, "--out", results, "--scales", "2"]
    refused = srbench("run", *fixed, "--degradation", "realesrgan", "--metrics", "consistency")
    assert refused.exit_code == 2
    assert "where it is not known how LR images are made: consistency; no metric is left" in refused.stderr
