"""Pieces of the code that edits pictures: finding shapes by colour and form, and drawing on a copy."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.editing.kind import INKS

__all__ = ["ALL_SHAPES", "Pen", "find_lines", "imports"]

_NEAR = {
    "sum": "near = np.abs(np.array(input_image).astype(int) - ImageColor.getrgb('{colour}')).sum(2) < {limit}",
    "range": (
        "wanted = np.array(ImageColor.getrgb('{colour}'))\n"
        "near = cv2.inRange(np.array(input_image), wanted - {limit}, wanted + {limit}) > 0"
    ),
}
_LIMITS = {"sum": 60, "range": 30}
_SHARES = "low, high = {{'triangle': (0, 0.65), 'circle': (0.65, 0.9), 'square': (0.9, 2)}}['{shape}']"

ALL_SHAPES = (
    "vivid = np.array(input_image.convert('HSV'))[..., 1] > 150\n"
    "parts = cv2.connectedComponentsWithStats(vivid.astype(np.uint8))[2][1:].tolist()\n"
    "shapes = [(x, y, w, h) for x, y, w, h, area in parts if area > 40]"
)
"""Lines that find all saturated shapes; they need cv2 and numpy."""


def imports(code: str) -> str:
    """The imports that the code needs, and the code."""
    lines = []
    if "cv2." in code:
        lines.append("import cv2")
    if "np." in code:
        lines.append("import numpy as np")
    names = [name for name in ("Image", "ImageColor", "ImageDraw", "ImageFont") if f"{name}." in _without_inputs(code)]
    if names:
        lines.append(f"from PIL import {', '.join(names)}")
    return "\n".join([*lines, code])


def _without_inputs(code: str) -> str:
    return code.replace("input_image.", "")


def find_lines(colour: str, shape: str | None, rng: Random, *, limit: int | None = None) -> str:
    """Lines that leave the boxes ``(x, y, w, h)`` of the shapes of a colour, and of a form if given, in ``found``."""
    way = rng.choice(("sum", "range", "range"))
    lines = [_NEAR[way].format(colour=colour, limit=_LIMITS[way] if limit is None else limit)]
    if rng.random() < 0.7:
        lines.append("_, _, stats, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8))")
        rows, fill = "stats[1:].tolist()", "area / (w * h)"
        if shape is None:
            lines.append(f"found = [(x, y, w, h) for x, y, w, h, area in {rows} if area > 40]")
        else:
            lines.append(_SHARES.format(shape=shape))
            test = f"area > 40 and low <= {fill} < high"
            lines.append(f"found = [(x, y, w, h) for x, y, w, h, area in {rows} if {test}]")
    else:
        lines.append("outlines, _ = cv2.findContours(near.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)")
        lines.append("boxes = [cv2.boundingRect(one) for one in outlines]")
        if shape is None:
            lines.append("found = [(x, y, w, h) for x, y, w, h in boxes if w * h > 60]")
        else:
            lines.append(_SHARES.format(shape=shape))
            test = "w * h > 60 and low <= near[y : y + h, x : x + w].mean() < high"
            lines.append(f"found = [(x, y, w, h) for x, y, w, h in boxes if {test}]")
    return "\n".join(lines)


class Pen:
    """Writes the drawing lines, with Pillow or with OpenCV, on a copy that it calls by a name chosen by chance."""

    def __init__(self, ink: str, rng: Random) -> None:
        self._cv = rng.random() < 0.4
        self.name = rng.choice(("marked", "edited", "canvas", "picture", "drawn"))
        self.width = rng.choice((2, 3, 3, 4))
        self._ink = str(INKS[ink]) if self._cv else repr(ink)

    def start(self) -> str:
        """The copy, and what draws on it."""
        if self._cv:
            return f"{self.name} = np.array(input_image)"
        return f"{self.name} = input_image.copy()\npen = ImageDraw.Draw({self.name})"

    def box(self, left: str, top: str, right: str, bottom: str) -> str:
        """An outline whose corners are these expressions."""
        if self._cv:
            return f"cv2.rectangle({self.name}, ({left}, {top}), ({right}, {bottom}), {self._ink}, {self.width})"
        return f"pen.rectangle(({left}, {top}, {right}, {bottom}), outline={self._ink}, width={self.width})"

    def filled(self, left: str, top: str, right: str, bottom: str) -> str:
        """A filled box, its last corner included."""
        if self._cv:
            return f"cv2.rectangle({self.name}, ({left}, {top}), ({right}, {bottom}), {self._ink}, -1)"
        return f"pen.rectangle(({left}, {top}, {right}, {bottom}), fill={self._ink})"

    def line(self, x: str, y: str, right: str, bottom: str) -> str:
        """A straight line."""
        if self._cv:
            return f"cv2.line({self.name}, ({x}, {y}), ({right}, {bottom}), {self._ink}, {self.width})"
        return f"pen.line(({x}, {y}, {right}, {bottom}), fill={self._ink}, width={self.width})"

    def dot(self, x: str, y: str, radius: str) -> str:
        """A filled dot."""
        if self._cv:
            return f"cv2.circle({self.name}, ({x}, {y}), {radius}, {self._ink}, -1)"
        corners = f"{x} - {radius}, {y} - {radius}, {x} + {radius}, {y} + {radius}"
        return f"pen.ellipse(({corners}), fill={self._ink})"

    def ring(self, x: str, y: str, radius: str) -> str:
        """A circle around a point."""
        if self._cv:
            return f"cv2.circle({self.name}, ({x}, {y}), {radius}, {self._ink}, {self.width})"
        corners = f"{x} - {radius}, {y} - {radius}, {x} + {radius}, {y} + {radius}"
        return f"pen.ellipse(({corners}), outline={self._ink}, width={self.width})"

    def part(self, left: str, top: str, right: str, bottom: str) -> str:
        """A part of the copy as a picture."""
        if self._cv:
            return f"Image.fromarray({self.name}).crop(({left}, {top}, {right}, {bottom}))"
        return f"{self.name}.crop(({left}, {top}, {right}, {bottom}))"

    def show(self) -> str:
        """The last line: the copy is shown."""
        return f"Image.fromarray({self.name})" if self._cv else self.name
