"""Figures on a sheet: smooth lines, areas, arcs and lettering, drawn with Pillow alone; the same seed, the same pixels.

Whatever is not level or upright is drawn larger into a mask of its own, scaled down and pasted: edges are
smooth and only the figure's own pixels cost time. Rectangles are exact to the pixel, so that code can measure them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from codedance.tasks.worlds.lettering import FONTS, FontName, font
from codedance.tasks.worlds.scene import Box

__all__ = ["INKS", "RGB", "Point", "Sheet", "Theme", "arc_points", "fitted", "page", "polar"]

RGB = tuple[int, int, int]
Point = tuple[float, float]

INKS = ("red", "green", "blue", "purple", "orange", "brown")
"""Colours that questions name: known to ``PIL.ImageColor``, far from each other, from black and from every ground."""

_FINE = ((160, 4), (420, 3))
"""How much larger a mask is drawn, up to this side in pixels; beyond, twice as large."""
_TINTS: tuple[RGB, ...] = (
    (252, 250, 243),
    (244, 248, 253),
    (247, 247, 247),
    (243, 250, 244),
    (253, 246, 243),
    (249, 245, 252),
    (255, 255, 255),
)
_FILLS: tuple[RGB, ...] = (
    (214, 230, 248),
    (250, 226, 204),
    (218, 238, 212),
    (236, 220, 244),
    (250, 240, 194),
    (226, 226, 226),
    (206, 236, 236),
    (250, 216, 222),
)
_DARK_FILLS: tuple[RGB, ...] = ((52, 74, 96), (84, 62, 52), (50, 80, 62), (76, 60, 92), (84, 82, 52))
_LIGHT_INKS: tuple[RGB, ...] = ((20, 20, 20), (22, 30, 66), (52, 34, 22), (24, 52, 44))
_BOARDS: tuple[RGB, ...] = ((30, 42, 37), (34, 38, 46), (42, 36, 50), (26, 40, 58))


@dataclass(frozen=True, slots=True)
class Theme:
    """The looks of a sheet: colours and a font."""

    ground: RGB
    ink: RGB
    """Of lines and lettering."""
    soft: RGB
    """Of what is of second rank: grids, frames, guides."""
    fills: tuple[RGB, ...]
    """Of areas; lettering is readable on all of them."""
    font: FontName
    stroke: float
    """Width of lines as a share of the lettering's size."""

    @classmethod
    def chosen(cls, rng: Random, *, plain: bool = False) -> Theme:
        """Looks by chance: a light sheet with dark ink or a board; ``plain`` is always light, with black ink."""
        dark = not plain and rng.random() < 0.15
        ground = rng.choice(_BOARDS if dark else _TINTS)
        grey = rng.randint(165, 200)
        return cls(
            ground=ground,
            ink=(236, 236, 226) if dark else (20, 20, 20) if plain else rng.choice(_LIGHT_INKS),
            soft=(112, 122, 118) if dark else (grey, grey, min(255, grey + rng.randint(0, 8))),
            fills=tuple(rng.sample(_DARK_FILLS if dark else _FILLS, 4)),
            font=rng.choice(FONTS),
            stroke=rng.choice((0.1, 0.12, 0.15)),
        )

    @property
    def dark(self) -> bool:
        """True for a board."""
        return self.ground[0] < 128


