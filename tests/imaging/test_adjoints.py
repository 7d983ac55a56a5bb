"""Adjoints: <A x, y> = <x, A' y>, of every map that makes LR images."""

import pytest
import torch

from srbench.degradation import get
from srbench.imaging.adjoints import adjoint

SIZE = (36, 30)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.5, -0.5), (0.3, 0.7)])
@pytest.mark.parametrize("name", ["down", "down:nearest:first", "blur:1.6 > down:nearest", "down:area"])
def test_products_agree(name, shift):
    operator = get(name).frame_operator(*SIZE, 3, shift)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, *SIZE, generator=generator, dtype=torch.float64)
    low = operator(x)
    y = torch.rand(low.shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        back = adjoint(operator, *SIZE)(y)
    assert back.shape == x.shape
    assert float((low * y).sum()) == pytest.approx(float((x * back).sum()), rel=1e-12)


def test_maps_that_are_not_separable():
    operator = get("down").operator(*SIZE, 3)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(SIZE, generator=generator, dtype=torch.float64)

    def turned(hr):
        return operator(hr).flip(-1) * 2

    y = torch.rand(turned(x).shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        back = adjoint(turned, *SIZE)(y)
    assert float((turned(x) * y).sum()) == pytest.approx(float((x * back).sum()), rel=1e-12)
