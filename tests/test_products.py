"""Products of small matrices: the same by numpy and by torch."""

import pytest
import torch

from srbench.products import multiply, operand


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_a_batch_is_multiplied_into_strided_memory(dtype):
    random = torch.Generator().manual_seed(0)
    a, b = (torch.randint(-4, 5, shape, generator=random).to(dtype) for shape in ((3, 5), (7, 5, 2)))
    memory = torch.full((7, 3, 4), 99.0, dtype=dtype)
    multiply([(operand(a), operand(b), operand(memory[:, :, 1:3]))])
    assert torch.equal(memory[:, :, 1:3], a @ b)  # sums of small whole numbers are exact in every type
    assert (memory[:, :, [0, 3]] == 99).all()


def test_an_operand_is_the_tensor_itself():
    x = torch.zeros(2, 3)
    operand(x)[1, 2] = 5
    assert x[1, 2] == 5


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu():
    a, b, out = (torch.rand(shape).cuda() for shape in ((3, 5), (7, 5, 2), (7, 3, 2)))
    multiply([(operand(a), operand(b), operand(out))])
    assert torch.allclose(out, a @ b)
