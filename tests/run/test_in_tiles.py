"""A number that was made in tiles because memory ran out never passes for one of the whole image."""

import json

import pytest

from srbench import gate
from srbench.errors import GateError
from srbench.results.reader import Reader

LITTLE_MEMORY = "if lr.shape[-1] > 16: raise MemoryError\n        return imresize(lr, scale)"


def handlings(results):
    with Reader(results) as reader:
        cells = {row.cell_id: row.facts for row in reader.planned()}
        return {cells[row.cell_id].image: row.outcome.handling for row in reader.outcomes()}


@pytest.mark.filterwarnings("ignore::srbench.errors.SrbenchWarning")
@pytest.mark.parametrize("options", [{}, {"keep_images": False}, {"self_ensemble": True}, {"threads": 2}])
def test_the_outcome_says_so(go, write_plugin, results, options):
    body = "if lr.shape[-1] > 14 or lr.shape[-2] > 14: raise MemoryError\n        return imresize(lr, scale)"
    go(write_plugin(body), **options)
    found = handlings(results)
    tiles = {image: json.loads(text or "{}").get("tile") for image, text in found.items()}
    assert tiles["a"] is None  # 14 x 14 LR pixels
    assert tiles["b"] == 8
    assert tiles["c"] == 9


@pytest.mark.filterwarnings("ignore::srbench.errors.SrbenchWarning")
def test_tiles_that_were_asked_for_are_in_the_key_instead(go, write_plugin, results):
    go(write_plugin("return imresize(lr, scale)"), tile=16)
    assert set(handlings(results).values()) == {""}


@pytest.mark.filterwarnings("ignore::srbench.errors.SrbenchWarning")
def test_the_gate_takes_it_for_no_value(go, write_plugin, results, tmp_path):
    path = write_plugin("return imresize(lr, scale)")
    go(path, metrics=("psnr",))
    with Reader(results) as reader:
        assert gate.write(gate.collect(reader), tmp_path / "baseline.toml", gate.Recording()) == 1
    go(write_plugin(LITTLE_MEMORY), metrics=("psnr",))
    with Reader(results) as reader:
        evidence = gate.collect(reader)
    (verdict,) = gate.check(evidence, gate.read(tmp_path / "baseline.toml"))
    assert verdict.outcome == "fail"
    assert "computed in tiles of 9 LR pixels" in verdict.reason
    with pytest.raises(GateError, match=r"cannot be a baseline: 'c'.*computed in tiles"):
        gate.write(evidence, tmp_path / "other.toml", gate.Recording())
