"""Runs in half precision: rows of their own beside those in fp32, and what every report says of the two."""

import json

import pytest
from typer.testing import CliRunner

from srbench.cli import app
from srbench.cli.tables import print_means
from srbench.errors import SrbenchError
from srbench.report.export import to_json
from srbench.report.html import render
from srbench.results.leaderboard import per_image
from srbench.results.precision import casts
from srbench.results.reader import Reader
from srbench.run.observer import Silent

NETWORK = """
import torch
from torch import nn
from srbench.method import MethodCard, TorchMethod

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 12, 3, padding=1)

    def forward(self, lr):
        return nn.functional.pixel_shuffle(self.convolution(lr) {body}, 2)

class Mine(TorchMethod):
    card = MethodCard(name="mine", title="Mine", year=2026, family="cnn", paper="", colour="rgb", scales=(2,))

    def build(self, scale):
        torch.manual_seed(5)
        return Net()
"""
BODIES = {
    "fine": "",
    "black": "* 1e-9 * 1e9",
    "infinite": "* 1e3 * 1e3 * 1e3 / 1e9",
    "nan": "+ 0 * (1e9 * self.convolution(lr))",
}


@pytest.fixture
def network(tmp_path):
    def write(body):
        path = tmp_path / "mine.py"
        path.write_text(NETWORK.format(body=BODIES[body]))
        return str(path)

    return write


class Notes(Silent):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def found(results):
    with Reader(results) as reader:
        return casts(per_image(reader), reader)


def test_half_precision_has_rows_of_its_own_and_what_has_no_network_none(go, network, results, scores):
    go(network("fine"), "bicubic")
    full, notes = scores(), Notes()
    summary = go(network("fine"), "bicubic", precision="bf16", observer=notes)
    assert (summary.computed, summary.known) == (3, 3)
    assert notes.notes[0] == "without a network to cast, computed as always: bicubic"
    assert go(network("fine"), "bicubic").known == 6
    with Reader(results) as reader:
        planned = {row.cell_id: row.facts for row in reader.planned()}
        images = per_image(reader)
    assert {(f.method, f.precision, f.options) for f in planned.values()} == {
        ("bicubic", "fp32", ""),
        ("mine", "fp32", ""),
        ("mine", "bf16", '{"precision": "bf16"}'),
    }
    assert set(images["method"]) == {"bicubic", "mine", "mine (bf16)"}
    own = images[(images["method"] == "mine (bf16)") & (images["metric"] == "psnr")].set_index("image")["value"]
    (cast,) = found(results)
    changes = [own[image] - full["mine", image, "psnr"] for image in "abc"]
    assert cast.differences["psnr"].mean == pytest.approx(sum(changes) / 3)
    assert cast.differences["psnr"].worst == pytest.approx(min(changes))
    assert 0 < abs(cast.differences["psnr"].mean) < 1
    assert (cast.label, cast.full, cast.precision, cast.planned) == ("mine (bf16)", "mine", "bf16", 3)
    assert cast.counts == "0 black, 0 NaN, 0 infinite of 3 images"


@pytest.mark.parametrize(("body", "counts"), [("black", (3, 0, 0)), ("infinite", (0, 0, 3)), ("nan", (0, 3, 0))])
def test_black_nan_and_infinite_images_are_counted(go, network, results, body, counts):
    go(network(body))
    assert go(network(body), precision="bf16").failed == 0
    assert go(network(body), precision="fp16").failed == sum(counts[1:])
    by_precision = {cast.precision: cast for cast in found(results)}
    fp16 = by_precision["fp16"]
    assert (fp16.black, fp16.nan, fp16.infinite) == counts
    assert (fp16.failed, fp16.unsupported) == (0, 0)
    assert by_precision["bf16"].counts == "0 black, 0 NaN, 0 infinite of 3 images"


def test_reports_say_what_it_changed(go, network, results, capsys):
    go(network("black"), "bicubic")
    summary = go(network("black"), "bicubic", precision="fp16")
    capsys.readouterr()
    print_means(results, summary.run_id)  # the rows in fp32 are of another run
    shown = capsys.readouterr().out
    line = "mine (fp16) on pictures x2, basicsr, bicubic against mine: PSNR "
    assert line in shown
    assert "; 3 black, 0 NaN, 0 infinite of 3 images" in shown
    assert "3 black" in next(row for row in shown.splitlines() if row.startswith("│ mine (fp16)"))
    with Reader(results) as reader:
        page, (row,) = render(reader).text, json.loads(to_json(reader))["half_precision"]
    assert '<section id="precision"' in page
    assert "3 black, 0 NaN, 0 infinite of 3 images" in page
    assert (row["label"], row["full"], row["black"], row["view"]["scale"]) == ("mine (fp16)", "mine", 3, 2)
    assert row["differences"]["psnr"]["images"] == 3


def test_nothing_is_said_without_a_row_in_half_precision(go, network, results, capsys):
    go(network("fine"))
    capsys.readouterr()
    print_means(results)
    assert "black" not in capsys.readouterr().out
    with Reader(results) as reader:
        assert 'id="precision"' not in render(reader).text
    assert found(results) == []


def test_without_the_same_weights_in_fp32_there_is_nothing_to_compare_with(go, network, results):
    go(network("black"))
    go(network("fine"), precision="bf16")  # another source: another identity
    (cast,) = found(results)
    assert (cast.full, dict(cast.differences)) == ("", {})
    assert "no row in fp32 of the same weights to compare it with" in cast.text
    go(network("fine"))
    assert found(results)[0].full == "mine"


def test_the_command_line_takes_a_precision_and_refuses_another(network, results, pictures):
    run = ["run", "--methods", network("fine"), "--datasets", str(pictures), "--scales", "2", "--threads", "1"]
    made = CliRunner().invoke(app, [*run, "--precision", "bf16", "--out", str(results)])
    assert made.exit_code == 0
    assert {cast.precision for cast in found(results)} == {"bf16"}
    refused = CliRunner().invoke(app, [*run, "--precision", "half", "--out", str(results)])
    assert refused.exit_code == 2
    assert "unknown precision 'half'; known: bf16, fp16, fp32" in refused.stderr


def test_an_unknown_precision_is_refused_before_anything_is_written(go, results):
    with pytest.raises(SrbenchError, match="unknown precision 'fp61'; did you mean fp16"):
        go("bicubic", precision="fp61")
    assert not results.exists()
