"""The fast sampler: what past pixels made of every layer is kept, and all rows of all images advance together.

At step t, row i of every image is at column t - lag * i (:mod:`srbench.methods.pixelcnn.layers` says why it may be): an
image of H x W takes W + lag * (H - 1) steps, each a handful of matrix products over all rows under way. Features are
kept in rings along t: the pixel (i - m, j + c) was computed c - lag * m steps earlier, at the same distance for all
rows, so that a window of neighbouring columns is one stretch of memory and the product reads it where it lies.

What large is needed is allocated once. On CUDA a step always takes all rows, with a mask, and is captured as a graph,
one for each position in the rings.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from srbench.methods.pixelcnn.draw import require_temperature
from srbench.methods.pixelcnn.expert import Condition, Peak, bounded_exp, grid
from srbench.methods.pixelcnn.layers import ChannelHead, GatedLayer, HorizontalConv, Prior, VerticalConv


@dataclass(frozen=True)
class Drawn:
    """``levels`` (B * K, C, H, W) int64; ``logits`` (B * K, H, W, C, levels) if they were to be kept."""

    levels: Tensor
    logits: Tensor | None


@dataclass(frozen=True)
class _Taps:
    """One row of a convolution as a matrix: ``above`` rows up, from column ``first`` on."""

    above: int
    first: int
    count: int
    matrix: Tensor  # (count * inputs, outputs)


def _vertical_taps(conv: VerticalConv, scale: Tensor | float = 1.0) -> list[_Taps]:
    found = []
    for k in range(conv.up + 1):
        used = conv.mask[k].nonzero()[:, 0]
        if len(used):
            first, last = int(used[0]), int(used[-1])
            found.append(_row(conv.kernel()[:, :, k, first : last + 1], conv.up - k, first - conv.side, scale))
    return found


def _horizontal_taps(conv: HorizontalConv, scale: Tensor | float = 1.0) -> list[_Taps]:
    return [_row(conv.weight[:, :, 0], 0, -conv.side, scale)]


def _row(weight: Tensor, above: int, first: int, scale: Tensor | float) -> _Taps:
    """``weight`` (outputs, inputs, columns), its outputs multiplied by ``scale``."""
    return _Taps(above, first, weight.shape[2], weight.permute(2, 1, 0).reshape(-1, weight.shape[0]) * scale)


class _Ring:
    """The last ``length`` values of every row, twice in a row, so that every window of them is contiguous.

    ``data`` is (pad + H, N, 2, length, F); ``pad`` rows of zeros stand for what is above the image.
    """

    def __init__(self, data: Tensor, pad: int) -> None:
        self.data, self.pad = data, pad
        self.length, self.width = data.shape[3], data.shape[4]
        self.flat = data.flatten(2)

    def window(self, taps: _Taps, lag: int, step: int, low: int, high: int) -> Tensor:
        """((high - low) * N, taps * F), a view: what the taps see from rows low .. high - 1 at ``step``."""
        start = (step + taps.first - lag * taps.above) % self.length * self.width
        rows = self.flat[self.pad + low - taps.above : self.pad + high - taps.above]
        return rows.flatten(0, 1)[:, start : start + taps.count * self.width]

    def put(self, value: Tensor, step: int, low: int, high: int) -> None:
        """``value`` ((high - low) * N, F)."""
        place = self.data[self.pad + low : self.pad + high, :, :, step % self.length]
        place.copy_(value.view(high - low, -1, 1, self.width))


class _Head:
    """Weights of a channel's head, transposed, with the free logits of the conditioning network."""

    def __init__(self, head: ChannelHead, condition: Condition, c: int) -> None:
        self.hidden, self.hidden_bias = head.hidden.weight.t().contiguous(), head.hidden.bias
        self.free = head.free.weight.t().contiguous()
        # The head's inputs stand in the buffer as (hidden, features, channels before).
        own = head.hidden.in_features
        self.shape = torch.cat([head.shape.weight[:, own:], head.shape.weight[:, :own]], dim=1).t().contiguous()
        self.shape_bias = head.shape.bias
        levels = self.free.shape[1]
        part = slice(c * levels, (c + 1) * levels)
        self.given = condition.weight[part].t().contiguous()
        self.bias = condition.bias[part] + head.free.bias


