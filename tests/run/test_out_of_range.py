"""Outputs that are mostly outside of black and white: noted in the run, marked in every report."""

import json
import time

import pytest
import torch

from srbench.cli.run import print_summary
from srbench.cli.tables import print_means
from srbench.evaluation import out_of_range
from srbench.report.export import to_json
from srbench.report.html import render
from srbench.report.paper_latex import to_latex
from srbench.report.paper_markdown import to_markdown
from srbench.results import handling
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader

WRONG = {
    "0..255": "return 255 * imresize(lr, scale)",
    "-1..1": "return 2 * imresize(lr, scale) - 1",
    "0..1 minus a mean": "return imresize(lr, scale) - 0.9",
}
RIGHT = {
    "0..1": "return imresize(lr, scale)",
    "overshoot": "x = imresize(lr, scale); return x + 0.9 * (x - imresize(imresize(x, 1 / scale), scale))",
    "white": "return 1.001 + 0 * imresize(lr, scale)",  # a white page
}


def handled(results):
    with Reader(results) as reader:
        return per_image(reader).drop_duplicates("image")["handling"].tolist()


@pytest.mark.parametrize("protocol", ["basicsr", "classic"])
@pytest.mark.parametrize("name", WRONG)
def test_an_output_in_another_range_is_recorded_with_its_share(go, write_plugin, results, name, protocol):
    summary = go(write_plugin(WRONG[name]), protocol=protocol)
    stored = handled(results)
    assert (summary.computed, len(stored)) == (3, 3)
    shares = [json.loads(text)["out_of_range"] for text in stored]
    assert min(shares) >= handling.SUSPICIOUS
    # In the order in which images were done: one may be written while the next is computed.
    assert {name: sorted(texts) for name, texts in summary.handled.items()} == {"mine on pictures x2": sorted(stored)}
    assert handled(results) == stored  # also after the metrics of kept images were added
    go(write_plugin(WRONG[name]), protocol=protocol, metrics=("psnr", "ssim", "consistency"))
    assert handled(results) == stored


@pytest.mark.parametrize("keep_images", [True, False])
@pytest.mark.parametrize("name", RIGHT)
def test_an_output_in_the_right_range_is_not(go, write_plugin, results, name, keep_images):
    summary = go(write_plugin(RIGHT[name]), keep_images=keep_images)
    assert handled(results) == ["", "", ""]
    assert summary.handled == {}


def test_it_is_noted_in_the_run_and_marked_in_every_report(go, write_plugin, results, capsys):
    summary = go(write_plugin(WRONG["0..255"]), "bicubic")
    print_summary(summary, results)
    note = capsys.readouterr().err
    assert "note: mine on pictures x2, 3 out of range: up to " in note
    assert "does the network answer in 0..255 or -1..1?" in note
    print_means(results)
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│ mine")]
    assert "3 out of range" in row
    with Reader(results) as reader:
        page, markdown, latex = render(reader).text, to_markdown(reader), to_latex(reader)
        rows = json.loads(to_json(reader))["handling"]
    assert [(row["method"], row["dataset"], row["image"]) for row in rows] == [("mine", "pictures", i) for i in "abc"]
    assert "out of range" in page
    assert "3 images of pictures: up to" in page
    (own,) = [line for line in markdown.splitlines() if line.startswith("| Mine")]
    (other,) = [line for line in markdown.splitlines() if line.startswith("| Bicubic")]
    assert own.count("†") == 2
    assert "†" not in other
    assert "† mine on pictures, 3 out of range:" in markdown
    (own,) = [line for line in latex.splitlines() if line.startswith("Mine")]
    assert own.count(r"$^\dagger$") == 2
    assert "% dagger: mine on pictures, 3 out of range:" in latex


def test_tiles_after_memory_ran_out_are_marked_by_the_same_way():
    remarks = handling.remarks(['{"tile": 64}', "", '{"tile": 32, "out_of_range": 0.5}', ""])
    assert [remark.short for remark in remarks] == ["1 out of range", "2 in tiles"]
    assert "tiles of 32, 64 LR pixels because memory ran out" in remarks[1].reason
    assert handling.remarks(["", ""]) == []
    assert handling.remarks(['{"of a later srbench": 1}', "[]", "{", '{"tile": "x"}']) == []
    assert handling.in_tiles(handling.encode(0.5), 64) == '{"out_of_range": 0.5, "tile": 64}'
    assert handling.encode(0.01) == handling.encode() == ""


@pytest.mark.parametrize("size", [(3, 28, 32), (1, 480, 320), (3, 1024, 1024)])
def test_the_share_is_that_of_all_values(size):
    torch.manual_seed(0)
    sr = torch.rand(size)
    assert out_of_range(sr) == 0
    assert out_of_range(sr * 255) > 0.98
    assert out_of_range(2 * sr - 1) == pytest.approx(0.45, abs=0.05)
    half = sr.clone()
    half[..., : size[1] // 2, :] += 5
    assert out_of_range(half) == pytest.approx(0.5, abs=0.05)


def test_looking_costs_next_to_nothing():
    sr = torch.rand(3, 1356, 2040)  # an image of DIV2K
    took = []
    for work in (lambda: out_of_range(sr), lambda: sr.double().mul_(255).add_(0.5).floor_()):
        spent = []
        for _ in range(5):
            start = time.process_time()
            work()
            spent.append(time.process_time() - start)
        took.append(min(spent))
    assert took[0] < took[1] / 2  # of one of the passes over the image that rounding makes
