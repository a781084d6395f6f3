"""Looking closer: crops in eighths of a picture, tiles and strips, with the code that shows them and what it shows.

A small model sees a picture as 8 x 8 cells, so coarse places are written in eighths; code or a second crop
refines them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codedance.tasks.worlds.family import View
from codedance.tasks.worlds.scene import Box

__all__ = ["Eighths", "Grid", "centre_of", "contains", "enlargement", "in_box"]


@dataclass(frozen=True, slots=True)
class Eighths:
    """A crop of a picture, or of a crop, whose sides lie on eighths.

    >>> Eighths(2, 5, 4, 7).box((800, 400))
    (200, 250, 400, 350)
    >>> Eighths(2, 5, 4, 7).expression()
    'input_image.crop((w * 2 // 8, h * 5 // 8, w * 4 // 8, h * 7 // 8))'
    """

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, box: Box, size: tuple[int, int], *, least: int = 1, offset: tuple[int, int] = (0, 0)) -> Eighths:
        """The smallest crop, at least so many eighths on each side, that holds a box; the box lies near its middle.

        Args:
            box: what it holds, in pixels of the whole picture.
            size: width and height of what is cropped.
            least: so many eighths at least.
            offset: where what is cropped lies in the whole picture.

        >>> Eighths.around((390, 10, 410, 30), (800, 400), least=2)
        Eighths(left=3, top=0, right=5, bottom=2)
        """
        x, y = offset
        left, right = _cells(box[0] - x, box[2] - x, size[0], least)
        top, bottom = _cells(box[1] - y, box[3] - y, size[1], least)
        return cls(left, top, right, bottom)

    def box(self, size: tuple[int, int], offset: tuple[int, int] = (0, 0)) -> Box:
        """Its pixels in a picture of this size that lies there."""
        (width, height), (x, y) = size, offset
        return (
            x + width * self.left // 8,
            y + height * self.top // 8,
            x + width * self.right // 8,
            y + height * self.bottom // 8,
        )

    def expression(self, source: str = "input_image", sides: tuple[str, str] = ("w", "h")) -> str:
        """Python that makes it of a picture whose width and height have these names."""
        w, h = sides
        corners = f"({w} * {self.left} // 8, {h} * {self.top} // 8, {w} * {self.right} // 8, {h} * {self.bottom} // 8)"
        return f"{source}.crop({corners})"

    def moved(self, columns: int, rows: int) -> Eighths | None:
        """The same crop elsewhere; ``None`` if it would leave the picture."""
        moved = Eighths(self.left + columns, self.top + rows, self.right + columns, self.bottom + rows)
        inside = moved.left >= 0 and moved.top >= 0 and moved.right <= 8 and moved.bottom <= 8
        return moved if inside else None


def _cells(low: int, high: int, length: int, least: int) -> tuple[int, int]:
    """First eighth and the one after the last, of at least so many, that hold all from ``low`` to ``high``."""
    first = min(7, max(0, low * 8 // length))
    while length * first // 8 > low and first > 0:
        first -= 1
    last = first + 1
    while length * last // 8 < high and last < 8:
        last += 1
    while last - first < least:
        # The side is moved on which the object is nearer to the edge.
        before, after = low - length * first // 8, length * last // 8 - high
        if (before <= after and first > 0) or last == 8:
            first -= 1
        else:
            last += 1
    return first, last


@dataclass(frozen=True, slots=True)
class Grid:
    """A picture cut into equal tiles that are all shown, row by row.

    >>> grid = Grid(rows=2, columns=2, size=(100, 60))
    >>> [view.box for view in grid.views()][1]
    (50, 0, 100, 30)
    """

    rows: int
    columns: int
    size: tuple[int, int]

    def views(self) -> tuple[View, ...]:
        """What the code shows."""
        return tuple(View(box, self.scale()) for box in self.boxes())

    def boxes(self) -> list[Box]:
        """The tiles' pixels."""
        (width, height), down, across = self.size, self.rows, self.columns
        return [
            (width * x // across, height * y // down, width * (x + 1) // across, height * (y + 1) // down)
            for y in range(down)
            for x in range(across)
        ]

    def scale(self) -> int:
        """By how much the tiles are enlarged."""
        longer = max(self.size[0] // self.columns, self.size[1] // self.rows)
        return max(1, min(3, 1000 // max(1, longer)))

    def code(self) -> str:
        """Python that shows them."""
        down, across, scale = self.rows, self.columns, self.scale()
        left, right = f"w * column // {across}", f"w * (column + 1) // {across}"
        top, bottom = f"h * row // {down}", f"h * (row + 1) // {down}"
        lines = ["w, h = input_image.size", f"for row in range({down}):"]
        indent = "    "
        if across == 1:
            left, right = "0", "w"
        else:
            lines.append(f"    for column in range({across}):")
            indent *= 2
        lines.append(f"{indent}tile = input_image.crop(({left}, {top}, {right}, {bottom}))")
        enlarged = f"tile.resize((tile.width * {scale}, tile.height * {scale}))" if scale > 1 else "tile"
        return "\n".join((*lines, f"{indent}display({enlarged})"))

    def tile_of(self, box: Box) -> int:
        """Number of the tile that holds the middle of a box."""
        x, y = centre_of(box)
        return next(number for number, tile in enumerate(self.boxes()) if in_box((x, y), tile))

    def cut(self, boxes: Sequence[Box]) -> int:
        """How many boxes reach over a border between tiles."""
        tiles = self.boxes()
        return sum(not contains(tiles[self.tile_of(box)], box) for box in boxes)


def enlargement(size: tuple[int, int], *, shown: int = 640) -> int:
    """By how much something of this size is enlarged to be looked at: until its longer side is about ``shown``.

    >>> enlargement((100, 80)), enlargement((2000, 100))
    (6, 1)
    """
    return max(1, min(8, shown // max(1, *size)))


def centre_of(box: Box) -> tuple[int, int]:
    """The middle of a box."""
    return (box[0] + box[2]) // 2, (box[1] + box[3]) // 2


def in_box(point: tuple[int, int], box: Box) -> bool:
    """True if the point is one of the box's pixels."""
    return box[0] <= point[0] < box[2] and box[1] <= point[1] < box[3]


def contains(outer: Box, inner: Box) -> bool:
    """True if all of the inner box is in the outer one."""
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
