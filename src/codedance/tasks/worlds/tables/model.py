"""What is known about a drawn table."""

from __future__ import annotations

from codedance.schema import Record
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.tables.topics import ColumnKind

__all__ = ["TableAsked", "TableDrawing", "TableFacts", "Tinted"]


class Tinted(Record):
    """A cell that stands out by its colour."""

    row: int
    column: int
    """From 1, as the first column has the names."""
    word: str
    """The colour's word, which is its CSS name."""


class TableDrawing(Record):
    """The texts of a table, and where they stand."""

    title: str | None = None
    noun: str
    plural: str
    dark: bool
    """Light writing on a dark ground."""
    open: bool
    """Rows are set apart by nothing but space, so that the rows of writing can be told by their ink."""
    ruled: bool
    """Rows are set apart by lines of ink, and nothing else is as wide."""
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Texts by row; the first of each is the row's name."""
    phrases: tuple[str, ...]
    """What each column holds, in words."""
    kinds: tuple[ColumnKind, ...]
    """Of each column after the first."""
    units: tuple[str, ...]
    alike: bool
    glyph: int
    """Height of capital letters in pixels."""
    xs: tuple[int, ...]
    """Edges of the columns."""
    ys: tuple[int, ...]
    """Edges of the rows, the header's first."""
    tinted: tuple[Tinted, ...] = ()

    def cell(self, row: int, column: int) -> Box:
        """The box of a cell; row -1 is the header."""
        return (self.xs[column], self.ys[row + 1], self.xs[column + 1], self.ys[row + 2])


class TableAsked(Record):
    """What the question is about."""

    asks: str
    needed: tuple[tuple[int, int], ...]
    """Row and column of each cell that must be read, in the order in which it is computed with."""
    by_colour: bool = False
    answers: str = "number"
    """What kind of answer it is: ``number``, ``name`` (of a row) or ``text`` (of a cell)."""
    threshold: float | None = None
    rank: int | None = None
    places: int = 0
    word: str | None = None
    """Only rows with this word in the column ``words`` count."""
    words: int | None = None


class TableFacts(TableDrawing):
    """Everything that is known about a table scene."""

    asked: TableAsked
    evidence: tuple[Box, ...]
    """What must be looked at to answer."""
