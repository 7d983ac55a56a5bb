"""Methods one after another as one method, ``espcn@2 > espcn@2``: each takes the image that the one before it made.

Any methods can be parts, and the scales multiply. A part is fed as it is fed alone: its input is clipped to [0, 1] and
has the colour on its card. Where one part needs RGB the whole is fed RGB; a luma part then works on Y, and Cb and Cr
are enlarged by bicubic. At x1 a part refines: an ordinary method that supports x1, or one that enlarges by
interpolation first (:meth:`srbench.method.base.Method.refine`), which starts from the image that it is given, with its
weights for the scale by which that was enlarged so far. So ``bicubic@4 > vdsr@1`` is vdsr.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from srbench.errors import MethodError, NotSupportedError, OutputError
from srbench.imaging.color import rgb_to_ycbcr, ycbcr_to_rgb
from srbench.imaging.resize import enlarge
from srbench.method import series
from srbench.method.base import Colour, Method, MethodCard, MethodContext, prepare, supported
from srbench.records import TrainingFacts
from srbench.scale import enlarged_size
from srbench.weights.files import LoadAudit

if TYPE_CHECKING:
    from srbench.method.naming import Spec
    from srbench.method.plugins import Plugin

VERSION = 1
"""Raised when what happens between two parts changes: cascades of before are then other methods."""


@dataclass(frozen=True)
class Part:
    """One method of a cascade, at work.

    Args:
        scale: by which it enlarges.
        before: by which those before it enlarge.
    """

    plugin: Plugin
    method: Method
    scale: int
    before: int

    @property
    def refines(self) -> bool:
        """Whether it starts from its input as from an image that is enlarged already."""
        return self.scale == 1 and self.before > 1 and self.method.refines(self.before)

    @property
    def asked(self) -> int:
        """The scale that it is prepared for and asked at."""
        return self.before if self.refines else self.scale

    def __str__(self) -> str:
        return f"{self.plugin.name}{series.AT}{self.scale}"

    def share(self, scale: float) -> float:
        """How many pixels its image has for each of the whole's, which is enlarged by ``scale``."""
        return (self.before * self.scale / scale) ** 2

    def require_scale(self) -> None:
        """Raise NotSupportedError unless it does this."""
        if not self.method.card.takes(1):
            raise NotSupportedError(
                f"{self.plugin.name} takes several frames at once, and in a cascade it gets one image",
                "name it alone, for clips or bursts",
            )
        if self.scale > 1 or self.refines or self.method.supports(1):
            self.method.require_scale(self.asked)
        elif getattr(self.method, "takes_enlarged", False) and self.before > 1:
            self.method.require_scale(self.before)  # it has no weights for that
        else:
            raise NotSupportedError(
                f"{self.plugin.name} does not refine an image (x1)",
                "methods that enlarge by interpolation first do, such as vdsr",
            )


class Cascade(Method):
    """Of a class that :func:`method_of` makes."""

    specs: ClassVar[tuple[tuple[Plugin, int], ...]]
    make: ClassVar[Callable[[Plugin], Method]]

    def __init__(self) -> None:
        super().__init__()
        made: dict[str, Method] = {}
        parts, before = [], 1
        for plugin, scale in self.specs:
            key = f"{plugin.origin} {plugin.name}"
            made[key] = made.get(key) or type(self).make(plugin)
            parts.append(Part(plugin, made[key], scale, before))
            before *= scale
        self.parts: Sequence[Part] = tuple(parts)

    @property
    def methods(self) -> list[Method]:
        """Those of the parts, each once."""
        return list({id(part.method): part.method for part in self.parts}.values())

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        image = lr
        for part in self.parts:
            image = self._through(part, image)
        return image

    def _through(self, part: Part, image: Tensor) -> Tensor:
        """The image (N, C, H, W) that a part makes of one, on the 0..1 scale."""
        if image.shape[1] == 1 or part.method.card.fed("rgb") == "rgb":
            return self._asked(part, image)
        ycbcr = rgb_to_ycbcr(image * 255)
        sr = self._asked(part, (ycbcr[:, :1] / 255).to(torch.float32))
        planes = [sr.to(torch.float64) * 255, enlarge(ycbcr[:, 1:], part.scale)]
        return (ycbcr_to_rgb(torch.cat(planes, dim=1)) / 255).to(torch.float32)

    def _asked(self, part: Part, image: Tensor) -> Tensor:
        method = part.method
        result = method.refine(image, part.before) if part.refines else method.upscale(image.clamp(0, 1), part.scale)
        expected = (*image.shape[:2], *enlarged_size(image.shape[-2:], part.scale))
        if not isinstance(result, Tensor) or not result.is_floating_point() or tuple(result.shape) != expected:
            made = f"{result.dtype} {tuple(result.shape)}" if isinstance(result, Tensor) else type(result).__name__
            raise OutputError(
                f"{part} in {self.card.name} returned {made} instead of floating-point {expected}",
                "see docs/plugins.md",
            )
        return result.to(torch.float32)

    def prepare(self, scale: float, context: MethodContext) -> None:
        super().prepare(scale, context)
        for part in self.parts:
            prepare(part.method, part.asked, context)

    def supports(self, scale: float) -> bool:
        try:
            self.require_scale(scale)
        except NotSupportedError:
            return False
        return True

    def require_scale(self, scale: float) -> None:
        if not super().supports(scale):
            raise NotSupportedError(
                f"{self.card.name} does not support x{scale}", f"it supports {supported(self.card)}"
            )
        for part in self.parts:
            try:
                part.require_scale()
            except NotSupportedError as error:
                raise NotSupportedError(f"{part} in {self.card.name}: {error.message}", error.hint) from error

    def in_precision(self, dtype: torch.dtype) -> Cascade | None:
        cast = {id(method): method.in_precision(dtype) for method in self.methods}
        if not any(cast.values()):
            return None
        own = copy.copy(self)
        own.parts = tuple(replace(part, method=cast[id(part.method)] or part.method) for part in self.parts)
        return own

    def load_audits(self) -> list[LoadAudit]:
        return [audit for method in self.methods for audit in method.load_audits()]

    def weight_files(self) -> list[Path]:
        return list(dict.fromkeys(path for method in self.methods for path in method.weight_files()))

    @property
    def aims_at_pixels(self) -> bool:
        return all(method.aims_at_pixels for method in self.methods)

    def training_facts(self) -> dict[float, TrainingFacts]:
        """Of all trainings together, where each part with weights has its own; no curve, for each has another."""
        asked = {(id(part.method), part.asked): part for part in self.parts}
        known = {key: part.method.training_facts().get(part.asked) for key, part in asked.items()}
        if any(facts is None and asked[key].method.weight_files() for key, facts in known.items()):
            return {}
        found = [facts for facts in known.values() if facts is not None]
        return {self.parts[-1].before * self.parts[-1].scale: _together(found)} if found else {}

    def identity(self, of_part: Callable[[Plugin, Method], str]) -> str:
        """16 hex digits over the parts' identities and scales, in their order."""
        known = {id(part.method): of_part(part.plugin, part.method) for part in self.parts}
        text = ", ".join(f"{known[id(part.method)]}{series.AT}{part.scale}" for part in self.parts)
        return hashlib.sha256(f"cascade {VERSION}: {text}".encode()).hexdigest()[:16]


