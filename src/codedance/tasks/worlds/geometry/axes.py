"""Points on coordinate axes: where they are, how far apart, what is halfway, what is mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.figures.drawing import INKS, RGB
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import capital
from codedance.tasks.worlds.geometry.axes_scripts import axes_script
from codedance.tasks.worlds.scene import Box

__all__ = ["AXES_KINDS", "AXIS", "Axes", "chosen_axes", "draw_axes"]

_GRID: RGB = (214, 218, 222)
AXIS: RGB = (40, 40, 40)
"""Colour of axes, marks and their numbers."""


@dataclass(frozen=True, slots=True)
class Axes:
    """Where the axes are, in pixels, and how far they reach, in units."""

    origin: tuple[int, int]
    unit: int
    reach: tuple[int, int, int, int]
    """Least and largest x, least and largest y."""

    def at(self, x: float, y: float) -> tuple[int, int]:
        """The pixel of a point."""
        return (round(self.origin[0] + x * self.unit), round(self.origin[1] - y * self.unit))


@dataclass(frozen=True, slots=True)
class _Dot:
    colour: str
    letter: str
    place: tuple[int, int]
    box: Box


def chosen_axes(panel: Panel, rng: Random) -> Axes:
    """Axes that fill the panel: only positive ones where it is easy."""
    left, top, right, bottom = (round(one) for one in panel.box)
    if panel.hard:
        most_x, most_y = rng.randint(6, 9), rng.randint(5, 8)
        reach = (-rng.randint(4, 8), most_x, -rng.randint(4, 7), most_y)
    else:
        reach = (0, rng.randint(4, 5), 0, rng.randint(4, 5))
    across, up = reach[1] - reach[0] + 0.7, reach[3] - reach[2] + 0.7
    edge = round(1.3 * panel.size) if not panel.hard else 4
    unit = int(min((right - left - edge) / across, (bottom - top - edge) / up))
    x0 = left + edge - reach[0] * unit + int((right - left - edge - across * unit) / 2)
    y0 = bottom - edge + reach[2] * unit - int((bottom - top - edge - up * unit) / 2)
    return Axes((x0, y0), unit, reach)


def draw_axes(panel: Panel, axes: Axes) -> None:
    """The grid, both axes, their marks and numbers."""
    sheet, (low_x, high_x, low_y, high_y), (x0, y0) = panel.sheet, axes.reach, axes.origin
    left, bottom = axes.at(low_x, low_y)
    right, top = axes.at(high_x + 0.5, high_y + 0.5)
    for x in range(low_x, high_x + 1):
        column = axes.at(x, 0)[0]
        sheet.rect((column, top, column + 1, bottom), _GRID)
    for y in range(low_y, high_y + 1):
        row = axes.at(0, y)[1]
        sheet.rect((left, row, right, row + 1), _GRID)
    thick = 1 if panel.hard else 2
    sheet.rect((left, y0 - thick, right, y0 + thick), AXIS)
    sheet.rect((x0 - thick, top, x0 + thick, bottom), AXIS)
    every = 1 if not panel.hard or axes.unit >= 1.4 * panel.size else 2
    pen = panel.pen(0.85 if panel.hard else 1.0, AXIS)
    gap = 9 if panel.hard else 0.25 * panel.size
    for x in range(low_x, high_x + 1):
        column = axes.at(x, 0)[0]
        if x:
            sheet.rect((column, y0 - 6, column + 2, y0 + 6), AXIS)
        if x and x % every == 0:
            sheet.write(str(x), (column, y0 + gap), pen, anchor="mt")
    for y in range(low_y, high_y + 1):
        row = axes.at(0, y)[1]
        if y:
            sheet.rect((x0 - 6, row, x0 + 6, row + 2), AXIS)
        if y and y % every == 0:
            sheet.write(str(y), (x0 - gap, row), pen, anchor="rm")


def _dots(panel: Panel, axes: Axes, rng: Random) -> list[_Dot]:
    low_x, high_x, low_y, high_y = axes.reach
    count = rng.randint(4, 6) if panel.hard else rng.randint(2, 3)
    spots: list[tuple[int, int]] = []
    while len(spots) < count:
        x, y = rng.randint(low_x, high_x), rng.randint(low_y, high_y)
        apart = 2 if panel.hard else 1
        if (
            x not in (0, -1)
            and y not in (0, -1)
            and all(max(abs(x - u), abs(y - v)) >= apart and x != u and y != v for u, v in spots)
        ):
            spots.append((x, y))
        elif rng.random() < 0.005:  # there may be no room left for another one
            spots.clear()
    found = []
    radius = max(7, panel.size // 3) if panel.hard else panel.size // 3
    for colour, letter, (x, y) in zip(
        rng.sample(INKS, count), rng.sample("ABCDEFGHKLMPQRST", count), spots, strict=True
    ):
        u, v = axes.at(x, y)
        panel.sheet.disc((u, v), radius, jittered(colour, rng))
        if panel.hard:
            panel.sheet.write(letter, (u + radius + 3, v - radius), panel.pen(colour=AXIS), anchor="lb")
        reach = axes.unit
        found.append(_Dot(colour, letter, (x, y), (u - reach, v - reach, u + reach, v + reach)))
    return found


def _one(rng: Random, it: str) -> Recipe:
    """One coordinate of one point."""
    axis = rng.choice("xy")
    return Recipe(
        sought=f"the {axis}-coordinate of {it}",
        steps=((axis, f"What is the {axis}-coordinate?", f"a{axis}", "coordinates"),),
        plans=(
            "The first coordinate counts to the right, the second upwards.",
            f"For {axis} I look along the {'horizontal' if axis == 'x' else 'vertical'} axis.",
        ),
        also=(
            f"Which {axis}-coordinate does {it} have?",
            f"At which {axis} does {it} lie?",
            f"What is the {axis}-value of {it}?",
        ),
        wrong=(f"a{'y' if axis == 'x' else 'x'}", f"{axis} + 1", f"{axis} - 1", f"-{axis}"),
        power=0,
    )


def _two(rng: Random, it: str, other: str) -> Recipe:
    """Something about two points."""
    axis = rng.choice("xy")
    way = f"{it} and {other}"
    return rng.choice(
        (
            Recipe(
                sought=f"the distance between {way}",
                steps=(
                    (
                        "across",
                        "How far apart are they from left to right?",
                        "abs(ax - bx)",
                        "difference of coordinates",
                    ),
                    ("up", "How far apart are they upwards?", "abs(ay - by)", "difference of coordinates"),
                    (
                        "distance",
                        "How long is the straight line?",
                        "round(math.sqrt(across ** 2 + up ** 2), 1)",
                        "Pythagoras' theorem",
                    ),
                ),
                plans=(
                    "The differences of the coordinates are the legs of a right triangle.",
                    "Pythagoras with the differences across and up.",
                ),
                also=(
                    f"How far apart are {way}, in units of the axes?",
                    f"How long is the straight line from {it} to {other}?",
                ),
                wrong=("across + up", "max(across, up)", "abs(across - up)", "across"),
                power=0,
            ),
            Recipe(
                sought=f"the {axis}-coordinate of the point halfway between {way}",
                steps=(
                    ("both", f"What is the sum of the {axis}-coordinates?", f"a{axis} + b{axis}", "sum"),
                    ("middle", "What is half of it?", "both / 2", "midpoint"),
                ),
                plans=("Halfway lies the mean of the coordinates.", "I take the mean of both coordinates."),
                also=(f"{capital(it)} and {other} are joined by a line. What is the {axis}-coordinate of its middle?",),
                wrong=("both", f"a{axis} - b{axis}", "middle + 1", "middle - 1"),
                power=0,
            ),
            Recipe(
                sought=f"the area of the rectangle along the grid that has {it} and {other} as opposite corners",
                steps=(
                    ("across", "How wide is it?", "abs(ax - bx)", "difference of coordinates"),
                    ("up", "How high is it?", "abs(ay - by)", "difference of coordinates"),
                    ("area", "How large is it?", "across * up", "area of a rectangle"),
                ),
                plans=(
                    "The differences of the coordinates are width and height.",
                    "Width times height, from the differences.",
                ),
                also=(
                    f"A rectangle on the grid has {it} and {other} as opposite corners. How many squares are in it?",
                ),
                wrong=("across + up", "2 * (across + up)", "(across + 1) * (up + 1)", "across * up // 2"),
                power=0,
            ),
        )
    )


def _draw(panel: Panel, rng: Random) -> Puzzle:
    axes = chosen_axes(panel, rng)
    draw_axes(panel, axes)
    dots = _dots(panel, axes, rng)
    rng.shuffle(dots)
    used = dots[: 1 if not panel.hard or rng.random() < 0.2 else 2]
    by_colour = not panel.hard or rng.random() < 0.5
    called = [f"the {one.colour} point" if by_colour else f"point {one.letter}" for one in used]
    recipe = _one(rng, called[0]) if len(used) == 1 else _two(rng, called[0], called[1])
    givens = []
    for prefix, name, dot in zip("ab", called, used, strict=False):
        x, y = dot.place
        givens.append(
            Given(name=f"{prefix}x", meaning=f"the x-coordinate of {name}", value=x, text=str(x), box=dot.box)
        )
        givens.append(Given(name=f"{prefix}y", meaning="its y-coordinate", value=y, text=str(y), box=dot.box))
    puzzle = prepared(rng, recipe, givens, noun="grid")
    low = axes.at(axes.reach[0], axes.reach[2])
    high = axes.at(axes.reach[1] + 0.5, axes.reach[3] + 0.5)
    values = {
        "colours": [one.colour for one in used],
        "by_colour": by_colour,
        "places": [list(one.place) for one in used],
        "called": called,
        "spots": [list(axes.at(*one.place)) for one in used],
        "frame": [low[0], high[1], high[0], low[1]],
    }
    evidence = tuple(one.box for one in used)
    return puzzle.knowing(values, colour=used[0].colour if by_colour else "", evidence=evidence)


AXES_KINDS = (
    Kind(name="axes", draw=_draw, script=axes_script, easy=3, hard=4, shared=False, plain=True, extent=(640, 950)),
)
