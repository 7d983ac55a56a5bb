"""``srbench fetch``, from a server on this machine: resumed, checked, refused."""

import io
import json
import os
import random
import re
import shutil
import tarfile
import zipfile

import pytest

from srbench.dataset import manifest
from srbench.dataset.locate import ImageFile
from srbench.fetch import archive
from srbench.fetch.download import place
from srbench.imaging.images import read_image

PIECE = 1 << 14  # bytes that are written at once


def zipped(files, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return stream.getvalue()


def tarred(files, mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def images(pictures):
    """The three small pictures as files in memory."""
    return {path.name: path.read_bytes() for path in sorted(pictures.iterdir())}


@pytest.fixture
def large(images):
    """The pictures in an archive of 200 kB, which takes several pieces to send."""
    return zipped(images | {"readme.txt": random.Random(1).randbytes(200_000)})


@pytest.fixture
def known(site, pictures, images, cache, tmp_path, monkeypatch):
    """Makes 'tiny' a known dataset: the three pictures, in an archive on the server."""
    from srbench.evaluation.reference import bicubic_psnr

    manifests = tmp_path / "more" / "datasets"
    manifests.mkdir(parents=True)
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path / "more"))

    def write(*paths, inside="", recorded=True, count=3, bicubic=None, size=None, folder="tiny"):
        lines = ['title = "Tiny"', "version = 1", 'citation = "c"', 'licence = "for tests"', f"folders = ['{folder}']"]
        if recorded:
            facts = [manifest.facts_of(read_image(path), path.name) for path in sorted(pictures.iterdir())]
            rows = ", ".join(
                f'{{ file = "{f.file}", size = [{f.width}, {f.height}], channels = {f.channels}, '
                f'sha256 = "{f.sha256}" }}'
                for f in facts
            )
            lines.append(f"images = [{rows}]")
        else:
            lines += ['images = "unknown"', f"count = {count}"]
        if bicubic is not None:
            lines += ["[bicubic.basicsr]" if recorded else "[published.basicsr]", f"x2 = {bicubic}"]
        for path in paths:
            lines += ["[[source]]", f'address = "{site.url(path)}"', f'inside = "{inside}"']
            lines += [] if size is None else [f"size = {size}"]
        (manifests / "tiny.toml").write_text("\n".join(lines))
        manifest._manifests.cache_clear()

    real = [ImageFile(path.stem, path) for path in sorted(pictures.iterdir())]
    write.psnr = bicubic_psnr(real, "basicsr", 2)
    yield write
    manifest._manifests.cache_clear()


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w"), lambda f: tarred(f, "w:xz")])
def test_a_dataset_is_fetched_checked_and_found(srbench, site, known, images, cache, pack, leftovers):
    extra = {"Tiny/LR/a.png": b"not this one", "Tiny/readme.txt": b"text", "__MACOSX/Tiny/HR/._a.png": b"junk"}
    site.files["/tiny.bin"] = pack({f"Tiny/HR/{name}": content for name, content in images.items()} | extra)
    known("/tiny.bin", inside="Tiny/HR")
    result = srbench("fetch", "tiny")
    assert result.exit_code == 0, result.output
    assert f"Tiny: 3 images, fetched to {cache / 'datasets' / 'tiny'}; all images identical" in result.stdout
    assert "licence: for tests" in result.stdout
    assert {path.name: path.read_bytes() for path in (cache / "datasets" / "tiny").iterdir()} == images
    assert leftovers() == []
    assert srbench("verify", "tiny").exit_code == 0
    again = srbench("fetch", "tiny")
    assert "is here already" in again.stdout
    assert len(site.asked) == 1


def test_a_cut_connection_is_resumed_at_once(srbench, site, known, large, cache):
    site.files["/t.zip"] = large
    site.cuts = [40000, 70000]
    known("/t.zip")
    result = srbench("fetch", "tiny")
    assert result.exit_code == 0, result.output
    assert [asked for _, asked in site.asked] == ["", f"bytes={2 * PIECE}-", f"bytes={6 * PIECE}-"]
    assert "going on after" in result.stderr


