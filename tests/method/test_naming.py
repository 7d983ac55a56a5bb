"""What methods from files are called."""

from pathlib import Path

import numpy as np
import pytest

import srbench
from srbench import api
from srbench.errors import MethodError, SrbenchError
from srbench.method import naming, plugins
from srbench.pytest_plugin import locate


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("bicubic", ("", "bicubic")),
        ("./mine.py", ("", "./mine.py")),
        ("name=./mine.py", ("name", "./mine.py")),
        (" name = mine.py", ("name", "mine.py")),
        ("a/b=nets/x.pth", ("a/b", "nets/x.pth")),
        ("mine=lr=1e-4/x.pth", ("mine", "lr=1e-4/x.pth")),
        ("mine=x.PTH", ("mine", "x.PTH")),
        ("mine=x.pth#params", ("mine", "x.pth#params")),
        ("x.pth#params", ("", "x.pth#params")),
        ("a=edsr:x.pth#params", ("a", "edsr:x.pth#params")),
        ("a=mine.py:b", ("a", "mine.py:b")),
    ],
)
def test_a_name_stands_before_a_file(spec, expected):
    assert naming.split_name(spec, plugins.FILES) == expected


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("edsr=x4.pt", ("", "edsr", "x4.pt", "")),
        ("edsr:x4.pt#ema", ("", "edsr", "x4.pt", "ema")),
        ("mine=edsr:x4.pt", ("mine", "edsr", "x4.pt", "")),
        ("mine=x4.pt", ("mine", "", "x4.pt", "")),
        ("x4.PTH.TAR", ("", "", "x4.PTH.TAR", "")),
        ("net.py:x4.pt", ("", "net.py", "x4.pt", "")),
        ("net.py:small:x4.pt", ("", "net.py:small", "x4.pt", "")),
        ("net.py=x4.pt", ("", "net.py", "x4.pt", "")),
        ("net.py:small", ("", "", "net.py", "small")),
        ("mine=net.py:small", ("mine", "", "net.py", "small")),
        ("vdsr=VDSR.mat", ("", "vdsr", "VDSR.mat", "")),
    ],
)
def test_what_a_command_line_says_of_a_file(spec, parts):
    name, network, file, part = parts
    parsed = plugins.parse(spec)
    assert (parsed.name, parsed.network, parsed.file, parsed.part) == (name, network, Path(file), part)
    again = plugins.parse(parsed.absolute)
    assert again.place == parsed.place
    assert again.absolute == parsed.absolute


def test_a_file_with_a_colon_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a:b.pth").touch()
    assert plugins.parse("a:b.pth").file == Path("a:b.pth")
    assert plugins.parse("edsr:a:b.pth").network == "edsr"


def test_a_file_with_an_equals_sign_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in ("lr=1e-4.pth", "a=b.py", "lr=1/net.pth"):
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).touch()
        assert naming.split_name(file, plugins.FILES) == ("", file)
        assert naming.split_name(f"mine={file}", plugins.FILES) == ("mine", file)
        assert naming.split_name(f"a=b/mine={file}", plugins.FILES) == ("a=b/mine", file)
        assert naming.split_name(f"{file}#state", plugins.FILES) == ("", f"{file}#state")
        assert naming.split_name(f"mine={file}#state", plugins.FILES) == ("mine", f"{file}#state")


def test_the_home_folder_is_found_behind_a_name(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert naming.split_name("mine=~/x.pth", plugins.FILES) == ("mine", str(tmp_path / "x.pth"))


@pytest.mark.parametrize("spec", ["mine=bicubic", "mine=./folder", "=bicubic", "mine="])
def test_only_files_are_given_names(spec):
    with pytest.raises(SrbenchError, match="only a method from a file"):
        plugins.find(spec)


@pytest.mark.parametrize("name", ["", " ", "all", "a\nb", "a\x1b[31mb", "x" * 201])
def test_names_that_are_none_are_refused(write_plugin, name):
    with pytest.raises(SrbenchError, match="cannot be the name of a method"):
        plugins.find(f"{name}={write_plugin()}")


def test_a_given_name_changes_nothing_but_the_name(write_plugin):
    path = write_plugin(name="mine", title="My network")
    (own,), (other,) = plugins.find(path), plugins.find(f"theirs={path}")
    assert (own.name, other.name) == ("mine", "theirs")
    one, two = plugins.instantiate(own), plugins.instantiate(other)
    assert (two.card.name, two.card.title) == ("theirs", "theirs (My network)")
    assert one.card.name == "mine"
    assert plugins.identity(own, one) == plugins.identity(other, two)


def test_a_file_of_several_methods_is_given_no_name(tmp_path, write_plugin):
    text = "from dataclasses import replace\n" + Path(write_plugin()).read_text()
    (tmp_path / "two.py").write_text(text + "\nclass Other(Mine):\n    card = replace(Mine.card, name='other')\n")
    with pytest.raises(SrbenchError, match="names 2 methods at once"):
        plugins.find(f"mine={tmp_path / 'two.py'}")


def test_names_are_given_wherever_methods_are_named(write_plugin, pictures, make_picture):
    spec = f"theirs={write_plugin(name='bicubic')}"
    assert api.load(spec).card.name == "theirs"
    assert srbench.upscale(spec, make_picture(8, 8, 0), 2).shape == (16, 16, 3)
    frame = srbench.evaluate(spec, str(pictures), scale=2, metrics=["psnr"])
    assert set(frame["method"]) == {"theirs"}
    assert np.isfinite(frame["value"]).all()


def test_a_test_file_finds_what_lies_beside_it_under_a_name(write_plugin, tmp_path):
    write_plugin()
    assert locate("theirs=mine.py", tmp_path) == f"theirs={tmp_path / 'mine.py'}"
    assert locate("mine.py", tmp_path) == str(tmp_path / "mine.py")
    assert locate("bicubic", tmp_path) == "bicubic"
    assert locate("mine.py:mine", tmp_path) == f"{tmp_path / 'mine.py'}:mine"
    (tmp_path / "x4.pt").touch()
    assert locate("theirs=edsr:x4.pt", tmp_path) == f"theirs=edsr:{tmp_path / 'x4.pt'}"


@pytest.mark.parametrize("kind", ["folder", "folder with a method", "text", "nothing", "slash"])
def test_a_path_that_is_no_method_says_so(tmp_path, kind, monkeypatch, write_plugin):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "thing"
    if kind.startswith("folder"):
        place.mkdir()
    if kind == "folder with a method":
        write_plugin(file="thing/mine.py")
    if kind == "text":
        place.write_text("text")
    expected = {
        "folder": r"'./thing' is a folder; a method is a file of the type \.py, \.pth",
        "folder with a method": r"'./thing' is a folder; give one of its files, such as thing/mine\.py",
        "text": r"'./thing' is no method; a method is a file",
        "nothing": r"no file at './thing'; a method is a file",
        "slash": r"no file at '/thing'; a method is a file",
    }
    with pytest.raises(MethodError, match=expected[kind]) as error:
        plugins.find("/thing" if kind == "slash" else "./thing")
    assert "bicubic" not in str(error.value)
