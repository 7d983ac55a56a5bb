"""JUnit, Markdown and annotations as CI servers read them."""

import re
from xml.etree import ElementTree

import pytest

from srbench.gate import Threshold, Verdict
from srbench.gate.formats import github, junit, markdown


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


def test_names_that_xml_cannot_hold_are_replaced():
    text = junit([verdict(method="a\x00<b>&\x1b[1m", reason="\ud800 \x08")])
    case = ElementTree.fromstring(text)[0][0]
    assert case.get("classname").startswith("a\ufffd<b>&\ufffd[1m.")


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
    assert lines[3].endswith("50%25%0Aless")


@pytest.mark.parametrize(("allowed", "level"), [(False, "::error"), (True, "::warning")])
def test_what_is_inconclusive_and_allowed_is_a_warning(tmp_path, allowed, level):
    text = github([verdict("inconclusive")], tmp_path / "t.toml", allow_inconclusive=allowed)
    assert text.startswith(level)
