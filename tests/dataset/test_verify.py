"""Whether the images on this machine are the ones that the literature measured."""

import numpy as np
import pytest

from srbench.dataset.manifest import STANDARD, Manifest, facts_of, manifests
from srbench.dataset.verify import check_images, judge
from srbench.imaging.images import as_rgb, read_image, write_image


def test_every_image_of_the_sample_is_identical_to_its_manifest():
    assert [verdict.verdict for verdict in check_images(manifests()["sample"])] == ["identical"] * 8


@pytest.mark.data
@pytest.mark.parametrize("name", STANDARD)
def test_the_benchmarks_are_identical_to_their_manifests(name):
    assert {verdict.verdict for verdict in check_images(manifests()[name])} == {"identical"}


def verdicts(manifest):
    return {verdict.image: (verdict.verdict, verdict.detail) for verdict in check_images(manifest)}


def test_verify_tells_the_ways_in_which_copies_differ(known, lay_out, tmp_path, monkeypatch, make_picture):
    _, pixels = known
    more = {f"img_{letter}": make_picture(12, 20 + i, i) for i, letter in enumerate("defg")}
    images = [facts_of(value, f"{name}.png") for name, value in (pixels | more).items()]
    manifest = Manifest("bsd", "BSD", 1, "", "", "", ("BSD100",), tuple(images), {})
    changed = pixels["img_b"].copy()
    changed[3, 3, 0] ^= 1
    folder = tmp_path / "BSD100"
    lay_out(folder, {"img_a": pixels["img_a"], "img_b": changed, "img_c": as_rgb(pixels["img_c"])})
    lay_out(folder, {"img_d": more["img_d"][:-1], "img_e": np.pad(more["img_e"], ((0, 0), (0, 1), (0, 0)))})
    (folder / "img_f.png").write_bytes(b"\x89PNG broken")
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    found = verdicts(manifest)
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        "img_a": "identical",
        "img_b": "other pixels",
        "img_c": "other pixels",
        "img_d": "wrong size",
        "img_e": "wrong size",
        "img_f": "unreadable",
        "img_g": "missing",
    }
    assert found["img_c"][1] == "stored as RGB, not grey (same values)"
    assert found["img_d"][1] == "20x11, not 20x12: a cropped copy"
    assert "22x12, not 21x12" in found["img_e"][1]
    assert "cropped" not in found["img_e"][1]


def test_an_rgb_image_that_was_stored_grey_is_other_pixels(make_picture):
    rgb = make_picture(12, 12, 0)
    verdict = judge(facts_of(rgb, "x.png"), rgb[..., 0])
    assert (verdict.verdict, verdict.detail) == ("other pixels", "stored as grey, not RGB")


def test_verify_of_a_dataset_that_is_not_here_says_missing():
    assert {verdict.verdict for verdict in check_images(manifests()["set5"])} == {"missing"}


def test_a_written_image_is_identical_to_its_facts(tmp_path, make_picture):
    pixels = make_picture(12, 15, 0)
    write_image(tmp_path / "x.png", pixels)
    assert judge(facts_of(pixels, "x.png"), read_image(tmp_path / "x.png")).good
