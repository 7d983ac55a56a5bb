"""What a results folder says of its methods, metrics, datasets and protocols, also of those whose code is gone."""

import json
import re
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from srbench.cli.installed import Installed
from srbench.method import plugins
from srbench.metrics import get
from srbench.protocol import BASICSR, CLASSIC
from srbench.records import TrainingFacts, declared_version
from srbench.report.html import render, render_comparison
from srbench.report.paper_latex import to_latex
from srbench.report.paper_markdown import to_markdown
from srbench.results import comparison
from srbench.results.facts import DatasetFacts, FolderFacts, MethodFacts, PublishedValue, WeightFile, to_json
from srbench.results.reader import Reader
from srbench.run.manifest import method_facts
from srbench.run.runner import Silent

PLUGIN = """\
from srbench.metrics import Metric

MINE = Metric(name="mean-error", title="Mean error", version=3, higher_is_better={higher}, unit="grey levels",
              bounds=(0, float("inf")), digits=3, needs=("sr_luma", "hr_luma"), footnote="Of Y alone.",
              compute=lambda pair: float((pair.sr_luma - pair.hr_luma).abs().mean()))
"""
METHODS = ("nearest", "bicubic")


@pytest.fixture
def metric(tmp_path):
    """A metric in a file, of which nothing is known once a run has ended."""

    def write(higher=False):
        path = tmp_path / "my_metric.py"
        path.write_text(PLUGIN.format(higher=higher))
        return str(path)

    return write


TITLES = {"Bicubic": "bicubic", "Nearest neighbour": "nearest"}


def best_of(results):
    """The methods that each kind of report marks as the best by the metric."""
    with Reader(results) as reader:
        markdown, latex, page = to_markdown(reader), to_latex(reader), render(reader).text
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1])
    (view,) = data["views"]
    assert set(view["labels"]) == set(METHODS)
    contests = view["contests"].get("mean-error", {})
    in_markdown = re.findall(r"^\| ([^|]+) \| \*\*[0-9.]+\*\* \|$", markdown, re.MULTILINE)
    in_latex = re.findall(r"^([^~&\n]+)(?:~\S+)? & \\textbf\{[0-9.]+\} \\\\$", latex, re.MULTILINE)
    return {
        "markdown": [TITLES[title] for title in in_markdown],
        "latex": [TITLES[title] for title in in_latex],
        "html": [contest["labels"][0] for contest in contests.values()],
    }


def verdicts(first, second):
    found = comparison.compare(comparison.load(first, str(first)), comparison.load(second, str(second)))
    assert render_comparison(found)
    return dict(zip(found.rows["method"], found.rows["verdict"], strict=True))


@pytest.mark.parametrize(("higher", "best"), [(False, "bicubic"), (True, "nearest")])
def test_all_reports_mark_the_same_method_by_the_direction_that_the_run_wrote(go, metric, results, higher, best):
    go(*METHODS, metrics=(metric(higher),))
    Path(metric()).unlink()
    assert best_of(results) == {kind: [best] for kind in ("markdown", "latex", "html")}


def test_where_nobody_knows_the_direction_nobody_is_best(go, metric, results):
    go(*METHODS, metrics=(metric(),))
    forget(results)
    assert best_of(results) == {kind: [] for kind in ("markdown", "latex", "html")}
    with Reader(results) as reader:
        assert "direction unknown" in render(reader).text


def forget(results):
    """As old folders are: their runs say nothing of metrics."""
    with sqlite3.connect(results / "results.sqlite") as connection:
        for number, text in connection.execute("SELECT id, manifest FROM runs").fetchall():
            manifest = {key: value for key, value in json.loads(text).items() if key != "metrics"}
            connection.execute("UPDATE runs SET manifest = ? WHERE id = ?", (json.dumps(manifest), number))
    connection.close()


