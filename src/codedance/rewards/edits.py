"""Is an edited picture right? Pixels against what had to be drawn, and against what had to stay."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageStat

from codedance.schema import EditCheck

__all__ = ["edit_fault"]

Box = tuple[int, int, int, int]

_CHANGED = 24
"""Summed difference of the channels from which a pixel counts as changed: below it is rounding."""
_CLEARLY = 60
"""Summed difference from which a change is seen by anybody."""
_COLOUR = 150
"""Summed difference of the channels up to which a pixel has the wanted colour (edges are blended)."""
_SOLID = 40
"""The same for what covers an area, which has no thin lines."""
_STROKE = 0.9
"""Share of a stroke's length along which the wanted colour must be within reach."""
_FRESH = 0.6
"""Share along which it must have been drawn: the rest may run over things that have the colour already."""
_COVERED = 0.95
"""Share of an area's pixels that must have the wanted colour."""
_WRITTEN = (0.003, 0.9)
"""Share of a box's pixels that writing may change; a small dot is writing too."""
_FEWEST = 8
"""Fewest pixels of anything that can be read, and most that may be clearly changed elsewhere."""
_FAINT = 0.002
"""Share of the pixels elsewhere that may be changed, but not clearly: traces of lossy files."""
_TINT = 10.0
"""Mean difference elsewhere, summed over the channels, from which the whole picture counts as recoloured."""
_WINDOW = 4
"""Pixels along a stroke that are looked at together."""


def edit_fault(before: Image.Image, after: Image.Image | None, check: EditCheck) -> str | None:
    """What is wrong with an edit, in a few words; ``None`` if it is as it should be.

    Args:
        before: the picture that was to be edited.
        after: the last picture that was shown, of any size and mode; ``None`` if none was.
        check: what had to be drawn.

    >>> ground = Image.new("RGB", (60, 60), "white")
    >>> check = EditCheck(colour=(255, 0, 0), strokes=((10, 30, 50, 30),))
    >>> edit_fault(ground, ground.copy(), check)
    'nothing was drawn'
    >>> drawn = ground.copy()
    >>> ImageDraw.Draw(drawn).line((10, 30, 50, 30), fill="red", width=3)
    >>> edit_fault(ground, drawn, check) is None
    True
    """
    if after is None:
        return "no picture was shown"
    if after.size != before.size:
        return f"the picture shown has {after.width}x{after.height} pixels, not {before.width}x{before.height}"
    try:
        old, new = _rgb(before), _rgb(after)
    except ValueError:
        return f"the picture shown has mode {after.mode}, which is not one of colours"
    seen = _compare(old, new, check.colour)
    if seen.drawn.getbbox() is None:
        return "nothing was drawn" if check.colour is None or _untouched(seen) else "nothing was drawn in the colour"
    return _missing(seen, check) or _stray(seen, check)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Two pictures compared; all of mode ``L`` and of the pictures' size, masks with 255 where something holds."""

    difference: Image.Image
    """Summed over the channels, up to 255."""
    coloured: Image.Image
    """Has the wanted colour now, or nearly; with no colour wanted: is changed."""
    solid: Image.Image
    """Has very much the wanted colour now; with no colour wanted: is changed."""
    drawn: Image.Image
    """Is changed, and has the wanted colour."""


