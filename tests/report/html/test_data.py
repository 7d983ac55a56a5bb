"""The data of the page: what its scripts read says what the store and the tests say."""

import json

import numpy as np
import pandas as pd
import pytest

from srbench.report.html import data as module
from srbench.report.html.data import data, to_json
from srbench.report.html.views import kind_of, views
from srbench.results.facts import DatasetFacts, FolderFacts, MetricFacts
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader

IMAGES = [("set5", f"{i}") for i in range(5)] + [("set14", f"{i}") for i in range(8)]


class Known:
    """Knows two metrics, and no more."""

    def metric(self, name):
        higher = {"psnr": True, "lpips": False}.get(name)
        return MetricFacts(name, name.upper(), higher_is_better=higher, digits=2)

    def method(self, name, weights):
        return None

    def dataset(self, name):
        return DatasetFacts(name, name, order=["set5", "set14"].index(name)) if name in ("set5", "set14") else None

    def protocol(self, name):
        return None

    def names(self, kind):
        return ()


def frame(scores, images=IMAGES, metric="psnr", **failed):
    """Rows as per_image gives them. ``scores``: values by method; ``failed``: messages by method, of its last image."""
    rows = []
    for method, values in scores.items():
        for (dataset, image), value in zip(images, values, strict=True):
            last = method in failed and (dataset, image) == images[-1]
            rows.append(
                {"method": method, "dataset": dataset, "scale": 4, "protocol": "basicsr", "degradation": "bicubic"}
                | {"options": "", "image": image, "metric": "" if last else metric, "value": np.nan if last else value}
                | {"status": "failed" if last else "ok", "message": failed.get(method, ""), "run_id": 1}
                | {"cell_id": len(rows), "extra": "", "plugin": method, "sr_path": "", "image_sha256": ""}
                | {"method_hash": "", "handling": "", "label": method}
            )
    return pd.DataFrame(rows)


def made(images):
    facts = FolderFacts(fallback=Known())
    return data(views(images, means(images, facts), {}, facts), facts)


@pytest.fixture
def scores():
    rng = np.random.default_rng(1)
    base = rng.normal(28, 2, len(IMAGES))
    return {
        name: base + gain + rng.normal(0, 0.02, len(IMAGES)) for name, gain in (("low", 0), ("mid", 1), ("top", 1.01))
    }


def test_methods_stand_best_first_with_their_means(scores):
    [view] = made(frame(scores))["views"]
    assert view["groups"] == ["all", "set5", "set14"]
    assert view["labels"][-1] == "low"
    cell = view["cells"]["mid"]["psnr"]
    assert cell["set5"]["mean"] == pytest.approx(scores["mid"][:5].mean())
    assert cell["set5"]["low"] < cell["set5"]["mean"] < cell["set5"]["high"]
    assert (cell["all"]["n"], cell["all"]["planned"]) == (13, 13)
    # Each dataset counts the same.
    assert cell["all"]["mean"] == pytest.approx((scores["mid"][:5].mean() + scores["mid"][5:].mean()) / 2)
    contest = view["contests"]["psnr"]["all"]
    assert contest["mean"] == pytest.approx(
        [view["cells"][label]["psnr"]["all"]["mean"] for label in contest["labels"]]
    )


def test_contests_hold_every_pair_once_in_the_order_of_their_labels(scores):
    contest = made(frame(scores))["views"][0]["contests"]["psnr"]["all"]
    assert contest["can_tell"]
    assert contest["images"][0] == ["set5", "0"]
    assert len(contest["pairs"]) == 3
    first, second, third = contest["labels"]
    assert third == "low"
    for (a, b), (mean, low, high, p, won, lost) in zip(
        ((first, second), (first, third), (second, third)), contest["pairs"], strict=True
    ):
        apart = np.asarray(scores[a]) - np.asarray(scores[b])
        assert mean == pytest.approx((apart[:5].mean() + apart[5:].mean()) / 2, rel=1e-4)
        assert low < mean < high
        assert (won, lost) == ((apart > 0).sum(), (apart < 0).sum())
        assert (p <= 0.05) == (low > 0)
    assert contest["standing"][2] == [3, 3, False]
    assert contest["verdict"]["lead"][0]["label"] == first


def test_few_images_can_tell_nothing_and_bound_nothing(scores):
    contest = made(frame(scores))["views"][0]["contests"]["psnr"]["set5"]
    assert not contest["can_tell"]
    assert contest["smallest_p"] == 0.0625
    assert contest["standing"] == [[1, 3, True]] * 3
    # What is not finite has no place in JSON.
    assert json.loads(to_json(contest["pairs"]))[0][1:3] == [None, None]


