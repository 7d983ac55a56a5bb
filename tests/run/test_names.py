"""One name, one thing: datasets, images and methods of a run and of all runs into one results folder."""

import json
import re
import shutil

import pytest

from srbench.cli.tables import print_means
from srbench.errors import ImageError, MethodError, SrbenchError
from srbench.imaging.images import read_image, write_image
from srbench.naming import fold
from srbench.report import html
from srbench.report.export import to_csv
from srbench.report.paper_latex import to_latex
from srbench.report.paper_markdown import to_markdown
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run.observer import Silent


@pytest.fixture
def folder(tmp_path, make_picture):
    """Makes a folder of small images, each of its own seed."""

    def make(path, seeds=(1, 2), suffix=".png"):
        for seed in seeds:
            write_image(tmp_path / path / f"i{seed}{suffix}", make_picture(20, 24, seed))
        return str(tmp_path / path)

    return make


@pytest.fixture
def table(results):
    """(method, dataset): (mean PSNR, n) of a results folder."""

    def read():
        with Reader(results) as reader:
            rows = means(per_image(reader), reader.facts).query("metric == 'psnr'")
        return {(r.method, r.dataset): (r.mean, r.n) for r in rows.itertuples()}

    return read


class Notes(Silent):
    def __init__(self):
        self.texts = []

    def note(self, text):
        self.texts.append(text)


# -- datasets ------------------------------------------------------------------------------------------------------

