"""``--no-reference`` on the command line, from a run to its page."""

import csv
import io
import json

import pytest

CONTRAST = """\
from srbench.metrics import Metric

def compute(pair):
    return float(pair.sr_rgb.double().std())

METRIC = Metric("contrast", "Contrast", 1, True, "", (0, 255), 2, ("sr_rgb",), compute)
"""


@pytest.fixture
def run(srbench, pictures, tmp_path):
    (tmp_path / "contrast.py").write_text(CONTRAST)

    def call(*arguments, metrics=True, no_reference=True):
        fixed = ["--datasets", pictures, "--scales", "2", "--out", tmp_path / "results", "--threads", "1"]
        chosen = ["--metrics", tmp_path / "contrast.py"] if metrics else []
        flag = ["--no-reference"] if no_reference else []
        return srbench("run", "--methods", "bicubic,nearest,lanczos", *fixed, *chosen, *flag, *arguments)

    return call


def test_the_table_says_that_there_is_no_original_and_has_no_psnr(run):
    result = run()
    assert result.exit_code == 0
    assert "pictures x2, basicsr, no original" in result.stdout
    assert "psnr" not in result.stdout
    assert "canary" not in result.stderr


def test_a_metric_that_compares_is_not_supported_with_the_reason(run, tmp_path):
    result = run("--metrics", "psnr")
    assert result.exit_code == 0
    assert "not supported on images without an original: psnr" in result.stderr


def test_a_run_of_such_metrics_alone_is_wrong(run):
    result = run("--metrics", "psnr,ssim", metrics=False)
    assert result.exit_code == 2
    assert "not supported on images without an original: psnr, ssim; no metric is left" in result.stderr
    assert "use --metrics niqe or pyiqa:NAME" in result.stderr


def test_without_a_metric_that_can_be_computed_the_page_shows_the_images(run, srbench, tmp_path):
    result = run(metrics=False)
    assert result.exit_code == 0
    assert "nothing is measured on pictures" in result.stderr
    assert srbench("report", tmp_path / "results", "--output", tmp_path / "page.html").exit_code == 0
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/webp") > 3


@pytest.mark.parametrize("degradation", ["bicubic", "bicubic-noise"])
def test_it_contradicts_a_degradation(run, degradation):
    result = run("--degradation", degradation)
    assert result.exit_code == 2
    assert "--no-reference and --degradation: images without an original are the LR images themselves" in result.stderr


def test_it_contradicts_given_lr_images(run, pictures):
    result = run("--lr", pictures)
    assert result.exit_code == 2
    assert "--no-reference and --lr: images without an original are the LR images themselves" in result.stderr


def test_a_file_of_options_can_say_so(run, srbench, pictures, tmp_path):
    file = tmp_path / "campaign.toml"
    rest = f"methods = 'nearest'\ndatasets = '{pictures}'\nscales = 2\nmetrics = '{tmp_path / 'contrast.py'}'\n"
    file.write_text(f"{rest}out = '{tmp_path / 'other'}'\nno-reference = true\n")
    result = srbench("run", "--config", file)
    assert result.exit_code == 0
    assert "no original" in result.stdout
    file.write_text(f"{rest}no-reference = true\ndegradation = 'bicubic'\n")
    assert "--no-reference and --degradation" in srbench("run", "--config", file).stderr


def test_exports_have_such_rows_apart(run, srbench, tmp_path):
    assert run().exit_code == 0
    assert run(no_reference=False).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(srbench("report", tmp_path / "results", "--format", "csv").stdout)))
    assert {(row["degradation"], row["metric"], row["n"]) for row in rows} == {
        *(("none", "contrast", "3"), ("bicubic", "contrast", "3")),
    }
    content = json.loads(srbench("report", tmp_path / "results", "--format", "json").stdout)
    assert "none" in json.dumps(content)
    markdown = srbench("report", tmp_path / "results", "--format", "markdown").stdout
    assert "x2, protocol basicsr, without an original" in markdown


def test_two_methods_are_compared_on_such_images_alone(run, srbench, tmp_path):
    assert run().exit_code == 0
    result = srbench("compare", "nearest", "bicubic", "--results", tmp_path / "results")
    assert result.exit_code == 0
    assert "x2, basicsr, no original" in result.stdout
    page = tmp_path / "page.html"
    options = ("--format", "html", "--output", page)
    assert srbench("compare", "nearest", "bicubic", "--results", tmp_path / "results", *options).exit_code == 0
    assert "Original of" not in page.read_text()


def test_a_baseline_of_such_values_holds_them(run, srbench, tmp_path):
    assert run().exit_code == 0
    file = tmp_path / "baseline.toml"
    assert srbench("check", tmp_path / "results", "--write-baseline", file).exit_code == 0
    assert 'degradation = "none"' in file.read_text()
    assert srbench("check", tmp_path / "results", "--thresholds", file).exit_code == 0


def test_the_list_says_which_datasets_have_no_originals(srbench):
    rows = {row["name"]: row for row in json.loads(srbench("list", "datasets", "--json").stdout)}
    assert rows["realsrset"]["title"] == "RealSRSet (no originals)"
    assert rows["realsrset"]["images"] == 20
