"""``srbench explain``: the settings behind a printed number, found by themselves."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

import srbench as package
from srbench import dataset
from srbench.imaging.images import read_image, write_image


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
    assert f"{number} is basicsr, but measured on all three channels" in result.stderr


def test_ssim_as_scikit_image_has_it_by_default(srbench, pictures, make_picture):
    write_image(pictures / "c.png", make_picture(48, 48, 3))  # no grey image
    for name in ("a", "b"):
        write_image(pictures / f"{name}.png", make_picture(48, 52, 1))
    frame = package.evaluate("nearest", str(pictures), scale=2, metrics=["ssim"], device="cpu")
    ours = f"{frame['value'].mean():.4f}"
    result = srbench("explain", "nearest", "--dataset", pictures, "--scale", "2", "--expect", ours, "--device", "cpu")
    assert f"{ours} is basicsr\n" in result.stderr
    assert "gaussian 11x11" in first_row(result)


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
    ],
)
def test_wrong_command_lines(wrong, arguments, match):
    wrong("explain", *arguments, match=match)


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
