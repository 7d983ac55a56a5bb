"""A method's identity: of all files that decide its output, and of nothing else."""

import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import srbench
from srbench import paths, sources
from srbench.method import plugins
from srbench.weights.files import file_hash

METHODS = Path(paths.search_path("methods")[0])
PACKAGE = Path(srbench.__file__).parent

BASE = """
from srbench.method import Method, MethodCard
from srbench.resize import imresize

class Base(Method):
    def upscale(self, lr, scale):
        return imresize(lr, scale) * 1.0
"""
CARD = """card = MethodCard(name="mysub", title="", year=2026, family="test", paper="none", colour="any")"""
SUB = """
from srbench.method import MethodCard
from srbench.methods.mybase import Base

class Mysub(Base):
    {card}
"""


@pytest.fixture
def folder(tmp_path):
    """A folder ``methods/`` below one of $SRBENCH_PATH."""
    path = tmp_path / "p" / "methods"
    path.mkdir(parents=True)
    return path


def in_a_process_of_its_own(folder, *command):
    environment = os.environ | {"SRBENCH_PATH": str(folder.parent), "PYTHONPATH": str(PACKAGE.parent)}
    result = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def write(folder, **files):
    """Modules by name: ``a_0b`` is ``a/b.py``, ``a_0`` is ``a/__init__.py``."""
    for name, text in files.items():
        path = folder / f"{'/'.join(part or '__init__' for part in name.split('_0'))}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def followed(folder, text, monkeypatch):
    """Files, relative to ``folder``, that count for a plugin of this text in it."""
    write(folder, mine=text)
    monkeypatch.setenv("SRBENCH_PATH", str(folder.parent))
    return [path.relative_to(folder).as_posix() for path in sources.source_files(folder / "mine.py")]


def plain_hash(*files):
    return hashlib.sha256("".join(file_hash(path) for path in files).encode()).hexdigest()[:16]


def identity(spec):
    (plugin,) = plugins.find(spec)
    return plugins.identity(plugin, plugins.instantiate(plugin))


# -- what counts ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_changed_base_class_is_computed_again(folder, tmp_path, pictures):
    write(folder, mybase=BASE, mysub=SUB.format(card=CARD))
    command = ["-m", "srbench", "run", "--methods", "mysub", "--datasets", str(pictures), "--scales", "2"]
    command += ["--metrics", "psnr", "--out", str(tmp_path / "results"), "--threads", "1", "--device", "cpu"]
    assert "3 cells computed" in in_a_process_of_its_own(folder, *command)
    write(folder, mybase=BASE.replace("1.0", "0.5"))
    assert "3 cells computed" in in_a_process_of_its_own(folder, *command)


@pytest.mark.parametrize(
    "statement",
    [
        "from srbench.methods.helper import f",
        "from srbench.methods import helper",
        "import srbench.methods.helper as h",
        "from .helper import f",
        "from . import helper",
        "import helper",
        "from helper import *",
        "def late():\n    from srbench.methods import helper",
    ],
)
def test_a_module_beside_it_counts_however_it_is_imported(folder, monkeypatch, statement):
    write(folder, helper="f = 1", other="f = 2")
    assert followed(folder, statement, monkeypatch) == ["mine.py", "helper.py"]


def test_packages_count_with_all_that_they_import(folder, monkeypatch):
    write(
        folder,
        kit_0="from .net import Net",
        kit_0net="from .parts import deep\nfrom ..helper import f",
        kit_0parts_0="",
        kit_0parts_0deep="import math",
        kit_0unused="",
        helper="from srbench.methods import mine",  # a circle
    )
    files = followed(folder, "from srbench.methods.kit import Net", monkeypatch)
    expected = ["__init__.py", "net.py", "parts/__init__.py", "parts/deep.py"]
    assert files == ["mine.py", *(f"kit/{name}" for name in expected), "helper.py"]


@pytest.mark.parametrize(
    "statement",
    [
        "import math, torch",
        "from srbench.imaging.resize import imresize",
        "from ..resize import imresize",
        "from srbench.training import TrainedMethod",
        "import no_such_package.part",
        "from srbench.methods import no_such_method",
        "x = 'import other'",
    ],
)
def test_what_is_not_the_methods_own_does_not_count(folder, monkeypatch, statement):
    write(folder, other="", math="")  # the standard library's is imported
    assert followed(folder, statement, monkeypatch) == ["mine.py"]


def test_a_file_named_by_its_path_counts_what_is_beside_it_but_not_srbench(tmp_path):
    write(tmp_path, helper="", srbench_0="", srbench_0resize="")
    write(tmp_path, mine="import helper\nfrom srbench.imaging.resize import imresize\nimport srbench")
    assert sources.source_files(tmp_path / "mine.py") == [tmp_path / "mine.py", tmp_path / "helper.py"]


def test_the_files_do_not_depend_on_where_they_are(tmp_path, monkeypatch):
    found = []
    for name in ("z", "a"):
        path = tmp_path / name / "methods"
        write(path, one="x = 1", two="x = 2")
        found.append(followed(path, "from .two import x\nfrom .one import x", monkeypatch))
    assert found == [["mine.py", "two.py", "one.py"]] * 2