def _rgb(image: Image.Image) -> Image.Image:
    """In colours; what is transparent shows white, as it does to the model."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _compare(old: Image.Image, new: Image.Image, colour: tuple[int, int, int] | None) -> _Seen:
    difference = _summed(ImageChops.difference(old, new))
    changed = _at_least(difference, _CHANGED)
    if colour is None:
        return _Seen(difference, changed, changed, changed)
    off = _summed(ImageChops.difference(new, Image.new("RGB", new.size, colour)))
    coloured, solid = (ImageChops.invert(_at_least(off, threshold)) for threshold in (_COLOUR, _SOLID))
    return _Seen(difference, coloured, solid, ImageChops.darker(changed, coloured))


def _untouched(seen: _Seen) -> bool:
    return _at_least(seen.difference, _CHANGED).getbbox() is None


def _missing(seen: _Seen, check: EditCheck) -> str | None:
    """What had to be drawn and is not."""
    for stroke in check.strokes:
        if stroke[:2] == stroke[2:]:
            if seen.drawn.crop(_within(_around(stroke, check.reach), seen.drawn.size)).getbbox() is None:
                return f"the dot at {stroke[:2]} is not drawn"
        elif (
            _share_along(seen.coloured, stroke, check.reach) < _STROKE
            or _share_along(seen.drawn, stroke, check.reach) < _FRESH
        ):
            return f"the line from {stroke[:2]} to {stroke[2:]} is not drawn"
    for box in check.areas:
        if _share(seen.solid, box) < _COVERED or _share(seen.drawn, box) == 0:
            return f"the area {box} is not covered"
    for box in check.writing:
        share = _share(seen.drawn, box)
        ink = seen.drawn.crop(_within(box, seen.drawn.size))
        if share < _WRITTEN[0] or _count(ink) < _FEWEST or min(_size(ink.getbbox())) < 2:
            return f"nothing readable is drawn in {box}"
        if share > _WRITTEN[1]:
            return f"the box {box} is covered"
    return None


def _stray(seen: _Seen, check: EditCheck) -> str | None:
    """What was drawn where nothing had to be."""
    forbidden = ImageChops.invert(_allowed(seen.difference.size, check))
    elsewhere = ImageChops.darker(seen.difference, forbidden)
    if _count(_at_least(elsewhere, _CLEARLY)) > _FEWEST:
        return "something was drawn where nothing should be"
    pixels = _count(forbidden)
    if _count(_at_least(elsewhere, _CHANGED)) > max(_FEWEST, _FAINT * pixels):
        return "the picture was changed where nothing should be"
    if pixels and ImageStat.Stat(elsewhere, forbidden).mean[0] > _TINT:
        return "the whole picture was recoloured"
    return None


def _summed(difference: Image.Image) -> Image.Image:
    red, green, blue = difference.split()
    return ImageChops.add(ImageChops.add(red, green), blue)  # saturates at 255, above all thresholds


def _at_least(values: Image.Image, threshold: int) -> Image.Image:
    return values.point([255 * (value >= threshold) for value in range(256)])


def _share_along(mask: Image.Image, stroke: Box, reach: int) -> float:
    """Share of the stroke's length with something of the mask within reach, looked at in windows of a few pixels.

    Both ends are left out as far as reach goes: a stroke may end that much early, and what crosses it there is no part.
    """
    x, y, right, bottom = stroke
    length = math.hypot(right - x, bottom - y)
    u, v = (right - x) / length, (bottom - y) / length
    end = min(reach, length / 4)
    # The strip is turned to lie level: its column i, row j is end + i along the stroke and j - reach beside it.
    strip = mask.transform(
        (max(1, math.ceil(length - 2 * end)), 2 * reach + 1),
        Image.Transform.AFFINE,
        (
            *(u, -v, x + 0.5 + (end - 0.5) * u + (reach + 0.5) * v),
            *(v, u, y + 0.5 + (end - 0.5) * v - (reach + 0.5) * u),
        ),
        Image.Resampling.NEAREST,
    )
    windows = strip.resize((max(1, strip.width // _WINDOW), 1), Image.Resampling.BOX)
    return 1 - windows.histogram()[0] / windows.width


def _share(mask: Image.Image, box: Box) -> float:
    """Share of the box that the mask holds; what lies outside the picture is not counted."""
    cut = mask.crop(_within(box, mask.size))
    return _count(cut) / max(1, cut.width * cut.height)


def _allowed(size: tuple[int, int], check: EditCheck) -> Image.Image:
    """255 wherever something may be drawn."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    margin = check.reach + max(2, check.reach // 2)
    for stroke in check.strokes:
        draw.line(stroke, fill=255, width=2 * margin + 1)
        for end in (stroke[:2], stroke[2:]):
            draw.rectangle(_around((*end, *end), margin), fill=255)
    _fill(draw, check.areas, by=margin, value=255)
    _fill(draw, check.writing, by=margin, value=255)
    _fill(draw, check.free, by=0, value=255)
    _fill(draw, check.kept, by=0, value=0)
    return mask


def _fill(draw: ImageDraw.ImageDraw, boxes: Iterable[Box], *, by: int, value: int) -> None:
    for left, top, right, bottom in boxes:
        draw.rectangle((left - by, top - by, right - 1 + by, bottom - 1 + by), fill=value)


def _around(dot: Box, reach: int) -> Box:
    return dot[0] - reach, dot[1] - reach, dot[2] + reach + 1, dot[3] + reach + 1


def _within(box: Box, size: tuple[int, int]) -> Box:
    """The part of the box that lies in the picture, perhaps empty."""
    left, right = (min(max(edge, 0), size[0]) for edge in (box[0], box[2]))
    top, bottom = (min(max(edge, 0), size[1]) for edge in (box[1], box[3]))
    return left, top, right, bottom


def _size(box: Box | None) -> tuple[int, int]:
    return (box[2] - box[0], box[3] - box[1]) if box else (0, 0)


def _count(mask: Image.Image) -> int:
    return mask.histogram()[255]