def test_a_comparison_knows_the_direction(go, metric, results, tmp_path, pictures, write_plugin, make_picture):
    from srbench.imaging.images import write_image

    for i in range(8):  # enough to decide
        write_image(pictures / f"more-{i}.png", make_picture(28, 28, 20 + i))
    go(write_plugin("return imresize(lr, scale, kernel='nearest')"), metrics=(metric(),))
    go(write_plugin(), metrics=(metric(),), out=tmp_path / "other")
    assert verdicts(results, tmp_path / "other") == {"mine": "better"}
    assert verdicts(tmp_path / "other", results) == {"mine": "worse"}
    forget(results)
    assert verdicts(results, tmp_path / "other") == {"mine": "better"}  # the other folder says it
    forget(tmp_path / "other")
    assert verdicts(results, tmp_path / "other") == {"mine": "undecided"}


def test_title_unit_digits_and_footnote_are_those_of_the_run(go, metric, results, srbench_table):
    go(*METHODS, metrics=(metric(),))
    with Reader(results) as reader:
        facts, page, markdown = reader.facts.metric("mean-error"), render(reader).text, to_markdown(reader)
    version = declared_version(facts.version)
    assert (facts.title, facts.unit, facts.digits, version) == ("Mean error", "grey levels", 3, 3)
    assert "Mean error ↓" in page
    assert "Lower is better; range 0 to ∞, in grey levels; version 3." in page
    assert "Of Y alone." in page
    assert re.search(r"\*\*\d+\.\d{3}\*\*", markdown)
    assert "mean-error: Of Y alone." in srbench_table(results)


@pytest.fixture
def srbench_table(capsys):
    from srbench.cli.tables import print_means

    def show(folder):
        print_means(folder)
        return capsys.readouterr().out

    return show


def test_a_killed_run_has_told_its_metrics(go, metric, results):
    class Killed(Silent):
        def done(self, cell, outcome):
            raise SystemExit(9)

    with pytest.raises(SystemExit):
        go("nearest", metrics=(metric(),), observer=Killed())
    with Reader(results) as reader:
        assert reader.runs()[0].status == "ended early"
        assert reader.facts.metric("mean-error").higher_is_better is False


def test_a_run_in_tiles_tells_how_the_weights_were_trained(go, results):
    go("espcn", "perceptual", scales=(4,), metrics=("psnr",), tile=16)
    with Reader(results) as reader:
        espcn, perceptual = (reader.facts.method(name) for name in ("espcn", "perceptual"))
    assert (espcn.aims_at_pixels, perceptual.aims_at_pixels) == (True, False)
    assert (espcn.training[4].parameters, espcn.training[4].images) == (24752, {"T91": 87, "BSDS400": 392})
    assert espcn.training[4].bicubic == 26.641
    assert espcn.training[4].curve[-1][0] == espcn.training[4].steps
    assert perceptual.training[4].content_features


# -- who is asked --------------------------------------------------------------------------------------------------


