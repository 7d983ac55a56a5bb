"""``srbench check``: 0 holds, 1 falls short, 2 is wrong."""

import pytest

LINES = """
[[threshold]]
method = "bicubic"
dataset = "pictures"
scale = 2
metric = "{metric}"
{bound}
"""


@pytest.fixture
def check(srbench, go, results, tmp_path):
    """Runs bicubic on the small pictures and checks it against such lines."""
    go("bicubic")

    def call(*bounds, metric="psnr"):
        path = tmp_path / "t.toml"
        path.write_text("".join(LINES.format(bound=bound, metric=metric) for bound in bounds))
        return srbench("check", results, "--thresholds", path)

    return call


def test_zero_if_all_hold(check):
    result = check("min = 10", "max = 90")
    assert result.exit_code == 0, result.output
    assert "all 2 thresholds hold" in result.stdout


def test_one_if_some_fall_short_with_a_table_of_which_and_by_how_much(check, scores):
    mean = sum(scores()["bicubic", image, "psnr"] for image in "abc") / 3
    result = check("min = 10", f"min = {mean + 0.25!r}")
    assert result.exit_code == 1
    assert "1 of 2 thresholds do not hold" in result.stdout
    assert "bicubic pictures x2 psnr (basicsr, bicubic)" in result.stdout
    assert f"{mean:.4f}" in result.stdout
    assert "0.2500" in result.stdout


def test_one_if_a_mean_is_missing(srbench, go, results, tmp_path):
    go("nearest")
    (tmp_path / "t.toml").write_text(LINES.format(bound="min = 1", metric="psnr"))
    result = srbench("check", results, "--thresholds", tmp_path / "t.toml")
    assert result.exit_code == 1
    assert "not in the results" in result.stdout


def test_one_if_some_images_failed(srbench, go, write_plugin, results, tmp_path):
    go(write_plugin("if lr.shape[-1] == 14: 1 / 0\n        return imresize(lr, scale)", name="bicubic"))
    (tmp_path / "t.toml").write_text(LINES.format(bound="min = 1", metric="psnr"))
    result = srbench("check", results, "--thresholds", tmp_path / "t.toml")
    assert result.exit_code == 1
    assert "only 2 of 3 images" in result.stdout


def test_names_with_brackets_are_printed_as_they_are(srbench, go, results, tmp_path):
    go("bicubic")
    text = LINES.format(bound="min = 1", metric="psnr").replace('"bicubic"', '"net[/b][v2]"')
    (tmp_path / "t.toml").write_text(text)
    result = srbench("check", results, "--thresholds", tmp_path / "t.toml")
    assert result.exit_code == 1
    assert "net[/b][v2]" in result.stdout


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[[threshold]]\nmethod = \n", "not valid TOML.*line 2"),
        ("", "holds no thresholds"),
        (LINES.format(bound="mni = 1", metric="psnr"), "unknown key in threshold 1.*'mni'.*did you mean min"),
        (LINES.format(bound="min = 2\nmax = 1", metric="psnr"), "nothing lies between 2 and 1"),
        (LINES.format(bound="min = 2", metric="pnsr"), "unknown metric 'pnsr'; did you mean psnr"),
    ],
)
def test_a_wrong_file_is_one_line(wrong, go, results, tmp_path, text, match):
    go("nearest")
    (tmp_path / "t.toml").write_text(text)
    wrong("check", results, "--thresholds", tmp_path / "t.toml", match=match)


def test_a_missing_file_or_folder_is_one_line(wrong, tmp_path):
    wrong("check", tmp_path, "--thresholds", tmp_path / "gone.toml", match=r"cannot read thresholds '.*gone\.toml'")
    (tmp_path / "t.toml").write_text(LINES.format(bound="min = 1", metric="psnr"))
    wrong("check", tmp_path, "--thresholds", tmp_path / "t.toml", match="no results in")


def test_without_thresholds_it_is_a_usage_error(srbench, results):
    result = srbench("check", results)
    assert result.exit_code == 2
    assert "--thresholds" in result.stderr
