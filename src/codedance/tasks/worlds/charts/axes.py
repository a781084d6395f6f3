"""Around the values of a chart: heading, legend, axes with their ticks and names; what is left is the plot."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from codedance.tasks.worlds.charts.model import ChartKind, Entry, Tick
from codedance.tasks.worlds.charts.style import Canvas, Colour, Tint
from codedance.tasks.worlds.charts.values import Chart, Scale
from codedance.tasks.worlds.scene import Box

__all__ = [
    "TICK",
    "Axes",
    "LegendPlace",
    "Plan",
    "draw_axes",
    "draw_heading",
    "draw_legend",
    "jitter",
    "legend_entries",
]

TICK = 6
"""Length of a tick in pixels."""
LegendPlace = Literal["top", "bottom", "right"]
_JITTER = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn around the values."""

    title: str | None
    legend: LegendPlace | None
    scaled: bool
    """The axis of values has ticks with numbers."""
    separators: bool
    """Thousands are set apart."""
    inside: bool
    """Numbers stand in the bars instead of above them."""
    outlined: bool
    centred: bool
    """The heading stands in the middle."""
    axis_title: str | None
    breadth: int
    """Share of its room that a bar takes, in percent."""
    note: str | None = None
    """A line of small writing at the bottom."""
    slanted: bool = False
    """Names that do not fit side by side rise slantwise instead of upright."""


@dataclass(frozen=True, slots=True)
class Axes:
    """Where values and names lie."""

    plot: Box
    axis: int
    base: int
    scale: Scale
    level: bool
    """Values run from left to right."""
    ticks: tuple[Tick, ...]
    names: tuple[Box, ...]
    centres: tuple[int, ...]
    """Of the names' places along their axis."""

    def at(self, value: float) -> int:
        """Row or column of a value."""
        left, top, right, bottom = self.plot
        share = (value - self.scale.low) / (self.scale.high - self.scale.low)
        return left + round(share * (right - left)) if self.level else bottom - round(share * (bottom - top))


def number_text(value: float, decimals: int, *, separators: bool = False) -> str:
    """A value as it is written at its mark.

    >>> number_text(1250.0, 0, separators=True), number_text(7.5, 1)
    ('1,250', '7.5')
    """
    return f"{value:{',' if separators else ''}.{decimals}f}"


def jitter(tint: Tint, rng: Random, *, exact: bool) -> Colour:
    """The colour as it is drawn: exact, or up to 6 off in each channel."""
    if exact:
        return tint.rgb
    red, green, blue = (
        min(255, max(0, channel + rng.choice((-1, 1)) * rng.randint(2, _JITTER))) for channel in tint.rgb
    )
    return red, green, blue