class Nobody:
    """A fallback that must not be asked."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was asked for")


def test_the_newest_run_counts_and_the_fallback_fills_in():
    runs = [{"metrics": [{"name": "mine", "title": title, "digits": 1}]} for title in ("Old", "New")]
    facts = FolderFacts([*runs, {}], Installed())
    mine, psnr, nobodys = (facts.metric(name) for name in ("mine", "psnr", "unheard-of"))
    assert (mine.title, mine.digits, mine.higher_is_better) == ("New", 1, None)
    assert (psnr.title, psnr.higher_is_better, psnr.digits) == (get("psnr").title, True, 2)
    assert (nobodys.title, nobodys.direction, nobodys.digits) == ("unheard-of", "direction unknown", 4)


def test_a_folder_of_today_says_everything_and_nobody_else_is_asked(go, results, metric, write_plugin):
    go("bicubic", write_plugin(), metrics=("psnr", metric()))
    with Reader(results, fallback=Nobody()) as reader:
        facts = reader.facts
        assert render(reader).text
        assert to_latex(reader)
    installed = Installed()
    assert facts.metric("psnr") == installed.metric("psnr")
    assert facts.method("bicubic") == installed.method("bicubic", {})
    assert facts.method("bicubic").published
    assert facts.protocols("basicsr") == [installed.protocol("basicsr")]
    assert facts.method("mine") == MethodFacts("mine", "Mine", 2024, "test", "none", own=True)
    assert facts.dataset("pictures") == DatasetFacts("pictures", "pictures")


def test_facts_survive_the_manifest():
    curve = ((500, 30.0), (1000, 30.5))
    training = TrainingFacts(24, 1000, 61.5, "CPU", {"T91": 91}, "random weights", ("VGG",), curve, 28.4)
    values = (PublishedValue("set5", 4, "psnr", 28.42, "paper"), PublishedValue("set5", 2, "ssim", 0.9, "p", "basicsr"))
    files = (WeightFile("/weights/m.safetensors", "0a", True, "params"), WeightFile("mine.safetensors", "0b", False))
    entry = "@misc{m2020, title = {M}}"
    method = MethodFacts("m", "M", 2020, "f", "p", "luma", "url", False, values, {4: training})
    method = replace(method, idea="an idea", equation="y = x", differs="nothing", bibtex=entry, weight_files=files)
    data = DatasetFacts("d", "D", "none", "who", 3)
    facts = FolderFacts(json.loads(json.dumps([{"methods": [to_json(method)], "datasets": [to_json(data)]}])))
    assert (facts.method("m"), facts.dataset("d"), facts.training("m", 4)) == (method, data, training)
    assert facts.method("m").cite == "m2020"
    assert (facts.method("n"), facts.training("m", 2), facts.training("n", 4)) == (None, None, None)


def test_the_page_of_a_method_travels_with_the_folder(go, results, write_plugin):
    path = Path(write_plugin())
    own = """idea="A plain idea.", equation="y = x", bibtex="@misc{mine2024, title = {Mine}}","""
    path.write_text(path.read_text().replace("colour=", f"{own} colour="))
    go("edsr", str(path), scales=(4,), metrics=("psnr",))
    with Reader(results, fallback=Nobody()) as reader:
        edsr, mine = (reader.facts.method(name) for name in ("edsr", "mine"))
    assert (mine.idea, mine.equation, mine.differs, mine.cite) == ("A plain idea.", "y = x", "", "mine2024")
    assert edsr.cite == "lim2017enhanced"
    assert "batch normalisation" in edsr.idea
    (file,) = edsr.weight_files
    assert (Path(file.path).name, file.shipped, len(file.sha256)) == ("edsr_x4.safetensors", True, 64)


def test_ones_own_weights_of_a_shipped_network_have_its_page_but_not_what_differs(go, results, tmp_path):
    shipped = plugins.instantiate(plugins.find("espcn")[0]).weight_path(4)
    path = tmp_path / "better.safetensors"
    shutil.copy(shipped, path)
    shutil.copy(shipped.with_suffix(".json"), path.with_suffix(".json"))
    go(f"mine={path}", scales=(4,), metrics=("psnr",))
    with Reader(results) as reader:
        mine = reader.facts.method("mine")
    assert (mine.cite, mine.differs) == ("shi2016real", "")
    assert "laid out" in mine.idea
    assert (Path(mine.weight_files[0].path).name, mine.weight_files[0].shipped) == ("better.safetensors", False)


def test_a_class_that_a_user_derives_from_a_shipped_one_has_no_page():
    espcn = plugins.find("espcn")[0].load()
    own = type("Own", (espcn,), {"card": replace(espcn.card, name="own", title="Own"), "__module__": "my_plugin"})
    assert method_facts(espcn()).cite == "shi2016real"
    assert (method_facts(own()).cite, method_facts(own()).idea) == ("", "")


def test_runs_that_did_not_write_pages_have_those_of_the_shipped_methods_and_of_no_other():
    def of(title, **more):
        written = to_json(MethodFacts("edsr", title, family="cnn"))
        for name in ("idea", "equation", "differs", "bibtex", "weight_files"):
            del written[name]
        return FolderFacts([{"methods": [written | more]}], Installed()).method("edsr")

    title = "EDSR baseline, 16 blocks, 64 channels"
    assert of(title).cite == "lim2017enhanced"
    assert of("edsr (Compact)").idea == ""
    assert of(title, idea="its own").bibtex == ""
    assert of(title, weights={"edsr_x4.safetensors": "0a"}).weight_files == (WeightFile("edsr_x4.safetensors", "0a"),)


def test_of_a_method_that_an_old_folder_names_the_title_is_known():
    old = {"name": "gone", "title": "Gone", "hash": "0", "weights": {}, "loads": []}
    assert FolderFacts([{"methods": [old]}], Installed()).method("gone") == MethodFacts("gone", "Gone")
    card = FolderFacts([{"methods": [old | {"name": "bicubic", "title": "Bicubic"}]}], Installed()).method("bicubic")
    assert (card.title, card.family) == ("Bicubic", "interpolation")


def test_a_users_method_that_an_old_folder_calls_as_an_installed_one_is_not_it():
    old = {"name": "edsr", "title": "edsr (Compact)", "hash": "0", "weights": {}, "loads": []}
    found = FolderFacts([{"methods": [old]}], Installed()).method("edsr")
    assert found == MethodFacts("edsr", "edsr (Compact)")
    assert found.published == ()


def test_facts_are_those_of_the_method_that_was_run_where_two_had_one_name():
    theirs = to_json(MethodFacts("edsr", "edsr (Compact)", family="checkpoint")) | {"hash": "1"}
    value = PublishedValue("set5", 4, "psnr", 32.46, "paper")
    ours = to_json(MethodFacts("edsr", "EDSR", published=(value,))) | {"hash": "2"}
    for runs in ([theirs, ours], [ours, theirs]):
        found = FolderFacts([{"methods": [written]} for written in runs])
        assert found.method("edsr", "1").published == ()
        assert found.method("edsr", "2").published == (value,)
        assert found.method("edsr").title == runs[-1]["title"]
        assert (found | FolderFacts()).method("edsr", "1").title == "edsr (Compact)"


def test_the_training_of_other_weights_than_those_that_were_run_is_not_told():
    from srbench.weights.files import file_hash

    used = {path.name: file_hash(path) for path in plugins.instantiate(plugins.find("espcn")[0]).weight_files()}
    assert all(Installed().method("espcn", used).training[scale].curve for scale in (2, 3, 4))
    assert set(Installed().method("espcn", used | {"espcn_x4.safetensors": "another"}).training) == {2, 3}
    assert Installed().method("espcn", dict.fromkeys(used, "another")).training == {}


def test_a_name_in_a_folder_never_leads_to_a_file(tmp_path):
    path = tmp_path / "evil.py"
    path.write_text("raise SystemExit('was imported')")
    assert Installed().method(str(path), {}) is None


def test_the_order_of_datasets_and_metrics():
    facts = FolderFacts(fallback=Installed())
    assert sorted(["mine", "bsd100", "sample", "set5", "set14"], key=facts.dataset_order) == [
        *("set5", "set14", "bsd100", "sample"),
        "mine",
    ]
    assert sorted(["a", "lpips", "ssim", "psnr"], key=facts.metric_order) == ["psnr", "ssim", "lpips", "a"]


def test_protocols_in_words():
    facts = FolderFacts(fallback=Installed())
    assert facts.protocols("classic") == []  # no run used it
    facts = FolderFacts([{"protocol": {"name": "classic", "hash": "0"}}], Installed())
    (classic,) = facts.protocols("classic")
    assert (classic.hash, classic.version) == (CLASSIC.hash, CLASSIC.version)
    assert "are fed the LR image of Y (rounded)" in classic.description
    assert "fed the LR image of RGB" in Installed().protocol(BASICSR.name).description
