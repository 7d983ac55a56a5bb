"""HR to LR, by name."""

import hashlib

import numpy as np
import PIL
import pytest
import torch
from scipy import ndimage

from srbench import dataset, degradation, metrics, protocol
from srbench.errors import SrbenchError, UnknownNameError
from srbench.evaluation.scoring import Example, HrImage, compare, super_resolve
from srbench.imaging.resize import Downsampler, imresize
from srbench.method import plugins


@pytest.fixture
def bicubic():
    return degradation.get("bicubic")


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_bicubic_is_imresize(bicubic, rng, scale):
    hr = torch.from_numpy(rng.integers(0, 256, (3, 48, 72), np.uint8))
    lr = bicubic(hr, scale)
    assert (lr.shape, lr.dtype) == ((3, 48 // scale, 72 // scale), torch.uint8)
    assert np.array_equal(lr.permute(1, 2, 0).numpy(), imresize(hr.permute(1, 2, 0).numpy(), 1 / scale))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_floating_point_is_not_rounded(bicubic, rng, scale):
    hr = torch.from_numpy(rng.integers(0, 256, (48, 72)).astype(float))
    lr = bicubic(hr, scale)
    assert lr.dtype == torch.float64
    assert (lr - lr.round()).abs().max() > 0.1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_operator_is_the_linear_part(bicubic, scale):
    hr = torch.rand(3, 48, 72, dtype=torch.float64)
    operator = bicubic.operator(48, 72, scale)
    assert torch.allclose(operator(hr), bicubic(hr, scale), atol=1e-12)
    assert (operator.rows.length, operator.rows.out_length) == (48, 48 // scale)
    assert (operator.columns.length, operator.columns.out_length) == (72, 72 // scale)


def test_the_same_image_gives_the_same_lr_twice(bicubic, rng):
    hr = torch.from_numpy(rng.integers(0, 256, (3, 24, 24), np.uint8))
    assert torch.equal(bicubic(hr, 2), bicubic(hr, 2))


def test_the_key_holds_name_and_version():
    one, two = degradation.Bicubic(), degradation.Bicubic(version=2)
    assert one.key == "bicubic/v1"
    assert one.key != two.key


def test_the_keys_under_which_results_are_stored():
    keys = [degradation.get(name).key for name in ("bicubic", "blur-down", "bicubic-noise")]
    assert keys == ["bicubic/v1", "blur-down/v1/gaussian=7,1.6", "bicubic-noise/v1/sigma=30/seed=0"]


# Of 120 x 120 pixels of an embedded picture. Those of the first four were made
# before degradations could be chains.
@pytest.mark.parametrize(
    ("name", "scale", "digest"),
    [
        ("bicubic", 3, "96b838c9f1e1ad53"),
        ("blur-down", 3, "6041c6550f9b4526"),
        ("bicubic-noise", 3, "e170f9e5f6c4dd3e"),
        ("kernel:{0}/motion.npy", 3, "57366c163231de0c"),
        ("bd-centre", 4, "8d9fc63b56d9f50d"),
        ("bd-first", 4, "7a4509e134ccfac0"),
        *(
            pytest.param(*row, marks=pytest.mark.skipif(PIL.__version__ != "13.0.0", reason="another JPEG encoder"))
            for row in (
                ("realesrgan", 4, "8dbfd5fabdab07ad"),
                ("bsrgan", 4, "913b3e328764726d"),
                ("blur:1.6 > down > noise:10 > jpeg:40", 4, "bcb4a9873a43e35b"),
            )
        ),
    ],
)
def test_the_pixels_under_which_results_are_stored(tmp_path, name, scale, digest):
    np.save(tmp_path / "motion.npy", np.diag([0.5, 0.25, 0.25]))
    image = next(image for image in dataset.find("sample").images if image.name == "cat").read()
    hr = torch.from_numpy(np.ascontiguousarray(image[:120, :120].transpose(2, 0, 1)))
    lr = degradation.get(name.format(tmp_path))(hr, scale)
    assert hashlib.sha256(lr.numpy().tobytes()).hexdigest()[:16] == digest


def test_every_degradation_stands_under_its_own_name():
    for name, entry in degradation.DEGRADATIONS.items():
        assert entry.name == name
        assert entry.key.partition("/")[0] == name


def test_an_unknown_name_is_an_error_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean bicubic"):
        degradation.get("bicubik")


# -- blur and noise ------------------------------------------------------------------------------------------------


@pytest.fixture
def hr(rng):
    return torch.from_numpy(rng.integers(0, 256, (3, 30, 42), np.uint8))


def independent_blur(hr, kernel, scale):
    """scipy's convolution with replicated borders, then MATLAB's nearest pixel."""
    planes = [ndimage.convolve(plane.astype(float), kernel, mode="nearest") for plane in hr.numpy()]
    return np.stack(planes)[:, scale // 2 :: scale, scale // 2 :: scale]


def test_blur_down_is_a_gaussian_and_every_third_pixel(hr):
    y, x = np.mgrid[-3:4, -3:4]
    kernel = np.exp(-(x**2 + y**2) / (2 * 1.6**2))
    expected = independent_blur(hr, kernel / kernel.sum(), 3)
    found = degradation.get("blur-down")
    assert np.abs(found(hr.double(), 3).numpy() - expected).max() < 1e-10
    assert np.abs(found(hr, 3).numpy() - np.floor(expected + 0.5)).max() == 0


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("separable", [True, False])
def test_a_users_kernel_is_convolved(hr, rng, tmp_path, scale, separable):
    kernel = np.outer(rng.random(5), rng.random(3)) if separable else rng.random((5, 3))
    kernel /= kernel.sum()
    np.save(tmp_path / "motion.npy", kernel)
    found = degradation.get(f"kernel:{tmp_path}/motion.npy")
    size = (hr.shape[1] // scale * scale, hr.shape[2] // scale * scale)
    cut = hr[:, : size[0], : size[1]]
    expected = independent_blur(cut, kernel, scale)
    assert np.abs(found(cut.double(), scale).numpy() - expected).max() < 1e-10
    assert found(cut, scale).dtype == torch.uint8
    operator = found.operator(*size, scale)
    assert isinstance(operator, Downsampler) == separable
    assert torch.allclose(operator(cut.double()), found(cut.double(), scale), atol=1e-10)
    assert found.key.startswith("kernel:motion/v1/")
    np.save(tmp_path / "motion.npy", kernel[::-1].copy())
    assert degradation.get(f"kernel:{tmp_path}/motion.npy").key != found.key


def test_noise_has_its_sigma_and_is_drawn_from_seed_and_image(rng):
    flat = torch.full((3, 240, 240), 128, dtype=torch.uint8)
    one, other = degradation.get("bicubic-noise"), degradation.get("bicubic-noise", seed=1)
    noise = one(flat, 3).double() - 128
    assert abs(noise.std().item() - 30) < 0.5
    assert abs(noise.mean().item()) < 0.5
    assert torch.equal(one(flat, 3), one(flat, 3))
    assert not torch.equal(one(flat, 3), other(flat, 3))
    assert not torch.equal(one(flat + 1, 3).double() - 129, noise)
    assert "seed=0" in one.key
    assert one.key != other.key
    assert degradation.get("bicubic", seed=1).key == degradation.get("bicubic").key
    assert torch.allclose(one.operator(240, 240, 3)(flat.double()), torch.full((3, 80, 80), 128.0).double())


def test_which_degradations_turn_with_the_image(tmp_path):
    np.save(tmp_path / "even.npy", np.full((3, 3), 1 / 9))
    np.save(tmp_path / "odd.npy", np.full((1, 3), 1 / 3))
    even, odd = (degradation.get(f"kernel:{tmp_path}/{name}.npy") for name in ("even", "odd"))
    assert [even.symmetric(3), even.symmetric(2), odd.symmetric(3)] == [True, False, False]
    turning = [degradation.get(name).symmetric(3) for name in ("bicubic", "blur-down", "bicubic-noise")]
    assert [*turning, degradation.get("bd-centre").symmetric(4), degradation.get("bd-first").symmetric(4)] == [
        *([True] * 4),
        False,
    ]


# Bicubic's PSNR in the tables of RDN (CVPR 2018), x3, with MATLAB. Noise differs from draw to draw.
@pytest.mark.data("set5")
@pytest.mark.parametrize(
    ("name", "rules", "published", "tolerance"),
    [("blur-down", protocol.CLASSIC, 28.78, 0.005), ("bicubic-noise", protocol.BASICSR, 24.01, 0.1)],
)
def test_bicubic_has_the_published_psnr(name, rules, published, tolerance):
    method = plugins.instantiate(plugins.find("bicubic")[0])
    values = []
    for image in dataset.find("set5").images:
        example = Example(HrImage(image.read(), rules), 3, degradation.get(name))
        values.append(metrics.get("psnr").compute(compare(super_resolve(method, example), example)))
    assert abs(np.mean(values) - published) < tolerance


@pytest.mark.parametrize(
    ("kernel", "match"),
    [
        (np.full((3, 3), 0.2), r"kernel '.*k\.npy' sums to 1\.8, not 1; divide it by its sum"),
        (np.full((4, 4), 1 / 16), r"is 4x4: an even size has no middle"),
        (np.full((3, 2), 1 / 6), r"is 3x2: an even size"),
        (np.full(9, 1 / 9), r"no two-dimensional array"),
        (np.full((1, 1), np.nan), "NaN or infinite"),
        (np.array([["a"]]), "no two-dimensional array of numbers"),
    ],
)
def test_a_kernel_that_cannot_be_used_is_an_error(tmp_path, kernel, match):
    np.save(tmp_path / "k.npy", kernel)
    with pytest.raises(SrbenchError, match=match):
        degradation.get(f"kernel:{tmp_path / 'k.npy'}")


@pytest.mark.parametrize("content", [None, b"", b"no numpy file", b"\x93NUMPY"])
def test_a_file_that_is_no_kernel_is_an_error(tmp_path, content):
    if content is not None:
        (tmp_path / "k.npy").write_bytes(content)
    with pytest.raises(SrbenchError, match=r"k\.npy'"):
        degradation.get(f"kernel:{tmp_path / 'k.npy'}")


def test_blur_down_is_defined_at_x3_alone():
    with pytest.raises(SrbenchError, match="blur-down is defined at x3 alone, not at x4; add --scales 3"):
        degradation.get("blur-down").require_scale(4)