LAYOUTS = {
    "two": ["A/HR", "B/HR"],
    "three and one": ["x/A/HR", "y/A/HR", "B/HR", "B/LRs"],
    "case": ["A/HR", "B/hr"],
    "of a benchmark": ["A/Set5", "B/Set5"],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("together", [True, False], ids=["one run", "a run each"])
@pytest.mark.sampled(3)
def test_folders_of_one_name_are_rows_of_their_own(go, folder, table, results, layout, together):
    paths = [folder(path, range(10 * i, 10 * i + i + 1)) for i, path in enumerate(LAYOUTS[layout])]
    alone = {}
    for path in paths:
        go("nearest", datasets=(path,), metrics=("psnr",), out=results.with_name("alone"))
        with Reader(results.with_name("alone")) as reader:
            rows = per_image(reader, max(run.id for run in reader.runs()))
        alone[path] = float(rows["value"].mean())
        shutil.rmtree(results.with_name("alone"))
    for some in [paths] if together else [[path] for path in paths]:
        assert go("nearest", datasets=tuple(some), metrics=("psnr",)).failures == []
    found = sorted(table().values(), key=lambda row: row[1])
    assert found == [(pytest.approx(value), i + 1) for i, value in enumerate(alone.values())]
    images = list(results.glob("images/**/*.png"))
    assert len(images) == sum(range(1, len(paths) + 1))
    assert len({fold(str(image)) for image in images}) == len(images)
    for some in [paths] if together else [[path] for path in paths]:
        assert go("nearest", datasets=tuple(some), metrics=("psnr",)).computed == 0


def test_a_folder_keeps_its_name_in_later_runs(go, folder, table):
    a, b = folder("A/HR", (1, 2)), folder("B/HR", (3,))
    notes = Notes()
    go("nearest", datasets=(a,))
    go("nearest", datasets=(b,), observer=notes)
    assert any("B/HR" in text and "'HR' is" in text for text in notes.texts)
    go("bicubic", datasets=(b, a))
    assert {key: n for key, (_, n) in table().items()} == {
        ("nearest", "HR"): 2,
        ("nearest", "B/HR"): 1,
        ("bicubic", "HR"): 2,
        ("bicubic", "B/HR"): 1,
    }


def test_the_same_images_elsewhere_are_the_same_dataset(go, folder, table, tmp_path):
    go("nearest", datasets=(folder("A/HR"),))
    shutil.move(tmp_path / "A", tmp_path / "moved")
    assert go("nearest", datasets=(str(tmp_path / "moved" / "HR"),)).computed == 0
    assert set(table()) == {("nearest", "HR")}


def test_a_folder_whose_images_change_is_the_same_dataset_with_a_note(go, folder, table):
    path = folder("HR", (1, 2))
    go("nearest", datasets=(path,))
    folder("HR", (3,))
    notes = Notes()
    go("nearest", datasets=(path,), observer=notes)
    assert {key: n for key, (_, n) in table().items()} == {("nearest", "HR"): 3}
    assert any("1 of 3 images of 'HR' are new, changed or gone" in text and "i3" in text for text in notes.texts)
    again = Notes()
    go("nearest", datasets=(path,), metrics=("psnr",), observer=again)
    assert again.texts == []


def test_results_of_before_folders_were_recorded_go_on(go, folder, table, results):
    path = folder("HR")
    go("nearest", datasets=(path,))
    import sqlite3

    with sqlite3.connect(results / "results.sqlite") as database:
        (text,) = database.execute("SELECT manifest FROM runs").fetchone()
        manifest = json.loads(text)
        for key in ("folder", "files", "left_out"):
            del manifest["datasets"][0][key]
        database.execute("UPDATE runs SET manifest = ?", [json.dumps(manifest)])
    folder("HR", (3,))
    assert go("nearest", datasets=(path,)).computed == 1
    assert set(table()) == {("nearest", "HR")}


@pytest.mark.parametrize("spelling", ["{0}/", "{0}/../HR", "./HR", "link", "{0}/."])
def test_a_folder_given_twice_counts_once(go, folder, spelling, monkeypatch, tmp_path):
    path = folder("HR")
    (tmp_path / "link").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    summary = go("nearest", datasets=(path, spelling.format(path), path))
    assert (summary.total, summary.computed, summary.failures) == (2, 2, [])


def test_a_known_dataset_given_twice_counts_once(go):
    summary = go("nearest", datasets=("sample", "SAMPLE", "Sample"), scales=(4, 4), metrics=("psnr",))
    assert (summary.total, len(summary.canaries)) == (8, 1)


def test_images_of_one_stem_are_images_of_their_own(go, folder, table, results, tmp_path, make_picture):
    from PIL import Image

    folder("HR", (1,))
    for name, seed in (("x.png", 2), ("x.bmp", 3), ("x.png.png", 4), ("X.tif", 5), ("y.bmp", 6)):
        Image.fromarray(make_picture(20, 24, seed)).save(tmp_path / "HR" / name)
    assert go("nearest", datasets=(str(tmp_path / "HR"),)).failures == []
    assert {n for _, n in table().values()} == {6}
    files = [str(path) for path in results.glob("images/**/*.png")]
    assert len({fold(path) for path in files}) == 6


def test_a_kernel_that_was_edited_is_noted_and_one_from_elsewhere_is_refused(go, folder, tmp_path):
    import numpy as np

    path, file = folder("HR"), tmp_path / "a" / "k.npy"
    for parent in ("a", "b"):
        (tmp_path / parent).mkdir()
    np.save(tmp_path / "b" / "k.npy", np.full((7, 7), 1 / 49))
    said = []
    for width in (3, 3, 5, 5, 3):
        notes = Notes()
        np.save(file, np.full((width, width), 1 / width**2))
        go("nearest", datasets=(path,), metrics=("psnr",), degradation=f"kernel:{file}", observer=notes)
        said.append(any("another degradation" in text for text in notes.texts))
    assert said == [False, False, True, False, True]
    with pytest.raises(SrbenchError, match=r"'kernel:k' is the degradation of .* in these results, and .* is another"):
        go("nearest", datasets=(path,), metrics=("psnr",), degradation=f"kernel:{tmp_path / 'b' / 'k.npy'}")


# -- unreadable images ---------------------------------------------------------------------------------------------


def damage(folder, names):
    for name in names:
        (folder / name).write_bytes(b"no image")


def test_all_images_that_cannot_be_used_are_named_at_once(go, folder, tmp_path):
    path = folder("HR", range(12))
    names = [f"i{i}.png" for i in range(1, 12, 2)]
    damage(tmp_path / "HR", names)
    with pytest.raises(ImageError) as error:
        go("nearest", datasets=(path,))
    assert "6 of 12 images cannot be used" in str(error.value)
    assert all(name in str(error.value) for name in names)
    assert "--skip-unreadable" in error.value.hint


def test_images_that_cannot_be_used_can_be_left_out(go, folder, tmp_path, results, table):
    path, other = folder("HR", range(6)), folder("other", (9,))
    damage(tmp_path / "HR", ["i1.png", "i4.png"])
    notes = Notes()
    summary = go("nearest", datasets=(path, other), skip_unreadable=True, observer=notes)
    assert (summary.total, summary.computed) == (5, 5)
    assert any("2 of 6 images cannot be used and are left out: i1.png, i4.png" in text for text in notes.texts)
    manifest = json.loads((results / "runs" / "0001.json").read_text())
    assert set(manifest["datasets"][0]["left_out"]) == {"i1.png", "i4.png"}
    assert "cannot decode" in manifest["datasets"][0]["left_out"]["i1.png"]
    assert table()["nearest", "HR"][1] == 4
    damage(tmp_path / "other", ["i9.png"])
    with pytest.raises(ImageError, match="none of the 1 images"):
        go("nearest", datasets=(other,), skip_unreadable=True)


@pytest.mark.data("set5")
def test_a_known_dataset_is_measured_whole(go, tmp_path, monkeypatch):
    from srbench import dataset

    (tmp_path / "Set5").mkdir()
    for image in dataset.find("set5").images:
        shutil.copy(image.path, tmp_path / "Set5")
    damage(tmp_path / "Set5", ["bird.png"])
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    with pytest.raises(ImageError, match=r"1 of 5 images of Set5 cannot be used \(bird\.png\)"):
        go("nearest", datasets=("set5",), skip_unreadable=True)


# -- methods -------------------------------------------------------------------------------------------------------


def test_a_plugin_that_has_a_built_in_name_is_refused(go, write_plugin, table):
    path = write_plugin("return imresize(lr, scale, kernel='nearest')", name="bicubic")
    with pytest.raises(MethodError, match=rf"'{path}' would be called 'bicubic'.*my-bicubic={path}"):
        go(path)
    with pytest.raises(MethodError, match="would be called 'bicubic'"):
        go("bicubic", path)
    with pytest.raises(MethodError, match="would be called 'edsr'"):
        go(f"edsr={path}")
    go("bicubic", f"mine={path}", "nearest")
    found = table()
    assert found["mine", "pictures"] == found["nearest", "pictures"] != found["bicubic", "pictures"]


def test_one_file_by_two_paths_counts_once(go, write_plugin, tmp_path, monkeypatch, calls):
    path = write_plugin()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.py").symlink_to(path)
    assert go(path, "mine.py", "./mine.py", "link.py").total == 3
    assert len(calls()) == 3


def test_two_files_of_one_card_are_told_apart_by_their_user(go, write_plugin, table):
    one = write_plugin(file="one.py")
    two = write_plugin("return imresize(lr, scale, kernel='nearest')", file="two.py")
    with pytest.raises(SrbenchError, match=r"two methods are called 'mine'.*my-mine=.*two\.py"):
        go(one, two)
    go(one, f"other={two}", "nearest")
    assert table()["other", "pictures"] == table()["nearest", "pictures"] != table()["mine", "pictures"]


def test_a_plugin_that_takes_the_place_of_another_is_noted(go, write_plugin):
    go(write_plugin(file="one.py"))
    notes = Notes()
    go(write_plugin("return imresize(lr, scale, kernel='nearest')", file="two.py"), observer=notes)
    assert any("takes the place of" in text and "one.py" in text for text in notes.texts)


def test_a_plugin_cannot_take_the_row_of_images_made_elsewhere(go, write_plugin, pictures, results):
    from srbench.run.external import ForeignOptions, score

    score(ForeignOptions(pictures, str(pictures), 2, "mine", metrics=("psnr",), out=results))
    with pytest.raises(SrbenchError, match="'mine' is the name of images made elsewhere"):
        go(write_plugin())


# -- checkpoints ---------------------------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path):
    """Writes a small network of x2 with weights of a seed; returns its path."""

    def save(path, seed, suffix=".safetensors"):
        torch = pytest.importorskip("torch")
        from safetensors.torch import save_file
        from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

        torch.manual_seed(seed)
        network = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=1, upscale=2)
        file = tmp_path / f"{path}{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        if suffix == ".safetensors":
            save_file(network.state_dict(), file)
        else:
            torch.save(network.state_dict(), file)
        return str(file)

    return save


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("together", [True, False], ids=["one run", "a run each"])
def test_checkpoints_of_one_name_are_rows_of_their_own(go, checkpoint, table, together, results):
    names = ("a/net_g_latest", "b/net_g_latest", "c/other")
    paths = [checkpoint(name, seed) for seed, name in enumerate(names)]
    for some in [paths] if together else [[path] for path in paths]:
        assert go(*some, metrics=("psnr",)).failures == []
    found = {method: value for (method, _), (value, _) in table().items()}
    first = "a/net_g_latest" if together else "net_g_latest"
    assert set(found) == {first, "b/net_g_latest", "other"}
    assert len(set(found.values())) == 3
    assert len(list(results.glob("images/**/*.png"))) == 9
    for some in [paths] if together else [[path] for path in paths]:
        assert go(*some, metrics=("psnr",)).computed == 0
    # Trained further, it is the same method; its old rows are replaced.
    checkpoint(names[1], 9)
    assert go(paths[1], metrics=("psnr",)).computed == 3
    assert {method for method, _ in table()} == set(found)


