"""Degradations made of steps: what they compute, what methods can invert, and those that strangers write."""

import importlib.metadata
import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from srbench import degradation
from srbench.cli import app
from srbench.cli.names import DEGRADATIONS
from srbench.degradation import BicubicDown, Blur, GaussianNoise, Pipeline, Step, Subsample
from srbench.errors import MethodError, SrbenchError, UnknownNameError
from srbench.imaging.resize import Downsampler
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader

MINE = """\
from srbench.degradation import BicubicDown, Blur, GaussianNoise, Pipeline

MINE = Pipeline({name!r}, (Blur.gaussian(5, {sigma}), BicubicDown(), GaussianNoise(3)))
"""


@pytest.fixture
def hr(rng):
    return torch.from_numpy(rng.integers(0, 256, (3, 48, 60), np.uint8))


@pytest.fixture
def write(tmp_path):
    def write(name="mine", sigma=1.0, text=MINE):
        path = tmp_path / "mine.py"
        path.write_text(text.format(name=name, sigma=sigma))
        return str(path)

    return write


# -- steps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("separable", [True, False])
def test_blur_and_subsampling_in_one_give_the_pixels_of_one_after_the_other(hr, rng, scale, separable):
    kernel = np.outer(rng.random(5), rng.random(3)) if separable else rng.random((5, 3))
    blur, pick = Blur(kernel / kernel.sum()), Subsample()
    apart = pick(blur(hr.double(), scale, rng), scale, rng)
    assert torch.allclose(Pipeline("x", (blur, pick))(hr.double(), scale), apart, atol=1e-10)
    assert (
        Pipeline("x", (blur, pick))(hr, scale).int() - pick(blur(hr, scale, rng), scale, rng).int()
    ).abs().max() <= 1


def test_steps_run_in_their_order(hr):
    rng = np.random.default_rng(0)
    blur, down = Blur.gaussian(7, 2.0), BicubicDown()
    made = Pipeline("x", (blur, down))(hr, 2)
    assert torch.equal(made, down(blur(hr, 2, rng), 2, rng))
    assert made.dtype == torch.uint8
    assert not torch.equal(made, Pipeline("x", (down, blur))(hr, 2))


@pytest.mark.parametrize("steps", [(Blur.gaussian(7, 2.0), BicubicDown()), (BicubicDown(), Blur.gaussian(3, 1.0))])
def test_the_operator_is_the_product_of_the_linear_steps(hr, steps):
    made = Pipeline("x", (*steps, GaussianNoise(9)))
    operator = made.operator(48, 60, 3)
    assert isinstance(operator, Downsampler)
    assert torch.allclose(operator(hr.double()), Pipeline("x", steps)(hr.double(), 3), atol=1e-10)
    assert (operator.rows.length, operator.rows.out_length) == (48, 16)
    assert (operator.columns.length, operator.columns.out_length) == (60, 20)


def test_the_product_with_a_step_that_is_not_separable_is_still_a_map(hr, rng):
    kernel = rng.random((3, 3))
    steps = (Blur(kernel / kernel.sum()), BicubicDown())
    operator = Pipeline("x", steps).operator(48, 60, 2)
    assert torch.allclose(operator(hr.double()), Pipeline("x", steps)(hr.double(), 2), atol=1e-10)


def test_back_projection_inverts_what_a_pipeline_did(hr):
    from srbench.api import load
    from srbench.method import MethodContext

    made = Pipeline("x", (Blur.gaussian(5, 1.0), BicubicDown()))
    lr = (made(hr.double(), 3) / 255).float()[None]
    errors = []
    for told in (made, degradation.Bicubic()):
        for name in ("back-projection", "tv-map"):
            method = load(name)
            method.prepare(3, MethodContext(degradation=told))
            errors.append((made(method.upscale(lr, 3).double() * 255, 3) - made(hr.double(), 3)).abs().mean().item())
    assert errors[0] < errors[2]
    assert errors[1] < errors[3]


def test_the_key_joins_the_keys_of_the_steps():
    steps = (Blur.gaussian(7, 1.25), Subsample(), GaussianNoise(2.5))
    assert Pipeline("x", steps, version=3, seed=4).key == "x/v3/gaussian=7,1.25>subsample>noise=2.5/seed=4"
    assert Pipeline("x", steps[:2], seed=4).key == "x/v1/gaussian=7,1.25>subsample"


def test_another_kernel_has_another_key(rng):
    one, other = rng.random((3, 3)), rng.random((3, 3))
    keys = {Pipeline("x", (Blur(kernel / kernel.sum()), Subsample())).key for kernel in (one, other)}
    assert len(keys) == 2


def test_a_pipeline_turns_with_the_image_if_all_its_steps_do():
    class Shift(Step):
        key = "shift"

        def __call__(self, x, scale, rng):
            return x.roll(1, -1)

    assert Pipeline("x", (Blur.gaussian(5, 1.0), BicubicDown(), GaussianNoise(1))).symmetric(2)
    assert not Pipeline("x", (Shift(), BicubicDown())).symmetric(2)
    assert not Pipeline("x", (Blur.gaussian(5, 1.0), Subsample())).symmetric(2)


@pytest.mark.parametrize(
    ("name", "steps", "match"),
    [("a/b", (BicubicDown(),), "cannot be a degradation's name"), ("x", (), "has no steps")],
)
def test_pipelines_that_cannot_be(name, steps, match):
    with pytest.raises(SrbenchError, match=match):
        Pipeline(name, steps)


