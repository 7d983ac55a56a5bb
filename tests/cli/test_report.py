"""``srbench report``."""

import csv
import io
import json

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
    assert "95% bootstrap interval" in result.stdout


def test_csv_and_json_are_printed_and_nothing_else(srbench, filled):
    result = srbench("report", filled, "--format", "csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(list(csv.DictReader(io.StringIO(result.stdout)))) == 4
    result = srbench("report", filled, "--format", "json", "--per-image")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(json.loads(result.stdout)["rows"]) == 12


def test_an_empty_folder_has_a_page_and_a_table(srbench, results):
    from srbench.store import Store

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
    ],
)
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
