"""A run under several protocols: what each of them alone gives, and what they share."""

import json
from pathlib import Path

import numpy as np
import pytest

from srbench import protocol
from srbench.errors import SrbenchError
from srbench.imaging.images import write_image
from srbench.metrics import choice
from srbench.protocol import BASICSR, CLASSIC
from srbench.report import html
from srbench.results.reader import Reader
from srbench.run.merging import merge
from srbench.run.shard import Shard

MINE = """
name = "mine"
version = 1
title = "As our code does it"
working_space = "rgb"
lr_rounded = true
luma_rounded = false
grey_as_rgb = true
shave = 2
space = "full-range"
"""


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    return str(tmp_path / "mine.toml")


def found(folder):
    """Scores and hashes of SR images by protocol, method, image and metric, with the cells' keys."""
    with Reader(folder) as reader:
        cells = {row.cell_id: row.facts for row in reader.planned()}
        place = {number: (own.protocol, own.method, own.image) for number, own in cells.items()}
        values = {(*place[row.cell_id], row.score.metric): row.score.value for row in reader.scores()}
        images = {place[row.cell_id]: row.outcome.sr_sha256 for row in reader.outcomes()}
        return values, images, sorted(own.key for own in cells.values())


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.sampled(2)
def test_every_score_is_that_of_a_run_under_its_protocol_alone(go, write_plugin, mine, tmp_path, threads):
    rgb, luma = (
        write_plugin("return imresize(lr, scale) * 1.1 - 0.04", colour, file=f"{colour}.py", colour=colour)
        for colour in ("rgb", "luma")
    )
    methods = ("bicubic", "srcnn", "tv-map", rgb, luma)
    names = ["classic", "basicsr", "rgb", "matlab-rgb", "liif", mine]
    together = tmp_path / "together"
    summary = go(*methods, scales=(4,), protocol=",".join(names), threads=threads, apart=threads > 1, out=together)
    assert (summary.total, summary.failures) == (6 * 5 * 3, [])
    alone = {}, {}, []
    for name in names:
        go(*methods, scales=(4,), protocol=name, out=tmp_path / Path(name).stem)
        values, images, keys = found(tmp_path / Path(name).stem)
        alone[0].update(values)
        alone[1].update(images)
        alone[2].extend(keys)
    assert found(together) == (alone[0], alone[1], sorted(alone[2]))
    assert len(alone[0]) == 6 * 5 * 3 * 2


@pytest.mark.parametrize("threads", [1, 2])
def test_a_method_is_called_once_where_it_is_fed_the_same_pixels(go, write_plugin, calls, threads):
    slow = write_plugin("time.sleep(0.3); return imresize(lr, scale)", colour="rgb")  # longer than a group lasts
    summary = go(slow, protocol="rgb,basicsr,div2k,liif", threads=threads, apart=threads > 1)
    assert (summary.computed, summary.failures) == (12, [])
    assert len(calls()) == 3


def test_it_is_called_again_where_the_lr_images_differ(go, write_plugin, calls):
    assert go(write_plugin(), protocol="classic,basicsr").computed == 6
    assert len(calls()) == 6


def test_a_method_that_draws_is_called_for_each(go, write_plugin, calls):
    path = Path(write_plugin("return imresize(lr, scale)", colour="rgb"))
    path.write_text(path.read_text().replace("min_size=1)", "min_size=1, random=True)"))
    assert go(str(path), protocol="rgb,basicsr").computed == 6
    assert len(calls()) == 6


def test_an_output_is_kept_though_the_method_writes_over_it(go, write_plugin, tmp_path):
    for i in range(3):
        write_image(tmp_path / "same" / f"{i}.png", np.full((28, 28, 3), 40 * i + 20, np.uint8))
    body = "self.own = getattr(self, 'own', torch.zeros(1, 3, 28, 28)); return self.own.copy_(imresize(lr, scale))"
    options = {"datasets": (str(tmp_path / "same"),), "metrics": ("psnr",)}
    method = write_plugin(body, colour="rgb")
    go(method, protocol="basicsr,rgb", out=tmp_path / "two", **options)
    go(method, protocol="rgb", out=tmp_path / "one", **options)
    both, one = found(tmp_path / "two"), found(tmp_path / "one")
    assert {key: value for key, value in both[1].items() if key[0] == "rgb"} == one[1]


