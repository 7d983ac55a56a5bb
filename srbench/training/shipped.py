"""What a method's shipped weights reach, from the cards beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srbench.method.base import Method, MethodCard
from srbench.training.method import REFERENCE, TrainedMethod


def shipped(method: Method) -> list[str]:
    """One text per scale with weights, such as 'x4: 26.76 dB on bsd100 (-0.06), under-trained'; [] if there are none.

    The number in brackets is the distance to the published value. Of weights that were trained for another method only
    that method is said.
    """
    if not isinstance(method, TrainedMethod):
        return []
    texts = []
    for scale in method.card.scales or ():
        card = method.training_card(scale)
        if card is None:
            continue
        if card.get("method") != method.card.name:  # another method's weights, and so are the values in their card
            texts.append(f"x{scale}: the weights of {card.get('method')}")
            continue
        value = card.get("test_psnr", {}).get(f"{REFERENCE} x{scale}")
        text = f"x{scale}"
        if value is not None:
            goal = published_psnr(method.card, scale)
            gap = "" if goal is None else f" ({value - goal:+.2f})"
            text += f": {value:.2f} dB on {REFERENCE}{gap}"
        texts.append(text + (", under-trained" if card.get("under_trained") else ""))
    return texts


def published_psnr(card: MethodCard, scale: int, dataset: str = REFERENCE) -> float | None:
    """The published PSNR under the classic protocol, or None."""
    values = [
        p.value
        for p in card.published
        if (p.dataset, p.scale, p.metric, p.protocol) == (dataset, scale, "psnr", "classic")
    ]
    return values[0] if values else None


def trailing(cards: Mapping[str, MethodCard], measured: Mapping[str, float], scale: int) -> dict[str, list[str]]:
    """Which methods fall behind methods that they beat in the literature.

    Args:
        cards: by method; those that do not aim at pixels (:attr:`srbench.method.base.Method.aims_at_pixels`) are best
            left out.
        measured: mean PSNR on BSD100 by method.

    Returns:
        for every method the worse ones (in print) that it does not beat here; an empty list is as it should be.
    """
    goals: dict[str, Any] = {name: published_psnr(cards[name], scale) for name in measured}
    known = [name for name in measured if goals[name] is not None]
    return {
        name: sorted(other for other in known if goals[other] < goals[name] and measured[other] >= measured[name])
        for name in known
    }
