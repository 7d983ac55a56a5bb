"""What is wrong on a command line is said before torch and its like are imported."""

import json
import subprocess
import sys
import textwrap

import pytest

from srbench.cli import names
from srbench.degradation.named import DEGRADATIONS
from srbench.errors import UnknownNameError
from srbench.method import plugins

LARGE = ("torch", "scipy", "pandas", "sqlalchemy", "matplotlib", "skimage", "lpips", "spandrel")
TYPOS = {
    "run --methods bicubik": "unknown method 'bicubik'; did you mean bicubic",
    "run --methods all,bicubic,xyzzy": "unknown method 'xyzzy'",
    "run --methods pixelcnn-sampel": "did you mean pixelcnn-sample",
    "run --methods bicubic --datasets sett5": "unknown dataset 'sett5'; did you mean set5",
    "run --methods bicubic --datasets ./nowhere/at/all": "nowhere/at/all",
    "run --methods bicubic --metrics pnsr": "unknown metric 'pnsr'; did you mean psnr",
    "run --methods bicubic --protocol clasic": "did you mean classic",
    "run --methods bicubic --degradation blur-donw": "did you mean blur-down",
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
    """A command line in a process of its own, with the lists of methods in its cache folder."""
    import os

    folder = tmp_path_factory.mktemp("typos")
    environment = os.environ | {"SRBENCH_CACHE": str(folder / "cache")}

    def call(command):
        program = textwrap.dedent(PROGRAM).replace("LARGE", repr(LARGE))
        arguments = [sys.executable, "-c", program, *command.split()]
        done = subprocess.run(arguments, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)
        assert done.stdout, done.stderr
        return json.loads(done.stdout.splitlines()[-1]), " ".join(done.stderr.split())

    assert call("list methods")[0]["code"] in (0, None)
    return call


@pytest.mark.parametrize("command", TYPOS)
def test_a_typo_imports_nothing_large(ask, command):
    told, said = ask(command)
    assert told["code"] == 2, said
    assert TYPOS[command] in said
    assert told["large"] == []
    assert told["seconds"] < 1


def test_all_that_is_there_passes():
    names.require_methods([plugin.name for plugin in plugins.discover()])
    names.require_methods(["all", "./no/such/file.py", "mine=./x.pth", "x.safetensors"])
    names.require_datasets(["set5", "SET14", "."])
    names.require_metrics(["psnr", "bits", "pyiqa:ms_ssim", "./mine.py"])
    for name in (*DEGRADATIONS, "kernel:x.npy", "./mine.py"):
        names.require_degradation(name)
    assert set(names.DEGRADATIONS) == set(DEGRADATIONS)


def test_a_name_that_only_a_list_tells_passes(monkeypatch):
    """Of a card whose name is put together when its file is imported."""
    with pytest.raises(UnknownNameError):
        names.require_methods(["put-together"])
    monkeypatch.setattr("srbench.cli.list_.method_names", lambda: ["put-together"])
    names.require_methods(["put-together"])
