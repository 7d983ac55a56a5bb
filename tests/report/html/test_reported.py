"""What the literature reports, in the page's data."""

import pandas as pd

from srbench.report.html.reported import reported
from srbench.report.html.views import View
from srbench.results.facts import MetricFacts
from srbench.results.literature import find


def view(scale=4, degradation="bicubic", datasets=("set5", "sample")):
    nothing = pd.DataFrame()
    metrics = [MetricFacts(name, name) for name in ("psnr", "ssim", "bits")]
    titles = {name: name for name in datasets}
    return View(f"x{scale}", scale, "basicsr", degradation, "", titles, metrics, [], nothing, nothing, {})


def test_values_stand_by_view_metric_and_dataset_with_their_sources():
    (rcan,) = reported([view(), view(2)], find(["rcan"]))["literature"]
    assert (rcan["name"], rcan["title"], rcan["year"]) == ("rcan", "RCAN", 2018)
    assert set(rcan["cells"]) == {"x4", "x2"}
    assert set(rcan["cells"]["x4"]) == {"psnr", "ssim"}
    assert rcan["cells"]["x4"]["psnr"].keys() == {"set5"}
    cell = rcan["cells"]["x4"]["psnr"]["set5"]
    assert (cell["value"], cell["protocol"]) == (32.63, "classic")
    assert "RCAN paper" in cell["source"]


def test_a_method_of_which_nothing_is_reported_here_is_left_out():
    assert reported([view(2)], find(["hat"])) == {"literature": []}
    assert reported([view(degradation="blur-down")], find(["rcan"])) == {"literature": []}
    assert reported([view(datasets=("sample",))], find(["rcan"])) == {"literature": []}
    assert reported([view()], []) == {"literature": []}
