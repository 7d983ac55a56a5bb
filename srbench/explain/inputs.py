"""Other ways to feed a method than it says: range, order of channels and mean are what weight files do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from srbench import metrics
from srbench.dataset.locate import Dataset, ImageFile
from srbench.degradation.named import Bicubic
from srbench.errors import SrbenchError
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.inference import raw, rounded
from srbench.evaluation.scoring import compare, measure
from srbench.explain.answer import Row
from srbench.explain.targets import Target
from srbench.foreign.contained import PluginError
from srbench.method.base import Method, MethodContext
from srbench.method.feeding import Feeding
from srbench.method.wrappers import bare
from srbench.protocol.base import BASICSR

_DIV2K = (0.4488, 0.4371, 0.4040)  # mean of R, G and B that EDSR's code and its descendants subtract
_RANGES = {"0..1": Feeding(), "0..255": Feeding(255.0), "-1..1": Feeding(2.0, mean=(0.5,))}
_OF_RGB = {
    "0..1 less DIV2K's mean": Feeding(mean=_DIV2K),
    "0..255 less DIV2K's mean": Feeding(255.0, mean=_DIV2K),
}
_TRIED = 3  # images of a dataset, the smallest
_SAME = 1e-3  # of [0, 1]: outputs that differ by less are those of a method that does not mind
_NEAR = {"psnr": 1.0, "ssim": 0.03}  # how near to a target some setting has to come by what the few images say


class Fed(Method):
    """A method that is fed in another way than it says.

    Args:
        inner: prepared.
        feeding: what its network is to see; how ``inner`` feeds it by itself is taken back.
    """

    def __init__(self, inner: Method, feeding: Feeding, words: str) -> None:
        self.inner, self.feeding, self.words = inner, feeding, words
        self.card = inner.card  # type: ignore[misc]  # the class's own, of another class
        self._own = _own_feeding(inner)

    @property
    def context(self) -> MethodContext:
        return self.inner.context

    def supports(self, scale: float) -> bool:
        return self.inner.supports(scale)

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        sr = self.inner.upscale(self._own.after(self.feeding.before(lr)), scale)
        return self.feeding.after(self._own.before(sr))


def _own_feeding(method: Method) -> Feeding:
    own = getattr(bare(method), "feeding", None)
    return own if isinstance(own, Feeding) else Feeding()


def candidates(method: Method) -> Iterator[Fed]:
    """``method`` in all other ways in which networks are fed."""
    colour = method.card.colour == "rgb"
    for order in ("RGB", "BGR") if colour else ("RGB",):
        for words, feeding in (_RANGES | _OF_RGB if colour else _RANGES).items():
            other = Feeding(feeding.range, order, feeding.mean)
            if other != _own_feeding(method):
                yield Fed(method, other, f"fed {words}" if order == "RGB" else f"fed {words} in {order}")


def leads_on(
    fed: Fed, method: Method, rows: Sequence[Row], targets: Sequence[Target], sets: Mapping[str, Dataset]
) -> bool:
    """Whether some setting may come near to the first target with ``fed``, by what it changes on a few images.

    Args:
        rows: of ``method``.
    """
    target = targets[0]
    metric = metrics.get(target.metric)
    images = sorted(sets[target.dataset].images, key=_pixels)[:_TRIED]
    changes = []
    for image in images:
        try:
            example = Example(HrImage(image.read(), BASICSR), target.scale, Bicubic())
            before, after = (raw(own, example).cpu() for own in (method, fed))
        except (SrbenchError, PluginError):  # NaN, a network that refuses what it sees, an image that is too small
            return False
        if torch.allclose(before.double(), after.double(), rtol=0, atol=_SAME):
            return False
        first, second = (measure(metric, compare(rounded(sr, example), example)).value for sr in (before, after))
        changes.append(second - first)
    expected = [row.values[0] + float(np.mean(changes)) for row in rows]
    return min(abs(value - target.value) for value in expected) <= _NEAR[target.metric]


def _pixels(image: ImageFile) -> int:
    return image.read().size
