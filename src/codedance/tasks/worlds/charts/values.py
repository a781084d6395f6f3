"""Invented values for charts: clearly different where they are compared, on scales of every size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from codedance.tasks.worlds.charts.model import ChartKind
from codedance.tasks.worlds.charts.style import Tint
from codedance.tasks.worlds.charts.topics import PARTS, TIMES, TOPICS, Measure, Topic, series_names

__all__ = ["Chart", "Scale", "pick_chart", "pick_scale", "spread"]

_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
_LEVELS = 40
"""Values lie near so many levels between the lowest and the highest, no two of a series on the same one."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The axis of values."""

    low: int
    high: int
    step: int

    @property
    def values(self) -> tuple[int, ...]:
        """What is written at the ticks.

        >>> Scale(0, 30, 10).values
        (0, 10, 20, 30)
        """
        return tuple(range(self.low, self.high + 1, self.step))


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows, before it is drawn."""

    kind: ChartKind
    topic: Topic
    measure: Measure
    items: tuple[str, ...]
    series: tuple[str, ...]
    """Names of the series; one empty name if there is only one series."""
    tints: tuple[Tint, ...]
    """One for each series, or for each name where ``by_item``."""
    by_item: bool
    values: tuple[tuple[float, ...], ...]
    """By series, then by name."""
    scale: Scale
    decimals: int
    labelled: bool


def pick_scale(rng: Random, *, upright_from_zero: bool) -> Scale:
    """An axis by chance; it begins above zero now and then where that is honest."""
    step, count = rng.choice(_STEPS), rng.randint(4, 8)
    low = 0 if upright_from_zero or rng.random() < 0.55 else step * rng.randint(1, 12)
    return Scale(low, low + step * count, step)


def spread(rng: Random, scale: Scale, *, count: int, decimals: int, lowest: float = 0.16) -> list[float]:
    """So many values between the ends of a scale, each two of them clearly apart."""
    low, reach = scale.low, scale.high - scale.low
    first = int(_LEVELS * lowest) if low == 0 else 3
    levels = rng.sample(range(first, _LEVELS), count)
    return [round(low + (level + rng.uniform(-0.15, 0.15)) / _LEVELS * reach, decimals) for level in levels]


def pick_chart(
    kind: ChartKind,
    rng: Random,
    *,
    tints: Sequence[Tint],
    count: int,
    series: int,
    labelled: bool,
    letters: int | None = None,
) -> Chart:
    """What a chart shows: ``count`` names and ``series`` series.

    Args:
        kind: all but scatter charts.
        rng: the source of chance.
        tints: one a series, or one a name.
        count: number of names.
        series: number of series.
        labelled: values are written at the marks, and may then be any; read off an axis they need room.
        letters: longest name where the picture is read at a glance; numbers are then short and whole as well.
    """
    by_item = len(tints) == count and series == 1 and len(tints) > 1
    unordered = kind in (ChartKind.PIE, ChartKind.ROW) or by_item
    times = kind is ChartKind.LINE or count > 12 or (not unordered and rng.random() < 0.35)
    topics = [_shortened(one, letters) for one in (TIMES if times else TOPICS)]
    topic = rng.choice([one for one in topics if len(one.names) >= count])
    scale = pick_scale(rng, upright_from_zero=kind is not ChartKind.LINE)
    decimals = 1 if scale.high - scale.low < 60 or (labelled and rng.random() < 0.15) else 0
    if letters is not None:
        high = rng.choice((20, 60, 100, 100, 200, 400, 800))
        scale, decimals = Scale(0, high, high // 4), 0
    match kind:
        case ChartKind.PIE:
            rows, decimals, scale = [_shares(rng, count)], 0, Scale(0, 100, 10)
        case ChartKind.STACKED:
            rows = _stacks(rng, scale, count=count, series=series, decimals=decimals)
        case ChartKind.LINE:
            rows = _lines(rng, scale, count=count, series=series, decimals=decimals)
        case _:
            rows = [spread(rng, scale, count=count, decimals=decimals) for _ in range(series)]
            rows = [_shaped(row, rng) if topic.ordered else row for row in rows]
    return Chart(
        kind=kind,
        topic=topic,
        measure=rng.choice(PARTS if kind is ChartKind.PIE else topic.measures),
        items=_items(topic, rng, count),
        series=series_names(rng, series) if series > 1 else ("",),
        tints=tuple(tints),
        by_item=by_item,
        values=tuple(tuple(row) for row in rows),
        scale=scale,
        decimals=decimals,
        labelled=labelled,
    )


def _shortened(topic: Topic, letters: int | None) -> Topic:
    """The topic with names of at most so many letters."""
    if letters is None:
        return topic
    return replace(topic, names=tuple(name for name in topic.names if len(name) <= letters))


def _items(topic: Topic, rng: Random, count: int) -> tuple[str, ...]:
    if not topic.ordered:
        return tuple(rng.sample(topic.names, count))
    start = rng.randint(0, len(topic.names) - count)
    return topic.names[start : start + count]


def _shaped(values: list[float], rng: Random) -> list[float]:
    """The same values in an order that looks like a course over time: rising, falling, with a peak, or wild."""
    shape = rng.choice(("wild", "wild", "rising", "falling", "peak"))
    if shape == "wild":
        return values
    ordered = sorted(values, reverse=shape == "falling")
    if shape == "peak":
        ordered = ordered[::2] + ordered[1::2][::-1]
    for _ in range(max(1, len(values) // 3)):
        place = rng.randrange(len(values) - 1)
        ordered[place], ordered[place + 1] = ordered[place + 1], ordered[place]
    return ordered


def _lines(rng: Random, scale: Scale, *, count: int, series: int, decimals: int) -> list[list[float]]:
    """Courses that keep apart from each other at each time, so that no point hides another."""
    apart = (scale.high - scale.low) * 0.07
    rows: list[list[float]] = []
    while len(rows) < series:
        row = _shaped(spread(rng, scale, count=count, decimals=decimals, lowest=0.25), rng)
        rows.append(_repelled(row, rows, scale, apart, decimals))
    return rows


def _repelled(row: list[float], rows: list[list[float]], scale: Scale, apart: float, decimals: int) -> list[float]:
    """The course moved away where it comes too near to the others."""
    moved = []
    for place, value in enumerate(row):
        others = [other[place] for other in rows]
        low, high = scale.low + (0.2 if scale.low == 0 else 0.05) * (scale.high - scale.low), float(scale.high)
        choices = sorted(
            (value, *(one + sign * apart * 1.1 for one in others for sign in (-1, 1))), key=lambda one: abs(one - value)
        )
        free = [one for one in choices if low <= one <= high and all(abs(one - other) >= apart for other in others)]
        moved.append(round(free[0] if free else value, decimals))
    return moved


def _stacks(rng: Random, scale: Scale, *, count: int, series: int, decimals: int) -> list[list[float]]:
    """Parts of columns whose totals differ clearly and fit the axis."""
    totals = spread(rng, scale, count=count, decimals=decimals, lowest=0.55 if count < 14 else 0.5)
    columns = []
    for total in totals:
        least = 0.55 / series
        loose = [rng.random() for _ in range(series)]
        parts = [round(total * (least + (1 - least * series) * one / sum(loose)), decimals) for one in loose[:-1]]
        columns.append([*parts, round(total - sum(parts), decimals)])
    return [list(row) for row in zip(*columns, strict=True)]


def _shares(rng: Random, count: int) -> list[float]:
    """Percentages that add up to 100, each two of them at least two apart."""
    least = max(4, 36 // count)
    shares = [least + 2 * rank for rank in range(count)]
    left, alone = 100 - sum(shares), rng.uniform(0.02, 0.9)
    while left:
        # What is added to one rank is added to all above it, so that the distances stay.
        raised = 1 if rng.random() < alone or left < count else rng.randint(max(1, count // 2), count)
        if raised <= left:
            shares[count - raised :] = [share + 1 for share in shares[count - raised :]]
            left -= raised
    rng.shuffle(shares)
    return [float(share) for share in shares]
