"""``srbench train`` from a bare checkout, its errors, and how it stops."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file
from typer.testing import CliRunner

import srbench as package
from srbench.cli import app
from srbench.imaging.images import read_image, write_image
from srbench.method import plugins
from srbench.methods.srresnet import SrresnetNet
from srbench.paths import search_path

CHECKOUT = Path(package.__file__).parent.parent
FSRCNN = plugins.instantiate(plugins.find("fsrcnn")[0]).weight_path(4)
# All that `python -m srbench train` needs, as docs/training.md promises.
PROMISED = ("torch", "numpy", "pillow", "scipy", "safetensors", "typer", "rich", "scikit-image")
OPTIONS = [
    "--set",
    "validation_images=1",
    "--set",
    "patch=16",
    "--set",
    "shave=0",
    "--set",
    "batch=2",
    "--device",
    "cpu",
]


def invoke(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


@pytest.mark.parametrize(
    ("method", "weights"),
    [pytest.param(*own, marks=pytest.mark.slow) for own in (("fsrcnn", "fsrcnn_x2"), ("lapgan", "lapgan"))],
)
def test_train_runs_without_the_other_dependencies(bare_checkout, folder, tmp_path, method, weights):
    arguments = [method, "--data", str(folder), "--scale", "2", "--output", str(tmp_path / "out"), "--set", "steps=2"]
    arguments += ["--set", "validate_every=1"]
    arguments += ["--set", "discriminator_width=4"] if method == "lapgan" else []
    result = bare_checkout("train", *arguments, *OPTIONS, present=PROMISED)
    assert result.returncode == 0, result.stderr
    assert "done: 2 steps" in result.stderr
    assert result.stderr.count("note: no curve.svg without matplotlib") == 1
    written = {path.name for path in (tmp_path / f"out/{method}_x2").iterdir()}
    assert written == {"checkpoint.pt", "log.csv", f"{weights}.safetensors", f"{weights}.json"}
    assert result.stdout.strip() == str(tmp_path / f"out/{method}_x2/{weights}.safetensors")


def test_an_adversarial_training_shows_its_discriminator(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("srbench.cli.train.PLAIN_EVERY", 0.0)
    options = [*OPTIONS, "--set", "steps=3", "--set", "discriminator_width=4"]
    result = invoke("lapgan", "--data", folder, "--scale", "2", "--output", tmp_path, *options)
    assert result.exit_code == 0, result.output
    assert "note: lapgan is meant to start from the weights of lapsrn (--init FILE)" in result.stderr
    assert re.search(r"step 3/3 +loss 0\.\d+ +discriminator right \d+%", result.stderr)
    header, *rows = (tmp_path / "lapgan_x2/log.csv").read_text().splitlines()
    assert header == "step,seconds,rate,loss,psnr,discriminator_accuracy"
    assert [row.split(",")[0] for row in rows] == ["3"]


@pytest.mark.weights("squeeze")
def test_any_method_can_be_trained_on_content_features(folder, tmp_path):
    options = [*OPTIONS, "--set", "patch=32", "--set", "steps=2", "--set", 'loss={"l1": 1, "squeeze": 0.1}']
    result = invoke("fsrcnn", "--data", folder, "--scale", "2", "--output", tmp_path, *options)
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "fsrcnn_x2/fsrcnn_x2.json").read_text())
    assert card["content_features"] == ["SqueezeNet 1.1, conv1, fire3 and fire5"]


def test_one_training_per_scale_and_a_way_to_go_on(folder, tmp_path):
    arguments = ["espcn", "--data", folder, "--scale", "2,3", "--output", tmp_path, "--set", "steps=3", *OPTIONS]
    result = invoke(*arguments, "--max-minutes", "0")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("time is up at step 1 of 3; go on with:") == 2
    for _ in range(2):  # a step for each call
        line = next(line for line in result.stderr.splitlines() if line.endswith("--resume"))
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output
    assert "time is up" not in result.stderr
    assert result.stdout.split() == [str(tmp_path / f"espcn_x{s}/espcn_x{s}.safetensors") for s in (2, 3)]


def test_a_colour_method_is_trained_and_used(folder, tmp_path, monkeypatch):
    arguments = ["srresnet", "--data", folder, "--scale", "2", "--output", tmp_path, "--set", "steps=2", *OPTIONS]
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    weights = Path(result.stdout.strip())
    wide = tmp_path / "wide.safetensors"
    save_file(SrresnetNet(2, width=64).state_dict(), wide)
    result = invoke(*arguments, "--init", wide, "--force")
    assert result.exit_code == 2
    assert re.search(
        r"wide\.safetensors' does not fit the network.*use the file that belongs", " ".join(result.stderr.split())
    )
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(weights.parent))
    write_image(tmp_path / "red.png", np.full((10, 13, 3), (200, 40, 60), np.uint8))
    upscale = ["upscale", "srresnet", tmp_path / "red.png", "--scale", "2", "--output", tmp_path / "made"]
    result = CliRunner().invoke(app, [*map(str, upscale)])
    assert result.exit_code == 0, result.output
    image = read_image(tmp_path / "made/red_srresnet_x2.png")
    assert image.shape == (20, 26, 3)
    assert image[8:-8, 8:-8].mean(axis=(0, 1)) == pytest.approx([200, 40, 60], abs=12)


def test_a_fitted_method(folder, tmp_path):
    small = ["samples=2000", "anchors=8", "neighbours=64", "dimensions=6", "validation_images=1", "rescale=[1.0]"]
    options = [part for change in small for part in ("--set", change)]
    result = invoke("aplus", "--data", folder, "--scale", "2", "--output", tmp_path, *options)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "aplus_x2/aplus_x2.json").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_a_checkpoint(folder, tmp_path):
    command = [sys.executable, "-m", "srbench", "train", "fsrcnn", "--data", str(folder), "--scale", "2", *OPTIONS]
    process = subprocess.Popen(
        [*command, "--output", str(tmp_path), "--set", "validate_every=2"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    deadline = time.monotonic() + 300
    while not (tmp_path / "fsrcnn_x2/log.csv").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    assert re.search(r"interrupted at step \d+ of 200000; go on with:\n .*--resume", stderr)
    assert (tmp_path / "fsrcnn_x2/checkpoint.pt").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bicubic"], "bicubic has no recipe"),
        (["fsrcn"], "did you mean fsrcnn"),
        (["fsrcnn", "--scale", "5"], "not trained for x5"),
        (["fsrcnn", "--set", "stepz=3"], "did you mean 'steps'"),
        (["fsrcnn", "--resume", "--force"], "exclude each other"),
        (["fsrcnn", "--max-minutes", "nan"], "is a number of minutes, not nan"),
        (["fsrcnn", "--max-minutes", "-1"], "is a number of minutes, not -1"),
        (["fsrcnn", "--resume", "--init", "w.safetensors"], "exclude each other"),
        (["fsrcnn", "--init", "w.safetensors", *OPTIONS[2:6]], "no weights at"),
        (["fsrcnn", "--device", "abacus"], "unknown device 'abacus'"),
        (["aplus", "--resume"], "fitted at once"),
        (["aplus", "--max-minutes", "3"], "fitted at once"),
        (["fsrcnn", "--set", 'loss={"vgg54": 1}', *OPTIONS[2:6]], "no VGG-19 weights: neither vgg19_features"),
        (["fsrcnn", "--set", 'loss={"adversarial": 1}', *OPTIONS[2:6]], "fsrcnn has no discriminator"),
        (["lapgan", "--recipe", "vgg54"], "unknown recipe of lapgan 'vgg54'; known: none"),
        (["lapgan", "--init", str(FSRCNN), *OPTIONS[2:6]], "does not fit"),
        (["pixelcnn", "--recipe", "prior"], "keeps conditioning. as it is, which would be random"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(folder, arguments, message):
    result = invoke(*arguments, "--data", folder, "--set", "validation_images=1")
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_is_not_there(tmp_path):
    result = invoke("fsrcnn", "--data", tmp_path / "none")
    assert result.exit_code == 2
    assert "no folder" in result.stderr


QUICK = ["--data", "images", "--scale", "2", "--set", "learning_rate=0.002", *OPTIONS]


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    """A current folder with the images and a place to train into whose name a shell must be told apart from words."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my trainings"


