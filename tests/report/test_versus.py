"""A head to head in words, as Markdown and as JSON."""

import json
import math

import numpy as np
import pytest

from srbench.report import versus
from srbench.results.contestant import load
from srbench.results.head_to_head import compare

SET14 = [("set14", f"{i:02d}") for i in range(14)]
BASE = np.linspace(25, 35, 14)
STEP = np.linspace(0.1, 0.2, 14)


@pytest.fixture
def found(scored):
    """The head to head of a and b, whose PSNR and SSIM are given; of the first images only, where they are fewer."""

    def make(a, b, ssim=(BASE / 40, BASE / 40), names=("a", "b"), **options):
        content = {
            name: {image: {"psnr": float(own[i]), "ssim": float(other[i])} for i, image in enumerate(SET14[: len(own)])}
            for name, own, other in zip(names, (a, b), ssim, strict=True)
        }
        folder = scored("r", content, **options)
        return compare(*(load(folder, name) for name in names))

    return make


@pytest.mark.parametrize(
    ("a", "said"),
    [
        (BASE + STEP, "a is better than b by PSNR on Set14: +0.150 dB (95%: +0.1"),
        (BASE - STEP, "a is worse than b by PSNR on Set14: -0.150 dB (95%: -0.1"),
        (BASE + STEP * np.array([1, -1] * 7), "Whether a is better than b by PSNR on Set14 is not certain: -0.00"),
        (
            BASE,
            "a and b are the same by PSNR on Set14: +0.000 dB (95%: +0.000 to +0.000, p = 1.000); of 14 images 0 won",
        ),
        (BASE[:4] + 1, "4 images are too few to tell a from b by PSNR on Set14: +1.000 dB; of 4 images 4 won, 0 lost."),
    ],
)
def test_the_sentence(found, a, said):
    result = found(a, BASE[: len(a)])
    assert versus.summary(result, result.views()[0]).startswith(said)


def test_the_sentence_tells_of_other_metrics_and_of_equal_images(found):
    a = BASE + STEP
    a[3] = BASE[3]
    result = found(a, BASE, (BASE / 40 - STEP / 100, BASE / 40))
    text = versus.summary(result, result.views()[0])
    assert text.endswith("of 14 images 13 won, 0 lost, 1 equal. Worse by SSIM.")


def test_markdown_stands_in_a_pull_request(found):
    result = found(BASE + STEP, BASE)
    lines = versus.to_markdown(result).splitlines()
    assert lines[0] == "### a against b"
    [psnr] = [line for line in lines if line.startswith("| PSNR, dB ↑ |")]
    cells = [cell.strip() for cell in psnr.strip("|").split("|")]
    assert cells[:5] == ["PSNR, dB ↑", "Set14", "30.15", "30.00", "**+0.150**"]
    assert cells[6:] == ["&lt; 0.001", "14", "14 / 0 / 0", "better"]
    assert "| won | Set14: 13 | 35.20 | 35.00 | +0.200 |" in lines
    assert "| code and weights, as one hash | hash of a | hash of b |" in lines
    table = [line.count("|") for line in lines if line.startswith("|")]
    assert set(table) <= {11, 6, 4}


def test_markdown_of_names_that_would_be_markup(found):
    names = ("a|b *<script>* [x](y)\n", "`b`")
    text = versus.to_markdown(found(BASE + STEP, BASE, names=names))
    assert "<script>" not in text
    assert r"### a\|b \*&lt;script&gt;\* \[x\](y)\\n against \`b\`" in text


def test_json_holds_all_numbers(found):
    a = BASE + STEP
    content = json.loads(versus.to_json(found(a, BASE)))
    row, same = content["rows"]
    assert (content["a"]["method"], content["b"]["method"]) == ("a", "b")
    assert (row["metric"], row["group"], row["n"], row["verdict"]) == ("psnr", "set14", 14, "better")
    assert row["difference"] == pytest.approx(STEP.mean(), rel=1e-12)
    assert (row["won"], row["lost"], row["equal"]) == (14, 0, 0)
    assert [image["image"] for image in row["images"]] == [f"{i:02d}" for i in range(13, -1, -1)]
    assert (same["verdict"], same["p"]) == ("the same", 1.0)


def test_ends_of_an_interval_that_do_not_exist_are_null_and_empty(found):
    result = found(BASE[:4] + 1, BASE[:4])
    assert math.isinf(result.pairings[0].difference.low)
    assert json.loads(versus.to_json(result))["rows"][0]["low"] is None
    assert versus.line(result.pairings[0], result).interval == ""


def test_of_clips_it_says_clips_and_prints_no_p_value(scored):
    images = [("vid4", f"{clip}/{t}") for clip in ("city", "walk") for t in range(4)]
    content = {name: {image: {"psnr": value} for image in images} for name, value in (("a", 31.0), ("b", 30.0))}
    folder = scored("r", content)
    result = compare(*(load(folder, name) for name in ("a", "b")))
    text = versus.summary(result, result.views()[0])
    assert text.startswith("8 frames of 2 clips are too few to tell a from b by PSNR on")
    assert "of 8 frames 8 won, 0 lost" in text
    [row] = [versus.line(pairing, result) for pairing in result.pairings]
    assert (row.p, row.interval, row.verdict) == ("too few clips", "", "too few clips")
    assert versus.HOW in versus.to_markdown(result)
    assert "frames flip together" in versus.HOW
    (said,) = json.loads(versus.to_json(result))["rows"]
    assert said["p"] is None
