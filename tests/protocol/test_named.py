"""Protocols as files: those that come with srbench, a user's, an installed package's."""

import dataclasses
import importlib.metadata

import pytest

from srbench import protocol
from srbench.cli import list_
from srbench.errors import MethodError, SrbenchError, UnknownNameError
from srbench.protocol.base import FOLDER

MINE = """\
name = "mine"
version = 2
title = "As our code does it"

working_space = "rgb"
lr_rounded = true
luma_rounded = false
grey_as_rgb = true
shave = 1
space = "rgb"
"""


@pytest.fixture
def file(tmp_path):
    def write(text=MINE, name="mine.toml"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_every_file_is_a_protocol_of_its_name_and_is_listed():
    files = {path.stem: protocol.read(path) for path in FOLDER.glob("*.toml")}
    assert files == protocol.PROTOCOLS  # what is read strictly is what is read in haste
    assert all(rules.name == name and rules.source for name, rules in files.items())
    assert list(protocol.PROTOCOLS)[:2] == ["basicsr", "classic"]
    assert len({rules.hash for rules in files.values()}) == len(files)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("rgb", {"space": "rgb"}),
        ("ntire-esr", {"space": "rgb", "shave": 0, "shave_pixels": 4}),
        ("div2k", {"space": "rgb", "shave_pixels": 6}),
        ("arbsr", {}),
        ("liif", {"sr_rounded": False, "cut": "floor"}),
        ("vsr-y", {"shave": 0}),
        ("vsr-y-8", {"shave": 0, "shave_pixels": 8}),
        ("vsr-y-8-2", {"shave": 0, "shave_pixels": 8, "skip_frames": 2}),
    ],
)
def test_in_what_the_others_depart_from_basicsr(name, changes):
    assert protocol.get(name).decisions() == protocol.BASICSR.decisions() | changes


def test_the_borders_of_the_rgb_protocols():
    borders = {name: [protocol.get(name).border(s) for s in (2, 3, 4)] for name in ("rgb", "ntire-esr", "div2k")}
    assert borders == {"rgb": [2, 3, 4], "ntire-esr": [4, 4, 4], "div2k": [8, 9, 10]}


def test_a_file_of_ones_own(file):
    rules = protocol.get(file())
    expected = dataclasses.replace(protocol.BASICSR, name="mine", version=2, title="", source="", space="rgb")
    assert dataclasses.replace(rules, title="") == expected
    assert rules.hash == expected.hash
    assert [own.name for own in protocol.several(f"classic, {file()},classic")] == ["classic", "mine"]


def test_what_is_said_for_people_is_not_in_the_hash(file):
    other = file(MINE.replace("As our code does it", "Ours") + 'source = "ours.py"\n')
    rules = protocol.get(other)
    assert protocol.get(file()).hash == rules.hash
    assert protocol.get(file(MINE.replace("version = 2", "version = 3"))).hash != rules.hash


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\nspace = ", "\nspaces = ", r"line 10: unknown key 'spaces'.*did you mean space"),
        ("shave = 1\n", "", "has no 'shave'"),
        ('"rgb"\nlr', '"yuv"\nlr', r"line 5: working_space = 'yuv' is not 'luma' or 'rgb'"),
        ("shave = 1", "shave = true", r"line 9: shave = True is not a whole number"),
        ("shave = 1", "shave = 1.5", r"line 9: shave = 1\.5 is not a whole number"),
        ("shave = 1", "shave = -1", r"line 9: shave = -1 is not from 0 to 16"),
        ("shave = 1", "shave = 1\nshave_pixels = 99999", r"line 10: shave_pixels = 99999 is not from 0 to 1024"),
        ("version = 2", "version = 0", r"line 2: version = 0 is not a number from 1"),
        ("version = 2", f"version = {'9' * 30}", r"mine\.toml"),
        ('"As our code does it"', '" "', r"line 3: the title is empty"),
        ('"mine"', '"a,b"', r"line 1: 'a,b' is no name of a protocol"),
        ('"mine"', '"../mine"', r"line 1: '\.\./mine' is no name"),
        ('"mine"', '"classic"', r"line 1: there is another protocol 'classic'"),
        ("luma_rounded = false", "luma_rounded = true", r'line 7: luma_rounded = true contradicts space = "rgb"'),
        ('"rgb"\nlr_rounded = true', '"luma"\nlr_rounded = false', r'line 10: space = "rgb" contradicts working_space'),
        ('"rgb"\nlr_rounded = true', '"luma"\nlr_rounded = true', r"line 10: space = "),
        ("shave = 1", "shave = ", r"mine\.toml' is not valid TOML: .*line 9"),
        ("shave = 1", "[shave]\nx = 1", r"shave = \{.*\} is not a whole number"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(file, old, new, message):
    assert old in MINE
    with pytest.raises(SrbenchError, match=message) as error:
        protocol.get(file(MINE.replace(old, new, 1)))
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_lr_images_of_luma_are_not_rounded(file):
    text = MINE.replace('"rgb"\nlr_rounded', '"luma"\nlr_rounded').replace('space = "rgb"\n', "")
    with pytest.raises(SrbenchError, match='line 6: lr_rounded = true contradicts working_space = "luma"'):
        protocol.get(file(text))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"name", b"[" * 5000])
def test_files_that_are_no_protocol(tmp_path, content):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(SrbenchError, match=r"mine\.toml"):
        protocol.get(str(path))


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    for name in ("gone.toml", "folder.toml"):
        with pytest.raises(SrbenchError, match=f"cannot read protocol '.*{name}'"):
            protocol.get(str(tmp_path / name))


def test_several_files_of_one_name(file):
    other = file(MINE.replace("shave = 1", "shave = 0"), "other.toml")
    with pytest.raises(SrbenchError, match="two protocols are called 'mine'"):
        protocol.several(f"{file()},{other}")


@pytest.mark.parametrize("text", ["", ",", " , "])
def test_no_protocol(text):
    with pytest.raises(SrbenchError, match="no protocol given"):
        protocol.several(text)


def test_an_unknown_name_among_several():
    with pytest.raises(UnknownNameError, match="did you mean vsr-y"):
        protocol.several("classic,vsr_y")


def test_an_entry_point_is_a_protocol(tmp_path, monkeypatch, file):
    file()
    (tmp_path / "srbench_test_protocols.py").write_text(
        "from dataclasses import replace\nfrom pathlib import Path\nfrom srbench import protocol\n"
        "MINE = protocol.read(Path(__file__).with_name('mine.toml'))\n"
        "WRONG = replace(MINE, name='wrong', shave=-1)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    real = importlib.metadata.entry_points
    points = [
        importlib.metadata.EntryPoint(name, f"srbench_test_protocols:{value}", "srbench.protocols")
        for name, value in {"mine": "MINE", "wrong": "WRONG", "broken": "NOTHING"}.items()
    ]
    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda **selection: points if selection == {"group": "srbench.protocols"} else real(**selection),
    )
    assert protocol.get("mine").space == "rgb"
    assert "mine" in protocol.known()
    assert not {"wrong", "broken"} & set(protocol.known())
    for name, cause in {"wrong": "shave = -1 is not from 0", "broken": "AttributeError"}.items():
        with pytest.raises(MethodError, match=f"protocol '{name}' .* is broken: .*{cause}"):
            protocol.get(name)
    listed = {row["name"]: row for row in list_._protocols()}
    assert listed["mine"]["origin"] == "package"
    assert listed["mine"]["in words"].startswith("As our code does it. The HR image")
    assert listed["broken"]["in words"].startswith("BROKEN: ")
