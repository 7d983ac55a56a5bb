"""Which files of a degradation a worker elsewhere is sent, and what names it there."""

import numpy as np
import pytest

from srbench import degradation
from srbench.degradation import spelled
from srbench.run.executors.parcels import Packer
from srbench.run.job import context_of
from srbench.run.options import RunOptions
from srbench.run.worker import CellWorker


@pytest.fixture
def kernels(tmp_path):
    for name in ("one", "two"):
        np.save(tmp_path / f"{name}.npy", np.full((1, 3), 1 / 3))
    (tmp_path / "phone.toml").write_text('name = "phone"\nsteps = ["blur:one.npy", "down", "blur:two.npy"]\n')
    return tmp_path


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("blur:{0}/one.npy:reflect > down > blur:{0}/two.npy > jpeg:60", ["one.npy", "two.npy"]),
        ("kernel:{0}/one.npy", ["one.npy"]),
        ("{0}/phone.toml", ["one.npy", "phone.toml", "two.npy"]),
        ("blur:1.6 > down", []),
    ],
)
def test_a_chain_goes_with_its_files_and_is_the_same_there(kernels, tmp_path, text, files):
    name = text.format(kernels)
    packer = Packer(CellWorker(context_of(RunOptions(degradation=name, device="cpu", out=tmp_path / "out"))))
    found = packer.sources()
    assert list(found) == ([name] if files else [])
    for source in found.values():
        assert sorted(file.place.rpartition("/")[2] for file in source.files) == files
        root = tmp_path / "elsewhere"
        for file in source.files:
            (root / file.place).parent.mkdir(parents=True, exist_ok=True)
            (root / file.place).write_bytes(packer.content(file.sha256))
        assert str(root) in source.named(root)
        assert degradation.get(source.named(root)).key == degradation.get(name).key


def test_the_parts_of_a_name_make_the_same_degradation(kernels):
    name = f"noise:1>blur:{kernels}/one.npy>blur:{kernels}/two.npy:reflect>down"
    parts = spelled(name)
    assert list(parts[1::2]) == [f"{kernels}/one.npy", f"{kernels}/two.npy"]
    assert degradation.get("".join(parts)).key == degradation.get(name).key
