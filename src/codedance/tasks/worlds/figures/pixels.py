"""What the oracle's code will measure, found with Pillow alone: the same numbers as numpy finds, to the last pixel."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageColor

from codedance.tasks.worlds.scene import Box

__all__ = ["REACH", "Blob", "blob", "dark_mask", "near_mask", "runs"]

REACH = 60
"""Summed difference of the channels below which a pixel has a named colour, as in the oracle's code."""


@dataclass(frozen=True, slots=True)
class Blob:
    """The pixels of a mask: how many, where, and their mean."""

    count: int
    box: Box
    """Right and bottom are one past the last pixel."""
    mean: tuple[float, float]
    """Column and row, as numpy's ``mean`` gives them."""


def near_mask(image: Image.Image, colour: str, *, reach: int = REACH) -> Image.Image:
    """255 where a pixel is nearer to the named colour than ``reach``."""
    difference = ImageChops.difference(image, Image.new("RGB", image.size, ImageColor.getrgb(colour)[:3]))
    red, green, blue = difference.split()
    total = ImageChops.add(ImageChops.add(red, green), blue)
    return total.point([255 * (value < reach) for value in range(256)])


def dark_mask(image: Image.Image, below: int) -> Image.Image:
    """255 where the grey value is below a limit."""
    return image.convert("L").point([255 * (value < below) for value in range(256)])


def blob(mask: Image.Image) -> Blob | None:
    """All pixels of a mask together; ``None`` if there are none.

    >>> mask = Image.new("L", (9, 9))
    >>> mask.paste(255, (2, 3, 6, 5))
    >>> blob(mask)
    Blob(count=8, box=(2, 3, 6, 5), mean=(3.5, 3.5))
    """
    box = mask.getbbox()
    if box is None:
        return None
    cut = mask.crop(box)
    count = cut.histogram()[255]
    rows = _weighted(cut)
    columns = _weighted(cut.transpose(Image.Transpose.TRANSPOSE))
    # Whole numbers are divided once, as numpy does: rounding twice may change the last digit.
    return Blob(count, box, ((box[0] * count + columns) / count, (box[1] * count + rows) / count))


def _weighted(cut: Image.Image) -> int:
    """Sum over the pixels of the row that each is in."""
    data, width = cut.tobytes(), cut.width
    return sum(row * data.count(b"\xff", row * width, (row + 1) * width) for row in range(cut.height))


def runs(line: bytes) -> list[tuple[int, int]]:
    r"""Where a line of a mask is 255: first and one past the last place of each stretch.

    >>> runs(b"\x00\xff\xff\x00\xff")
    [(1, 3), (4, 5)]
    """
    found, place = [], line.find(b"\xff")
    while place >= 0:
        end = line.find(b"\x00", place)
        end = len(line) if end < 0 else end
        found.append((place, end))
        place = line.find(b"\xff", end)
    return found
