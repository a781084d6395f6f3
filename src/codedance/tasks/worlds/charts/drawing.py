"""Charts from values to pixels: what is drawn around the values is chosen here, by chance and so that it fits."""

from __future__ import annotations

from itertools import combinations
from random import Random
from typing import TypedDict

from PIL import Image

from codedance.tasks.worlds.charts.axes import (
    Axes,
    LegendPlace,
    Plan,
    draw_axes,
    draw_heading,
    draw_legend,
    jitter,
    legend_entries,
)
from codedance.tasks.worlds.charts.marks import draw_bars, draw_lines
from codedance.tasks.worlds.charts.model import ChartKind, Drawing, Entry, Mark
from codedance.tasks.worlds.charts.pies import draw_pie
from codedance.tasks.worlds.charts.style import Canvas, Colour, Style
from codedance.tasks.worlds.charts.topics import NOTES
from codedance.tasks.worlds.charts.values import Chart
from codedance.tasks.worlds.scene import Box

__all__ = ["draw_chart", "pick_plan"]

_TITLES = ("{measure} by {noun}", "{measure} per {noun}", "{measure}: {plural}", "{measure}", "{plural}: {phrase}")


def pick_plan(chart: Chart, rng: Random, *, easy: bool) -> Plan:
    """What is drawn around the values of a chart."""
    unit = f" ({chart.measure.unit})" if chart.measure.unit else ""
    phrase = chart.measure.phrase
    template = rng.choice(_TITLES)
    title = template.format(
        measure=chart.measure.title, phrase=phrase, noun=chart.topic.noun, plural=chart.topic.plural.capitalize()
    )
    title = title.replace("per means", "by means") + ("" if easy else unit)
    legend = len(chart.series) > 1
    bars = chart.kind in (ChartKind.BAR, ChartKind.ROW)
    return Plan(
        title=None if rng.random() < (0.6 if easy else 0.06) else title,
        legend=rng.choice(("top", "top", "bottom", "right")) if legend else None,
        scaled=not chart.labelled or (not easy and rng.random() < 0.45),
        separators=chart.scale.high >= 1000 and rng.random() < 0.5,
        inside=bars and rng.random() < 0.25,
        outlined=chart.kind is not ChartKind.STACKED and rng.random() < 0.12,
        centred=rng.random() < 0.5,
        axis_title=(phrase.capitalize() + unit) if not easy and rng.random() < 0.3 else None,
        breadth=rng.randint(52, 82),
        note=rng.choice(NOTES) if not easy and rng.random() < 0.2 else None,
        slanted=rng.random() < 0.5,
    )


