"""What is known about a chart: its values, and where each of them was drawn."""

from __future__ import annotations

from enum import StrEnum

from codedance.schema import Record
from codedance.tasks.worlds.scene import Box

__all__ = ["Asked", "ChartFacts", "ChartKind", "Drawing", "Entry", "Mark", "Tick"]


class ChartKind(StrEnum):
    """How values are drawn."""

    BAR = "bar"
    """Upright bars, one a name."""
    ROW = "row"
    """Bars from left to right, one a name."""
    GROUPED = "grouped"
    """Upright bars side by side, one a name and series."""
    STACKED = "stacked"
    """Upright bars of parts on top of each other, one part a series."""
    LINE = "line"
    """One line a series."""
    PIE = "pie"
    """Sectors of a disc or ring, one a name, whose values are percentages."""
    SCATTER = "scatter"
    """Points at two coordinates, one colour a series."""


class Mark(Record):
    """A value as it was drawn: a bar, a part of one, a point, a sector."""

    series: int
    item: int
    value: float
    box: Box
    text: str | None = None
    """The number written at it."""
    label: Box | None = None
    """Where that is."""
    across: float | None = None
    """The horizontal value of a point in a scatter chart."""


class Tick(Record):
    """A tick of the axis of values."""

    value: float
    text: str
    at: int
    """Row of an upright axis, column of a level one."""
    box: Box
    """Where the number is written."""


class Entry(Record):
    """A colour and what it stands for: a series, or a name where each name has its colour."""

    name: str
    word: str
    """What people call the colour."""
    colour: str
    """Its CSS name."""
    exact: bool = True
    """False if it was drawn a little off."""
    box: Box | None = None
    """Its place in the legend, if there is one."""


class Asked(Record):
    """What the question is about."""

    asks: str
    needed: tuple[tuple[int, int], ...]
    """Series and item of each value that must be known, in the order in which it is computed with."""
    by_colour: bool = False
    """Colours are named instead of series or names."""
    answers: str = "number"
    """What kind of answer it is: ``number``, ``item``, ``series`` or ``colour``."""
    threshold: float | None = None
    rank: int | None = None
    places: int = 0
    """Decimal places of the answer."""
    level: bool = False
    """In a scatter chart: the values of the level axis are meant."""


class Drawing(Record):
    """Where everything of a chart is."""

    kind: ChartKind
    dark: bool
    title: str | None = None
    measure: str
    unit: str
    noun: str
    plural: str
    preposition: str
    """Between a measure and a name."""
    ordered: bool
    """The names are times in their order."""
    items: tuple[str, ...]
    item_boxes: tuple[Box, ...]
    """Where the names are written beside the axis; empty where a legend has them."""
    entries: tuple[Entry, ...]
    by_item: bool
    """Each name has its own colour, instead of each series."""
    marks: tuple[Mark, ...]
    decimals: int
    plot: Box
    """The part between the axes, or the square around the disc."""
    axis: int | None = None
    """First column of the upright axis."""
    base: int | None = None
    """First row of the level axis."""
    line: int = 1
    """Width of the axes."""
    ticks: tuple[Tick, ...] = ()
    """Of the axis of values, from low to high; empty where values are written at the marks instead."""
    columns: tuple[Tick, ...] = ()
    """Of the level axis of a scatter chart."""

    def mark(self, series: int, item: int) -> Mark:
        """The mark of a value."""
        return next(one for one in self.marks if (one.series, one.item) == (series, item))

    def entry(self, series: int, item: int) -> Entry:
        """The colour of a value."""
        return self.entries[item if self.by_item else series]

    @property
    def labelled(self) -> bool:
        """True if numbers are written at the marks."""
        return self.marks[0].text is not None


class ChartFacts(Drawing):
    """Everything that is known about a chart scene."""

    asked: Asked
    evidence: tuple[Box, ...]
    """What must be looked at to answer."""
