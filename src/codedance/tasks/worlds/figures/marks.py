"""Marks on figures: lengths beside sides, degrees inside angles, names of corners, right angles, equal sides."""

from __future__ import annotations

import math

from codedance.tasks.worlds.figures.drawing import RGB, Point, polar
from codedance.tasks.worlds.figures.puzzle import Panel
from codedance.tasks.worlds.lettering import text_size
from codedance.tasks.worlds.scene import Box

__all__ = ["angle_mark", "corner_name", "direction", "equal_mark", "measure_line", "right_mark", "side_mark"]


def direction(start: Point, end: Point) -> float:
    """Degrees counterclockwise from the right, from 0 up to 360.

    >>> direction((0, 0), (0, -5))
    90.0
    """
    return math.degrees(math.atan2(start[1] - end[1], end[0] - start[0])) % 360


def side_mark(panel: Panel, side: tuple[Point, Point], away: Point, *, text: str) -> Box:
    """Write beside the middle of a side, on the side that is away from a point."""
    (x, y), (u, v) = side
    length = math.hypot(u - x, v - y) or 1.0
    nx, ny = (v - y) / length, (x - u) / length
    middle = ((x + u) / 2, (y + v) / 2)
    if nx * (away[0] - middle[0]) + ny * (away[1] - middle[1]) > 0:
        nx, ny = -nx, -ny
    width, height = text_size(text, panel.theme.font, panel.size)
    out = abs(nx) * width / 2 + abs(ny) * height / 2 + 0.3 * panel.size
    return panel.sheet.write(text, (middle[0] + nx * out, middle[1] + ny * out), panel.pen())


def angle_mark(panel: Panel, corner: Point, arms: tuple[Point, Point], *, text: str, colour: RGB | None = None) -> Box:
    """An arc from the first arm counterclockwise to the second, and its degrees inside the angle."""
    start, end = direction(corner, arms[0]), direction(corner, arms[1])
    turn = (end - start) % 360
    width, height = text_size(text, panel.theme.font, panel.size)
    reach = 0.48 * math.hypot(width, height) + panel.stroke / 2 + 1
    radius = 0.8 * panel.size
    away = max(radius + 0.9 * reach + 2, reach / math.sin(math.radians(min(90.0, turn / 2))) + 2)
    panel.sheet.arc(
        corner, radius, (start, start + turn), colour=colour or panel.theme.ink, width=max(2.0, panel.stroke * 0.7)
    )
    return panel.sheet.write(text, polar(corner, away, start + turn / 2), panel.pen(colour=colour))


def right_mark(panel: Panel, corner: Point, arms: tuple[Point, Point]) -> None:
    """A small square in a right angle."""
    side = 0.55 * panel.size
    near = [polar(corner, side, direction(corner, arm)) for arm in arms]
    far = (near[0][0] + near[1][0] - corner[0], near[0][1] + near[1][1] - corner[1])
    panel.sheet.path([near[0], far, near[1]], panel.theme.ink, max(2.0, panel.stroke * 0.7))


def corner_name(panel: Panel, corner: Point, inside: Point, *, text: str) -> Box:
    """A corner's letter, outside the figure."""
    away = direction(inside, corner)
    return panel.sheet.write(text, polar(corner, 0.75 * panel.size, away), panel.pen(0.9))


def equal_mark(panel: Panel, side: tuple[Point, Point], strokes: int = 1) -> None:
    """Short strokes across the middle of a side: sides with as many are equally long."""
    (x, y), (u, v) = side
    along = direction(side[0], side[1])
    for stroke in range(strokes):
        shift = (stroke - (strokes - 1) / 2) * 0.3 * panel.size
        middle = polar(((x + u) / 2, (y + v) / 2), shift, along)
        ends = (polar(middle, 0.3 * panel.size, along + 90), polar(middle, 0.3 * panel.size, along - 90))
        panel.sheet.line(*ends, panel.theme.ink, width=max(2.0, panel.stroke * 0.7))


def measure_line(panel: Panel, side: tuple[Point, Point], away: Point, *, text: str) -> Box:
    """A thin line with stops beside a side, and its length: for sides whose own place is taken."""
    (x, y), (u, v) = side
    length = math.hypot(u - x, v - y) or 1.0
    nx, ny = (v - y) / length, (x - u) / length
    if nx * (away[0] - (x + u) / 2) + ny * (away[1] - (y + v) / 2) > 0:
        nx, ny = -nx, -ny
    gap = 0.45 * panel.size
    start, end = (x + nx * gap, y + ny * gap), (u + nx * gap, v + ny * gap)
    panel.sheet.line(start, end, panel.theme.soft, width=2)
    for stop in (start, end):
        panel.sheet.line(
            (stop[0] - nx * gap / 2, stop[1] - ny * gap / 2),
            (stop[0] + nx * gap / 2, stop[1] + ny * gap / 2),
            panel.theme.soft,
            width=2,
        )
    return side_mark(panel, (start, end), away, text=text)
