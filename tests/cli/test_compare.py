"""``srbench compare``."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

SET14 = [("set14", f"{i:02d}") for i in range(14)]
BASE = np.linspace(25, 35, 14)
STEP = np.linspace(0.1, 0.2, 14)


def psnr(values, images=SET14):
    return {
        image: {"psnr": float(value), "ssim": float(value) / 40} for image, value in zip(images, values, strict=True)
    }


@pytest.fixture
def folder(scored):
    return scored("r", {"mine": psnr(BASE + STEP), "edsr": psnr(BASE), "bicubic": psnr(BASE - 3)})


def test_the_table_says_who_is_better_and_what_differs(srbench, folder):
    result = srbench("compare", "mine", "edsr", "--results", folder)
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "mine is better than edsr by PSNR on Set14: +0.150 dB" in text
    assert "of 14 images 14 won, 0 lost. Better by SSIM." in text
    assert "│ 14/0/0 │ better │" in text
    assert "│ code and weights, as one hash │ hash of mine │ hash of edsr │" in text
    assert "PSNR: +0.200 13 █" in text


def test_losing_is_no_failure(srbench, folder):
    result = srbench("compare", "bicubic", "edsr", "--results", folder)
    assert (result.exit_code, "bicubic is worse than edsr" in result.stdout) == (0, True)


@pytest.mark.parametrize("format", ["markdown", "json", "html"])
def test_output_names_the_file(srbench, folder, tmp_path, format):
    path = tmp_path / "new" / f"out.{format}"
    result = srbench("compare", "mine", "edsr", "--results", folder, "--format", format, "--output", path)
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert f"wrote {path}" in "".join(result.stderr.splitlines())
    assert "mine" in path.read_text()


def test_markdown_and_json_are_printed_and_nothing_else(srbench, folder):
    result = srbench("compare", "mine", "edsr", "--results", folder, "--format", "markdown")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("### mine against edsr\n")
    result = srbench("compare", "mine", "edsr", "--results", folder, "--format", "json", "--metrics", "ssim")
    assert [row["metric"] for row in json.loads(result.stdout)["rows"]] == ["ssim"]


def test_the_page_is_written_into_the_folder(srbench, folder, monkeypatch):
    opened = []
    monkeypatch.setattr("typer.launch", opened.append)
    result = srbench("compare", "mine", "edsr", "--results", folder, "--format", "html", "--open")
    assert result.exit_code == 0, result.output
    page = folder / "mine_against_edsr.html"
    assert page.read_text().lstrip().startswith("<!doctype html>")
    assert opened == [page.resolve().as_uri()]


def test_one_name_in_two_folders(srbench, folder, scored):
    before = scored("before", {"mine": psnr(BASE - STEP)})
    result = srbench("compare", "mine", "mine", "--results", folder, "--with", before, "--format", "json")
    content = json.loads(result.stdout)
    assert content["rows"][0]["verdict"] == "better"
    assert content["b"] == {"method": "mine", "results": str(before)}


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["mine", "esdr"], r"unknown method in '.*r': 'esdr'; did you mean edsr\? Known: bicubic, edsr, mine"),
        (["mine", "mine"], "'mine' against itself in '.*r'; name two methods, or .* --with"),
        (["mine", "edsr", "--metrics", "psnrr"], "unknown metric of mine and edsr: 'psnrr'; did you mean psnr"),
        (["mine", "edsr", "--datasets", "set15"], "unknown dataset .* 'set15'; did you mean set14"),
        (["mine", "edsr", "--scale", "2"], "the filters leave no value that both have; mine has psnr, ssim on set14"),
        (["mine", "edsr", "--scale", "two"], "two"),
        (["mine", "edsr", "--format", "pdf"], "unknown format 'pdf'; use one of table, markdown, html, json"),
        (["mine", "edsr", "--output", "x"], "--output does not go with table"),
        (["mine", "edsr", "--open"], "--open shows the HTML page only"),
        (["mine", "edsr", "--with", "nowhere"], "no results in 'nowhere'"),
    ],
)
def test_what_is_wrong_is_one_line(wrong, folder, arguments, match):
    wrong("compare", *arguments, "--results", folder, match=match)


def test_images_that_one_lacks_are_said(srbench, scored):
    own = psnr(BASE + STEP)
    own[SET14[5]] = None
    folder = scored("r", {"mine": own, "edsr": psnr(BASE)})
    result = srbench("compare", "mine", "edsr", "--results", folder)
    text = " ".join(result.stdout.split())
    assert "not compared: Set14 x4, basicsr, bicubic: 1 image left out of psnr, ssim (mine: failed): 05" in text
    assert "of 13 images 13 won" in text


LONG = "a-method-with-quite-a-long-name"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_number_and_no_name_is_cut(srbench, scored, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    data = [("set5", f"{i}") for i in range(6)]
    folder = scored("r", {LONG: psnr(BASE + STEP) | psnr(BASE[:6], data), "edsr": psnr(BASE) | psnr(BASE[:6], data)})
    result = srbench("compare", LONG, "edsr", "--results", folder)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in result.stdout
    table = [line for line in lines if line.startswith("│")]
    for number in ("+0.150", "+0.00375", "better", "the same"):
        assert any(number in line for line in table), number
    assert re.sub(r"[│\s]", "", result.stdout).count(LONG) >= 3


def test_many_images_share_signs(srbench, scored, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    images = [("bsd100", f"{i:03d}") for i in range(100)]
    folder = scored("r", {"a": psnr(np.linspace(29, 31, 100), images), "b": psnr(np.full(100, 30.01), images)})
    lines = srbench("compare", "a", "b", "--results", folder, "--metrics", "psnr").stdout.splitlines()
    [strip] = [line for line in lines if set(line) <= set("▁▂▃▄▅▆▇█│·") and "│" in line]
    assert len(strip) == 51
    assert strip.index("│") == 25


def test_a_terminal_of_ascii_is_given_other_signs(folder):
    from srbench.cli.versus import strip
    from srbench.results.contestant import load
    from srbench.results.head_to_head import compare

    found = compare(load(folder, "mine"), load(folder, "edsr"))
    assert strip(found.pairings[0], 80, plain=True) == "+" * 14 + "|"


def test_a_reader_that_goes_away_early_is_no_error(folder):
    command = [sys.executable, "-m", "srbench", "compare", "mine", "edsr", "--results", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()  # as of | head
    assert (process.communicate()[1], process.returncode) == ("", 0)
