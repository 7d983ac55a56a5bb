"""Does a clip change as much as the original does, to the eye? tLP: LPIPS between consecutive SR frames against LPIPS
between consecutive HR frames (Chu et al., TecoGAN, ACM TOG 2020)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from srbench.metrics.base import Comparison, Metric
from srbench.metrics.lpips import ALEX, LPIPS
from srbench.metrics.temporal import MIN_SIZE, frame_before, inner

_NAME = "t-lp"


def t_lp(pair: Comparison) -> float:
    """100 |LPIPS(SR before, SR) - LPIPS(HR before, HR)| with the AlexNet, over the inner part of the frames."""
    before = frame_before(pair)
    network = ALEX.network(pair.sr_rgb.device)
    with torch.inference_mode():

        def described(own: Comparison) -> Sequence[Tensor]:  # of each SR frame once: it is the next one's frame before
            return own.once(f"{_NAME} of SR", lambda: network.describe(inner(own.sr_rgb)))

        def of_originals() -> float:
            return float(network.distance(*(network.describe(inner(own.hr_rgb)) for own in (before, pair))))

        wanted = pair.of_both_hr(_NAME, of_originals)
        return 100 * abs(float(network.distance(described(before), described(pair))) - wanted)


T_LP = Metric(
    name=_NAME,
    title="tLP (AlexNet)",
    version=1,
    higher_is_better=False,
    unit="",
    bounds=(0.0, float("inf")),
    digits=3,
    needs=("sr_rgb", "hr_rgb", "previous"),
    compute=t_lp,
    min_size=max(MIN_SIZE, LPIPS.min_size),
    prepare=LPIPS.prepare,
    files=LPIPS.files,
    footnote="100 times the difference of LPIPS over consecutive frames, a clip's first has none",
    source="Chu et al. (TecoGAN), ACM TOG 2020",
)