@pytest.mark.filterwarnings("ignore")
def test_checkpoints_of_one_stem_in_one_folder_have_their_whole_names(go, checkpoint, table):
    go(checkpoint("net", 1), checkpoint("net", 2, ".pth"), metrics=("psnr",))
    assert {method for method, _ in table()} == {"net.safetensors", "net.pth"}


@pytest.mark.filterwarnings("ignore")
def test_a_checkpoint_with_a_built_in_name_never_has_its_published_value(go, checkpoint, results):
    path = checkpoint("edsr", 1)
    with pytest.raises(MethodError, match=rf"would be called 'edsr'.*my-edsr={path}"):
        go(path)
    go(f"mine={path}", datasets=("sample",), metrics=("psnr",))
    with Reader(results) as reader:
        rows = means(per_image(reader), reader.facts)
        page = html.render(reader).text
    assert set(rows["method"]) == {"mine"}
    assert rows["published"].isna().all()
    assert "mine (SRVGGNetCompact)" in page or "mine (Compact)" in page or "mine (" in page


@pytest.mark.filterwarnings("ignore")
def test_a_named_checkpoint_is_made_anew_in_a_worker(go, checkpoint):
    summary = go(checkpoint("a/net", 1), f"x/y={checkpoint('b/net', 2)}", threads=2, metrics=("psnr",))
    assert (summary.computed, summary.failures) == (6, [])


