"""What all drawings of the report share: a chart's area, axes, colours and SVG; and the learning curve of a training.

Colours are variables of the page's style sheet, so that they follow its light and dark; text stays text. What a drawing
shows has an id, by which the page's script finds it.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# Stand-ins that matplotlib draws with; in the SVG they become variables of the style sheet.
INK, SOFT, LINE, GROUND = "#16191c", "#5c6671", "#dfe4e9", "#fefefd"
_VARIABLES = {INK: "var(--ink)", SOFT: "var(--soft)", LINE: "var(--line)", GROUND: "var(--ground)"}
# A kind of method has a colour, and a marker for those who see few colours.
MARKERS = {
    "interpolation": "o",
    "model": "s",
    "examples": "^",
    "network": "D",
    "gan": "v",
    "autoregressive": "P",
    "own": "X",
}
_STAND_INS = {kind: f"#0102{i:02x}" for i, kind in enumerate(MARKERS)}
WIDTH = 374  # of a chart in SVG units, which are points: about a third of the page, or a phone
FONT = 10.5
# For a file that stands alone: Okabe and Ito's palette, told apart by people who see few colours.
COLOURS = ("#0072b3", "#d55e01")


@dataclass(frozen=True)
class Mark:
    """What a drawing tells of one of its elements: the method, a text of a few lines, the place in SVG units (None of
    what is no point)."""

    label: str
    text: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True)
class Drawing:
    """An <svg> element; the element of its i-th mark has the id ``str(i)``."""

    svg: str
    marks: list[Mark]


def wide(text: str) -> float:
    """About the width of a text in SVG units: which font a reader has is not known."""
    return FONT * sum(0.7 if character.isupper() or character in "mw" else 0.59 for character in text)


def colour(kind: str) -> str:
    """The stand-in for the colour of a kind of method."""
    return _STAND_INS.get(kind, _STAND_INS["own"])


@dataclass(frozen=True)
class Axis:
    """One axis. ``flip``: it runs from high to low, for quantities of which less is better; ``none``: it begins with a
    column for what has nothing of its quantity, given as 0. A logarithmic axis is drawn in powers of ten."""

    label: str
    log: bool = False
    flip: bool = False
    none: bool = False
    whole: bool = False  # ticks at whole numbers, as of years

    def place(self, value: float) -> float:
        """Where a value lies in the units that are drawn."""
        return math.log10(value) if self.log and value > 0 else value

    def ticks(self, low: float, high: float) -> tuple[list[float], list[str]]:
        """Places and labels from ``low`` to ``high``, in the units that are drawn."""
        if self.log:
            return _decades(low, high)
        step = nice_step(low, high, whole=self.whole)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first = math.ceil(low / step - 1e-9)
        places = [step * i for i in range(first, math.floor(high / step + 1e-9) + 1)]
        return places, [f"{value + 0:.{digits}f}".replace("-", "\N{MINUS SIGN}") for value in places]


def nice_step(low: float, high: float, *, whole: bool = False, most: int = 6) -> float:
    """The smallest of 1, 2, 5, 10, ... that gives no more than ``most`` steps."""
    raw = max((high - low) / most, 1e-12)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * (1 - 1e-9))
    return max(step, 1.0) if whole else step


def _decades(low: float, high: float) -> tuple[list[float], list[str]]:
    factors = (1,) if high - low > 1.6 else (1, 2, 5) if high - low > 0.5 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    values = [factor * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for factor in factors]
    shown = [value for value in values if low <= math.log10(value) <= high]
    return [math.log10(value) for value in shown], [size(value) for value in shown]


def size(value: float) -> str:
    r"""A large number in short, as the page's table writes it.

    >>> size(1_517_571), size(12_809), size(0.5)
    ('1.5\u2009M', '13\u2009k', '0.5')
    """
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * unit:
            short = value / unit
            return f"{short:.1f}".removesuffix(".0") + f"\u2009{name}" if short < 9.95 else f"{short:.0f}\u2009{name}"
    return f"{value:.3g}"


@dataclass
class Area:
    """The axes of a chart and where its values lie. Lengths are SVG units, whose y runs down."""

    height: float
    x: tuple[float, float]  # what is drawn, from left to right
    y: tuple[float, float]  # from the bottom up
    left: float = 50.0
    right: float = 12.0
    top: float = 10.0
    bottom: float = 42.0
    figure: Figure = field(init=False)
    axes: Axes = field(init=False)

    def __post_init__(self) -> None:
        self.figure = Figure(figsize=(WIDTH / 72, self.height / 72), dpi=72)
        # Margins by hand: matplotlib's layout engines draw everything twice to find them.
        self.figure.subplots_adjust(
            left=self.left / WIDTH,
            right=1 - self.right / WIDTH,
            bottom=self.bottom / self.height,
            top=1 - self.top / self.height,
        )
        self.axes = self.figure.add_subplot()
        self.axes.set_xlim(*self.x)
        self.axes.set_ylim(*self.y)
        self.axes.set_axisbelow(True)
        self.axes.tick_params(length=0, colors=SOFT, labelsize=FONT)
        for spine in self.axes.spines.values():
            spine.set_visible(False)

    def across(self, x: float) -> float:
        """SVG units from the left of a place on the x axis."""
        return self.left + (x - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - self.left - self.right)

    def down(self, y: float) -> float:
        """SVG units from the top of a place on the y axis."""
        return self.top + (self.y[1] - y) / (self.y[1] - self.y[0]) * (self.height - self.top - self.bottom)

    def scale(self, axis: str, places: Sequence[float], labels: Sequence[str], title: str) -> None:
        """Ticks, grid and title of axis 'x' or 'y'."""
        set_ticks: Callable[..., object] = self.axes.set_xticks if axis == "x" else self.axes.set_yticks
        set_ticks(places, labels)
        self.axes.grid(axis="x" if axis == "x" else "y", color=LINE, linewidth=0.8)
        if axis == "x":
            middle = (self.left + WIDTH - self.right) / 2
            self.text(middle, self.height - 8, title, ha="center", va="baseline")
        else:
            self.text(10, (self.top + self.height - self.bottom) / 2, title, ha="center", va="center", rotation=90)

    def text(self, x: float, y: float, text: str, colour: str = SOFT, **how: object) -> None:
        """A text at SVG units."""
        self.figure.text(
            x / WIDTH,
            1 - y / self.height,
            plain(text),
            color=colour,
            fontsize=FONT,
            **how,  # type: ignore[arg-type]
        )

    def line(self, x: Sequence[float], y: Sequence[float], colour: str, **how: object) -> None:
        """A line, or markers, through places on the axes."""
        own = Line2D(x, y, color=colour, **how)  # type: ignore[arg-type]
        own.set_clip_on(False)
        self.axes.add_artist(own)

    def drawn(self, title: str, marks: list[Mark]) -> Drawing:
        return Drawing(to_svg(self.figure, title), marks)


def learning_curve(title: str, steps: Sequence[float], psnr: Sequence[float], loss: Sequence[float]) -> str:
    """Validation PSNR (dB) above training loss, over steps. Returns an SVG file that stands alone."""
    width = 7.2  # inches
    figure = Figure(figsize=(width, 5.0))
    figure.subplots_adjust(left=1.0 / width, right=0.96, bottom=0.11, top=0.93)
    panels = figure.subplots(2, 1, sharex=True)
    labels = ("validation PSNR (dB)", "training loss")
    for axes, values, label, own, marker in zip(panels, (psnr, loss), labels, COLOURS, ("o", "s"), strict=False):
        axes.plot(steps, values, color=own, linewidth=1.6, marker=marker, markersize=4)
        axes.set_ylabel(label)
        axes.grid(color=SOFT, alpha=0.25)
        _dress(axes, ("top", "right"))
    panels[0].set_title(plain(title), color=SOFT, fontsize=11)
    panels[1].set_xlabel("step")
    figure.align_ylabels()
    return to_svg(figure, f"Learning curve of {title}", alone=True)


def _dress(axes: Axes, hidden: Sequence[str]) -> None:
    axes.tick_params(which="both", colors=SOFT)
    axes.xaxis.label.set_color(SOFT)
    axes.yaxis.label.set_color(SOFT)
    for name, spine in axes.spines.items():
        spine.set_visible(name not in hidden)
        spine.set_color(SOFT)


def pareto(cost: Sequence[float], quality: Sequence[float]) -> list[bool]:
    """Which are on the front: no other is at least as good in both (lower cost, higher quality) and better in one.

    >>> pareto([1, 2, 3], [10, 30, 20])
    [True, True, False]
    """
    points = list(zip(cost, quality, strict=True))
    return [not any(c <= a and q >= b and (c, q) != (a, b) for c, q in points) for a, b in points]


def plain(name: str) -> str:
    """As matplotlib has to be given it: a dollar would begin mathematics."""
    return name.replace("$", r"\$")


def to_svg(figure: Figure, title: str, alone: bool = False) -> str:
    """``alone``: a file with colours and a background of its own, not part of a page."""
    stream = io.StringIO()
    # A fixed salt and no date: the same results give the same page.
    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": title, "font.family": "sans-serif", "path.simplify": False}
    ):
        figure.savefig(stream, format="svg", transparent=not alone, metadata={"Date": None})
    svg = stream.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    if not alone:
        kinds = {stand_in: f"var(--f-{kind})" for kind, stand_in in _STAND_INS.items()}
        for stand_in, variable in (_VARIABLES | kinds).items():
            svg = svg.replace(stand_in, variable)
    return svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)


def with_own_ids(svg: str, key: str) -> str:
    """An <svg> whose ids begin with ``key``, so that several can stand in one page."""
    svg = re.sub(r'\bid="', f'id="{key}-', svg)
    svg = re.sub(r'href="#', f'href="#{key}-', svg)
    return svg.replace("url(#", f"url(#{key}-")
