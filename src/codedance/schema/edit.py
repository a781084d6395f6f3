"""What an edited picture must look like: for tasks whose result is a picture."""

from __future__ import annotations

from pydantic import Field

from codedance.schema.record import Record

__all__ = ["EditCheck"]

Points = tuple[int, int, int, int]


class EditCheck(Record):
    """How an edit is checked by its pixels: what must be drawn, and that nothing else was touched.

    Coordinates are pixels of the task's first picture; boxes are left, top, right, bottom, with right and bottom one
    past the last pixel.
    """

    colour: tuple[int, int, int] | None = None
    """Colour of what is drawn; ``None`` if any colour will do."""
    strokes: tuple[Points, ...] = ()
    """Straight lines ``(x, y, x, y)`` that must be drawn from end to end; both ends alike: a dot."""
    areas: tuple[Points, ...] = ()
    """Boxes that must be covered."""
    writing: tuple[Points, ...] = ()
    """Boxes in which something must be written or drawn, without covering them."""
    reach: int = Field(default=6, ge=1)
    """How many pixels a stroke may lie beside the line; changes farther from all strokes and boxes are faults."""
