"""The gate: do the stored results hold the thresholds of a TOML file? (docs/ci.md)

``thresholds`` reads the file, ``baseline`` writes one from measured results, ``evidence`` gathers what the results
folder says, ``judging`` and ``latency`` hold one against the other, ``formats`` writes the verdicts for CI servers.
"""

from srbench.gate.baseline import Recording, write
from srbench.gate.evidence import collect
from srbench.gate.judging import check
from srbench.gate.thresholds import Threshold, ThresholdsFile, read
from srbench.gate.verdict import Verdict

__all__ = ["Recording", "Threshold", "ThresholdsFile", "Verdict", "check", "collect", "read", "write"]
