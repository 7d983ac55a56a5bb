"""What a metric is, what it is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from srbench.errors import SrbenchError
from srbench.foreign import fields

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from srbench.degradation.named import Degradation
    from srbench.protocol.base import Protocol as Rules

Need = Literal["sr_luma", "hr_luma", "sr_rgb", "hr_rgb", "lr", "degradation", "likelihood", "previous"]
NEEDS: tuple[Need, ...] = ("sr_luma", "hr_luma", "sr_rgb", "hr_rgb", "lr", "degradation", "likelihood", "previous")
_T = TypeVar("_T")


class Reference(Protocol):
    """What all SR images of one HR image are compared with. One object per HR image, scale and protocol, so a
    metric may keep what it made of it. Tensors are on the 0..255 scale."""

    scale: float
    hr: Tensor  # (1 or 3, H, W) uint8
    protocol: Rules
    degradation: Degradation

    @property
    def lr_luma(self) -> Tensor:
        """(h, w) double."""
        ...

    @property
    def lr_rgb(self) -> Tensor:
        """(3, h, w) double."""
        ...

    def luma_of(self, sr: Tensor) -> Tensor:
        """(H, W) double: Y of an SR image (1 or 3, H, W) as the protocol has it, nothing shaved."""
        ...

    def filtered_hr(self, key: str, window: Callable[[Tensor], Tensor], device: torch.device) -> Tensor:
        """What :meth:`Comparison.hr_window` asks for."""
        ...

    def beside(self, previous: Reference, key: str, make: Callable[[], _T]) -> _T:
        """What :meth:`Comparison.of_both_hr` asks for."""
        ...


@dataclass(frozen=True)
class Comparison:
    """One SR image beside its HR image, as a protocol prepared them.

    ``sr_luma`` and ``hr_luma`` are (H, W) double on the 0..255 scale with the border shaved; under a protocol that
    measures all channels (3, H, W) RGB, which only metrics of planes (PSNR, SSIM) take. All else is made when a metric
    first asks for it.
    """

    sr_luma: Tensor
    hr_luma: Tensor
    sr: Tensor | None = None  # (1 or 3, H, W), whole numbers in 0..255, nothing shaved
    reference: Reference | None = None
    likelihood: Callable[[], float] | None = (
        None  # bits per sub-pixel of the HR image, of methods that have a likelihood
    )
    previous: Comparison | None = None  # of the frame before, by the same method; None of a still, and of a first frame
    _made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def sr_rgb(self) -> Tensor:
        """(3, H, W) uint8, whole; a grey image has three equal channels."""
        assert self.sr is not None
        return self.sr.byte().expand(3, -1, -1)

    @cached_property
    def hr_rgb(self) -> Tensor:
        """(3, H, W) uint8, whole, on the device of the SR image."""
        assert self.sr is not None
        return self.source.hr.expand(3, -1, -1).to(self.sr.device)

    @property
    def source(self) -> Reference:
        """The HR image with its LR image and degradation."""
        assert self.reference is not None
        return self.reference

    def hr_window(self, key: str, window: Callable[[Tensor], Tensor]) -> Tensor:
        """``window(hr_luma)``, made once for all SR images of an HR image, at every scale.

        Args:
            window: a filter of windows of n x n pixels, (H, W) to (H - n + 1, W - n + 1), that ``key`` names.
        """
        if self.reference is None:
            return window(self.hr_luma)
        return self.reference.filtered_hr(key, window, self.hr_luma.device)

    def of_both_hr(self, key: str, make: Callable[[], _T]) -> _T:
        """What ``make`` makes of the HR image and that of the frame before, made once for all SR images of the two."""
        assert self.previous is not None
        if self.reference is None or self.previous.reference is None:
            return make()
        device = self.hr_luma.device
        return self.reference.beside(self.previous.reference, f"{key} on {device}", make)

    def once(self, key: str, make: Callable[[], _T]) -> _T:
        """What ``make`` returns, made once for this pair: two metrics that build on a third share its value."""
        if key not in self._made:
            self._made[key] = make()
        value: _T = self._made[key]
        return value


class Measurement(float):
    """A value with what else is worth keeping of it (JSON values), for example an interval of raters."""

    extra: Mapping[str, Any]

    def __new__(cls, value: float, extra: Mapping[str, Any]) -> Measurement:
        result = super().__new__(cls, value)
        result.extra = extra
        return result


def _nothing() -> None:
    pass


def _no_files() -> Sequence[Path]:
    return ()


@dataclass(frozen=True)
class Metric:
    """A named, versioned, pure function of a :class:`Comparison`. A new version makes old scores stale.

    Raises:
        SrbenchError: a field that cannot be that, named; a name may have no characters of lists and paths.
    """

    name: str
    title: str
    version: int
    higher_is_better: bool
    unit: str
    bounds: tuple[float, float]  # range of possible values
    digits: int  # decimals that the literature prints
    needs: tuple[Need, ...]  # what of a Comparison ``compute`` looks at
    compute: Callable[[Comparison], float]  # or a Measurement
    min_size: int = 1  # shortest side that it can measure: after the shave, or of the whole image if it needs colour
    prepare: Callable[[], None] = _nothing  # load once what ``compute`` needs; UnavailableError if it is not there
    files: Callable[[], Sequence[Path]] = _no_files  # weight files that were loaded, for the manifest
    footnote: str = ""  # what a reader of a table must know
    source: str = ""  # who defines it: a paper, or the program whose numbers it gives

    def __post_init__(self) -> None:
        for name in ("bounds", "needs"):
            if isinstance(own := getattr(self, name), list):
                object.__setattr__(self, name, tuple(own))
        fields.require(self, f"metric {fields.shown(self.name)}", _METRIC, SrbenchError)

    @property
    def needs_colour(self) -> bool:
        return "sr_rgb" in self.needs

    @property
    def needs_reference(self) -> bool:
        """Whether it compares with the HR image, or asks how the LR image was made of it: of an image without an
        original it measures nothing."""
        return not set(self.needs).isdisjoint(("hr_luma", "hr_rgb", "degradation", "likelihood"))

    @property
    def needs_lr(self) -> bool:
        return "lr" in self.needs or "degradation" in self.needs or self.needs_likelihood

    @property
    def needs_previous(self) -> bool:
        """Whether it measures from frame to frame: of a still image, and of a clip's first frame, there is nothing."""
        return "previous" in self.needs

    @property
    def needs_likelihood(self) -> bool:
        return "likelihood" in self.needs


def _are_bounds(value: Any) -> bool:
    numbers = isinstance(value, tuple) and len(value) == 2 and all(type(end) in (int, float) for end in value)
    return numbers and value[0] < value[1]


_METRIC = {
    "name": fields.Rule(
        lambda value: fields.NAME.holds(value) and not set(value) & set(", /\\"),
        f"{fields.NAME.words}, without commas, blanks and slashes",
    ),
    **dict.fromkeys(("title", "unit", "footnote", "source"), fields.TEXT),
    "version": fields.whole(0, 2**63 - 1),
    "higher_is_better": fields.TRUTH,
    "bounds": fields.Rule(_are_bounds, "two numbers, the smaller one first"),
    "digits": fields.whole(0, 15),
    "needs": fields.several(fields.one_of(NEEDS), f"words in brackets, of {', '.join(NEEDS)}"),
    **dict.fromkeys(("compute", "prepare", "files"), fields.CALL),
    "min_size": fields.whole(1, 10**6),
}
