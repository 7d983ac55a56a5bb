"""What is wrong on a command line is said before torch and its like are imported."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from srbench.cli import names
from srbench.degradation.named import DEGRADATIONS
from srbench.errors import UnknownNameError
from srbench.method import plugins

LARGE = ("torch", "scipy", "pandas", "sqlalchemy", "matplotlib", "skimage", "lpips", "spandrel")
TYPOS = {
    "run --methods bicubik": "unknown method 'bicubik'; did you mean bicubic",
    "run --methods all,bicubic,xyzzy": "unknown method 'xyzzy'",
    "run --methods bsrn-x44": "did you mean zoo:bsrn-x4",
    "run --methods zoo:bsrn-x5": "unknown checkpoint of the zoo 'bsrn-x5'; did you mean bsrn-x4",
    "run --methods zoo:hat-s-x4": "by hand, then: srbench fetch zoo:hat-s-x4 --file FILE",
    "run --methods zoo:lapsrn-authors-x4": "is a network 'lapsrn-matconvnet' (not here)",
    "run --methods pixelcnn-meen": "did you mean pixelcnn-mean",
    "run --methods bicubic --datasets sett5": "unknown dataset 'sett5'; did you mean set5",
    "run --methods bicubic --datasets ./nowhere/at/all": "nowhere/at/all",
    "run --methods bicubic --metrics pnsr": "unknown metric 'pnsr'; did you mean psnr",
    "run --methods bicubic --protocol clasic": "did you mean classic",
    "run --methods bicubic --degradation blur-donw": "did you mean blur-down",
    "run --methods bicubic --device cdua": "unknown device 'cdua'",
    "run --methods bicubic,./no/such/file.py": "no plugin file at 'no/such/file.py'",
    "run --methods mine=./gone.pth": "no weights at 'gone.pth'",
    "run --methods edsr:gone.pth#params": "no weights at 'gone.pth'",
    "time edsr=gone.safetensors": "no weights at 'gone.safetensors'",
    "time bicubic --device gpu": "unknown device 'gpu'",
    "train fsrcnn --data . --device abacus": "unknown device 'abacus'",
    "upscale bicubic x.png --device tpu": "unknown device 'tpu'",
    "explain bicubic --expect 28.42 --device cuda:x": "unknown device 'cuda:x'",
    "run --methods bicubic --scales x": "'x'",
    "run --methods bicubic --sclaes 4": "No such option",
    "time bicubik": "did you mean bicubic",
    "time bicubic --scale zero": "zero",
    "train fsrcn --data .": "did you mean fsrcnn",
    "upscale bicubik x.png": "did you mean bicubic",
    "explain bicubik --expect 28.42": "did you mean bicubic",
    "explain bicubic --expect much": "'much' is not a number",
    "explain bicubic --expect 28.42 --dataset sett5": "did you mean set5",
    "explain bicubic --expect 28.42 --metric lpips": "unknown metric 'lpips'",
    "verify sett5": "did you mean set5",
    "fetch sett5": "did you mean set5",
    "list method": "did you mean methods",
    "report --format hmtl": "unknown format 'hmtl'",
    "rnu": "No such command",
}
PROGRAM = """
    import json, sys, time
    from srbench.cli import app
    try:
        app(sys.argv[1:])
    except SystemExit as ending:
        code = ending.code
    large = [name for name in LARGE if name in sys.modules]
    print(json.dumps({"code": code, "large": large, "seconds": time.process_time()}))
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """A command line in a process of its own, with nothing in its cache folder."""
    folder = tmp_path_factory.mktemp("typos")

    def call(command):
        environment = os.environ | {"SRBENCH_CACHE": str(folder / "cache")}
        program = textwrap.dedent(PROGRAM).replace("LARGE", repr(LARGE))
        arguments = [sys.executable, "-c", program, *command.split()]
        done = subprocess.run(arguments, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)
        assert done.stdout, done.stderr
        return json.loads(done.stdout.splitlines()[-1]), " ".join(done.stderr.split())

    return call


@pytest.mark.parametrize("command", TYPOS)
@pytest.mark.sampled(4)
def test_a_typo_imports_nothing_large(ask, command):
    told, said = ask(command)
    assert told["code"] == 2, said
    assert TYPOS[command] in said
    assert told["large"] == []
    assert told["seconds"] < 1


def test_all_that_is_there_passes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x.safetensors").touch()
    names.require_methods([plugin.name for plugin in plugins.discover()])
    names.require_methods(["all", "x.safetensors", "mine=x.safetensors", "edsr=x.safetensors"])
    names.require_datasets(["set5", "SET14", "."])
    names.require_metrics(["psnr", "bits", "pyiqa:ms_ssim", "./mine.py"])
    for name in (*DEGRADATIONS, "kernel:x.npy", "./mine.py"):
        names.require_degradation(name)
    assert set(names.DEGRADATIONS) == set(DEGRADATIONS)


def test_the_names_of_srbenchs_own_methods_are_read_from_their_files():
    assert sorted(names.own_methods()) == sorted(p.name for p in plugins.discover() if p.origin == names.BUILT_IN)


def test_a_typo_imports_no_plugin_that_writes_its_name_out(ask, tmp_path, write_plugin, monkeypatch):
    (tmp_path / "own" / "methods").mkdir(parents=True)
    text = Path(write_plugin(name="mine-own")).read_text()
    (tmp_path / "own" / "methods" / "mine.py").write_text(f"import torch\n{text}")
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path / "own"))
    for wanted, found in (("mine-onw", "mine-own"), ("bicubik", "bicubic")):
        told, said = ask(f"run --methods {wanted}")
        assert told["code"] == 2, said
        assert f"did you mean {found}" in said
        assert told["large"] == []


NAMES = """
import sys
from srbench.cli import names
from srbench.errors import UnknownNameError

names.require_methods(["put-together"])
try:
    names.require_methods(["put-togther"])
except UnknownNameError as error:
    print(error)
"""


def test_a_name_that_a_plugin_puts_together_passes(tmp_path, write_plugin):
    plugin = Path(write_plugin(name="NAME"))
    (tmp_path / "own" / "methods").mkdir(parents=True)
    text = plugin.read_text().replace("name='NAME'", "name='-'.join(('put', 'together'))")
    (tmp_path / "own" / "methods" / "mine.py").write_text(text)
    environment = os.environ | {"SRBENCH_PATH": str(tmp_path / "own"), "SRBENCH_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", NAMES]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "did you mean put-together" in done.stdout
    with pytest.raises(UnknownNameError, match="did you mean bicubic"):
        names.require_methods(["bicubik"])
