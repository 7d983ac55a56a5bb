"""The mean of registered frames, enlarged: the least that several frames can do.

    y = bicubic( sum_t w_t S_t x_t / sum_t w_t )

S_t shifts frame t back onto the target frame by cubic interpolation. Noise falls with the number of frames; what the
frames know beyond one another's pixels is not used, and interpolating between them blurs.
"""

from collections.abc import Sequence

from torch import Tensor

from srbench.degradation.moves import moved
from srbench.imaging.alignment import AlignedFrame, trust_in
from srbench.method import MethodCard, ScaleRange
from srbench.method.aligned import AlignedFramesMethod
from srbench.resize import enlarge


class FrameAverage(AlignedFramesMethod):
    card = MethodCard(
        name="frame-average",
        title="Mean of registered frames",
        year=1991,
        family="interpolation, several frames",
        paper="Irani and Peleg, Improving resolution by image registration, CVGIP 1991",
        url="https://doi.org/10.1016/1049-9652(91)90045-L",
        colour="any",
        scales=ScaleRange(),
        frames="any",
        uses_shifts=True,
    )

    def fuse(self, frames: Sequence[AlignedFrame], scale: float) -> Tensor:
        trusts = [trust_in(frame) for frame in frames]
        total = sum(
            trust * moved(frame.pixels, (-frame.shift[0], -frame.shift[1]))
            for frame, trust in zip(frames, trusts, strict=True)
        )
        return enlarge((total / sum(trusts))[None], scale)
