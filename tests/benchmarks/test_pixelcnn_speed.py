"""The fast sampler of PixelCNN priors against the plain one, same network, on windows of 32x32; and time per pixel.

The plain sampler takes 3,072 forward passes a window, each of the same cost; its time is that of 16 evenly spaced
pixels times 64. Seconds are of the processor, so that other work on the machine does not count.
"""

import time

import pytest
import torch

from srbench.methods.pixelcnn.draw import plain, uniform
from srbench.methods.pixelcnn.method import PixelCnnNet
from srbench.methods.pixelcnn.sampler import Sampler

WINDOW = 32
TIMED = 16


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return PixelCnnNet().eval()


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def condition(network, images, side):
    with torch.no_grad():
        return network.condition(torch.rand(images, 3, side // 4, side // 4))


@pytest.mark.parametrize(("batch", "at_least"), [(1, 50), (64, 200)], ids=["batch 1", "batch 64"])
def test_fast_against_plain(network, batch, at_least, benchmark):
    given, noise = condition(network, batch, WINDOW), uniform(0, batch, (WINDOW, WINDOW), 3)
    count = WINDOW * WINDOW
    places = [divmod(k * count // TIMED + count // TIMED // 2, WINDOW) for k in range(TIMED)]

    def fast():
        Sampler(network.prior, given).draw(noise)

    plain(network.prior, given, noise, pixels=places[:1])
    slow = seconds(lambda: plain(network.prior, given, noise, pixels=places)) * count / TIMED
    benchmark.pedantic(fast, rounds=3 if batch == 1 else 1, warmup_rounds=1)
    quick = min(seconds(fast) for _ in range(3 if batch == 1 else 1))
    ratio = slow / quick
    benchmark.extra_info |= {"plain, processor seconds": slow, "fast": quick, "times as fast": ratio}
    print(
        f"\nbatch {batch}, {WINDOW}x{WINDOW}: plain {slow / batch:.2f} s an image, fast {quick / batch:.4f} s "
        f"({ratio:.0f} times as fast)"
    )
    assert ratio > at_least


def test_time_per_pixel_does_not_grow_with_the_image(network, benchmark):
    found = {}
    for side in (64, 128, 256, 512):
        sampler = Sampler(network.prior, condition(network, 1, side), 2)
        noise = uniform(0, 2, (side, side), 3)
        found[side] = seconds(lambda s=sampler, n=noise: s.draw(n)) / (2 * side * side)
    small = Sampler(network.prior, condition(network, 1, 64), 2)
    benchmark.pedantic(lambda: small.draw(uniform(0, 2, (64, 64), 3)), rounds=1)
    benchmark.extra_info |= {f"{side}x{side}, microseconds a pixel": 1e6 * value for side, value in found.items()}
    print("\n" + ", ".join(f"{side}x{side}: {1e6 * value:.1f} us a pixel" for side, value in found.items()))
    assert found[512] < 1.25 * found[128]
