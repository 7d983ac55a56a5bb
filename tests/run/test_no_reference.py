"""Runs on images without an original: what is fed, what is measured, and that nothing compares it with other cells."""

import json
from dataclasses import replace

import numpy as np
import pytest

import srbench
from srbench import gate
from srbench.dataset import find, manifests
from srbench.errors import SrbenchError
from srbench.imaging.images import read_image, write_image
from srbench.metrics import choice
from srbench.metrics.catalog import WITHOUT_REFERENCE
from srbench.protocol import BASICSR, CLASSIC
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.run import first_try
from srbench.run.external import ForeignOptions, score
from srbench.run.merging import merge
from srbench.run.shard import Shard

CONTRAST = """\
from srbench.metrics import Metric

def compute(pair):
    return float(pair.sr_rgb.double().std())

METRIC = Metric("contrast", "Contrast", 1, True, "", (0, 255), 2, ("sr_rgb",), compute)
"""


@pytest.fixture
def contrast(tmp_path):
    path = tmp_path / "contrast.py"
    path.write_text(CONTRAST)
    return str(path)


class Notes(list):
    note = list.append

    def __bool__(self):
        return True

    def begin(self, *_): ...

    def done(self, *_): ...


def rows(folder):
    with Reader(folder) as reader:
        return per_image(reader)


def test_the_images_are_upscaled_and_measured_as_they_are(go, contrast, pictures, results, scores):
    summary = go("bicubic", "lanczos", metrics=(contrast,), no_reference=True)
    assert (summary.computed, summary.failed, summary.canaries) == (6, 0, [])
    for method in ("bicubic", "lanczos"):
        for name in "abc":
            pixels = read_image(pictures / f"{name}.png")
            made = srbench.upscale(method, pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1), 2)
            (path,) = results.glob(f"images/basicsr/pictures/x2/{method}-*/{name}.png")
            assert (read_image(path) == made).all()
            assert scores()[method, name, "contrast"] == pytest.approx(made.astype(float).std(ddof=1), abs=1e-9)


def test_the_key_holds_the_lr_pixels_and_no_degradation(go, contrast, results):
    go("nearest", metrics=(contrast,), no_reference=True)
    with Reader(results) as reader:
        planned = [row.facts for row in reader.planned()]
        (manifest,) = (run.manifest for run in reader.runs())
    assert {facts.degradation for facts in planned} == {"none"}
    assert all(facts.lr_sha256 == facts.image_sha256 for facts in planned)
    assert manifest["degradation"] == "none"
    assert [data["reference"] for data in manifest["datasets"]] == [False]


def test_the_same_folder_with_originals_is_another_table(go, contrast, results):
    go("bicubic", metrics=(contrast,), no_reference=True)
    go("bicubic", metrics=("psnr", contrast))
    table = means(rows(results))
    assert sorted(zip(table["degradation"], table["metric"], strict=True)) == [
        *(("bicubic", "contrast"), ("bicubic", "psnr")),
        ("none", "contrast"),
    ]


def test_a_second_run_computes_nothing_and_another_metric_scores_kept_images(
    go, contrast, tmp_path, write_plugin, calls
):
    plugin = write_plugin()
    go(plugin, metrics=(contrast,), no_reference=True)
    made = len(calls())
    other = tmp_path / "other.py"
    other.write_text(CONTRAST.replace('"contrast"', '"other"'))
    again = go(plugin, metrics=(contrast, str(other)), no_reference=True)
    assert len(calls()) == made
    assert (again.computed, again.known) == (3, 0)
    last = go(plugin, metrics=(contrast, str(other)), no_reference=True)
    assert (last.computed, last.known) == (0, 3)


def test_metrics_that_compare_are_not_supported(go, contrast, results):
    notes = Notes()
    summary = go("bicubic", metrics=("psnr", contrast, "lpips"), no_reference=True, observer=notes)
    assert "not supported on images without an original: psnr, lpips" in notes
    assert not summary.unavailable
    assert set(rows(results)["metric"]) == {"contrast"}
    with pytest.raises(
        SrbenchError, match="not supported on images without an original: psnr, ssim; no metric is left"
    ):
        go("bicubic", metrics=("psnr", "ssim"), no_reference=True)


