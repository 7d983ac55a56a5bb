"""``srbench check``: 0 holds, 1 falls short, 2 is wrong."""

import re
import subprocess
import sys

import pytest

from srbench.results.store import Store

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
    assert "1 of 2 thresholds hold, 1 do not" in result.stdout
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
    go(write_plugin("if lr.shape[-1] == 14: 1 / 0\n        return imresize(lr, scale)", name="mine"))
    (tmp_path / "t.toml").write_text(LINES.format(bound="min = 1", metric="psnr").replace('"bicubic"', '"mine"', 1))
    result = srbench("check", results, "--thresholds", tmp_path / "t.toml")
    assert result.exit_code == 1
    assert "only 2 of 3 images" in result.stdout


def test_names_with_brackets_are_printed_as_they_are(srbench, go, write_plugin, results, tmp_path):
    go(write_plugin(name="net[/b][v2]"))
    text = LINES.format(bound="min = 99", metric="psnr").replace('"bicubic"', '"net[/b][v2]"')
    (tmp_path / "t.toml").write_text(text)
    result = srbench("check", results, "--thresholds", tmp_path / "t.toml")
    assert result.exit_code == 1
    assert "net[/b][v2]" in result.stdout


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[[threshold]]\nmethod = \n", "not valid TOML.*line 2"),
        ("", "holds no thresholds"),
        (LINES.format(bound="mni = 1", metric="psnr"), "threshold 1.*unknown key 'mni'.*did you mean min"),
        (LINES.format(bound="min = 2\nmax = 1", metric="psnr"), "nothing lies between 2 and 1"),
        (LINES.format(bound="min = 2", metric="psnr").replace("bicubic", "bicubik"), "'bicubik'; did you mean bicubic"),
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


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ([], "nothing to do; give one of --thresholds and --write-baseline"),
        (["--thresholds", "a", "--write-baseline", "b"], "two things to do"),
        (["--thresholds", "a", "--margin", "1"], "belong to --write-baseline"),
        (["--thresholds", "a", "--format", "gitlab"], "unknown format 'gitlab'"),
        (["--write-baseline", "b", "--margin", "psnr=wide"], "--margin psnr=wide is no margin"),
        (["--write-baseline", "b", "--margin", "pnsr=1"], "unknown metric 'pnsr'"),
        (["--write-baseline", "b", "--pixels", "0"], "--pixels 0 means nothing"),
    ],
)
def test_a_wrong_command_line_is_one_line(wrong, go, results, arguments, match):
    go("nearest")
    wrong("check", results, *arguments, match=match)


def test_an_empty_folder_makes_no_baseline_and_holds_nothing(wrong, go, results, tmp_path):
    Store(results, create=True).__exit__()
    wrong("check", results, "--write-baseline", tmp_path / "b.toml", match="no results in")
    (tmp_path / "t.toml").write_text(LINES.format(bound="min = 1", metric="psnr"))
    wrong("check", results, "--thresholds", tmp_path / "t.toml", match="no results in")
    assert not (tmp_path / "b.toml").exists()


# -- baselines -----------------------------------------------------------------------------------------------------

OFFSET = "return imresize(lr, scale) + {offset}"


@pytest.fixture
def change(go, write_plugin, results):
    """Runs a method 'mine' with a body; a second call replaces the first's results."""

    def call(body="return imresize(lr, scale)", **options):
        return go(write_plugin(body), **options)

    return call


def test_a_baseline_holds_what_it_was_written_from(srbench, change, results, tmp_path):
    change()
    path = tmp_path / "ci" / "b.toml"
    result = srbench("check", results, "--write-baseline", path, "--image-margin", "psnr=0.1", "--pixels", "identical")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"wrote 3 thresholds to {path}\n"
    text = path.read_text()
    assert "margin = 0.02" in text
    assert not re.search(r"= [0-9.]+e", text)  # plain decimals
    result = srbench("check", results, "--thresholds", path)
    assert (result.exit_code, result.stdout) == (0, "all 3 thresholds hold\n")


