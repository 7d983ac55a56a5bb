"""The reader of MATLAB files against SciPy's, and on damaged files, which must not end the process."""

import io
import random

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from srbench.weights import mat5
from srbench.weights.inert import DamagedError

RNG = np.random.default_rng(0)
KINDS = ["f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "c8", "c16"]


def cell(*values):
    made = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        made[0, place] = value
    return made


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_are_those_that_scipy_reads(tmp_path, compressed):
    arrays = {f"a_{kind}": (RNG.standard_normal((2, 3, 4)) * 50).astype(kind) for kind in KINDS}
    arrays |= {"one": np.array(7.0), "byte": np.array([[1, 2, 3]], np.uint8), "none": np.zeros((0, 3))}
    savemat(tmp_path / "a.mat", arrays, do_compression=compressed)
    ours, theirs = mat5.read(tmp_path / "a.mat"), loadmat(tmp_path / "a.mat")
    assert ours.keys() == arrays.keys()
    for name in arrays:
        assert ours[name].shape == theirs[name].shape
        assert np.array_equal(ours[name], theirs[name]), name


def test_structs_cells_and_texts_become_pythons_own(tmp_path):
    several = np.empty((1, 2), [("name", object), ("value", object)])
    several[0, 0], several[0, 1] = ("first", 1.5), ("second", cell("x", 2))
    savemat(
        tmp_path / "a.mat", {"s": {"text": "conv", "cells": cell(1, "two", {"deep": 3})}, "several": several, "e": ""}
    )
    found = mat5.read(tmp_path / "a.mat")
    assert found["s"]["text"] == "conv"
    assert found["s"]["cells"] == [np.array([[1]]), "two", {"deep": np.array([[3]])}]
    assert found["several"] == [{"name": "first", "value": 1.5}, {"name": "second", "value": ["x", np.array([[2]])]}]
    assert found["e"] == ""


def test_what_is_no_array_of_numbers_is_none(tmp_path):
    from scipy.sparse import eye_array

    savemat(tmp_path / "a.mat", {"plain": np.ones((2, 2)), "sparse": eye_array(3).tocsc()})
    found = mat5.read(tmp_path / "a.mat")
    assert found["sparse"] is None
    assert np.array_equal(found["plain"], np.ones((2, 2)))


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_files_are_damage_and_no_more(tmp_path, compressed):
    stream = io.BytesIO()
    content = {"s": {"cells": cell(np.ones((3, 3, 2)), "text", cell(1.5))}, "a": np.arange(9.0)}
    savemat(stream, content, do_compression=compressed)
    intact, rng, damage, path = stream.getvalue(), random.Random(4), [], tmp_path / "a.mat"
    for _ in range(600):
        data = bytearray(intact)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(120, len(data))] = rng.choice([0, 255, 1, 14, rng.randrange(256)])
        path.write_bytes(bytes(data[: rng.choice([len(data), len(data), rng.randrange(len(data))])]))
        try:
            mat5.read(path)
        except DamagedError as error:
            damage.append(str(error))
    assert len(damage) > 200
    assert [text for text in damage if "\n" in text] == []
