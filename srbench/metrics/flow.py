"""Does a clip move as the original does? tOF: the optical flow of consecutive SR frames against that of consecutive HR
frames (Chu et al., TecoGAN, ACM TOG 2020), by one of two flows, each under a name of its own: the values are not
comparable."""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srbench.errors import UnavailableError
from srbench.imaging.color import full_range, round_half_up
from srbench.metrics.base import Comparison, Metric
from srbench.metrics.temporal import MIN_SIZE, frame_before, inner

Grey = NDArray[np.uint8]
# Of TecoGAN's program: scale of the pyramid, levels, window, iterations, neighbourhood and sigma of the polynomials,
# flags.
FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)
HINT = "get it with: pip install 'srbench[video]'"


def grey_frames(pair: Comparison) -> tuple[Grey, Grey]:
    """(SR, HR), (H, W) uint8 each: OpenCV's grey of the whole RGB image, rounded. Where SR images are Y of a colour
    image, Y of both as the protocol measures it, its border shaved."""
    assert pair.sr is not None
    if len(pair.sr) == 1 and len(pair.source.hr) == 3:
        sr, hr = pair.sr_luma, pair.hr_luma
    else:
        sr, hr = (image[0] if len(image) == 1 else full_range(image) for image in (pair.sr, pair.source.hr))
    return _grey(sr), _grey(hr)


def _grey(plane: Tensor) -> Grey:
    levels: Grey = round_half_up(plane.to(torch.float64)).to(torch.uint8).cpu().numpy()
    return np.ascontiguousarray(levels)


def farneback(first: Grey, second: Grey) -> Tensor:
    """(2, H, W) flow in pixels from ``first`` to ``second`` (Farneback, SCIA 2003), by OpenCV."""
    cv2 = _opencv()
    with _ONE_THREAD(cv2):
        flow = cv2.calcOpticalFlowFarneback(first, second, None, *FARNEBACK)
    return torch.from_numpy(flow).permute(2, 0, 1)


def lucas_kanade(first: Grey, second: Grey) -> Tensor:
    """(2, H, W) flow in pixels: iterative Lucas-Kanade (Le Besnerais and Champagnat, ICIP 2005), by scikit-image with
    its defaults."""
    registration: Any = importlib.import_module("skimage.registration")  # late: it takes a while
    flow = registration.optical_flow_ilk(*(image.astype(np.float32) / 255 for image in (first, second)))
    return torch.from_numpy(flow)


class _OneThread:
    """OpenCV on one thread while a flow is computed: with more it starts threads of its own, which a process that is
    forked later waits for, for ever, and which are more than the processors where several workers measure. The number
    is the caller's again afterwards."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside, self._before = 0, 0

    @contextmanager
    def __call__(self, cv2: Any) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._before = cv2.getNumThreads()
                cv2.setNumThreads(1)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    cv2.setNumThreads(self._before)


_ONE_THREAD = _OneThread()


def _opencv() -> Any:
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        missing = importlib.util.find_spec("cv2") is None
        what = "OpenCV is not installed" if missing else f"OpenCV cannot be imported ({error})"
        raise UnavailableError(what, HINT) from error


@dataclass(frozen=True)
class FlowDifference:
    """Mean length of the difference between two flows, in pixels, over the inner part of a frame.

    The paper writes a 1-norm of the flows' difference; its program, whose numbers are printed, takes the Euclidean
    length at every pixel. So does this.
    """

    name: str
    flow: Callable[[Grey, Grey], Tensor] = field(repr=False)

    def __call__(self, pair: Comparison) -> float:
        before = frame_before(pair)
        sr, hr = self._greys(pair)
        earlier_sr, earlier_hr = self._greys(before)
        wanted = pair.of_both_hr(self.name, lambda: inner(self.flow(earlier_hr, hr)))
        apart = inner(self.flow(earlier_sr, sr)) - wanted
        return float(torch.linalg.vector_norm(apart.to(torch.float64), dim=0).mean())

    def _greys(self, pair: Comparison) -> tuple[Grey, Grey]:
        return pair.once("grey frames", lambda: grey_frames(pair))


def _metric(name: str, title: str, flow: Callable[[Grey, Grey], Tensor], footnote: str, **more: Any) -> Metric:
    return Metric(
        name=name,
        title=title,
        version=1,
        higher_is_better=False,
        unit="px",
        bounds=(0.0, float("inf")),
        digits=3,
        needs=("sr_luma", "hr_luma", "previous"),
        compute=FlowDifference(name, flow),
        min_size=MIN_SIZE,
        footnote=f"{footnote}; over consecutive frames, a clip's first has none",
        source="Chu et al. (TecoGAN), ACM TOG 2020",
        **more,
    )


_FOOTNOTES = (
    "OpenCV's optical flow, of which some tables print ten times",
    "scikit-image's optical flow, not that of papers",
)
T_OF = _metric("t-of", "tOF (Farneback)", farneback, _FOOTNOTES[0], prepare=_opencv)
T_OF_ILK = _metric("t-of-ilk", "tOF (Lucas-Kanade)", lucas_kanade, _FOOTNOTES[1])
