"""Memory of tensors is used again, in processes of their own; and errors that say that it ran out."""

import subprocess
import sys

import pytest
import torch

from srbench.imaging.memory import converted, empty_like, out_of_memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")

FAULTS = """
import resource, torch
from srbench.imaging.memory import keep_memory
{}
faults = []
for _ in range(40):  # it takes some until the pieces that are kept fit
    torch.ones(12 << 20)  # 48 MB
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[-1] - faults[-11])
"""


@pytest.mark.slow
@linux
def test_the_memory_of_large_tensors_is_kept_for_the_next_ones():
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", FAULTS.format(call)], capture_output=True, check=True).stdout)
        for call in ("keep_memory()", "")
    )
    assert given_back > 10 * 10_000  # pages of 4 KB
    assert kept < given_back / 3


GROWTH = """
import numpy as np, torch
from pathlib import Path
from srbench import degradation, metrics, protocol
from srbench.method import plugins
from srbench.evaluation.scoring import Example, HrImage, compare, measure, super_resolve
from srbench.imaging.memory import keep_memory

def in_memory():  # KB
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

def cells(*size):
    image = HrImage(chance.integers(0, 256, (*size, 3), np.uint8), protocol.get("basicsr"))
    for scale in (2, 3, 4):
        example = Example(image, scale, degradation.get("bicubic"))
        pair = compare(super_resolve(bicubic, example), example)
        for name in ("psnr", "ssim"):
            measure(metrics.get(name), pair)

torch.set_num_threads(1)
keep_memory()
bicubic, chance = plugins.instantiate(plugins.find("bicubic")[0]), np.random.default_rng(0)
cells(64, 64)
before = in_memory()
for size in [(288, 352), (512, 512), (576, 720), (512, 768), (391, 582), (656, 529)] + 10 * [(321, 481), (481, 321)]:
    cells(*size)
print(in_memory() - before)
"""


@linux
def test_cells_take_little_more_memory_than_they_use_at_once():
    growth = int(subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, check=True).stdout)
    # Of the largest image about 60 bytes a pixel are in use at once: 24 MB. With torch's memory it is 83 to 100 MB.
    assert 10 < growth / 1024 < 60


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32, torch.float64])
def test_empty_tensors_are_contiguous_and_of_the_type(dtype):
    x = torch.zeros(4, 6, 2, dtype=dtype).permute(2, 0, 1)
    same, other = empty_like(x), empty_like(x, (3, 5), torch.float64)
    assert (same.shape, same.dtype, same.is_contiguous()) == ((2, 4, 6), dtype, True)
    assert (other.shape, other.dtype) == ((3, 5), torch.float64)
    with torch.inference_mode():
        assert empty_like(x).shape == x.shape


def test_a_tensor_of_the_type_is_not_converted():
    x = torch.arange(6, dtype=torch.uint8).reshape(2, 3)
    assert converted(x, torch.uint8) is x
    assert torch.equal(converted(x.T, torch.float32), x.T.float())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu():
    x = torch.zeros(2, 3, device="cuda")
    assert converted(x, torch.float64).device == empty_like(x, (4,)).device == x.device


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] data. DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("Given groups=1, weight of size [3, 3, 3, 3], expected input to have 3 channels"), False),
        (ValueError("not a number"), False),
    ],
)
def test_an_error_that_says_that_memory_ran_out(error, is_memory):
    assert out_of_memory(error) is is_memory


def test_torch_says_so_in_words_that_are_known():
    with pytest.raises(RuntimeError) as error:
        torch.empty(1 << 60)
    assert out_of_memory(error.value)
