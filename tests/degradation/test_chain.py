"""Chains: what their steps compute, against formulas written here, and what a chain is called."""

import io

import numpy as np
import PIL
import pytest
import torch
from PIL import Image
from scipy import ndimage

from srbench import dataset, degradation, protocol
from srbench.api import load
from srbench.degradation import Jpeg, PoissonNoise
from srbench.errors import SrbenchError
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.reference import bicubic, psnr_of
from srbench.imaging.color import luma, round_half_up
from srbench.imaging.resize import Downsampler, imresize
from srbench.method import MethodContext


@pytest.fixture
def hr(rng):
    return torch.from_numpy(rng.integers(0, 256, (3, 48, 72), np.uint8))


def fspecial(size, sigma):
    """MATLAB's fspecial('gaussian', size, sigma), from its definition."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    kernel = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    return kernel / kernel.sum()


# -- blur and decimation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size", "sigma", "scale", "first", "mode"),
    [
        ("blur:1.6:7 > down:nearest:centre", 7, 1.6, 3, 1, "nearest"),
        ("blur:1.6 > down:nearest:centre", 11, 1.6, 4, 2, "nearest"),
        ("blur:0.8 > down:nearest:first", 5, 0.8, 2, 0, "nearest"),
        ("blur:1.6:13:reflect > down:nearest:first", 13, 1.6, 4, 0, "mirror"),
    ],
)
def test_blur_and_decimation_are_fspecial_and_every_so_many_th_pixel(hr, text, size, sigma, scale, first, mode):
    planes = [ndimage.correlate(plane.double().numpy(), fspecial(size, sigma), mode=mode) for plane in hr]
    expected = np.stack(planes)[:, first::scale, first::scale]
    made = degradation.get(text)
    assert np.abs(made(hr.double(), scale).numpy() - expected).max() < 1e-10
    assert np.array_equal(made(hr, scale).numpy(), np.floor(expected + 0.5))
    operator = made.operator(48, 72, scale)
    assert isinstance(operator, Downsampler)
    assert torch.allclose(operator(hr.double()), made(hr.double(), scale), atol=1e-10)


@pytest.mark.parametrize(("phase", "scale", "first"), [("centre", 4, 1), ("centre", 2, 0), ("first", 3, 0)])
def test_an_even_kernel_lies_where_matlabs_imfilter_puts_it(hr, phase, scale, first):
    """imfilter's middle of 12 taps is the sixth; BasicVSR's script then takes pixel scale / 2, counted from 1."""
    padded = np.pad(hr.double().numpy(), ((0, 0), (5, 6), (5, 6)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (12, 12), axis=(1, 2))
    expected = (windows * fspecial(12, 1.6)).sum(axis=(-2, -1))[:, first::scale, first::scale]
    made = degradation.get(f"blur:1.6:12 > down:nearest:{phase}")
    assert np.abs(made(hr.double(), scale).numpy() - expected).max() < 1e-10


def test_an_even_kernel_in_the_middle_needs_an_even_scale(hr):
    made = degradation.get("blur:1.6:12 > down:nearest:centre")
    made.require_scale(2)
    with pytest.raises(SrbenchError, match=r"no pixel in the middle of 3x3; use an odd kernel"):
        made.require_scale(3)
    with pytest.raises(SrbenchError, match="no middle pixel"):
        degradation.Blur.gaussian(12, 1.6)(hr, 2, np.random.default_rng(0))


def test_a_kernel_that_is_no_product_has_the_same_borders_and_phases(hr, rng, tmp_path):
    kernel = rng.random((5, 5))
    kernel /= kernel.sum()
    np.save(tmp_path / "k.npy", kernel)
    for border, mode in (("replicate", "nearest"), ("reflect", "mirror")):
        made = degradation.get(f"blur:{tmp_path}/k.npy:{border} > down:nearest:first")
        planes = [ndimage.convolve(plane.double().numpy(), kernel, mode=mode) for plane in hr]
        assert np.abs(made(hr.double(), 3).numpy() - np.stack(planes)[:, ::3, ::3]).max() < 1e-10
        assert not isinstance(made.operator(48, 72, 3), Downsampler)


def test_the_two_bds_are_these_chains_at_x4_alone(hr):
    for name, text in (
        ("bd-centre", "blur:1.6:12 > down:nearest:centre"),
        ("bd-first", "blur:1.6:13:reflect > down:nearest:first"),
    ):
        assert torch.equal(degradation.get(name)(hr, 4), degradation.get(text)(hr, 4))
        with pytest.raises(SrbenchError, match=f"{name} is defined at x4 alone"):
            degradation.get(name).require_scale(3)
    assert not torch.equal(degradation.get("bd-centre")(hr, 4), degradation.get("bd-first")(hr, 4))


# -- down ----------------------------------------------------------------------------------------------------------


def test_down_is_matlabs_imresize(hr):
    for scale in (2, 3, 4):
        assert torch.equal(degradation.get("down > clip")(hr, scale), imresize(hr, 1 / scale))
        for kernel in ("bilinear", "box"):
            made = degradation.get(f"down:{kernel.replace('box', 'area')}")
            assert torch.equal(made(hr, scale), imresize(hr, 1 / scale, kernel=kernel))
            assert torch.allclose(made(hr.double(), scale), imresize(hr.double(), 1 / scale, kernel=kernel))


def test_area_is_the_mean(hr):
    mean = hr.double().reshape(3, 12, 4, 18, 4).mean(dim=(2, 4))
    assert torch.allclose(degradation.get("down:area")(hr.double(), 4), mean)


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
def test_the_first_phase_puts_lr_pixels_onto_hr_pixels(kernel):
    """A ramp is kept by both kernels: away from the borders the LR pixel has the value at its place."""
    ramp = torch.arange(60, dtype=torch.float64).expand(1, 60, 60)
    for phase, place in (("first", 0), ("centre", 1.5)):
        lr = degradation.get(f"down:{kernel}:{phase}")(ramp, 4)[0, 5]
        assert torch.allclose(lr[4:-4], torch.arange(16, 44, 4, dtype=torch.float64) + place)


# -- noise, JPEG, clip ---------------------------------------------------------------------------------------------


def test_grey_noise_is_the_same_on_all_channels():
    flat = torch.full((3, 120, 120), 128.0, dtype=torch.float64)
    noise = degradation.get("noise:10:grey")(flat, 1) - 128
    assert torch.equal(noise[0], noise[1])
    assert torch.equal(noise[0], noise[2])
    assert abs(noise.std().item() - 10) < 0.3
    own = degradation.get("noise:10")(flat, 1) - 128
    assert not torch.equal(own[0], own[1])
    assert degradation.get("noise:10:grey")(flat[0], 1).shape == (120, 120)


def test_photon_noise_has_its_mean_and_variance():
    flat = torch.full((3, 200, 200), 51.0, dtype=torch.float64)
    noisy = degradation.get("poisson:100")(flat, 1)
    assert abs(noisy.mean().item() - 51) < 0.2
    assert abs(noisy.var().item() / (51 * 255 / 100) - 1) < 0.03
    assert torch.equal(PoissonNoise(5)(torch.zeros(2, 3, 3), 1, np.random.default_rng(0)), torch.zeros(2, 3, 3))


def test_jpeg_of_every_kind_of_image(rng):
    planes = rng.integers(0, 256, (2, 3, 20, 30), np.uint8)
    for sampling, name in (("420", "4:2:0"), ("444", "4:4:4")):
        made = Jpeg(40, sampling)(torch.from_numpy(planes), 1, rng)
        for image, own in zip(planes, made.numpy(), strict=True):
            file = io.BytesIO()
            Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))).save(
                file, "JPEG", quality=40, subsampling=name
            )
            assert np.array_equal(own.transpose(1, 2, 0), np.array(Image.open(file)))
    grey = torch.from_numpy(planes[0, 0])
    file = io.BytesIO()
    Image.fromarray(planes[0, 0]).save(file, "JPEG", quality=40)
    assert np.array_equal(Jpeg(40)(grey, 1, rng).numpy(), np.array(Image.open(file)))
    assert torch.equal(Jpeg(40)(grey.double(), 1, rng), Jpeg(40)(grey, 1, rng).double())
    assert f"pillow-{PIL.__version__}" in degradation.get("down > jpeg:40").key


@pytest.mark.data("set5")
def test_jpeg_on_set5_is_what_pillow_writes():
    made = degradation.get("down > jpeg:40")
    for image in dataset.find("set5").images:
        whole = HrImage(image.read(), protocol.BASICSR)
        example = Example(whole, 3, made)
        lr = imresize(np.ascontiguousarray(example.hr.permute(1, 2, 0).numpy()), 1 / 3)
        file = io.BytesIO()
        Image.fromarray(lr).save(file, "JPEG", quality=40)
        written = np.array(Image.open(file))
        assert np.array_equal(example.lr_pixels.permute(1, 2, 0).numpy(), written)
        # Under a protocol that works on Y the same file is seen, as its rounded Y.
        on_y = Example(HrImage(image.read(), protocol.CLASSIC), 3, made)
        assert torch.equal(on_y.lr_pixels, example.lr_pixels)
        y = round_half_up(luma(torch.from_numpy(written).permute(2, 0, 1)))
        assert torch.equal(on_y.lr_luma, y)


def test_a_grey_image_read_as_grey_stays_so_under_jpeg(rng):
    pixels = rng.integers(0, 256, (32, 48), np.uint8)
    example = Example(HrImage(pixels, protocol.CLASSIC), 2, degradation.get("down > jpeg:60"))
    file = io.BytesIO()
    Image.fromarray(imresize(pixels, 0.5)).save(file, "JPEG", quality=60)
    assert np.array_equal(example.lr_luma.numpy(), np.array(Image.open(file)))


def test_what_is_known_of_the_noise():
    known = {text: degradation.get(text).noise_sigma() for text in ("down > noise:3 > noise:4 > clip", "down", "clip")}
    assert known == {"down > noise:3 > noise:4 > clip": 5, "down": 0, "clip": 0}
    for text in ("down > noise:3 > jpeg:40", "down > poisson:10", "noise:3 > down", "jpeg:40 > down"):
        assert degradation.get(text).noise_sigma() is None


# -- seeds ---------------------------------------------------------------------------------------------------------


def test_lr_images_depend_on_seed_and_image_alone(hr):
    text = "blur:0.7 > down:area > noise:10 > poisson:200 > jpeg:70"
    other = hr.flip(-1).contiguous()
    first = [degradation.get(text)(image, 2) for image in (hr, other)]
    again = [degradation.get(text)(image, 2) for image in (other, hr)][::-1]
    assert all(map(torch.equal, first, again))
    assert not torch.equal(degradation.get(text, seed=1)(hr, 2), first[0])
    assert degradation.get(text).key.endswith("/seed=0")


# -- names ---------------------------------------------------------------------------------------------------------


def test_a_chain_is_called_by_its_text_and_keyed_by_its_steps(tmp_path):
    made = degradation.get("blur:1.6>down>noise:10 > jpeg:40:444")
    assert made.name == "blur:1.6 > down > noise:10 > jpeg:40:444"
    key = f"{made.name}/v1/gaussian=11,1.6>bicubic>noise=10>jpeg=40,444,pillow-{PIL.__version__}/seed=0"
    assert made.key == key
    np.save(tmp_path / "k.npy", np.full((3, 3), 1 / 9))
    by_file = degradation.get(f"blur:{tmp_path}/k.npy > down:nearest:first")
    assert by_file.name == "blur:k.npy > down:nearest:first"
    np.save(tmp_path / "k.npy", np.full((1, 3), 1 / 3))
    assert degradation.get(f"blur:{tmp_path}/k.npy > down:nearest:first").key != by_file.key


def test_a_chain_that_has_a_name_is_what_is_called_so():
    assert degradation.get("down:bicubic").key == "bicubic/v1"
    assert degradation.get("down>noise:30", seed=2).key == "bicubic-noise/v1/sigma=30/seed=2"
    assert degradation.get("blur:1.6:7 > down:nearest:centre").name != "blur-down"  # which is defined at x3 alone


@pytest.mark.parametrize("name", sorted(degradation.CHAINS))
def test_the_built_in_ones_are_their_chains(hr, name):
    scale = (degradation.DEGRADATIONS[name].scales or (2,))[0]
    made = degradation.get(degradation.CHAINS[name])
    assert torch.equal(made(hr, scale), degradation.get(name)(hr, scale))


def test_a_chain_that_never_shrinks_is_for_scale_1(hr):
    made = degradation.get("noise:25 > jpeg:40")
    made.require_scale(1)
    assert made(hr, 1).shape == hr.shape
    with pytest.raises(SrbenchError, match=r"'noise:25 > jpeg:40' has no step that shrinks images.* at x2; add 'down'"):
        made.require_scale(2)


def test_one_pixel_of_two_and_a_half_cannot_be_kept():
    with pytest.raises(SrbenchError, match=r"one pixel of 2\.5 cannot be kept"):
        degradation.get("blur:1 > down:nearest:centre").require_scale(2.5)


def test_a_kernel_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SrbenchError, match=r"cannot read kernel '.*gone\.npy' \(No such file"):
        degradation.get(f"blur:{tmp_path}/gone.npy > down")


def test_a_chain_that_is_too_long_for_a_name_belongs_into_a_file(tmp_path):
    steps = ["noise:1.5"] * 30
    with pytest.raises(SrbenchError, match="too long for a name; write it into a file"):
        degradation.get(" > ".join(steps))
    (tmp_path / "mine.toml").write_text(f"name = 'long'\nsteps = {steps}\n")
    assert degradation.get(f"{tmp_path}/mine.toml").name == "long"


# -- files ---------------------------------------------------------------------------------------------------------


def test_a_file_holds_a_chain_with_a_name(hr, tmp_path):
    np.save(tmp_path / "k.npy", np.full((3, 3), 1 / 9))
    (tmp_path / "one.toml").write_text('name = "phone"\nchain = "blur:k.npy > down > jpeg:75"\nscales = [2, 4]\n')
    (tmp_path / "two.toml").write_text('name = "phone"\nsteps = ["blur:k.npy", "down", "jpeg:75"]\nscales = [2, 4]\n')
    one, two = (degradation.get(f"{tmp_path}/{name}.toml") for name in ("one", "two"))
    assert one.key == two.key
    assert one.key.startswith("phone/v1/kernel=")
    assert torch.equal(one(hr, 2), two(hr, 2))
    with pytest.raises(SrbenchError, match="phone is defined at x2, 4 alone"):
        one.require_scale(3)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (None, r"cannot read degradation '.*mine\.toml' \(No such file"),
        ("name = 'x'\nchain = 'down", "is not valid TOML"),
        ("name = 'x'\nchian = 'down'", r"mine\.toml', line 2: unknown key 'chian'; did you mean chain"),
        ("chain = 'down'", "has no 'name'"),
        ("name = 'x'", "has neither of 'chain' and 'steps'"),
        ("name = 'x'\nchain = 'down'\nsteps = ['down']", "has both of 'chain' and 'steps'"),
        ("name = 'x'\nsteps = []", "a chain of degradations has no step"),
        ("name = 'x'\nsteps = ['down', 'jepg:40']", r"mine\.toml': step 2 of 'down > jepg:40' .* did you mean jpeg"),
        ("name = 'a > b'\nchain = 'down'", "'a > b' is a chain, not a name"),
        ("name = 'a/b'\nchain = 'down'", "'a/b' cannot be a degradation's name"),
        ("name = 'bicubic'\nchain = 'down'", "two degradations are called 'bicubic'"),
        ("name = 'x'\nchain = 'down'\nscales = [0]", r"mine\.toml': '0\.0' is not a scale"),
        ("name = 'x'\nchain = 'blur:gone.npy'", r"cannot read kernel '.*gone\.npy'"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, text, match):
    if text is not None:
        (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(SrbenchError, match=match):
        degradation.get(f"{tmp_path}/mine.toml")


# -- methods that invert a chain -----------------------------------------------------------------------------------


@pytest.mark.data("set5")
def test_methods_that_know_the_operator_beat_bicubic_under_a_blur():
    made = degradation.get("blur:1.6 > down")
    gains = {"back-projection": [], "tv-map": []}
    for image in dataset.find("set5").images:
        example = Example(HrImage(image.read(), protocol.CLASSIC), 3, made)
        least = psnr_of(bicubic(), example)
        for name, gain in gains.items():
            method = load(name)
            method.prepare(3, MethodContext(degradation=made))
            gain.append(psnr_of(method, example) - least)
    assert min(gains["back-projection"]) > 0.5
    assert min(gains["tv-map"]) > 0.5