def test_without_any_metric_there_are_pictures_and_a_line(go, results):
    notes = Notes()
    summary = go("bicubic", no_reference=True, observer=notes)
    assert (summary.computed, summary.unavailable) == (3, [])
    listed = ", ".join(WITHOUT_REFERENCE)
    assert f"left out: {listed}, which cannot be computed here (--metrics niqe says why)" in notes
    assert "nothing is measured on pictures: no metric that needs no original can be computed here" in notes
    assert set(rows(results)["status"]) == {"not scored"}
    assert len(list(results.glob("images/**/*.png"))) == 3
    assert go("bicubic", no_reference=True).known == 3


def test_what_is_chosen_by_default():
    named = lambda *arguments, **options: [m.name for m in choice.select((), *arguments, **options).metrics]  # noqa: E731
    assert named((BASICSR,)) == ["psnr", "ssim", "lpips", "mos"]
    assert named((BASICSR,), references=False, unreferenced=True) == [*WITHOUT_REFERENCE]
    assert named((CLASSIC,), references=False, unreferenced=True) == []
    both = choice.select((), (BASICSR,), unreferenced=True)
    measured = {
        reference: [m.name for m in both.metrics if both.measures(m, "basicsr", reference=reference)]
        for reference in (True, False)
    }
    assert measured == {True: ["psnr", "ssim", "lpips", "mos"], False: [*WITHOUT_REFERENCE]}


@pytest.fixture
def known(pictures, tmp_path, monkeypatch):
    """The small pictures as a known dataset 'bare' whose manifest says that they have no original."""
    manifest = replace(manifests()["realsrset"], name="bare", folders=("bare",), unrecorded=3)
    monkeypatch.setattr("srbench.dataset.manifest.manifests", lambda: {**manifests(), "bare": manifest})
    for path in pictures.iterdir():
        write_image(tmp_path / "data" / "bare" / path.name, read_image(path))
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path / "data"))


def test_a_manifest_says_so_and_other_datasets_of_the_run_keep_their_originals(go, known, contrast, pictures, results):
    notes = Notes()
    summary = go("bicubic", datasets=("bare", str(pictures)), metrics=("psnr", contrast), observer=notes)
    found = rows(results)
    assert set(zip(found["dataset"], found["degradation"], found["metric"], strict=True)) == {
        *(("bare", "none", "contrast"), ("pictures", "bicubic", "contrast")),
        ("pictures", "bicubic", "psnr"),
    }
    assert "not supported on images without an original: psnr" in notes
    assert {canary.dataset for canary in summary.canaries} == {"pictures"}


def test_there_is_nothing_to_degrade(go, known, pictures):
    for options in ({"no_reference": True}, {"datasets": ("bare", str(pictures))}):
        with pytest.raises(SrbenchError, match="have no original, so 'bicubic-noise' has nothing to degrade"):
            go("bicubic", degradation="bicubic-noise", **options)
    with pytest.raises(SrbenchError, match="no images are named that have no original"):
        go("bicubic", datasets=(), no_reference=True)


def test_a_degradation_cannot_take_the_name(go, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from srbench.degradation import BicubicDown, Pipeline\nMINE = Pipeline('none', (BicubicDown(),))\n"
    )
    with pytest.raises(SrbenchError, match="a degradation cannot be called 'none'"):
        go("bicubic", degradation=str(path))


def test_every_image_of_the_folder_counts(go, contrast, pictures, results):
    for name in ("a_LR", "bx4"):  # as LR images are called beside their originals
        write_image(pictures / f"{name}.png", read_image(pictures / "a.png")[::2, ::2])
    notes = Notes()
    assert go("bicubic", metrics=(contrast,), no_reference=True, observer=notes).computed == 5
    assert not [note for note in notes if "LR image" in note]


def test_slices_together_are_the_run(go, contrast, results, tmp_path):
    for index in (1, 2):
        go(
            "bicubic",
            "nearest",
            metrics=(contrast,),
            no_reference=True,
            shard=Shard(index, 2),
            out=tmp_path / f"{index}",
        )
    merge([tmp_path / "1", tmp_path / "2"], tmp_path / "merged")
    go("bicubic", "nearest", metrics=(contrast,), no_reference=True)
    columns = ["method", "image", "metric", "value", "degradation"]
    merged, whole = (rows(folder)[columns].sort_values(columns[:3]) for folder in (tmp_path / "merged", results))
    assert merged.to_numpy().tolist() == whole.to_numpy().tolist()


