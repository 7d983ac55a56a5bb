"""``srbench report``."""

import csv
import io
import json
import re

import pytest


@pytest.fixture
def filled(go, results):
    go("bicubic", "nearest")
    return results


def test_html_is_written_into_the_folder(srbench, filled):
    result = srbench("report", filled)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert f"wrote {filled / 'report.html'}" in result.stderr
    assert (filled / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("format", ["html", "csv", "json"])
def test_output_names_the_file(srbench, filled, tmp_path, format):
    path = tmp_path / "new" / f"out.{format}"
    assert srbench("report", filled, "--format", format, "--output", path).exit_code == 0
    assert path.stat().st_size > 100


def test_table(srbench, filled):
    result = srbench("report", filled, "--format", "table")
    assert result.exit_code == 0
    assert "bicubic" in result.stdout
    assert "95% interval: of the mean over images, by bootstrap" in result.stdout


def test_csv_and_json_are_printed_and_nothing_else(srbench, filled):
    result = srbench("report", filled, "--format", "csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(list(csv.DictReader(io.StringIO(result.stdout)))) == 4
    result = srbench("report", filled, "--format", "json", "--per-image")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(json.loads(result.stdout)["rows"]) == 12


def test_an_empty_folder_has_a_page_and_a_table(srbench, results):
    from srbench.results.store import Store

    with Store(results, create=True):
        pass
    assert srbench("report", results).exit_code == 0
    result = srbench("report", results, "--format", "table")
    assert result.exit_code == 0
    assert "no results yet" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--format", "pdf"], "unknown format 'pdf'.*html, table, csv"),
        (["--per-image"], "--per-image does not go with html"),
        (["--format", "csv", "--open"], "--open shows the HTML page only"),
        (["--format", "table", "--output", "x.txt"], "--output does not go with table"),
        (["--format", "csv", "--full-images"], "--full-images goes with the HTML leaderboard only"),
        (["--compare", "1", "1", "--full-images"], "--full-images goes with the HTML leaderboard only"),
        (["--compare", "1", "1", "--per-image", "--format", "csv"], "--per-image does not go with --compare"),
        (["--compare", "1", "1", "--format", "latex"], "latex does not go with --compare"),
        (["--compare", "1", "7"], "no run 7 in .*its runs: 1"),
        (["--compare", "1", "nowhere"], "no results in 'nowhere'"),
        (["--compare", "1", "1", "--format", "table", "--output", "x"], "--output does not go with table"),
        (["--compare", "1", "1", "--methods", "bicubic"], "--compare compares all that two sides have in common"),
        (["--methods", "bicubi"], "unknown method 'bicubi'; did you mean bicubic?"),
        (["--format", "csv", "--datasets", "set5"], "unknown dataset 'set5'; known: pictures"),
        (["--format", "table", "--metrics", "lpips"], "unknown metric 'lpips'; known: psnr, ssim"),
        (["--format", "latex", "--scale", "3"], "no results at x3; there are: x2"),
        (["--format", "json", "--protocol", "classic"], "unknown protocol 'classic'"),
        (["--format", "markdown", "--degradation", "blur-down"], "unknown degradation 'blur-down'; known: bicubic"),
        (["--sort", "rank"], "unknown order 'rank'; use one of value, year, name"),
        (["--literature", "rcna"], "unknown method of the literature 'rcna'; did you mean"),
        (["--format", "csv", "--per-image", "--literature", "rcan"], "--literature does not go with --per-image"),
    ],
)
@pytest.mark.sampled(3)
def test_options_that_contradict_each_other_are_one_line(wrong, filled, arguments, match):
    wrong("report", filled, *arguments, match=match)


@pytest.mark.parametrize("format", ["html", "table", "csv", "json"])
def test_a_folder_without_results_is_one_line(wrong, tmp_path, format):
    wrong("report", tmp_path, "--format", format, match="no results in '.*make some with: srbench run")


def test_a_file_that_cannot_be_written_is_one_line(wrong, filled, tmp_path):
    (tmp_path / "file").write_text("in the way")
    wrong("report", filled, "--output", tmp_path / "file" / "x.html", match="cannot write '.*x.html'")


def test_a_damaged_store_is_one_line(wrong, tmp_path):
    (tmp_path / "results.sqlite").write_bytes(b"no database " * 100)
    wrong("report", tmp_path, match=r"results\.sqlite")


def test_how_long_it_took_and_how_large_it_is_are_said(srbench, filled):
    result = srbench("report", filled)
    assert re.search(r"tables and plots \d+\.\d s, pictures \d+\.\d s, \d+\.\d MB", result.stderr)


def test_open_shows_the_page_in_the_browser(srbench, filled, monkeypatch):
    opened = []
    monkeypatch.setattr("typer.launch", opened.append)
    assert srbench("report", filled, "--open").exit_code == 0
    assert opened == [(filled / "report.html").resolve().as_uri()]


def test_whole_images_lie_beside_the_page(srbench, filled, tmp_path):
    assert srbench("report", filled, "--full-images", "--output", tmp_path / "page.html").exit_code == 0
    assert len(list((tmp_path / "page_images").rglob("*.png"))) == 9  # LR is nearest.png
    assert "page_images/pictures/a/bicubic.png" in (tmp_path / "page.html").read_text()


def test_compare_runs_and_folders(srbench, filled, go, tmp_path):
    go("bicubic", "lanczos")
    result = srbench("report", filled, "--compare", "1", "2")
    assert result.exit_code == 0, result.output
    page = (filled / "comparison.html").read_text()
    assert "2 the same, of 2 means" in page
    assert "nearest on pictures x2 (basicsr, bicubic)" in page
    result = srbench("report", "--compare", filled, filled, "--format", "table")
    assert (result.exit_code, "same" in result.stdout) == (0, True)
    result = srbench("report", filled, "--compare", "1", "2", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["method"], row["verdict"]) for row in rows] == [("bicubic", "same")] * 2
    result = srbench("report", filled, "--compare", "1", "2", "--format", "json")
    assert json.loads(result.stdout)["only_b"] == ["lanczos on pictures x2 (basicsr, bicubic)"]
    result = srbench("report", filled, "--compare", "1", "2", "--format", "markdown")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("### What changed\n")


NAMES = ("bilinear", "bicubic")  # of 1973 and of 1981


@pytest.mark.parametrize("format", ["table", "csv", "json", "markdown", "latex", "html"])
def test_every_format_shows_what_is_chosen(srbench, go, results, tmp_path, format):
    go("bicubic", "nearest", "bilinear", metrics=("psnr", "ssim"))
    path = tmp_path / "page.html"
    chosen = ("--methods", "bicubic,bilinear", "--metrics", "ssim", "--sort", "year")
    more = ("--output", path) if format == "html" else ()
    result = srbench("report", results, "--format", format, *chosen, *more)
    assert result.exit_code == 0, result.output
    text = path.read_text() if format == "html" else result.stdout
    if format == "html":
        data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
        assert set(data["methods"]) == {"bicubic", "bilinear"}
        assert list(data["metrics"]) == ["ssim"]
        assert data["sort"] == "year"
        return
    if format == "json":
        text = json.dumps(json.loads(text)["rows"])
    assert "nearest" not in text.lower()
    assert "psnr" not in text.lower()
    row = r"""(^[│| ]*|"method": "){}(~[^ ]*)? *["&|,│]"""
    named = [re.search(row.format(name), text, re.MULTILINE | re.IGNORECASE) for name in NAMES]
    assert named[0].start() < named[1].start()
