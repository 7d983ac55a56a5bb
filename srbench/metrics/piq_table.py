"""The metrics of piq that need no weights, by the names that pyiqa has for them; nothing is imported."""

from __future__ import annotations

from dataclasses import dataclass

HINT = "get it with: pip install 'srbench[piq]'"


@dataclass(frozen=True)
class PiqMetric:
    """``function`` of piq, what it is called, and the smallest side that its windows and levels leave something of."""

    function: str
    title: str
    higher_is_better: bool = True
    min_size: int = 1


TABLE = {
    "psnr": PiqMetric("psnr", "PSNR"),
    "ssim": PiqMetric("ssim", "SSIM", min_size=11),
    "ms_ssim": PiqMetric("multi_scale_ssim", "MS-SSIM", min_size=161),
    "iw_ssim": PiqMetric("information_weighted_ssim", "IW-SSIM", min_size=161),
    "vif": PiqMetric("vif_p", "VIF", min_size=41),
    "fsim": PiqMetric("fsim", "FSIM"),
    "sr_sim": PiqMetric("srsim", "SR-SIM"),
    "gmsd": PiqMetric("gmsd", "GMSD", higher_is_better=False),
    "ms_gmsd": PiqMetric("multi_scale_gmsd", "MS-GMSD", higher_is_better=False),
    "vsi": PiqMetric("vsi", "VSI"),
    "dss": PiqMetric("dss", "DSS", min_size=8),
    "haarpsi": PiqMetric("haarpsi", "HaarPSI"),
    "mdsi": PiqMetric("mdsi", "MDSI", higher_is_better=False),
}


def names() -> list[str]:
    """What can follow ``piq:``, whether piq is installed or not."""
    return list(TABLE)