class Sampler:
    """Draws images of one size from a prior and a condition.

    Args:
        condition: of B images.
        samples: K of each image; all B * K advance together.
        whole: take all rows at every step, with a mask, as graphs need; None: on CUDA.
    """

    @torch.no_grad()
    def __init__(self, prior: Prior, condition: Condition, samples: int = 1, whole: bool | None = None) -> None:
        images, self.channels, self.height, self.columns = condition.shape
        self.device = condition.mean.device
        self.whole = self.device.type == "cuda" if whole is None else whole
        self.lag, self.images, self.samples, self.count = prior.lag, images, samples, images * samples
        self.steps = self.columns + self.lag * (self.height - 1)
        self._pack(prior, condition)
        self._allocate(prior)
        # (H * W + 1, B, F + 2 C): pixels in raster order; the last entry is for rows that are not under way.
        given = torch.cat([condition.features, condition.mean, condition.precision], dim=-1)
        self.given = given.new_zeros((self.height * self.columns + 1, images, given.shape[-1]))
        self.given[:-1] = given.permute(1, 2, 0, 3).reshape(-1, images, given.shape[-1])
        self.features = condition.features.shape[-1]
        self.peaked = prior.photographs

    def _pack(self, prior: Prior, condition: Condition) -> None:
        self.first = (_vertical_taps(prior.first_vertical), _horizontal_taps(prior.first_horizontal))
        self.first_bias = (prior.first_vertical.bias, prior.first_horizontal.bias)
        self.first_link = prior.first_link.weight[:, :, 0, 0].t().contiguous()
        self.layers = []
        for layer in prior.layers:
            assert isinstance(layer, GatedLayer)
            # tanh(a) is 2 sigmoid(2 a) - 1, so with a doubled one sigmoid serves both halves of a gate: half the time.
            twice = torch.ones(2 * prior.width, device=self.device)
            twice[: prior.width] = 2
            vertical, horizontal = _vertical_taps(layer.vertical, twice), _horizontal_taps(layer.horizontal, twice)
            # What the horizontal stack sees of the vertical one is doubled already in its first half.
            link = layer.link.weight[:, :, 0, 0].t() * twice / twice[:, None]
            assert layer.out.bias is not None
            biases = (layer.vertical.bias * twice, layer.horizontal.bias * twice, layer.out.bias)
            self.layers.append(((vertical, horizontal), (link, layer.out.weight[:, :, 0, 0].t().contiguous()), biases))
        self.heads = [_Head(head, condition, c) for c, head in enumerate(prior.heads)]  # type: ignore[arg-type]

    def _allocate(self, prior: Prior) -> None:
        first = [row for rows in self.first for row in rows]
        taps = [row for (v, h), _, _ in self.layers for row in (*v, *h)]
        self.pad = max(row.above for row in (*first, *taps))
        length = max((1 + self.lag * row.above - row.first for row in taps), default=1)
        needed = 1 + max(self.lag * row.above - row.first for row in first)
        # A multiple, so that all rings are back at their start together.
        self.turn = -(-needed // length) * length
        under_way = -(-self.columns // self.lag)
        self.rows = self.height if self.whole else min(self.height, under_way)
        place, width = self.device, prior.width
        rows, pixels = self.pad + self.height, self.rows * self.count
        rings = torch.zeros((2 * len(self.layers), rows, self.count, 2, length, width), device=place)
        seen = torch.zeros((rows, self.count, 2, self.turn, self.channels + 1), device=place)
        self.rings, self.seen = rings, _Ring(seen, self.pad)
        self.vertical = [_Ring(ring, self.pad) for ring in rings[::2]]
        self.horizontal = [_Ring(ring, self.pad) for ring in rings[1::2]]
        hidden = self.heads[0].hidden.shape[1]

        def buffer(columns: int) -> Tensor:
            return torch.empty((pixels, columns), device=place)

        self.above, self.beside = buffer(2 * width), buffer(2 * width)
        self.gate = buffer(width)
        self.stream = torch.empty((pixels, hidden + width + self.channels), device=place)
        self.hidden, self.width = hidden, width
        self.logits, self.scratch = buffer(prior.levels), buffer(prior.levels)
        self.from_given = torch.empty((self.rows * self.images, prior.levels), device=place)
        self.now = buffer(self.channels + 1)
        self.values = grid(prior.levels, self.logits)
        self.raster = torch.arange(self.height, device=place) * (self.columns - self.lag)
        self.starts = torch.arange(self.height, device=place) * self.lag
        self.clock = torch.zeros((), dtype=torch.int64, device=place)

    @torch.no_grad()
    def draw(self, noise: Tensor | None, temperature: float = 1.0, keep_logits: bool = False) -> Drawn:
        """One image for each of the B * K, images first.

        Args:
            noise: (B * K, H, W, C) in [0, 1); None takes the likeliest level of every sub-pixel.
            temperature: multiplies the logits, as in the paper: more than 1 is sharper than the model.
        """
        self.temperature = require_temperature(temperature)
        size = (self.height * self.columns + 1, self.count, self.channels)
        self.noise = None
        if noise is not None:
            self.noise = torch.zeros(size, device=self.device)
            self.noise[:-1] = noise.to(self.device).permute(1, 2, 0, 3).reshape(-1, *size[1:])
        self.drawn = torch.zeros(size, dtype=torch.int64, device=self.device)
        self.kept = torch.zeros((*size, len(self.values)), device=self.device) if keep_logits else None
        self.rings.zero_()
        self.seen.data.zero_()
        self.clock.zero_()
        if self.device.type == "cuda":
            self._replay()
        else:
            for step in range(self.steps):
                self._step(step)
        shape = (self.height, self.columns, self.count, self.channels)
        levels = self.drawn[:-1].view(shape).permute(2, 3, 0, 1)
        if self.kept is None:
            return Drawn(levels, None)
        return Drawn(levels, self.kept[:-1].view(*shape, -1).permute(2, 0, 1, 3, 4))

    def _replay(self) -> None:
        """A graph for each position in the rings, captured once it has run, replayed for all steps after."""
        graphs: list[torch.cuda.CUDAGraph] = []
        warm = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        warm.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(warm):
            self._step(0)  # libraries set themselves up outside of a graph
        torch.cuda.current_stream().wait_stream(warm)
        for buffer in (self.rings, self.seen.data, self.clock, self.drawn):
            buffer.zero_()
        for position in range(min(self.turn, self.steps)):
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._step(position)
            graphs.append(graph)
        for step in range(self.steps):
            graphs[step % self.turn].replay()
        torch.cuda.synchronize()

    def _step(self, step: int) -> None:
        if self.whole:
            # The place in the image comes from the clock on the device: a graph knows its position in the rings only.
            low, high = 0, self.height
            column = self.clock - self.starts
            active = (column >= 0) & (column < self.columns)
            at = torch.where(active, self.raster + self.clock, self.height * self.columns)
            mask = active.to(torch.float32).repeat_interleave(self.count)[:, None]
        else:
            low, high = max(0, (step - self.columns) // self.lag + 1), min(self.height, step // self.lag + 1)
            at, mask = self.raster[low:high] + step, None
            self._clear(step, low)
            if low == high:  # an image narrower than the lag: no row is under way
                return
        pixels = (high - low) * self.count
        features = self._stacks(step, low, high, mask)
        now = self.now[:pixels]
        now[:, -1] = 1
        given = self.given.index_select(0, at)
        for c in range(self.channels):
            self._choose(c, features, given, at, now)
            features[:, self.hidden + self.width + c] = now[:, c]
        self._put(self.seen, now, step, low, high, mask)
        if self.whole:
            self.clock += 1

    def _clear(self, step: int, low: int) -> None:
        """Rows that ended within the last turn of the rings: right of the image everything is zero."""
        ended = max(0, (step - self.columns - self.turn) // self.lag)
        if low > ended:
            rows = slice(self.pad + ended, self.pad + low)
            self.rings[:, rows, :, :, step % self.rings.shape[4]] = 0
            self.seen.data[rows, :, :, step % self.turn] = 0

    def _put(self, ring: _Ring, value: Tensor, step: int, low: int, high: int, mask: Tensor | None) -> None:
        ring.put(value if mask is None else value * mask, step, low, high)

    def _stacks(self, step: int, low: int, high: int, mask: Tensor | None) -> Tensor:
        """The buffer of the heads, ((high - low) * N, hidden + width + C), with the features in its middle."""
        pixels = (high - low) * self.count

        def convolve(out: Tensor, bias: Tensor, ring: _Ring, taps: list[_Taps]) -> None:
            start = bias
            for row in taps:
                torch.addmm(start, ring.window(row, self.lag, step, low, high), row.matrix, out=out)
                start = out

        def gated(x: Tensor) -> Tensor:
            x.sigmoid_()
            b = x[:, self.width :]
            return torch.mul(x[:, : self.width], b, out=gate).mul_(2).sub_(b)

        above, beside, gate = self.above[:pixels], self.beside[:pixels], self.gate[:pixels]
        buffer = self.stream[:pixels]
        stream = buffer[:, self.hidden : self.hidden + self.width]
        v = gate
        convolve(v, self.first_bias[0], self.seen, self.first[0])
        first = above[:, : self.width]
        convolve(first, self.first_bias[1], self.seen, self.first[1])
        torch.addmm(first, v, self.first_link, out=stream)
        for k, ((vertical, horizontal), (link, out), biases) in enumerate(self.layers):
            if k == 0:
                self._put(self.vertical[0], v, step, low, high, mask)
            self._put(self.horizontal[k], stream, step, low, high, mask)
            convolve(above, biases[0], self.vertical[k], vertical)
            convolve(beside, biases[1], self.horizontal[k], horizontal)
            beside.addmm_(above, link)
            stream.addmm_(gated(beside), out).add_(biases[2])
            if k + 1 < len(self.layers):
                self._put(self.vertical[k + 1], gated(above), step, low, high, mask)
        return buffer

    def _given_parabola(self, c: int, given: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and precision of the conditioning, (rows, images, 1)."""
        at = self.features + c
        return given[:, :, at, None], given[:, :, at + self.channels, None]

    def _parabola(self, shape: Tensor, mean: Tensor, precision: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and precision, (rows, images, samples), of the parabolas of both networks together."""
        if self.peaked:
            return mean.expand(shape.shape[:-1]), precision.expand(shape.shape[:-1])
        own_mean, own = shape[..., 0], bounded_exp(shape[..., 1])
        total = own + precision
        return (own * own_mean + precision * mean) / total.clamp_min(1e-12), total

    def _choose(self, c: int, buffer: Tensor, given: Tensor, at: Tensor, now: Tensor) -> None:
        """Draw channel ``c`` of the pixels under way into ``now``, as values."""
        head, pixels = self.heads[c], buffer.shape[0]
        shared = (at.shape[0], self.images, self.samples)
        known = self.hidden + self.width + c
        hidden = buffer[:, : self.hidden]
        torch.addmm(head.hidden_bias, buffer[:, self.hidden : known], head.hidden, out=hidden)
        hidden.relu_()
        shape = torch.addmm(head.shape_bias, buffer[:, :known], head.shape)
        logits, scratch = self.logits[:pixels], self.scratch[:pixels]
        theirs = self.from_given[: given.shape[0] * self.images]
        torch.addmm(head.bias, given[:, :, : self.features].reshape(theirs.shape[0], -1), head.given, out=theirs)
        mean, precision = self._parabola(shape.view(*shared, -1), *self._given_parabola(c, given))
        torch.sub(self.values, mean.reshape(-1, 1), out=logits)
        logits.square_().mul_(precision.reshape(-1, 1) * -0.5).addmm_(hidden, head.free)
        spread = logits.view(-1, self.samples, len(self.values))
        spread += theirs[:, None]
        if self.peaked:
            logits -= _depth(Peak.of(*shape.unbind(-1)), self.values, scratch)
        if self.kept is not None:
            self.kept[:, :, c].index_copy_(0, at, logits.view(at.shape[0], self.count, -1))
        if self.noise is None:
            level = logits.argmax(dim=-1)
        else:
            if self.temperature != 1:
                logits *= self.temperature
            torch.softmax(logits, dim=-1, out=scratch)
            torch.cumsum(scratch, dim=-1, out=logits)
            noise = self.noise[:, :, c].index_select(0, at).view(-1, 1)
            level = torch.searchsorted(logits, noise * logits[:, -1:], right=True)[:, 0].clamp_(
                max=len(self.values) - 1
            )
        self.drawn[:, :, c].index_copy_(0, at, level.view(at.shape[0], self.count))
        torch.index_select(self.values, 0, level, out=now[:, c])


def _depth(peak: Peak, u: Tensor, out: Tensor) -> Tensor:
    """What ``peak`` (pixels,) takes from the logits (pixels, levels), in ``out``."""
    torch.sub(u, peak.mean[:, None], out=out).square_().mul_((peak.precision / (2 * peak.tails))[:, None])
    return out.log1p_().mul_(peak.tails[:, None])