def page(size: tuple[int, int], theme: Theme, rng: Random) -> Image.Image:
    """An empty ground in the theme's colour: flat, shaded, ruled, speckled, or with pale clouds."""
    base = theme.ground
    image = Image.new("RGB", size, base)
    step = 9 if theme.dark else -9
    near: RGB = (_shift(base[0], step), _shift(base[1], step), _shift(base[2], step))
    draw = ImageDraw.Draw(image)
    match rng.choice(("flat", "shaded", "ruled", "speckled", "clouds", "margin")):
        case "shaded":
            ramp = Image.linear_gradient("L")
            for _ in range(rng.randrange(4)):
                ramp = ramp.transpose(Image.Transpose.ROTATE_90)
            image.paste(near, (0, 0), ramp.resize(size))
        case "ruled":
            gap = max(14, min(size) // rng.randint(14, 24))
            for y in range(rng.randrange(gap), size[1], gap):
                draw.line((0, y, size[0], y), fill=near)
            if rng.random() < 0.5:
                for x in range(rng.randrange(gap), size[0], gap):
                    draw.line((x, 0, x, size[1]), fill=near)
        case "speckled":
            spots = [
                (rng.randrange(size[0]), rng.randrange(size[1])) for _ in range(min(900, size[0] * size[1] // 700))
            ]
            draw.point(spots, fill=near)
        case "clouds":
            small = Image.new("L", (max(2, size[0] // 16), max(2, size[1] // 16)))
            cloud = ImageDraw.Draw(small)
            for _ in range(rng.randint(4, 9)):
                x, y, r = rng.randrange(small.width), rng.randrange(small.height), rng.randint(2, 3 + small.width // 5)
                cloud.ellipse((x - r, y - r, x + r, y + r), fill=rng.randint(60, 200))
            image.paste(near, (0, 0), small.resize(size, Image.Resampling.BILINEAR))
        case "margin":
            edge = max(4, min(size) // 60)
            draw.rectangle((edge, edge, size[0] - 1 - edge, size[1] - 1 - edge), outline=near, width=max(2, edge // 2))
        case _:
            pass
    return image


def _shift(channel: int, by: int) -> int:
    return min(255, max(0, channel + by))


class Sheet:
    """A picture in the making; what is drawn later lies on top. Coordinates are pixels and may be fractions."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image)
        self.written: list[Box] = []
        """Boxes of all lettering so far."""

    def area(self, points: Sequence[Point], fill: RGB) -> None:
        """Fill a polygon."""
        left, top = (math.floor(min(one[axis] for one in points)) - 1 for axis in (0, 1))
        right, bottom = (math.ceil(max(one[axis] for one in points)) + 1 for axis in (0, 1))
        side = max(right - left, bottom - top)
        fine = next((times for most, times in _FINE if side <= most), 2)
        mask = Image.new("L", ((right - left) * fine, (bottom - top) * fine))
        corners = [(round((x - left) * fine), round((y - top) * fine)) for x, y in points]
        ImageDraw.Draw(mask).polygon(corners, fill=255)
        self.image.paste(fill, (left, top), mask.reduce(fine))

    def line(self, start: Point, end: Point, colour: RGB, *, width: float = 2.0) -> None:
        """A straight line with square ends; level and upright ones are exact to the pixel."""
        (x, y), (u, v) = start, end
        if round(x) == round(u) or round(y) == round(v):
            half = max(1, round(width)) / 2
            thin_x, thin_y = (half, 0.0) if round(x) == round(u) else (0.0, half)
            left, top = min(x, u) - thin_x, min(y, v) - thin_y
            self.rect((left, top, max(x, u) + thin_x, max(y, v) + thin_y), colour)
            return
        length = math.hypot(u - x, v - y)
        dx, dy = (v - y) / length * width / 2, (x - u) / length * width / 2
        self.area([(x + dx, y + dy), (u + dx, v + dy), (u - dx, v - dy), (x - dx, y - dy)], colour)

    def path(self, points: Sequence[Point], colour: RGB, width: float = 2.0, *, closed: bool = False) -> None:
        """Straight lines from point to point with round corners."""
        ring = [*points, points[0]] if closed else list(points)
        for start, end in itertools.pairwise(ring):
            self.line(start, end, colour, width=width)
        for corner in points if closed else points[1:-1]:
            if width >= 2:
                self.disc(corner, width / 2, colour)

    def dashes(self, start: Point, end: Point, colour: RGB, *, width: float = 2.0) -> None:
        """A dashed straight line."""
        length = math.hypot(end[0] - start[0], end[1] - start[1])
        pieces = max(2, round(length / max(6.0, 5 * width)))
        for piece in range(0, 2 * pieces - 1, 2):
            a, b = piece / (2 * pieces - 1), (piece + 1) / (2 * pieces - 1)
            self.line(
                (start[0] + (end[0] - start[0]) * a, start[1] + (end[1] - start[1]) * a),
                (start[0] + (end[0] - start[0]) * b, start[1] + (end[1] - start[1]) * b),
                colour,
                width=width,
            )

    def disc(self, centre: Point, radius: float, fill: RGB) -> None:
        """A filled circle."""
        self.area(arc_points(centre, radius), fill)

    def ring(self, centre: Point, radius: float, colour: RGB, *, width: float = 2.0) -> None:
        """A circle's line."""
        self.arc(centre, radius, (0, 360), colour=colour, width=width)

    def arc(
        self, centre: Point, radius: float, degrees: tuple[float, float], *, colour: RGB, width: float = 2.0
    ) -> None:
        """Part of a circle's line; degrees count counterclockwise from the right."""
        outer = arc_points(centre, radius + width / 2, degrees)
        inner = arc_points(centre, max(0.1, radius - width / 2), degrees)
        self.area([*outer, *reversed(inner)], colour)

    def sector(self, centre: Point, radius: float, degrees: tuple[float, float], *, fill: RGB) -> None:
        """A filled slice of a disc."""
        self.area([centre, *arc_points(centre, radius, degrees)], fill)

    def rect(self, box: tuple[float, float, float, float], fill: RGB) -> None:
        """Fill a rectangle; right and bottom are one past the last pixel."""
        left, top, right, bottom = (round(one) for one in box)
        self._draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), fill=fill)

    def frame(self, box: tuple[float, float, float, float], colour: RGB, width: float = 2.0) -> None:
        """Draw a rectangle's line, inside the box."""
        left, top, right, bottom = (round(one) for one in box)
        self._draw.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=max(1, round(width)))

    def rounded(self, box: tuple[float, float, float, float], radius: float, fill: RGB) -> None:
        """Fill a rectangle with round corners."""
        left, top, right, bottom = box
        radius = min(radius, (right - left) / 2, (bottom - top) / 2)
        corners = (
            ((right - radius, top + radius), 0),
            ((left + radius, top + radius), 90),
            ((left + radius, bottom - radius), 180),
            ((right - radius, bottom - radius), 270),
        )
        self.area([one for at, turn in corners for one in arc_points(at, radius, (turn, turn + 90))], fill)

    def write(self, text: str, at: Point, style: tuple[FontName, int, RGB], *, anchor: str = "mm") -> Box:
        """Write a line of text in a font, a size in pixels and a colour; returns the box that it takes."""
        name, size, colour = style
        x, y = round(at[0]), round(at[1])
        chosen = font(name, size)
        self._draw.text((x, y), text, fill=colour, font=chosen, anchor=anchor)
        left, top, right, bottom = chosen.getbbox(text, anchor=anchor)
        box = (x + math.floor(left), y + math.floor(top), x + math.ceil(right), y + math.ceil(bottom))
        self.written.append(box)
        return box

    def paste(self, cut: Image.Image, centre: Point) -> Box:
        """Paste a cut-out (mode ``RGBA``) around a centre; returns its box."""
        left, top = round(centre[0] - cut.width / 2), round(centre[1] - cut.height / 2)
        self.image.paste(cut, (left, top), cut)
        return (left, top, left + cut.width, top + cut.height)


def polar(centre: Point, radius: float, degrees: float) -> Point:
    """The point at a distance and a direction, counterclockwise from the right.

    >>> polar((10, 10), 5, 90)
    (10.0, 5.0)
    """
    angle = math.radians(degrees)
    return (round(centre[0] + radius * math.cos(angle), 6), round(centre[1] - radius * math.sin(angle), 6))


def arc_points(centre: Point, radius: float, degrees: tuple[float, float] = (0, 360)) -> list[Point]:
    """Points along a part of a circle, close enough to look round."""
    start, end = degrees
    steps = max(4, math.ceil(abs(end - start) / 360 * max(24, min(180, 4 * radius))))
    return [polar(centre, radius, start + (end - start) * step / steps) for step in range(steps + 1)]


def fitted(points: Sequence[Point], box: tuple[float, float, float, float]) -> list[Point]:
    """The same figure, as large as the box allows and in its middle.

    >>> fitted([(0, 0), (1, 0), (0, 2)], (0, 0, 100, 40))
    [(40.0, 0.0), (60.0, 0.0), (40.0, 40.0)]
    """
    xs, ys = [one[0] for one in points], [one[1] for one in points]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    scale = min((box[2] - box[0]) / max(width, 1e-9), (box[3] - box[1]) / max(height, 1e-9))
    left = (box[0] + box[2] - width * scale) / 2
    top = (box[1] + box[3] - height * scale) / 2
    return [(round(left + (x - min(xs)) * scale, 6), round(top + (y - min(ys)) * scale, 6)) for x, y in points]
