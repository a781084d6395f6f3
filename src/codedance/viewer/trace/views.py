"""Views: which part of which input an image of the code shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Box", "View", "corners"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels; right and bottom are one past the last pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An image that shows a part of an input, perhaps at another size; two are the same only if they are one object.

    >>> whole = View.whole(0, 200, 100)
    >>> whole.part((50, 10, 150, 60)).scaled(400, 200).part((0, 0, 40, 40)).box
    (50.0, 10.0, 60.0, 20.0)
    """

    source: int
    """Index of the input."""
    box: Box
    """The part, in pixels of the input."""
    width: int
    """Pixels of the image itself."""
    height: int
    array: bool = False
    """It is an array (rows first), not a PIL image."""

    @classmethod
    def whole(cls, source: int, width: int, height: int) -> View:
        """All of an input."""
        return cls(source, (0.0, 0.0, float(width), float(height)), width, height)

    def outer(self, box: Box) -> Box:
        """A box of this image in pixels of the input."""
        left, top, right, bottom = self.box
        across, down = (right - left) / self.width, (bottom - top) / self.height
        return (left + box[0] * across, top + box[1] * down, left + box[2] * across, top + box[3] * down)

    def part(self, box: Box) -> View | None:
        """The image cut out at this box; ``None`` if nothing is left."""
        width, height = round(box[2] - box[0]), round(box[3] - box[1])
        if width < 1 or height < 1:
            return None
        return replace(self, box=self.outer(box), width=width, height=height)

    def scaled(self, width: int, height: int) -> View | None:
        """The image at another size; ``None`` if it has no pixels then."""
        return replace(self, width=width, height=height) if width > 0 and height > 0 else None

    def copy(self, *, array: bool | None = None) -> View:
        """Another image of the same content."""
        return replace(self, array=self.array if array is None else array)


def corners(value: object) -> Box | None:
    """Four numbers, or two points, as a box; ``None`` if it is neither.

    >>> corners(((1, 2), (3, 4))), corners((1, 2, 3))
    ((1.0, 2.0, 3.0, 4.0), None)
    """
    if not isinstance(value, tuple):
        return None
    flat = [one for part in value for one in (part if isinstance(part, tuple) else (part,))]
    if len(flat) != 4 or not all(isinstance(one, int | float) for one in flat):
        return None
    left, top, right, bottom = (float(one) for one in flat)
    return (left, top, right, bottom)
