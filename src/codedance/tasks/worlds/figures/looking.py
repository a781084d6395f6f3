"""Code that looks closer: crops in eighths of the picture, in tens of pixels, or around what a colour test finds."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from codedance.tasks.worlds.family import View
from codedance.tasks.worlds.figures.pixels import blob, near_mask
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = [
    "Look",
    "around",
    "colour_look",
    "eighths",
    "eighths_look",
    "enlargement",
    "near_line",
    "tens_box",
    "tens_look",
    "union",
]

Look = tuple[str, tuple[View, ...]]
"""Code and the parts of the picture that it shows."""

_SHOWN = 900
"""Length in pixels that the longer side of an enlarged crop should come near to."""


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all of them."""
    return (
        min(one[0] for one in boxes),
        min(one[1] for one in boxes),
        max(one[2] for one in boxes),
        max(one[3] for one in boxes),
    )


def around(box: Box, margin: int, size: tuple[int, int]) -> Box:
    """The box with a margin, within a picture of this size."""
    left, top, right, bottom = box
    return (max(0, left - margin), max(0, top - margin), min(size[0], right + margin), min(size[1], bottom + margin))


def eighths(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box in eighths of the picture's sides, as few as hold it.

    >>> eighths((100, 10, 210, 90), (400, 400))
    (2, 0, 5, 2)
    """
    (left, top, right, bottom), (width, height) = box, size
    return (
        left * 8 // width,
        top * 8 // height,
        min(8, -(-right * 8 // width)),
        min(8, -(-bottom * 8 // height)),
    )


def enlargement(box: Box) -> int:
    """By how much a crop is enlarged: large enough to read, not larger."""
    return max(1, min(6, round(_SHOWN / max(box[2] - box[0], box[3] - box[1], 1))))


def near_line(colour: str) -> str:
    """The line of code that finds a colour, after the imports of :data:`CODE_LINES`."""
    return CODE_LINES["near"].format(colour=colour)


def eighths_look(boxes: Sequence[Box], size: tuple[int, int], *, scale: int | None = None) -> Look:
    """Crops that hold the boxes, in eighths of the picture, all enlarged alike."""
    cells = list(dict.fromkeys(eighths(box, size) for box in boxes))
    width, height = size
    cuts: list[Box] = [
        (width * left // 8, height * top // 8, width * right // 8, height * bottom // 8)
        for left, top, right, bottom in cells
    ]
    scale = scale or min(enlargement(cut) for cut in cuts)
    views = tuple(View(cut, scale) for cut in cuts)
    enlarged = f"part.resize((part.width * {scale}, part.height * {scale}))" if scale > 1 else "part"
    if cells == [(0, 0, 8, 8)]:
        return _whole(size)
    if len(cells) == 1:
        left, top, right, bottom = cells[0]
        cut = f"(w * {left} // 8, h * {top} // 8, w * {right} // 8, h * {bottom} // 8)"
        return f"w, h = input_image.size\npart = input_image.crop({cut})\n{enlarged}", views
    code = (
        "w, h = input_image.size\n"
        f"for left, top, right, bottom in {cells}:\n"
        "    part = input_image.crop((w * left // 8, h * top // 8, w * right // 8, h * bottom // 8))\n"
        f"    {enlarged}.show()"
    )
    return code, views


def tens_look(boxes: Sequence[Box], size: tuple[int, int], *, scale: int | None = None) -> Look:
    """Crops that hold the boxes, their corners rounded to tens of pixels."""
    cuts = [tens_box(box, size) for box in boxes]
    if cuts == [(0, 0, *size)]:
        return _whole(size)
    scale = scale or min(enlargement(cut) for cut in cuts)
    views = tuple(View(cut, scale) for cut in cuts)
    if len(views) == 1:
        return views[0].expression, views
    enlarged = f"part.resize((part.width * {scale}, part.height * {scale}))" if scale > 1 else "part"
    return f"for box in {cuts}:\n    part = input_image.crop(box)\n    {enlarged}.show()", views


def _whole(size: tuple[int, int]) -> Look:
    """The whole picture, twice as large."""
    return "w, h = input_image.size\ninput_image.resize((w * 2, h * 2))", (View((0, 0, *size), 2),)


def tens_box(box: Box, size: tuple[int, int]) -> Box:
    """The box with its corners rounded outwards to tens of pixels, within the picture."""
    left, top, right, bottom = box
    return (
        max(0, left // 10 * 10),
        max(0, top // 10 * 10),
        min(size[0], -(-right // 10) * 10),
        min(size[1], -(-bottom // 10) * 10),
    )


def colour_look(image: Image.Image, colour: str, *, margin: int = 0) -> Look:
    """A crop around everything that has a colour.

    Raises:
        ValueError: nothing has it.
    """
    found = blob(near_mask(image, colour))
    if found is None:
        raise ValueError(f"nothing in the picture is {colour}")
    left, top, right, bottom = found.box
    box = (left - margin, top - margin, right + margin, bottom + margin)
    scale = enlargement(box)
    less, more = (f" - {margin}", margin + 1) if margin else ("", 1)
    cut = f"(columns.min(){less}, rows.min(){less}, columns.max() + {more}, rows.max() + {more})"
    code = CODE_LINES["import"].replace("import cv2\n", "") + near_line(colour) + CODE_LINES["where"]
    if scale == 1:
        return f"{code}input_image.crop({cut})", (View(box),)
    code += f"part = input_image.crop({cut})\npart.resize((part.width * {scale}, part.height * {scale}))"
    return code, (View(box, scale),)
