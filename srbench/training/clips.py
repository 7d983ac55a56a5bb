"""Methods of several frames, trained on synthetic motion: their batches, and what they are measured on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from srbench.degradation.named import Bicubic
from srbench.errors import TrainingError
from srbench.evaluation.example import Example, HrImage
from srbench.evaluation.inference import rounded
from srbench.evaluation.scoring import compare
from srbench.imaging.resize import imresize
from srbench.method.frames import MultiFrameMethod, require_frames
from srbench.metrics.psnr import METRIC
from srbench.protocol.base import CLASSIC
from srbench.training.data import Picture, count_by_folder, cumulative_shares, numbered, picture_luma, turned
from srbench.training.method import TrainedMethod
from srbench.training.motion import MotionRecipe, draw_clips
from srbench.training.validation import LIMIT, Validation

_STREAM = 3  # of random numbers, beside those of patches, views and discriminators
_CONTEXT = 2  # LR pixels around a patch, of which the degradation makes the patch's border


class Clips:
    """Random clips of luma, as :class:`srbench.training.data.Patches` are random patches: LR (N, T, h, w) and HR of the
    target (N, 1, H, W).

    Raises:
        TrainingError: no image is as large as a patch and what moves into it.
    """

    def __init__(self, pictures: Sequence[Picture], scales: Sequence[int], frames: int, recipe: MotionRecipe) -> None:
        self.scales, self.frames, self.recipe = tuple(scales), frames, recipe
        self._whole = {scale: self._side(scale) for scale in scales}
        needed = max(self._whole.values())
        large = [picture for picture in pictures if min(picture.pixels.shape[:2]) >= needed]
        self.images, self.skipped = count_by_folder(large), len(pictures) - len(large)
        if not large:
            raise TrainingError(
                f"no image is as large as a patch and its motion, {needed} pixels a side",
                "give larger images, or a smaller patch with --set patch=N",
            )
        self._planes: list[NDArray[np.uint8]] = []
        folders = []
        for picture in large:
            whole = picture_luma(picture.pixels)
            for factor in recipe.rescale:
                plane = whole if factor == 1.0 else imresize(whole, factor)
                if min(plane.shape) >= needed:
                    self._planes.append(plane.numpy())
                    folders.append(picture.path.parent)
        areas = np.array([plane.size for plane in self._planes], np.float64)
        self._shares = cumulative_shares(areas, numbered(folders) if recipe.by_folder else None)

    def side(self, scale: int) -> int:
        """Side of the HR patch at ``scale``."""
        return max(1, self.recipe.patch // scale) * scale

    def _side(self, scale: int) -> int:
        """Of what is cut from an image: the patch, what its border is made of, and what moves into it."""
        side = self.side(scale) + 2 * _CONTEXT * scale
        return side + 2 * self.recipe.reach(self.frames, side)

    def batch(self, step: int, seed: int, size: int) -> tuple[Tensor, Tensor, int]:
        """The batch of ``step``, a function of its arguments alone.

        Returns:
            LR (N, T, h, w) and HR of the frame in the middle (N, 1, scale h, scale w), float32 in [0, 1]; the scale.
        """
        rng = np.random.default_rng((seed, step, _STREAM))
        scale = self.scales[int(rng.integers(len(self.scales)))]
        cut = self._whole[scale]
        images = np.empty((size, cut, cut), np.float32)
        which = np.searchsorted(self._shares, rng.random(size), side="right")
        places, turns = rng.random((size, 2)), rng.integers(0, 8, size)
        for n, (index, place, turn) in enumerate(zip(which, places, turns, strict=True)):
            plane = self._planes[min(int(index), len(self._planes) - 1)]
            top, left = (int(x * (length - cut + 1)) for x, length in zip(place, plane.shape, strict=True))
            images[n] = turned(plane[None, top : top + cut, left : left + cut], turn)[0]
        side = self.side(scale) + 2 * _CONTEXT * scale
        hr = draw_clips(rng, torch.from_numpy(images), side, self.frames, self.recipe)
        lr = degraded(hr, scale)[..., _CONTEXT:-_CONTEXT, _CONTEXT:-_CONTEXT]
        inner = slice(_CONTEXT * scale, -_CONTEXT * scale)
        return lr.contiguous(), hr[:, self.frames // 2, None, inner, inner] / 255, scale


def degraded(hr: Tensor, scale: int) -> Tensor:
    """LR frames (..., h, w), float32 in [0, 1], of HR frames (..., H, W) in 0..255: bicubic, not rounded."""
    return (Bicubic()(hr.to(torch.float64), scale) / 255).to(torch.float32)


class ClipValidation(Validation):
    """PSNR of the target frame, one clip of every held-out image, measured as :class:`Validation` measures images.

    The clips are the same in every training: they depend on the images, the number of frames and the motion alone.
    """

    def __init__(self, pictures: Sequence[Picture], scales: Sequence[int], frames: int, recipe: MotionRecipe) -> None:
        super().__init__(pictures, ())
        self.frames = frames
        self._clips = {scale: [self._clip(p, scale, recipe) for p in pictures] for scale in scales}

    def _clip(self, picture: Picture, scale: int, recipe: MotionRecipe) -> tuple[Tensor, Example]:
        plane = picture_luma(picture.pixels).to(torch.float32)
        cut = min(*plane.shape, LIMIT)
        side = next(n for n in range(cut // scale * scale, -1, -scale) if n + 2 * recipe.reach(self.frames, n) <= cut)
        cut = side + 2 * recipe.reach(self.frames, side)
        top, left = ((n - cut) // 2 for n in plane.shape)
        image = plane[None, top : top + cut, left : left + cut]
        rng = np.random.default_rng((int(picture.hash[:8], 16), _STREAM))
        hr = draw_clips(rng, torch.cat([image, image.flip(1)]), side, self.frames, recipe)[0]
        example = Example(HrImage(hr[self.frames // 2].to(torch.uint8).numpy(), CLASSIC), scale, Bicubic())
        return degraded(hr, scale)[None], example

    def psnr(self, network: nn.Module, scale: int, device: torch.device, repeated: bool = False) -> float:
        """Mean PSNR (dB) of ``network``, of clips (1, T, h, w), at ``scale``; it is put back into its mode.

        Args:
            repeated: show the target frame in place of all frames: what is lost is what the others are worth.
        """
        was_training = network.training
        network.eval()
        try:
            return self._mean(lambda lr: network(lr.to(device)), scale, repeated)
        finally:
            network.train(was_training)

    def _mean(self, upscale: Callable[[Tensor], Tensor], scale: int, repeated: bool = False) -> float:
        values = []
        with torch.no_grad():
            for lr, example in self._clips[scale]:
                middle = lr[:, self.frames // 2, None]
                sr = upscale(middle.expand_as(lr) if repeated else lr)[0].cpu()
                values.append(METRIC.compute(compare(rounded(sr, example), example)))
        return sum(values) / len(values)

    def bicubic(self, scale: int) -> float:
        """Mean PSNR (dB) of bicubic interpolation of the target frames."""
        return self._mean(lambda lr: imresize(lr[:, self.frames // 2, None], scale), scale)


class MotionTrained(MultiFrameMethod, TrainedMethod):
    """A network of clips of luma (N, T, h, w), its target in the middle. A plugin sets ``card``, ``recipe`` (a
    :class:`MotionRecipe`) and :attr:`window`, and implements :meth:`build`.

    A still image is a clip in which nothing moves: its target is repeated.
    """

    window: ClassVar[int] = 3
    """T, the frames that the network sees."""

    def upscale_frames(self, frames: Tensor, target: int, scale: float, shifts: Tensor | None = None) -> Tensor:
        require_frames(self.card, frames.shape[1])
        others = [n for n in range(frames.shape[1]) if n != target] or [target] * (self.window - 1)
        order = [*others[: self.window // 2], target, *others[self.window // 2 :]]
        return self.fed(self.module(scale), frames[:, order, 0])

    def batches(self, pictures: Sequence[Picture], scales: Sequence[int], recipe: Any) -> Clips:
        return Clips(pictures, scales, self.window, recipe)

    def validation(self, pictures: Sequence[Picture], scales: Sequence[int]) -> ClipValidation:
        """Of the motion that the method's own recipe has, whatever is changed in it: the values compare."""
        assert isinstance(self.recipe, MotionRecipe)
        return ClipValidation(pictures, scales, self.window, self.recipe)