def draw_heading(canvas: Canvas, plan: Plan, box: Box) -> Box:
    """Write the note at the bottom of the box and the title at its top, in two lines if long; returns what is left."""
    left, top, right, bottom = box
    if plan.note is not None:
        canvas.text((left, bottom), plan.note, anchor="lb", size=canvas.style.size * 9 // 10)
        bottom -= canvas.style.size * 3 // 2
    if plan.title is None:
        return (left, top, right, bottom)
    heading, room = canvas.style.heading, right - left
    size = canvas.style.size * 3 // 2
    while size > canvas.style.size and canvas.width_of(plan.title, size=size, name=heading) > room:
        size -= 1
    lines = [plan.title]
    if canvas.width_of(plan.title, size=size, name=heading) > room:
        words = plan.title.split()
        half = next(
            (
                n
                for n in range(len(words) - 1, 0, -1)
                if canvas.width_of(" ".join(words[:n]), size=size, name=heading) <= room
            ),
            1,
        )
        lines = [" ".join(words[:half]), " ".join(words[half:])]
    for line in lines:
        at = ((left + right) // 2, top) if plan.centred else (left, top)
        canvas.text(at, line, anchor="mt" if plan.centred else "lt", size=size, name=heading)
        top += size + 4
    return (left, top + size // 3, right, bottom)


def legend_entries(chart: Chart, exact: bool) -> list[Entry]:
    """Colours and what they stand for."""
    names = chart.items if chart.by_item else chart.series
    return [
        Entry(name=name, word=tint.word, colour=tint.name, exact=exact)
        for name, tint in zip(names, chart.tints, strict=True)
    ]


def draw_legend(
    canvas: Canvas, entries: list[Entry], colours: list[Colour], *, place: LegendPlace, box: Box
) -> tuple[list[Entry], Box]:
    """Write the legend at one side of the box; returns the entries with their places, and what is left of the box."""
    left, top, right, bottom = box
    size = canvas.style.size
    swatch, gap = max(7, size * 3 // 4), size
    widths = [swatch + 5 + canvas.width_of(entry.name) for entry in entries]
    rows: list[list[int]] = [[]]
    for index, width in enumerate(widths):
        used = sum(widths[one] + gap for one in rows[-1])
        if rows[-1] and (place == "right" or used + width > right - left):
            rows.append([])
        rows[-1].append(index)
    height = len(rows) * (size + 6)
    y, rest = top, (left, top + height + 6, right, bottom)
    if place == "bottom":
        y, rest = bottom - height + 4, (left, top, right, bottom - height - 6)
    elif place == "right":
        y, rest = top + max(0, (bottom - top - height) // 3), (left, top, right - max(widths) - gap, bottom)
    placed: dict[int, Entry] = {}
    for row in rows:
        width = sum(widths[index] + gap for index in row) - gap
        x = right - max(widths) if place == "right" else (left + right - width) // 2
        for index in row:
            middle = y + size // 2
            square = (x, middle - swatch // 2, x + swatch - 1, middle - swatch // 2 + swatch - 1)
            canvas.draw.rectangle(square, fill=colours[index])
            words = canvas.text((x + swatch + 5, middle), entries[index].name, anchor="lm")
            whole = (x, min(words[1], square[1]), words[2], max(words[3], square[3] + 1))
            placed[index] = entries[index].model_copy(update={"box": whole})
            x += widths[index] + gap
        y += size + 6
    return [placed[index] for index in range(len(entries))], rest


def draw_axes(canvas: Canvas, chart: Chart, plan: Plan, box: Box, *, name_ticks: bool = False) -> Axes:
    """Draw both axes with all that is written at them, and the ground and grid between them.

    Args:
        canvas: where to.
        chart: what is shown.
        plan: what is drawn.
        box: the room that there is.
        name_ticks: each name has a tick at its axis.
    """
    level = chart.kind is ChartKind.ROW
    texts = [f"{value:,}" if plan.separators else str(value) for value in chart.scale.values] if plan.scaled else []
    plot = _plot(canvas, chart, plan, box, texts)
    left, top, right, bottom = plot
    style, draw = canvas.style, canvas.draw
    axes = Axes(plot, left, bottom, chart.scale, level, (), (), _centres(chart, plot))
    draw.rectangle((left, top - 6, right, bottom), fill=style.panel)
    if plan.scaled or style.size < 24:
        draw_grid(canvas, axes, [axes.at(value) for value in chart.scale.values[1:]])
    if style.framed:
        draw.line((left, top - 6, right, top - 6, right, bottom), fill=style.soft)
    draw.rectangle((left, top - 6, left + style.line - 1, bottom + style.line - 1), fill=style.ink)
    draw.rectangle((left, bottom, right, bottom + style.line - 1), fill=style.ink)
    ticks = tuple(
        draw_tick(canvas, axes, value, text) for value, text in zip(chart.scale.values, texts, strict=bool(texts))
    )
    if name_ticks:
        for centre in axes.centres:
            draw.line((centre, bottom + style.line, centre, bottom + style.line + TICK - 1), fill=style.ink)
    names = _names(canvas, chart, plan, axes)
    _axis_title(canvas, plan, axes, box, names)
    return Axes(plot, left, bottom, chart.scale, level, ticks, names, axes.centres)


def _plot(canvas: Canvas, chart: Chart, plan: Plan, box: Box, texts: list[str]) -> Box:
    """What is left for the values."""
    left, top, right, bottom = box
    size, line = canvas.style.size, canvas.style.line
    numbers = max((canvas.width_of(text) for text in texts), default=0)
    longest = max(canvas.width_of(name) for name in chart.items)
    title = size + 8 if plan.axis_title else 0
    if chart.kind is ChartKind.ROW:
        values = [number_text(value, chart.decimals, separators=plan.separators) for value in chart.values[0]]
        beyond = numbers // 2 + 2
        if chart.labelled and not plan.inside:
            beyond = max(beyond, max(canvas.width_of(text) for text in values) + 2)
        below = TICK + size + 8 if texts else 4
        return (left + longest + 10, top + 8, right - beyond, bottom - below - line - title)
    above = size + 10 if chart.labelled and not plan.inside else 8
    start = left + title + (numbers + TICK + 6 if texts else 6)
    slot = (right - start) / len(chart.items)
    if longest <= slot - 6:
        below = size + TICK + 8
    elif not plan.slanted and size <= slot - 4:
        below = longest + TICK + 10
    else:
        below = (longest + size) * 3 // 4 + TICK + 10
    return (start, top + above, right - 2, bottom - below - line)


def _centres(chart: Chart, plot: Box) -> tuple[int, ...]:
    low, high = (plot[1], plot[3]) if chart.kind is ChartKind.ROW else (plot[0] + 4, plot[2] - 2)
    count = len(chart.items)
    return tuple(low + (2 * index + 1) * (high - low) // (2 * count) for index in range(count))


def draw_grid(canvas: Canvas, axes: Axes, places: list[int]) -> None:
    """Draw grid lines across the plot at these places of the axis of values."""
    left, top, right, bottom = axes.plot
    style = canvas.style
    if style.grid == "none":
        return
    first, last = (top - 6, bottom) if axes.level else (left, right)
    step = 10 if style.grid == "dashes" else last - first
    for place in places:
        for start in range(first, last, step):
            end = min(start + (5 if style.grid == "dashes" else step), last)
            line = (place, start, place, end) if axes.level else (start, place, end, place)
            canvas.draw.line(line, fill=style.soft)


def draw_tick(canvas: Canvas, axes: Axes, value: int, text: str) -> Tick:
    """Draw a tick of the axis of values, and write its number."""
    at, line = axes.at(value), canvas.style.line
    if axes.level:
        start = axes.base + line
        canvas.draw.line((at, start, at, start + TICK - 1), fill=canvas.style.ink)
        box = canvas.text((at, start + TICK + 3), text, anchor="mt")
    else:
        canvas.draw.line((axes.axis - TICK, at, axes.axis - 1, at), fill=canvas.style.ink)
        box = canvas.text((axes.axis - TICK - 4, at), text, anchor="rm")
    return Tick(value=value, text=text, at=at, box=box)


def _names(canvas: Canvas, chart: Chart, plan: Plan, axes: Axes) -> tuple[Box, ...]:
    size, line = canvas.style.size, canvas.style.line
    if axes.level:
        return tuple(
            canvas.text((axes.axis - 7, centre), name, anchor="rm")
            for name, centre in zip(chart.items, axes.centres, strict=True)
        )
    slot = (axes.plot[2] - axes.plot[0]) / len(chart.items)
    longest = max(canvas.width_of(name) for name in chart.items)
    y = axes.base + line + TICK + 4
    boxes = []
    for name, centre in zip(chart.items, axes.centres, strict=True):
        if longest <= slot - 6:
            boxes.append(canvas.text((centre, y), name, anchor="mt"))
        elif not plan.slanted and size <= slot - 4:
            boxes.append(canvas.turned((centre, y), name, degrees=90))
        else:
            boxes.append(canvas.turned((centre, y), name, degrees=45))
    return tuple(boxes)


def _axis_title(canvas: Canvas, plan: Plan, axes: Axes, box: Box, names: tuple[Box, ...]) -> None:
    """What the axis of values shows, written along it."""
    if plan.axis_title is None:
        return
    left, top, right, bottom = axes.plot
    if axes.level:
        canvas.text(((left + right) // 2, box[3]), plan.axis_title, anchor="mb")
        return
    width = canvas.width_of(plan.axis_title)
    middle = (top + bottom) // 2
    canvas.turned((box[0] + canvas.style.size // 2, max(2, middle - width // 2)), plan.axis_title, degrees=90)
