"""Figures that can be drawn in one stroke: letters, digits and shapes whose corners are dots to be connected."""

from __future__ import annotations

import itertools
import math
from random import Random

__all__ = ["FIGURES", "figure_points"]

Point = tuple[float, float]

_STAR = tuple(
    (0.5 + 0.5 * math.sin(2 * math.pi * k * 2 / 5), 0.5 - 0.5 * math.cos(2 * math.pi * k * 2 / 5)) for k in range(6)
)

FIGURES: dict[str, dict[str, tuple[Point, ...]]] = {
    "letter": {
        "L": ((0, 0), (0, 1), (0.7, 1)),
        "V": ((0, 0), (0.5, 1), (1, 0)),
        "N": ((0, 1), (0, 0), (1, 1), (1, 0)),
        "Z": ((0, 0), (1, 0), (0, 1), (1, 1)),
        "M": ((0, 1), (0, 0), (0.5, 0.6), (1, 0), (1, 1)),
        "W": ((0, 0), (0.25, 1), (0.5, 0.35), (0.75, 1), (1, 0)),
        "U": ((0, 0), (0, 0.7), (0.3, 1), (0.7, 1), (1, 0.7), (1, 0)),
        "C": ((1, 0.15), (0.7, 0), (0.3, 0), (0, 0.3), (0, 0.7), (0.3, 1), (0.7, 1), (1, 0.85)),
        "S": (
            *((1, 0.1), (0.7, 0), (0.25, 0), (0, 0.25), (0.25, 0.5)),
            *((0.75, 0.5), (1, 0.75), (0.75, 1), (0.3, 1), (0, 0.9)),
        ),
        "J": ((0.9, 0), (0.9, 0.75), (0.65, 1), (0.25, 1), (0, 0.75)),
    },
    "digit": {
        "1": ((0.1, 0.3), (0.5, 0), (0.5, 1)),
        "2": ((0, 0.2), (0.3, 0), (0.75, 0), (1, 0.3), (0, 1), (1, 1)),
        "3": ((0, 0), (1, 0), (0.4, 0.42), (0.8, 0.45), (1, 0.72), (0.7, 1), (0, 0.95)),
        "4": ((0.7, 1), (0.7, 0), (0, 0.65), (1, 0.65)),
        "5": ((1, 0), (0, 0), (0, 0.45), (0.7, 0.45), (1, 0.7), (0.7, 1), (0, 1)),
        "6": ((0.8, 0), (0.2, 0.25), (0, 0.65), (0.25, 1), (0.75, 1), (1, 0.75), (0.75, 0.5), (0.1, 0.55)),
        "7": ((0, 0), (1, 0), (0.4, 1)),
        "9": ((0.9, 0.45), (0.25, 0.5), (0, 0.25), (0.25, 0), (0.75, 0), (1, 0.3), (0.8, 0.75), (0.2, 1)),
    },
    "shape": {
        "triangle": ((0.5, 0), (1, 1), (0, 1), (0.5, 0)),
        "square": ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0)),
        "diamond": ((0.5, 0), (0.9, 0.5), (0.5, 1), (0.1, 0.5), (0.5, 0)),
        "star": _STAR,
        "house": ((0, 1), (0, 0.42), (0.5, 0), (1, 0.42), (1, 1), (0, 1)),
        "arrow": ((0, 0.32), (0.55, 0.32), (0.55, 0), (1, 0.5), (0.55, 1), (0.55, 0.68), (0, 0.68), (0, 0.32)),
    },
}  # fmt: skip
"""Corners of each figure in the order in which they are connected, within a square of side 1."""


def figure_points(group: str, name: str, rng: Random, *, most: int) -> list[Point]:
    """Corners of a figure and, while there may be more, points between them; a shape's last point is left out.

    >>> figure_points("letter", "V", Random(1), most=3)
    [(0, 0), (0.5, 1), (1, 0)]
    """
    corners = list(FIGURES[group][name])
    closed = corners[0] == corners[-1] or group == "shape"
    room = most - len(corners) + closed
    points: list[Point] = []
    lengths = [math.dist(a, b) for a, b in itertools.pairwise(corners)]
    for index, (a, b) in enumerate(itertools.pairwise(corners)):
        points.append(a)
        more = min(3, int(room * lengths[index] / sum(lengths)), int(lengths[index] / 0.22) - 1)
        more = rng.randint(more // 2, more) if more > 0 else 0
        points += [
            (a[0] + (b[0] - a[0]) * k / (more + 1), a[1] + (b[1] - a[1]) * k / (more + 1)) for k in range(1, more + 1)
        ]
    return points if closed else [*points, corners[-1]]
