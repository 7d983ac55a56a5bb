"""``srbench explain``: the settings behind a printed number, found by themselves."""

import re

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

import srbench as package
from srbench import dataset
from srbench.imaging.images import read_image, write_image
from srbench.protocol import PROTOCOLS


def first_row(result):
    assert result.exit_code == 0, result.output
    return next(line for line in result.stdout.splitlines() if line.startswith("│"))


@pytest.mark.data("set5")
def test_bicubics_28_42_is_classic(srbench):
    result = srbench("explain", "bicubic", "--dataset", "set5", "--scale", "4", "--expect", "28.42", "--device", "cpu")
    assert "classic" in first_row(result)
    assert "28.42 is classic" in result.stderr


@pytest.mark.data("set5")
def test_bicubics_28_43_is_basicsr_and_1_3_db_less_is_full_range_y(srbench):
    result = srbench("explain", "bicubic", "--expect", "28.43", "--device", "cpu")
    assert "28.43 is basicsr\n" in result.stderr
    result = srbench("explain", "bicubic", "--expect", "27.11", "--device", "cpu")
    assert "full-range Y" in first_row(result)
    assert "27.11 is basicsr, but measured on full-range Y" in result.stderr


@pytest.mark.data("set5")
def test_a_networks_rgb_value_is_found_with_kept_images(srbench, results):
    """The number comes from scikit-image, so that the command does not find its own."""
    options = ["--methods", "espcn", "--datasets", "set5", "--metrics", "psnr", "--device", "cpu", "--threads", "1"]
    assert srbench("run", *options, "--out", results).exit_code == 0
    values = []
    for image in dataset.find("set5").images:
        hr = image.read()
        sr = read_image(next(results.glob(f"images/**/{image.name}.png")))
        hr = hr[: sr.shape[0], : sr.shape[1]]
        values.append(peak_signal_noise_ratio(hr[4:-4, 4:-4], sr[4:-4, 4:-4], data_range=255))
    number = f"{np.mean(values):.2f}"
    result = srbench("explain", "espcn", "--expect", number, "--results", results, "--device", "cpu")
    assert "all three channels" in first_row(result)
    assert f"{number} is rgb\nat this scale ntire-esr decides alike\n" in result.stderr


def test_ssim_as_scikit_image_has_it_by_default(srbench, pictures, make_picture):
    write_image(pictures / "c.png", make_picture(48, 48, 3))  # no grey image
    for name in ("a", "b"):
        write_image(pictures / f"{name}.png", make_picture(48, 52, 1))
    frame = package.evaluate("nearest", str(pictures), scale=2, metrics=["ssim"], device="cpu")
    ours = f"{frame['value'].mean():.4f}"
    result = srbench("explain", "nearest", "--dataset", pictures, "--scale", "2", "--expect", ours, "--device", "cpu")
    assert f"{ours} is basicsr\n" in result.stderr
    assert "gaussian 11x11" in first_row(result)


@pytest.fixture
def two_sets(tmp_path, make_picture):
    folders = [tmp_path / "one", tmp_path / "two"]
    for number, folder in enumerate(folders):
        for i, name in enumerate("ab"):
            write_image(folder / f"{name}.png", make_picture(48, 52, 2 * number + i))
    return folders


def means(plugin, folder, scale, protocol):
    frame = package.evaluate(
        plugin, str(folder), scale=scale, metrics=["psnr", "ssim"], protocol=protocol, device="cpu"
    )
    own = frame.groupby("metric")["value"].mean()
    return f"{own['psnr']:.3f}/{own['ssim']:.5f}"


@pytest.mark.parametrize("protocol", ["classic", "matlab-rgb"])
@pytest.mark.sampled(2)
def test_numbers_of_scales_datasets_and_metrics_have_one_answer_together(srbench, two_sets, write_plugin, protocol):
    plugin = write_plugin("return imresize(lr, scale, kernel='lanczos3')", colour="luma")
    first, second = two_sets
    psnr = [means(plugin, *place, protocol).partition("/")[0] for place in ((first, 3), (second, 2))]
    expect = f"{first}:x2={means(plugin, first, 2, protocol)},x3={psnr[0]},{second}:x2={psnr[1]}"
    result = srbench("explain", plugin, "--expect", expect, "--device", "cpu")
    assert f"all 4 numbers together: {protocol}\n" in result.stderr
    assert protocol in first_row(result)


