"""Small charts as SVG: they take their colours from the page, and say in words what they show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from codedance.viewer.shell import visible

__all__ = ["Bar", "Series", "bar_chart", "line_chart", "ticks"]

_COLOURS = 6
_LEAST = 1e-300
_WIDE, _HIGH = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 18, 12, 26
_ROW = 26
_NAME, _SCALE, _END = 116, 130, 122


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart."""

    name: str
    share: float | None
    """Its length, at most 1; below 0 it is drawn in the other colour; ``None`` draws nothing."""
    said: str
    """At its end."""
    low: float | None = None
    """Ends of an interval around the share."""
    high: float | None = None
    href: str | None = None
    """Where its name leads."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a line chart."""

    name: str
    points: Sequence[tuple[float, float]]


def bar_chart(bars: Sequence[Bar], *, label: str) -> Markup:
    """Horizontal bars, one a row.

    >>> "<title>wrong: 3</title>" in bar_chart([Bar("wrong", 0.5, "3")], label="Verdicts")
    True
    """
    parts: list[Markup] = []
    for index, bar in enumerate(bars):
        y = index * _ROW
        name = Markup('<text x="{}" y="{}" class="name">{}</text>').format(_NAME - 8, y + 17, _cut(bar.name, 16))
        parts.append(Markup('<a href="{}">{}</a>').format(bar.href, name) if bar.href else name)
        width = abs(bar.share or 0.0) * _SCALE
        kind = "bar minus" if (bar.share or 0.0) < 0 else "bar"
        title = Markup("<title>{}: {}</title>").format(visible(bar.name), bar.said)
        parts.append(
            Markup('<g>{}<rect x="{}" y="{}" width="{}" height="14" rx="3" class="ground"></rect>'
                   '<rect x="{}" y="{}" width="{}" height="14" rx="3" class="{}"></rect></g>').format(
                title, _NAME, y + 5, _SCALE, _NAME, y + 5, f"{width:.1f}", kind)
        )  # fmt: skip
        if bar.low is not None and bar.high is not None:
            low, high = (_NAME + edge * _SCALE for edge in (bar.low, bar.high))
            parts.append(
                Markup('<path class="reach" d="M{} {}H{}"></path>').format(f"{low:.1f}", y + 12, f"{high:.1f}")
            )
        parts.append(Markup('<text x="{}" y="{}" class="said">{}</text>').format(_NAME + _SCALE + 8, y + 17, bar.said))
    return _framed(parts, _NAME + _SCALE + _END, max(1, len(bars)) * _ROW + 4, label)


def line_chart(series: Sequence[Series], *, label: str, share: bool = False) -> Markup:
    """Lines over steps; their names stand beside the chart, in its caption.

    Args:
        series: at least one with a point; values are finite.
        label: what it shows, for those who cannot see it.
        share: the values are shares, so that the scale goes from 0 to 1.
    """
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    if not xs:
        return Markup("")
    x_low, x_high = _widened(min(xs), max(xs))
    y_marks = ticks(0.0, 1.0) if share else ticks(*_widened(min(ys), max(ys)))
    y_low, y_high = min(y_marks[0], min(ys)), max(y_marks[-1], max(ys))

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_low) / (x_high - x_low) * (_WIDE - _LEFT - _RIGHT)
        down = (y_high - y) / ((y_high - y_low) or 1.0) * (_HIGH - _TOP - _BOTTOM)
        return _LEFT + across, _TOP + down

    parts = []
    for mark in y_marks:
        _, y = place(x_low, mark)
        line = Markup('<path class="grid" d="M{} {}H{}"></path>').format(_LEFT, f"{y:.1f}", _WIDE - _RIGHT)
        parts.append(
            line + Markup('<text x="{}" y="{}" class="y">{}</text>').format(_LEFT - 6, f"{y + 4:.1f}", _said(mark))
        )
    for mark in [one for one in ticks(x_low, x_high) if x_low <= one <= x_high]:
        x, _ = place(mark, y_low)
        parts.append(Markup('<text x="{}" y="{}" class="x">{}</text>').format(f"{x:.1f}", _HIGH - 8, _said(mark)))
    for index, one in enumerate(series):
        places = [place(x, y) for x, y in one.points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        colour = f"c{index % _COLOURS}"
        title = Markup("<title>{}, last: {}</title>").format(
            visible(one.name), f"{one.points[-1][1]:.4g}" if places else ""
        )
        parts.append(Markup('<path class="line {}" d="{}">{}</path>').format(colour, path if places else "", title))
        if len(places) <= 40:
            dot = Markup('<circle class="dot {}" cx="{}" cy="{}" r="2.6"><title>{}: {}</title></circle>')
            parts += [
                dot.format(colour, f"{x:.1f}", f"{y:.1f}", _said(step), f"{value:.4g}")
                for (x, y), (step, value) in zip(places, one.points, strict=True)
            ]
    return _framed(parts, _WIDE, _HIGH, label)


def ticks(low: float, high: float, *, count: int = 5) -> list[float]:
    """Round numbers that reach from at most ``low`` to at least ``high``.

    >>> ticks(0.0, 1.0), ticks(3.0, 47.0)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 20.0, 40.0, 60.0])
    """
    span = high - low
    if not _LEAST < span < math.inf:
        return [low]
    size = 10.0 ** math.floor(math.log10(span / (count - 1)))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10, 20) if span / (size * factor) <= count - 1 + 1e-9)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def _widened(low: float, high: float) -> tuple[float, float]:
    """Not empty."""
    if high > low:
        return low, high
    margin = abs(low) * 0.1 or 1.0
    return low - margin, high + margin


def _said(value: float) -> str:
    size = abs(value)
    if size >= 1e12 or 0 < size < 1e-3:
        return f"{value:.3g}"
    for least, unit, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if size >= least:
            return f"{value / unit:g}{letter}"
    return f"{value:.6g}"


def _cut(name: str, length: int) -> str:
    shown = " ".join(visible(name).split())
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def _framed(parts: Sequence[Markup], width: int, height: int, label: str) -> Markup:
    frame = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return frame.format(width, height, escape(visible(label)), Markup("").join(parts))
