"""Tables by the width of the terminal: what gives way, and that nothing is cut."""

import pytest

from srbench.cli.shell import out
from srbench.cli.widths import NARROWEST, Column, fit, show, width_of

NAMES = ["edsr", "perceptual-vgg22 (self-ensemble)", "a"]
COLUMNS = [
    Column("method", NAMES),
    Column("psnr", ["31.01", "28.43", "-"], number=True, styles={0: "bold"}),
    Column("95% interval", ["29.10 to 33.20", "27.00 to 30.01", ""], gives_way=1, number=True),
    Column("published", ["32.46 (-1.45)", "", ""], gives_way=2, number=True),
    Column("note", ["", "3 left out (identical, NaN or too small) of ssim", ""], sentences=True),
]


def heads(width):
    return [column.head for column in fit(COLUMNS, width)]


def test_the_columns_give_way_in_their_order():
    assert heads(200) == ["method", "psnr", "95% interval", "published", "note"]
    assert heads(100) == ["method", "psnr", "published", "note"]
    assert heads(80) == ["method", "psnr", "note"]
    assert fit(COLUMNS, 200) == COLUMNS


@pytest.mark.parametrize("width", [44, 60, 80, 120, 200])
def test_what_remains_is_whole_and_fits(width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    columns = fit(COLUMNS, width)
    assert width_of(columns) <= width
    show(out(), columns, title="set5 x4")
    text = capsys.readouterr().out
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for number in [cell for column in columns if column.number for cell in column.cells]:
        assert number in text
    first = [line.split("│")[1] for line in text.splitlines() if line.startswith("│")]
    assert "".join("".join(first).split()) == "".join("".join(NAMES).split())


def test_sentences_fold_before_a_column_gives_way_and_take_the_room_that_is_left():
    columns = fit(COLUMNS, 120)
    assert [column.head for column in columns] == [column.head for column in COLUMNS]
    assert columns[-1].shown(COLUMNS[-1].cells[1]).count("\n") == 1
    assert width_of(columns) <= 120


def test_a_terminal_that_is_too_narrow_for_one_number_is_overrun_not_obeyed(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")
    show(out(), fit(COLUMNS, 20))
    text = capsys.readouterr().out
    assert "31.01" in text
    assert "…" not in text
    assert fit(COLUMNS, 20)[0].width == NARROWEST


def test_names_are_no_markup_and_go_on_behind_a_hyphen(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    show(out(), fit([Column("name", ["[bold]x[/bold]\x1b[31m\n"])], 200))
    assert r"[bold]x[/bold]\x1b[31m\n " in capsys.readouterr().out
    folded = fit([Column("method", ["very-long-name-of-a-method"]), Column("psnr", ["31.01"], number=True)], 30)
    assert folded[0].shown("very-long-name-of-a-method") == "very-long-name-of-\na-method"
