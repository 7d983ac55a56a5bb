"""What a method's shipped weights reach, from the cards beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srbench.method.base import Method, MethodCard
from srbench.results.printed import unlike
from srbench.training.method import REFERENCE, TrainedMethod

PROTOCOL = "classic"  # under which the trainer measures


def shipped(method: Method) -> list[str]:
    """One text per scale with weights, such as 'x4: 26.76 dB on bsd100 (-0.06) in 9 min and 2,400 steps'; [] if there
    are none.

    The number in brackets is the distance to the published value, where that is like with like
    (:mod:`srbench.results.printed`). Minutes and steps are those of the last run, with a '>' where it went on from
    other weights. Of weights that were trained for another method only that method is said.
    """
    if not isinstance(method, TrainedMethod):
        return []
    texts = []
    for scale in method.trained_scales():
        card = method.training_card(scale)
        if card is None:
            continue
        if card.get("method") != method.card.name:  # another method's weights, and so are the values in their card
            texts.append(f"x{scale}: the weights of {card.get('method')}")
            continue
        value = card.get("test_psnr", {}).get(f"{REFERENCE} x{scale}")
        parts = []
        if value is not None:
            goal = published_psnr(method.card, scale, card.get("images", {}))
            parts.append(f"{value:.2f} dB on {REFERENCE}" + ("" if goal is None else f" ({value - goal:+.2f})"))
        if length := _length(card):
            parts.append(length)
        texts.append(f"x{scale}" + (f": {' in '.join(parts)}" if parts else ""))
    return texts


def published_psnr(card: MethodCard, scale: float, images: Mapping[str, int], dataset: str = REFERENCE) -> float | None:
    """The published PSNR that is like with like with weights trained on ``images``, or None."""
    for value in card.published:
        if (value.dataset, value.scale, value.metric) == (dataset, scale, "psnr") and not unlike(
            value, size=card.size, images=tuple(images), protocol=PROTOCOL
        ):
            return value.value
    return None


def _length(card: Mapping[str, Any]) -> str:
    minutes, steps = card.get("wall_seconds", 0) / 60, card.get("steps", 0)
    further = "> " if card.get("started_from", "") not in ("", "random weights") else ""
    parts = [f"{further}{minutes:.0f} min"] if minutes >= 0.5 else []
    return " and ".join([*parts, f"{steps:,} steps"] if steps else parts)
