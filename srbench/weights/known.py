"""Published weight files of metrics, with their hashes as the places that publish them print them."""

from __future__ import annotations

from srbench.weights.pinned import PinnedFile

_WEIGHTS = "https://huggingface.co/chaofengc/IQA-PyTorch-Weights/resolve/main"

DISTS = PinnedFile(
    "DISTS_weights-f5e65c96.pth",
    "f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
    f"{_WEIGHTS}/DISTS_weights-f5e65c96.pth",
)
