"""The gated PixelCNN prior: masked vertical and horizontal stacks, and a head that takes R, then G, then B.

van den Oord et al., Conditional Image Generation with PixelCNN Decoders (arXiv:1606.05328), used as a prior in Dahl,
Norouzi, Shlens, Pixel Recursive Super Resolution (arXiv:1702.00783). Two things differ, both for the sampler:

* The reach of the masks is a cone. A tap in the row m above reaches at most ``lag * m`` columns to the right (of the
  pixels themselves ``lag * m - 1``), so a pixel never depends on more than ``lag * k - 1`` columns to the right in row
  i - k: once row i - 1 is ``lag`` columns ahead, row i can go on. The published masks reach the whole row above.
* The order of the channels within a pixel is kept by the head alone: the stacks see whole past pixels, and the head of
  a channel sees the channels before it in the current pixel. The stacks are so computed once a pixel, not three times.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from srbench.methods.pixelcnn.expert import Expert, Peak, bounded_exp

CLOSER = 2.0  # logarithm of how much more precisely G and B are known at the start than R
CONTRAST = 4.0  # gain of the filters that a prior of photographs starts with


def vertical_mask(up: int, side: int, lag: int, strict: bool) -> Tensor:
    """(up + 1, 2 * side + 1) of 0 and 1: which taps may be used; the last row is the current one.

    ``strict`` leaves the current row out, for the layer that sees pixels: its output describes the rows above.
    """
    above = torch.arange(up, -1, -1)[:, None]
    right = torch.arange(-side, side + 1)[None]
    allowed = (right <= lag * above - int(strict)) & ((above > 0) | (not strict))
    return allowed.to(torch.float32)


class VerticalConv(nn.Module):
    """(N, C, H, W) to (N, D, H, W), of the rows above and, unless ``strict``, of the current row up to the pixel."""

    mask: Tensor

    def __init__(self, n_in: int, n_out: int, up: int, side: int, lag: int, strict: bool = False) -> None:
        super().__init__()
        self.up, self.side, self.strict = up, side, strict
        self.register_buffer("mask", vertical_mask(up, side, lag, strict), persistent=False)
        self.weight = nn.Parameter(torch.empty(n_out, n_in, up + 1, 2 * side + 1))
        self.bias = nn.Parameter(torch.zeros(n_out))
        nn.init.normal_(self.weight, std=(n_in * float(self.mask.sum())) ** -0.5)

    def kernel(self) -> Tensor:
        """The weights with those outside the mask at zero."""
        return self.weight * self.mask

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, (self.side, self.side, self.up, 0)), self.kernel(), self.bias)


class HorizontalConv(nn.Module):
    """(N, C, H, W) to (N, D, H, W), of the current row: the pixel and those left of it, or (``strict``) only those."""

    def __init__(self, n_in: int, n_out: int, side: int, strict: bool = False) -> None:
        super().__init__()
        self.side, self.strict = side, strict
        taps = side if strict else side + 1
        self.weight = nn.Parameter(torch.empty(n_out, n_in, 1, taps))
        self.bias = nn.Parameter(torch.zeros(n_out))
        nn.init.normal_(self.weight, std=(n_in * taps) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        # A strict layer is the other one on what lies one pixel to the left.
        padded = F.pad(x, (self.side, -1 if self.strict else 0, 0, 0))
        return F.conv2d(padded, self.weight, self.bias)


def gate(x: Tensor) -> Tensor:
    """(N, 2 C, H, W) to (N, C, H, W): tanh of the first half times the sigmoid of the second."""
    a, b = x.chunk(2, dim=1)
    return torch.tanh(a) * torch.sigmoid(b)


class GatedLayer(nn.Module):
    """One layer of both stacks: the horizontal one sees the vertical one, not the reverse, and has a residual."""

    def __init__(self, width: int, up: int, side: int, lag: int) -> None:
        super().__init__()
        self.vertical = VerticalConv(width, 2 * width, up, side, lag)
        self.horizontal = HorizontalConv(width, 2 * width, side)
        self.link = nn.Conv2d(2 * width, 2 * width, 1, bias=False)
        self.out = nn.Conv2d(width, width, 1)
        # The residual stream starts almost linear in the pixels, so that the neighbours reach the head unbent.
        with torch.no_grad():
            self.out.weight.normal_(std=0.1 * width**-0.5)

    def forward(self, v: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        above = self.vertical(v)
        return gate(above), h + self.out(gate(self.horizontal(h) + self.link(above)))


class ChannelHead(nn.Module):
    """Logits of one channel of a pixel, of the features of the past and of the channels before it.

    Args:
        before: how many channels of the current pixel are known.
        peaked: mean, precision and tails of a peak in place of mean and precision of a parabola.
    """

    def __init__(self, width: int, before: int, hidden: int, levels: int, precision: float, peaked: bool) -> None:
        super().__init__()
        self.hidden = nn.Linear(width + before, hidden)
        self.free = nn.Linear(hidden, levels)
        self.shape = nn.Linear(width + before + hidden, 3 if peaked else 2)
        for layer in (self.free, self.shape):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.shape.bias[1] = precision

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """(..., width + before) to free logits (..., levels), means, raw precisions and, if any, raw tails (...)."""
        hidden = F.relu(self.hidden(features))
        return self.free(hidden), *self.shape(torch.cat([features, hidden], dim=-1)).unbind(-1)


class Prior(nn.Module):
    """p(y_i | past sub-pixels) for images of any size.

    Args:
        channels: 1, or 3 in the order R, G, B.
        levels: values that a sub-pixel can take.
        width: channels of both stacks.
        layers: gated layers.
        hidden: width of the head.
        up, side: rows above and columns to each side that a gated layer's masks span.
        first: the same of the first layer, which sees the pixels.
        lag: columns by which a row must be ahead of the next one; see the module.
        precision: the logarithm of the precision at the start.
        photographs: peaks in place of parabolas, and a start that suits photographs: filters of contrasts, and G and B
            expected to differ from the channel before as they do in the neighbours.

    Raises:
        ValueError: a size that is not positive, or ``width`` under twice the channels.
    """

    def __init__(
        self,
        channels: int = 3,
        levels: int = 256,
        width: int = 32,
        layers: int = 5,
        hidden: int = 32,
        up: int = 1,
        side: int = 1,
        first: int = 3,
        lag: int = 2,
        precision: float = 4.0,
        photographs: bool = False,
    ) -> None:
        super().__init__()
        if min(channels, width, hidden, up, side, first, lag) < 1 or levels < 2 or layers < 0:
            raise ValueError("sizes of a prior must be positive, and there must be two levels at least")
        if width < 2 * channels:
            raise ValueError(f"a prior of {channels} channels needs a width of {2 * channels} at least, not {width}")
        self.channels, self.levels, self.width, self.lag = channels, levels, width, lag
        # One more input, 1 everywhere: it tells a black or grey pixel from one outside the image.
        self.first_vertical = VerticalConv(channels + 1, width, first, first, lag, strict=True)
        self.first_horizontal = HorizontalConv(channels + 1, width, first, strict=True)
        self.first_link = nn.Conv2d(width, width, 1, bias=False)
        self.layers = nn.ModuleList(GatedLayer(width, up, side, lag) for _ in range(layers))
        self.heads = nn.ModuleList(
            ChannelHead(width, c, hidden, levels, precision, photographs) for c in range(channels)
        )
        self.photographs = photographs
        if photographs:
            self._start_at_contrasts()
        self._start_at_neighbours()

    def _start_at_neighbours(self) -> None:
        """The mean starts as that of the left and the upper neighbour."""
        with torch.no_grad():
            for c, head in enumerate(self.heads):
                above = self.channels + c
                self.first_horizontal.weight[[c, above]] = 0
                self.first_horizontal.weight[c, c, 0, -1] = 1
                self.first_vertical.weight[above] = 0
                self.first_vertical.weight[above, c, -2, self.first_vertical.side] = 1
                self.first_link.weight[[c, above]] = 0
                self.first_link.weight[above, above] = 1
                assert isinstance(head, ChannelHead)
                head.shape.weight[0, [c, above]] = 0.5
                if self.photographs and c:
                    head.shape.weight[0, [c - 1, above - 1]] = -0.5
                    head.shape.weight[0, self.width + c - 1] = 1
                    head.shape.bias[1] += CLOSER

    def _start_at_contrasts(self) -> None:
        """Filters whose weights sum to zero: what a level is hardly matters, by how much it differs does."""
        with torch.no_grad():
            vertical = self.first_vertical
            mean = vertical.kernel().sum(dim=(2, 3), keepdim=True) / vertical.mask.sum()
            vertical.weight.sub_(mean).mul_(CONTRAST)
            horizontal = self.first_horizontal.weight
            horizontal.sub_(horizontal.mean(dim=(2, 3), keepdim=True)).mul_(CONTRAST)
            for layer in self.layers:  # what carries the neighbours to the head stays as it is
                assert isinstance(layer, GatedLayer)
                layer.out.weight[: 2 * self.channels] = 0
                nn.init.zeros_(layer.out.bias)

    def features(self, y: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to (N, H, W, width): what is known of each pixel from those before it."""
        seen = torch.cat([y, torch.ones_like(y[:, :1])], dim=1)
        v = self.first_vertical(seen)
        h = self.first_horizontal(seen) + self.first_link(v)
        for layer in self.layers:
            v, h = layer(v, h)
        result: Tensor = h.permute(0, 2, 3, 1)
        return result

    def forward(self, y: Tensor, past: Tensor | None = None) -> Expert:
        """The logits of every sub-pixel of ``y`` (N, C, H, W) in [-1, 1], each of those before it.

        Args:
            past: what the pixels before it are taken to be, where not those of ``y``.
        """
        return self.experts(self.features(y if past is None else past), y.permute(0, 2, 3, 1))

    def experts(self, features: Tensor, current: Tensor) -> Expert:
        """The same from :meth:`features` and the pixels themselves, (N, H, W, C), or rows of both."""
        parts = [head(torch.cat([features, current[..., :c]], dim=-1)) for c, head in enumerate(self.heads)]
        free, mean, raw, *tails = (torch.stack(part, dim=3) for part in zip(*parts, strict=True))
        if not tails:
            return Expert(free, mean, bounded_exp(raw))
        none = torch.zeros_like(mean)
        return Expert(free, none, none, Peak.of(mean, raw, *tails))