def test_tiles_give_the_whole_image(go, contrast, results):
    go("nearest", metrics=(contrast,), no_reference=True)
    plain = rows(results).set_index("image")["value"]
    notes = Notes()
    go("nearest", metrics=(contrast,), no_reference=True, tile=16, observer=notes)
    tiled = rows(results)
    assert tiled[tiled["options"] != ""].set_index("image")["value"].to_dict() == plain.to_dict()
    assert any("tiles of 16 and the whole" in note for note in notes)


def test_a_network_from_a_file_is_not_tried_on_a_picture_with_an_original(go, contrast, monkeypatch, write_plugin):
    tried = []
    monkeypatch.setattr(first_try, "_is_new", lambda job, spec: tried.append(spec.name))
    go(write_plugin(), metrics=(contrast,), no_reference=True)
    assert tried == []
    go(write_plugin(), metrics=(contrast,))
    assert tried == ["mine"]


def test_the_time_is_that_of_the_image_as_it_is(go, contrast, pictures):
    summary = go("nearest", metrics=(contrast,), no_reference=True, time=True)
    (timing,) = summary.timings
    assert tuple(timing.lr_size) == (32, 28)


def test_a_gate_holds_such_values(go, contrast, results, tmp_path):
    go("bicubic", "lanczos", metrics=(contrast,), no_reference=True)
    table = means(rows(results)).set_index("method")["mean"]
    file = tmp_path / "thresholds.toml"
    scope = 'dataset = "pictures"\nscale = 2\ndegradation = "none"\nmetric = "contrast"\n'
    file.write_text(
        "".join(
            f'[[threshold]]\nmethod = "{method}"\n{scope}min = {table[method] + above}\n'
            for method, above in (("bicubic", -0.01), ("lanczos", 0.01))
        )
    )
    with Reader(results) as reader:
        verdicts = gate.check(gate.collect(reader), gate.read(file))
    assert {verdict.method: verdict.holds for verdict in verdicts} == {"bicubic": True, "lanczos": False}


def test_images_of_another_program_are_scored_alike(go, contrast, pictures, results, tmp_path):
    for path in pictures.iterdir():
        write_image(tmp_path / "theirs" / f"{path.stem}_x2.png", srbench.upscale("nearest", read_image(path), 2))
    go("nearest", metrics=(contrast,), no_reference=True)
    options = ForeignOptions(
        tmp_path / "theirs", str(pictures), 2, "theirs", (contrast,), out=results, no_reference=True
    )
    assert score(options).computed == 3
    values = rows(results).pivot_table(index="image", columns="method", values="value")
    assert values["theirs"].to_dict() == pytest.approx(values["nearest"].to_dict(), abs=1e-9)
    with pytest.raises(SrbenchError, match=r"must have 3 times the size of the LR image"):
        score(replace(options, scale=3, folder=_renamed(tmp_path / "theirs", "_x2", "")))


def _renamed(folder, old, new):
    for path in list(folder.iterdir()):
        path.rename(path.with_name(path.name.replace(old, new)))
    return folder


@pytest.mark.data("set5")
def test_published_lr_images_give_the_pixels_of_a_run_that_makes_them(go, contrast, results, tmp_path):
    """MATLAB's LR images of Set5 at x4 are what basicsr's bicubic makes, so methods make the same SR images of both."""
    folder = find("set5").images[0].path.parent.parent / "LR_bicubic" / "X4"
    options = {"scales": (4,), "metrics": (contrast,)}
    go("nearest", "espcn", datasets=(str(folder),), no_reference=True, **options)
    go("nearest", "espcn", datasets=("set5",), out=tmp_path / "made", **options)
    alone, made = (rows(place) for place in (results, tmp_path / "made"))
    alone["image"] = alone["image"].str.removesuffix("x4")
    values = [frame.set_index(["method", "image"])["value"].sort_index() for frame in (alone, made)]
    assert values[0].to_dict() == values[1].to_dict()
    assert json.dumps(sorted(alone["image"].unique())) == '["baby", "bird", "butterfly", "head", "woman"]'
