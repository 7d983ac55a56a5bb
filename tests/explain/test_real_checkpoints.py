"""Public puzzles about real weights and real logs."""

import pytest

from srbench import api
from srbench.explain import explain, parse
from srbench.method.base import MethodContext, prepare
from srbench.protocol.base import CLASSIC

SCRIPT = "the script of twtygqyy's VDSR"


def answer(name, expect, threads=1):
    targets = parse([expect], "set5", 4)
    method = api.load(name)
    for target in targets:
        prepare(method, target.scale, MethodContext())
    return explain(method, method.card.name, targets, threads=threads)


@pytest.mark.data("set5")
def test_a_log_of_another_programs_bicubic_has_one_setting():
    """What eval.py of twtygqyy/pytorch-vdsr printed for a user (issue 27): 33.69039381 and 30.40769234."""
    found = answer("bicubic", "x2=33.69039,x3=30.40769")
    assert [row.script for row in found.fitting] == [SCRIPT]
    assert found.best.values == pytest.approx((33.69039381, 30.40769234), abs=2e-5)
    assert found.feedings == 0


@pytest.mark.slow  # VDSR at three scales, six LR images each: minutes
@pytest.mark.data("set5")
def test_the_three_numbers_of_a_vdsr_port_have_one_setting(real_checkpoints):
    found = answer(f"vdsr={real_checkpoints / 'vdsr_retrained.safetensors'}", "x2=37.65,x3=33.77,x4=31.45", threads=2)
    assert [row.script for row in found.fitting] == [SCRIPT]
    assert found.best.values == pytest.approx((37.653, 33.773, 31.453), abs=5e-4)
    assert found.alone(found.targets[2]) == 3
    classic = next(row for row in found.rows if row.name == CLASSIC.name)
    assert classic.values == pytest.approx((37.589, 33.748, 31.434), abs=5e-4)
    assert not classic.fits