def test_a_connection_cut_for_good_goes_on_at_the_next_call(srbench, wrong, site, known, large, cache):
    site.files["/t.zip"] = large
    site.cuts = [40000] * 3
    known("/t.zip")
    result = srbench("fetch", "tiny")
    assert result.exit_code == 2
    assert re.search(r"error: the connection to 127\.0\.0\.1 was cut.*goes on from there", result.stderr)
    site.asked.clear()
    assert srbench("fetch", "tiny").exit_code == 0
    assert [asked for _, asked in site.asked] == [f"bytes={6 * PIECE}-"]


def test_a_server_without_ranges_sends_it_all_again(srbench, site, known, large):
    site.files["/t.zip"] = large
    site.cuts, site.ranges = [40000], False
    known("/t.zip")
    assert srbench("fetch", "tiny").exit_code == 0


def test_a_file_that_changed_since_the_cut_is_sent_from_its_beginning(srbench, site, known, large):
    site.files["/t.zip"] = bytes(200_000)
    site.cuts = [40000] * 3
    known("/t.zip")
    assert srbench("fetch", "tiny").exit_code == 2
    site.files["/t.zip"] = large
    assert srbench("fetch", "tiny").exit_code == 0


def test_what_was_whole_before_the_end_was_seen_is_taken(srbench, site, known, images):
    site.files["/t.zip"] = zipped(images)
    known("/t.zip")
    part = place(site.url("/t.zip"))
    part.parent.mkdir(parents=True)
    part.with_name(part.name + ".part").write_bytes(zipped(images))
    assert srbench("fetch", "tiny").exit_code == 0
    assert len(site.asked) == 1


def test_an_html_page_in_place_of_an_archive_is_said(wrong, site, known, cache, leftovers):
    page = b"<!DOCTYPE html><html><body>Too many requests</body></html>"
    for kind in ("text/html; charset=utf-8", "application/zip"):
        site.files["/t.zip"], site.types["/t.zip"] = page, kind
        known("/t.zip")
        wrong("fetch", "tiny", match=r"t\.zip answers with an HTML page in place of the file; open it in a browser")
        assert leftovers() == []


def test_a_file_that_is_no_archive_is_said(wrong, site, known, cache, leftovers):
    site.files["/t.zip"] = b"something else entirely"
    known("/t.zip")
    wrong("fetch", "tiny", match=r"t\.zip' is no zip or tar archive \(it begins with b'something else e'\)")
    assert leftovers() == []


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_damaged_archive_is_said(wrong, site, known, images, cache, pack):
    content = bytearray(pack(images))
    content[200:260] = bytes(60)
    site.files["/t"] = bytes(content)
    known("/t")
    wrong("fetch", "tiny", match="damaged|no zip or tar")
    assert not (cache / "datasets" / "tiny").exists()


PACKS = {
    "zip stored": zipped,
    "zip deflated": lambda files: zipped(files, zipfile.ZIP_DEFLATED),
    "zip bzip2": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    "zip lzma": lambda files: zipped(files, zipfile.ZIP_LZMA),
    "tar": lambda files: tarred(files, "w"),
    "tar.gz": tarred,
    "tar.bz2": lambda files: tarred(files, "w:bz2"),
    "tar.xz": lambda files: tarred(files, "w:xz"),
}


@pytest.mark.parametrize("kind", PACKS)
@pytest.mark.sampled(3)
def test_an_archive_that_is_damaged_anyhow_is_fetched_again(srbench, site, known, images, cache, leftovers, kind):
    """Cut short, and with bytes of its beginning, middle and end changed, seeded; whatever the library raises then."""
    whole, draw = PACKS[kind](images), random.Random(kind)
    known("/t")
    for attempt in range(12):
        content = bytearray(whole)
        if attempt < 3:
            del content[draw.randrange(30, len(content)) :]
        for _ in range(0 if attempt < 3 else 1 + attempt * attempt):
            at = draw.choice([draw.randrange(len(content)), draw.randrange(60), -1 - draw.randrange(120)])
            content[at] = draw.randrange(256)
        site.files["/t"] = bytes(content)
        result = srbench("fetch", "tiny")
        assert result.exit_code in (0, 2), result.output
        assert "Traceback" not in result.output
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert leftovers() == []
        if result.exit_code == 0:  # what was changed is nothing that is read
            shutil.rmtree(cache / "datasets" / "tiny")
    site.files["/t"] = whole
    result = srbench("fetch", "tiny")
    assert result.exit_code == 0, result.output
    assert len(site.asked) == 13


