"""The verdict in hand-made cases: what is said, and above all what is not."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from srbench.report.verdict import Span, verdict
from srbench.results.contest import ALL, contests
from srbench.results.facts import FolderFacts, MetricFacts, to_json

METRICS = [
    MetricFacts("psnr", "PSNR", "dB", True, 2, order=0),
    MetricFacts("lpips", "LPIPS", "", False, 3, order=1),
    MetricFacts("mos", "simulated MOS", "", True, 2, order=2),
    MetricFacts("speckle", "Speckle", "", False, 1),
]
FACTS = FolderFacts([{"metrics": list(map(to_json, METRICS))}])
TITLES = {"edsr": "EDSR, 16 blocks", "dbpn": "DBPN", "fsrcnn": "FSRCNN", "srgan": "SRGAN", "bicubic": "Bicubic"}
HARD = np.random.default_rng(0).normal(28, 3, 14)


@dataclass(frozen=True)
class Cost:
    parameters: int | None = None
    latency_ms: float | None = None


def scores(metric="psnr", dataset="set14", scale=4, protocol="classic", **methods):
    """Rows of one value an image; NaN is an image without a value."""
    fixed = {"metric": metric, "dataset": dataset, "scale": scale, "protocol": protocol, "degradation": "bicubic"}
    return [
        fixed | {"method": method, "image": f"{i:02}", "value": value, "status": "nan" if math.isnan(value) else "ok"}
        for method, values in methods.items()
        for i, value in enumerate(values)
    ]


def told(*rows, metric="psnr", group="set14", costs=None, titles=TITLES):
    found = contests(pd.DataFrame([row for part in rows for row in part]), FACTS)
    others = {name: contest for (name, own), contest in found.items() if own == group}
    return verdict(found[metric, group], others, titles, costs or {})


def noise(seed, size=0.05, images=14):
    return np.random.default_rng(seed).normal(0, size, images)


def test_a_clear_winner_is_the_best_certainly():
    found = told(scores(edsr=HARD + 2 + noise(1), fsrcnn=HARD + 1 + noise(2), bicubic=HARD))
    lead, margin = found.text.split("\n")
    assert lead == f"EDSR leads on PSNR: {HARD.mean() + 2 + noise(1).mean():.2f} dB. It is the best, certainly."
    over = [1 + (noise(1) - noise(2)).mean(), 2 + noise(1).mean()]
    assert margin == (
        f"{over[0]:.2f} dB better than FSRCNN (on 14 of 14 images), "
        f"{over[1]:.2f} dB better than Bicubic (on 14 of 14 images)."
    )
    assert found.lead[0] == Span("EDSR", True, "edsr")


def test_where_another_may_be_the_best_nothing_is_certain():
    found = told(scores(edsr=HARD + 1.02 + noise(1, 0.2), dbpn=HARD + 1 + noise(2, 0.2), bicubic=HARD)).text
    assert "Of the others only" in found
    assert "may be the best as well" in found
    assert ", not certain), 1." in found  # over the next; over bicubic it is certain
    assert "certainly" not in found


def test_equal_means_lead_together():
    swapped = HARD.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    found = told(scores(edsr=HARD, dbpn=swapped, bicubic=HARD - 1 - noise(3)))
    assert found.text.startswith("DBPN and EDSR lead on PSNR")
    assert "No other may be the best." in found.text
    assert "It is the best" not in found.text
    assert (
        told(scores(edsr=HARD, dbpn=HARD)).text == f"DBPN and EDSR lead on PSNR: {HARD.mean():.2f} dB. They are equal."
    )


@pytest.mark.parametrize(("count", "said"), [(1, "1 image is too few"), (5, "5 images are too few")])
def test_few_images_are_too_few_and_it_is_said_how_few(count, said):
    found = told(scores(edsr=HARD[:count] + 9, fsrcnn=HARD[:count] + 1, bicubic=HARD[:count])).text
    assert f"{said} to be certain of more." in found
    assert f"9.00 dB better than Bicubic (on {count} of {count} image" in found
    assert "certainly" not in found
    assert "not certain" not in found
    assert "may be" not in found


def test_one_method_is_compared_with_nobody():
    found = told(scores(edsr=HARD), scores("lpips", edsr=HARD / 100))
    assert found.text == f"EDSR is the only method with a value on all 14 images: PSNR {HARD.mean():.2f} dB."


def test_of_clips_frames_are_counted():
    def frames(row):
        return row | {"image": f"{'city' if int(row['image']) < 7 else 'walk'}/{row['image']}"}

    rows = [frames(row) for row in scores(edsr=HARD + 2, fsrcnn=HARD + 1, bicubic=HARD)]
    lacking = [frames(row) for row in scores(dbpn=HARD)][:-1]
    found = told(rows, lacking).text
    assert "(on 14 of 14 frames)" in found
    assert found.endswith("Not ranked: DBPN lacks 1 of 14 frames.")
    assert told(rows[:14]).text.startswith("EDSR is the only method with a value on all 14 frames: ")
    assert "image" not in found


def test_protocols_and_scales_are_never_mixed():
    classic = scores(edsr=HARD, bicubic=HARD - 2)
    basicsr = scores(protocol="basicsr", edsr=HARD + 1, bicubic=HARD)
    with pytest.raises(ValueError, match="one scale"):
        told(classic, basicsr)
    assert "1.00 dB better than Bicubic" in told(basicsr).text


def test_of_two_scales_each_has_its_own_winner():
    at2 = told(scores(scale=2, edsr=HARD + 2, dbpn=HARD + 1 + noise(1), bicubic=HARD)).text
    at4 = told(scores(scale=4, edsr=HARD + 1 + noise(1), dbpn=HARD + 2, bicubic=HARD)).text
    assert at2.startswith("EDSR leads")
    assert at4.startswith("DBPN leads")
    with pytest.raises(ValueError, match="one scale"):
        told(scores(scale=2, edsr=HARD), scores(scale=4, edsr=HARD))


def test_without_costs_nothing_is_said_of_them():
    rows = scores(edsr=HARD + 1 + noise(1), fsrcnn=HARD + 0.9 + noise(2), bicubic=HARD)
    for costs in ({}, {"edsr": Cost(), "fsrcnn": Cost()}, {"fsrcnn": Cost(12_809, 2.0)}):
        assert "within" not in told(rows, costs=costs).text


def test_the_smallest_and_the_fastest_close_to_the_best_are_named():
    rows = scores(edsr=HARD + 1 + noise(1), fsrcnn=HARD + 0.9 + noise(2), espcn=HARD, bicubic=HARD - 1)
    costs = {"edsr": Cost(1_517_571, 80.0), "fsrcnn": Cost(12_809, 4.0), "espcn": Cost(100, 0.1), "bicubic": Cost(0)}
    *_, small, fast = told(rows, costs=costs).text.split("\n")
    assert small == "Smallest network within 0.3 dB of the best: FSRCNN, 12.8 k parameters, 118 times fewer than EDSR."
    assert fast == "Fastest within 0.3 dB of the best: FSRCNN, 4 ms, 20 times faster than EDSR."
    bare = told(rows, costs=costs | {"edsr": Cost(1_000)}).text
    assert "Smallest" not in bare  # the best is the smallest
    assert "Fastest" not in bare  # the best was not timed


def test_perceptual_metrics_alone():
    rows = scores("lpips", srgan=HARD / 100 + noise(1, 0.001), bicubic=HARD / 100 + 0.1)
    found = told(rows, metric="lpips").text
    assert found.startswith("SRGAN leads on LPIPS: 0.2")
    assert "(lower is better). It is the best, certainly." in found
    assert "0.100 better than Bicubic (on 14 of 14 images)" in found
    assert "PSNR" not in found
    assert "gives up" not in found


def test_the_best_by_psnr_may_be_the_worst_to_look_at():
    rows = (
        scores(edsr=HARD + 2 + noise(1), srgan=HARD + 0.5 + noise(2), bicubic=HARD),
        scores("lpips", edsr=0.4 + noise(3, 0.01), srgan=0.2 + noise(4, 0.01), bicubic=0.3 + noise(5, 0.01)),
        scores("mos", edsr=3 + noise(3, 0.5), srgan=3.1 + noise(4, 0.5), bicubic=2 + noise(5, 0.5)),
    )
    looks = told(*rows).text.split("\n")[2]
    assert looks.startswith("SRGAN looks best: LPIPS 0.2")
    assert "of EDSR (the last of 3), simulated MOS 3." in looks
    assert looks.endswith(f"(not certain); it gives up {1.5 + (noise(1) - noise(2)).mean():.2f} dB PSNR.")
    price = told(*rows, metric="lpips").text.split("\n")[-1]
    assert price == f"SRGAN gives up {1.5 + (noise(1) - noise(2)).mean():.2f} dB PSNR against EDSR, which leads there."


def test_a_method_with_a_nan_is_not_the_best():
    part = HARD + 9
    part[3] = math.nan
    found = told(scores(dbpn=part, edsr=HARD + 1, fsrcnn=HARD + noise(1), bicubic=HARD - 1)).text
    assert found.startswith("EDSR leads on PSNR")
    assert found.endswith("Not ranked: DBPN lacks 1 of 14 images.")


def test_failed_cells_and_images_that_few_have_are_said():
    failed = [row | {"metric": "", "status": "failed", "value": math.nan} for row in scores(dbpn=HARD)]
    more = np.append(HARD + 1, 30.0)
    found = told(failed, scores(edsr=more, fsrcnn=HARD + noise(1), bicubic=HARD - 1)).text
    assert "DBPN" not in found
    assert found.endswith("Compared on 14 of 15 images: 1 has values of too few methods.")


def test_a_foreign_row_is_called_by_its_label():
    found = told(scores(**{"theirs <b>": HARD + 2 + noise(1)}, edsr=HARD + 1, bicubic=HARD))
    assert found.lead[0] == Span("theirs <b>", True, "theirs <b>")  # whoever shows it escapes it


def test_bicubic_is_named_once_and_not_against_itself():
    assert told(scores(bicubic=HARD + 1, edsr=HARD + noise(1))).text.count("Bicubic") == 1
    assert told(scores(edsr=HARD + 1 + noise(1), bicubic=HARD)).text.count("Bicubic") == 1


def test_a_difference_below_the_last_digit_is_not_zero():
    assert "< 0.01 dB better than DBPN" in told(scores(edsr=HARD + 0.001, dbpn=HARD)).text


def test_a_metric_without_a_slack_of_its_own_takes_a_tenth_of_what_is_won_over_bicubic():
    rows = scores("speckle", edsr=HARD, fsrcnn=HARD + 0.3, dbpn=HARD + 0.6, bicubic=HARD + 5)
    costs = {"edsr": Cost(1000), "fsrcnn": Cost(100), "dbpn": Cost(10)}
    found = told(rows, metric="speckle", costs=costs).text
    assert "within 0.5 of the best: FSRCNN, 100 parameters, 10 times fewer" in found


def test_over_all_datasets_the_mean_is_that_of_their_means():
    parts = [("a", HARD), ("b", HARD[:5] + 4)]
    found = told(*(scores(dataset=name, edsr=own + 1, bicubic=own) for name, own in parts), group=ALL)
    assert found.text.startswith(f"EDSR leads on PSNR: {(HARD.mean() + HARD[:5].mean() + 4) / 2 + 1:.2f} dB")
