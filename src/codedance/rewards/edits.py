"""Is an edited picture right? Pixels against what had to be drawn, and against what had to stay."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw

from codedance.schema import EditCheck

__all__ = ["edit_fault"]

_CHANGED = 24
"""Summed difference of the channels from which a pixel counts as changed: below it is rounding."""
_COLOUR = 150
"""Summed difference of the channels up to which a drawn pixel has the wanted colour (edges are blended)."""
_COVERED = 0.9
"""Share of a stroke's points, and of an area's pixels, that must be drawn."""
_WRITTEN = (0.01, 0.9)
"""Share of a box's pixels that writing may change."""
_STRAY = 0.02
"""Share of the changed pixels that may lie elsewhere."""


def edit_fault(before: Image.Image, after: Image.Image | None, check: EditCheck) -> str | None:
    """What is wrong with an edit, in a few words; ``None`` if it is as it should be.

    Args:
        before: the picture that was to be edited, mode ``RGB``.
        after: the last picture that was shown; ``None`` if none was.
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
    changed = _mask(ImageChops.difference(before, after), at_least=_CHANGED)
    if changed.getbbox() is None:
        return "nothing was drawn"
    drawn = changed
    if check.colour is not None:
        other = _mask(ImageChops.difference(after, Image.new("RGB", after.size, check.colour)), at_least=_COLOUR)
        drawn = ImageChops.subtract(changed, other)
    for stroke in check.strokes:
        if _stroke_share(drawn, stroke, check.reach) < _COVERED:
            return f"the line from {stroke[:2]} to {stroke[2:]} is not drawn"
    for box in check.areas:
        if _share(drawn, box) < _COVERED:
            return f"the area {box} is not covered"
    for box in check.writing:
        if not _WRITTEN[0] <= _share(drawn, box) <= _WRITTEN[1]:
            return f"nothing readable is written in {box}"
    stray = ImageChops.subtract(changed, _allowed(before.size, check))
    if _count(stray) > _STRAY * _count(changed):
        return "something was drawn where nothing should be"
    return None


def _mask(difference: Image.Image, *, at_least: int) -> Image.Image:
    """255 where the channels' differences add up to so much."""
    red, green, blue = difference.split()
    total = ImageChops.add(ImageChops.add(red, green, 1), blue, 1)  # saturates at 255, above both thresholds
    return total.point([255 * (value >= at_least) for value in range(256)])


def _stroke_share(drawn: Image.Image, stroke: tuple[int, int, int, int], reach: int) -> float:
    """Share of the stroke's points that have a drawn pixel within reach."""
    x, y, right, bottom = stroke
    steps = max(1, max(abs(right - x), abs(bottom - y)) // 4)
    met = 0
    for step in range(steps + 1):
        u, v = x + (right - x) * step // steps, y + (bottom - y) * step // steps
        met += drawn.crop((u - reach, v - reach, u + reach + 1, v + reach + 1)).getbbox() is not None
    return met / (steps + 1)


def _share(drawn: Image.Image, box: tuple[int, int, int, int]) -> float:
    cut = drawn.crop(box)
    return _count(cut) / max(1, cut.width * cut.height)


def _allowed(size: tuple[int, int], check: EditCheck) -> Image.Image:
    """255 wherever something may be drawn."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    reach = check.reach
    for x, y, right, bottom in check.strokes:
        draw.line((x, y, right, bottom), fill=255, width=2 * reach + 1)
        for u, v in ((x, y), (right, bottom)):
            draw.rectangle((u - reach, v - reach, u + reach, v + reach), fill=255)
    for left, top, right, bottom in (*check.areas, *check.writing):
        draw.rectangle((left - reach, top - reach, right - 1 + reach, bottom - 1 + reach), fill=255)
    return mask


def _count(mask: Image.Image) -> int:
    return mask.histogram()[255]