@pytest.mark.slow
def test_minutes_alone_make_a_whole_training_that_can_be_run_as_its_last_line_says(here):
    result = invoke("espcn", *QUICK, "--max-minutes", "0.1", "--output", here)
    assert result.exit_code == 0, result.output
    assert "(what fits into the time; the recipe has " in result.stderr
    card = json.loads((here / "espcn_x2/espcn_x2.json").read_text())
    assert card["steps"] == card["recipe"]["steps"] >= 1  # as many as a busy machine makes in the time
    assert re.search(rf"^done: {card['steps']} steps?\b", result.stderr, re.MULTILINE)
    rows = [line.split(",") for line in (here / "espcn_x2/log.csv").read_text().splitlines()[1:]]
    assert (rows[0][0], rows[-1][0]) == ("0", str(card["steps"]))
    assert float(rows[-1][2]) < 0.1 * card["recipe"]["learning_rate"]  # the schedule came to its end
    assert (here / "espcn_x2/curve.svg").is_file()
    told = result.stderr.splitlines()[-1].strip()
    assert told.startswith("SRBENCH_WEIGHTS='")
    setting, *command = shlex.split(told)
    run = subprocess.run(
        [sys.executable, "-m", *command],
        env=os.environ | dict([setting.split("=", 1)]) | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode in (0, 1), run.stderr  # 1 where a default metric has no weights here
    assert " 0 already there" in run.stderr
    assert "failed" not in run.stderr
    manifest = json.loads(next(Path("results/runs").glob("*.json")).read_text())
    (method,) = [entry for entry in manifest["methods"] if entry["name"] == "espcn"]
    assert str(card["steps"]) in json.dumps(method)


@pytest.mark.parametrize(
    "more", [["--resume"], ["--set", "steps=1000"], ["--set", "steps=1000", "--resume"]], ids=" ".join
)
def test_minutes_of_a_longer_training_keep_its_schedule_and_leave_weights(here, more):
    result = invoke("espcn", *QUICK, "--max-minutes", "0.01", "--output", here, *more)
    assert result.exit_code == 0, result.output
    steps = 1000 if "--set" in more else plugins.find("espcn")[0].load().recipe.steps
    assert re.search(rf"time is up at step \d+ of {steps}; go on with:", result.stderr)
    assert ("no checkpoint in" in result.stderr) == ("--resume" in more)
    written = {path.name for path in (here / "espcn_x2").iterdir()}
    assert written == {"checkpoint.pt", "log.csv", "curve.svg", "espcn_x2.safetensors", "espcn_x2.json"}
    card = json.loads((here / "espcn_x2/espcn_x2.json").read_text())
    assert card["steps"] < card["recipe"]["steps"] == steps


@pytest.mark.sampled(3)
@pytest.mark.parametrize("left", ["both", "checkpoint.pt", "espcn_x2.safetensors"])
@pytest.mark.parametrize("other", [[], ["--set", "ema=0.9"], ["--scale", "3,2"], ["--max-minutes", "1"]], ids=" ".join)
def test_a_training_is_not_overwritten(here, left, other):
    options = ["--set", "steps=2", "--output", here]
    assert invoke("espcn", *QUICK, *options).exit_code == 0
    place = here / "espcn_x2"
    for name in ("checkpoint.pt", "espcn_x2.safetensors"):
        if left not in ("both", name):
            (place / name).unlink()
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    result = invoke("espcn", *QUICK, *options, *other)
    assert result.exit_code == 2, result.output
    assert "--force" in result.stderr
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert not (here / "espcn_x3").exists()
    if left == "espcn_x2.safetensors":
        assert invoke("espcn", *QUICK, *options, "--resume").exit_code == 2
        assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    elif not other:
        told = result.stderr.partition("or go on: ")[2]
        again = CliRunner().invoke(app, shlex.split(told)[1:])
        assert again.exit_code == 0, again.output
    assert invoke("espcn", *QUICK, *options, "--force").exit_code == 0


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "a\\b", "C:x", "."])
def test_a_method_whose_name_is_a_path_is_not_trained(here, name):
    text = Path(search_path("methods")[0], "espcn.py").read_text().replace('"espcn"', repr(name), 1)
    assert repr(name) in text
    Path("mine.py").write_text(text)
    result = invoke("./mine.py", *QUICK, "--output", here)
    assert result.exit_code == 2
    assert "name" in result.stderr
    assert "Traceback" not in result.stderr
    assert {path.name for path in here.parent.iterdir()} == {"images", "mine.py"}
