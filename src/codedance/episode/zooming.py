"""The fixed tool of the schema mode: a part of a picture, cut out and enlarged by us, whatever the model asks for."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

from PIL import Image

from codedance.imaging import Picture
from codedance.sandbox.contract import CellResult
from codedance.schema import CapturedImage, Execution, ExecutionStatus, GuestError, ImageSource

__all__ = ["LARGEST_SCALE", "LONGEST_SIDE", "SMALLEST_SIDE", "zoom"]

SMALLEST_SIDE = 4
"""Pixels of the narrowest part that is shown."""
LARGEST_SCALE = 4
"""How many times a part is enlarged at most."""
LONGEST_SIDE = 1024
"""A part is not enlarged beyond so many pixels; a larger one is shown as it is."""
_SHOWN = 60

Box = tuple[int, int, int, int]


def zoom(arguments: Mapping[str, object], pictures: Sequence[Picture]) -> CellResult:
    r"""Cut out the part that a call asks for, and enlarge it by a whole number.

    A call that cannot be followed gives an execution with an error whose text says why; nothing raises.

    Args:
        arguments: ``bbox_2d`` (left, top, right, bottom in pixels; parts outside the picture are cut off) and ``image``
            (the number of a picture, from 1; the first without it). Other names are passed over.
        pictures: those that the model has seen, in order.

    >>> picture = Picture.from_image(Image.new("RGB", (100, 50)))
    >>> zoom({"bbox_2d": [10, 10, 30, 20]}, [picture]).execution.stdout
    'Picture 2, 80x40 pixels: the part (10, 10, 30, 20) of picture 1, enlarged 4 times.\n'
    >>> zoom({"bbox_2d": [30, 10, 10, 20]}, [picture]).execution.error.message
    'the box (30, 10, 10, 20) ends before it begins: left must be less than right, and top less than bottom'
    """
    begin = time.perf_counter()
    try:
        number = _number(arguments.get("image", 1), len(pictures))
        source = pictures[number - 1]
        box = _box(arguments.get("bbox_2d"), source.ref.width, source.ref.height)
    except ValueError as fault:
        error = GuestError(type="ZoomError", message=str(fault), traceback=f"Error: {fault}")
        execution = Execution(status=ExecutionStatus.ERROR, error=error, seconds=time.perf_counter() - begin)
        return CellResult(execution)
    part, scale = _enlarged(source, box)
    size = f"{part.ref.width}x{part.ref.height}"
    enlarged = "as it is" if scale == 1 else f"enlarged {scale} times"
    told = f"Picture {len(pictures) + 1}, {size} pixels: the part {box} of picture {number}, {enlarged}.\n"
    shown = CapturedImage(image=part.ref, source=ImageSource.DISPLAY, after_characters=len(told))
    seconds = time.perf_counter() - begin
    return CellResult(Execution(status=ExecutionStatus.OK, stdout=told, images=(shown,), seconds=seconds), (part,))


def _number(value: object, count: int) -> int:
    """The number of a picture."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in range(1, count + 1):
        there = "there is 1 picture" if count == 1 else f"there are {count} pictures"
        raise ValueError(f"image is {_said(value)}, but {there}; give a number from 1 to {count}")
    return int(value)


def _box(value: object, width: int, height: int) -> Box:
    """The part of the box that lies in the picture, in whole pixels."""
    wanted = "bbox_2d must be four numbers, [left, top, right, bottom] in pixels"
    if value is None:
        raise ValueError(f"{wanted}; it is missing")
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise ValueError(f"{wanted}; it is {_said(value)}")
    edges: list[float] = []
    for edge in value:
        if isinstance(edge, bool) or not isinstance(edge, int | float):
            raise ValueError(f"{wanted}; one of them is {_said(edge)}")
        if isinstance(edge, float) and not math.isfinite(edge):
            raise ValueError(f"{wanted}; one of them is {edge}")
        # Whole numbers may be longer than a float can hold: they are clipped before anything is computed.
        edges.append(float(max(-(10**9), min(10**9, edge))))
    left, top, right, bottom = edges
    told = f"the box {_said_box(edges)}"
    if left >= right or top >= bottom:
        raise ValueError(f"{told} ends before it begins: left must be less than right, and top less than bottom")
    if right <= 1 and bottom <= 1 and left >= 0 and top >= 0:
        raise ValueError(f"{told} is smaller than a pixel: give pixels, not fractions; the picture is {width}x{height}")
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        raise ValueError(f"{told} lies outside the picture, which is {width}x{height} pixels")
    box = (
        max(0, math.floor(left)),
        max(0, math.floor(top)),
        min(width, math.ceil(right)),
        min(height, math.ceil(bottom)),
    )
    if min(box[2] - box[0], box[3] - box[1]) < min(SMALLEST_SIDE, width, height):
        raise ValueError(f"{told} is too small: a part must have at least {SMALLEST_SIDE} pixels each way")
    return box


def _enlarged(source: Picture, box: Box) -> tuple[Picture, int]:
    part = source.to_image().crop(box)
    scale = max(1, min(LARGEST_SCALE, LONGEST_SIDE // max(part.size)))
    if scale > 1:
        part = part.resize((part.width * scale, part.height * scale), Image.Resampling.LANCZOS)
    return Picture.from_image(part, repeatable=True), scale


def _said_box(edges: Sequence[float]) -> str:
    return f"({', '.join(f'{edge:g}' for edge in edges)})"


def _said(value: object) -> str:
    """A value as the model may have meant it, short."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**12:
        return "a huge number"
    text = repr(value[:8] if isinstance(value, list | tuple | str) else value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