def test_a_package_of_the_users_counts_and_what_is_installed_beside_it_does_not(tmp_path, monkeypatch):
    """An entry point: its package is followed from top to bottom, other packages in site-packages are not."""
    site = tmp_path / "site-packages"
    write(
        site,
        zz_kit_0="",
        zz_kit_0sr="from zz_kit.layers.net import f\nimport zz_other\n"
        f"from srbench.method import Method, MethodCard\nclass Mine(Method):\n    {CARD}\n",
        zz_kit_0layers_0="",
        zz_kit_0layers_0net="f = 1",
        zz_other="",
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(sources, "_installed_folders", lambda: {site.resolve()})
    point = importlib.metadata.EntryPoint("mysub", "zz_kit.sr:Mine", plugins.GROUP)
    real = importlib.metadata.entry_points
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda **x: [point] if x == {"group": point.group} else real(**x)
    )
    try:
        (plugin,) = plugins.find("mysub")
        files = sources.source_files(plugin.source, plugin.load().__mro__)
    finally:
        for name in [name for name in sys.modules if name.startswith("zz_")]:
            del sys.modules[name]
    assert [path.relative_to(site).as_posix() for path in files] == [
        *("zz_kit/sr.py", "zz_kit/__init__.py", "zz_kit/layers/__init__.py", "zz_kit/layers/net.py")
    ]


@pytest.mark.slow
def test_a_base_class_counts_that_no_import_statement_shows(folder, tmp_path):
    write(folder, mybase=BASE)
    text = "import importlib\nBase = importlib.import_module('srbench.methods.mybase').Base\n"
    write(folder, mysub=text + SUB.format(card=CARD).replace("from srbench.methods.mybase import Base", ""))
    code = "from srbench.method import plugins\np = plugins.find('mysub')[0]\nprint(plugins.identity(p, p.load()()))"
    first = in_a_process_of_its_own(folder, "-c", code)
    assert re.fullmatch(r"[0-9a-f]{16}\n", first)
    write(folder, mybase=BASE.replace("1.0", "0.5"))
    assert in_a_process_of_its_own(folder, "-c", code) != first


# -- the hash ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bicubic", "tv-map", "back-projection"])
def test_a_method_of_one_file_has_the_hash_of_that_file(name):
    assert identity(name) == plain_hash(METHODS / f"{name.replace('-', '_')}.py")


def test_a_trained_method_of_one_file_has_the_hash_of_file_and_weights():
    weights = [METHODS / "weights" / f"fsrcnn_x{scale}.safetensors" for scale in (2, 3, 4)]
    assert identity("fsrcnn") == plain_hash(METHODS / "fsrcnn.py", *weights)


def test_the_cards_version_and_weights_are_part_of_the_identity(tmp_path, write_plugin):
    weights = tmp_path / "w.bin"
    weights.write_bytes(b"1")
    text = Path(write_plugin(f"return lr\n    def weight_files(self): return [Path({str(weights)!r})]")).read_text()
    seen = []
    for version in ("", ", version=2", ", version=3"):
        path = tmp_path / "mine.py"
        path.write_text(text.replace("min_size=1)", f"min_size=1{version})"))
        (plugin,) = plugins.find(str(path))
        method = plugins.instantiate(plugin)
        assert method.card.version == int(version[-1:] or 1)
        seen.append((plugins.identity(plugin, method), plain_hash(path, weights)))
    assert seen[0][0] == seen[0][1]
    assert all(found != plain for found, plain in seen[1:])
    assert len(set(seen)) == 3


def test_the_version_counts_where_the_file_stays_the_same(tmp_path, write_plugin):
    """As where it is read from a library that the method calls."""
    text = Path(write_plugin()).read_text().replace("min_size=1)", "min_size=1, version=VERSION)")
    path = tmp_path / "mine.py"
    path.write_text(text.replace("class Mine", f"VERSION = int(Path({str(tmp_path / 'v')!r}).read_text())\nclass Mine"))
    seen = set()
    for version in (1, 2, 3, 2):
        (tmp_path / "v").write_text(str(version))
        seen.add(identity(str(path)))
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("lapgan", {"lapsrn.py"}),
        ("perceptual", {"srresnet.py"}),
        ("srgan", {"srresnet.py"}),
        ("srgan-mse", {"srgan.py", "srresnet.py"}),
        ("sparse-coding", {"aplus.py"}),
        ("pixelcnn", {path.name for path in (METHODS / "pixelcnn").glob("*.py")} - {"__init__.py"}),
        ("lapsrn", set()),
    ],
)
def test_a_shipped_method_counts_the_files_that_it_stands_on(name, files):
    (plugin,) = plugins.find(name)
    found = sources.source_files(plugin.source, plugin.load().__mro__)
    assert found[0] == plugin.source
    assert {path.name for path in found if path != plugin.source} == files
