"""Registration of two images: by how much one of them is shifted against the other, to a part of a pixel.

Two steps, each where it is strong. Correlation in the frequency domain with an upsampled peak (Guizar-Sicairos,
Thurman, Fienup 2008, as scikit-image has it) finds a shift of any size, to about a tenth of a pixel. Gauss-Newton steps
on the squared difference (Lucas, Kanade 1981) then refine it. Both images are blurred a little for those: what is
aliased, and differs from frame to frame for that reason alone, lies at high frequencies, as does most of the noise.

docs/methods.md has the errors that were measured.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srbench.errors import ImageError

Shift = tuple[float, float]

TOLERATED = 0.1  # pixels
SMALLEST = 8  # pixels of the shortest side from which on there is enough to compare
_BLUR = 1.0  # standard deviation, pixels; of 0.7 to 3 the least error on aliased and on smooth frames together
_UPSAMPLED = 10  # places of the peak of the correlation, a pixel: the refinement does the rest
_PADDED = 4  # pixels that a frame goes on beyond its border, so that no spline rings into it
_STEPS, _SMALL = 12, 1e-4  # of Gauss-Newton, pixels
_AGAIN = 2  # refinements by those places alone that agree, so that what moves by itself does not pull at the shift
_DIGITS = 6  # of a shift: what lies behind is rounding of sums, and would make no shift some
_FURTHEST = 1.5  # pixels from where the refinement began: further away it has found something else
_AROUND = 4.0  # standard deviation, pixels, of the surroundings of a place
# How much of what differs tells nothing, by the strength of the highest frequencies, squared. White noise of variance v
# has 0.14 v there, and two blurred images differ by 0.16 v: a factor of 1.1, and nearly as much again, since both are
# estimates.
_UNTELLING = 2.0
_FLAT = 1e-5  # root mean square of the slope, in images of [0, 1], below which there is nothing to compare
_Image = NDArray[np.float64]


def shift_between(target: Tensor, frame: Tensor) -> Shift:
    """By how much ``frame`` is shifted against ``target``.

    What lies at (y, x) in ``target`` lies at (y + dy, x + dx) in ``frame``. One shift for the whole image: turned,
    zoomed or independently moving parts are not followed (:func:`agreement` tells where they are).

    Args:
        target, frame: (h, w) or (C, h, w), of one shape, floating, in [0, 1], on any device. Channels are averaged.

    Returns:
        (dy, dx) in pixels; along a direction in which the image does not change, 0. (0, 0) where an image is flat, or
        has a side below :data:`SMALLEST` pixels.

    Raises:
        ImageError: the shapes differ.
    """
    first, second = _both(target, frame)
    if min(first.shape) < SMALLEST:
        return 0.0, 0.0
    comparison = _Comparison(first, second)
    if comparison.sloping.mean() < _FLAT**2:
        return 0.0, 0.0
    # Of several places to begin at the first that fits best: where nothing tells them apart that is no shift at all.
    shift = comparison.refined(min(_starts(first, second), key=comparison.residual))
    for _ in range(_AGAIN):
        shift = comparison.refined(shift, comparison.agreement(shift))
    dy, dx = (round(float(own), _DIGITS) for own in shift)
    return dy, dx


def agreement(target: Tensor, frame: Tensor, shift: Shift) -> Tensor:
    """How far ``frame``, shifted back, shows at each place what ``target`` shows there.

    What differs, over the slope, is the error of the shift, in pixels, that would leave as much, both as root mean
    squares around a place. At :data:`TOLERATED` pixels the agreement is 1/2, at twice that 1/17. Some difference says
    nothing: noise and aliasing differ from frame to frame even where the shift is right. How strong they are, the
    target tells at its highest frequencies, along diagonals, where an image that is neither noisy nor aliased is empty.

    Args:
        target, frame: as :func:`shift_between` has them.
        shift: as it returns it.

    Returns:
        (h, w) double in [0, 1], on the pixels of ``target``; 1 where a side is below :data:`SMALLEST` pixels.

    Raises:
        ImageError: the shapes differ.
    """
    first, second = _both(target, frame)
    if min(first.shape) < SMALLEST:
        return torch.ones(first.shape, dtype=torch.float64)
    return torch.from_numpy(_Comparison(first, second).agreement(np.array(shift)))


class _Comparison:
    """Two images (h, w), blurred, and the sum of squares between them as a function of the shift."""

    def __init__(self, target: _Image, frame: _Image) -> None:
        from scipy import ndimage  # late: it takes a part of a second

        self._target = ndimage.gaussian_filter(target, _BLUR, mode="nearest")
        # The coefficients of the cubic spline through the frame, once for all shifts.
        blurred = ndimage.gaussian_filter(frame, _BLUR, mode="nearest")
        self._finest = _finest(target)
        self._spline = ndimage.spline_filter(np.pad(blurred, _PADDED, mode="edge"), 3, mode="mirror")
        self._slopes = [ndimage.correlate1d(self._target, [-0.5, 0, 0.5], axis, mode="nearest") for axis in (0, 1)]

    @property
    def sloping(self) -> _Image:
        """Square of the target's slope along one axis, a pixel; the mean of both axes."""
        mean: _Image = np.mean([np.square(slope) for slope in self._slopes], axis=0)
        return mean

    def differing(self, shift: _Image) -> _Image:
        """Square of what differs once the frame is shifted back."""
        return np.square(self._difference(shift))

    def residual(self, shift: _Image) -> float:
        """Mean of :meth:`differing`, where both images are."""
        return float(self.differing(shift)[self.common(shift)].mean())

    def agreement(self, shift: _Image) -> _Image:
        """As the function of this name, (h, w)."""
        from scipy import ndimage

        # At the border the frame may show other things, or nothing: it is judged by the nearest places that both show.
        common = self.common(shift)
        border = [(part.start, -part.stop) for part in common]
        shares = (self.differing(shift), self.sloping, self._finest)
        around = [
            ndimage.gaussian_filter(np.pad(share[common], border, mode="edge"), _AROUND, mode="nearest")
            for share in shares
        ]
        differing, slope, finest = around
        error = np.maximum(differing - _UNTELLING * finest, 0) / (slope + _FLAT**2) / TOLERATED**2
        agreement: _Image = 1 / (1 + error**2)
        return agreement

    def refined(self, start: _Image, weight: _Image | None = None) -> _Image:
        """Gauss-Newton from ``start``, with the target's slopes in place of the shifted frame's (Baker, Matthews 2004):
        they are computed once. The start itself where the steps lead away from it or to a worse fit.

        Args:
            weight: of each place (h, w); by default all count alike.
        """
        common = self.common(start)
        weights = (np.ones_like(self._target) if weight is None else weight)[common].ravel()
        slopes = np.stack([slope[common].ravel() for slope in self._slopes], axis=1)
        weighted = slopes.T * weights
        # Along a direction without slopes the pseudo-inverse has zeros: nothing is moved there.
        inverse = np.linalg.pinv(weighted @ slopes, rcond=1e-6, hermitian=True)
        shift = start.copy()
        difference = first = self._difference(shift)[common].ravel()
        for _ in range(_STEPS):
            step = inverse @ (weighted @ difference)
            shift = shift - step
            if not np.abs(shift - start).max() <= _FURTHEST:
                return start
            difference = self._difference(shift)[common].ravel()
            if np.abs(step).max() < _SMALL:
                break
        return shift if weights @ difference**2 <= weights @ first**2 else start

    def _difference(self, shift: _Image) -> _Image:
        from scipy import ndimage

        height, width = self._target.shape
        moved = ndimage.shift(self._spline, -shift, order=3, mode="nearest", prefilter=False)
        difference: _Image = moved[_PADDED : _PADDED + height, _PADDED : _PADDED + width] - self._target
        return difference

    def common(self, shift: _Image) -> tuple[slice, slice]:
        """The rows and columns that both images show, without the border that the blur reaches; at least the middle."""
        edges = [
            min(int(np.ceil(abs(s) + 2 * _BLUR)), (n - 1) // 3) for s, n in zip(shift, self._target.shape, strict=True)
        ]
        return slice(edges[0], -edges[0] or None), slice(edges[1], -edges[1] or None)


def _both(target: Tensor, frame: Tensor) -> tuple[_Image, _Image]:
    if target.shape != frame.shape:
        raise ImageError(
            f"images of {tuple(target.shape)} and {tuple(frame.shape)} cannot be compared", "give frames of one size"
        )
    return _grey(target), _grey(frame)


def _grey(image: Tensor) -> _Image:
    plane = image if image.ndim == 2 else image.mean(dim=0)
    grey: _Image = plane.detach().cpu().double().numpy()
    return grey


def _finest(image: _Image) -> _Image:
    """Square of what an image (h, w) has at its highest frequencies along both axes."""
    from scipy import ndimage

    for axis in (0, 1):
        image = ndimage.correlate1d(image, [-0.25, 0.5, -0.25], axis, mode="nearest")
    return np.square(image)


def _starts(target: _Image, frame: _Image) -> Iterator[_Image]:
    """Shifts at which the refinement may begin: none, and the peaks of two correlations.

    Phase correlation, which weighs all frequencies alike, has the sharper peak; plain correlation stands aliasing and
    noise better. The images fade to their mean at the border, or the border itself would be what correlates.
    """
    from skimage.registration import phase_cross_correlation  # late: it takes a second

    yield np.zeros(2)
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in target.shape))
    faded = [(image - image.mean()) * window for image in (target, frame)]
    for normalization in ("phase", None):
        moved, _, _ = phase_cross_correlation(  # type: ignore[no-untyped-call]
            *faded, upsample_factor=_UPSAMPLED, normalization=normalization
        )
        yield -np.asarray(moved, dtype=np.float64)