def test_numbers_of_two_protocols_have_no_answer_together(srbench, two_sets, write_plugin):
    plugin = write_plugin()
    first, second = two_sets
    values = [means(plugin, first, 2, "basicsr"), means(plugin, second, 2, "classic")]
    expect = f"{first}={values[0]},{second}={values[1]}"
    result = srbench("explain", plugin, "--scale", "2", "--expect", expect, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "no one setting gives all 4 numbers together; the nearest is " in result.stderr
    assert re.search(r"settings that give one of them alone: one PSNR [0-9.]+ [1-9][0-9]*, one SSIM", result.stderr)


def test_it_says_how_many_settings_fit_and_shows_them_all(srbench, two_sets, write_plugin):
    plugin = write_plugin()
    number = f"{float(means(plugin, two_sets[0], 2, 'classic').partition('/')[0]):.0f}"  # no decimals: many settings
    options = ["--dataset", two_sets[0], "--scale", "2", "--expect", number, "--rows", "1", "--device", "cpu"]
    result = srbench("explain", plugin, *options)
    rows = [line for line in result.stdout.splitlines() if line.startswith("│")]
    assert len(rows) > 3
    count = int(re.search(r"(\d+) others of the 133 settings tried give it too", result.stderr)[1])
    assert len(rows) == 1 + count
    assert "one number is often hit by chance" in result.stderr
    # Named protocols are the first of those that fit, and scripts come before settings that nobody is known to use.
    assert {line.split("│")[3].strip() for line in rows[:3]} <= PROTOCOLS.keys()


FED = {
    "255": "return imresize(lr / 255, scale).clamp(0, 1) ** 1.05 * 255",
    "BGR": "return imresize(lr, scale) * torch.tensor([0.9, 1.0, 1.1]).reshape(1, 3, 1, 1)",
    "-1..1": "return 2 * imresize(lr / 2 + 0.5, scale).clamp(0, 1) ** 1.05 - 1",
}


@pytest.mark.parametrize("wanted", FED)
def test_a_network_that_wants_another_range_or_order_is_found(srbench, two_sets, tmp_path, write_plugin, wanted):
    """The number is that of the network fed as it wants to be; what is explained is fed RGB in 0..1."""
    right = {
        "255": "return imresize(lr, scale).clamp(0, 1) ** 1.05",
        "BGR": "return imresize(lr, scale) * torch.tensor([1.1, 1.0, 0.9]).reshape(1, 3, 1, 1)",
        "-1..1": "return imresize(lr, scale).clamp(0, 1) ** 1.05",
    }[wanted]
    folder = two_sets[0]
    number = means(write_plugin(right, colour="rgb"), folder, 2, "basicsr").partition("/")[0]
    plugin = write_plugin(FED[wanted], name="other", file="other.py", colour="rgb")
    options = ["--dataset", folder, "--scale", "2", "--expect", number, "--device", "cpu"]
    result = srbench("explain", plugin, *options)
    words = {"255": "fed 0..255", "BGR": "fed 0..1 in BGR", "-1..1": "fed -1..1"}[wanted]
    assert f"{number} is basicsr, but {words}\n" in result.stderr
    assert "9 other ways to feed it were tried too" in result.stderr


def test_grey_images_are_read_both_ways(srbench, pictures):
    result = srbench(
        "explain", "bicubic", "--dataset", pictures, "--scale", "2", "--expect", "20.00", "--device", "cpu"
    )
    assert result.exit_code == 0, result.output
    assert "as grey" in result.stdout or "as rgb" in result.stdout
    assert "no setting gives 20.00" in result.stderr


def test_images_made_elsewhere_are_scored_by_their_name(srbench, pictures, results, go, write_plugin):
    go(write_plugin(name="elsewhere"))
    frame = package.evaluate(write_plugin(name="elsewhere"), str(pictures), scale=2, metrics=["psnr"], device="cpu")
    number = f"{frame['value'].mean():.3f}"
    options = ["--dataset", pictures, "--scale", "2", "--expect", number, "--results", results, "--device", "cpu"]
    result = srbench("explain", "elsewhere", *options)
    assert "only its kept images are scored" in result.stderr
    assert f"{number} is basicsr\n" in result.stderr


REDDISH = "return imresize(lr, scale) * torch.tensor([1.1, 1.0, 0.9]).reshape(1, 3, 1, 1)"


def number_of_a_run(plugin, data, protocol, **options):
    frame = package.evaluate(plugin, str(data), scale=2, metrics=["psnr"], protocol=protocol, device="cpu", **options)
    return f"{frame['value'].mean():.6f}"


@pytest.mark.parametrize("protocol", ["classic", "basicsr"])
def test_an_rgb_methods_number_is_its_protocols_also_of_grey_images(srbench, pictures, write_plugin, protocol):
    """The channels of a grey image are weighed as a run weighs them, not averaged."""
    plugin = write_plugin(REDDISH, colour="rgb")
    number = number_of_a_run(plugin, pictures, protocol)
    options = ["--dataset", pictures, "--scale", "2", "--expect", number, "--device", "cpu"]
    result = srbench("explain", plugin, *options)
    assert f"{number} is {protocol}\n" in result.stderr


@pytest.mark.parametrize("protocol", ["classic", "basicsr"])
def test_kept_images_of_an_rgb_method_are_enough(srbench, pictures, results, write_plugin, protocol):
    plugin = write_plugin(REDDISH, colour="rgb")
    number = number_of_a_run(plugin, pictures, protocol, out=results)
    options = ["--dataset", pictures, "--scale", "2", "--expect", number, "--results", results, "--device", "cpu"]
    result = srbench("explain", "mine", *options)
    assert "only its kept images are scored" in result.stderr
    assert f"{number} is {protocol}\n" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["bicubic", "--expect", "many"], "'many' is not a number"),
        (["bicubic", "--expect", "nan"], "not a number"),
        (["bicubik", "--expect", "28.42"], "did you mean bicubic"),
        (["bicubic", "--expect", "28.42", "--dataset", "set55"], "set5"),
        (["bicubic", "--expect", "28.42", "--metric", "lpips"], "psnr"),
        (
            ["bicubic", "--expect", "0.9655", "--expect", "96.5", "--metric", "ssim"],
            "an SSIM of 96.5 is above 1; give 0.965",
        ),
        (["bicubic", "--expect", "x2=33.66,set55:x3=30.39"], "set5"),
        (["bicubic", "--expect", "x2=33.66,x2=33.68"], "two numbers for psnr of set5 at x2"),
        (["vdsr", "--expect", "x4=31.35,x5=30.39"], "vdsr does not support x5"),
    ],
)
def test_wrong_command_lines(wrong, arguments, match):
    wrong("explain", *arguments, match=match)


