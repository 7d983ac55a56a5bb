"""What a super-resolution method is: the contract every plugin keeps, and the card that describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from srbench.degradation.named import Bicubic, Degradation
from srbench.errors import MethodError, NotSupportedError
from srbench.foreign import fields
from srbench.foreign.contained import contained
from srbench.records import TrainingFacts
from srbench.scale import ScaleRange, ScaleSet
from srbench.weights.files import LoadAudit

Colour = Literal["any", "luma", "rgb"]
MOST_FRAMES = 64  # at once


@dataclass(frozen=True)
class Published:
    """One published number: mean over a dataset's images, under ``protocol``, and where it is printed.

    ``size`` is that of the network the number is of, in the words of :attr:`MethodCard.size` where it is the method's
    own. ``images`` are those it was trained on: names of folders joined by ' + ', such as 'T91 + BSDS200', or 'none' of
    a method that learns from none. Without them, and under another protocol, size or kind of images than the row's own,
    a report shows the difference in grey with the reason (:mod:`srbench.results.printed`). ``exact`` says that the
    number is of the very weights that run, known by their tensors: size and images then need not be stated.

    Raises:
        MethodError: a field that cannot be that, named.
    """

    dataset: str
    scale: float
    metric: str
    value: float
    source: str
    protocol: str = "classic"
    size: str = ""
    images: str = ""
    exact: bool = False

    def __post_init__(self) -> None:
        fields.require(self, "a published value", _PUBLISHED, MethodError)


_SCALE = fields.Rule(lambda value: fields.NUMBER.holds(value) and 1 <= value <= 10**6, "a number of at least 1")
_PUBLISHED = {
    **dict.fromkeys(("dataset", "metric", "protocol"), fields.NAME),
    "scale": _SCALE,
    "value": fields.NUMBER,
    **dict.fromkeys(("source", "size", "images"), fields.TEXT),
    "exact": fields.TRUTH,
}


@dataclass(frozen=True)
class Likelihood:
    """What a probabilistic method says of an image. ``bits``: -log2 p per sub-pixel of the whole batch; ``entropy``
    (N, H, W): the bits per sub-pixel that were to be expected at every pixel."""

    bits: float
    entropy: Tensor


@dataclass(frozen=True)
class MethodCard:
    """Facts about a method.

    ``colour`` says what the method is fed: 'any' (each channel is treated alone: Y under ``classic``, RGB under
    ``basicsr``), 'luma' (Y in [0, 1] of the full 0..255 scale; srbench upsamples chroma by bicubic) or 'rgb'.
    ``scales`` is None when every whole-number scale works, a tuple of those that do, or a
    :class:`srbench.method.ScaleRange` of a method that works between whole numbers, too: ``ScaleRange()`` at every
    scale of at least 1, ``ScaleRange(1, 4)`` up to x4. ``allow_partial_weights`` declares that weight files
    may lack or exceed the network's tensors. ``default`` False keeps a method that is too slow for a first try out of
    ``--methods all``; it runs when it is named. ``random`` says that what it draws depends on
    :attr:`MethodContext.seed`. ``version`` is raised when the output changes by something that no file of the method
    shows (a library, a service): scores of another version are stale, as those of other source or weight files are.

    ``frames`` are the numbers of frames that a method of several frames takes at once, such as (3, 5, 7), or 'any' of
    one that takes every number from 1 on (:meth:`Method.upscale_frames`). ``uses_shifts`` says that it wants to be told
    how the frames of a burst were moved, where that is known.

    ``size`` says how large the method is where papers print several sizes ('16 blocks, 64 channels'): only published
    values of the same ``size`` are compared with it like with like.

    What people read of the method on its page of the report, all of it optional: ``idea`` (what it does and why, in
    about five sentences), ``equation`` (a line or two of formula or pseudocode, plain text), ``differs`` (how what runs
    here differs from the paper) and ``bibtex`` (the paper's entry; LaTeX tables cite its key).

    Raises:
        MethodError: a field that cannot be that, named.
    """

    name: str
    title: str
    year: int
    family: str
    paper: str
    colour: Colour
    scales: tuple[float, ...] | ScaleRange | None = None
    url: str = ""
    published: tuple[Published, ...] = ()
    size: str = ""
    min_size: int = 1  # shortest side of an LR image that the method can take
    allow_partial_weights: bool = False
    default: bool = True
    random: bool = False
    frames: tuple[int, ...] | Literal["any"] = (1,)
    uses_shifts: bool = False
    version: int = 1
    idea: str = ""
    equation: str = ""
    differs: str = ""
    bibtex: str = ""

    def __post_init__(self) -> None:
        for name in ("scales", "published", "frames"):
            if isinstance(own := getattr(self, name), list):
                object.__setattr__(self, name, tuple(own))
        fields.require(self, f"card of {fields.shown(self.name)}", _CARD, MethodError)

    @property
    def listed_scales(self) -> tuple[float, ...]:
        """The scales that the card lists; none where it says which numbers work."""
        return self.scales if isinstance(self.scales, tuple) else ()

    @property
    def multi_frame(self) -> bool:
        """Whether it is a method of several frames, called through :meth:`Method.upscale_frames`."""
        return self.frames != (1,)

    def takes(self, frames: int) -> bool:
        """Whether the method takes that number of frames at once."""
        return frames >= 1 if self.frames == "any" else frames in self.frames

    def fed(self, working_space: Literal["luma", "rgb"]) -> Literal["luma", "rgb"]:
        """What the method is fed, where ``working_space`` is what methods that treat each channel alone are fed."""
        return working_space if self.colour == "any" else self.colour


_SCALES = fields.several(_SCALE, "None, numbers in brackets, such as (2, 4), or a ScaleRange, such as ScaleRange(1, 4)")


def _is_range(value: object) -> bool:
    return (
        isinstance(value, ScaleRange)
        and _SCALE.holds(value.low)
        and _SCALE.holds(value.high)
        and value.low <= value.high
    )


_FRAMES = fields.several(fields.whole(1, MOST_FRAMES), "")


def _are_frames(value: object) -> bool:
    return value == "any" or (
        isinstance(value, tuple) and value != () and _FRAMES.holds(value) and value == tuple(sorted(set(value)))
    )


_CARD = {
    "name": fields.Rule(
        lambda value: fields.NAME.holds(value) and value != "all", f"{fields.NAME.words}, other than 'all'"
    ),
    **dict.fromkeys(("title", "family", "paper", "url", "size", "idea", "equation", "differs"), fields.TEXT),
    "bibtex": fields.BIBTEX,
    "year": fields.whole(0, 9999),
    "colour": fields.one_of(get_args(Colour)),
    "scales": fields.Rule(
        lambda value: value is None or _is_range(value) or (value != () and _SCALES.holds(value)), _SCALES.words
    ),
    "published": fields.several(
        fields.Rule(lambda value: isinstance(value, Published), ""), "srbench.method.Published values in brackets"
    ),
    "min_size": fields.whole(1, 10**6),
    "frames": fields.Rule(
        _are_frames, f"'any', or rising whole numbers from 1 to {MOST_FRAMES} in brackets, such as (3, 5, 7)"
    ),
    **dict.fromkeys(("allow_partial_weights", "default", "random", "uses_shifts"), fields.TRUTH),
    "version": fields.whole(0, 10**9),
}


@dataclass(frozen=True)
class MethodContext:
    """What a method is told before its first image. It holds for every image until :meth:`Method.prepare` is called
    with another one."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    """Where the images are, and where the output must be."""
    seed: int = 0
    """Of everything that the method draws at random (``--seed``)."""
    degradation: Degradation = field(default_factory=Bicubic)
    """How the LR images were made, for methods that invert the operator."""


class Method:
    """Base class of all methods. A plugin sets ``card`` and implements :meth:`upscale`.

    The image contract, enforced with exceptions at every call: ``(N, C, H, W)`` float32 in [0, 1] on ``device``
    in, ``(N, C, round(scale * H), round(scale * W))`` (:func:`srbench.scale.enlarged`) floating point of the same
    device out, finite. Values outside [0, 1] are
    clipped when the image is rounded. C is 1 for luma and 3 for RGB; see :class:`MethodCard`.

    One instance serves several threads; anything kept between calls must not depend on the image.
    """

    card: ClassVar[MethodCard]
    _context = MethodContext()

    @property
    def context(self) -> MethodContext:
        """That of the last :meth:`prepare`; before it, the CPU, seed 0 and the bicubic degradation."""
        return self._context

    @property
    def device(self) -> torch.device:
        return self.context.device

    @property
    def seed(self) -> int:
        return self.context.seed

    @property
    def degradation(self) -> Degradation:
        return self.context.degradation

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        """Super-resolve a batch; see the class for shapes and ranges."""
        raise NotImplementedError(f"{type(self).__name__} does not implement upscale(lr, scale)")

    def upscale_frames(self, frames: Tensor, target: int, scale: float, shifts: Tensor | None = None) -> Tensor:
        """Super-resolve one of several frames, by default from that frame alone. A method whose card says that it takes
        several implements it (:class:`srbench.method.MultiFrameMethod`).

        Args:
            frames: (N, T, C, h, w) float32 in [0, 1]: T frames of each image of the batch, in order of time.
            target: the index of the frame that is super-resolved.
            shifts: (T, 2) double, (dy, dx) in LR pixels: what lies at (y, x) in the target frame lies at
                (y + dy, x + dx) in frame t. Row ``target`` is zero. None where they are not known, or the card does not
                ask for them.

        Returns:
            (N, C, H, W), as :meth:`upscale`.
        """
        return self.upscale(frames[:, target], scale)

    def upscale_clip(self, frames: Tensor, scale: float) -> Tensor:
        """Super-resolve all frames of a clip in their order, (T, C, h, w) to (T, C, H, W). Optional: recurrent methods,
        which carry something from frame to frame, implement it."""
        raise NotImplementedError(f"{type(self).__name__} is not recurrent")

    @property
    def is_recurrent(self) -> bool:
        """Whether it implements :meth:`upscale_clip`."""
        return type(self).upscale_clip is not Method.upscale_clip

    def refines(self, scale: float) -> bool:
        """Whether it can start from an image that something else has enlarged by ``scale``, as the last parts of
        cascades do (:mod:`srbench.method.cascade`)."""
        return False

    def refine(self, image: Tensor, scale: float) -> Tensor:
        """Images (N, C, H, W) on the 0..1 scale that something else has enlarged by ``scale``, not clipped, to better
        ones of the same size. Only methods that :meth:`refines` implement it."""
        raise NotImplementedError(f"{type(self).__name__} does not implement refine(image, scale)")

    def bits(self, lr: Tensor, hr: Tensor, scale: float) -> Likelihood:
        """How likely the method holds ``hr`` (N, C, round(scale * H), round(scale * W)) given ``lr`` (N, C, H, W), both
        in [0, 1].

        Only probabilistic methods implement it; the metric ``bits`` is measured of those.
        """
        raise NotImplementedError(f"{type(self).__name__} has no likelihood")

    @property
    def has_likelihood(self) -> bool:
        return type(self).bits is not Method.bits

    def prepare(self, scale: float, context: MethodContext) -> None:
        """Load whatever ``scale`` needs. Called once per scale before any image, through :func:`prepare`.

        An override begins with ``super().prepare(scale, context)``, which keeps the context.
        """
        self._context = context

    def in_precision(self, dtype: torch.dtype) -> Method | None:
        """This method with its network's weights and input cast to ``dtype``, as a method that shares no network with
        this one; None where it has no network that works in another type. Its output is float32 as ever."""
        return None

    def load_audits(self) -> list[LoadAudit]:
        """What happened when weights were loaded, one entry per file loaded so far."""
        return []

    @property
    def chosen_state(self) -> str:
        """The state of its weight files that was asked for; empty where the usual one is taken."""
        return ""

    @property
    def configuration(self) -> str:
        """What decides the output beside source and weight files, as a text that enters the method's identity."""
        return ""

    def weight_files(self) -> list[Path]:
        """Files that decide the output beside the plugin's source; their hashes enter the method's identity."""
        return []

    @property
    def aims_at_pixels(self) -> bool:
        """Whether it does not give up PSNR for what people see."""
        return True

    def training_facts(self) -> dict[float, TrainingFacts]:
        """How the weights were trained, by scale, for the manifest of a run; empty where nothing is known of it."""
        return {}

    def supports(self, scale: float) -> bool:
        if self.card.scales is None:
            return scale >= 1 and scale == int(scale)
        return scale >= 1 and scale in self.card.scales

    def require_scale(self, scale: float) -> None:
        """Raise NotSupportedError, naming the scales that are, unless ``scale`` is supported."""
        if not self.supports(scale):
            raise NotSupportedError(
                f"{self.card.name} does not support x{scale}", f"it supports {supported(self.card)}"
            )


def supported(card: MethodCard) -> str:
    """The scales of a card in words: 'x2, x3, x4', 'x1 to x4', 'whole numbers'."""
    if card.scales is None:
        return "whole numbers"
    return str(ScaleSet.of(card.scales) if isinstance(card.scales, tuple) else card.scales)


def as_batch(planes: Tensor, device: torch.device) -> Tensor:
    """An image (C, H, W) of the 0..255 scale, uint8 or floating, as methods take it: (1, C, H, W) float32 in [0, 1]."""
    return (planes / 255).to(torch.float32)[None].to(device)


def prepare(method: Method, scale: float, context: MethodContext) -> None:
    """Let a method load what ``scale`` needs.

    Raises:
        MethodError: the method raised anything, or did not keep the context, so it would compute on another device,
            or with another seed or degradation, than it was told.
    """
    with contained():
        method.prepare(scale, context)
    if method.context is not context:
        raise MethodError(
            f"prepare() of {method.card.name} does not keep its context",
            "begin it with super().prepare(scale, context)",
        )
