"""The page's pictures: the pixels that were scored, of what is still there, within the size of the page."""

import base64
import io
import json
import os
import sqlite3
from contextlib import closing
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from srbench.imaging.images import as_rgb, read_image, write_image
from srbench.report.html.embedding import WHOLE, WINDOWS, data_uri, side_for
from srbench.report.html.gallery import gallery
from srbench.report.html.originals import as_measured, is_magnified, magnified
from srbench.report.html.windows import Window
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader


def decoded(uri):
    head, _, data = uri.partition(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def made(folder, full=None):
    with Reader(folder) as reader:
        images = per_image(reader)
        titles = {own: getattr(reader.facts.method(own), "title", own) for own in images["method"].unique()}
        return gallery(images.assign(label=images["method"]), folder, reader.runs(), titles, reader.facts, full)


@pytest.fixture
def letters(pictures):
    """A picture with edges that bicubic loses, beside three of noise and of another size."""
    y, x = np.mgrid[:96, :120]
    strokes = np.where((x // 6 + y // 9) % 2, 235, 20).astype(np.uint8)
    strokes[:, :40] = 128
    write_image(pictures / "letters.png", np.stack([strokes] * 3, axis=-1))
    return pictures


def test_pictures_show_the_pixels_that_were_scored(go, results, pictures):
    go("bicubic", "nearest", protocol="basicsr")
    found = made(results)
    assert [scene.image for scene in found.scenes] == ["a", "b", "c"]
    with Reader(results) as reader:
        images = per_image(reader)
    for scene in found.scenes:
        own = images[images["image"] == scene.image].set_index("method")
        for label in ("bicubic", "nearest"):
            sr = as_rgb(read_image(results / own.loc[label, "sr_path"].iloc[0]))
            assert (decoded(scene.windows[label]) == scene.window.of(sr)).all()
            assert (decoded(scene.whole[label]) == sr).all()
        original = as_rgb(read_image(pictures / f"{scene.image}.png"))
        assert (decoded(scene.windows["original"]) == scene.window.of(original)).all()
        assert not scene.only_luma


def test_a_protocol_of_luma_shows_luma(go, results, pictures):
    go("bicubic", protocol="classic")
    scene = made(results).scenes[0]
    assert scene.only_luma
    original = as_measured(read_image(pictures / "a.png"))
    assert (decoded(scene.windows["original"])[..., 0] == scene.window.of(original)).all()


def test_methods_stand_in_order_of_their_year(go, write_plugin, results):
    go(write_plugin(), "lanczos", "bicubic", "bilinear")  # 2024, 1979, 1981, 1973
    assert made(results).scenes[0].labels == ["bilinear", "lanczos", "bicubic", "mine"]


def test_bicubic_stands_left_and_the_best_right(go, write_plugin, results):
    go("nearest", "bicubic", "lanczos", write_plugin("return imresize(lr, scale) * 0.5"))
    sides = {(scene.left, scene.right) for scene in made(results).scenes}
    assert sides == {("bicubic", "lanczos")}


def test_without_bicubic_it_is_the_lr_image_or_the_original(go, results, pictures):
    go("lanczos", "nearest")
    assert {scene.left for scene in made(results).scenes} == {"lr"}
    assert {scene.right for scene in made(results).scenes} == {"lanczos"}


def test_one_method_is_held_against_the_original_and_without_it_against_itself(go, results, pictures):
    go("lanczos")
    assert {(scene.left, scene.right) for scene in made(results).scenes} == {("original", "lanczos")}
    for path in pictures.iterdir():
        path.unlink()
    assert {(scene.left, scene.right) for scene in made(results).scenes} == {("lanczos", "lanczos")}


def test_the_lr_image_is_that_of_nearest_neighbour_and_nothing_else(go, results, pictures):
    go("bicubic", "nearest")
    found = made(results)
    for scene in found.scenes:
        low = decoded(scene.windows["lr"])
        assert (low == np.repeat(np.repeat(low[::2, ::2], 2, axis=0), 2, axis=1)).all()
    assert not any("LR images" in note for note in found.notes)


def test_without_the_lr_image_none_is_shown_and_the_page_says_why(go, results):
    go("bicubic")
    found = made(results)
    assert not any("lr" in scene.windows for scene in found.scenes)
    assert found.scenes[0].data()["lr"] == ""
    assert "LR images are shown where nearest neighbour was run too" in found.notes[-1]


def test_an_image_is_magnified_if_its_blocks_are_of_one_value(rng):
    low = rng.integers(0, 256, (5, 6, 3), np.uint8)
    high = low.repeat(3, axis=0).repeat(3, axis=1)
    assert is_magnified(high, 3)
    assert not is_magnified(high[:-1], 3)
    high[4, 4, 1] ^= 1
    assert not is_magnified(high, 3)


def test_the_first_picture_is_the_one_where_bicubic_loses_most(go, letters, results):
    go("bicubic", "lanczos", "nearest")
    found = made(results)
    hero = found.scenes[found.hero]
    assert hero.image == "letters"
    assert hero.shows > 0
    assert hero.window.left + hero.focus.left >= 20  # not in the flat part
    assert hero.focus.width <= hero.window.width


@pytest.mark.data("set5")
def test_on_photographs_it_is_the_wing_of_the_butterfly(go, results):
    go("bicubic", "espcn", datasets=("set5",), scales=(4,), metrics=("psnr",))
    found = made(results)
    hero = found.scenes[found.hero]
    assert (hero.image, hero.left, hero.right) == ("butterfly", "bicubic", "espcn")
    shows = {scene.image: scene.shows for scene in found.scenes}
    assert shows["butterfly"] > 2 * shows["head"] > 0


def test_images_that_are_gone_are_said_to_be(go, results, pictures):
    go("bicubic", "nearest")
    with Reader(results) as reader:
        paths = sorted(results / row.outcome.sr_path for row in reader.outcomes())
    for path in (paths[0], *paths[2:4]):  # bicubic on a and c; nearest on a
        path.unlink()
    (pictures / "b.png").unlink()
    write_image(pictures / "c.png", np.zeros((28, 36), np.uint8))
    found = made(results)
    assert [scene.image for scene in found.scenes] == ["b", "c"]
    assert "pictures/a is left out: its SR images are no longer on disk." in found.notes
    assert found.scenes[1].missing == ["Bicubic: its image is no longer on disk"]
    assert "The original of pictures/b is not on this machine, so it is not shown." in found.notes
    assert any("pictures/c has other pixels than those that were scored" in note for note in found.notes)


def test_originals_that_are_missing_are_named_in_one_line(go, results, pictures):
    go("bicubic")
    for path in pictures.iterdir():
        path.unlink()
    notes = made(results).notes
    said = "The originals of pictures/a, pictures/b and pictures/c are not on this machine, so they are not shown."
    assert said in notes
    assert len([note for note in notes if "original" in note]) == 1


def test_a_method_called_original_is_not_taken_for_it(go, write_plugin, results, pictures):
    go("bicubic", write_plugin("return imresize(lr, scale) * 0.5", name="original", title="Mine"))
    scene = made(results).scenes[0]
    original = as_rgb(read_image(pictures / f"{scene.image}.png"))
    assert (decoded(scene.windows["original"]) == scene.window.of(original)).all()
    assert scene.labels == ["bicubic"]
    assert scene.missing == ["Mine: the name 'original' is that of another picture here"]


def test_an_image_of_another_size_is_left_out(go, results, pictures):
    go("bicubic", "nearest", "lanczos")
    with Reader(results) as reader:
        rows = per_image(reader)
    own = rows[(rows["method"] == "bicubic") & (rows["image"] == made(results).scenes[0].image)]
    write_image(results / own["sr_path"].iloc[0], np.zeros((6, 6, 3), np.uint8))
    assert "Bicubic: the image on disk has another size" in made(results).scenes[0].missing


def test_without_kept_images_there_are_no_pictures(go, results):
    go("bicubic", keep_images=False)
    found = made(results)
    assert found.data()["scenes"] == []
    assert found.notes == ["No SR images were kept in this folder (--no-images), so there is nothing to see."]


def test_one_image_of_one_method(go, results, pictures):
    for name in ("b", "c"):
        (pictures / f"{name}.png").unlink()
    go("bicubic")
    data = made(results).data()
    assert len(data["scenes"]) == 1
    assert data["scenes"][0]["sides"] == ["original", "bicubic"]
    assert json.loads(json.dumps(data)) is not None


def test_scores_are_those_of_the_image(go, results, scores):
    go("bicubic", "nearest")
    for scene in made(results).scenes:
        values = scene.data()["pictures"]["nearest"]["values"]
        assert values["psnr"] == pytest.approx(scores()["nearest", scene.image, "psnr"], rel=1e-5)


def test_whole_images_beside_the_page(go, results, tmp_path, write_plugin):
    go("bicubic", write_plugin(name="../up/é"))
    found = made(results, tmp_path / "report_images")
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("report_images/**/*.png")}
    assert len(written) == 9
    assert {unquote(address) for scene in found.scenes for address in scene.whole.values()} == written
    for scene in found.scenes:
        whole = read_image(tmp_path / unquote(scene.whole["bicubic"]))
        assert (decoded(scene.windows["bicubic"]) == scene.window.of(as_rgb(whole))).all()


def test_the_lr_image_beside_the_page_is_the_file_of_nearest_neighbour(go, results, tmp_path):
    go("nearest", "bicubic")
    for scene in made(results, tmp_path / "whole").scenes:
        assert scene.whole["lr"] == scene.whole["nearest"]
    assert not list(tmp_path.glob("whole/**/lr.png"))


def test_windows_are_as_large_as_there_is_room_for(make_picture):
    image = make_picture(200, 200, 1)
    window = Window(10, 20, 128, 128)
    one = len(data_uri(window.of(image)))
    assert side_for([image], window, 10, 10 * one) == 128
    assert side_for([image], window, 10, 9.9 * one) == 120
    assert side_for([image], window, 10, 5 * one) == 88
    assert side_for([image], window, 10, 0) == 64
    assert side_for([image], Window(0, 0, 40, 40), 10, 10 * one) == 128


def test_all_pictures_of_many_methods_are_within_the_size(made_up):
    folder = made_up(methods=24, datasets={"set5": 5, "set14": 14}, scales=(4,), pictures=True)
    found = made(folder)
    assert len(found.scenes) == 10
    assert sum(scene.weight for scene in found.scenes) <= WINDOWS
    assert sum(len(text) for scene in found.scenes for text in scene.whole.values()) <= WHOLE
    assert len(json.dumps(found.data())) <= 7_700_000
    assert min(scene.window.width for scene in found.scenes) >= 64


def test_what_there_is_no_room_for_is_said(made_up):
    found = made(made_up(methods=160, datasets={"set5": 5}, scales=(4,), pictures=True))
    assert 0 < len(found.scenes) < 5
    assert sum("to keep the page small enough" in note for note in found.notes) == 5 - len(found.scenes)
    assert sum(scene.weight for scene in found.scenes) <= WINDOWS


@pytest.mark.parametrize("kind", ["absolute", "parent", "link", "pipe"])
def test_a_strangers_folder_shows_only_images_of_its_own(go, results, tmp_path, make_picture, kind):
    go("bicubic", "nearest")
    write_image(tmp_path / "secret.png", make_picture(56, 56, 9))
    (results / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(results / "pipe.png")
    path = {"absolute": str(tmp_path / "secret.png"), "parent": "../secret.png"}.get(kind, f"{kind}.png")
    with closing(sqlite3.connect(results / "results.sqlite")) as database, database:
        first = "select min(cell_id) from outcomes"  # bicubic on the first image
        database.execute(f"update outcomes set sr_path = ? where cell_id = ({first})", (path,))
    assert made(results).scenes[0].missing == ["Bicubic: its image is no longer on disk"]


@pytest.fixture
def contrast(tmp_path):
    (tmp_path / "contrast.py").write_text(
        "from srbench.metrics import Metric\n"
        "METRIC = Metric('contrast', 'Contrast', 1, True, '', (0, 255), 2, ('sr_rgb',), "
        "lambda pair: float(pair.sr_rgb.double().std()))\n"
    )
    return str(tmp_path / "contrast.py")


@pytest.mark.parametrize("measured", [True, False])
def test_without_an_original_the_lr_image_stands_beside_the_methods(go, contrast, results, pictures, measured):
    go("bicubic", "lanczos", no_reference=True, metrics=(contrast,) if measured else ())
    found = made(results)
    assert not found.data()["originals"]
    assert found.notes == []
    assert [scene.image for scene in found.scenes] == ["a", "b", "c"]
    for scene in found.scenes:
        low = as_rgb(read_image(pictures / f"{scene.image}.png"))
        whole = low.repeat(2, axis=0).repeat(2, axis=1)
        assert "original" not in scene.windows
        assert (decoded(scene.windows["lr"]) == scene.window.of(whole)).all()
        assert set(scene.values["bicubic"]) == ({"contrast"} if measured else set())


def test_an_lr_image_that_is_gone_is_named(go, contrast, results, pictures, tmp_path):
    go("bicubic", no_reference=True, metrics=(contrast,))
    (pictures / "b.png").unlink()
    found = made(results, tmp_path / "page")
    assert found.notes == ["The LR image of pictures/b is not on this machine, so it is not shown."]
    assert sorted(path.stem for path in (tmp_path / "page" / "pictures" / "a").iterdir()) == ["bicubic", "lr"]


@pytest.mark.parametrize(("size", "large"), [((2, 3), (5, 7)), ((2, 3), (4, 6)), ((3, 3), (3, 3))])
def test_magnified_pixels_are_those_that_lie_there(size, large):
    low = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size)
    shown = magnified(low, *large)
    assert shown.shape == large
    for y, x in np.ndindex(large):
        assert shown[y, x] == low[int((y + 0.5) * size[0] / large[0]), int((x + 0.5) * size[1] / large[1])]