def draw_chart(
    chart: Chart, style: Style, plan: Plan, *, size: tuple[int, int], rng: Random
) -> tuple[Image.Image, Drawing] | None:
    """The picture of a chart and where everything is; ``None`` if something would not fit."""
    canvas = Canvas(size, style, rng)
    exact = rng.random() < 0.6
    colours = [jitter(tint, rng, exact=exact) for tint in chart.tints]
    entries = legend_entries(chart, exact)
    pad = style.size * 2 // 3 + 2
    box = draw_heading(canvas, plan, (pad, pad, size[0] - pad, size[1] - pad))
    if chart.kind is ChartKind.PIE:
        return _pie(canvas, chart, plan, entries, colours, box, rng)
    if plan.legend is not None:
        entries, box = draw_legend(canvas, entries, colours, place=plan.legend, box=box)
    if len(chart.tints) == 1 and not chart.by_item:
        colours = colours * len(chart.series)
    axes = draw_axes(canvas, chart, plan, box, name_ticks=chart.kind is ChartKind.LINE)
    if axes.plot[2] - axes.plot[0] < 8 * style.size or axes.plot[3] - axes.plot[1] < 6 * style.size:
        return None
    if chart.kind is ChartKind.LINE:
        marks = draw_lines(canvas, chart, plan, axes, colours, rng=rng, width=max(2, style.size // 6))
    else:
        marks = draw_bars(canvas, chart, plan, axes, colours)
    if not _fits(canvas, marks, axes) or (chart.kind is ChartKind.LINE and _hidden(marks)):
        return None
    return canvas.image, _drawing(chart, style, plan, entries, axes, marks)


def _pie(
    canvas: Canvas,
    chart: Chart,
    plan: Plan,
    entries: list[Entry],
    colours: list[Colour],
    box: Box,
    rng: Random,
) -> tuple[Image.Image, Drawing] | None:
    named = rng.random() < 0.45
    if not named:
        place: LegendPlace = rng.choice(("right", "right", "bottom", "top"))
        entries, box = draw_legend(canvas, entries, colours, place=place, box=box)
    drawn = draw_pie(canvas, chart, colours, box, rng=rng, named=named)
    if drawn is None:
        return None
    square, marks, names = drawn
    width, height = canvas.image.size
    if any(one[0] < 1 or one[1] < 1 or one[2] >= width or one[3] >= height for one in (*names, square)):
        return None
    words = _words(chart, canvas.style, plan)
    boxes = tuple(names)
    return canvas.image, Drawing(
        **words, item_boxes=boxes, entries=tuple(entries), by_item=True, marks=tuple(marks), decimals=0, plot=square
    )


def _drawing(chart: Chart, style: Style, plan: Plan, entries: list[Entry], axes: Axes, marks: list[Mark]) -> Drawing:
    return Drawing(
        **_words(chart, style, plan),
        item_boxes=axes.names,
        entries=tuple(entries),
        by_item=chart.by_item,
        marks=tuple(marks),
        decimals=chart.decimals,
        plot=axes.plot,
        axis=axes.axis,
        base=axes.base,
        line=style.line,
        ticks=axes.ticks,
    )


class _Words(TypedDict):
    kind: ChartKind
    dark: bool
    title: str | None
    measure: str
    unit: str
    noun: str
    plural: str
    preposition: str
    ordered: bool
    items: tuple[str, ...]


def _words(chart: Chart, style: Style, plan: Plan) -> _Words:
    return _Words(
        kind=chart.kind,
        dark=style.dark,
        title=plan.title,
        measure=chart.measure.phrase,
        unit=chart.measure.unit,
        noun=chart.topic.noun,
        plural=chart.topic.plural,
        preposition=chart.topic.preposition,
        ordered=chart.topic.ordered,
        items=chart.items,
    )


def _hidden(marks: list[Mark]) -> bool:
    """True if two points of different lines come too near to each other."""
    return any(
        a.item == b.item and abs(a.box[1] - b.box[1]) < b.box[3] - b.box[1] + 2 for a, b in combinations(marks, 2)
    )


def _fits(canvas: Canvas, marks: list[Mark], axes: Axes) -> bool:
    """True if nothing that is written runs over the border or into something else that is written."""
    width, height = canvas.image.size
    labels = [mark.label for mark in marks if mark.label is not None]
    written = [*labels, *axes.names, *(tick.box for tick in axes.ticks)]
    if any(one[0] < 1 or one[1] < 1 or one[2] >= width or one[3] >= height for one in written):
        return False
    if any(
        a[0] < b[2] + 2 and b[0] < a[2] + 2 and a[1] < b[3] + 1 and b[1] < a[3] + 1 for a, b in combinations(labels, 2)
    ):
        return False
    for mark in marks:
        if mark.label is None:
            continue
        left, top, right, bottom = mark.label
        if mark.box[0] <= left and right <= mark.box[2]:  # within the mark's breadth
            if mark.box[1] <= top and bottom > mark.box[3]:
                return False
        elif mark.box[1] < top and bottom < mark.box[3] and right < mark.box[2]:
            return False  # a number in a bar from left to right that is too short for it
        if top < axes.plot[1] - 60 or (bottom > axes.base and not axes.level):
            return False
    return True
