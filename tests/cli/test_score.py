"""``srbench score``: images made elsewhere, measured as a run measures its own."""

import json
import shutil

import pytest

from srbench.imaging.images import read_image, write_image
from srbench.results.reader import Reader
from srbench.run import external
from srbench.run.external import ForeignOptions
from srbench.run.observer import Silent


@pytest.fixture
def score(srbench, pictures, results):
    def call(folder, *arguments, name="theirs"):
        fixed = ["--dataset", pictures, "--scale", "2", "--name", name, "--out", results]
        return srbench("score", folder, *fixed, *arguments)

    return call


@pytest.fixture
def wrong_score(wrong, pictures, results):
    def call(folder, *arguments, match, name="theirs"):
        wrong(
            "score",
            folder,
            "--dataset",
            pictures,
            "--scale",
            2,
            "--name",
            name,
            "--out",
            results,
            *arguments,
            match=match,
        )
        assert not (results / "results.sqlite").exists()

    return call


@pytest.fixture
def theirs(srbench, pictures, tmp_path):
    """A folder of images as another program may have written them: those of a bicubic run, renamed."""
    out = tmp_path / "made"

    def make(pattern="{}_x2_SR", protocol="basicsr", method="bicubic"):
        options = ["--scales", "2", "--out", out, "--device", "cpu", "--threads", "1", "--protocol", protocol]
        assert srbench("run", "--methods", method, "--datasets", pictures, *options).exit_code == 0
        folder = tmp_path / "theirs"
        folder.mkdir(exist_ok=True)
        for path in out.glob(f"images/{protocol}/**/*.png"):
            shutil.copy(path, folder / (pattern.format(path.stem) + ".png"))
        return folder, out

    return make


@pytest.mark.parametrize("protocol", ["basicsr", "classic"])
@pytest.mark.parametrize("method", ["bicubic", "luma"])
@pytest.mark.sampled(2)
def test_scores_are_those_of_a_run_to_the_last_bit(score, theirs, scores, results, protocol, method, write_plugin):
    if method == "luma":  # luma alone: under classic its images are of Y
        method = write_plugin(name="luma", colour="luma")
    folder, out = theirs(protocol=protocol, method=method)
    result = score(folder, "--protocol", protocol)
    assert result.exit_code == 0, result.output
    expected = {key[1:]: value for key, value in scores(out).items()}
    assert len(expected) >= 6
    assert {key[1:]: value for key, value in scores(results).items()} == expected
    assert "theirs" in result.stdout
    assert "3 cells computed" in result.stderr
    assert len(list(results.glob("images/**/*.png"))) == 3
    again = score(folder, "--protocol", protocol)
    assert "0 cells computed, 3 already there" in again.stderr


MEAN_ERROR = """
from srbench.metrics import Metric

MINE = Metric(name="mean-error", title="Mean error", version=1, higher_is_better=False, unit="", bounds=(0, 255),
              digits=2, needs=("sr_luma", "hr_luma"),
              compute=lambda pair: float((pair.sr_luma - pair.hr_luma).abs().mean()))
"""


def test_it_writes_the_manifest_and_what_its_metrics_are_as_a_run_does(score, theirs, results, srbench, tmp_path):
    (tmp_path / "mine.py").write_text(MEAN_ERROR)
    metrics = ("--metrics", f"psnr,{tmp_path / 'mine.py'}")
    made, _ = theirs()
    assert score(made, *metrics).exit_code == 0
    run = ["--datasets", tmp_path / "pictures", "--scales", "2", "--out", results, "--device", "cpu"]
    assert srbench("run", "--methods", "nearest", *run, *metrics).exit_code == 0
    own, of_run = (json.loads((results / "runs" / f"000{number}.json").read_text()) for number in (1, 2))
    assert set(own) - {"scored_from"} == set(of_run)
    assert own["status"] == "finished"
    assert own["metrics"] == of_run["metrics"]
    assert [metric["higher_is_better"] for metric in own["metrics"]] == [True, False]
    with Reader(results) as reader:
        stored, _ = reader.runs()
    assert stored.manifest == {key: value for key, value in own.items() if key != "status"}


def test_a_metric_asked_for_later_is_measured_of_the_kept_images(score, theirs, scores, results):
    folder, out = theirs()
    assert "3 cells computed" in score(folder, "--metrics", "psnr").stderr
    assert "3 cells computed" in score(folder, "--metrics", "psnr,ssim").stderr
    assert len(list(results.glob("images/**/*.png"))) == 3
    expected = {key[1:]: value for key, value in scores(out).items() if key[2] in ("psnr", "ssim")}
    assert {key[1:]: value for key, value in scores(results).items()} == expected