def test_lower_is_better_where_the_metric_says_so(scores):
    view = made(frame(scores, metric="lpips"))["views"][0]
    assert view["contests"]["lpips"]["all"]["labels"][0] == "low"
    assert view["contests"]["lpips"]["all"]["pairs"][0][0] < 0
    assert made(frame(scores, metric="lpips"))["metrics"]["lpips"]["higher"] is False


def test_a_metric_of_unknown_direction_has_means_and_no_contest(scores):
    content = made(frame(scores, metric="strange"))
    [view] = content["views"]
    assert view["contests"] == {}
    assert view["cells"]["mid"]["strange"]["set5"]["mean"] == pytest.approx(scores["mid"][:5].mean())
    assert content["metrics"]["strange"]["higher"] is None


def test_a_method_that_lacks_an_image_is_not_ranked_and_says_so(scores):
    [view] = made(frame(scores, mid="out of <b>luck</b>"))["views"]
    contest = view["contests"]["psnr"]["all"]
    assert contest["left_out"] == {"mid": 1}
    assert set(contest["labels"]) == {"top", "low"}
    assert view["labels"] == ["top", "low", "mid"]
    assert view["cells"]["mid"]["psnr"]["set14"]["n"] == 7
    assert view["marks"]["mid"][0]["reason"] == "means over 12 of 13 images"


def test_a_method_that_was_not_run_on_a_dataset_has_no_mean_over_all(scores):
    images = frame(scores)
    images = images[(images["method"] != "low") | (images["dataset"] == "set5")]
    cells = made(images)["views"][0]["cells"]["low"]["psnr"]
    assert cells["set14"] == {"reason": "not run on this dataset", "word": "\u2013"}
    assert cells["all"]["reason"] == "no mean on set14"


def test_a_dataset_that_is_called_all_does_not_take_the_place_of_all(scores):
    images = [("all" if name == "set5" else name, image) for name, image in IMAGES]
    [view] = made(frame(scores, images))["views"]
    assert view["groups"] == ["all", "set14"]
    assert view["cells"]["top"]["psnr"]["all"]["n"] == 13


def test_many_methods_have_pairs_with_the_best_only(monkeypatch):
    rng = np.random.default_rng(0)
    count = 40
    images = IMAGES[5:]
    scores = {f"m{i:03}": rng.normal(28 + i / 10, 0.1, len(images)) for i in range(count)}

    def found():
        return made(frame(scores, images))["views"][0]["contests"]["psnr"]["set14"]

    monkeypatch.setattr(module, "PAIRS", count * (count - 1) // 2)
    assert len(found()["pairs"]) == count * (count - 1) // 2
    monkeypatch.setattr(module, "PAIRS", count * (count - 1) // 2 - 1)
    contest = found()
    assert len(contest["pairs"]) == count - 1
    assert contest["pairs"][-1][0] > 3
    assert contest["pairs"][-1][1:] == [None, None, None, 8, 0, True]
    assert not contest["pairs"][0][-1]


def test_one_method_with_options_has_a_short_title_of_its_own(made_up):
    folder = made_up(methods=1, options=("", '{"tile": 64, "self_ensemble": true}'))
    with Reader(folder) as reader:
        images = per_image(reader)
        images = images.assign(label=images["method"])
        [view] = views(images, means(images, reader.facts), {}, reader.facts)
    assert {row.short for row in view.rows} == {"made-up-0", "made-up-0+ (tile 64)"}


def test_no_text_ends_the_script_that_holds_it():
    text = to_json({"<!--</script>&": ["\u2028", float("nan"), float("inf"), 1.5]})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"<!--</script>&": ["\u2028", None, None, 1.5]}


def test_families_have_the_colour_of_their_kind():
    assert kind_of("cnn, recursive") == "network"
    assert kind_of("cnn, perceptual loss") == kind_of("gan, progressive") == "gan"
    assert kind_of("reconstruction") == "model"
    assert kind_of("user's own") == kind_of("") == "own"


def test_of_clips_it_says_how_many_and_gives_no_p_value():
    images = [("set5", f"{clip}/{t}") for clip, frames in (("city", 3), ("walk", 1)) for t in range(frames)]
    table = frame({"a": [30.0, 30.0, 30.0, 20.0], "b": [29.0, 29.0, 29.0, 21.0]}, images)
    [view] = json.loads(to_json(made(table)))["views"]
    cell = view["cells"]["a"]["psnr"]["set5"]
    assert (cell["mean"], cell["n"], cell["clips"], cell["low"]) == (25.0, 4, 2, None)
    contest = view["contests"]["psnr"]["set5"]
    assert (contest["told"], contest["clips"], contest["can_tell"]) == ("4 frames of 2 clips", True, False)
    [[mean, low, high, p, *_]] = contest["pairs"]
    assert ((mean, low, high, p)) == (0.0, None, None, None)
