"""LPIPS of four methods, HR features shared, against the package called pair by pair; one thread, one run."""

import time
import warnings

import pytest
import torch
from safetensors.torch import load_file

from srbench import dataset
from srbench.degradation.named import Bicubic
from srbench.evaluation.scoring import Example, HrImage, compare, super_resolve
from srbench.method import plugins
from srbench.metrics import lpips
from srbench.protocol.base import BASICSR

METHODS = ("nearest", "bilinear", "bicubic", "lanczos")
IMAGES = 20


def package():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lpips as authors

        network = authors.LPIPS(net="alex", pnet_rand=True, verbose=False)
    state = load_file(lpips.find_weights(lpips.BACKBONES["alex"]))
    names = {key.split(".", 1)[1]: key for key in network.net.state_dict()}
    network.net.load_state_dict({names[key.removeprefix("features.")]: value for key, value in state.items()})
    return network.eval()


@pytest.mark.data("bsd100")
@pytest.mark.weights("alex")
@pytest.mark.parametrize(("count", "factor"), [(4, 1.5), (1, 0.8)])
def test_shared_features_are_faster_at_equal_values(count, factor):
    methods = [plugins.instantiate(plugins.find(name)[0]) for name in METHODS[:count]]
    network = package()
    lpips.LPIPS.prepare()
    torch.set_num_threads(1)
    images = [Example(HrImage(i.read(), BASICSR), 4, Bicubic()) for i in dataset.find("bsd100").images[:IMAGES]]
    outputs = [(example, [super_resolve(method, example) for method in methods]) for example in images]
    ours = theirs = 0.0
    for turn in range(3):
        for example, several in outputs:
            pairs = [compare(sr, example) for sr in several]  # luma, which LPIPS does not look at
            start = time.process_time()
            values = [lpips.LPIPS.compute(pair) for pair in pairs]
            between = time.process_time()
            with torch.no_grad():
                hr = example.hr.float()[None] / 127.5 - 1
                expected = [network(sr.float()[None] / 127.5 - 1, hr).item() for sr in several]
            if turn:  # the first warms up
                ours += between - start
                theirs += time.process_time() - between
            lpips.ALEX._here.kept = None  # the next turn makes them again
            assert values == pytest.approx(expected, abs=1e-6)
    print(f"\n{count} methods: package {theirs:.2f} s, srbench {ours:.2f} s, {theirs / ours:.2f} times as fast")
    assert theirs / ours > factor