def test_images_that_are_gone_from_the_results_are_taken_from_the_folder_again(score, theirs, results):
    folder, _ = theirs()
    score(folder, "--metrics", "psnr")
    for path in results.glob("images/**/*.png"):
        path.unlink()
    again = score(folder, "--metrics", "psnr,ssim")
    assert again.exit_code == 0, again.output
    assert "3 cells computed" in again.stderr
    assert len(list(results.glob("images/**/*.png"))) == 3


def test_it_ends_in_order_when_it_is_interrupted_and_goes_on(score, theirs, results, pictures):
    folder, _ = theirs()

    class Impatient(Silent):
        def done(self, cell, outcome):
            raise KeyboardInterrupt

    options = ForeignOptions(folder, str(pictures), 2, "theirs", metrics=("psnr",), out=results)
    assert external.score(options, Impatient()).interrupted
    assert json.loads((results / "runs" / "0001.json").read_text())["status"] == "interrupted"
    result = score(folder, "--metrics", "psnr,ssim")
    assert "3 cells computed" in result.stderr
    assert json.loads((results / "runs" / "0002.json").read_text())["scored_from"] == "theirs"


def test_images_have_no_likelihood_to_compute_again(score, theirs):
    folder, _ = theirs()
    for done in ("3 cells computed, 0 already there", "0 cells computed, 3 already there"):
        assert done in score(folder, "--metrics", "psnr,bits").stderr


@pytest.mark.data("set5")
def test_set5_through_run_and_through_score(srbench, tmp_path, scores):
    run = ["--scales", "4", "--out", tmp_path / "a", "--device", "cpu"]
    assert srbench("run", "--methods", "bicubic", "--datasets", "set5", *run).exit_code == 0
    folder = next((tmp_path / "a" / "images" / "basicsr" / "set5" / "x4").iterdir())
    result = srbench("score", folder, "--dataset", "set5", "--scale", 4, "--name", "theirs", "--out", tmp_path / "b")
    assert result.exit_code == 0, result.output
    assert "28.43" in result.stdout
    assert "canary: bicubic has its recorded PSNR on 1 of 1" in result.stderr
    one, other = ({key[1:]: v for key, v in scores(tmp_path / part).items()} for part in "ab")
    assert one == other


@pytest.mark.parametrize(
    "pattern", ["{}", "{}_x2", "{}x2", "{}_SR", "{}-theirs_x2", "{}_theirs", "{}_SRF_2_SR", "{}_2x_out", "{}_X2"]
)
@pytest.mark.sampled(3)
def test_common_endings_are_understood(score, theirs, pattern):
    folder, _ = theirs(pattern)
    assert score(folder).exit_code == 0


def test_both_stand_on_one_leaderboard(score, theirs, srbench, tmp_path, pictures):
    folder, out = theirs()
    options = ["--dataset", pictures, "--scale", "2", "--name", "theirs", "--out", out]
    assert srbench("score", folder, *options).exit_code == 0
    lines = [line.split(",") for line in srbench("report", out, "--format", "csv").stdout.splitlines()[1:]]
    means = {(line[0], line[5]): line[6] for line in lines}
    assert means["theirs", "psnr"] == means["bicubic", "psnr"]
    assert srbench("report", out).exit_code == 0


def test_changed_images_replace_the_old_ones(score, theirs, srbench, results):
    folder, _ = theirs()
    score(folder)
    write_image(folder / "a_x2_SR.png", 255 - read_image(folder / "a_x2_SR.png"))
    assert score(folder).exit_code == 0
    rows = srbench("report", results, "--format", "csv", "--per-image").stdout.splitlines()[1:]
    psnr = {line.split(",")[5]: float(line.split(",")[7]) for line in rows if ",psnr," in line}
    assert psnr["a"] < 15 < psnr["b"]


# -- bad input -----------------------------------------------------------------------------------------------------


def test_images_of_the_wrong_size_are_named(wrong_score, theirs):
    folder, _ = theirs("{}")
    write_image(folder / "b.png", read_image(folder / "b.png")[:-2])
    match = r"1 of 3 images do not fit pictures at x2: b\.png is 32x26, not 32x28; they must have"
    wrong_score(folder, match=match)


def test_a_missing_image_and_one_too_many_are_named(wrong_score, theirs):
    folder, _ = theirs("{}_x4")
    match = r"3 of 3 images have no file in '.*theirs' \(a, b, c\); 3 files in .* belong to no image \(a_x4\.png"
    wrong_score(folder, match=match)


