"""What each method without training must reach, in PSNR on the benchmarks, under the classic protocol."""

import statistics

import pytest

from srbench import dataset, degradation, metrics, protocol
from srbench.evaluation.scoring import Example, HrImage, compare, super_resolve
from srbench.method import plugins
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run.runner import RunOptions, run

SCALES = (2, 3, 4)
INTERPOLATION = ("nearest", "bilinear", "bicubic", "lanczos", "fourier")  # worst first
RECONSTRUCTION = ("back-projection", "tv-map")
SET5_X4 = {"nearest": 26.25, "bilinear": 27.55, "lanczos": 28.80, "fourier": 28.92, "back-projection": 29.23}


@pytest.fixture(scope="module")
def set5(data_folders, tmp_path_factory):
    """Mean PSNR on Set5 by method and scale."""
    folder = tmp_path_factory.mktemp("set5")
    options = {"metrics": ("psnr",), "protocol": "classic", "keep_images": False, "out": folder, "device": "cpu"}
    run(RunOptions((*INTERPOLATION, *RECONSTRUCTION), ("set5",), SCALES, **options))
    with Reader(folder) as reader:
        table = means(per_image(reader))
    assert (table["n"] == 5).all()
    return table.set_index(["method", "scale"])["mean"].to_dict()


@pytest.mark.data("set5")
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("method", RECONSTRUCTION)
@pytest.mark.sampled(3)
def test_reconstruction_beats_every_interpolation_on_set5(set5, method, scale):
    assert set5[method, scale] > max(set5[name, scale] for name in INTERPOLATION)


@pytest.mark.data("set5")
@pytest.mark.parametrize("scale", SCALES)
def test_interpolations_rank_as_expected_on_set5(set5, scale):
    values = [set5[name, scale] for name in INTERPOLATION]
    assert values == sorted(values)


@pytest.mark.data("set5")
@pytest.mark.parametrize("method", SET5_X4)
def test_known_values_on_set5_x4(set5, method):
    assert set5[method, 4] == pytest.approx(SET5_X4[method], abs=0.02)


@pytest.mark.data("set5")
def test_tv_map_reaches_its_known_range_on_set5_x4(set5):
    assert 29.7 < set5["tv-map", 4] < 29.97


@pytest.mark.sampled(6)
@pytest.mark.data("set14", "bsd100")
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("name", "step"), [("set14", 5), ("bsd100", 12)])
def test_reconstruction_beats_bicubic_elsewhere(name, step, scale):
    psnr = metrics.get("psnr")
    chosen = {m: plugins.instantiate(plugins.find(m)[0]) for m in ("bicubic", *RECONSTRUCTION)}
    values = {method: [] for method in chosen}
    for image in dataset.find(name).images[::step]:
        example = Example(HrImage(image.read(), protocol.CLASSIC), scale, degradation.get("bicubic"))
        for method, instance in chosen.items():
            values[method].append(psnr.compute(compare(super_resolve(instance, example), example)))
    mean = {method: statistics.mean(found) for method, found in values.items()}
    assert mean["back-projection"] > mean["bicubic"] + 0.1
    assert mean["tv-map"] > mean["bicubic"] + 0.1