def test_a_full_disk_does_not_throw_the_archive_away(wrong, srbench, site, known, images, monkeypatch):
    site.files["/t.tgz"] = tarred(images)
    known("/t.tgz")
    copy = archive._copy

    def full(content, path):
        raise archive._CannotWriteError(OSError(28, "No space left on device"))

    monkeypatch.setattr(archive, "_copy", full)
    wrong("fetch", "tiny", match=r"cannot write .*No space left on device.*free space")
    monkeypatch.setattr(archive, "_copy", copy)
    assert srbench("fetch", "tiny").exit_code == 0
    assert len(site.asked) == 1


@pytest.mark.parametrize("how", ["announced", "not announced", "the rest of it", "in the manifest"])
def test_a_download_has_a_largest_size(srbench, site, known, large, leftovers, monkeypatch, how):
    site.files["/t.zip"] = large
    known("/t.zip", size=len(large) - 1 if how == "in the manifest" else None)
    if how == "the rest of it":
        site.cuts = [40000] * 3
        srbench("fetch", "tiny")
        assert leftovers() != []
    if how != "in the manifest":
        monkeypatch.setattr("srbench.fetch.datasets.MAX_ARCHIVE", len(large) - 1)
    site.announces = how != "not announced"
    refused = srbench("fetch", "tiny")
    assert refused.exit_code == 2
    assert re.search(r"error: .*t\.zip has more than 0\.2 MB", refused.stderr)
    assert leftovers() == []
    known("/t.zip", size=len(large))
    assert srbench("fetch", "tiny").exit_code == 0


@pytest.mark.parametrize("folder", ["../../x", "/{away}", "a/../../../x", "..", ".", "", "a//b", "C:x", "..\\..\\x"])
def test_a_manifest_does_not_install_outside_of_the_cache(srbench, site, known, images, cache, tmp_path, folder):
    site.files["/t.zip"] = zipped(images)
    known("/t.zip", folder=folder.format(away=tmp_path / "away"))
    before = {path for path in tmp_path.rglob("*") if cache not in path.parents}
    result = srbench("fetch", "tiny")
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert {path for path in tmp_path.rglob("*") if cache not in path.parents} - {cache} == before
    assert not [path for path in cache.rglob("*") if path.suffix == ".png"]


def test_a_missing_file_and_a_server_that_is_not_there_are_said(wrong, site, known):
    known("/gone.zip")
    wrong("fetch", "tiny", match=r"cannot download http://.*/gone\.zip \(404 .*Not Found")
    site.shutdown()
    site.server_close()
    wrong("fetch", "tiny", match=r"no connection to 127\.0\.0\.1 \(Connection refused\); check the network")


def test_another_address_is_tried(srbench, site, known, images):
    site.files["/good.zip"] = zipped(images)
    known("/gone.zip", "/good.zip")
    result = srbench("fetch", "tiny")
    assert result.exit_code == 0, result.output
    assert re.search(r"note: cannot download .*gone\.zip.*trying another address", result.stderr)


def test_wrong_pixels_name_the_image_and_what_was_expected(wrong, site, known, images, cache, pictures, leftovers):
    from srbench.imaging.images import write_image

    facts = manifest.facts_of(read_image(pictures / "b.png"), "b.png")
    write_image(pictures / "other.png", 255 - read_image(pictures / "b.png"))
    other = manifest.facts_of(read_image(pictures / "other.png"), "b.png")
    site.files["/t.zip"] = zipped(images | {"b.png": (pictures / "other.png").read_bytes()})
    (pictures / "other.png").unlink()
    known("/t.zip", bicubic=round(known.psnr + 1, 4))
    wrong("fetch", "tiny", match=rf"1 image differ \(b: other pixels \(sha256 {other.sha256[:12]}\.\.\., not "
          rf"{facts.sha256[:12]}\.\.\.\)\); bicubic gives .* instead of")  # fmt: skip
    assert not (cache / "datasets" / "tiny").exists()
    assert leftovers() == []


