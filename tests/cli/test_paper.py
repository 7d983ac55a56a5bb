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
    assert "| Method | pictures PSNR (dB) ↑ | pictures SSIM ↑ |\n|---|---:|---:|" in text
    value = means()
    order = sorted(("nearest", "bilinear", "bicubic"), key=lambda m: -value[m, "psnr"])
    cells = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[1] for line in text.splitlines() if line.startswith("| ")
    }
    titles = {"nearest": "Nearest neighbour", "bilinear": "Bilinear", "bicubic": "Bicubic"}
    assert cells[titles[order[0]]] == f"**{value[order[0], 'psnr']:.2f}**"
    assert cells[titles[order[1]]] == f"<u>{value[order[1], 'psnr']:.2f}</u>"
    assert cells[titles[order[2]]] == f"{value[order[2], 'psnr']:.2f}"


def test_latex_is_a_booktabs_table(table, go, means):
    go("nearest", "bilinear", "bicubic", scales=(2, 3))
    text = table("latex")
    assert text.count(r"\begin{tabular}{lrr}") == text.count(r"\end{tabular}") == 2
    for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\cmidrule(lr){2-3}"):
        assert text.count(rule) == 2
    assert r"\multicolumn{2}{c}{pictures}" in text
    assert r"Method & PSNR (dB) $\uparrow$ & SSIM $\uparrow$ \\" in text
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
    line = next(line for line in text.splitlines() if line.startswith("| Mine (own)"))
    assert re.search(r"\d\.\d\d\\\* ", line)
    assert "**" not in line
    assert "over fewer images" in text
    assert "% * over fewer images" in table("latex")


def test_special_characters_are_escaped(table, go, write_plugin):
    go(write_plugin(title="a_b%|*x & <c> ~ #1 $2 ^3 {4}"), "nearest")
    assert r"| a\_b%\|\*x & \<c\> ~ #1 $2 ^3 {4} (own) |" in table("markdown")
    latex = (
        r"a\_b\%\textbar{}*x \& \textless{}c\textgreater{} \textasciitilde{} \#1 \$2 \textasciicircum{}3 \{4\} (own) &"
    )
    assert latex in table("latex")


def test_methods_of_one_title_are_called_by_their_names(table, go, write_plugin):
    go(write_plugin(name="one", file="one.py"), write_plugin(name="two", file="two.py"))
    assert "| one (own) |" in table("markdown")
    assert "two (own) &" in table("latex")


def test_the_own_method_is_last_and_marked(table, go, write_plugin):
    go(write_plugin("return imresize(lr, scale)"), "nearest", "bilinear")
    rows = [line.partition(" &")[0] for line in table("latex").splitlines() if line.endswith(r"\\")][2:]
    assert rows[-1] == "Mine (own)"
    assert [row.partition("~")[0] for row in rows[:-1]] == ["Bilinear", "Nearest neighbour"]
    assert table("latex").count(r"\midrule") == 2


def test_the_papers_that_are_cited_stand_beside_the_file(srbench, go, results, tmp_path):
    go("bicubic", "srcnn", "vdsr", scales=(4,))
    result = srbench("report", results, "--format", "latex", "--output", tmp_path / "table.tex")
    assert result.exit_code == 0, result.output
    cited = re.findall(r"\\cite\{([^}]+)\}", (tmp_path / "table.tex").read_text())
    entries = re.findall(r"^@\w+\{([^,]+),", (tmp_path / "table.bib").read_text(), re.MULTILINE)
    assert len(cited) == 3
    assert sorted(cited) == sorted(entries)
    assert "--output FILE.tex writes the papers" in srbench("report", results, "--format", "latex").stderr


def test_parameters_stand_where_they_are_known(table, go):
    go("bicubic", "srcnn", scales=(4,))
    assert "| Method | Parameters | pictures PSNR (dB) ↑ |" in table("markdown")
    (row,) = [line for line in table("markdown").splitlines() if line.startswith("| SRCNN")]
    assert re.match(r"\| SRCNN \| [\d.]+ k \| ", row)
    (row,) = [line for line in table("latex").splitlines() if line.startswith("SRCNN")]
    assert re.search(r" & [\d.]+\\,k & ", row)


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
    wrong(
        "report",
        results,
        "--format",
        "latex",
        "--output",
        "table.bib",
        match="where the papers .* go; call the table .tex",
    )
