"""Results folders of other versions, and a disk that is full, through the command line."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srbench.imaging.images import write_image

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("version", ["results-v1", "results-v2", "results-v3"])
def test_an_old_folder_gives_the_report_that_it_gave(srbench, tmp_path, version):
    shutil.copytree(GOLDEN / version, tmp_path / "results")
    result = srbench("report", tmp_path / "results", "--format", "csv")
    assert result.exit_code == 0, result.output
    expected = [line.split(",")[:10] for line in (GOLDEN / f"{version}.csv").read_text().splitlines()]
    assert [line.split(",")[:10] for line in result.stdout.splitlines()] == expected
    assert srbench("report", tmp_path / "results").exit_code == 0


def test_a_run_goes_on_in_an_old_folder(srbench, tmp_path, pictures):
    shutil.copytree(GOLDEN / "results-v1", tmp_path / "results")
    arguments = ["--datasets", pictures, "--scales", "2", "--out", tmp_path / "results", "--device", "cpu"]
    result = srbench("run", "--methods", "lanczos", *arguments)
    assert result.exit_code == 0, result.output
    assert "run 3: 3 cells computed" in result.stderr
    methods = {
        line.partition(",")[0] for line in srbench("report", tmp_path / "results", "--format", "csv").stdout.split()
    }
    assert {"bicubic", "nearest", "lanczos"} <= methods


@pytest.mark.parametrize("command", ["run", "report", "check"])
def test_a_folder_of_a_newer_srbench_is_refused_with_the_reason(wrong, tmp_path, command, pictures):
    folder = tmp_path / "results"
    shutil.copytree(GOLDEN / "results-v1", folder)
    connection = sqlite3.connect(folder / "results.sqlite")
    connection.execute("ALTER TABLE meta ADD COLUMN written_by VARCHAR NOT NULL DEFAULT '9.1.0'")
    connection.execute("UPDATE meta SET schema_version = 99")
    connection.commit()
    connection.close()
    before = (folder / "results.sqlite").read_bytes()
    (tmp_path / "t.toml").write_text('[[threshold]]\nmethod="a"\ndataset="b"\nscale=2\nmetric="psnr"\nmin=1\n')
    arguments = {
        "run": ["--methods", "nearest", "--datasets", pictures, "--out", folder],
        "report": [folder],
        "check": [folder, "--thresholds", tmp_path / "t.toml"],
    }[command]
    match = r"results' was written by a newer srbench \(srbench 9\.1\.0\): schema 99, this one reads up to \d+; update"
    wrong(command, *arguments, match=match)
    # Opening it switches on the write-ahead log, which marks two bytes of the header; the rest stays.
    after = (folder / "results.sqlite").read_bytes()
    assert after[100:] == before[100:]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with very little space; mounting one needs rights that not every machine gives."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("no tmpfs on this system")
    command = ["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.strip() or mounted.returncode}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_loses_nothing_that_was_scored_and_the_next_run_finishes(
    srbench, small_disk, tmp_path, scores, write_plugin
):
    many = tmp_path / "many"
    for i in range(12):  # noise, so that each SR image takes about 100 kB
        write_image(many / f"{i:02d}.png", np.random.default_rng(i).integers(0, 256, (216, 216, 3), np.uint8))
    out = small_disk / "results"
    # Slow enough that cells are stored one by one: of fast ones the images of several fill the disk before any score.
    plugin = write_plugin("time.sleep(0.25)\n        return imresize(lr, scale)")
    command = ["run", "--methods", plugin, "--datasets", many, "--scales", "2", "--out", out, "--threads", "1"]
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(500_000))
    first = srbench(*command, "--device", "cpu")
    assert first.exit_code in (1, 2)
    assert "space" in first.stderr
    assert "Traceback" not in first.stderr
    assert not list(out.glob("images/**/.part-*"))
    ballast.unlink()  # some space again
    before = scores(out)
    assert 0 < len(before) < 24
    second = srbench(*command, "--device", "cpu", "--no-images")
    assert second.exit_code == 0, second.output
    after = scores(out)
    assert len(after) == 24
    assert {key: after[key] for key in before} == before
    clean = srbench(*command[:8], tmp_path / "clean", *command[9:], "--device", "cpu", "--no-images")
    assert clean.exit_code == 0, clean.output
    assert scores(tmp_path / "clean") == after
    assert os.statvfs(small_disk).f_bavail >= 0