def named(spec: Spec, find: Callable[[str], Sequence[Plugin]], make: Callable[[Plugin], Method]) -> type[Cascade]:
    """The class of the cascade that ``spec`` names; ``find`` and ``make`` are those of
    :mod:`srbench.method.plugins`.

    Raises:
        MethodError: a part is a file that defines several methods; what ``find`` raises.
    """
    parts = []
    for part, scale in spec.parts:
        found = find(part.absolute)
        if len(found) != 1:
            one = f"{part.text}:{found[0].name}{series.AT}{scale}"
            raise MethodError(
                f"'{part.text}' in '{spec.text}' defines {len(found)} methods", f"name one, such as {one}"
            )
        parts.append((found[0], scale))
    return method_of(parts, make)


def plugins_of(plugin: Plugin) -> Sequence[Plugin]:
    """Those of a cascade's parts; of any other, itself."""
    value = plugin.load()
    return [part for part, _ in value.specs] if issubclass(value, Cascade) else [plugin]


def method_of(parts: Sequence[tuple[Plugin, int]], make: Callable[[Plugin], Method]) -> type[Cascade]:
    """The class of a cascade of methods, each with its scale; ``make`` makes the method of a plugin."""
    card = _card([(plugin.load().card, scale) for plugin, scale in parts], [plugin.name for plugin, _ in parts])
    return type("Cascade", (Cascade,), {"card": card, "specs": tuple(parts), "make": staticmethod(make)})


def working(method: Method) -> Sequence[Method]:
    """The methods that compute for ``method``, which has no wrapper around it: those of the parts, or itself."""
    return method.methods if isinstance(method, Cascade) else (method,)


def _card(parts: Sequence[tuple[MethodCard, int]], names: Sequence[str]) -> MethodCard:
    cards = [card for card, _ in parts]
    smallest, before = 1, 1
    for card, scale in parts:
        smallest = max(smallest, -(-card.min_size // before))
        before *= scale
    asked = [series.Part(own, scale) for own, (_, scale) in zip(names, parts, strict=True)]
    name = series.written(asked)
    return MethodCard(
        name=name,
        title=name,
        year=max(card.year for card in cards),
        family="cascade",
        paper="; ".join(dict.fromkeys(card.paper for card in cards)),
        colour=_colour(cards),
        scales=(before,),
        min_size=smallest,
        random=any(card.random for card in cards),
        idea="Methods one after another: each enlarges what the one before it made, clipped to black and white, and "
        "was trained without knowing of the others. At x1 a method that enlarges by interpolation first refines the "
        "image that it is given in place of the interpolated one.",
        equation=f"y = {' '.join(f'{part.method}_x{part.scale}' for part in reversed(asked))} x",
    )


def _colour(cards: Sequence[MethodCard]) -> Colour:
    """What the whole is fed: RGB where a part needs that, else Y where a part does."""
    colours = {card.colour for card in cards}
    return "rgb" if "rgb" in colours else "luma" if "luma" in colours else "any"


def _together(facts: Sequence[TrainingFacts]) -> TrainingFacts:
    images: dict[str, int] = {}
    for own in facts:
        for folder, count in own.images.items():
            images[folder] = max(count, images.get(folder, 0))
    return TrainingFacts(
        parameters=sum(own.parameters for own in facts),
        steps=sum(own.steps for own in facts),
        wall_seconds=sum(own.wall_seconds for own in facts),
        device="; ".join(dict.fromkeys(own.device for own in facts)),
        images=images,
        started_from="; ".join(dict.fromkeys(own.started_from for own in facts if own.started_from)),
        content_features=tuple(dict.fromkeys(name for own in facts for name in own.content_features)),
    )
