"""Cascades as text: which parts they have, and what is wrong with others."""

import pytest

from srbench.errors import MethodError
from srbench.method import naming, plugins, series


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        ("espcn@2>espcn@2", "espcn@2 > espcn@2"),
        ("  espcn @ 02  >fsrcnn@ 2 ", "espcn@2 > fsrcnn@2"),
        ("a@2 > b@3 > c@1 > d@2", "a@2 > b@3 > c@1 > d@2"),
        ("nets/x@2x.pth#ema@2 > edsr=y.pt@2", "nets/x@2x.pth#ema@2 > edsr=y.pt@2"),
        ("m.py:one@2 > zoo:carn-x2@2", "m.py:one@2 > zoo:carn-x2@2"),
    ],
)
def test_the_name_has_one_blank_beside_each_mark(spec, written):
    parts = series.split(spec)
    assert series.written(parts) == written
    assert series.split(written) == parts


def test_scales_multiply():
    assert series.total(series.split("a@2 > b@3 > c@1")) == 6


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        ("espcn@2 >", "is empty"),
        ("> espcn@2", "is empty"),
        ("espcn@2 >> espcn@2", "is empty"),
        ("espcn > espcn@2", "'espcn', does not say its scale"),
        ("espcn@ > espcn@2", "'espcn@', does not say its scale"),
        ("espcn@two > espcn@2", "does not say its scale"),
        ("nets/a@2x.pth > espcn@2", "does not say its scale"),
        ("@2 > espcn@2", "names no method"),
        ("espcn@0 > espcn@2", "'0' is not a scale"),
        ("espcn@-2 > espcn@2", "'-2' is not a scale"),
        ("espcn@1.5 > espcn@2", "x1.5 is no whole number"),
        ("espcn@5/2 > espcn@2", "x2.5 is no whole number"),
        ("espcn@1/2 > espcn@2", "below 1"),
        ("espcn@300 > espcn@2", "largest scale, 256"),
        ("espcn@100 > espcn@3", "enlarges by 300"),
        ("all@2 > espcn@2", "'all' in the cascade"),
        ("'espcn@2' > espcn@2", "quotes of its own"),
        ('espcn@2 > "espcn@2"', "quotes of its own"),
    ],
)
def test_what_is_wrong_is_said_of_the_part(spec, match):
    with pytest.raises(MethodError, match=match) as caught:
        series.split(spec)
    assert caught.value.hint


def test_a_part_alone_is_no_method_and_the_hint_speaks_of_quotes():
    with pytest.raises(MethodError, match="one part of a cascade") as caught:
        plugins.find("espcn@2")
    assert "quotes" in caught.value.hint


def test_a_file_may_be_called_like_a_cascade(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a@2 > b.pth").write_bytes(b"")
    assert plugins.parse("a@2 > b.pth").parts == ()


def test_files_are_understood_in_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parsed = plugins.parse("edsr=nets/x2.pt#ema@2 > espcn@2")
    assert parsed.absolute == f"edsr:{tmp_path}/nets/x2.pt#ema@2 > espcn@2" == parsed.place
    assert plugins.parse(parsed.absolute).absolute == parsed.absolute
    assert naming.parse("espcn@2>espcn@2", plugins.FILES).place == ""


def test_a_state_is_chosen_of_the_checkpoints_in_a_cascade():
    specs = ("a.pth@2 > espcn@2", "bicubic", "b.pth#own@2 > c.pth@2")
    expected = ("a.pth#ema@2 > espcn@2", "bicubic", "b.pth#own@2 > c.pth#ema@2")
    assert plugins.in_state(specs, "ema") == expected
    assert plugins.in_state(specs, "") == specs
