"""Scatter charts: points of a few colours on two scales, none touching another."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageDraw

from codedance.tasks.worlds.charts.axes import Axes, draw_grid, draw_heading, draw_legend, draw_tick, jitter
from codedance.tasks.worlds.charts.axes import Plan as Surroundings
from codedance.tasks.worlds.charts.model import ChartKind, Drawing, Entry, Mark
from codedance.tasks.worlds.charts.style import Canvas, Colour, Style, Tint
from codedance.tasks.worlds.charts.topics import series_names
from codedance.tasks.worlds.charts.values import Scale
from codedance.tasks.worlds.scene import Box

__all__ = ["draw_points"]

_SMOOTH = 4
_SCALES = (1, 2, 5, 10, 20, 50, 100)
_PAIRS: tuple[tuple[str, str, str], ...] = (
    ("age", "price", "Offers"),
    ("length", "weight", "Samples"),
    ("speed", "noise", "Engines"),
    ("distance", "cost", "Trips"),
    ("size", "rent", "Flats"),
    ("temperature", "yield", "Trials"),
    ("depth", "pressure", "Probes"),
    ("practice", "score", "Attempts"),
    ("width", "load", "Beams"),
    ("time", "height", "Plants"),
)
"""What the level and the upright axis measure, and what the points are."""


def draw_points(
    style: Style, tints: tuple[Tint, ...], *, size: tuple[int, int], rng: Random, counts: list[int], scaled: bool
) -> tuple[Image.Image, Drawing] | None:
    """Draw points, so many of each colour; ``None`` if they find no room.

    Args:
        style: the look.
        tints: a colour for each group.
        size: of the picture.
        rng: the source of chance.
        counts: points in each group.
        scaled: axes have numbers.
    """
    canvas = Canvas(size, style, rng)
    exact = rng.random() < 0.6
    colours = [jitter(tint, rng, exact=exact) for tint in tints]
    names = series_names(rng, len(tints)) if len(tints) > 1 else ("",)
    entries = [
        Entry(name=name, word=tint.word, colour=tint.name, exact=exact) for name, tint in zip(names, tints, strict=True)
    ]
    level, upright, what = rng.choice(_PAIRS)
    pad = style.size * 2 // 3 + 2
    plan = _surroundings(rng, scaled=scaled, titles=(level, upright, what))
    box = draw_heading(canvas, plan, (pad, pad, size[0] - pad, size[1] - pad))
    if len(tints) > 1 and scaled and plan.legend is not None:
        entries, box = draw_legend(canvas, entries, colours, place=plan.legend, box=box)
    axes, across = _axes(canvas, rng, box, scaled=scaled, titles=(level, upright))
    radius = max(3, style.size // 3) if scaled else style.size // 2
    places = _places(rng, axes, across, radius, sum(counts))
    if places is None:
        return None
    marks, start = [], 0
    for series, count in enumerate(counts):
        for item, (x, y, u, v) in enumerate(places[start : start + count]):
            _point(canvas, (u, v), radius, colours[series])
            around = (u - radius, v - radius, u + radius + 1, v + radius + 1)
            marks.append(Mark(series=series, item=item, value=y, across=x, box=around))
        start += count
    return canvas.image, Drawing(
        kind=ChartKind.SCATTER,
        dark=style.dark,
        title=plan.title,
        measure=upright,
        unit="",
        noun=level,
        plural=what.lower(),
        preposition="at",
        ordered=False,
        items=(),
        item_boxes=(),
        entries=tuple(entries),
        by_item=False,
        marks=tuple(marks),
        decimals=1 if axes.scale.high - axes.scale.low < 60 else 0,
        plot=axes.plot,
        axis=axes.axis,
        base=axes.base,
        line=style.line,
        ticks=axes.ticks,
        columns=across.ticks,
    )


def _surroundings(rng: Random, *, scaled: bool, titles: tuple[str, str, str]) -> Surroundings:
    """What stands around the points; ``titles`` are of the level axis, the upright one, and what the points are."""
    level, upright, what = titles
    return Surroundings(
        title=None if rng.random() < 0.15 or not scaled else f"{what}: {upright} by {level}",
        legend=rng.choice(("top", "bottom")),
        scaled=scaled,
        separators=False,
        inside=False,
        outlined=False,
        centred=rng.random() < 0.5,
        axis_title=upright.capitalize(),
        breadth=0,
    )


def _axes(canvas: Canvas, rng: Random, box: Box, *, scaled: bool, titles: tuple[str, str]) -> tuple[Axes, Axes]:
    """Draw both axes with their ticks and titles."""
    style, draw = canvas.style, canvas.draw
    scales = [_scale(rng), _scale(rng)]
    texts = [[str(value) for value in scale.values] if scaled else [] for scale in scales]
    numbers = max((canvas.width_of(text) for text in texts[1]), default=0)
    left = box[0] + (numbers + style.size + 18 if scaled else 4)
    below = 2 * style.size + 18 if scaled else 6
    right = box[2] - max((canvas.width_of(text) for text in texts[0]), default=0) // 2 - 2
    plot = (left, box[1] + 10, right, box[3] - below)
    draw.rectangle((left, plot[1] - 6, right, plot[3]), fill=style.panel)
    upright = Axes(plot, left, plot[3], scales[1], False, (), (), ())
    level = Axes(plot, left, plot[3], scales[0], True, (), (), ())
    draw_grid(canvas, upright, [upright.at(value) for value in scales[1].values[1:]])
    if rng.random() < 0.6:
        draw_grid(canvas, level, [level.at(value) for value in scales[0].values[1:]])
    draw.rectangle((left, plot[1] - 6, left + style.line - 1, plot[3] + style.line - 1), fill=style.ink)
    draw.rectangle((left, plot[3], right, plot[3] + style.line - 1), fill=style.ink)
    if not scaled:
        return upright, level
    ticks = [
        tuple(draw_tick(canvas, axes, value, text) for value, text in zip(axes.scale.values, some, strict=True))
        for axes, some in zip((level, upright), texts, strict=True)
    ]
    canvas.text(((left + right) // 2, box[3]), titles[0].capitalize(), anchor="mb")
    title = titles[1].capitalize()
    middle = (plot[1] + plot[3]) // 2 - canvas.width_of(title) // 2
    canvas.turned((box[0] + style.size // 2, max(2, middle)), title, degrees=90)
    return (
        Axes(plot, left, plot[3], scales[1], False, ticks[1], (), ()),
        Axes(plot, left, plot[3], scales[0], True, ticks[0], (), ()),
    )


def _scale(rng: Random) -> Scale:
    step, count = rng.choice(_SCALES), rng.randint(4, 8)
    low = 0 if rng.random() < 0.5 else step * rng.randint(1, 10)
    return Scale(low, low + step * count, step)


def _places(
    rng: Random, axes: Axes, across: Axes, radius: int, count: int
) -> list[tuple[float, float, int, int]] | None:
    """Values and pixels of points that keep apart; they lean along a line now and then."""
    left, top, right, bottom = axes.plot
    slope = rng.choice((0.0, 0.0, 0.6, -0.6))
    placed: list[tuple[float, float, int, int]] = []
    for _ in range(60 * count):
        s = rng.uniform(0.04, 0.97)
        t = min(
            0.97, max(0.06, rng.uniform(0.06, 0.97) * (1 - abs(slope)) + (slope * s if slope > 0 else -slope * (1 - s)))
        )
        u, v = left + round(s * (right - left)), bottom - round(t * (bottom - top))
        if u - left < radius + 4 or bottom - v < radius + 4:
            continue
        if all(max(abs(u - x), abs(v - y)) > 2 * radius + 3 for _, _, x, y in placed):
            value = axes.scale.low + (bottom - v) / (bottom - top) * (axes.scale.high - axes.scale.low)
            level = across.scale.low + (u - left) / (right - left) * (across.scale.high - across.scale.low)
            placed.append((round(level, 3), round(value, 3), u, v))
            if len(placed) == count:
                return placed
    return None


def _point(canvas: Canvas, centre: tuple[int, int], radius: int, colour: Colour) -> None:
    side = 2 * radius + 1
    mask = Image.new("L", (side * _SMOOTH, side * _SMOOTH))
    ImageDraw.Draw(mask).ellipse((0, 0, side * _SMOOTH - 1, side * _SMOOTH - 1), fill=255)
    canvas.image.paste(colour, (centre[0] - radius, centre[1] - radius), mask.reduce(_SMOOTH))
