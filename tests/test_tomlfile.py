"""TOML files read into dataclasses: what is wrong is one line that names the place and the nearest key."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from srbench import tomlfile
from srbench.errors import GateError, SrbenchError


@dataclass(frozen=True)
class Step:
    kernel_width: int = 0
    noise: float = 0.0
    keep: bool = True
    size: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Whole:
    name: str
    widths: Annotated[Sequence[float], Meta(min_length=1)] | float = 1.0
    step: list[Step] = field(default_factory=list)
    psnr: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    kind: Literal["down", "up"] = "down"
    threads: int | None = None


@pytest.fixture
def load(tmp_path):
    def call(text, **options):
        path = tmp_path / "a.toml"
        path.write_text(text, encoding="utf-8")
        return tomlfile.load(path, "shape", Whole, **options)

    return call


def test_a_file_becomes_a_dataclass_with_its_defaults(load):
    text = """
name = "ö"
widths = [1, 2.5]
kind = "up"
[[step]]
kernel_width = 5
size = [3, 4]
[[step]]
keep = false
[psnr.classic]
x2 = 30
"""
    steps = [Step(kernel_width=5, size=(3, 4)), Step(keep=False)]
    assert load(text) == Whole("ö", [1.0, 2.5], steps, {"classic": {"x2": 30.0}}, "up")
    assert load("name = ''") == Whole("")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("# nose\nkeep = true\n", r"a\.toml', line 2: unknown key 'keep'; did you mean step\?$"),
        ("zzzz = 1\n", "line 1: unknown key 'zzzz'; known: kind, name, psnr, step, threads, widths$"),
        ("kind = 'up'\n", r"a\.toml' has no 'name'; add name = \.\.\.$"),
        ("\n\nname = 1\n", "line 3: name = 1 is not text"),
        ("name = ''\nthreads = true\n", "line 2: threads = True is not a whole number"),
        ("name = ''\nthreads = 2.0\n", "threads = 2.0 is not a whole number"),
        ("name = ''\nwidths = [1, 'two']\n", r"line 2: widths = \[1, 'two'\] is not a list of numbers"),
        ("name = ''\nwidths = []\n", r"widths = \[\] is not a list of numbers"),
        ("name = ''\nkind = 'sideways'\n", "line 2: kind = 'sideways' is not 'down' or 'up'"),
        ("name = ''\nstep = 3\n", r"line 2: 'step' is no table; write each step as \[\[step\]\]"),
        ("name = ''\n[step]\nkeep = true\n", r"line 2: 'step' is no table"),
        ("name = ''\nstep = [1]\n", r"line 2: 'step' is no table"),
        ("name = ''\n[[step]]\n[[ step ]]\nkeep = 'no'\n", "line 4: keep = 'no' is not true or false"),
        ("name = ''\n[[step]]\nsize = [1]\n", r"line 3: size = \[1\] is not 2 whole numbers"),
        ("name = ''\n[[step]]\nkeep = true\n[[step]]\n'kept' = 1\n", "line 5: unknown key 'kept'; did you mean keep"),
        ("name = ''\nstep = [\n  { keep = true },\n  { keep = 3 },\n]\n", "line 4: keep = 3 is not true or false"),
        ("name = ''\npsnr = 3\n", "line 2: psnr = 3 is not a table of tables of numbers"),
        (
            "name = ''\n[psnr.classic]\nx2 = 'high'\n",
            "psnr = {'classic': {'x2': 'high'}} is not a table of",
        ),
        ("name = \n", "is not valid TOML: .*line 1"),
        (
            "name = " + "[" * 3000 + "]" * 3000,
            "is not valid TOML: nested too deeply; it is nested too deeply: simplify",
        ),
        ("threads = " + "9" * 5000, "is not valid TOML: .*digits"),
    ],
)
def test_what_is_wrong_is_one_line(load, text, match):
    with pytest.raises(SrbenchError, match=match) as error:
        load(text)
    assert "\n" not in str(error.value)


def test_a_long_value_is_cut(load):
    with pytest.raises(SrbenchError) as error:
        load(f"name = {list(range(1000))}")
    assert len(error.value.message.partition(": ")[2]) < 100


def test_keys_with_dashes_where_they_are_allowed(load):
    assert load("name = ''\n[[step]]\nkernel-width = 3\n", dashes=True).step == [Step(kernel_width=3)]
    with pytest.raises(SrbenchError, match="unknown key 'kernel-width'; did you mean kernel_width"):
        load("name = ''\n[[step]]\nkernel-width = 3\n")
    with pytest.raises(SrbenchError, match="line 3: unknown key 'kernel-widht'; did you mean kernel-width"):
        load("name = ''\n[[step]]\nkernel-widht = 3\n", dashes=True)


def test_the_error_is_of_the_kind_asked_for(load, tmp_path):
    with pytest.raises(GateError):
        load("zzzz = 1\n", error=GateError)
    with pytest.raises(GateError, match=r"cannot read shape '.*gone\.toml' \(No such file"):
        tomlfile.load(tmp_path / "gone.toml", "shape", Whole, GateError)


FILE = """\
a = 1
"b c".d = 2

[table]
a = 3
[table.'inner']
a = 4  # not a = 5
[[many]]
a = 6
[many.inner]
a = 7
[[many]]
a = 8
[[many.deep]]
a = 9
[table.last]
list = [
    { a = 10 },
    # a remark
    { a = 11 },
]
b-c = 12
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("a",), 1),
        (("b c", "d"), 2),
        (("b c",), 2),
        (("table",), 4),
        (("table", "a"), 5),
        (("table", "inner", "a"), 7),
        (("many", 0, "a"), 9),
        (("many", 0, "inner", "a"), 11),
        (("many", 1), 12),
        (("many", 1, "a"), 13),
        (("many", 1, "deep", 0, "a"), 15),
        (("table", "last", "list", 0, "a"), 18),
        (("table", "last", "list", 1, "a"), 20),
        (("table", "last", "b_c"), 22),
        (("table", "gone"), 4),
        (("gone",), 1),
    ],
)
def test_the_line_of_a_key(keys, line):
    tomllib.loads(FILE)
    assert tomlfile.line_of(FILE, keys) == line


VALUES = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**63), 2**63 - 1) | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(VALUES)
def test_a_value_is_read_as_it_was_written(value):
    assert tomllib.loads(f"value = {tomlfile.literal(value)}") == {"value": value}


@pytest.mark.parametrize("value", [0.1, 1e-7, 28.4305, -3.0])
def test_a_number_is_read_as_it_was_written(value):
    assert tomllib.loads(f"value = {tomlfile.literal(value)}") == {"value": value}
