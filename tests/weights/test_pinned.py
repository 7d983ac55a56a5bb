"""Weight files that are known by their hash."""

import hashlib

import pytest

from srbench.errors import WeightsError
from srbench.records import declared_version
from srbench.weights import known, pinned
from srbench.weights.pinned import PinnedFile

CONTENT = b"weights"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folders(tmp_path, monkeypatch):
    made = [tmp_path / name for name in ("first", "second", "elsewhere")]
    for folder in made:
        folder.mkdir()
    monkeypatch.setenv("SRBENCH_WEIGHTS", f"{made[0]}:{made[1]}")
    return made


def test_folders_of_weights_come_first_then_other_places(folders):
    file = PinnedFile("a.pth", DIGEST, "https://example.org/a.pth")
    first, second, elsewhere = (folder / "a.pth" for folder in folders)
    assert file.find([elsewhere]) is None
    for path in (elsewhere, second, first):
        path.write_bytes(CONTENT)
        assert file.find([elsewhere]) == path


@pytest.mark.parametrize("digits", [0, 8, 16, 64])
def test_as_many_digits_as_are_published_are_compared(tmp_path, digits):
    file = PinnedFile("a.pth", DIGEST[:digits], "https://example.org/a.pth")
    path = tmp_path / "a.pth"
    path.write_bytes(CONTENT)
    assert file.require(path) == DIGEST
    path.write_bytes(b"others")
    if digits == 0:
        assert file.require(path) == hashlib.sha256(b"others").hexdigest()
        return
    dots = "" if digits == 64 else r"\.\.\."
    with pytest.raises(WeightsError, match=rf"not {DIGEST[:digits]}{dots}: these are other.*https://example.org/a.pth"):
        file.require(path)


def test_a_version_has_its_authors_count_and_a_hash_of_its_parts():
    versions = [pinned.version(3, parts) for parts in (["a", "b"], ["ab"], ["b", "a"], ["a", "b"])]
    assert versions[0] == versions[3]
    assert len(set(versions)) == 3
    assert {declared_version(version) for version in versions} == {3}


def test_the_published_files_have_hashes_where_they_are_printed():
    for file in known.ALL:
        assert set(file.sha256) <= set("0123456789abcdef")
        assert file.address.endswith(f"/{file.name}")
        stem = file.name.rpartition(".")[0]
        if "-" in stem:  # pyiqa's names end in the first digits of the hash
            assert file.sha256.startswith(stem.rpartition("-")[2])
    assert [file.name for file in known.ALL if len(file.sha256) < 64] == ["niqe_modelparameters.mat", "NRQM_model.mat"]
