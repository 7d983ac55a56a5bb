"""``srbench report --format markdown|latex``: the tables of papers."""

import re

import pytest


@pytest.fixture
def table(srbench, go, results):
    def call(format):
        result = srbench("report", results, "--format", format)
        assert result.exit_code == 0, result.output
        return result.stdout

    return call


@pytest.fixture
def means(srbench, results):
    """Means of the folder by (method, metric), as the CSV has them."""

    def read():
        lines = srbench("report", results, "--format", "csv").stdout.splitlines()[1:]
        return {(row[0], row[5]): float(row[6]) for row in (line.split(",") for line in lines)}

    return read


def test_markdown_marks_the_best_and_the_second(table, go, means):
    go("nearest", "bilinear", "bicubic")
    text = table("markdown")
    assert "### x2, protocol basicsr, degradation bicubic" in text
    assert "| method | pictures psnr | pictures ssim |\n|---|---:|---:|" in text
    value = means()
    order = sorted(("nearest", "bilinear", "bicubic"), key=lambda m: -value[m, "psnr"])
    cells = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[1] for line in text.splitlines() if line.startswith("| ")
    }
    assert cells[order[0]] == f"**{value[order[0], 'psnr']:.2f}**"
    assert cells[order[1]] == f"<u>{value[order[1], 'psnr']:.2f}</u>"
    assert cells[order[2]] == f"{value[order[2], 'psnr']:.2f}"


def test_latex_is_a_booktabs_table(table, go, means):
    go("nearest", "bilinear", "bicubic", scales=(2, 3))
    text = table("latex")
    assert text.count(r"\begin{tabular}{lrr}") == text.count(r"\end{tabular}") == 2
    for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\cmidrule(lr){2-3}"):
        assert text.count(rule) == 2
    assert r"\multicolumn{2}{c}{pictures}" in text
    assert r"Method & PSNR & SSIM \\" in text
    assert text.count(r"\textbf{") == text.count(r"\underline{") == 4
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and not line.startswith((" &", "Method"))]
    assert len(rows) == 6
    assert all(len(re.findall(r"(?<!\\)&", row)) == 2 for row in rows)
    assert text.count("{") == text.count("}")


def test_equal_values_share_a_rank(table, go, write_plugin):
    go("nearest", "bicubic", write_plugin(name="twin"))
    assert table("markdown").count("**") == 8


def test_a_mean_over_fewer_images_has_a_star_and_no_rank(table, go, write_plugin):
    go("nearest", "bilinear", write_plugin("if lr.shape[-1] == 14: 1 / 0\n        return imresize(lr, scale)"))
    text = table("markdown")
    line = next(line for line in text.splitlines() if line.startswith("| mine"))
    assert re.search(r"\d\.\d\d\*? ", line)
    assert "**" not in line
    assert "over fewer images" in text
    assert "% * over fewer images" in table("latex")


def test_special_characters_are_escaped(table, go, write_plugin):
    go(write_plugin(name="a_b%|*x"), "nearest")
    assert r"a\_b%\|\*x" in table("markdown")
    assert r"a\_b\%|*x" in table("latex")


def test_a_file_and_an_empty_folder(srbench, go, results, tmp_path):
    go("nearest")
    result = srbench("report", results, "--format", "latex", "--output", tmp_path / "new" / "table.tex")
    assert result.exit_code == 0
    assert r"\toprule" in (tmp_path / "new" / "table.tex").read_text()


@pytest.mark.parametrize("format", ["markdown", "latex"])
def test_what_does_not_go_together_is_one_line(wrong, go, results, format):
    go("nearest")
    wrong("report", results, "--format", format, "--per-image", match=f"--per-image does not go with {format}")
    wrong("report", results, "--format", "latx", match="unknown format 'latx'")
