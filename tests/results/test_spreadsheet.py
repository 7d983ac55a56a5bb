"""A table of scores opens in a spreadsheet as texts and numbers, whatever names it holds."""

import csv
import io

import pandas as pd
import pytest

from srbench.results.spreadsheet import to_csv


def read(frame):
    return list(csv.reader(io.StringIO(to_csv(frame))))


@pytest.mark.parametrize("kind", ["object", "str", "category"])
@pytest.mark.parametrize("name", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "=", '="x",1'])
def test_a_text_that_would_be_a_formula_is_defused(name, kind):
    frame = pd.DataFrame({"method": pd.Series([name, "plain"], dtype=kind), "mean": [1.0, -2.5]})
    assert read(frame) == [["method", "mean"], [f"'{name}", "1.0"], ["plain", "-2.5"]]


@pytest.mark.parametrize("name", ["edsr", "a=b", "x-y", "'quoted", "", "2+2", "ä"])
def test_other_texts_and_all_numbers_stay(name):
    frame = pd.DataFrame({"method": [name], "low": [-1e-9], "n": [-3], "high": [float("nan")]})
    assert read(frame)[1] == [name, "-1e-09", "-3", ""]


def test_a_line_end_within_a_name_ends_no_line():
    names = ["a\rb", "\r=1", "a\nb", "a\r\nb"]
    assert read(pd.DataFrame({"method": names}))[1:] == [[r"a\rb"], [r"\r=1"], ["a\nb"], ["a\\r\nb"]]


def test_the_table_itself_is_left_alone():
    frame = pd.DataFrame({"method": ["=1"]})
    to_csv(frame)
    assert frame["method"][0] == "=1"