def test_order_is_no_pairing(wrong_score, theirs):
    folder, _ = theirs("{}")
    for i, name in enumerate("abc"):
        (folder / f"{name}.png").rename(folder / f"{i}.png")
    wrong_score(folder, match="belong to no image")


def test_two_files_for_one_image_are_named(wrong_score, theirs):
    folder, _ = theirs("{}")
    shutil.copy(folder / "a.png", folder / "a_x2.png")
    wrong_score(folder, match=r"two files for 'a' in '.*': a\.png and a_x2\.png")


def test_a_grey_file_for_a_colour_image_is_named(wrong_score, theirs):
    folder, _ = theirs("{}")
    write_image(folder / "a.png", read_image(folder / "a.png")[..., 0])
    wrong_score(folder, match=r"a\.png is grey, its image has colours.*--protocol classic")


def test_a_file_that_cannot_be_decoded_is_named(wrong_score, theirs):
    folder, _ = theirs("{}")
    (folder / "a.png").write_bytes(b"no image")
    wrong_score(folder, match=r"cannot decode '.*a\.png'")


def test_all_files_that_cannot_be_decoded_are_named_at_once(wrong_score, theirs):
    folder, _ = theirs("{}")
    for name in "ac":
        (folder / f"{name}.png").write_bytes(b"no image")
    wrong_score(folder, match=r"2 of 3 images cannot be used: .*a\.png.*c\.png")


def test_names_and_folders_that_are_wrong(wrong_score, theirs, tmp_path):
    folder, _ = theirs("{}")
    wrong_score(folder, name="bicubic", match="'bicubic' is the name of a method of srbench; choose another")
    wrong_score(tmp_path / "gone", match="no folder at")
    wrong_score(folder, "--metrics", "pnsr", match="unknown metric 'pnsr'; did you mean psnr")


def test_identical_images_are_said(score, pictures):
    result = score(pictures)
    assert result.exit_code == 0, result.output
    assert "left out (identical, NaN or too small)" in result.stdout


def test_images_made_of_given_lr_images_stand_beside_methods_on_them(
    srbench, score, pictures, results, make_picture, tmp_path
):
    low = tmp_path / "LR"
    for i, name in enumerate("abc"):
        write_image(low / f"{name}.png", make_picture(14, 14 + 2 * i, i))
    fixed = [
        "--datasets",
        pictures,
        "--scales",
        "2",
        "--lr",
        low,
        "--out",
        results,
        "--device",
        "cpu",
        "--threads",
        "1",
    ]
    assert srbench("run", "--methods", "bicubic", *fixed).exit_code == 0
    made = tmp_path / "made"
    for path in (results / "images").rglob("*.png"):
        write_image(made / f"{path.name[0]}.png", read_image(path))
    result = score(made, "--lr", low)
    assert result.exit_code == 0, result.output
    lines = [line.split(",") for line in srbench("report", results, "--format", "csv").stdout.splitlines()[1:]]
    values = {(line[0], line[4], line[5]): line[6] for line in lines}
    assert values["theirs", "given", "psnr"] == values["bicubic", "given", "psnr"]
    with Reader(results) as reader:
        assert len({row.facts.lr_sha256 for row in reader.planned()}) == 3


def test_folders_of_clips_are_scored_by_clip(srbench, wrong, tmp_path, results, make_picture):
    for number in range(4):
        pixels = make_picture(64, 80, 1)[:, 2 * number : 2 * number + 64].copy()  # t-of-ilk needs 48 pixels
        for clip in ("fox", "owl"):
            write_image(tmp_path / "clips" / clip / f"{number}.png", pixels)
        write_image(tmp_path / "theirs" / "fox" / f"sr_{number + 1}.png", pixels // 2 * 2)
    fixed = ["--dataset", tmp_path / "clips", "--scale", "2", "--name", "theirs", "--out", results]
    wrong("score", tmp_path / "theirs", *fixed, match=r"1 of 2 clips have no folder in '.*' \(owl\)")
    result = srbench("score", tmp_path / "theirs", *fixed, "--clips", "fox", "--metrics", "psnr,t-of-ilk")
    assert result.exit_code == 0, result.output
    assert "4/4 (1 clip)" in result.stdout
    assert "3/3 (1 clip)" in result.stdout
    (tmp_path / "theirs" / "fox" / "sr_2.png").unlink()
    wrong("score", tmp_path / "theirs", *fixed, "--clips", "fox", match=r"fox' lacks frame 2\b")
