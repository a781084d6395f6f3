"""Discs and rings cut into sectors."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw

from codedance.tasks.worlds.charts.model import Mark
from codedance.tasks.worlds.charts.style import Canvas, Colour
from codedance.tasks.worlds.charts.values import Chart
from codedance.tasks.worlds.scene import Box

__all__ = ["draw_pie"]

_SMOOTH = 3


def draw_pie(
    canvas: Canvas, chart: Chart, colours: list[Colour], box: Box, *, rng: Random, named: bool
) -> tuple[Box, list[Mark], list[Box]] | None:
    """Draw the sectors clockwise, with percentages in them, and with names around them where ``named``.

    Returns:
        The square around the disc, the marks, and the boxes of the names; ``None`` if something would not fit.
    """
    size = canvas.style.size
    left, top, right, bottom = box
    beside = max(canvas.width_of(name) for name in chart.items) + 12 if named else 2
    radius = min((right - left) // 2 - beside, (bottom - top) // 2 - (size + 12 if named else 2))
    if radius < 3 * size:
        return None
    centre = ((left + right) // 2, (top + bottom) // 2)
    hole = rng.choice((0.0, 0.0, 0.42, 0.5))
    start = float(rng.randrange(360))
    # Never none: where red meets blue smoothly there is a line of purple, which a colour test would take for a slice.
    gap = rng.choice((1, 2, 3)) if chart.labelled else 1
    _sectors(canvas, chart, colours, centre=centre, radius=radius, hole=hole, start=start, gap=gap)
    square = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    marks: list[Mark] = []
    names: list[Box] = []
    angle = start
    for item, (value, colour) in enumerate(zip(chart.values[0], colours, strict=True)):
        middle = math.radians(angle + 1.8 * value)
        angle += 3.6 * value
        mark = Mark(series=0, item=item, value=value, box=_around(centre, radius, middle, value))
        if chart.labelled:
            text = f"{value:.0f}%"
            away = radius * (0.75 if hole else 0.66)
            if 6.283 * away * value / 100 < canvas.width_of(text) * 1.15:
                return None
            at = (centre[0] + round(away * math.cos(middle)), centre[1] + round(away * math.sin(middle)))
            contrast = (255, 255, 255) if 3 * colour[0] + 6 * colour[1] + colour[2] < 1450 else (10, 10, 10)
            mark = mark.model_copy(update={"text": text, "label": canvas.text(at, text, anchor="mm", fill=contrast)})
        marks.append(mark)
        if named:
            names.append(_named(canvas, chart.items[item], centre, radius, middle))
    if any(_touch(a, b) for index, a in enumerate(names) for b in names[:index]):
        return None
    return square, marks, names


def _sectors(
    canvas: Canvas,
    chart: Chart,
    colours: list[Colour],
    *,
    centre: tuple[int, int],
    radius: int,
    hole: float,
    start: float,
    gap: int,
) -> None:
    side, large = 2 * radius, radius * _SMOOTH
    disc = Image.new("RGB", (2 * large, 2 * large))
    draw = ImageDraw.Draw(disc)
    angle, edges = start, []
    # Sectors reach beyond the disc: its mask alone decides where it ends.
    beyond = (-9, -9, 2 * large + 8, 2 * large + 8)
    for value, colour in zip(chart.values[0], colours, strict=True):
        draw.pieslice(beyond, angle, angle + 3.6 * value, fill=colour)
        edges.append(angle)
        angle += 3.6 * value
    for edge in edges:
        end = (
            large + round(1.1 * large * math.cos(math.radians(edge))),
            large + round(1.1 * large * math.sin(math.radians(edge))),
        )
        draw.line(((large, large), end), fill=canvas.style.ground, width=gap * _SMOOTH)
    mask = Image.new("L", (2 * large, 2 * large))
    inner = ImageDraw.Draw(mask)
    inner.ellipse((0, 0, 2 * large - 1, 2 * large - 1), fill=255)
    if hole:
        r = round(large * hole)
        inner.ellipse((large - r, large - r, large + r, large + r), fill=0)
    corner = (centre[0] - radius, centre[1] - radius)
    canvas.image.paste(disc.reduce(_SMOOTH).crop((0, 0, side, side)), corner, mask.reduce(_SMOOTH))


def _around(centre: tuple[int, int], radius: int, middle: float, value: float) -> Box:
    """The box of a sector."""
    half = math.radians(1.8 * value)
    angles = [middle - half, middle + half]
    angles += [turn * math.pi / 2 for turn in range(-1, 9) if middle - half < turn * math.pi / 2 < middle + half]
    xs = [centre[0], *(centre[0] + round(radius * math.cos(angle)) for angle in angles)]
    ys = [centre[1], *(centre[1] + round(radius * math.sin(angle)) for angle in angles)]
    return (min(xs), min(ys), max(xs) + 1, max(ys) + 1)


def _named(canvas: Canvas, name: str, centre: tuple[int, int], radius: int, middle: float) -> Box:
    """Write a name beside its sector."""
    half = canvas.width_of(name) / 2
    # So far out that the box of the word clears the disc in this direction.
    away = radius + 5 + half * abs(math.cos(middle)) + canvas.style.size * 0.45 * abs(math.sin(middle))
    x, y = centre[0] + round(away * math.cos(middle)), centre[1] + round(away * math.sin(middle))
    return canvas.text((x, y), name, anchor="mm")


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] + 4 and b[0] < a[2] + 4 and a[1] < b[3] + 2 and b[1] < a[3] + 2
