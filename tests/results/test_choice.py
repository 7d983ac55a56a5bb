"""Which part of a folder is shown, and what is said of a name that is not there."""

import pandas as pd
import pytest

from srbench.errors import SrbenchError, UnknownNameError
from srbench.results.choice import Choice
from srbench.results.described import Described
from srbench.results.facts import MethodFacts
from srbench.results.leaderboard import means


def row(method, dataset, scale, image, metric, status="ok", plugin="", value=30.0):
    return {
        **{"method": method, "dataset": dataset, "scale": scale, "protocol": "basicsr", "degradation": "bicubic"},
        **{"image": image, "metric": metric, "value": value, "status": status, "plugin": plugin or method},
        **{"options": "", "message": "", "method_hash": "0", "handling": "", "extra": ""},
    }


@pytest.fixture
def images():
    rows = [
        row(method, dataset, scale, image, metric, plugin=method.removesuffix("+"))
        for method, datasets in (("edsr", ("set5", "set14")), ("vdsr+", ("set5",)), ("a, b", ("set5",)))
        for dataset in datasets
        for scale in (2, 4)
        for image in "xy"
        for metric in ("psnr", "ssim")
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("choice", "column", "left"),
    [
        (Choice(), "method", {"edsr", "vdsr+", "a, b"}),
        (Choice(methods=("edsr,vdsr+",)), "method", {"edsr", "vdsr+"}),
        (Choice(methods=("edsr", "vdsr")), "method", {"edsr", "vdsr+"}),
        (Choice(methods=("a, b",)), "method", {"a, b"}),
        (Choice(datasets=("set14",)), "method", {"edsr"}),
        (Choice(metrics=("ssim",)), "metric", {"ssim"}),
        (Choice(scales=(4,)), "scale", {4}),
        (Choice(protocols=("basicsr",), degradations=("bicubic",)), "scale", {2, 4}),
    ],
)
def test_what_is_chosen_is_left(images, choice, column, left):
    assert set(choice.of(images)[column]) == left


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(methods=("edrs",)), "unknown method 'edrs'; did you mean edsr?"),
        (Choice(methods=("rcan",)), "unknown method 'rcan'; known: a, b, edsr, vdsr+"),
        (Choice(datasets=("set4",)), "unknown dataset 'set4'; did you mean set14 or set5?"),
        (Choice(metrics=("lpips",)), "unknown metric 'lpips'; known: psnr, ssim"),
        (Choice(scales=(3,)), "no results at x3; there are: x2, x4"),
        (Choice(protocols=("classic",)), "unknown protocol 'classic'; "),
        (Choice(degradations=("blur-down",)), "unknown degradation 'blur-down'; known: bicubic"),
        (Choice(datasets=("set14",), methods=("vdsr",)), "no results of method vdsr with the rest .*; there is: edsr"),
        (Choice(methods=(",",)), "an empty list of methods"),
    ],
)
def test_a_name_that_is_not_there_is_said_with_what_there_is(images, choice, words):
    with pytest.raises(SrbenchError, match=words):
        choice.of(images)


def test_an_unknown_order_is_said():
    with pytest.raises(SrbenchError, match="unknown order 'size'; use one of value, year, name"):
        Choice(sort="size")


def test_an_empty_folder_has_no_names():
    with pytest.raises(UnknownNameError, match="known: none"):
        Choice(methods=("edsr",)).of(pd.DataFrame(columns=list(row("", "", 0, "", ""))))


def test_images_without_the_chosen_metric_are_planned_all_the_same():
    frame = pd.DataFrame(
        [
            row("m", "d", 4, "x", "psnr"),
            row("m", "d", 4, "x", "lpips", value=0.1),
            row("m", "d", 4, "y", "psnr"),
            row("m", "d", 4, "z", "", status="failed"),
        ]
    )
    table = means(Choice(metrics=("lpips",)).of(frame))
    (only,) = table.to_dict("records")
    assert (only["metric"], only["n"], only["planned"], only["failed"]) == ("lpips", 1, 3, 1)


def test_orders():
    methods = [
        Described(name, name, MethodFacts(name, name, year=year)) for name, year in (("b", 2017), ("C", 0), ("a", 2014))
    ]
    assert [own.label for own in Choice().arranged(methods)] == ["b", "C", "a"]
    assert [own.label for own in Choice(sort="value").arranged(methods)] == ["b", "C", "a"]
    assert [own.label for own in Choice(sort="year").arranged(methods)] == ["a", "b", "C"]
    assert [own.label for own in Choice(sort="name").arranged(methods)] == ["a", "b", "C"]
