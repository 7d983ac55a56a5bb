"""``srbench train`` from a bare checkout, its errors, and how it stops."""

import json
import re
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


@pytest.mark.parametrize(("method", "weights"), [("fsrcnn", "fsrcnn_x2"), ("lapgan", "lapgan")])
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
    line = next(line for line in result.stderr.splitlines() if line.endswith("--resume"))
    assert "--set steps=3" in line
    result = invoke(*arguments, "--resume")
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == [str(tmp_path / f"espcn_x{s}/espcn_x{s}.safetensors") for s in (2, 3)]


def test_a_colour_method_is_trained_and_used(folder, tmp_path, monkeypatch):
    arguments = ["srresnet", "--data", folder, "--scale", "2", "--output", tmp_path, "--set", "steps=2", *OPTIONS]
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    weights = Path(result.stdout.strip())
    wide = tmp_path / "wide.safetensors"
    save_file(SrresnetNet(2, width=64).state_dict(), wide)
    result = invoke(*arguments, "--init", wide)
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
        (["fsrcnn", "--resume", "--output", "none", *OPTIONS[2:6]], "no checkpoint"),
        (["fsrcnn", "--resume", "--init", "w.safetensors"], "exclude each other"),
        (["fsrcnn", "--init", "w.safetensors", *OPTIONS[2:6]], "no weights at"),
        (["fsrcnn", "--device", "abacus"], "no device 'abacus'"),
        (["aplus", "--resume"], "fitted at once"),
        (["fsrcnn", "--set", 'loss={"vgg54": 1}', *OPTIONS[2:6]], "no VGG-19 weights: neither vgg19_features"),
        (["fsrcnn", "--set", 'loss={"adversarial": 1}', *OPTIONS[2:6]], "fsrcnn has no discriminator"),
        (["lapgan", "--recipe", "vgg54"], "unknown recipe of lapgan 'vgg54'; known: none"),
        (["lapgan", "--init", str(FSRCNN), *OPTIONS[2:6]], "does not fit"),
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
