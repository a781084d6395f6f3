"""Code that shows parts of a picture large enough to be read, and code that looks in the wrong place first."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.family import View
from codedance.tasks.worlds.figures.looking import Look, eighths, eighths_look, tens_look
from codedance.tasks.worlds.scene import Box

__all__ = ["closer_look", "masked_code", "missing_look", "two_looks"]

_WIDEST = 1000
"""Longest side of what is shown, in pixels."""
_LEGIBLE = 26
"""Height to which writing is enlarged, in pixels."""
_SHARED = 24
"""Half of the strip that two halves share, in pixels."""
_COARSE = 4
"""Eighths that a first, coarse crop has at least."""


def closer_look(boxes: list[Box], size: tuple[int, int], rng: Random, *, glyph: int) -> Look:
    """Code that shows the boxes, cut in two where a single one is wide.

    Args:
        boxes: what must be seen.
        size: of the picture.
        rng: chooses how places are written.
        glyph: height of the writing in pixels, which decides how much is enlarged.
    """
    cells = [eighths(box, size) for box in boxes]
    longest = max(max((right - left) * size[0], (bottom - top) * size[1]) // 8 for left, top, right, bottom in cells)
    wanted = max(1, -(-_LEGIBLE // max(glyph, 1)))
    if longest * min(wanted, 2) > _WIDEST and len(boxes) == 1:
        boxes, longest = _halves(boxes[0]), longest // 2 + max(size) // 8
    scale = max(1, min(wanted, _WIDEST // longest))
    if rng.random() < 0.2:
        return tens_look(boxes, size, scale=scale)
    return eighths_look(boxes, size, scale=scale)


def _halves(box: Box) -> list[Box]:
    """Both halves of a box; they share a strip, so that no word is cut in both."""
    left, top, right, bottom = box
    if right - left >= bottom - top:
        middle = (left + right) // 2
        return [(left, top, middle + _SHARED, bottom), (middle - _SHARED, top, right, bottom)]
    middle = (top + bottom) // 2
    return [(left, top, right, middle + _SHARED), (left, middle - _SHARED, right, bottom)]


def missing_look(box: Box, size: tuple[int, int], rng: Random) -> tuple[Look, str] | None:
    """A crop beside the box, which it does not touch, and where the box is from there; ``None`` if there is no room."""
    width, height = size
    left, top, right, bottom = eighths(box, size)
    choices = [
        ((left, max(0, top - 4), right, top), "further down", top),
        ((left, bottom, right, min(8, bottom + 4)), "further up", 8 - bottom),
        ((max(0, left - 4), top, left, bottom), "further to the right", left),
        ((right, top, min(8, right + 4), bottom), "further to the left", 8 - right),
    ]
    fitting = [(cell, where) for cell, where, room in choices if room >= 2]
    if not fitting:
        return None
    (a, b, c, d), where = rng.choice(fitting)
    # A pixel less on each side keeps the crop within these eighths.
    inner = (width * a // 8 + 1, height * b // 8 + 1, width * c // 8 - 1, height * d // 8 - 1)
    return eighths_look([inner], size, scale=2 if max(inner[2] - inner[0], inner[3] - inner[1]) < 500 else 1), where


def two_looks(box: Box, size: tuple[int, int], rng: Random, *, glyph: int) -> tuple[Look, Look] | None:
    """A coarse crop in eighths of the picture, then a closer one in eighths of that; ``None`` for too large a box."""
    width, height = size
    left, top, right, bottom = eighths(box, size)
    a, c = _widened(left, right, rng)
    b, d = _widened(top, bottom, rng)
    if c - a > 6 and d - b > 6:
        return None
    frame = (width * a // 8, height * b // 8, width * c // 8, height * d // 8)
    part = (frame[2] - frame[0], frame[3] - frame[1])
    inner = (box[0] - frame[0], box[1] - frame[1], box[2] - frame[0], box[3] - frame[1])
    e, f, g, i = eighths(inner, part)
    cut = (
        frame[0] + part[0] * e // 8,
        frame[1] + part[1] * f // 8,
        frame[0] + part[0] * g // 8,
        frame[1] + part[1] * i // 8,
    )
    scale = max(1, min(-(-_LEGIBLE // max(glyph, 1)), _WIDEST // max(cut[2] - cut[0], cut[3] - cut[1])))
    first = (
        "w, h = input_image.size\n"
        f"part = input_image.crop((w * {a} // 8, h * {b} // 8, w * {c} // 8, h * {d} // 8))\npart"
    )
    second = f"w, h = part.size\ncloser = part.crop((w * {e} // 8, h * {f} // 8, w * {g} // 8, h * {i} // 8))\n"
    second += f"closer.resize((closer.width * {scale}, closer.height * {scale}))" if scale > 1 else "closer"
    return (first, (View(frame),)), (second, (View(cut, scale),))


def _widened(low: int, high: int, rng: Random) -> tuple[int, int]:
    """The stretch widened to four eighths or more, by chance to one side or the other."""
    while high - low < _COARSE:
        if low > 0 and (high == 8 or rng.random() < 0.5):
            low -= 1
        else:
            high += 1
    return low, high


def masked_code(colours: list[str], *, cut: str, scale: int, simple: bool) -> str:
    """Code that finds each colour and shows a part of the picture beside or around it.

    Args:
        colours: CSS names.
        cut: the part, in terms of ``left``, ``top``, ``right``, ``bottom`` and the picture's ``W`` and ``H``.
        scale: how much it is enlarged.
        simple: all pixels of the colour belong together; else the largest piece of it is taken.
    """
    several, margin = len(colours) > 1, "    " if len(colours) > 1 else ""
    lines = [*([] if simple else ["import cv2"]), "import numpy as np", "from PIL import ImageColor"]
    lines.append("pixels = np.array(input_image).astype(int)")
    if "//" in cut:
        lines.append("W, H = input_image.size")
    if several:
        lines.append(f"for colour in ({', '.join(repr(one) for one in colours)}):")
    colour = "colour" if several else repr(colours[0])
    lines.append(f"{margin}near = np.abs(pixels - ImageColor.getrgb({colour})).sum(2) < 60")
    if simple:
        lines.append(f"{margin}rows, columns = np.where(near)")
        lines.append(f"{margin}left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1")
    else:
        lines.append(f"{margin}stats = cv2.connectedComponentsWithStats(near.astype(np.uint8))[2][1:]")
        lines.append(f"{margin}left, top, wide, high, area = stats[stats[:, 4].argmax()]")
        lines.append(f"{margin}right, bottom = left + wide, top + high")
    enlarged = f"part.resize((part.width * {scale}, part.height * {scale}))" if scale > 1 else "part"
    lines.append(f"{margin}part = input_image.crop({cut})")
    lines.append(f"{margin}{enlarged}.show()" if several else enlarged)
    return "\n".join(lines)
