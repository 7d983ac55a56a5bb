"""The learning curve as an SVG picture: validation PSNR and loss over steps. Drawn by hand, since training must
run without matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 640, 420
_LEFT, _RIGHT, _TOP, _GAP, _BOTTOM = 64, 16, 36, 40, 44


def learning_curve(title: str, rows: Sequence[Sequence[float]]) -> str:
    """SVG text from the log's rows (step, seconds, rate, loss, psnr)."""
    height = (_HEIGHT - _TOP - _GAP - _BOTTOM) / 2
    steps = [row[0] for row in rows]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12" fill="#222"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="20" font-size="14">{escape(title)}</text>',
        _panel(steps, [row[4] for row in rows], "validation PSNR (dB)", "#1f6f8b", _TOP, height),
        _panel(steps, [row[3] for row in rows], "training loss", "#b5651d", _TOP + height + _GAP, height),
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">step</text></svg>',
    ]
    return "\n".join(parts) + "\n"


def _panel(xs: list[float], ys: list[float], label: str, colour: str, top: float, height: float) -> str:
    points = [(x, y) for x, y in zip(xs, ys, strict=True) if math.isfinite(y)]
    x_ticks = _ticks(0.0, max(xs, default=1.0))
    y_ticks = _ticks(min((y for _, y in points), default=0.0), max((y for _, y in points), default=1.0))
    right = _WIDTH - _RIGHT

    def x_of(x: float) -> float:
        return _LEFT + (right - _LEFT) * x / x_ticks[-1]

    def y_of(y: float) -> float:
        return top + height - height * (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])

    lines = []
    for tick in y_ticks:
        y = y_of(tick)
        lines.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#ddd"/>')
        lines.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in x_ticks:
        lines.append(f'<text x="{x_of(tick):.1f}" y="{top + height + 16:.1f}" text-anchor="middle">{tick:g}</text>')
    path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
    lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    lines.append(f'<text x="{right}" y="{top - 6:.1f}" text-anchor="end" fill="{colour}">{label}</text>')
    return "\n".join(lines)


def _ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers that enclose [low, high]."""
    span = max(high - low, 1e-9, abs(high) * 1e-6)
    step = 10.0 ** math.floor(math.log10(span / 3))
    step *= next(m for m in (1, 2, 5, 10) if span / (step * m) <= 5)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(k * step, 12) for k in range(first, max(last, first + 1) + 1)]