# -- rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bicubic+", "bicubic (self-ensemble)"])
def test_a_method_called_as_the_variant_of_another_has_a_row_of_its_own(go, write_plugin, results, table, name, capsys):
    go(write_plugin("return imresize(lr, scale, kernel='nearest')", name="bicubic+"))
    go("bicubic", self_ensemble=True)
    go("nearest")
    if name != "bicubic+":
        go(write_plugin("return imresize(lr, scale, kernel='lanczos3')", name=name, file="other.py"))
    values = table()
    assert len(values) == len({method for method, _ in values}) == (3 if name == "bicubic+" else 4)
    assert values["bicubic+", "pictures"] == values["nearest", "pictures"]
    assert len({value for value, _ in values.values()}) == len(values) - 1
    print_means(results)
    with Reader(results) as reader:
        page = html.render(reader).text
        papers = [to_markdown(reader), to_latex(reader)]
        texts = [to_csv(reader), capsys.readouterr().out]
    for method, _ in values:
        assert method in page
        assert all(re.search(rf"^\W*{re.escape(method)} *[|,│]", text, re.MULTILINE) for text in texts)
    for text in papers:  # which call methods by their titles, and by their names where titles are the same
        rows = [re.split(r" [|&] ", line)[0] for line in text.splitlines() if re.search(r"\d\.\d\d", line)]
        assert len(rows) == len(set(rows)) == len(values)


def test_images_made_elsewhere_may_not_have_the_label_of_a_row(go, results, pictures, write_plugin):
    from srbench.run.external import ForeignOptions, score

    go("bicubic", self_ensemble=True)
    go("bicubic", tile=16)
    go(write_plugin())

    def theirs(name):
        return score(ForeignOptions(pictures, str(pictures), 2, name, metrics=("psnr",), out=results))

    for name in ("bicubic+", "bicubic (tile 16)", "mine", "bicubic", "edsr", "", "all", "a\nb"):
        with pytest.raises(SrbenchError, match="name"):
            theirs(name)
    assert theirs("bicubic (tile 32)").computed == 3
    write_image(pictures / "a.png", 255 - read_image(pictures / "a.png"))
    assert theirs("bicubic (tile 32)").computed == 3  # its own row again, whose images are replaced
