"""What a method's shipped weights reach, from the cards beside them."""

from __future__ import annotations

from srbench.method.base import Method, MethodCard
from srbench.training.method import REFERENCE, TrainedMethod


def shipped(method: Method) -> list[str]:
    """One text per scale with weights, such as 'x4: 26.76 dB on bsd100 (-0.06)'; [] if there are none.

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
        texts.append(text)
    return texts


def published_psnr(card: MethodCard, scale: int, dataset: str = REFERENCE) -> float | None:
    """The published PSNR under the classic protocol, or None."""
    values = [
        p.value
        for p in card.published
        if (p.dataset, p.scale, p.metric, p.protocol) == (dataset, scale, "psnr", "classic")
    ]
    return values[0] if values else None
