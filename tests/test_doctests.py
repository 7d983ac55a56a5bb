"""Every example in a docstring of srbench runs."""

import doctest
import importlib
import pkgutil

import pytest

import srbench

MODULES = [m.name for m in pkgutil.walk_packages(srbench.__path__, "srbench.") if not m.name.endswith("__main__")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(found) >= 8
