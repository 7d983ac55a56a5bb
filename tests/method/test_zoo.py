"""Checkpoints of the zoo as methods: their networks, how they are fed, what is published of them."""

import os
import shutil

import pytest
import torch

from srbench import api, zoo
from srbench.errors import MethodError, WeightsError
from srbench.method import networks
from srbench.method.zoo import published
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run import RunOptions, loaded, run


@pytest.fixture
def files(real_checkpoints, monkeypatch):
    """The real files are found by their hashes."""
    monkeypatch.setenv("SRBENCH_CHECKPOINTS", os.fspath(real_checkpoints))
    return real_checkpoints


def test_a_name_is_the_manifests_network_fed_as_it_says(files):
    method = api.load("zoo:rlfn-x4")
    card = method.card
    assert (card.name, card.title, card.scales, card.url) == (
        "zoo:rlfn-x4",
        "RLFN",
        (4,),
        "https://github.com/bytedance/RLFN",
    )
    assert method.input_range == 255
    assert method.weight_files() == [files / "rlfn_x4.pth"]
    value = next(own for own in card.published if (own.dataset, own.metric) == ("set5", "psnr"))
    assert (value.value, value.protocol, value.exact) == (32.24, "basicsr", True)


def test_one_file_for_three_scales(files):
    assert api.load("zoo:carn-m").card.scales == (2, 3, 4)
    assert api.load("zoo:vdsr-authors").card.scales == (2, 3, 4)


def test_a_renamed_file_is_named_and_has_the_published_values(files, tmp_path):
    path = tmp_path / "mine.pth"
    shutil.copyfile(files / "BSRN_x4.pth", path)
    for spec in (str(path), f"bsrn={path}", f"row={path}", f"row=bsrn:{path}"):
        method = api.load(spec)
        assert method.card.published == published(zoo.known_as("bsrn-x4")), spec
        (line,) = loaded.yours([method])
        assert "this is BSRN, published 32.35 on Set5 (zoo:bsrn-x4)" in line
    assert api.load(f"row={path}").card.name == "row"


def test_other_weights_of_the_network_are_not(files, tmp_path):
    content = torch.load(files / "BSRN_x4.pth", weights_only=True)
    content["params"]["fea_conv.dw.bias"][0] += 1e-3
    torch.save(content, tmp_path / "other.pth")
    method = api.load(f"bsrn={tmp_path / 'other.pth'}")
    assert method.card.published == ()
    assert "this is" not in loaded.yours([method])[0]


def test_without_its_file_the_line_that_fetches_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"is not on this machine; srbench fetch zoo:bsrn-x4"):
        api.load("zoo:bsrn-x4")
    with pytest.raises(WeightsError, match=r"by hand, then: srbench fetch zoo:hat-s-x4 --file FILE"):
        api.load("zoo:hat-s-x4")


def test_a_network_that_is_not_here(monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path))
    with pytest.raises(MethodError, match=r"zoo:lapsrn-authors-x4 is a network 'lapsrn-matconvnet' \(not here\)"):
        api.load("zoo:lapsrn-authors-x4")


def test_every_architecture_is_here_or_said_not_to_be():
    lacking = {name for name, own in zoo.checkpoints().items() if networks.missing(own.architecture)}
    assert lacking <= {"lapsrn-authors-x4", "lapsrn-twtygqyy-x4", "srformer-df2k-x4", "srformer-light-x2"}


def test_spandrel_knows_the_networks_that_are_said_to_be_its():
    from spandrel import MAIN_REGISTRY

    known = {f"spandrel:{own.architecture.id}" for own in MAIN_REGISTRY}
    assert {own.architecture for own in zoo.checkpoints().values() if own.architecture.startswith("spandrel:")} <= known


@pytest.mark.data("set5")
def test_the_table_has_what_is_published(files, tmp_path):
    run(RunOptions(methods=("zoo:bsrn-x4",), datasets=("set5",), metrics=("psnr",), out=tmp_path, keep_images=False))
    with Reader(tmp_path) as reader:
        (row,) = means(per_image(reader), reader.facts).to_dict("records")
    assert row["mean"] == pytest.approx(32.349, abs=0.002)
    assert (row["published"], row["published_like"]) == (32.35, True)
