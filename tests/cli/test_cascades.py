"""Cascades on the command line: wherever a method is named."""

import numpy as np
import pytest

import srbench as package
from srbench.imaging.images import read_image
from srbench.results.reader import Reader

CASCADE = "nearest@2 > bicubic@2"


@pytest.fixture
def run(srbench, pictures, tmp_path):
    def call(*methods, **options):
        own = [part for name, value in options.items() for part in (f"--{name}", value)]
        return srbench(
            *("run", "--methods", ",".join(methods), "--datasets", pictures, "--metrics", "psnr"),
            *("--out", tmp_path / "out", "--device", "cpu", *own),
        )

    return call


def rows(srbench, folder):
    result = srbench("report", folder, "--format", "csv")
    assert result.exit_code == 0, result.output
    lines = [line.split(",") for line in result.stdout.splitlines()]
    return [dict(zip(lines[0], line, strict=False)) for line in lines[1:]]


def test_a_run_has_a_row_of_the_cascade_under_its_name(run, srbench, tmp_path):
    result = run("bicubic", "nearest@2>bicubic @ 2", "bicubic@4 > nearest@1")
    assert result.exit_code == 0, result.output
    found = {row["method"]: row for row in rows(srbench, tmp_path / "out")}
    assert set(found) == {"bicubic", CASCADE, "bicubic@4 > nearest@1"}
    values = {name: row["mean"] for name, row in found.items()}
    assert values["bicubic"] == values["bicubic@4 > nearest@1"] != values[CASCADE]
    assert len(list((tmp_path / "out").rglob("*.png"))) == 9
    again = run(CASCADE)
    assert "0 cells computed, 3 already there" in again.output


def test_of_a_scale_that_it_has_not_it_is_not_supported_and_the_part_is_named(run):
    result = run(CASCADE, "espcn@2 > srgan@2", scales="3,4")
    assert result.exit_code == 0, result.output
    assert f"{CASCADE} does not support x3; it supports x4" in result.output
    assert "srgan@2 in espcn@2 > srgan@2: srgan does not support x2" in result.output


def test_of_a_plugins_method_that_fails_the_run_says_so(run, write_plugin):
    result = run(f"{write_plugin(body='raise ValueError(4)')}@2 > bicubic@2")
    assert result.exit_code == 1
    assert "ValueError: 4" in result.output


def test_cascades_of_one_name_from_two_files_are_refused_with_a_way_out(run, srbench, tmp_path):
    from safetensors.torch import save_file

    from srbench.method import plugins

    tensors = plugins.instantiate(plugins.find("espcn")[0]).module(2).state_dict()
    for folder, factor in (("a", 1), ("b", 0.5)):
        (tmp_path / folder).mkdir()
        save_file({name: value * factor for name, value in tensors.items()}, tmp_path / folder / "x2.safetensors")
    specs = [f"espcn={tmp_path}/{folder}/x2.safetensors@2 > bicubic@2" for folder in "ab"]
    result = run(*specs)
    assert result.exit_code == 2
    assert "two methods are called 'espcn:x2@2 > bicubic@2'" in result.stderr
    named = [f"{folder}=espcn:{tmp_path}/{folder}/x2.safetensors@2 > bicubic@2" for folder in "ab"]
    assert run(*named).exit_code == 0
    with Reader(tmp_path / "out") as reader:
        (recorded,) = reader.runs()
    assert recorded.manifest["sources"] == {"a@2 > bicubic@2": named[0], "b@2 > bicubic@2": named[1]}
    assert {row["method"] for row in rows(srbench, tmp_path / "out")} == set(recorded.manifest["sources"])


def test_other_commands_take_it_too(srbench, pictures, tmp_path):
    result = srbench("upscale", CASCADE, pictures / "a.png", "--scale", 4, "--output", tmp_path / "up")
    assert result.exit_code == 0, result.output
    (path,) = (tmp_path / "up").iterdir()
    expected = package.upscale(CASCADE, read_image(pictures / "a.png"), 4)
    assert np.array_equal(read_image(path), expected)
    timed = srbench("time", "espcn@2 > espcn@2", "--size", "24x20")
    assert timed.exit_code == 0, timed.output
    assert "6.10" in timed.stdout  # G multiply-adds for 1280x720
    trained = srbench("train", "espcn@2 > espcn@2", "--data", pictures)
    assert trained.exit_code == 2
    assert "Traceback" not in trained.output


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        ("espcn@2 >", "a part of the cascade 'espcn@2 >' is empty"),
        ("espcn > espcn@2", "does not say its scale"),
        ("espcn@0 > espcn@2", "'0' is not a scale"),
        ("espnc@2 > espcn@2", "unknown method 'espnc'; did you mean espcn"),
        ("'espcn@2' > espcn@2", "quotes of its own"),
        ("espcn@2", "one part of a cascade"),
        ("gone.pth@2 > espcn@2", "no weights at 'gone.pth'"),
        ("gone.py:mine@2 > espcn@2", "no plugin file at 'gone.py'"),
    ],
)
@pytest.mark.parametrize("command", [["run", "--methods"], ["upscale"], ["time"]])
def test_what_is_wrong_is_one_line(wrong, pictures, command, spec, match):
    more = [str(pictures / "a.png")] if command == ["upscale"] else []
    wrong(*command, spec, *more, match=match)
