"""CSV and JSON: their columns are a contract."""

import csv
import io
import json

import pytest

from srbench.report.export import to_csv, to_json
from srbench.results import literature
from srbench.results.choice import Choice
from srbench.results.reader import Reader
from srbench.results.store import Store

MEANS = (
    "method,dataset,scale,protocol,degradation,metric,mean,ci_low,ci_high,n,published,published_source,"
    "rank_first,rank_last,may_be_best,best,difference,difference_low,difference_high,p_value,origin,"
    "published_size,published_images,published_protocol,published_like,published_unlike"
)
PER_IMAGE = "method,dataset,scale,protocol,degradation,image,metric,value"


@pytest.fixture
def reader(go, results, write_plugin):
    go("bicubic", write_plugin("raise ValueError"), command="srbench run --methods bicubic")
    go("bicubic", protocol="classic")
    with Reader(results) as reader:
        yield reader


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_columns_of_means(reader):
    assert to_csv(reader).splitlines()[0] == MEANS


def test_the_columns_of_images(reader):
    assert to_csv(reader, by_image=True).splitlines()[0] == PER_IMAGE


def test_every_protocol_of_the_folder_is_in_it(reader):
    table = rows(to_csv(reader))
    assert {(row["protocol"], row["metric"]) for row in table} == {
        (protocol, metric) for protocol in ("classic", "basicsr") for metric in ("psnr", "ssim")
    }
    assert {row["n"] for row in table} == {"3"}
    assert {row["degradation"] for row in table} == {"bicubic"}


def test_values_are_in_full_precision(reader, scores):
    found = {(row["image"], row["metric"]): float(row["value"]) for row in rows(to_csv(reader, by_image=True))}
    assert len(found) == 6
    stored = {row.score.value for row in reader.scores()}
    assert {float(row["value"]) for row in rows(to_csv(reader, by_image=True))} == stored


def test_failed_cells_have_no_row_of_values(reader):
    assert {row["method"] for row in rows(to_csv(reader, by_image=True))} == {"bicubic"}


def test_json_carries_the_same_rows_and_the_manifests(reader):
    for by_image in (False, True):
        content = json.loads(to_json(reader, by_image=by_image))
        table = rows(to_csv(reader, by_image=by_image))
        assert len(content["rows"]) == len(table)
        key = "value" if by_image else "mean"
        assert [row[key] for row in content["rows"]] == [float(row[key]) for row in table]
        assert list(content["rows"][0]) == list(table[0])
    assert [run["status"] for run in content["runs"]] == ["finished", "finished"]
    assert content["runs"][0]["manifest"]["command"] == "srbench run --methods bicubic"


def test_absent_numbers_are_null_in_json_and_empty_in_csv(reader):
    row = json.loads(to_json(reader))["rows"][0]
    assert (row["published"], row["published_source"]) == (None, "")
    assert rows(to_csv(reader))[0]["published"] == ""
    assert "NaN" not in to_json(reader)


def test_an_empty_folder_has_the_header_alone(results):
    with Store(results, create=True), Reader(results) as reader:
        assert to_csv(reader) == MEANS + "\n"
        assert to_csv(reader, by_image=True) == PER_IMAGE + "\n"
        content = json.loads(to_json(reader))
        assert set(content) == {
            *("rows", "excluded", "handling", "perception_distortion", "opinions", "contests", "half_precision", "runs")
        }
        assert not any(content.values())


def test_what_is_in_no_mean_is_in_the_json_with_its_reason(go, write_plugin, results):
    go(write_plugin("1 / 0"), metrics=("psnr",), keep_images=False)
    with Reader(results) as reader:
        excluded = json.loads(to_json(reader))["excluded"]
    assert len(excluded) == 3
    assert {row["status"] for row in excluded} == {"failed"}
    assert all("ZeroDivisionError" in row["message"] for row in excluded)


def test_a_published_value_has_its_source(go, tmp_path):
    out = tmp_path / "known"
    go("bicubic", datasets=("sample",), scales=(4,), metrics=("psnr",), out=out, keep_images=False)
    with Reader(out) as reader:
        assert rows(to_csv(reader))[0]["published"] == ""


@pytest.mark.data("set5")
def test_the_published_value_of_bicubic_on_set5(go, tmp_path):
    out = tmp_path / "known"
    go("bicubic", datasets=("set5",), scales=(4,), protocol="classic", metrics=("psnr",), out=out, keep_images=False)
    with Reader(out) as reader:
        (row,) = rows(to_csv(reader))
    assert float(row["published"]) == 28.42
    assert abs(float(row["mean"]) - float(row["published"])) < 0.006
    assert "EDSR" in row["published_source"]
    assert "classic" in row["published_source"]


