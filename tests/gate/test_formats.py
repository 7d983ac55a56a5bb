"""JUnit, Markdown and annotations as CI servers read them."""

import re
from xml.etree import ElementTree

import pytest

from srbench.gate import Threshold, Verdict
from srbench.gate.formats import github, junit, markdown, tally


def verdict(outcome="fail", method="srcnn", metric="psnr", line=7, **more):
    reason = {"fail": "below 30", "inconclusive": "too noisy", "pass": ""}[outcome]
    threshold = Threshold(method, "set5", 4, metric, value=30.2, margin=0.02, line=line)
    values = {"measured": 29.5, "limit": "≥ 30", "reason": reason, "protocol": "basicsr"} | more
    return Verdict(threshold, method, "set5", 4, outcome, **values)


ALL = [verdict("pass", "bicubic"), verdict("fail"), verdict("fail", reason="image | 'baby'"), verdict("inconclusive")]


def test_junit_has_one_case_per_method_dataset_and_metric():
    root = ElementTree.fromstring(junit([*ALL, verdict("inconclusive", metric="latency")]))
    (suite,) = root
    cases = {(case.get("classname"), case.get("name")): [child.tag for child in case] for case in suite}
    assert cases == {
        ("bicubic.set5 x4 basicsr bicubic", "psnr"): [],
        ("srcnn.set5 x4 basicsr bicubic", "psnr"): ["failure"],
        ("srcnn.set5 x4", "latency"): ["error"],
    }
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3", "failures": "1", "errors": "1", "skipped": "0",
    }  # fmt: skip
    assert "below 30; image | 'baby'" in suite[1][0].get("message")
    allowed = ElementTree.fromstring(junit([verdict("inconclusive")], allow_inconclusive=True))
    assert [child.tag for child in allowed[0][0]] == ["skipped"]


# What a name may hold, and how every format shows it.
ODD = {
    "a\x1b[31mb": r"a\x1b[31mb",
    "two\nlines": r"two\nlines",
    "back\r": r"back\r",
    "\x00\x08\x7f": r"\x00\x08\x7f",
    "\u202egnp": r"\u202egnp",
    "raw\udcff": r"raw\udcff",
    "\x9b2J": r"\x9b2J",
    "n\u2028l": r"n\u2028l",
    "\ufffe": r"\ufffe",
}


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_characters_that_cannot_be_seen_are_shown_escaped(name, tmp_path):
    shown = ODD[name]
    odd = [verdict(method=name, reason=f"image '{name}' at 12")]
    xml = junit(odd)
    xml.encode()
    case = ElementTree.fromstring(xml)[0][0]
    assert case.get("classname").startswith(f"{shown}.set5")
    assert case[0].get("message") == f"image '{shown}' at 12"
    assert case[0].text.startswith(f"{shown} set5 x4 psnr")
    annotation = github(odd, tmp_path / "t.toml")
    assert annotation.count("\n") == 1
    assert f"title={shown} set5" in annotation
    assert f"image '{shown}' at 12\n" in annotation
    rows = [line for line in markdown(odd).splitlines() if line.startswith("| ")]
    assert all(shown.replace("\\", "\\\\") in row for row in rows[-1:])


def test_one_threshold_is_no_plural():
    assert tally([verdict("pass")]) == "1 of 1 threshold holds, 0 does not"
    assert tally(ALL[:2]) == "1 of 2 thresholds hold, 1 do not"


def test_the_summary_has_a_row_per_verdict_with_the_difference_to_the_baseline():
    text = markdown(ALL)
    assert text.startswith("## srbench: 1 of 4 thresholds hold, 2 do not, 1 inconclusive\n")
    above, _, below = text.partition("<details>")
    assert above.count("❌") == 2
    assert below.count("\n| ✅") == 1
    assert "-0.7000" in above
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {9}  # a bar in a reason makes no column


def test_annotations_point_at_the_line_of_the_threshold(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    text = github([*ALL, verdict(reason="50%\nless", line=0)], tmp_path / "ci" / "t.toml")
    lines = text.splitlines()
    assert lines[0] == (
        "::error file=ci/t.toml,line=7,title=srcnn set5 x4 psnr (basicsr%2C bicubic)"
        "::srcnn set5 x4 psnr (basicsr, bicubic): below 30"
    )
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 4
    assert "line=1," in lines[3]
    assert lines[3].endswith(r"50%25\nless")


@pytest.mark.parametrize(("allowed", "level"), [(False, "::error"), (True, "::warning")])
def test_what_is_inconclusive_and_allowed_is_a_warning(tmp_path, allowed, level):
    text = github([verdict("inconclusive")], tmp_path / "t.toml", allow_inconclusive=allowed)
    assert text.startswith(level)
