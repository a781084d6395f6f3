"""The operations that are told apart, and what each of them means: the guide by which cells were labelled."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["DRAWINGS", "REPEATABLE", "Operation", "is_flow"]


class Operation(StrEnum):
    """Something that code does to a picture, or with what it found in one."""

    CROP = "crop"
    """A rectangular part of a picture is cut out, also by slicing an array of pixels."""
    TILE = "tile"
    """Parts at regular places are cut out in a loop (then not also ``crop``)."""
    RESIZE = "resize"
    """A picture is made larger or smaller, also by leaving out rows and columns."""
    ROTATE = "rotate"
    FLIP = "flip"
    """A picture is mirrored."""
    WARP = "warp"
    """An affine or perspective map is applied to a picture."""
    PAD = "pad"
    """A border is added."""
    COMPOSE = "compose"
    """Pictures are pasted, stacked or blended into one."""
    ENHANCE = "enhance"
    """Contrast, brightness, colour or sharpness is changed."""
    FILTER = "filter"
    """A picture is blurred, sharpened, or convolved with a kernel."""
    MORPHOLOGY = "morphology"
    """A picture is eroded, dilated, opened, closed, thinned."""
    CONVERT = "convert"
    """The colour space or mode is changed, a channel is taken out, colours are inverted."""
    THRESHOLD = "threshold"
    """Pixels are told apart, yes or no, by comparison with a value or a range of colours."""
    MASK = "mask"
    """A yes-no picture decides which pixels are used or changed, or is itself drawn by a region."""
    EDGES = "edges"
    """Edges or gradients are computed."""
    CONTOURS = "contours"
    """Outlines, connected components or blobs are found."""
    SHAPES = "shapes"
    """Lines or circles are found by a Hough transform or the like."""
    SEGMENT = "segment"
    """A picture is split into regions by clustering, watershed, flood fill or the like."""
    MATCH = "match"
    """A pattern or features of one picture are looked for in another."""
    COMPARE = "compare"
    """The difference or likeness of two pictures is computed."""
    HISTOGRAM = "histogram"
    """It is counted how often values or colours occur among the pixels."""
    PICK_COLOUR = "pick_colour"
    """Single pixels are read."""
    OCR = "ocr"
    """Text is read by a program."""
    DRAW_BOX = "draw_box"
    """A rectangle is drawn or filled."""
    DRAW_LINE = "draw_line"
    """A line or an arrow is drawn on a picture."""
    DRAW_GRID = "draw_grid"
    """Lines at regular places are drawn in a loop (then not also ``draw_line``), or a grid over a picture."""
    DRAW_POINT = "draw_point"
    """A place is marked: a point, a cross, a filled disc."""
    DRAW_CIRCLE = "draw_circle"
    """A circle, ellipse or arc is drawn as an outline."""
    DRAW_POLYGON = "draw_polygon"
    """A polygon or found outlines are drawn."""
    DRAW_TEXT = "draw_text"
    """Text is written on a picture."""
    PLOT = "plot"
    """A figure of data is drawn, rather than on a picture."""
    MEASURE = "measure"
    """A size, place, distance, number of pixels or brightness is taken from pixels or from found parts."""
    COUNT = "count"
    """It is determined how many things there are, for showing or computing with it."""
    COMPUTE = "compute"
    """Numbers are computed with, and the outcome is shown."""
    SOLVE = "solve"
    """An equation is solved or an expression transformed, symbolically or numerically."""
    FIT = "fit"
    """A curve is fitted to points."""


DRAWINGS: Final = frozenset(
    {
        Operation.DRAW_BOX,
        Operation.DRAW_LINE,
        Operation.DRAW_GRID,
        Operation.DRAW_POINT,
        Operation.DRAW_CIRCLE,
        Operation.DRAW_POLYGON,
        Operation.DRAW_TEXT,
    }
)
"""Marks on a picture. One on top of another is no flow: all of them are one layer."""

REPEATABLE: Final = frozenset(
    {
        Operation.CROP,
        Operation.TILE,
        Operation.RESIZE,
        Operation.ROTATE,
        Operation.FLIP,
        Operation.WARP,
        Operation.FILTER,
        Operation.MORPHOLOGY,
        Operation.ENHANCE,
    }
)
"""Operations that mean something when done to their own outcome: a crop of a crop."""


def is_flow(first: Operation, second: Operation) -> bool:
    """Whether data that go from one operation to the other count as a composition of two.

    >>> is_flow(Operation.CROP, Operation.CROP), is_flow(Operation.DRAW_BOX, Operation.DRAW_TEXT)
    (True, False)
    """
    if first is second:
        return first in REPEATABLE
    return not (first in DRAWINGS and second in DRAWINGS)
