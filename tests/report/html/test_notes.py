"""What the page says of the metrics."""

import pytest

from srbench.report.html import notes
from srbench.results.facts import MetricFacts


@pytest.mark.parametrize(
    ("footnote", "told"),
    [
        (
            "over frames, a clip's first has none",
            "tOF. Over frames, a clip's first has none. Lower is better; version 1.",
        ),
        ("Of Y alone.", "tOF. Of Y alone. Lower is better; version 1."),
        ("", "tOF. Lower is better; version 1."),
    ],
)
def test_a_metric_is_told_in_sentences(footnote, told):
    facts = MetricFacts("t-of", "tOF", higher_is_better=False, footnote=footnote, version=1)
    assert notes._metric(facts) == told
