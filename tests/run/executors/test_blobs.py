"""Files under the hash of their bytes: found intact or not at all, and not more of them than there is room for."""

import hashlib
import os

import pytest

from srbench.run.executors.blobs import Blobs


def name(content):
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_found_under_its_hash_also_by_another_process(tmp_path):
    Blobs(tmp_path).add(name(b"one"), b"one")
    assert Blobs(tmp_path).path(name(b"one")).read_bytes() == b"one"
    assert Blobs(tmp_path).path(name(b"two")) is None


def test_other_bytes_than_were_named_are_not_kept(tmp_path):
    with pytest.raises(ValueError, match="not the bytes"):
        Blobs(tmp_path).add(name(b"one"), b"two")
    with pytest.raises(ValueError, match="not the bytes"):
        Blobs(tmp_path).add("../elsewhere", b"two")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_not_there(tmp_path):
    Blobs(tmp_path).add(name(b"one"), b"one")
    (tmp_path / name(b"one")).write_bytes(b"oNe")
    assert Blobs(tmp_path).path(name(b"one")) is None
    assert list(tmp_path.iterdir()) == []


def test_the_longest_unused_files_make_room_but_none_that_is_in_use(tmp_path):
    blobs = Blobs(tmp_path, most=12)
    contents = [bytes([65 + i]) * 4 for i in range(4)]
    for age, content in zip((5000, 9000, 7000), contents, strict=False):
        blobs.add(name(content), content)
        path = tmp_path / name(content)
        os.utime(path, (path.stat().st_atime - age, path.stat().st_mtime - age))
    assert blobs.path(name(contents[1])) is not None  # the oldest is used again
    blobs.add(name(contents[3]), contents[3])
    assert [(tmp_path / name(content)).exists() for content in contents] == [True, True, False, True]
    Blobs(tmp_path, most=1).add(name(b"new"), b"new")
    assert [(tmp_path / name(content)).exists() for content in contents] == [False, True, False, True]
