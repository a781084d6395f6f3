"""Connected pieces of a mask: the same as OpenCV's ``connectedComponents``, found from runs with Pillow alone."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from codedance.tasks.worlds.figures.pixels import runs
from codedance.tasks.worlds.scene import Box

__all__ = ["Piece", "largest_piece"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Pixels that hang together at sides or corners."""

    count: int
    box: Box
    """Right and bottom are one past the last pixel."""


def largest_piece(mask: Image.Image) -> Piece | None:
    """The largest piece of a mask of 0 and 255; ``None`` if nothing is set.

    >>> mask = Image.new("L", (9, 5))
    >>> mask.paste(255, (0, 0, 3, 2)), mask.paste(255, (3, 2, 5, 3)), mask.paste(255, (7, 0, 9, 3))
    (None, None, None)
    >>> largest_piece(mask)
    Piece(count=8, box=(0, 0, 5, 3))
    """
    frame = mask.getbbox()
    if frame is None:
        return None
    cut = mask.crop(frame)
    data, width = cut.tobytes(), cut.width
    parents: list[int] = []
    pieces: list[Piece] = []

    def root(one: int) -> int:
        while parents[one] != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        return one

    above: list[tuple[int, int, int]] = []
    for row in range(cut.height):
        current: list[tuple[int, int, int]] = []
        for start, end in runs(data[row * width : (row + 1) * width]):
            number = len(parents)
            parents.append(number)
            pieces.append(Piece(end - start, (start, row, end, row + 1)))
            current.append((start, end, number))
            for left, right, other in above:
                if left <= end and start <= right:  # sides or corners touch
                    one, two = root(number), root(other)
                    if one != two:
                        parents[one] = two
                        pieces[two] = _joined(pieces[one], pieces[two])
        above = current
    largest = max((pieces[one] for one in range(len(parents)) if parents[one] == one), key=lambda piece: piece.count)
    left, top, right, bottom = largest.box
    x, y = frame[:2]
    return Piece(largest.count, (x + left, y + top, x + right, y + bottom))


def _joined(one: Piece, two: Piece) -> Piece:
    a, b = one.box, two.box
    box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    return Piece(one.count + two.count, box)