def test_a_scale_without_weights_is_an_error(wrong, untrained):
    wrong("explain", untrained, "--expect", "x4=31.35,x2=37.53", match="untrained has no weights for x4")


def test_kept_images_are_found_whatever_their_dataset_is_called(srbench, results, tmp_path, make_picture, write_plugin):
    """Of two folders called HR, each with images a and b, those of the second; and only those of bicubic LR images."""
    folders = [tmp_path / parent / "HR" for parent in ("one", "two")]
    for number, folder in enumerate(folders):
        for i, name in enumerate("ab"):
            write_image(folder / f"{name}.png", make_picture(48, 52, 2 * number + i))
    plugin = write_plugin("return imresize(lr, scale, kernel='nearest')", name="gone")
    run = ["--methods", plugin, "--scales", "3", "--metrics", "psnr", "--out", results, "--device", "cpu"]
    for more in (["--datasets", folders[0]], ["--datasets", folders[1]]):
        assert srbench("run", *run, *more).exit_code == 0
    values = {}
    for folder in folders:
        frame = package.evaluate("nearest", str(folder), scale=3, metrics=["psnr"], device="cpu")
        values[folder] = f"{frame['value'].mean():.6f}"
    assert srbench("run", *run, "--datasets", folders[1], "--degradation", "blur-down").exit_code == 0
    for folder, value in values.items():
        explain = ["explain", "gone", "--dataset", folder, "--scale", "3", "--expect", value, "--results", results]
        result = srbench(*explain, "--device", "cpu")
        assert result.exit_code == 0, result.output
        assert f"{value} is basicsr\n" in result.stderr


def test_a_file_with_a_built_in_name_is_not_scored_by_the_built_in_methods_images(wrong, results, write_plugin):
    path = write_plugin(name="bicubic")
    arguments = ["explain", path, "--dataset", "sample", "--expect", "25.6", "--results", results]
    wrong(*arguments, match=f"'{path}' would be called 'bicubic'.*my-bicubic={path}")


RAISED = ["raise BrokenPipeError", "raise SystemExit(0)", "raise KeyboardInterrupt", "1 / 0"]
WHERE = {
    "upscale": "",
    "prepare": "return lr\n    def prepare(self, scale, context): ",
    "constructor": "return lr\n    def __init__(self): ",
    "supports": "return lr\n    def supports(self, scale): ",
}


@pytest.mark.parametrize(
    "body",
    [*(f"{head}{raised}" for head in WHERE.values() for raised in RAISED), "return lr", "return 3", "return lr / 0"],
)
def test_a_method_that_fails_is_one_line(wrong, write_plugin, pictures, body):
    path = write_plugin(body)
    wrong("explain", path, "--expect", "25", "--dataset", pictures, "--scale", "2", "--device", "cpu", match="mine")


def test_a_method_that_needs_several_frames_is_one_line(wrong, tmp_path, pictures):
    path = tmp_path / "mine.py"
    path.write_text(
        "from srbench.method import MethodCard, MultiFrameMethod\n"
        "class Mine(MultiFrameMethod):\n"
        '    card = MethodCard(name="mine", title="", year=2026, family="", paper="", colour="any", frames=(3, 5))\n'
    )
    where = ("--dataset", pictures, "--scale", "2", "--device", "cpu")
    wrong("explain", path, "--expect", "25", *where, match="mine needs 3 or 5 frames, not 1; run it on bursts")


@pytest.mark.data("set5")
@pytest.mark.slow
def test_the_rule_of_sizes_is_found_at_a_scale_with_a_fraction(srbench):
    """Measured with this project's imresize under both rules: 30.092 and 30.153."""
    for number, name in (("30.09", "basicsr\nat this scale arbsr decides alike"), ("30.15", "liif")):
        result = srbench("explain", "bicubic", "--expect", f"x3.1={number}", "--rows", "1", "--device", "cpu")
        assert f"{number} is {name}\n" in result.stderr
        assert "LR size rounded down" in result.stdout if name == "liif" else "HR cut" in result.stdout
