"""Bicubic interpolation as MATLAB's imresize does it: the baseline of every SR table (Keys 1981, a = -0.5)."""

from torch import Tensor

from srbench.method import Method, MethodCard, Published, ScaleRange
from srbench.resize import enlarge

_SOURCE = "EDSR paper (arXiv:1707.02921), Table 3"
_SIZE = "4x4 pixels, a = -0.5"
_TABLE = {  # dataset: (scale, PSNR, SSIM)
    "set5": ((2, 33.66, 0.9299), (3, 30.39, 0.8682), (4, 28.42, 0.8104)),
    "set14": ((2, 30.24, 0.8688), (3, 27.55, 0.7742), (4, 26.00, 0.7027)),
    "bsd100": ((2, 29.56, 0.8431), (3, 27.21, 0.7385), (4, 25.96, 0.6675)),
}


class Bicubic(Method):
    card = MethodCard(
        name="bicubic",
        title="Bicubic",
        year=1981,
        family="interpolation",
        paper="Keys, Cubic convolution interpolation for digital image processing, IEEE TASSP 1981",
        url="https://doi.org/10.1109/TASSP.1981.1163711",
        colour="any",
        scales=ScaleRange(),
        size=_SIZE,
        published=tuple(
            Published(dataset, scale, metric, value, _SOURCE, size=_SIZE, images="none")
            for dataset, rows in _TABLE.items()
            for scale, psnr, ssim in rows
            for metric, value in (("psnr", psnr), ("ssim", ssim))
        ),
    )

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        return enlarge(lr, scale)
