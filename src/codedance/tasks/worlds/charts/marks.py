"""The values of bar and line charts: drawn to the pixel, with their numbers where these fit."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageDraw

from codedance.tasks.worlds.charts.axes import Axes, Plan, number_text
from codedance.tasks.worlds.charts.model import ChartKind, Mark
from codedance.tasks.worlds.charts.style import Canvas, Colour
from codedance.tasks.worlds.charts.values import Chart
from codedance.tasks.worlds.scene import Box

__all__ = ["draw_bars", "draw_lines"]

_SMOOTH = 3
"""How much larger a line is drawn than it is used."""


def draw_bars(canvas: Canvas, chart: Chart, plan: Plan, axes: Axes, colours: list[Colour]) -> list[Mark]:
    """Draw bars, groups of bars or stacked bars with their numbers."""
    marks = []
    low, high = (axes.plot[1], axes.plot[3]) if axes.level else (axes.plot[0], axes.plot[2])
    room = (high - low) // len(chart.items) * plan.breadth // 100
    side_by_side = len(chart.series) if chart.kind is ChartKind.GROUPED else 1
    width = max(5, room // side_by_side)
    for item, centre in enumerate(axes.centres):
        start, below = centre - width * side_by_side // 2, 0.0
        for series, row in enumerate(chart.values):
            value = row[item]
            colour = colours[item if chart.by_item else series]
            if chart.kind is ChartKind.STACKED:
                box = (start, axes.at(below + value), start + width, axes.at(below))
                below = round(below + value, chart.decimals)
            elif axes.level:
                box = (axes.axis + canvas.style.line, start, axes.at(value) + 1, start + width)
            else:
                left = start + series * width
                box = (left, axes.at(value), left + width - (side_by_side > 1), axes.base)
            canvas.draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=colour)
            if plan.outlined:
                canvas.draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=canvas.style.ink)
            marks.append(Mark(series=series, item=item, value=value, box=box))
    if not chart.labelled:
        return marks
    return [_numbered(canvas, chart, plan, mark, colours) for mark in marks]


def _numbered(canvas: Canvas, chart: Chart, plan: Plan, mark: Mark, colours: list[Colour]) -> Mark:
    text = number_text(mark.value, chart.decimals, separators=plan.separators)
    left, top, right, bottom = mark.box
    middle, centre = (left + right) // 2, (top + bottom) // 2
    colour = colours[mark.item if chart.by_item else mark.series]
    contrast = (255, 255, 255) if 3 * colour[0] + 6 * colour[1] + colour[2] < 1450 else (10, 10, 10)
    if chart.kind is ChartKind.STACKED:
        label = canvas.text((middle, centre), text, anchor="mm", fill=contrast)
    elif chart.kind is ChartKind.ROW:
        if plan.inside:
            label = canvas.text((right - 5, centre), text, anchor="rm", fill=contrast)
        else:
            label = canvas.text((right + 5, centre), text, anchor="lm")
    elif plan.inside:
        label = canvas.text((middle, top + 5), text, anchor="mt", fill=contrast)
    else:
        label = canvas.text((middle, top - 4), text, anchor="mb")
    return mark.model_copy(update={"text": text, "label": label})


def draw_lines(
    canvas: Canvas, chart: Chart, plan: Plan, axes: Axes, colours: list[Colour], *, rng: Random, width: int
) -> list[Mark]:
    """Draw one line a series with a point at each value; numbers are written for a single line only."""
    marker = rng.choice(("circle", "circle", "square", "diamond"))
    radius = width + rng.randint(2, 3)
    marks: list[Mark] = []
    for series, row in enumerate(chart.values):
        points = [(centre, axes.at(value)) for centre, value in zip(axes.centres, row, strict=True)]
        _line(canvas, points, colours[series], width=width, radius=radius, marker=marker)
        marks += [
            Mark(series=series, item=item, value=value, box=(x - radius, y - radius, x + radius + 1, y + radius + 1))
            for item, ((x, y), value) in enumerate(zip(points, row, strict=True))
        ]
    if not chart.labelled:
        return marks
    return [_beside(canvas, chart, plan, marks, place) for place in range(len(marks))]


def _line(
    canvas: Canvas, points: list[tuple[int, int]], colour: Colour, *, width: int, radius: int, marker: str
) -> None:
    margin = radius + 3
    left, top = min(x for x, _ in points) - margin, min(y for _, y in points) - margin
    size = (max(x for x, _ in points) + margin - left, max(y for _, y in points) + margin - top)
    mask = Image.new("L", (size[0] * _SMOOTH, size[1] * _SMOOTH))
    draw = ImageDraw.Draw(mask)
    # The middle of a pixel is the middle of the square that it becomes.
    large = [((x - left) * _SMOOTH + 1, (y - top) * _SMOOTH + 1) for x, y in points]
    draw.line(large, fill=255, width=width * _SMOOTH, joint="curve")
    r = radius * _SMOOTH
    for x, y in large:
        match marker:
            case "circle":
                draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
            case "square":
                draw.rectangle((x - r + 2, y - r + 2, x + r - 2, y + r - 2), fill=255)
            case _:
                draw.polygon([(x - r - 3, y), (x, y - r - 3), (x + r + 3, y), (x, y + r + 3)], fill=255)
    canvas.image.paste(colour, (left, top), mask.reduce(_SMOOTH))


def _beside(canvas: Canvas, chart: Chart, plan: Plan, marks: list[Mark], place: int) -> Mark:
    """Write a point's number above it, or below it where the line leaves upwards, on a patch of ground."""
    mark = marks[place]
    around = [marks[one].value for one in (place - 1, place + 1) if 0 <= one < len(marks)]
    above = sum(value > mark.value for value in around) * 2 <= len(around) - (len(around) == 1)
    text = number_text(mark.value, chart.decimals, separators=plan.separators)
    left, top, right, bottom = mark.box
    at, anchor = ((left + right) // 2, top - 3 if above else bottom + 2), "mb" if above else "mt"
    box: Box = _reach(canvas, at, text, anchor)
    canvas.draw.rectangle((box[0] - 1, box[1] - 1, box[2], box[3]), fill=canvas.style.panel)
    return mark.model_copy(update={"text": text, "label": canvas.text(at, text, anchor=anchor)})


def _reach(canvas: Canvas, at: tuple[int, int], text: str, anchor: str) -> Box:
    width, size = canvas.width_of(text), canvas.style.size
    top = at[1] - size * 3 // 4 - 1 if anchor == "mb" else at[1]
    return (at[0] - width // 2, top, at[0] + width // 2 + 1, top + size * 3 // 4 + 1)
