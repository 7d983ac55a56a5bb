"""Products of small matrices: the same by numpy and by torch."""

import os
import platform
import subprocess
import sys

import pytest
import torch

from srbench.imaging.products import multiply, operand, product


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_a_batch_is_multiplied_into_strided_memory(dtype):
    random = torch.Generator().manual_seed(0)
    a, b = (torch.randint(-4, 5, shape, generator=random).to(dtype) for shape in ((3, 5), (7, 5, 2)))
    memory = torch.full((7, 3, 4), 99.0, dtype=dtype)
    multiply(product(operand(a), operand(b), operand(memory[:, :, 1:3])))
    assert torch.equal(memory[:, :, 1:3], a @ b)  # sums of small whole numbers are exact in every type
    assert (memory[:, :, [0, 3]] == 99).all()


def test_an_operand_is_the_tensor_itself():
    x = torch.zeros(2, 3)
    operand(x)[1, 2] = 5
    assert x[1, 2] == 5


SPIN = """
import time, torch
from srbench.resize import imresize
torch.set_num_threads(1)
pixels, picture = torch.randint(0, 256, (3, 540, 2400), dtype=torch.uint8), torch.rand(3, 300, 1200)
for _ in range(2):  # the first warms up
    time.sleep(0.2)
    wall, processors = time.perf_counter(), time.process_time()
    for _ in range(10):
        imresize(pixels, 0.5), imresize(picture, 2)
print((time.process_time() - processors) / (time.perf_counter() - wall))
"""


@pytest.mark.sampled(2)
@pytest.mark.skipif(os.cpu_count() == 1, reason="one processor")
@pytest.mark.parametrize("kernels", ["", "Haswell"])
def test_other_threads_are_left_alone(kernels):
    environment = os.environ | ({"OPENBLAS_CORETYPE": kernels} if kernels and platform.machine() == "x86_64" else {})
    out = subprocess.run([sys.executable, "-c", SPIN], capture_output=True, check=True, env=environment).stdout
    assert 0 < float(out) < 1.2


@pytest.mark.parametrize("shapes", [((9, 700), (700, 100)), ((900, 40), (3, 40, 30)), ((8, 18), (2, 18, 4001))])
def test_large_products_are_done_in_parts(shapes):
    a, b = (torch.rand(shape, dtype=torch.float64) for shape in shapes)
    out = torch.zeros(*b.shape[:-2], a.shape[0], b.shape[-1], dtype=torch.float64)
    parts = product(operand(a), operand(b), operand(out))
    multiply(parts)
    assert len(parts) > 1
    assert torch.allclose(out, a @ b, atol=1e-12)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu():
    a, b, out = (torch.rand(shape).cuda() for shape in ((3, 5), (7, 5, 2), (7, 3, 2)))
    multiply(product(operand(a), operand(b), operand(out)))
    assert torch.allclose(out, a @ b)