def test_a_protocol_more_is_computed_alone(go, write_plugin, calls):
    method = write_plugin(colour="rgb")
    assert go(method, protocol="basicsr").computed == 3
    summary = go(method, protocol="basicsr,rgb")
    assert (summary.computed, summary.known) == (3, 3)
    summary = go(method, protocol="rgb,basicsr")
    assert (summary.computed, summary.known) == (0, 6)


def test_slices_together_are_the_run(go, write_plugin, tmp_path):
    method = write_plugin(colour="rgb")
    options = {"protocol": "basicsr,rgb,classic", "scales": (2, 3)}
    go(method, "bicubic", out=tmp_path / "whole", **options)
    parts = [tmp_path / str(i) for i in (1, 2, 3)]
    for i, part in enumerate(parts, 1):
        go(method, "bicubic", out=part, shard=Shard(i, 3), **options)
    merge(parts, tmp_path / "merged")
    assert found(tmp_path / "merged") == found(tmp_path / "whole")


COLOUR = """
from srbench.metrics import Metric

def compute(pair):
    return float(pair.sr_rgb[0].double().mean())

REDNESS = Metric(
    name="redness", title="Redness", version=1, higher_is_better=True, unit="", bounds=(0, 255), digits=2,
    needs=("sr_rgb",), compute=compute
)
"""


def test_metrics_of_colour_are_measured_where_there_is_colour(go, tmp_path, results):
    (tmp_path / "redness.py").write_text(COLOUR)
    summary = go("bicubic", protocol="classic,basicsr", metrics=("psnr", str(tmp_path / "redness.py")))
    assert not summary.failures
    measured = {(own[0], own[3]) for own in found(results)[0]}
    assert measured == {("classic", "psnr"), ("basicsr", "psnr"), ("basicsr", "redness")}


def test_which_metrics_a_protocol_lacks():
    selection = choice.select(("psnr", "lpips"), (CLASSIC, BASICSR))
    assert [metric.name for metric in selection.metrics] == ["psnr", "lpips"]
    assert selection.unfit == {"classic": ["lpips"], "basicsr": []}
    assert selection.notes == ("not supported under classic, which has no colour images: lpips",)
    with pytest.raises(SrbenchError, match=r"not supported under classic.*no metric is left"):
        choice.select(("lpips",), (BASICSR, CLASSIC))


def test_a_folder_says_what_its_protocols_were_when_their_files_are_gone(go, mine, results):
    summary = go("bicubic", protocol=f"{mine},rgb")
    Path(mine).unlink()
    manifest = json.loads((results / "runs" / f"{summary.run_id:04d}.json").read_text())
    assert [own["name"] for own in manifest["protocols"]] == ["mine", "rgb"]
    assert manifest["protocols"][0]["space"] == "full-range"
    with Reader(results) as reader:
        (own,) = reader.facts.protocols("mine")
        page = html.render(reader).text
    assert own.description.startswith("As our code does it. The HR image is cut")
    assert "with 2 × scale pixels" in own.description  # noqa: RUF001
    assert own.hash in page
    assert protocol.get("rgb").hash in page


def test_a_name_is_that_of_one_protocol(go, mine, results, tmp_path):
    go("bicubic", protocol=mine)
    Path(mine).write_text(MINE.replace("shave = 2", "shave = 1"))
    with pytest.raises(SrbenchError, match=r"'mine' is another protocol in these results \([0-9a-f]{16}\) than here"):
        go("bicubic", protocol=f"rgb,{mine}")
    go("bicubic", protocol=mine, out=tmp_path / "other")
    with pytest.raises(SrbenchError, match=r"'mine' in .* is not what it is in "):
        merge([results, tmp_path / "other"], tmp_path / "merged")
    Path(mine).write_text(MINE + 'source = "ours.py"\n')  # decides nothing
    assert go("bicubic", protocol=mine).known == 3


def test_what_is_not_rounded_is_not_scored_from_a_file(go, write_plugin, calls, tmp_path, results):
    method = write_plugin("return imresize(lr, scale)", colour="rgb")
    go(method, protocol="liif,basicsr", metrics=("psnr",))
    go(method, protocol="liif,basicsr", metrics=("psnr", "ssim"))
    assert len(calls()) == 3 + 3  # those of basicsr are scored from their files
    go(method, protocol="liif,basicsr", metrics=("psnr", "ssim"), out=tmp_path / "at-once")
    assert found(results) == found(tmp_path / "at-once")
