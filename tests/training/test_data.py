"""Patches are the evaluation's own degradation, cut at matching places; held-out images stay out."""

import numpy as np
import pytest
import torch

from srbench.errors import SrbenchWarning, TrainingError
from srbench.imaging.color import luma, round_half_up
from srbench.imaging.images import read_image, write_image
from srbench.resize import imresize
from srbench.training.data import Patches, hold_out, read_pictures


def test_an_lr_patch_is_cut_from_the_degraded_image_where_its_hr_patch_is(folder):
    pictures = read_pictures([folder])
    patches = Patches(pictures, (4,), 16)
    lr, hr, scale = patches.batch(7, seed=3, size=32)
    assert (lr.shape, hr.shape, scale) == ((32, 1, 4, 4), (32, 1, 16, 16), 4)
    images = []
    for path in sorted(folder.iterdir()):
        pixels = torch.from_numpy(read_image(path).copy()).double()
        y = pixels if pixels.ndim == 2 else round_half_up(luma(pixels.permute(2, 0, 1)))
        images.append((imresize(y, 0.25) / 255, y / 255))
    for low, high in zip(lr[:, 0], hr[:, 0], strict=True):
        assert any(found(low, high, *image) for image in images)


def test_rgb_patches_are_cut_from_the_degraded_planes(folder):
    pictures = read_pictures([folder])
    lr, hr, scale = Patches(pictures, (4,), 16, colour="rgb").batch(7, seed=3, size=24)
    assert (lr.shape, hr.shape, scale) == ((24, 3, 4, 4), (24, 3, 16, 16), 4)
    planes = []
    for picture in pictures:
        pixels = torch.from_numpy(picture.pixels.copy()).double()
        planes.append(pixels.expand(3, -1, -1) if pixels.ndim == 2 else pixels.permute(2, 0, 1))
    images = [(imresize(rgb, 0.25) / 255, rgb / 255) for rgb in planes]
    for low, high in zip(lr, hr, strict=True):
        # All three planes from one image, in their order, each turned alike.
        assert any(all(found(low[c], high[c], small[c], large[c]) for c in range(3)) for small, large in images)


def test_colour_changes_neither_the_places_nor_the_turns(folder):
    pictures = read_pictures([folder])
    luma_lr, luma_hr, _ = Patches(pictures, (2,), 16).batch(5, 0, 8)
    _, rgb_hr, _ = Patches(pictures, (2,), 16, colour="rgb").batch(5, 0, 8)
    grey = (rgb_hr == rgb_hr[:, :1]).all(dim=(1, 2, 3))  # of a grey picture Y is its pixels
    y = round_half_up(luma(255 * rgb_hr)) / 255
    y[grey] = rgb_hr[grey, 0].double()
    assert luma_lr.shape == (8, 1, 8, 8)
    assert torch.allclose(luma_hr[:, 0].double(), y, atol=1e-6)


def found(low, high, small, large):
    for turn in range(8):
        a, b = turned(low, turn), turned(high, turn)
        for top in range(small.shape[0] - 3):
            for left in range(small.shape[1] - 3):
                if torch.allclose(small[top : top + 4, left : left + 4].float(), a, atol=1e-6):
                    return torch.allclose(large[4 * top : 4 * top + 16, 4 * left : 4 * left + 16].float(), b, atol=1e-6)
    return False


def turned(x, turn):
    """The inverse of one of the eight symmetries."""
    x = x.T if turn & 4 else x
    x = x.flip(1) if turn & 2 else x
    return x.flip(0) if turn & 1 else x


def test_a_batch_depends_on_seed_and_step_alone(folder):
    patches = Patches(read_pictures([folder]), (2, 4), 16, (1.0, 0.8))
    again = Patches(read_pictures([folder]), (2, 4), 16, (1.0, 0.8))
    scales = set()
    for step in range(12):
        (lr, hr, scale), (lr2, hr2, scale2) = patches.batch(step, 0, 4), again.batch(step, 0, 4)
        assert scale == scale2
        assert torch.equal(lr, lr2)
        assert torch.equal(hr, hr2)
        scales.add(scale)
    assert scales == {2, 4}
    assert not torch.equal(patches.batch(0, 0, 4)[1][0], patches.batch(0, 1, 4)[1][0])


def test_held_out_images_are_not_trained_on_and_do_not_depend_on_names(folder, tmp_path):
    pictures = read_pictures([folder])
    training, held = hold_out(pictures, 2, seed=0)
    assert {p.hash for p in training} | {p.hash for p in held} == {p.hash for p in pictures}
    assert len(training) == len(held) == 2
    for n, path in enumerate(sorted(folder.iterdir(), reverse=True)):
        write_image(tmp_path / "renamed" / f"{n}.png", read_image(path))
    assert {p.hash for p in hold_out(read_pictures([tmp_path / "renamed"]), 2, 0)[1]} == {p.hash for p in held}


def test_images_smaller_than_a_patch_are_skipped_and_counted(folder):
    write_image(folder / "small.png", np.zeros((20, 90, 3), np.uint8))
    patches = Patches(read_pictures([folder]), (4,), 32)
    assert patches.skipped == 1
    assert sum(patches.images.values()) == 4
    with pytest.raises(TrainingError, match="no image is as large as a patch of 64"):
        Patches(read_pictures([folder]), (4,), 64)


def test_unreadable_images_are_left_out_with_a_note(folder):
    (folder / "broken.png").write_bytes(b"no image")
    with pytest.warns(SrbenchWarning, match="left out.*broken"):
        assert len(read_pictures([folder])) == 4


def test_a_picture_in_two_folders_counts_once(folder, tmp_path):
    write_image(tmp_path / "more/copy.bmp.png", read_image(folder / "1.png"))
    assert len(read_pictures([folder, tmp_path / "more"])) == 4


@pytest.mark.parametrize("content", [None, [], [b"rubbish"]])
@pytest.mark.filterwarnings("ignore::srbench.errors.SrbenchWarning")
def test_no_usable_data(tmp_path, content):
    folder = tmp_path / "data"
    if content is not None:
        folder.mkdir()
        for n, part in enumerate(content):
            (folder / f"{n}.png").write_bytes(part)
    with pytest.raises(TrainingError, match="no folder" if content is None else "no readable image"):
        read_pictures([folder])


def test_too_few_images_to_hold_some_out(folder):
    with pytest.raises(TrainingError, match="too few"):
        hold_out(read_pictures([folder]), 4, 0)


def test_folders_of_small_images_are_not_drowned(folder, tmp_path):
    write_image(tmp_path / "white/one.png", np.full((24, 24), 255, np.uint8))
    pictures = read_pictures([folder, tmp_path / "white"])

    def white(patches):
        return (patches.batch(0, 0, 400)[1] == 1).all(dim=(1, 2, 3)).float().mean().item()

    assert white(Patches(pictures, (2,), 16)) < 0.15
    assert white(Patches(pictures, (2,), 16, by_folder=True)) == pytest.approx(0.5, abs=0.08)


def test_hidden_files_are_no_pictures(folder, recwarn):
    count = len(read_pictures([folder]))
    for path in list(folder.glob("*.png")):
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\26\7")
    assert len(read_pictures([folder])) == count
    assert not recwarn.list
