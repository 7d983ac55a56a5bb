"""A metric of a user's own, lower is better."""

from srbench.metrics import Metric


def mean_error(pair):
    return float((pair.sr_luma - pair.hr_luma).abs().mean())


MEAN_ERROR = Metric(
    name="mean-error",
    title="Mean absolute error on Y",
    version=1,
    higher_is_better=False,
    unit="grey levels",
    bounds=(0, 255),
    digits=2,
    needs=("sr_luma", "hr_luma"),
    compute=mean_error,
)
