"""Published weight files of metrics, with their hashes as the places that publish them print them."""

from __future__ import annotations

from srbench.weights.pinned import PinnedFile

_WEIGHTS = "https://huggingface.co/chaofengc/IQA-PyTorch-Weights/resolve/main"

DISTS = PinnedFile(
    "DISTS_weights-f5e65c96.pth",
    "f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
    f"{_WEIGHTS}/DISTS_weights-f5e65c96.pth",
)
# Of the first no place prints more digits, of the second none.
NIQE = PinnedFile("niqe_modelparameters.mat", "fa2aa4d12dd9595c", f"{_WEIGHTS}/niqe_modelparameters.mat")
NRQM = PinnedFile("NRQM_model.mat", "", f"{_WEIGHTS}/NRQM_model.mat")
MUSIQ_KONIQ = PinnedFile(
    "musiq_koniq_ckpt-e95806b9.pth",
    "e95806b9eae5f3814c410f574ba8e552362bd5bc63d758ed5b97860f5d6185aa",
    f"{_WEIGHTS}/musiq_koniq_ckpt-e95806b9.pth",
)
MANIQA_KONIQ = PinnedFile(
    "ckpt_koniq10k.pt",
    "a207f8ab57322e6be38ff5c8d019301dc032b454bef21c3c9f9dbf7974eebff6",
    f"{_WEIGHTS}/ckpt_koniq10k.pt",
)
MANIQA_PIPAL = PinnedFile(
    "MANIQA_PIPAL-ae6d356b.pth",
    "ae6d356bcd583ae3c1ca81d84817cf96d662073896c7e40fceddb305ddc2f155",
    f"{_WEIGHTS}/MANIQA_PIPAL-ae6d356b.pth",
)
_RN50 = "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"
CLIP_RN50 = PinnedFile("RN50.pt", _RN50, f"https://openaipublic.azureedge.net/clip/models/{_RN50}/RN50.pt")
ALL = (DISTS, NIQE, NRQM, MUSIQ_KONIQ, MANIQA_KONIQ, MANIQA_PIPAL, CLIP_RN50)
