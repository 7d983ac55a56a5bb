"""How many bits a probabilistic method needs to tell the HR image, once it has seen the LR image."""

from __future__ import annotations

from srbench.metrics.base import Comparison, Metric


def bits(pair: Comparison) -> float:
    """-log2 p(HR | LR) per sub-pixel, of the whole image as the method is fed it (RGB or Y); nothing is shaved.

    8 bits is what a uniform guess costs. It says nothing of the SR image: methods that share a network share it.
    """
    assert pair.likelihood is not None
    return pair.likelihood()


METRIC = Metric(
    name="bits",
    title="Bits per sub-pixel",
    version=1,
    higher_is_better=False,
    unit="bits",
    bounds=(0.0, float("inf")),
    digits=3,
    needs=("likelihood",),
    compute=bits,
    source="srbench",
    footnote="-log2 p(HR | LR) per sub-pixel, of probabilistic methods",
)