def test_awkward_names_survive_csv(go, write_plugin, results):
    go(write_plugin(name='a,"b" c'), metrics=("psnr",))
    with Reader(results) as reader:
        assert {row["method"] for row in rows(to_csv(reader))} == {'a,"b" c'}


# -- ranks, differences, what the literature reports ----------------------------------------------------------------


@pytest.fixture
def scored(tmp_path):
    """A folder with two datasets and given scores: edsr is better than vdsr on every image, c lacks one."""
    from srbench.records import CellFacts, Entry, Outcome, Score

    folder = tmp_path / "scored"
    metric = {"name": "psnr", "title": "PSNR", "unit": "dB", "higher_is_better": True, "digits": 2, "footnote": ""}
    described = {"command": "test", "metrics": [metric | {"version": 1, "bounds": [0, None], "order": 0}]}
    with Store(folder, create=True) as store:
        run = store.start_run(described)
        for method, gain in (("edsr", 1.0), ("vdsr", 0.0), ("c", 2.0)):
            cells = [
                CellFacts(method, "0", dataset, 1, str(i), f"{dataset}{i}", 3, 4, "bicubic/v1", "classic", "p")
                for dataset in ("set5", "d")
                for i in range(7)
            ]
            ids = store.plan(run, cells)
            entries = [
                Entry(ids[c.key], Outcome("ok"), (Score("psnr", 1, 30 + gain + i / 10, "ok"),))
                for i, c in enumerate(cells)
                if (method, c.image, c.dataset) != ("c", "0", "d")
            ]
            store.record(run, entries)
        store.finish_run(run, "finished", described)
    with Reader(folder) as reader:
        yield reader


def test_means_have_ranks_and_the_difference_to_the_best(scored):
    found = {(row["method"], row["dataset"]): row for row in rows(to_csv(scored))}
    edsr, vdsr = found["edsr", "d"], found["vdsr", "d"]
    assert (edsr["rank_first"], edsr["rank_last"], edsr["may_be_best"], edsr["best"]) == ("1", "1", "True", "edsr")
    assert (vdsr["rank_first"], vdsr["rank_last"], vdsr["may_be_best"]) == ("2", "2", "False")
    assert float(vdsr["difference"]) == pytest.approx(-1)
    assert float(vdsr["p_value"]) == pytest.approx(2 / 2**7)
    assert float(vdsr["difference_low"]) <= float(vdsr["difference"]) <= float(vdsr["difference_high"]) < 0
    assert found["c", "d"]["rank_first"] == found["c", "d"]["difference"] == ""
    assert found["c", "d"]["n"] == "6"
    assert found["c", "set5"]["rank_first"] == "1"
    assert {row["origin"] for row in found.values()} == {"measured"}


def test_contests_are_in_the_json_also_over_all_datasets(scored):
    content = json.loads(to_json(scored))
    assert content["rows"][0]["rank_first"] == 2
    groups = {contest["group"]: contest for contest in content["contests"]}
    assert list(groups) == ["all", "d", "set5"]
    assert groups["all"]["images"] == 14
    assert groups["all"]["left_out"] == {"c": 1}
    best, other = groups["all"]["methods"]
    assert (best["method"], best["rank_first"], best["may_be_best"]) == ("edsr", 1, True)
    assert (other["method"], other["rank_last"], other["best"]) == ("vdsr", 2, "edsr")


def test_the_rows_of_what_is_chosen_in_the_order_that_is_chosen(scored):
    methods = [row["method"] for row in rows(to_csv(scored, choice=Choice(datasets=("d",), sort="name")))]
    assert methods == ["c", "edsr", "vdsr"]
    images = rows(to_csv(scored, by_image=True, choice=Choice(methods=("vdsr,edsr",), datasets=("d",), sort="value")))
    assert [row["method"] for row in images] == ["edsr"] * 7 + ["vdsr"] * 7
    assert {row["method"] for row in json.loads(to_json(scored, choice=Choice(methods=("c",))))["rows"]} == {"c"}


def test_what_the_literature_reports_is_marked_and_never_ranked(scored):
    entries = literature.find(["rcan"])
    found = rows(to_csv(scored, literature=entries))
    (reported,) = [row for row in found if row["origin"] == "as reported"]
    assert (reported["method"], reported["dataset"], float(reported["mean"])) == ("RCAN", "set5", 32.63)
    assert "RCAN paper" in reported["published_source"]
    assert not any(reported[name] for name in ("n", "ci_low", "rank_first", "best", "p_value", "may_be_best"))
    assert [row for row in found if row["origin"] == "measured"] == rows(to_csv(scored))
    content = json.loads(to_json(scored, literature=entries))
    assert content["rows"][-1]["origin"] == "as reported"
    assert content["contests"] == json.loads(to_json(scored))["contests"]