@pytest.mark.parametrize("value", [None, 1, "x", (), torch.zeros(2), ...], ids=repr)
def test_a_step_says_by_a_truth_value_whether_it_draws(value):
    class Own(Step):
        key = "own"
        random = value

    with pytest.raises(SrbenchError, match=r"random \(True or False\)"):
        Pipeline("x", (Own(),))


def test_a_key_that_raises_later_is_the_degradations_error():
    class Own(Step):
        asked = 0

        @property
        def key(self):
            Own.asked += 1
            if Own.asked > 1:
                raise SystemExit(0)
            return "own"

    with pytest.raises(SrbenchError, match="degradation x: SystemExit: 0"):
        _ = Pipeline("x", (Own(),)).key


class Salt(Step):
    key, random = "salt", True


@pytest.mark.parametrize(
    ("steps", "sigma"),
    [
        ((BicubicDown(),), 0),
        ((BicubicDown(), GaussianNoise(30)), 30),
        ((BicubicDown(), GaussianNoise(3), GaussianNoise(4)), 5),
        ((GaussianNoise(30), BicubicDown()), None),  # resizing makes it less, and no longer white
        ((BicubicDown(), Salt()), None),
        ((BicubicDown(), GaussianNoise(30), Salt()), None),
    ],
)
def test_the_noise_is_known_where_it_is_white_and_comes_last(steps, sigma):
    assert Pipeline("x", steps).noise_sigma() == sigma


@pytest.mark.parametrize("answer", ["much", -1.0, float("nan"), float("inf"), True])
def test_noise_that_cannot_be_is_an_error(answer):
    class Own(Salt):
        def noise_sigma(self):
            return answer

    with pytest.raises(
        SrbenchError, match=r"degradation x: noise_sigma\(\) of the step salt is .*grey levels, or None"
    ):
        Pipeline("x", (BicubicDown(), Own())).noise_sigma()


@pytest.mark.parametrize("steps", [(GaussianNoise(1),), (BicubicDown(), BicubicDown())])
def test_steps_that_do_not_shrink_by_the_scale_are_an_error(hr, steps):
    with pytest.raises(SrbenchError, match=r"x made .* at x3; its steps have to shrink"):
        Pipeline("x", steps)(hr, 3)


# -- strangers' ----------------------------------------------------------------------------------------------------


def test_a_users_file_is_a_degradation(go, results, write):
    path = write()
    assert not go("bicubic", "back-projection", degradation=path).failures
    with Reader(results) as reader:
        table = per_image(reader)
    assert set(table["degradation"]) == {"mine"}
    assert go("bicubic", degradation=path).known == 3
    assert go("bicubic", degradation=path, seed=1).computed == 3  # the noise is another one


def test_an_edited_file_is_another_degradation(write):
    first, again = degradation.get(write()).key, degradation.get(write()).key
    assert first == again
    assert first.startswith("mine/v1/gaussian=5,1>bicubic>noise=3/")
    assert degradation.get(write(text=MINE + "# edited\n")).key != first


def test_a_built_in_one_can_be_imported_to_build_upon(write):
    text = "from srbench.degradation.named import DEGRADATIONS\nNOISE = DEGRADATIONS['bicubic-noise']\n" + MINE
    assert degradation.get(write(text=text)).name == "mine"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("x = 1", "defines no degradation"),
        ("1 / 0", "ZeroDivisionError"),
        (MINE + "OTHER = Pipeline('other', MINE.steps)\n", "defines 2 degradations; name a file with one"),
        (MINE.replace("{name!r}", "'bicubic'"), "two degradations are called 'bicubic'"),
    ],
)
def test_files_that_cannot_be_used(write, text, match):
    with pytest.raises(SrbenchError, match=match):
        degradation.get(write(text=text))


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Pretends that a package has such entry points."""
    real = importlib.metadata.entry_points
    (tmp_path / "srbench_test_degradations.py").write_text(MINE.format(name="shiny", sigma=1))
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(**entries):
        points = [
            importlib.metadata.EntryPoint(name, f"srbench_test_degradations:{value}", "srbench.degradations")
            for name, value in entries.items()
        ]
        monkeypatch.setattr(
            importlib.metadata,
            "entry_points",
            lambda **selection: points if selection == {"group": "srbench.degradations"} else real(**selection),
        )

    return install


def test_an_entry_point_is_a_degradation(installed, go, hr):
    installed(shiny="MINE", broken="NOTHING")
    assert degradation.get("shiny")(hr, 2).shape == (3, 24, 30)
    assert degradation.get("shiny", seed=3).key.endswith("/seed=3")
    assert not go("bicubic", degradation="shiny").failures
    with pytest.raises(MethodError, match=r"degradation 'broken' \(package\) is broken: AttributeError"):
        degradation.get("broken")
    with pytest.raises(UnknownNameError, match="did you mean shiny"):
        degradation.get("shinny")


def test_they_are_listed(installed):
    installed(shiny="MINE", broken="NOTHING")
    result = CliRunner().invoke(app, ["list", "degradations", "--json"])
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert list(rows) == [*DEGRADATIONS, "broken", "shiny"]
    assert rows["blur-down"]["scales"] == ["x3"]
    assert rows["bicubic"] == {
        **{"name": "bicubic", "scales": ["any"], "chain": "down"},
        **{"key": "bicubic/v1", "origin": "built in"},
    }
    assert rows["bd-first"]["chain"] == "blur:1.6:13:reflect > down:nearest:first"
    assert rows["broken"]["key"].startswith("BROKEN: AttributeError")
    shown = CliRunner().invoke(app, ["list", "degradations"]).stdout
    assert "blur-down" in shown
    assert "or a chain of steps: burst:N[:grid|random][:blind] (first), blur:SIGMA[:SIZE]" in " ".join(shown.split())
