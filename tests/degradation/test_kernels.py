"""Kernel files: whatever is no kernel is refused in one line, and nothing in it is run."""

import io
import pickle

import numpy as np
import pytest

from srbench.degradation.kernels import read_kernel
from srbench.errors import SrbenchError

BOX = np.full((3, 3), 1 / 9)


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def header(text):
    data = text.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(data).to_bytes(2, "little") + data + BOX.tobytes()


class Evil:
    def __reduce__(self):
        return open, ("executed", "w")


def objects():
    array = np.empty((3, 3), object)
    array[:] = Evil()
    return npy(array, allow_pickle=True)


def archive(damaged=False):
    stream = io.BytesIO()
    np.savez(stream, k=BOX)
    return stream.getvalue()[: -30 if damaged else None]


SHAPES = [
    "(1000000000, 1000000000)",
    "(-3, -3)",
    "(3.0, 3.0)",
    "[3, 3]",
    "(3, 3",
    "None",
    f"({10**30}, 3)",
    "((3, 3), 3)",
]
TYPES = ["|O", "<U4", "<c16", "x", "", "<f99", "(2,3)f8", "<M8[s]", "<U100000000"]
WRONG = {
    "nothing": b"",
    "text": b"no array",
    "pickle": pickle.dumps(Evil()),
    "objects": objects(),
    "archive": archive(),
    "damaged archive": archive(damaged=True),
    "cut": npy(BOX)[:-5],
    "cut header": npy(BOX)[:40],
    "brackets": header("[" * 3000),
    "deep": header("(" * 20_000 + ")" * 20_000),
    "code": header("open('executed', 'w')"),
    "no table": header("3"),
    **{f"shape {s}": header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {s}, }}") for s in SHAPES},
    **{f"type {t}": header(f"{{'descr': '{t}', 'fortran_order': False, 'shape': (3, 3), }}") for t in TYPES},
    "nan": npy(BOX * np.nan),
    "infinite": npy(BOX * np.inf),
    "beyond double": npy(np.array([[np.longdouble("1e4000")]])),
    "even": npy(np.full((2, 2), 0.25)),
    "sum": npy(BOX * 2),
    "largest": npy(np.full((3, 3), 1e308)),
    "lost in rounding": npy(np.array([[1e308, -1e308, 1.0]])),
    "lost in rounding, smaller": npy(np.array([[1.0, 2.0**60, -(2.0**60)]])),
    "flat": npy(np.full(3, 1 / 3)),
    "empty": npy(np.zeros((0, 0))),
    "truth values": npy(np.ones((1, 1), bool)),
    "records": npy(np.zeros((3, 3), [("a", "f8")])),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_kernel_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k.npy").write_bytes(WRONG[name])
    with pytest.raises(SrbenchError, match=r"k\.npy") as caught:
        read_kernel(tmp_path / "k.npy")
    assert caught.value.hint
    assert not (tmp_path / "executed").exists()


def test_a_folder_and_a_link_to_nowhere_have_hints_of_their_own(tmp_path):
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "link.npy").symlink_to("nowhere")
    with pytest.raises(SrbenchError, match="name a file, not a folder"):
        read_kernel(tmp_path / "folder.npy")
    with pytest.raises(SrbenchError, match="check the path"):
        read_kernel(tmp_path / "link.npy")


@pytest.mark.parametrize("kernel", [BOX, BOX.astype(np.float32), np.ones((1, 1), ">i2"), np.asfortranarray(BOX)])
def test_a_kernel_of_any_type_of_numbers_is_read(tmp_path, kernel):
    np.save(tmp_path / "k.npy", kernel)
    read = read_kernel(tmp_path / "k.npy")
    assert read.dtype == np.float64
    np.testing.assert_allclose(read, kernel)