@pytest.mark.parametrize(
    ("options", "body", "expected"),
    [
        ([], OFFSET.format(offset=0.1), "worse than the baseline's"),
        (
            ["--margin", "1,ssim=1", "--image-margin", "0.5"],
            "sr = imresize(lr, scale)\n        return sr * (0.5 if lr.shape[-1] == 14 else 1)",
            "image 'a' at",
        ),
        (["--margin", "1,ssim=1", "--pixels", "identical"], OFFSET.format(offset="0.002"), "have other pixels: 'a'"),
        (["--margin", "99", "--pixels", "2"], OFFSET.format(offset="4 / 255"), "differs by up to 4 in"),
    ],
)
def test_what_changed_is_named(srbench, change, results, tmp_path, options, body, expected):
    change()
    path = tmp_path / "b.toml"
    assert srbench("check", results, "--write-baseline", path, *options).exit_code == 0
    change(body)
    reports = ["--junit", tmp_path / "j.xml", "--summary", tmp_path / "s.md", "--format", "github"]
    result = srbench("check", results, "--thresholds", path, *reports)
    assert result.exit_code == 1, result.output
    assert expected in result.stdout
    assert expected in (tmp_path / "j.xml").read_text().replace("&apos;", "'")
    assert expected in (tmp_path / "s.md").read_text()
    annotation = next(line for line in result.stdout.splitlines() if line.startswith("::error ") and expected in line)
    line = int(annotation.partition("line=")[2].partition(",")[0])
    assert path.read_text().splitlines()[line - 1] == "[[threshold]]"


def test_pixels_within_max_abs_hold(srbench, change, results, tmp_path):
    change()
    path = tmp_path / "b.toml"
    assert srbench("check", results, "--write-baseline", path, "--pixels", "1", "--margin", "9,ssim=1").exit_code == 0
    assert len(list((tmp_path / "b-images").rglob("*.png"))) == 3
    change(OFFSET.format(offset="0.9 / 255"))
    result = srbench("check", results, "--thresholds", path)
    assert result.exit_code == 0, result.output


def test_a_baseline_of_another_protocol_version_is_refused(wrong, srbench, change, results, tmp_path):
    change()
    path = tmp_path / "b.toml"
    srbench("check", results, "--write-baseline", path)
    text = path.read_text()
    known = text.partition('"basicsr" = "')[2][:16]
    path.write_text(text.replace(known, "0" * 16))
    wrong("check", results, "--thresholds", path, match="another version of protocol basicsr .0000")
    path.write_text(text.replace('"pictures" = 0', '"pictures" = 5'))
    wrong("check", results, "--thresholds", path, match="another version of dataset pictures .5; these results: 0")


def test_a_method_that_failed_and_pixels_that_were_not_kept_make_no_baseline(wrong, change, results, tmp_path):
    change(keep_images=False)
    wrong("check", results, "--write-baseline", tmp_path / "b.toml", "--pixels", "1", match="were not kept; run again")
    change("1 / 0")
    wrong("check", results, "--write-baseline", tmp_path / "b.toml", match="cannot be a baseline: 'a' failed: Zero")
    assert not (tmp_path / "b.toml").exists()


def test_a_method_that_is_gone_falls_short(srbench, go, change, results, tmp_path):
    go("bicubic")
    path = tmp_path / "b.toml"
    srbench("check", results, "--write-baseline", path)
    change(out=tmp_path / "other")
    result = srbench("check", tmp_path / "other", "--thresholds", path)
    assert result.exit_code == 1
    assert result.stdout.count("not in the results") == 2


def test_three_for_a_timing_that_is_inconclusive(srbench, go, results, tmp_path):
    from srbench.records import Timing

    go("bicubic")
    facts = {"subject": "pictures", "scale": 2, "lr_size": (16, 16), "channels": 3, "device": "cpu"}
    facts |= {"variant": "fp32", "threads": 1, "session": "s"}
    with Store(results) as store:
        store.add_timings(1, [
            Timing(method="bicubic", seconds=(1.0,) * 20, **facts),
            Timing(method="nearest", seconds=(0.5, 2.0) * 10, **facts),
        ])  # fmt: skip
    text = LINES.format(metric="latency", bound='relative_to = "bicubic"\nmax_ratio = 1')
    (tmp_path / "t.toml").write_text(text.replace('method = "bicubic"', 'method = "nearest"'))
    arguments = ("check", results, "--thresholds", tmp_path / "t.toml")
    result = srbench(*arguments)
    assert result.exit_code == 3, result.output
    assert "inconclusive" in result.stdout
    assert srbench(*arguments, "--allow-inconclusive").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [[], ["--thresholds", "a", "--write-baseline", "b"], ["--write-baseline", "b", "--pixels", "0"]]
)
def test_a_wrong_command_line_is_told_before_anything_large_is_imported(arguments):
    code = (
        "import sys\nfrom srbench.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        "    large = {'torch', 'numpy', 'pandas', 'scipy', 'PIL', 'sqlalchemy'} & set(sys.modules)\n"
        "    print(end.code, large)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "check", *arguments], capture_output=True, text=True, check=True
    )
    assert result.stdout == "2 set()\n", result.stderr
