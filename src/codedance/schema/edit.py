"""What an edited picture must look like: for tasks whose result is a picture."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from codedance.schema.record import Record

__all__ = ["EditCheck"]

Coordinate = Annotated[int, Field(ge=-32_768, le=32_768)]
Points = tuple[Coordinate, Coordinate, Coordinate, Coordinate]
Channel = Annotated[int, Field(ge=0, le=255)]


class EditCheck(Record):
    """How an edit is checked by its pixels: what must be drawn, and that nothing else was touched.

    Coordinates are pixels of the task's first picture; boxes are left, top, right, bottom, with right and bottom one
    past the last pixel.

    >>> EditCheck(strokes=((10, 10, 90, 10),), colour=(255, 0, 0)).reach
    6
    """

    colour: tuple[Channel, Channel, Channel] | None = None
    """Colour of what is drawn; ``None`` if any colour will do."""
    strokes: tuple[Points, ...] = ()
    """Straight lines ``(x, y, x, y)`` that must be drawn from end to end; both ends alike: a dot."""
    areas: tuple[Points, ...] = ()
    """Boxes that must be covered."""
    writing: tuple[Points, ...] = ()
    """Boxes in each of which something must be written or drawn, without covering it; what it says is not read."""
    free: tuple[Points, ...] = ()
    """Boxes in which anything may be drawn besides, or nothing."""
    kept: tuple[Points, ...] = ()
    """Boxes that must stay as they are although a stroke, an area or a free box comes near them."""
    reach: int = Field(default=6, ge=1, le=100)
    """How many pixels a stroke may lie beside the line; half of it more may be touched around all that is allowed."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> EditCheck:
        if not (self.strokes or self.areas or self.writing):
            raise ValueError("an edit check must ask for a stroke, an area or writing")
        for left, top, right, bottom in (*self.areas, *self.writing, *self.free, *self.kept):
            if left >= right or top >= bottom:
                raise ValueError(f"the box {(left, top, right, bottom)} is empty")
        return self
