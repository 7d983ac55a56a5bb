"""Archives that mean harm."""

import io
import stat
import tarfile
import zipfile

import pytest

from srbench.errors import FetchError
from srbench.fetch import archive
from srbench.fetch.archive import unpack


def tar(path, *members, mode="w:gz"):
    """A tar file of (name, content) or TarInfo members."""
    with tarfile.open(path, mode) as stream:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                stream.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                stream.addfile(info, io.BytesIO(member[1]))
    return path


def make_zip(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, content in members:
            stream.writestr(name, content)
    return path


@pytest.mark.parametrize("make", [tar, make_zip])
@pytest.mark.parametrize(
    "name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "C:/evil.png", "..\\evil.png", "a/../b/evil.txt"]
)
def test_no_path_leaves_the_target(tmp_path, make, name):
    path = make(tmp_path / "a.bin", ("good.png", b"1"), (name, b"2"))
    with pytest.raises(FetchError, match=r"a\.bin' is refused: '.*evil.*' wants to be written outside") as error:
        unpack(path, tmp_path / "in" / "target")
    assert "\n" not in str(error.value)
    assert sorted(p.name for p in tmp_path.rglob("*")) in (
        ["a.bin", "good.png", "in", "target"],
        ["a.bin", "in", "target"],
    )


def link(name, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    ("kind", "said"),
    [(tarfile.SYMTYPE, "a link"), (tarfile.LNKTYPE, "a link"), (tarfile.FIFOTYPE, "a device"), (b"3", "a device")],
)
def test_no_links_and_devices_in_a_tar(tmp_path, kind, said):
    with pytest.raises(FetchError, match=f"'x.png' is {said}"):
        unpack(tar(tmp_path / "a.tgz", link("x.png", kind)), tmp_path / "target")


def test_no_links_in_a_zip(tmp_path):
    info = zipfile.ZipInfo("x.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as stream:
        stream.writestr(info, "/etc/passwd")
    with pytest.raises(FetchError, match=r"'x\.png' is a link"):
        unpack(tmp_path / "a.zip", tmp_path / "target")


@pytest.mark.parametrize("make", [tar, make_zip])
def test_sizes_and_counts_are_bounded(tmp_path, make, monkeypatch):
    bomb = make(tmp_path / "bomb.bin", ("x.png", bytes(5000)), ("y.png", b"1"))
    monkeypatch.setattr(archive, "MAX_FILE", 4096)
    with pytest.raises(FetchError, match=r"'x\.png' is larger than"):
        unpack(bomb, tmp_path / "one")
    monkeypatch.setattr(archive, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(archive, "MAX_TOTAL", 5000)
    with pytest.raises(FetchError, match="it holds more than"):
        unpack(bomb, tmp_path / "two")
    monkeypatch.setattr(archive, "MAX_TOTAL", 1 << 20)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 1)
    with pytest.raises(FetchError, match="it holds more than"):
        unpack(bomb, tmp_path / "three")


def test_a_zip_that_understates_its_sizes_writes_no_more_than_it_states(tmp_path, monkeypatch):
    bomb = make_zip(tmp_path / "bomb.zip", ("x.png", bytes(1 << 20)))
    stated = (1 << 20).to_bytes(4, "little")
    content = bomb.read_bytes()
    assert content.count(stated) == 2  # before the file and in the directory
    bomb.write_bytes(content.replace(stated, (100).to_bytes(4, "little")))
    monkeypatch.setattr(archive, "MAX_FILE", 4096)
    with pytest.raises(FetchError, match="is damaged"):
        unpack(bomb, tmp_path / "target")
    assert (tmp_path / "target/x.png").stat().st_size <= 100


@pytest.mark.parametrize("make", [tar, make_zip])
def test_two_images_of_one_name_are_refused(tmp_path, make):
    path = make(tmp_path / "a.bin", ("one/x.png", b"1"), ("two/X.png", b"2"))
    with pytest.raises(FetchError, match=r"two images called 'X\.png'"):
        unpack(path, tmp_path / "target")
    assert [p.name for p in unpack(path, tmp_path / "other", "two")] == ["X.png"]


@pytest.mark.parametrize("make", [tar, make_zip])
def test_a_name_that_is_too_long_for_the_file_system_is_refused(tmp_path, make):
    path = make(tmp_path / "a.bin", ("x" * 300 + ".png", b"1"))
    with pytest.raises(FetchError, match=r"a\.bin' is refused: it holds a file whose name is longer"):
        unpack(path, tmp_path / "target")


def test_an_archive_without_images_is_refused(tmp_path):
    path = make_zip(tmp_path / "a.zip", ("readme.txt", b"1"), ("HR/a.png", b"1"))
    with pytest.raises(FetchError, match="holds no images in its folder 'SR'"):
        unpack(path, tmp_path / "target", "SR")


def test_only_images_below_the_folder_are_written(tmp_path):
    members = [("d/HR/a.png", b"a"), ("d/HR/b.txt", b"b"), ("d/LR/a.png", b"c"), ("d/HR/.c.png", b"c")]
    (found,) = unpack(tar(tmp_path / "a.tar", *members, mode="w"), tmp_path / "target", "d/HR")
    assert found.read_bytes() == b"a"
    assert [p.name for p in (tmp_path / "target").iterdir()] == ["a.png"]