def test_other_pixels_are_taken_where_bicubic_has_its_recorded_psnr(srbench, site, known, images, pictures):
    from srbench.imaging.images import write_image

    pixels = read_image(pictures / "b.png").copy()
    original = images["b.png"]
    pixels[14, 14] ^= 1
    write_image(pictures / "b.png", pixels)
    site.files["/t.zip"] = zipped(images | {"b.png": (pictures / "b.png").read_bytes()})
    (pictures / "b.png").write_bytes(original)
    known("/t.zip", bicubic=round(known.psnr, 4))
    result = srbench("fetch", "tiny")
    assert result.exit_code == 0, result.output
    assert "1 of 3 images have other pixels" in result.stdout
    assert "bicubic has its recorded PSNR within 0.005 dB" in result.stdout


def test_a_missing_image_is_named(wrong, site, known, images):
    del images["b.png"]
    site.files["/t.zip"] = zipped(images)
    known("/t.zip")
    wrong("fetch", "tiny", match=r"is another Tiny: 1 image differ \(b: missing\)")


def test_a_dataset_without_recorded_pixels_is_counted(srbench, wrong, site, known, images, cache):
    site.files["/t.zip"] = zipped(images)
    known("/t.zip", recorded=False, count=4)
    wrong("fetch", "tiny", match=r"holds 3 images, Tiny has 4")
    known("/t.zip", recorded=False, bicubic=round(known.psnr, 2))
    result = srbench("fetch", "tiny")
    assert result.exit_code == 0, result.output
    assert "its pixels are not recorded, only counted; bicubic gives" in result.stdout
    assert ", as papers print" in result.stdout
    verified = srbench("verify", "tiny")
    assert verified.exit_code == 0
    assert "3 of 3 images here; their pixels are not recorded" in verified.stdout
    rows = {row["name"]: row for row in json.loads(srbench("list", "datasets", "--json").stdout)}
    assert rows["tiny"]["images"] == 3
    assert rows["tiny"]["where"].endswith("tiny")
    options = ["--scales", "2", "--out", cache / "r", "--device", "cpu", "--threads", "1"]
    run = srbench("run", "--methods", "nearest", "--datasets", "tiny", *options)
    assert run.exit_code == 0, run.output
    (cache / "datasets" / "tiny" / "a.png").unlink()
    again = srbench("run", "--methods", "nearest", "--datasets", "tiny", *options)
    assert again.exit_code == 2
    assert "holds 2 images, Tiny has 3" in again.stderr


def test_a_wrong_copy_that_is_here_already_is_said(wrong, known, images, cache, pictures):
    from srbench.imaging.images import write_image

    known("/t.zip")
    for name, content in images.items():
        (cache / "datasets" / "Tiny").mkdir(parents=True, exist_ok=True)
        (cache / "datasets" / "Tiny" / name).write_bytes(content)
    write_image(cache / "datasets" / "Tiny" / "a.png", 255 - read_image(pictures / "a.png"))
    wrong("fetch", "tiny", match=r"Tiny is in '.*Tiny', but 1 image differ \(a: other pixels")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("sett5", "unknown dataset 'sett5'; did you mean set5"),
        ("manga109", r"knows no address of Manga109; its authors give it on application: http://www\.manga109"),
        ("t91", "knows no address of T91"),
        ("vid4", "knows no address of Vid4; .* put these into ./data/Vid4"),
    ],
)
def test_what_cannot_be_fetched_is_one_line(wrong, name, match):
    wrong("fetch", name, match=match)


def test_the_sample_needs_no_network(srbench):
    result = srbench("fetch", "sample")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "nothing to fetch" in result.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_said(wrong, site, known, images, cache):
    site.files["/t.zip"] = zipped(images)
    known("/t.zip")
    cache.mkdir(mode=0o500)
    wrong("fetch", "tiny", match="cannot write")
