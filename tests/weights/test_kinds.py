"""Files that are no weights, and parts of several: each is called what it is, in one line with a way on."""

import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest
import torch

from srbench.errors import WeightsError
from srbench.weights import archives
from srbench.weights.files import load_state

STATE = {"weight": torch.ones(2, 3)}


def saved():
    stream = io.BytesIO()
    torch.save(STATE, stream)
    return stream.getvalue()


def tar():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("net.pth"))
    return stream.getvalue()


def zipped():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("weights/net_x4.pth", saved())
    return stream.getvalue()


WHAT = {
    "page": (b"\n<!DOCTYPE html><html><title>Sign in</title>", r"is a web page, not weights: .*; open its address"),
    "xml": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "is a web page, not weights"),
    "pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 6123456\n",
        r"is a pointer of Git LFS to 6,123,456 bytes, which are not in it; .*git lfs pull",
    ),
    "empty": (b"", "not an intact file of weights: it is empty"),
    "gzip": (gzip.compress(saved()), "is packed with gzip; unpack it"),
    "tar": (tar(), "is a tar archive"),
    "zip": (zipped(), r"is a zip archive that torch did not write \(weights/net_x4\.pth\); unpack it"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 600, "is an HDF5 file"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "is a picture"),
    "text": (b"epoch,loss\n1,0.3\n" * 50, "not an intact|not a checkpoint"),
}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".bin", ".pkl", ".npz"])
@pytest.mark.parametrize("what", WHAT)
def test_what_is_no_weight_file_is_called_what_it_is(tmp_path, what, suffix):
    content, match = WHAT[what]
    (tmp_path / f"w{suffix}").write_bytes(content)
    if what in ("zip", "text") and suffix == ".safetensors":
        match = match if what == "zip" else "not an intact safetensors file"
    with pytest.raises(WeightsError, match=match) as error:
        load_state(tmp_path / f"w{suffix}")
    assert "\n" not in str(error.value)
    assert error.value.hint


def test_an_archive_that_unpacks_to_far_more_than_it_is_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_SMALL", 1 << 20)
    for name in ("a.npz", "b.pth"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("net/data.pkl" if name == "b.pth" else "w.npy", b"\0" * (1 << 24))
        with pytest.raises(WeightsError, match=r"unpacks to 0\.0 GB from 0\.0 MB: not weights"):
            load_state(tmp_path / name)


def test_arrays_that_promise_more_numbers_than_are_there_take_no_memory(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000), }\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + np.ones(4).tobytes()
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(WeightsError, match=r"not an intact checkpoint \(an array of"):
        load_state(tmp_path / "a.npy")


@pytest.mark.parametrize("beside", [{}, {"object": torch.nn.ReLU()}], ids=["torch", "as data"])
def test_a_number_that_is_given_a_size_that_fills_the_memory_is_damage(tmp_path, beside):
    one = torch.ones(1)
    torch.save({"w": one.expand(10**6, 10**6), "v": one.expand(40, 3), **beside}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"a tensor of 1,000,000,000,000 numbers, of which 1 are there"):
        load_state(tmp_path / "w.pth")


def test_a_part_of_several_files_names_the_others(tmp_path):
    for number in (1, 2):
        torch.save({f"w{number}": torch.ones(2)}, tmp_path / f"net-0000{number}-of-00003.bin")
    with pytest.raises(WeightsError, match=r"one of 3 files .* 1 are not there \(net-00003-of-00003\.bin\)"):
        load_state(tmp_path / "net-00001-of-00003.bin")
    torch.save({"w3": torch.ones(2)}, tmp_path / "net-00003-of-00003.bin")
    with pytest.raises(WeightsError, match=r"one of 3 files .*; make one of them: srbench convert .*net-00001"):
        load_state(tmp_path / "net-00001-of-00003.bin")
